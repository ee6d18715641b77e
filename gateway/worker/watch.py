"""Terms of transport: what dead processes held, what is too late, what nobody answered (table 9.3)."""

import asyncio
from datetime import timedelta

import msgspec
import structlog

from gateway.store import RetryPolicy, Store

from .clock import Clock

log = structlog.get_logger("gateway.watch")

ANSWER_WITHIN = timedelta(days=5)  # table 9.3: after this a missing receipt is `expired`, a task for a person
ACTOR = "worker:watch"


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What a round found."""

    recovered: int  # attempts of processes that died
    expired: int  # submitted messages whose receipt never came
    late: int  # messages that are being tried for longer than four hours


async def watch_outbox(store: Store, clock: Clock) -> Watched:
    """One round."""
    return await asyncio.to_thread(_round, store, clock)


def _round(store: Store, clock: Clock) -> Watched:
    now = clock()
    with store.unit(now=now, actor=ACTOR) as unit:
        recovered = unit.attempts.recover()
        late = unit.outbox.unanswered(now - ANSWER_WITHIN)
        for item in late:
            unit.outbox.expire(item.id, "no receipt within 5 days")
        slow = unit.outbox.late(now - RetryPolicy().warn_after)
    for each in slow:
        log.warning("late", message_id=each.message_id, partner=each.partner, state=each.state, attempts=each.attempts)
    return Watched(recovered=recovered, expired=len(late), late=len(slow))
