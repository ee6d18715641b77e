"""The running process: every job visible and runnable by hand, one process a folder, a clean stop."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.store import Damaged, InboxItem, MasterKey, Settled, Store, StoreError
from gateway.transports import FolderMailbox
from gateway.worker import (
    AlreadyRunning,
    Clock,
    Job,
    JobResult,
    Jumps,
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


def test_a_job_that_found_something_damaged_says_what(store: Store, clock: HandClock) -> None:
    """Who mends it must know which row; the words are our own and hold no value of it."""

    async def damaged(clock: Clock) -> str:
        raise Damaged("records.body of row 5 was altered outside the gateway")

    worker = Worker(store, [Job(name="walk", run=damaged, daily="02:30")], clock)
    result = asyncio.run(worker.run_once("walk"))
    assert (result.result, result.detail) == ("failed", "records.body of row 5 was altered outside the gateway")


class Ticks:
    """A sleep that ends when it is told, and moves the clock by what was slept."""

    def __init__(self, clock: HandClock) -> None:
        self._clock, self._go, self.slept = clock, asyncio.Semaphore(0), 0

    async def __call__(self, seconds: float) -> None:
        await self._go.acquire()
        self._clock.forward(seconds=seconds)
        self.slept += 1

    async def tick(self, times: int = 1) -> None:
        """Let so many sleeps pass; the store is asked in a thread, so wait for it."""
        for _ in range(times):
            before = self.slept
            self._go.release()
            while self.slept == before:
                await asyncio.sleep(0.001)


@pytest.fixture
def other(tmp_path: Path, master: MasterKey, store: Store) -> Iterator[Store]:
    """A second node on the same database."""
    with Store.open(tmp_path / "gateway.db", master, node="node-b") as opened:
        yield opened


def long_job(begun: asyncio.Event, end: asyncio.Event) -> Job:
    """A job that goes on until it is told to end."""

    async def run(_: Clock) -> str:
        begun.set()
        await end.wait()
        return "done"

    return Job(name="long", run=run, every=timedelta(hours=1))


def test_a_long_job_keeps_its_lease_and_a_dead_nodes_is_taken_over_within_minutes(
    store: Store, other: Store, clock: HandClock
) -> None:
    """SM-99: renewed while it runs, for as long as it takes; two minutes after the last renewal another may begin."""

    async def scenario() -> None:
        begun, end, ticks = asyncio.Event(), asyncio.Event(), Ticks(clock)
        mine = asyncio.create_task(Worker(store, [long_job(begun, end)], clock, sleep=ticks).run_once("long"))
        await begun.wait()
        theirs = Worker(other, [Job(name="long", run=_fine, every=timedelta(hours=1))], clock)
        for _ in range(3):  # an hour and a half
            await ticks.tick(60)
            while not (await theirs.status())[0].lease_until > clock():
                await asyncio.sleep(0.001)
            assert (await theirs.run_once("long")).detail == "node-a is at it"
        mine.cancel()  # the node dies: nothing gives the lease back
        await asyncio.gather(mine, return_exceptions=True)
        clock.forward(minutes=2)
        assert (await theirs.run_once("long")).result == "ok"

    asyncio.run(scenario())


def test_who_lost_its_lease_stops_working_and_leaves_the_others_result_alone(
    store: Store, other: Store, clock: HandClock
) -> None:
    """A machine that slept: the other node's fence is higher, the sleeper is stopped at its next renewal."""

    async def scenario() -> None:
        begun, ticks = asyncio.Event(), Ticks(clock)
        job = long_job(begun, asyncio.Event())
        sleeper = asyncio.create_task(Worker(store, [job], clock, sleep=ticks).run_once("long"))
        await begun.wait()
        clock.forward(minutes=5)
        theirs = Worker(other, [Job(name="long", run=_fine, every=timedelta(hours=1))], clock)
        assert (await theirs.run_once("long")).result == "ok"
        await ticks.tick()
        assert (await sleeper).detail == "the lease was lost"
        (state,) = await theirs.status()
        assert (state.result, state.detail, state.fence) == ("ok", "2 delivered", 2)

    asyncio.run(scenario())


