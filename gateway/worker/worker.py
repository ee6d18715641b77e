"""The running process: jobs on a schedule, each visible and runnable by hand, one node at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import msgspec
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from gateway.domain.zone import AMSTERDAM
from gateway.store import Damaged, JobState, StaleClaim, Store, StoreError
from gateway.store.jobs import of_node

from .clock import Clock, Jumps, system_clock
from .logs import where

log = structlog.get_logger("gateway.worker")

LEASE = timedelta(minutes=2)  # renewed while the job runs: a dead node's job is taken over after so long
RENEWALS = 4  # in the time of one lease: one that fails is no loss yet
A_NIGHT = timedelta(days=1)
A_DAY = timedelta(hours=25)  # the longest one: the night that summer time ends
MISFIRE_GRACE = 3600  # seconds: a job missed while the machine slept runs once, late
LOOK_AT_CLOCK = 5.0  # seconds
ACTOR = "worker"
BY_HAND = " by hand"  # whose lease a run beside the schedule holds: the node's own schedule waits for it too


class Daily(BaseTrigger):  # type: ignore[misc]
    """Once a day at a time of the Dutch clock; where that does not exist in the night of the change, an hour later.

    Everything the scheduler compares is UTC: times of one zone are compared by their hands, and in the night that
    summer time ends its own daily trigger names the same moment for ever and intervals stand still for an hour.
    """

    def __init__(self, at: time) -> None:
        self._at = at

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """The first such moment at `now` or later, and on a later day than `previous`."""
        day = now.astimezone(AMSTERDAM).date()
        if previous is not None:
            day = max(day, previous.astimezone(AMSTERDAM).date() + A_NIGHT)
        moment = self._on(day)
        return moment if moment >= now else self._on(day + A_NIGHT)

    def _on(self, day: date) -> datetime:
        return datetime.combine(day, self._at, AMSTERDAM).astimezone(UTC)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is done again and again: every so long, or daily at a time (`HH:MM`, Amsterdam)."""

    name: str
    run: Callable[[Clock], Awaitable[str]]  # what was done, in a few words
    every: timedelta | None = None
    daily: str | None = None
    everywhere: bool = False  # on all nodes at once: what it does is kept apart by leases on the messages themselves
    lease: timedelta = LEASE
    due: asyncio.Event | None = None  # set by who made work for it: it runs at once, and the clock goes on beside it

    def trigger(self) -> BaseTrigger:
        """When the scheduler runs it."""
        if self.daily is not None:
            return Daily(time.fromisoformat(self.daily))
        if self.every is None:
            raise ValueError(f"job {self.name}: neither `every` nor `daily`")
        return IntervalTrigger(seconds=self.every.total_seconds(), timezone=UTC)


class JobResult(msgspec.Struct, frozen=True, kw_only=True):
    """How one run ended; `busy`: another process is at it."""

    name: str
    result: Literal["ok", "failed", "busy"]
    detail: str


