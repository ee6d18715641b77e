"""Not ready: a queue that stands still, a way out that fails, a job that fails again and again."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.delivery import Outcome
from gateway.store import Place, Raw, RetryPolicy, Store, StoreDown
from gateway.worker import Clock, Job, Pulse, Worker, deliver_due, trouble

from .conftest import HandClock, Obedient, put


def wrong(store: Store, clock: HandClock, pulse: Pulse | None = None) -> list[str]:
    """What stands still now."""
    with store.view(now=clock()) as view:
        return trouble(view, pulse)


def test_a_due_message_that_nobody_attempts(store: Store, clock: HandClock) -> None:
    """After five minutes without any attempt; after an hour also while others go."""
    put(store, 1)
    clock.forward(minutes=5)
    assert wrong(store, clock) == []
    clock.forward(seconds=1)
    assert len(wrong(store, clock)) == 1
    put(store, 2)
    with store.unit(now=clock(), actor="test") as unit:
        unit.outbox.reroute(2, "other")
    asyncio.run(deliver_due(store, {"other": Obedient()}, clock))
    assert wrong(store, clock) == []
    clock.forward(hours=1)
    assert len(wrong(store, clock)) == 1


def test_a_queue_that_moves_at_a_partners_rate_is_no_standstill(store: Store, clock: HandClock) -> None:
    """However long it is; what is passed over meanwhile is one, and the queue when it does not move any more."""
    policies = {"zorg": RetryPolicy(per_minute=1)}
    for number in range(1, 101):
        put(store, number)
    for _ in range(70):
        clock.forward(minutes=1)
        asyncio.run(deliver_due(store, {"out": Obedient()}, clock, policies=policies))
    assert wrong(store, clock) == []
    put(store, 101, partner="ander", channel="other")
    assert [words.partition(" is due")[0] for words in wrong(store, clock)] == ["outbox: message 101"]
    with store.unit(now=clock(), actor="test") as unit:
        unit.outbox.hold(101, "a person looks")
    assert wrong(store, clock) == []
    clock.forward(minutes=6)
    assert wrong(store, clock)[0].startswith("outbox: message 71 is due since")


def test_a_message_behind_another_of_its_reference_is_no_standstill(store: Store, clock: HandClock) -> None:
    """It waits by design (SM-90)."""
    put(store, 1, reference="toewijzing-1")
    put(store, 2, reference="toewijzing-1")
    with store.unit(now=clock(), actor="test") as unit:
        unit.outbox.hold(1, "a person looks")
    clock.forward(hours=2)
    assert wrong(store, clock) == []


def test_an_incoming_message_that_nobody_handles(store: Store, clock: HandClock) -> None:
    """After ten minutes."""
    with store.unit(now=clock(), actor="test") as unit:
        place = Place(source="test", account="x", folder="", uid="1")
        unit.inbox.add(Raw(place=place, received_at=clock(), data=b"x"))
    clock.forward(minutes=10)
    assert wrong(store, clock) == []
    clock.forward(seconds=1)
    assert wrong(store, clock)[0].startswith("inbox: message 1")


def test_a_way_out_that_fails_for_a_quarter(store: Store, clock: HandClock) -> None:
    """SM-89: a person is told."""
    with store.unit(now=clock(), actor="test") as unit:
        unit.channels.note("out", Outcome(verdict="channel", phase="connect", reason="refused"))
    clock.forward(minutes=15, seconds=1)
    assert wrong(store, clock)[0].startswith("channel out: fails since")


def test_a_job_that_fails_three_times_or_hangs(store: Store, clock: HandClock) -> None:
    """One good run clears it."""
    fails = True

    async def run(_: Clock) -> str:
        if fails:
            raise OSError("away")
        return "done"

    pulse = Pulse(clock)
    (job,) = pulse.on([Job(name="fetch", run=run, every=timedelta(minutes=1))])
    for _ in range(3):
        assert wrong(store, clock, pulse) == []
        with pytest.raises(OSError, match="away"):
            asyncio.run(job.run(clock))  # type: ignore[arg-type]
    assert wrong(store, clock, pulse) == ["job fetch: failed 3 times in a row"]
    fails = False
    asyncio.run(job.run(clock))  # type: ignore[arg-type]
    assert wrong(store, clock, pulse) == []
    clock.forward(minutes=10, seconds=1)
    assert wrong(store, clock, pulse)[0].startswith("job fetch: no good run since")


def test_another_process_under_the_name_of_the_node_is_said(store: Store, clock: HandClock) -> None:
    """Each would take the other's attempts for its own of before a crash."""
    pulse = Pulse(clock)
    pulse.on([Job(name="fetch", run=lambda _: asyncio.sleep(0, "done"), every=timedelta(minutes=1))])
    pulse.alone = False
    (only,) = wrong(store, clock, pulse)
    assert "store.node" in only


def test_a_job_that_does_not_end_is_seen_also_a_nightly_one(store: Store, clock: HandClock) -> None:
    """An hour is longer than any transmission; a round of deliveries that goes on for minutes is no standstill."""
    pulse, seen = Pulse(clock), []

    async def run(_: Clock) -> str:
        for minutes in (30, 31):
            clock.forward(minutes=minutes)
            seen.append(wrong(store, clock, pulse))
        return "done"

    for job in pulse.on(
        [Job(name="deliver", run=run, every=timedelta(seconds=5)), Job(name="n", run=run, daily="02:30")]
    ):
        asyncio.run(job.run(clock))  # type: ignore[arg-type]
    assert seen[0] == []
    assert [words.startswith("job deliver: runs since") for words in seen[1]] == [True]
    assert any(words.startswith("job n: runs since") for words in seen[3])


def test_a_job_that_cannot_begin_for_want_of_a_database_is_a_failure(store: Store, clock: HandClock) -> None:
    """A full disk: the lease cannot be written, so the job never runs; that is seen after three times."""

    async def run(_: Clock) -> str:
        return "done"

    pulse = Pulse(clock)
    worker = Worker(
        store, pulse.on([Job(name="fetch", run=run, every=timedelta(minutes=1))]), clock, failed=pulse.failed
    )
    store.unit = _refused  # type: ignore[method-assign]
    for _ in range(3):
        assert wrong(store, clock, pulse) == []
        assert asyncio.run(worker.run_once("fetch")).result == "failed"
    assert wrong(store, clock, pulse) == ["job fetch: failed 3 times in a row"]


def _refused(**_: object) -> Any:
    raise StoreDown("the database cannot be used now: database or disk is full")
