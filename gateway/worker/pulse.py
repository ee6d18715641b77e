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


class Pulse:
    """Feels the jobs it is laid on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.jobs: dict[str, Beat] = {}

    def on(self, jobs: Sequence[Job]) -> list[Job]:
        """The same jobs, felt."""
        return [self._felt(job) for job in jobs]

    def _felt(self, job: Job) -> Job:
        beat = self.jobs[job.name] = Beat(job.every, self._clock())

        async def run(clock: Clock) -> str:
            try:
                said = await job.run(clock)
            except Exception:
                beat.failures += 1
                raise
            beat.failures, beat.since = 0, self._clock()
            return said

        return msgspec.structs.replace(job, run=run)
