"""Terms of transport: what dead processes held, what is too late, what nobody answered (table 9.3)."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from gateway.flows.waiting import SILENCE_WARNING, a_working_day_ago
from gateway.store import OutboxItem, RetryPolicy, Store, Unit

from .clock import Clock

log = structlog.get_logger("gateway.watch")

ANSWER_WITHIN = timedelta(days=5)  # table 9.3: after this a missing receipt is `expired`, a task for a person
ACTOR = "worker:watch"
NO_RECEIPT = "no-receipt"  # note on a message: a person was told that its receipt is late


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What a round found."""

    recovered: int  # attempts of processes that died
    expired: int  # submitted messages whose receipt never came
    late: int  # messages that are being tried for longer than four hours
    unanswered: int = 0  # submitted messages without a receipt for longer than four hours


async def watch_outbox(store: Store, clock: Clock, told: set[int] | None = None, *, settled: bool = True) -> Watched:
    """One round. `told` are messages that the log warned of before; it is brought up to date.

    Nothing expires unless `settled`: after a start the receipts may still wait in the mailbox, and a clock that jumped
    may be wrong.
    """
    return await asyncio.to_thread(_round, store, clock(), set() if told is None else told, settled)


def _round(store: Store, now: datetime, told: set[int], settled: bool) -> Watched:
    with store.unit(now=now, actor=ACTOR) as unit:
        recovered = unit.attempts.recover()
        if ahead := unit.attempts.from_the_future() + unit.inbox.from_the_future():
            log.warning("clock_went_back", messages=ahead)
        expired = unit.outbox.unanswered(now - ANSWER_WITHIN) if settled else []
        for item in expired:
            unit.outbox.expire(item.id, "no receipt within 5 days")
        slow = unit.outbox.late(now - RetryPolicy().warn_after)
        unanswered = unit.outbox.unanswered(now - SILENCE_WARNING)
        for item in unanswered:
            _note_once(unit, item, now)
    for item in expired:
        log.warning("expired", message_id=item.message_id, partner=item.partner)
    _warn("late", slow, told)
    _warn("unanswered", unanswered, told)
    told.intersection_update({item.id for item in (*slow, *unanswered)})
    return Watched(recovered=recovered, expired=len(expired), late=len(slow), unanswered=len(unanswered))


def _note_once(unit: Unit, item: OutboxItem, now: datetime) -> None:
    """After a working day it is a task: its history says so, once."""
    if item.submitted_at is None or not a_working_day_ago(item.submitted_at, now):
        return
    if all(note.event != NO_RECEIPT for note in unit.outbox.notes(item.id)):
        unit.outbox.note(item.id, NO_RECEIPT)


def _warn(event: str, items: Sequence[OutboxItem], told: set[int]) -> None:
    """Once for each message in the life of this process: a warning that is repeated every minute is not read."""
    for item in items:
        if item.id not in told:
            told.add(item.id)
            log.warning(
                event, message_id=item.message_id, partner=item.partner, state=item.state, attempts=item.attempts
            )
