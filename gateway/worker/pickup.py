"""Fetch from a mailbox: commit the raw bytes, then let the mailbox let go, then mark it (SM-92 … SM-102)."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec
import structlog

from gateway.domain.delivery import Admission
from gateway.store import Place, Raw, Store
from gateway.transports import Listed, Mailbox, Unreadable

from .clock import Clock

log = structlog.get_logger("gateway.pickup")

SIZE_MAX = 48_000_000  # bytes: a message of 25 MB of attachments, sealed (SM-16), and a little
BATCH_COUNT = 50  # messages in one commit …
BATCH_BYTES = 16_000_000  # … and in memory at once
ACTOR = "worker:pickup"


LOOK_MAX = 262_144  # bytes of a report that are read to see if it is about a message of ours


class Welcome(Protocol):
    """Who says which mail is fetched. Both may read the store."""

    def by_header(self, header: bytes) -> Admission:
        """Judge a header block."""
        ...

    def by_report(self, raw: bytes) -> Admission:
        """Judge a whole small message whose header said `look`."""
        ...


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a mailbox gave."""

    new: int = 0  # messages that were not here before
    known: int = 0  # the same bytes again, or a move that a crash left undone
    oversize: int = 0
    strangers: int = 0  # mail of which only the header was fetched (SM-144)
    left: int = 0  # stays in the mailbox, unread: no room for what nobody vouches for
    unreadable: int = 0
    moved: int = 0


async def pickup(
    store: Store,
    mailbox: Mailbox,
    clock: Clock,
    *,
    size_max: int = SIZE_MAX,
    welcome: Welcome | None = None,
) -> Picked:
    """One whole look. MailboxDown goes to the caller; whatever was committed before it stays.

    `welcome` judges by the header: mail that is no partner's and no report of ours is recorded by its header only or
    left where it is, so that strangers cannot fill the store (SM-144). Without it everything is fetched.

    A crash between any two steps and a second look leave one row a message (SM-94).
    """
    total = Picked()
    try:
        listed = await mailbox.list()
        known = await asyncio.to_thread(_known, store, [_place(mailbox, each) for each in listed], clock)
        fresh = [each for each in listed if _place(mailbox, each) not in known]
        for batch in _batches(fresh):
            picked = [await _fetch(store, mailbox, each, clock, size_max, welcome) for each in batch]
            kept = [p for p in picked if isinstance(p, _Fetched)]
            total = await asyncio.to_thread(_commit, store, mailbox, kept, clock, total)
            failed, left = sum(p is None for p in picked), sum(isinstance(p, _Left) for p in picked)
            total = msgspec.structs.replace(total, unreadable=total.unreadable + failed, left=total.left + left)
            total = await _let_go(store, mailbox, clock, total)
        return await _let_go(store, mailbox, clock, total)
    finally:
        await mailbox.close()


class _Fetched(msgspec.Struct, frozen=True):
    listed: Listed
    data: bytes
    only_header: Literal["too-large", "stranger"] | None = None


class _Left(msgspec.Struct, frozen=True):
    """Nothing was kept of it."""


def _place(mailbox: Mailbox, listed: Listed) -> Place:
    return Place(source=mailbox.source, account=mailbox.account, folder=mailbox.folder, uid=listed.uid)


def _known(store: Store, places: list[Place], clock: Clock) -> set[Place]:
    with store.view(now=clock()) as view:
        return view.inbox.known(places)


def _batches(listed: Sequence[Listed]) -> list[list[Listed]]:
    batches: list[list[Listed]] = []
    room = 0
    for each in listed:
        if not batches or len(batches[-1]) == BATCH_COUNT or room < each.size:
            batches.append([])
            room = BATCH_BYTES
        batches[-1].append(each)
        room -= each.size
    return batches


async def _fetch(
    store: Store,
    mailbox: Mailbox,
    listed: Listed,
    clock: Clock,
    size_max: int,
    welcome: Welcome | None,
) -> _Fetched | _Left | None:
    """The message, or its header if it is a stranger's or too large whatever was said; None if it cannot be read."""
    try:
        if welcome is not None and (verdict := await _judge(mailbox, listed, welcome)) != "whole":
            if verdict == "leave":
                return _Left()
            return _Fetched(listed, await mailbox.header(listed.uid), "stranger")
        if listed.size <= size_max:
            data = await mailbox.fetch(listed.uid, size_max)
            if len(data) <= size_max:
                return _Fetched(listed, data)
        return _Fetched(listed, await mailbox.header(listed.uid), "too-large")
    except Unreadable as error:
        failures = await asyncio.to_thread(_failed, store, _place(mailbox, listed), clock())
        log.warning("unreadable", account=mailbox.account, uid=listed.uid, failures=failures, error=str(error))
        return None


async def _judge(mailbox: Mailbox, listed: Listed, welcome: Welcome) -> Admission:
    """A report names what it is about in its body: it is read, but kept only if that is ours."""
    verdict = await asyncio.to_thread(welcome.by_header, await mailbox.header(listed.uid))
    if verdict != "look":
        return verdict
    if listed.size > LOOK_MAX:
        return "header"
    raw = await mailbox.fetch(listed.uid, LOOK_MAX)
    return "header" if len(raw) > LOOK_MAX else await asyncio.to_thread(welcome.by_report, raw)


def _failed(store: Store, place: Place, now: datetime) -> int:
    with store.unit(now=now, actor=ACTOR) as unit:
        return unit.inbox.fetch_failed(place)


def _commit(store: Store, mailbox: Mailbox, fetched: list[_Fetched], clock: Clock, total: Picked) -> Picked:
    """Raw bytes of a whole batch in one commit: before this, nothing was asked of the mailbox but reading."""
    new, only_header = 0, Counter(each.only_header for each in fetched)
    with store.unit(now=clock(), actor=ACTOR) as unit:
        for each in fetched:
            place, received_at = _place(mailbox, each.listed), each.listed.received_at
            if each.only_header is not None:
                size = max(each.listed.size, len(each.data))
                unit.inbox.add_header(place, received_at, size, each.data, each.only_header)
            else:
                new += unit.inbox.add(Raw(place=place, received_at=received_at, data=each.data)).new
    return msgspec.structs.replace(
        total,
        new=total.new + new,
        oversize=total.oversize + only_header["too-large"],
        strangers=total.strangers + only_header["stranger"],
        known=total.known + only_header[None] - new,
    )


async def _let_go(store: Store, mailbox: Mailbox, clock: Clock, total: Picked) -> Picked:
    """Move what is committed, also what an earlier crash left standing, and mark what no longer stands there."""
    for header_only, let_go in ((False, mailbox.release), (True, mailbox.set_aside)):
        places = await asyncio.to_thread(_unmoved, store, mailbox, clock(), header_only)
        if not places:
            continue
        gone = await let_go([place.uid for place in places])
        moved = [place for place in places if place.uid in gone]
        await asyncio.to_thread(_mark, store, moved, clock())
        total = msgspec.structs.replace(total, moved=total.moved + len(moved))
    return total


def _unmoved(store: Store, mailbox: Mailbox, now: datetime, header_only: bool) -> list[Place]:
    with store.view(now=now) as view:
        return view.inbox.unmoved(mailbox.source, mailbox.account, mailbox.folder, header_only=header_only)


def _mark(store: Store, places: list[Place], now: datetime) -> None:
    with store.unit(now=now, actor=ACTOR) as unit:
        for place in places:
            unit.inbox.moved(place)
