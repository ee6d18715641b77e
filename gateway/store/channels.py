"""Ways out that are broken rest for a while; the messages stay untouched (SM-89)."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from gateway.domain.delivery import Outcome

from .prepared import Prepared
from .schedule import POLICY_RUN, channel_pause
from .tables import channels


class ChannelState(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel does."""

    name: str
    failures: int  # in a row
    failing_since: datetime | None
    paused_until: datetime | None
    reason: str | None


_FIELDS = [channels.c[name] for name in ChannelState.__struct_fields__]


_WELL = Prepared(
    channels.update()
    .where(
        channels.c.name == sa.bindparam("channel"),
        sa.or_(channels.c.failures > sa.text("0"), channels.c.policy_run != sa.text("''")),
    )
    .values(
        failures=sa.text("0"),
        failing_since=sa.null(),
        paused_until=sa.null(),
        reason=sa.null(),
        policy_run=sa.text("''"),
    )
)


class Channels:
    """Named queries on the channels, within one unit of work."""

    def __init__(self, conn: sa.Connection, now: datetime) -> None:
        self._conn, self._now = conn, now
        self._well: set[str] = set()  # seen to work in this unit: not written again for each message

    def note(self, name: str, outcome: Outcome) -> None:
        """Learn from the outcome of one attempt: pause after a failure of the channel or a run of recipients alike."""
        if outcome.verdict == "channel":
            self.fail(name, f"{outcome.phase}: {outcome.reason or outcome.code}")
        elif outcome.reason == "policy":
            self._one_of_a_run(name, outcome.recipient or "", "refused by policy")
        elif outcome.verdict == "deferred" and outcome.phase == "rcpt" and outcome.code is None:
            self._one_of_a_run(name, outcome.recipient or "", "at which the relay broke off")
        elif outcome.verdict != "uncertain":  # a connection that broke off is no proof that the channel works
            self.ok(name)

    def fail(self, name: str, reason: str) -> datetime:
        """The channel did not work: it rests until the time returned, longer after each failure in a row."""
        row = self._ensure(name)
        until = self._now + channel_pause(row.failures + 1)
        self._update(
            name,
            failures=row.failures + 1,
            failing_since=row.failing_since or self._now,
            paused_until=until,
            reason=reason,
            policy_run="",
        )
        return until

    def ok(self, name: str) -> None:
        """The channel works. Costs nothing if it did already."""
        if name in self._well:
            return
        self._well.add(name)
        _WELL.many(self._conn, [{"channel": name}])

    def resume(self, name: str) -> bool:
        """A person says: try again now. Whether it rested."""
        rests = channels.c.name == name, channels.c.paused_until > self._now
        return self._conn.execute(channels.update().where(*rests).values(paused_until=None)).rowcount > 0

    def list(self) -> Sequence[ChannelState]:
        """All channels that ever had trouble."""
        return [ChannelState(**row._mapping) for row in self._conn.execute(sa.select(*_FIELDS).order_by("name"))]

    def get(self, name: str) -> ChannelState:
        """One channel; a channel without trouble has no row and is well."""
        row = self._conn.execute(sa.select(*_FIELDS).where(channels.c.name == name)).one_or_none()
        if row is None:
            return ChannelState(name=name, failures=0, failing_since=None, paused_until=None, reason=None)
        return ChannelState(**row._mapping)

    def _one_of_a_run(self, name: str, recipient: str, what: str) -> None:
        """Different recipients in a row: it may be us or the relay, not them (10.2)."""
        run = self._ensure(name).policy_run.split()
        if recipient in run:
            return
        if len(run) + 1 >= POLICY_RUN:
            self.fail(name, f"{POLICY_RUN} different recipients in a row {what}")
        else:
            self._update(name, policy_run=" ".join([*run, recipient]))

    def _ensure(self, name: str) -> "sa.Row[tuple[object, ...]]":
        self._well.discard(name)
        query = sa.select(channels).where(channels.c.name == name).with_for_update()
        if (row := self._conn.execute(query).one_or_none()) is None:
            # Two nodes may be the first at once, since they have the same relay.
            first = "INSERT INTO channels (name, failures, policy_run) VALUES (:n, 0, '') ON CONFLICT DO NOTHING"
            self._conn.execute(sa.text(first), {"n": name})
            row = self._conn.execute(query).one()
        return row

    def _update(self, name: str, **values: object) -> None:
        self._conn.execute(channels.update().where(channels.c.name == name).values(**values))