class Worker:
    """Runs jobs until it is told to stop; a stop lets the running ones finish.

    The lease of a job is renewed while it runs. Who cannot renew it (cut off from the database, or overtaken by another
    because its machine slept) stops working before the other can begin; the fence refuses a result that comes too late.
    """

    def __init__(
        self,
        store: Store,
        jobs: Sequence[Job],
        clock: Clock,
        *,
        by_hand: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jumps: Jumps | None = None,
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store, self._clock, self._sleep = store, clock, sleep
        self._jumps = jumps or Jumps()
        self._failed = failed  # told of what is no fault of the job: it could not begin, or not be written
        self._looking: asyncio.Task[None] | None = None
        self._waiting: list[asyncio.Task[None]] = []  # for jobs that are due before their time
        self._owner = f"{store.node}{BY_HAND}" if by_hand else store.node
        self._jobs = {job.name: job for job in jobs}
        self._turns = {job.name: asyncio.Lock() for job in jobs}
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    async def start(self) -> None:
        """Take back what this node held before a crash, and begin: with every job, but daily ones only if missed."""
        await asyncio.to_thread(self._recover)
        known = {state.name: state for state in await self.status()}
        self._scheduler.start()
        for job in self._jobs.values():
            at_once = {"next_run_time": system_clock()} if self._overdue(job, known) else {}
            self._scheduler.add_job(
                self._spawn,
                job.trigger(),
                args=[job.name],
                id=job.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=MISFIRE_GRACE,
                **at_once,
            )
        self._looking = asyncio.create_task(self._look_at_clock())
        self._waiting = [
            asyncio.create_task(self._when_due(job.name, job.due)) for job in self._jobs.values() if job.due is not None
        ]
        log.info("started", node=self._store.node, jobs=sorted(self._jobs))

    async def stop(self, patience: float = 20.0) -> None:
        """No new runs; wait for the running ones, then cancel them: a cut-off DATA is `uncertain` at the next start."""
        self._stopping = True
        self._scheduler.shutdown(wait=False)
        for waiting in self._waiting:
            waiting.cancel()
        if self._looking is not None:
            self._looking.cancel()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        log.info("stopped", node=self._store.node)

    async def run_once(self, name: str, clock: Clock | None = None) -> JobResult:
        """Run one job now, as the schedule would; KeyError for an unknown name."""
        return await self._run(self._jobs[name], clock or self._clock)

    async def run_soon(self, name: str) -> None:
        """Run a job beside its schedule, after a run under way. A stop waits for it, though who asked is cancelled."""
        await self._spawn(name)

    async def status(self) -> Sequence[JobState]:
        """Last run, result and next run of each job that ever ran."""
        return await asyncio.to_thread(self._status)

    async def _when_due(self, name: str, due: asyncio.Event) -> None:
        """What is made due during a run is another run after it."""
        while True:
            await due.wait()
            due.clear()
            await self._spawn(name)

    async def _look_at_clock(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AT_CLOCK)
            self.mind_jump()

    def mind_jump(self) -> None:
        """After a jump of the clock schedules are counted anew: after one back, jobs would stand still that long."""
        if (jump := self._jumps.seen()) is None:
            return
        log.warning("clock_jumped", seconds=round(jump.total_seconds()))
        for job in self._jobs.values():
            self._scheduler.reschedule_job(job.name, trigger=job.trigger())

    async def _spawn(self, name: str) -> None:
        task = asyncio.create_task(self._in_turn(name), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task})  # not `await task`: a scheduler shutting down must not cancel a delivery

    async def _in_turn(self, name: str) -> None:
        """One run of a job at a time in this process: the lease only keeps other nodes away."""
        async with self._turns[name]:
            if not self._stopping:  # said before the stop, but its turn came after
                await self._run(self._jobs[name], self._clock)

    async def _run(self, job: Job, clock: Clock) -> JobResult:
        name = of_node(job.name, self._store.node) if job.everywhere else job.name
        try:
            fence = await asyncio.to_thread(self._acquire, name, job.lease, clock())
        except StoreError as error:
            self._failed(job.name)
            log.error("job_failed", job=job.name, error=where(error))
            return JobResult(name=job.name, result="failed", detail=type(error).__name__)
        if isinstance(fence, str):
            return JobResult(name=job.name, result="busy", detail=f"{fence} is at it")
        result = await self._held(job, name, fence, clock)
        try:
            await asyncio.to_thread(self._finish, name, result, fence, clock())
        except StoreError as error:
            # The result is lost with the database; the lease runs out by itself.
            self._failed(job.name)
            log.error("job_failed", job=job.name, error=where(error))
        return result

    async def _held(self, job: Job, name: str, fence: int, clock: Clock) -> JobResult:
        """The work, as long as the lease is ours."""
        work = asyncio.ensure_future(job.run(clock))
        keeping = asyncio.create_task(self._keep(name, job.lease, fence, clock, work))
        try:
            return JobResult(name=job.name, result="ok", detail=await work)
        except asyncio.CancelledError:
            if not keeping.done():
                raise  # a stop that ran out of patience
            return JobResult(name=job.name, result="failed", detail="the lease was lost")
        except Damaged as error:  # our own words, of rows and not of what is in them: who mends it must know which
            log.error("job_failed", job=job.name, error=where(error), what=str(error))
            return JobResult(name=job.name, result="failed", detail=str(error))
        except Exception as error:
            # A failing job must not end the process: it is visible in its state and tried again at its next time.
            log.error("job_failed", job=job.name, error=where(error))
            return JobResult(name=job.name, result="failed", detail=type(error).__name__)
        finally:
            keeping.cancel()
            work.cancel()

    async def _keep(self, name: str, lease: timedelta, fence: int, clock: Clock, work: "asyncio.Future[str]") -> None:
        """Renew until told to end; where that cannot be done in time, end the work."""
        until = clock() + lease
        while True:
            await self._sleep(lease.total_seconds() / RENEWALS)
            try:
                await asyncio.to_thread(self._renew, name, lease, fence, clock())
                until = clock() + lease
            except StoreError as error:
                if isinstance(error, StaleClaim) or clock() >= until - lease / RENEWALS:
                    log.warning("job_taken_over", job=name)
                    work.cancel()
                    return

    def _overdue(self, job: Job, known: Mapping[str, JobState]) -> bool:
        """Whether a job runs at the start: all but a daily one that ran in the last day and is not missed."""
        last = known.get(job.name)
        return job.daily is None or last is None or last.ended_at is None or self._clock() - last.ended_at > A_DAY

    def _acquire(self, name: str, lease: timedelta, now: datetime) -> int | str:
        """The fence, or who holds it."""
        with self._store.unit(now=now, actor=ACTOR) as unit:
            return unit.jobs.acquire(name, self._owner, lease) or unit.jobs.holder(name) or "another process"

    def _renew(self, name: str, lease: timedelta, fence: int, now: datetime) -> None:
        with self._store.unit(now=now, actor=ACTOR) as unit:
            unit.jobs.renew(name, fence, lease)

    def _finish(self, name: str, result: JobResult, fence: int, now: datetime) -> None:
        planned = self._scheduler.get_job(result.name) if self._scheduler.running else None
        try:
            with self._store.unit(now=now, actor=ACTOR) as unit:
                unit.jobs.finish(
                    name,
                    fence,
                    result=result.result,
                    detail=result.detail,
                    next_at=planned.next_run_time if planned else None,
                )
        except StaleClaim:
            log.warning("job_taken_over", job=result.name)

    def _recover(self) -> None:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            lost = unit.attempts.recover(node=self._store.node)
        if lost:
            log.warning("recovered", attempts=lost)

    def _status(self) -> Sequence[JobState]:
        with self._store.view(now=self._clock()) as view:
            return view.jobs.list()
