"""Killed in the midst of messages that share a commit, and started again: each takes effect, and is answered, once."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

import msgspec
import pytest

from gateway.flows import intake
from gateway.flows.dossiers import CLIENT
from gateway.flows.parties import add_partner
from gateway.store import MasterKey, Store
from gateway.store.scratch import scratch
from gateway.worker import handle_inbox
from gateway.worker.selftest import START, Case, Step, crash_test
from tests import postgres
from tests.bench import world
from tests.securemail import world as mail

from .test_owed import US, answers, arrive, orders, sealed

ORDERS, CLIENTS = 8, 7


@pytest.fixture(scope="module")
def wires(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Orders, two of them for one client, and one of them once more by another route."""
    maker = world.Municipality(tmp_path_factory.mktemp("maker") / "ours.db", MasterKey.generate(), providers=1)
    maker.introduce()
    first, second, *others = orders(5000, ORDERS)
    same = msgspec.structs.replace(first.client, toegewezen_producten=second.client.toegewezen_producten)
    made = sealed(maker, [first, msgspec.structs.replace(second, client=same), *others])
    maker.store.close()
    return [*made, b"Received: from elsewhere\r\n" + made[3]]


@pytest.fixture
def group(wires: list[bytes]) -> Case:
    """A provider that takes all of it in, in one commit."""

    def begin(store: Store, _: Path) -> None:
        with store.unit(now=world.now(), actor="test") as unit:
            add_partner(unit, world.record("gemeente", world.EXAMPLE.header.afzender, mail.MUNICIPALITY))
        arrive(store, wires)

    def work(store: Store, _: Path, now: datetime, step: Step) -> None:
        handler = intake.handler(store, US)
        asyncio.run(handle_inbox(store, handler, lambda: world.now() + (now - START)))

    return Case(name="group", begin=begin, work=work, faults=wrong)


def wrong(store: Store, _: Path) -> Iterator[str]:
    """What is not as it is after a run that nobody disturbed."""
    try:
        found = answers(store)
    except AssertionError as error:
        yield f"an answer without its order, or the other way round: {error}"
        return
    if len(found) != ORDERS:
        yield f"{len(found)} orders took effect"
    with store.view(now=world.now()) as view:
        states = sorted(item.state for item in view.inbox.list())
        if states != ["duplicate"] + ["handled"] * ORDERS:
            yield f"the inbox ended as {states}"
        if (begun := len(view.records.list(CLIENT, dict))) != CLIENTS:
            yield f"{begun} dossiers"
        if (tries := max(item.tries for item in view.inbox.list())) > 2:
            yield f"{tries} tries for one crash"
        if view.audit.verify().broken_at is not None:
            yield "the trail is broken"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[int], str]]:
    """New databases, on both kinds."""
    if request.param == "sqlite":
        numbers = count()
        yield lambda _: str(tmp_path / f"{next(numbers)}.db")
        return
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.server() as url, scratch(url) as new:
        yield lambda _: new()


def test_a_kill_in_the_midst_of_a_group_loses_nothing_and_doubles_nothing(
    group: Case, tmp_path: Path, place: Callable[[int], str]
) -> None:
    """A seeded slice of its steps: what it asks, what each writes of its own, and what is written for all."""
    report = crash_test(group, tmp_path, place, every=43, first=11)
    assert report.faults == ()
    assert report.kills >= 3


@pytest.mark.slow
def test_no_kill_in_the_midst_of_a_group_does(group: Case, tmp_path: Path, place: Callable[[int], str]) -> None:
    """Every step of it."""
    report = crash_test(group, tmp_path, place)
    assert report.faults == ()
    assert report.kills >= 50
