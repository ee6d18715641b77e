"""The running process: every job visible and runnable by hand, one process a folder, a clean stop."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.store import InboxItem, Store
from gateway.transports import FolderMailbox
from gateway.worker import (
    AlreadyRunning,
    Clock,
    Job,
    JobResult,
    Worker,
    deliver_due,
    only_one,
    standing_jobs,
    watch_outbox,
)

from .conftest import NOW, HandClock, Obedient, put


async def _fine(clock: Clock) -> str:
    return "2 delivered"


async def _fails(clock: Clock) -> str:
    raise OSError("relay gone")


def test_a_job_runs_by_hand_and_shows_what_it_did(store: Store, clock: HandClock) -> None:
    """Last run, result and detail are in the store; a failing job ends nothing."""
    jobs = [Job(name="fine", run=_fine, every=timedelta(seconds=30)), Job(name="fails", run=_fails, daily="02:30")]

    async def scenario() -> None:
        worker = Worker(store, jobs, clock)
        assert await worker.run_once("fine") == JobResult(name="fine", result="ok", detail="2 delivered")
        assert await worker.run_once("fails") == JobResult(name="fails", result="failed", detail="OSError")
        states = {state.name: state for state in await worker.status()}
        assert (states["fine"].result, states["fine"].ended_at) == ("ok", NOW)
        assert (states["fails"].result, states["fails"].detail) == ("failed", "OSError")
        with pytest.raises(KeyError):
            await worker.run_once("unknown")

    asyncio.run(scenario())


def test_a_job_of_another_node_is_left_alone_until_its_lease_ends(store: Store, clock: HandClock) -> None:
    """SM-99: one node at a time; a dead node's job is taken over, and its late result is refused by the fence."""
    with store.unit(now=NOW, actor="node-b") as unit:
        fence = unit.jobs.acquire("fine", "node-b", timedelta(minutes=10))
    assert fence == 1
    worker = Worker(store, [Job(name="fine", run=_fine, every=timedelta(seconds=30))], clock)
    assert asyncio.run(worker.run_once("fine")).result == "busy"
    clock.forward(minutes=10)
    assert asyncio.run(worker.run_once("fine")).result == "ok"


def test_the_scheduler_runs_jobs_at_once_and_stops_clean(store: Store, clock: HandClock) -> None:
    """A job under way at the stop is finished; its next time is known."""
    ran: list[str] = []
    begun = asyncio.Event()

    async def slow(_: Clock) -> str:
        begun.set()
        await asyncio.sleep(0.05)
        ran.append("slow")
        return "done"

    async def scenario() -> None:
        jobs = [Job(name="slow", run=slow, every=timedelta(hours=1)), Job(name="nightly", run=_fails, daily="02:30")]
        worker = Worker(store, jobs, clock)
        await worker.start()
        await asyncio.wait_for(begun.wait(), 5)
        await worker.stop()
        assert ran == ["slow"]
        states = {state.name: state.result for state in await worker.status()}
        assert states == {"slow": "ok", "nightly": "failed"}

    asyncio.run(scenario())


def test_a_daily_job_runs_at_the_start_only_if_it_was_missed(store: Store, clock: HandClock) -> None:
    """A machine that is off at night must not go without; a restart in the afternoon must not do it twice."""
    runs: list[str] = []

    async def nightly(_: Clock) -> str:
        runs.append("nightly")
        return "done"

    async def start() -> int:
        worker = Worker(store, [Job(name="nightly", run=nightly, daily="02:30")], clock)
        await worker.start()
        await asyncio.sleep(0.3)
        await worker.stop()
        return len(runs)

    assert asyncio.run(start()) == 1  # never ran before
    clock.forward(hours=20)
    assert asyncio.run(start()) == 1
    clock.forward(hours=6)
    assert asyncio.run(start()) == 2


