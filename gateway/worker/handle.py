"""Handle what came in: each message by itself, counted before it is tried, so that none can stop or loop the intake."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import groupby
from typing import Protocol, runtime_checkable

import msgspec
import structlog

from gateway.store import InboxItem, Store, StoreDown

from .clock import Clock
from .logs import where

log = structlog.get_logger("gateway.handle")

Handler = Callable[[InboxItem, bytes, datetime], None]
"""Opens the raw message; writes effect, replies and `inbox.settle` in one unit. May be called again for a message."""


@runtime_checkable
class Together(Protocol):
    """A handler that does part of its work for several messages at once."""

    def __call__(self, item: InboxItem, raw: bytes, now: datetime, /) -> None:
        """`Handler`, for a message by itself."""
        ...

    def together(self, some: Sequence[tuple[InboxItem, bytes]], clock: Clock, /) -> AbstractContextManager[Handler]:
        """The handler for each of these, within `Store.together`. What the end raises undid all of them."""
        ...


BATCH = 100
TOGETHER = 50  # messages that share a commit: who else wants to write waits for so many, a tenth of a second …
SMALL = 250_000  # … of at most so many bytes: with documents, a commit is not what a message costs
ACTOR = "worker:handle"


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """One message tried."""

    id: int
    state: str  # of the message, after it
    error: str | None = None  # type of the exception that the handler raised


async def handle_inbox(store: Store, handler: Handler | Together, clock: Clock) -> list[Handled]:
    """Try everything that is due until nothing is; what became of each.

    Messages that were never tried share a commit, a few at a time. After a crash in the midst of them each is tried
    by itself, so that only the one that caused it can come to its last try.
    """
    done: list[Handled] = []
    while items := await asyncio.to_thread(_due, store, clock()):
        for some in _groups(items):
            done += await asyncio.to_thread(_try, store, handler, some, clock)
    return done


def _due(store: Store, now: datetime) -> list[InboxItem]:
    with store.view(now=now) as view:
        return view.inbox.due(BATCH)


def _groups(items: Sequence[InboxItem]) -> Iterator[Sequence[InboxItem]]:
    for fresh, some in groupby(items, key=lambda item: item.tries == 0 and item.size <= SMALL):
        run = list(some)
        step = TOGETHER if fresh else 1
        yield from (run[first : first + step] for first in range(0, len(run), step))


def _try(store: Store, handler: Handler | Together, items: Sequence[InboxItem], clock: Clock) -> list[Handled]:
    with store.unit(now=clock(), actor=ACTOR) as unit:
        raws = unit.inbox.begin_all([item.id for item in items])
    some = [(item, raws.pop(item.id)) for item in items if item.id in raws]
    try:
        errors = _all(store, handler, some, clock)
    except StoreDown:
        # No fault of the messages: no room, no server. Counting it would put all mail in quarantine meanwhile.
        with store.unit(now=clock(), actor=ACTOR) as unit:
            for item, _ in some:
                unit.inbox.not_tried(item.id)
        raise
    with store.view(now=clock()) as view:
        states = view.inbox.states([item.id for item in items])
    return [Handled(id=item.id, state=states[item.id], error=errors.get(item.id)) for item in items]


def _all(
    store: Store, handler: Handler | Together, some: Sequence[tuple[InboxItem, bytes]], clock: Clock
) -> dict[int, str]:
    """Handle these in one commit, or one by one if something goes wrong with what is done for all of them."""
    if len(some) > 1:
        shared = handler.together(some, clock) if isinstance(handler, Together) else _plainly(store, handler)
        try:
            with shared as one:
                return _each(one, some, clock)
        except StoreDown:
            raise
        except Exception as caught:
            # Nothing of any of them was written. By itself the one that caused it is told from the others.
            log.error("handling_together_failed", messages=len(some), error=where(caught))
    return _each(handler, some, clock)


@contextmanager
def _plainly(store: Store, handler: Handler) -> Iterator[Handler]:
    with store.together():
        yield handler


def _each(handler: Handler, some: Sequence[tuple[InboxItem, bytes]], clock: Clock) -> dict[int, str]:
    """By number the type of the exception that the handler raised."""
    tried = {item.id: _handle(handler, item, raw, clock()) for item, raw in some}
    return {number: error for number, error in tried.items() if error is not None}


def _handle(handler: Handler, item: InboxItem, raw: bytes, now: datetime) -> str | None:
    """Type of the exception that the handler raised."""
    try:
        handler(item, raw, now)
    except StoreDown:
        raise
    except Exception as caught:
        # The message stays, with a later time; after three tries it goes to quarantine, whole.
        log.error("handling_failed", inbox_id=item.id, tries=item.tries + 1, error=where(caught))
        return type(caught).__name__
    return None
