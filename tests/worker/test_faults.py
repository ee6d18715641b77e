"""Faults around running jobs: a process that is stopped and goes on, no room, a storm of refusals, a job that hangs."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gateway.domain.delivery import Outcome, Shipment
from gateway.store import InboxItem, MasterKey, Settled, Store
from gateway.transports import BeforeData, MaildirMailbox
from gateway.worker import Job, Pulse, Worker, deliver_due, standing_jobs, trouble

from .conftest import NOW, HandClock, Obedient, put

HOUR = timedelta(hours=1)


# -- a process that is stopped (SIGSTOP) beyond its lease, and goes on -----------------------------------------------


class Stopping:
    """A way out whose process stops itself before DATA, or in it, and says what it sent."""

    def __init__(self, log: Path, *, in_data: bool) -> None:
        self._log, self._in_data = log, in_data

    async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        """One attempt."""
        if not self._in_data:
            os.kill(os.getpid(), signal.SIGSTOP)
        await before_data()
        if self._in_data:
            os.kill(os.getpid(), signal.SIGSTOP)
        self._log.write_text(shipment.message_id)
        return Outcome(verdict="submitted", phase="data", code=250)

    async def close(self) -> None:
        """Nothing to end."""


def zombie(place: Path, master: MasterKey, log: Path, *, in_data: bool) -> int:
    """A node that claims, and stops; its id."""
    child = os.fork()
    if child == 0:
        try:
            with Store.open(place, master, node="zombie") as store:
                asyncio.run(deliver_due(store, {"out": Stopping(log, in_data=in_data)}, lambda: NOW))
            os._exit(0)
        finally:
            os._exit(1)
    os.waitpid(child, os.WUNTRACED)
    return child


def goes_on(child: int) -> int:
    """Continue it; its exit code."""
    os.kill(child, signal.SIGCONT)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_node_that_comes_back_after_its_lease_sends_nothing(tmp_path: Path) -> None:
    """Another took the message over and sent it: the fence stops the first before DATA."""
    master, log = MasterKey.generate(), tmp_path / "sent"
    with Store.open(tmp_path / "g.db", master) as store:
        number = put(store)
    child = zombie(tmp_path / "g.db", master, log, in_data=False)
    with Store.open(tmp_path / "g.db", master, node="other") as store:
        with store.unit(now=NOW + HOUR, actor="watch") as unit:
            assert unit.attempts.recover() == 1
        out = Obedient()
        assert [d.state for d in asyncio.run(deliver_due(store, {"out": out}, lambda: NOW + HOUR))] == ["submitted"]
        assert goes_on(child) == 0
        assert (len(out.handed), log.exists()) == (1, False)
        with store.view(now=NOW) as view:
            assert view.outbox.get(number).state == "submitted"
            assert [a.reason for a in view.outbox.attempts(number)] == ["called off", None]


def test_the_outcome_of_a_node_that_was_stopped_in_data_is_not_lost(tmp_path: Path) -> None:
    """It was taken for dead, and `uncertain`; what it knows when it goes on ends the doubt: no second transmission."""
    master, log = MasterKey.generate(), tmp_path / "sent"
    with Store.open(tmp_path / "g.db", master) as store:
        number = put(store)
    child = zombie(tmp_path / "g.db", master, log, in_data=True)
    with Store.open(tmp_path / "g.db", master, node="other") as store:
        with store.unit(now=NOW + HOUR, actor="watch") as unit:
            assert unit.attempts.recover() == 1
            assert unit.outbox.get(number).state == "uncertain"
        assert goes_on(child) == 0
        out = Obedient()
        assert asyncio.run(deliver_due(store, {"out": out}, lambda: NOW + 2 * HOUR)) == []
        with store.view(now=NOW) as view:
            assert view.outbox.get(number).state == "submitted"


# -- no room ---------------------------------------------------------------------------------------------------------


def test_a_disk_that_is_full_loses_nothing_is_seen_and_mends_itself(tmp_path: Path) -> None:
    """Mail stays in the mailbox, messages in the outbox; with room again all of it goes on without anybody."""
    clock, out, seen = HandClock(), Obedient(), []
    mail = tmp_path / "mail" / "new"
    mail.mkdir(parents=True)
    with Store.open(tmp_path / "g.db", MasterKey.generate(), node="a") as store:
        put(store)
        limit = limited(store)
        pulse = Pulse(clock)
        jobs = pulse.on(standing_jobs(store, {"out": out}, MaildirMailbox(tmp_path / "mail", "a"), taking(store, seen)))
        worker = Worker(store, jobs, clock, failed=pulse.failed)
        for number in range(3):
            (mail / f"{number}.host").write_bytes(b"x" * 200_000 + b"%d\r\n" % number)
        limit(2)
        for _ in range(4):
            results = {name: once(worker, name) for name in ("pickup", "handle", "deliver", "watch")}
            clock.forward(minutes=1)
        assert results["pickup"] == "failed"
        assert len(list(mail.iterdir())) == 3
        with store.view(now=clock()) as view:
            assert any("failed" in words for words in trouble(view, pulse))
            assert view.inbox.counts() == {}
        limit(1_000_000)
        for _ in range(2):
            clock.forward(minutes=20)
            assert {once(worker, name) for name in ("pickup", "handle", "deliver", "watch")} == {"ok"}
        with store.view(now=clock()) as view:
            assert trouble(view, pulse) == []
            assert (view.inbox.counts(), view.outbox.counts()) == ({"handled": 3}, {"submitted": 1})
        assert (len(list(mail.iterdir())), len(seen), len(out.handed)) == (0, 3, 1)


def limited(store: Store) -> Callable[[int], None]:
    """A function that leaves so many pages of room in the database."""
    pages = [0]

    def room(conn: sa.Connection) -> None:
        driver: Any = conn.connection.dbapi_connection
        driver.execute(f"PRAGMA max_page_count = {pages[0]}").close()

    sa.event.listen(store._engine, "begin", room)

    def limit(more: int) -> None:
        with closing(sqlite3.connect(store.path)) as raw:
            pages[0] = raw.execute("PRAGMA page_count").fetchone()[0] + more

    limit(1_000_000)
    return limit


def taking(store: Store, seen: list[bytes]) -> Callable[[InboxItem, bytes, datetime], None]:
    """A handler that takes everything."""

    def handler(item: InboxItem, raw: bytes, now: datetime) -> None:
        seen.append(raw)
        with store.unit(now=now, actor="flow") as unit:
            unit.inbox.settle(Settled(item.id, "handled"))

    return handler


def once(worker: Worker, name: str) -> str:
    """How one run of a job ended."""
    return asyncio.run(worker.run_once(name)).result


# -- a relay that refuses for hours ----------------------------------------------------------------------------------


def test_hours_of_temporary_refusals_make_no_storm(tmp_path: Path) -> None:
    """Looked at every minute for two days, each message is tried as often as the table says: no more than hourly."""
    clock = HandClock()

    class Refusing(Obedient):
        async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
            self.handed.append(shipment)
            return Outcome(verdict="deferred", phase="rcpt", code=450)

    out = Refusing()
    with Store.open(tmp_path / "g.db", MasterKey.generate()) as store:
        for number in range(1, 6):
            put(store, number, partner=f"partner-{number}")
        for _ in range(48 * 12):
            asyncio.run(deliver_due(store, {"out": out}, clock))
            clock.forward(minutes=5)
        with store.view(now=clock()) as view:
            assert view.outbox.counts() == {"deferred": 5}
            attempts = [len(view.outbox.attempts(number)) for number in range(1, 6)]
    assert all(40 <= count <= 4 + 48 * 60 / 48 for count in attempts), attempts
    assert len(out.handed) == sum(attempts)


def test_a_job_that_hangs_stops_no_other(store: Store, clock: HandClock) -> None:
    """Each runs by itself; the one that hangs is waited for by nobody but the stop."""
    ran: list[str] = []

    async def hangs(_: Any) -> str:
        await asyncio.Event().wait()
        return ""

    async def runs(_: Any) -> str:
        ran.append("ran")
        return ""

    async def scenario() -> None:
        jobs = [Job(name="a", run=hangs, every=HOUR), Job(name="b", run=runs, every=timedelta(seconds=0.05))]
        worker = Worker(store, jobs, clock)
        await worker.start()
        for _ in range(400):
            await asyncio.sleep(0.01)
            if len(ran) >= 3:
                break
        await worker.stop(patience=0.1)

    asyncio.run(scenario())
    assert len(ran) >= 3