def test_what_does_not_end_in_time_is_cut_off(store: Store, clock: HandClock) -> None:
    """The supervisor's patience is finite; what was being sent is uncertain at the next start, and not lost."""
    put(store)
    begun = asyncio.Event()

    async def scenario() -> None:
        class Stuck(Obedient):
            async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
                await before_data()
                begun.set()
                await asyncio.sleep(3600)

        async def deliver(_: Clock) -> str:
            return str(len(await deliver_due(store, {"out": Stuck()}, clock)))

        worker = Worker(store, [Job(name="deliver", run=deliver, every=timedelta(hours=1))], clock)
        await worker.start()
        await asyncio.wait_for(begun.wait(), 5)
        await worker.stop(patience=0.05)
        again = Worker(store, [], clock)
        await again.start()
        await again.stop()

    asyncio.run(scenario())
    with store.view(now=NOW) as view:
        assert view.outbox.get(1).state == "uncertain"


def test_a_second_start_in_the_same_folder_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """And a lock file left by a dead process is no obstacle."""
    lock = tmp_path / "gateway.lock"
    with only_one(lock), pytest.raises(AlreadyRunning, match="a gateway runs here already"), only_one(lock):
        pass
    with only_one(lock):
        pass


def test_the_standing_jobs_carry_a_message_all_the_way(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """Fetched, handled, answered, delivered: each by its job, each saying what it did."""
    drop = tmp_path / "in"
    drop.mkdir()
    (drop / "a.eml").write_bytes(b"Subject: a\r\n\r\n")

    def answer(item: InboxItem, raw: bytes, now: datetime) -> None:
        put(store, item.id)
        with store.unit(now=now, actor="flow") as unit:
            unit.inbox.settle(item.id, "handled")

    async def scenario() -> list[str]:
        worker = Worker(store, standing_jobs(store, {"out": Obedient()}, FolderMailbox(drop, "drop"), answer), clock)
        return [(await worker.run_once(name)).detail for name in ("pickup", "handle", "deliver", "watch")]

    assert asyncio.run(scenario()) == [
        "1 new, 0 known, 0 by header",
        "1 handled, 0 failed",
        "1 attempts, 1 submitted",
        "0 taken back, 0 late, 0 unanswered, 0 expired",
    ]
    without = {job.name: job for job in standing_jobs(store, {}, None, answer)}
    assert asyncio.run(without["pickup"].run(clock)) == "no mailbox"


def test_what_is_tried_for_four_hours_is_a_warning(store: Store, clock: HandClock) -> None:
    """Table 10.3."""
    put(store)
    asyncio.run(deliver_due(store, {"out": Obedient("deferred")}, clock))
    clock.forward(hours=4)
    assert asyncio.run(watch_outbox(store, clock)).late == 0
    clock.forward(seconds=1)
    assert asyncio.run(watch_outbox(store, clock)).late == 1


def test_a_missing_receipt_expires_after_five_days(store: Store, clock: HandClock) -> None:
    """Table 9.3."""
    put(store, 1, wants_receipt=True)
    put(store, 2)
    asyncio.run(deliver_due(store, {"out": Obedient()}, clock))
    clock.forward(days=5)
    assert asyncio.run(watch_outbox(store, clock)).expired == 0
    clock.forward(seconds=1)
    assert asyncio.run(watch_outbox(store, clock)).expired == 1
    with store.view(now=NOW) as view:
        assert [view.outbox.get(n).state for n in (1, 2)] == ["expired", "submitted"]


def test_a_receipt_that_is_late_is_warned_of_and_noted_once(store: Store, clock: HandClock) -> None:
    """Table 9.3: a warning after four hours, a note for a person after a whole working day; neither is repeated."""
    put(store, 1, wants_receipt=True)
    asyncio.run(deliver_due(store, {"out": Obedient()}, clock))  # a Sunday: Monday is the first working day
    told: set[int] = set()
    clock.forward(hours=5)
    assert asyncio.run(watch_outbox(store, clock, told)).unanswered == 1
    assert told == {1}
    clock.forward(days=1)
    asyncio.run(watch_outbox(store, clock, told))
    with store.view(now=clock()) as view:
        assert [note.event for note in view.outbox.notes(1)] == []
    clock.forward(days=1)
    for _ in range(2):
        asyncio.run(watch_outbox(store, clock, told))
    with store.view(now=clock()) as view:
        assert [note.event for note in view.outbox.notes(1)] == ["no-receipt"]
    with store.unit(now=clock(), actor="test") as unit:
        unit.outbox.receipt(1, accepted=True)
    assert asyncio.run(watch_outbox(store, clock, told)).unanswered == 0
    assert told == set()
