"""Handle what came in: each message by itself, counted before it is tried, so that none can stop or loop the intake."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog

from gateway.store import InboxItem, Store, StoreDown

from .clock import Clock
from .logs import where

log = structlog.get_logger("gateway.handle")

Handler = Callable[[InboxItem, bytes, datetime], None]
"""Opens the raw message; writes effect, replies and `inbox.settle` in one unit. May be called again for a message."""

BATCH = 50
ACTOR = "worker:handle"


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """One message tried."""

    id: int
    state: str  # of the message, after it
    error: str | None = None  # type of the exception that the handler raised


async def handle_inbox(store: Store, handler: Handler, clock: Clock) -> list[Handled]:
    """Try everything that is due until nothing is; what became of each."""
    done: list[Handled] = []
    while items := await asyncio.to_thread(_due, store, clock()):
        for item in items:
            done.append(await asyncio.to_thread(_one, store, handler, item, clock))
    return done


def _due(store: Store, now: datetime) -> list[InboxItem]:
    with store.view(now=now) as view:
        return view.inbox.due(BATCH)


def _one(store: Store, handler: Handler, item: InboxItem, clock: Clock) -> Handled:
    error = None
    with store.unit(now=clock(), actor=ACTOR) as unit:
        raw = unit.inbox.begin(item.id)
    if raw is not None:
        try:
            handler(item, raw, clock())
        except StoreDown:
            # No fault of the message: no room, no server. Counting it would put all mail in quarantine meanwhile.
            with store.unit(now=clock(), actor=ACTOR) as unit:
                unit.inbox.not_tried(item.id)
            raise
        except Exception as caught:
            # The message stays, with a later time; after three tries it goes to quarantine, whole.
            log.error("handling_failed", inbox_id=item.id, tries=item.tries + 1, error=where(caught))
            error = type(caught).__name__
    with store.view(now=clock()) as view:
        return Handled(id=item.id, state=view.inbox.get(item.id).state, error=error)
