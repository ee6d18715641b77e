"""The four clocks of a message that went out: handed over, delivered, opened, answered (secure-mail 9.3).

Each is a moment that something proved, or nothing: what only seems likely has no moment.
"""

from datetime import datetime

import msgspec

from gateway.flows.cases import TRAJECT, traject_of_plan
from gateway.flows.dispatch import PLAN
from gateway.store import OutboxItem, Unit

_OPENED = ("received", "refused")  # states that only a valid signed receipt leads to
_RETURNED = ("plan_ingediend", "document_ontvangen", "opdracht_geweigerd")


class Clocks(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """When what was proved; None: not yet, or nobody says so."""

    handed_over: datetime | None = None  # the relay took responsibility
    delivered: datetime | None = None  # a mail server says so, or at the latest when it was opened
    opened: datetime | None = None  # the partner decrypted, verified and stored it: its signed receipt
    answered: datetime | None = None  # the business answer: return message, plan, refusal


def clocks(unit: Unit, item: OutboxItem) -> Clocks:
    """What is proved of this message by now."""
    notes = unit.outbox.notes(item.id)
    receipts = [note.at for note in notes if note.event in ("receipt", "receipt-error") and note.state in _OPENED]
    opened = min(receipts, default=None)
    told = [note.at for note in notes if note.event == "dsn-delivered"]
    delivered = min([*told, *receipts], default=None)
    return Clocks(handed_over=item.submitted_at, delivered=delivered, opened=opened, answered=_answered(unit, item))


def _answered(unit: Unit, item: OutboxItem) -> datetime | None:
    """A later message of the standard that answers it, or what came back for the plan that it asked for."""
    if item.kind == PLAN and item.reference is not None:
        return _plan_answered(unit, item.reference.removeprefix(f"{PLAN}/"), item.created_at)
    sent = next((row for row in unit.berichten.list(outbox_id=item.id)), None)
    answers = [] if sent is None else unit.berichten.answers(sent.id)
    return min((row.created_at for row in answers), default=None)


def _plan_answered(unit: Unit, plan_id: str, since: datetime) -> datetime | None:
    case = traject_of_plan(unit, plan_id)
    if case is None:
        return None
    events = unit.records.events(TRAJECT, case.body.id)
    return min((each.at for each in events if each.soort in _RETURNED and each.at >= since), default=None)
