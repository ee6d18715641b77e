"""What is open, how much of it, and since when: for `gateway status`, health and metrics (SM-119)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa

from .outbox_rows import UNANSWERED
from .prepared import off_index
from .states import ENDED, OPEN
from .tables import any_of, inbox, outbox, outbox_notes

WAITS_FOR_A_PERSON: Final = ("failed", "bounced", "refused", "expired")
INBOX_OPEN: Final = ("new", "quarantined")


_Where = sa.ColumnElement[bool] | sa.TextClause
# Questions of few rows, each with an index: `OR` of them would read all that was ever submitted.
_OPEN_OUT: Final = (
    sa.text(any_of(OPEN, "outbox")),
    sa.and_(sa.text(any_of(ENDED, "outbox")), outbox.c.state.in_(WAITS_FOR_A_PERSON)),
    UNANSWERED,
)


class Depth(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages of one partner are in one state, and since when the oldest is."""

    partner: str
    state: str
    count: int
    oldest: datetime


class Oldest(msgspec.Struct, frozen=True, kw_only=True):
    """The oldest open item of a kind and state."""

    kind: Literal["outbox", "inbox"]
    state: str
    count: int
    id: int
    since: datetime


class Status:
    """Named queries over everything that is open; they read open rows only."""

    def __init__(self, conn: sa.Connection) -> None:
        self._conn = conn

    def outbox(self) -> Sequence[Depth]:
        """Open messages by partner and state; what waits for a receipt only where one was asked for."""
        count, oldest = sa.func.count(), sa.func.min(outbox.c.created_at)
        depth = off_index(outbox.c.partner), off_index(outbox.c.state)
        query = sa.select(*depth, count, oldest).group_by(*depth)
        rows = [row for where in _OPEN_OUT for row in self._conn.execute(query.where(where))]
        found = [Depth(partner=row[0], state=row[1], count=row[2], oldest=row[3]) for row in rows]
        return sorted(found, key=lambda each: (each.partner, each.state))

    def quarantine(self) -> dict[str, int]:
        """How many messages are in quarantine, by reason."""
        query = (
            sa.select(inbox.c.reason, sa.func.count()).where(inbox.c.state == "quarantined").group_by(inbox.c.reason)
        )
        return {row[0]: row[1] for row in self._conn.execute(query)}

    def receipts(self, after: int) -> tuple[int, list[float]]:
        """Times from submission to receipt, in seconds, of receipts noted after this number; and the last number."""
        waited = (
            sa.select(outbox_notes.c.id, outbox_notes.c.at, outbox.c.submitted_at)
            .join(outbox, outbox.c.id == outbox_notes.c.outbox_id)
            .where(outbox_notes.c.id > after, outbox_notes.c.event == "receipt", outbox.c.submitted_at.is_not(None))
        )
        times = [(row.at - row.submitted_at).total_seconds() for row in self._conn.execute(waited)]
        return self.last_note(), times

    def last_note(self) -> int:
        """The number of the last note on an outgoing message; 0 if there is none."""
        return self._conn.scalar(sa.select(sa.func.max(outbox_notes.c.id))) or 0

    def oldest(self) -> Sequence[Oldest]:
        """The oldest open item of each kind and state, the oldest of all first."""
        out = [_oldest(outbox, outbox.c.created_at, where) for where in _OPEN_OUT]
        into = _oldest(inbox, inbox.c.fetched_at, inbox.c.state.in_(INBOX_OPEN))
        questions: list[tuple[Literal["outbox", "inbox"], sa.Select[Any]]]
        questions = [*(("outbox", query) for query in out), ("inbox", into)]
        found = [
            Oldest(kind=kind, state=row[0], count=row[1], id=row[2], since=row[3])
            for kind, query in questions
            for row in self._conn.execute(query)
        ]
        return sorted(found, key=lambda each: each.since)


def _oldest(table: sa.Table, since: "sa.Column[datetime]", where: _Where) -> "sa.Select[Any]":
    """Numbers grow with time, so the lowest is the oldest."""
    state = off_index(table.c.state)
    columns: list[Any] = [state, sa.func.count(), sa.func.min(table.c.id), sa.func.min(since)]
    return sa.select(*columns).where(where).group_by(state)