def test_who_cannot_reach_the_database_stops_before_another_may_begin(
    store: Store, other: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut network: renewals fail, and the work ends while the lease still holds."""

    async def scenario() -> None:
        begun, ticks = asyncio.Event(), Ticks(clock)
        worker = Worker(store, [long_job(begun, asyncio.Event())], clock, sleep=ticks)
        running = asyncio.create_task(worker.run_once("long"))
        await begun.wait()

        def gone(**_: object) -> None:
            raise StoreError("the database refused: server closed the connection")

        monkeypatch.setattr(store, "unit", gone)
        await ticks.tick(3)
        assert (await asyncio.wait_for(running, 20)).detail == "the lease was lost"
        with other.view(now=clock()) as view:
            (state,) = view.jobs.list()
            assert state.lease_until is not None
            assert state.lease_until > clock()

    asyncio.run(scenario())


def test_a_run_by_hand_and_the_schedule_wait_for_each_other(store: Store, clock: HandClock) -> None:
    """Both on one node: neither takes the other's lease, and the plan stays as the schedule made it."""
    with store.unit(now=NOW, actor="serve") as unit:
        fence = unit.jobs.acquire("fine", "node-a", timedelta(minutes=2))
        assert fence is not None
        unit.jobs.finish("fine", fence, result="ok", next_at=NOW + timedelta(hours=1))
        unit.jobs.acquire("fine", "node-a", timedelta(minutes=2))
    worker = Worker(store, [Job(name="fine", run=_fine, every=timedelta(seconds=30))], clock, by_hand=True)
    assert asyncio.run(worker.run_once("fine")).result == "busy"
    clock.forward(minutes=2)
    assert asyncio.run(worker.run_once("fine")).result == "ok"
    (state,) = asyncio.run(worker.status())
    assert state.next_at == NOW + timedelta(hours=1)


def test_what_a_dead_node_was_sending_is_taken_back_within_minutes(
    store: Store, other: Store, clock: HandClock
) -> None:
    """SM-87: its delivery renews no more; what it was sending is uncertain and waits, the rest goes at its time."""
    put(store, 1)
    put(store, 2)
    with store.unit(now=NOW, actor="worker") as unit:
        unit.jobs.acquire("deliver@node-a", "node-a", timedelta(minutes=2))
        (first, _) = unit.attempts.claim(node="node-a")
        unit.attempts.start_data(first)
    with other.unit(now=NOW, actor="worker") as unit:
        assert unit.attempts.recover() == 0
    clock.forward(minutes=2)
    with other.unit(now=clock(), actor="worker") as unit:
        assert unit.attempts.recover() == 2
        assert [unit.outbox.get(n).state for n in (1, 2)] == ["uncertain", "new"]


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
        await asyncio.wait_for(begun.wait(), 20)
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
        begun = asyncio.Event()

        async def often(_: Clock) -> str:
            begun.set()
            return "done"

        jobs = [
            Job(name="nightly", run=nightly, daily="02:30"),
            Job(name="often", run=often, every=timedelta(hours=1)),
        ]
        worker = Worker(store, jobs, clock)
        await worker.start()
        await asyncio.wait_for(begun.wait(), 20)  # what runs at the start is begun together, and a stop waits for it
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
        await asyncio.wait_for(begun.wait(), 20)
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
            unit.inbox.settle(Settled(item.id, "handled"))

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


def test_what_was_fetched_is_handled_and_answered_without_waiting_for_the_clock(
    store: Store, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing but the look in the mailbox is asked for."""
    monkeypatch.setattr("gateway.worker.standing.DELIVER_EVERY", timedelta(days=1))
    out, drop = Obedient(), tmp_path / "in"
    drop.mkdir()

    def answer(item: InboxItem, raw: bytes, now: datetime) -> None:
        put(store, item.id)
        with store.unit(now=now, actor="flow") as unit:
            unit.inbox.settle(Settled(item.id, "handled"))

    async def scenario() -> None:
        jobs = standing_jobs(store, {"out": out}, FolderMailbox(drop, "drop"), answer, deliver_every=timedelta(days=1))
        worker = Worker(store, jobs, clock)
        await worker.start()
        while any(state.result is None for state in await worker.status()) or len(await worker.status()) < len(jobs):
            await asyncio.sleep(0.01)  # each runs once at the start, with nothing to do
        assert out.handed == []
        (drop / "a.eml").write_bytes(b"Subject: a\r\n\r\n")
        await worker.run_soon("pickup")
        async with asyncio.timeout(30):
            while not out.handed:
                await asyncio.sleep(0.01)
        await worker.stop()

    asyncio.run(scenario())


def test_a_job_that_is_due_during_a_run_runs_again_after_it(store: Store, clock: HandClock) -> None:
    """However often it was said meanwhile; never two at once, and a stop ends the waiting."""
    due, going = asyncio.Event(), asyncio.Semaphore(0)
    runs = [0, 0]  # under way, and in all

    async def work(_: Clock) -> str:
        runs[0], runs[1] = runs[0] + 1, runs[1] + 1
        assert runs[0] == 1
        await going.acquire()
        runs[0] -= 1
        return ""

    async def scenario() -> None:
        worker = Worker(store, [Job(name="work", run=work, every=timedelta(days=1), due=due)], clock)
        await worker.start()
        for count in (1, 2):
            async with asyncio.timeout(30):
                while runs[1] < count:
                    await asyncio.sleep(0.01)
            due.set()
            await asyncio.sleep(0)
            due.set()
            going.release()
        going.release()
        async with asyncio.timeout(30):
            while runs != [0, 3]:
                await asyncio.sleep(0.01)
        await worker.stop()
        due.set()
        await asyncio.sleep(0.05)
        assert runs == [0, 3]

    asyncio.run(scenario())


def test_a_stop_lets_what_runs_finish_and_begins_nothing_that_waits_for_its_turn(
    store: Store, clock: HandClock
) -> None:
    """Due during a run, and then told to stop: the run ends, and no other follows it."""
    due, going, runs = asyncio.Event(), asyncio.Event(), []

    async def work(_: Clock) -> str:
        runs.append("begun")
        await going.wait()
        runs.append("ended")
        return ""

    async def scenario() -> None:
        worker = Worker(store, [Job(name="work", run=work, every=timedelta(days=1), due=due)], clock)
        await worker.start()
        async with asyncio.timeout(30):
            while not runs:
                await asyncio.sleep(0.01)
        due.set()
        while due.is_set():
            await asyncio.sleep(0)
        stopping = asyncio.create_task(worker.stop())
        await asyncio.sleep(0)
        going.set()
        await stopping
        assert runs == ["begun", "ended"]

    asyncio.run(scenario())


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


class Set:
    """Two clocks in one: the one on the wall can be set, the other cannot."""

    def __init__(self) -> None:
        self.ahead, self.steady = 0.0, 1000.0

    def jumps(self) -> Jumps:
        """What compares them."""
        return Jumps(lambda: self.steady + self.ahead, lambda: self.steady)


@pytest.mark.parametrize("jump", [3600.0, 86_400.0, -3600.0])
def test_a_jump_of_the_clock_is_seen_once_and_small_steps_are_not(jump: float) -> None:
    """An hour or a day to either side; corrections of a second are no jumps until they add up."""
    clocks = Set()
    jumps = clocks.jumps()
    clocks.ahead += 1
    assert jumps.seen() is None
    clocks.ahead += jump
    assert jumps.seen() == timedelta(seconds=jump + 1)
    assert jumps.seen() is None


def test_a_clock_is_believed_in_matters_of_days_an_hour_after_its_last_jump() -> None:
    """Also an hour after the start: by then the mail that waited was read."""
    clocks = Set()
    jumps = clocks.jumps()
    assert not jumps.settled()
    clocks.steady += 3600
    assert jumps.settled()
    clocks.ahead += 86_400 * 10
    assert not jumps.settled()
    clocks.steady += 3600
    assert jumps.settled()


def test_after_a_jump_back_jobs_do_not_stand_still_for_as_long(store: Store, clock: HandClock) -> None:
    """Their next runs are counted anew from the time that it is now."""
    clocks = Set()
    jobs = [Job(name="often", run=_fine, every=timedelta(seconds=30)), Job(name="nightly", run=_fine, daily="02:30")]

    async def scenario() -> None:
        worker = Worker(store, jobs, clock, jumps=clocks.jumps())
        await worker.start()
        late = datetime.now(UTC) + timedelta(days=3)
        for name in ("often", "nightly"):
            worker._scheduler.modify_job(name, next_run_time=late)  # what a clock three days ahead planned
        worker.mind_jump()
        assert worker._scheduler.get_job("often").next_run_time == late
        clocks.ahead -= 3 * 86_400
        worker.mind_jump()
        now = datetime.now(UTC)  # in the night that summer time ends, the hands of a clock cannot be compared
        assert worker._scheduler.get_job("often").next_run_time <= now + timedelta(seconds=31)
        assert worker._scheduler.get_job("nightly").next_run_time <= now + timedelta(hours=25)
        await worker.stop()

    asyncio.run(scenario())


def test_no_missing_receipt_expires_while_the_clock_is_not_to_be_believed(store: Store, clock: HandClock) -> None:
    """The gateway was off for a week, or its clock jumped: the receipt may lie in the mailbox."""
    put(store, wants_receipt=True)
    asyncio.run(deliver_due(store, {"out": Obedient()}, clock))
    clock.forward(days=10)
    assert asyncio.run(watch_outbox(store, clock, settled=False)).expired == 0
    assert asyncio.run(watch_outbox(store, clock)).expired == 1


@pytest.mark.parametrize(
    ("daily", "from_", "runs"),
    [
        ("02:30", "2026-03-28T12:00+01:00", ["2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"]),
        ("02:30", "2026-10-24T12:00+02:00", ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]),
        ("06:00", "2026-03-28T12:00+01:00", ["2026-03-29T06:00+02:00", "2026-03-30T06:00+02:00"]),
    ],
)
def test_a_daily_job_runs_once_a_day_also_when_the_clocks_change(daily: str, from_: str, runs: list[str]) -> None:
    """02:30 does not exist on one day of the year, and exists twice on another."""
    trigger = Job(name="nightly", run=_fine, daily=daily).trigger()
    found, now, before = [], datetime.fromisoformat(from_), None
    for _ in runs:
        before = trigger.get_next_fire_time(before, now)
        found.append(before)
        now = before + timedelta(seconds=1)
    assert [one.timestamp() for one in found] == [datetime.fromisoformat(run).timestamp() for run in runs]


@pytest.mark.parametrize("night", ["2026-03-29T00:00+00:00", "2026-10-25T00:00+00:00"])
def test_an_interval_is_as_long_as_it_says_when_the_clocks_change(night: str) -> None:
    """Every half minute through both nights, as the scheduler asks: what is next after this run, compared with now."""
    trigger = Job(name="often", run=_fine, every=timedelta(seconds=30)).trigger()
    run = datetime.fromisoformat(night)
    for _ in range(240):
        following = trigger.get_next_fire_time(run, run)
        assert following - run == timedelta(seconds=30)
        assert following > run
        run = following
