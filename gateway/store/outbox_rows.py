"""What a row of the outbox is, and the one way in which its state changes."""

from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from .states import CLAIMABLE, OutEvent, OutState, move_out
from .tables import UNANSWERED_SQL, outbox, outbox_notes

WIRE: Final = "outbox.wire"
CONTENT_KEY: Final = "outbox.content_key"
DRAFT: Final = "outbox.draft"

UNLEASED: Final[dict[str, Any]] = {"lease_until": None, "lease_owner": None, "attempt": None}


class OutboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the outbox, without its bytes."""

    id: int
    message_id: str
    kind: str
    partner: str
    channel: str
    sender: str
    recipient: str
    reference: str | None
    dossier: str | None
    sha256: str
    size: int
    mic: str | None
    wants_receipt: bool
    state: OutState
    reason: str | None
    created_at: datetime
    changed_at: datetime
    next_at: datetime | None
    attempts: int  # counted ones: channel failures are not (SM-89)
    first_try_at: datetime | None
    submitted_at: datetime | None
    lease_until: datetime | None


UNANSWERED = sa.text(UNANSWERED_SQL)
"""What waits for a receipt: as the partial index for it says."""

FIELDS = [outbox.c[name] for name in OutboxItem.__struct_fields__]


def moved(row: Any, event: OutEvent, now: datetime, reason: str | None, **changes: Any) -> dict[str, Any]:
    """The new values of a row after an event; IllegalMove. Only what waits for an attempt has a next time."""
    target = move_out(row.message_id, row.state, event)
    if target not in CLAIMABLE and target != "sending":
        changes["next_at"] = None
    return {"state": target, "reason": reason, "changed_at": now, **changes}


def write_note(
    conn: sa.Connection, number: int, *, now: datetime, actor: str, event: str, state: str, detail: str | None
) -> None:
    """Keep what happened to a message outside an attempt."""
    values = {"outbox_id": number, "at": now, "actor": actor, "event": event, "state": state, "detail": detail}
    conn.execute(outbox_notes.insert(), values)
