"""How the jobs of this process do: failures in a row, last good run. In memory: a restart begins with a clean slate."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from .clock import Clock
from .worker import Job


class Beat(msgspec.Struct):
    """One job."""

    every: timedelta | None
    since: datetime  # the last good run, else when the process started
    failures: int = 0  # in a row
    running: datetime | None = None  # since when the run under way runs


class Pulse:
    """Feels the jobs it is laid on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.jobs: dict[str, Beat] = {}
        self.alone = True  # under the name of this node

    def on(self, jobs: Sequence[Job]) -> list[Job]:
        """The same jobs, felt. All at once: who asks how they do, in another thread, finds none of them or each."""
        beats = {job.name: Beat(job.every, self._clock()) for job in jobs}
        self.jobs = self.jobs | beats
        return [self._felt(job, beats[job.name]) for job in jobs]

    def failed(self, name: str) -> None:
        """A job that could not even begin, or whose end could not be written: as the worker tells."""
        self.jobs[name].failures += 1

    def _felt(self, job: Job, beat: Beat) -> Job:
        async def run(clock: Clock) -> str:
            beat.running = self._clock()
            try:
                said = await job.run(clock)
            except Exception:
                beat.failures += 1
                raise
            finally:
                beat.running = None
            beat.failures, beat.since = 0, self._clock()
            return said

        return msgspec.structs.replace(job, run=run)
