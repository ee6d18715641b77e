"""What the worker does on a schedule: one node at a time, by a lease with a fence, and visible (SM-99)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from .errors import StaleClaim
from .tables import jobs

DELIVER = "deliver"
"""The job that sends. It runs on every node, so each has a row of its own: `of_node`."""


def of_node(name: str, node: str) -> str:
    """The row of a job that runs on every node."""
    return f"{name}@{node}"


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """How a job does."""

    name: str
    fence: int
    lease_owner: str | None
    lease_until: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    next_at: datetime | None
    result: str | None  # ok, failed
    detail: str | None


_FIELDS = [jobs.c[name] for name in JobState.__struct_fields__]


class Jobs:
    """Named queries on the jobs, within one unit of work."""

    def __init__(self, conn: sa.Connection, now: datetime) -> None:
        self._conn, self._now = conn, now

    def acquire(self, name: str, owner: str, lease: timedelta) -> int | None:
        """Become the one that runs this job; the fence to quote, or None while another holds it. Renews one's own."""
        query = sa.select(jobs).where(jobs.c.name == name).with_for_update()
        if (row := self._conn.execute(query).one_or_none()) is None:
            # Two nodes may be the first at once.
            self._conn.execute(
                sa.text("INSERT INTO jobs (name, fence) VALUES (:n, 0) ON CONFLICT DO NOTHING"), {"n": name}
            )
            row = self._conn.execute(query).one()
        # A lease that ends later than any that could be given now is from a clock that was ahead.
        ran_out = row.lease_until is None or not self._now < row.lease_until <= self._now + 2 * lease
        free = ran_out or row.lease_owner == owner
        if not free:
            return None
        fence: int = row.fence + 1
        self._update(name, fence=fence, lease_owner=owner, lease_until=self._now + lease, started_at=self._now)
        return fence

    def holder(self, name: str) -> str | None:
        """Who holds a job now."""
        held = jobs.c.name == name, jobs.c.lease_until > self._now
        return self._conn.scalar(sa.select(jobs.c.lease_owner).where(*held))

    def renew(self, name: str, fence: int, lease: timedelta) -> None:
        """Hold it longer, because the work goes on. StaleClaim if another took it over: stop working."""
        mine = jobs.c.name == name, jobs.c.fence == fence, jobs.c.lease_until.is_not(None)
        if self._conn.execute(jobs.update().where(*mine).values(lease_until=self._now + lease)).rowcount == 0:
            raise StaleClaim(f"job {name}: another process took it over")

    def finish(self, name: str, fence: int, *, result: str, detail: str = "", next_at: datetime | None = None) -> None:
        """Give the job back with its result; without `next_at` the plan stays. StaleClaim if another took it over."""
        if self._conn.scalar(sa.select(jobs.c.fence).where(jobs.c.name == name).with_for_update()) != fence:
            raise StaleClaim(f"job {name}: another process took it over")
        free = {"lease_owner": None, "lease_until": None}
        planned = {} if next_at is None else {"next_at": next_at}  # a run beside the schedule leaves it alone
        self._update(name, ended_at=self._now, result=result, detail=detail, **planned, **free)

    def list(self) -> Sequence[JobState]:
        """All jobs by name."""
        return [JobState(**row._mapping) for row in self._conn.execute(sa.select(*_FIELDS).order_by(jobs.c.name))]

    def _update(self, name: str, **values: object) -> None:
        self._conn.execute(jobs.update().where(jobs.c.name == name).values(**values))
