"""Three nodes over one PostgreSQL, killed at random: nothing lost, nothing twice but what a kill made uncertain."""

import asyncio
import hashlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.domain.delivery import Outcome, Shipment
from gateway.store import MasterKey, Outgoing, Store
from gateway.transports import BeforeData
from gateway.worker import deliver_due
from gateway.worker.selftest import RECEIVING, SENDING, Case, crash_test
from tests import postgres

pytestmark = pytest.mark.postgres

MESSAGES = 150
NODES = 3
KILLS = 6


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of this file."""
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.server() as running:
        yield running


def database(url: str, name: str) -> str:
    """A new database on the server."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.replace("/postgres?", f"/{name}?")


class Counting:
    """Writes down what arrives, one line a message, as a relay that several nodes share."""

    def __init__(self, log: Path) -> None:
        self._log = log

    async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        """Take it, slowly enough to be killed in the middle."""
        await before_data()
        await asyncio.sleep(0.002)
        line = f"{shipment.message_id} {hashlib.sha256(shipment.wire).hexdigest()}\n".encode()
        descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line)
        os.close(descriptor)
        await asyncio.sleep(0.002)
        return Outcome(verdict="submitted", phase="data", code=250)

    async def close(self) -> None:
        """Nothing to end."""


def node(place: str, master: MasterKey, name: str, log: Path) -> int:
    """A process that delivers until it is killed or nothing is left; its id."""
    child = os.fork()
    if child == 0:
        try:
            # Every restart is an hour later, so that leases and waiting times of the dead have run out.
            began = time.monotonic()
            start = datetime.now(UTC)

            def clock() -> datetime:
                return start + timedelta(seconds=(time.monotonic() - began) * 3600)

            with Store.open(place, master, node=name) as store:
                for _ in range(200):
                    with store.unit(now=clock(), actor=name) as unit:
                        unit.attempts.recover()
                    asyncio.run(deliver_due(store, {"out": Counting(log)}, clock, claimed_max=8))
                    with store.view(now=clock()) as view:
                        if view.outbox.next_due() is None and not view.outbox.list(states=["sending"]):
                            os._exit(0)
                    time.sleep(0.05)
        finally:
            os._exit(1)
    return child


def test_three_nodes_with_random_kills_lose_nothing(url: str, tmp_path: Path) -> None:
    """A dead node's work is taken over; what it was sending may arrive twice, with the same bytes, never more."""
    place, master, chance = database(url, "nodes"), MasterKey.generate(), random.Random(20260301)
    with Store.open(place, master) as store:
        for number in range(MESSAGES):
            with store.unit(now=datetime.now(UTC), actor="test") as unit:
                unit.outbox.put(
                    Outgoing(
                        message_id=f"<{number}@gemeente.example>",
                        kind="iwmo",
                        partner=f"partner-{number % 7}",
                        channel="out",
                        sender="a@gemeente.example",
                        recipient="b@zorg.example",
                        wire=f"Subject: {number}\r\n\r\n".encode(),
                    )
                )
    log = tmp_path / "arrived"
    running = {node(place, master, f"node-{n}", log): f"node-{n}" for n in range(NODES)}
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 0.6))
        victim = chance.choice(sorted(running))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        running[node(place, master, running.pop(victim), log)] = f"again-{victim}"
    assert all(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 for child in running)
    arrived = [line.split() for line in log.read_text().splitlines()]
    copies = Counter(message_id for message_id, _ in arrived)
    assert len(copies) == MESSAGES
    assert len(set(map(tuple, arrived))) == MESSAGES  # every copy has the same bytes
    with Store.open(place, master) as store, store.view(now=datetime.now(UTC)) as view:
        assert view.outbox.counts() == {"submitted": MESSAGES}
        lost = [a for i in view.outbox.list(limit=MESSAGES) for a in view.outbox.attempts(i.id) if a.reason == "died"]
    assert len(arrived) - MESSAGES <= len(lost)  # only what a kill made uncertain came twice


@pytest.mark.parametrize(("case", "every"), [(SENDING, 12), (RECEIVING, 30)], ids=["sending", "receiving"])
def test_a_kill_at_a_step_loses_nothing_on_postgresql(url: str, tmp_path: Path, case: Case, every: int) -> None:
    """A seeded slice of the crash matrix, on PostgreSQL."""
    places = (database(url, f"{case.name}_{n}") for n in range(1, 100))
    report = crash_test(case, tmp_path, lambda _: next(places), every=every, first=3)
    assert report.faults == ()
    assert report.kills >= 4
