"""Fetch from a mailbox: commit the raw bytes, then let the mailbox let go, then mark it (SM-92 … SM-102)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal, Protocol

import msgspec
import structlog

from gateway import securemail
from gateway.domain.delivery import Admission
from gateway.store import Damaged, InboxItem, Place, Raw, Store, Unit
from gateway.transports import Aside, Listed, Mailbox, Unreadable

from .clock import Clock

log = structlog.get_logger("gateway.pickup")

SIZE_MAX = 48_000_000  # bytes: a message of 25 MB of attachments, sealed (SM-16), and a little
BATCH_COUNT = 50  # messages in one commit …
BATCH_BYTES = 16_000_000  # … or so many bytes, whatever the mailbox said of their size
GROUP = 100  # messages that are asked about at once
AT_ONCE = 2_000_000  # bytes that are asked for in one go, of several messages
AHEAD_MAX = 1_000  # SM-102: fetched and not handled yet
ACTOR = "worker:pickup"

LOOK_MAX = 262_144  # bytes of a report that are read to see if it is about a message of ours


class Welcome(Protocol):
    """Who says which mail is fetched. Both may read the store."""

    def by_headers(self, headers: Sequence[bytes]) -> Sequence[Admission]:
        """Judge header blocks."""
        ...

    def by_report(self, raw: bytes) -> Admission:
        """Judge a whole small message whose header said `look`."""
        ...

    def stamp(self) -> object:
        """What was left in the mailbox is judged again only when this changed."""
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


Left = dict[str, object]
"""Messages that were left in the mailbox, and the stamp under which that was decided."""


async def pickup(
    store: Store,
    mailbox: Mailbox,
    clock: Clock,
    *,
    size_max: int = SIZE_MAX,
    welcome: Welcome | None = None,
    keep: timedelta | None = None,
    left: Left | None = None,
    fetched: Callable[[], object] = lambda: None,
) -> Picked:
    """One whole look. MailboxDown goes to the caller; whatever was committed before it stays.

    `welcome` judges by the header: mail that is no partner's and no report of ours is recorded by its header only or
    left where it is, so that strangers cannot fill the store (SM-144). Without it everything is fetched. What is left
    is remembered in `left`, so that ten thousand of them are not read again at every look.

    `keep`: a message is let go of only so long after it was fetched (SM-97). `fetched` is called after each commit with
    something new to handle.

    A crash between any two steps and a second look leave one row a message (SM-94).
    """
    look = _Look(store, mailbox, clock, size_max, welcome, keep, fetched)
    try:
        await look.recall()
        await look.fetch({} if left is None else left)
        await look.let_go()
        return look.total
    finally:
        await mailbox.close()


class _Fetched(msgspec.Struct, frozen=True):
    listed: Listed
    received_at: datetime
    data: bytes
    only_header: Literal["too-large", "stranger"] | None = None


class _Ahead:
    """What was asked of the mailbox for several messages at once. Of a message that is not in it nothing is known."""

    def __init__(self) -> None:
        self.headers: dict[str, bytes] = {}
        self.verdicts: dict[str, Admission] = {}
        self.whole: dict[str, bytes] = {}
        self.asked: set[str] = set()  # for which `whole` was tried, or is not wanted


class _Look:
    """One look at one mailbox."""

    def __init__(
        self,
        store: Store,
        mailbox: Mailbox,
        clock: Clock,
        size_max: int,
        welcome: Welcome | None,
        keep: timedelta | None,
        fetched: Callable[[], object],
    ) -> None:
        self._store, self._mailbox, self._clock = store, mailbox, clock
        self._size_max, self._welcome, self._keep, self._tell = size_max, welcome, keep, fetched
        self.total = Picked()

    # -- what a person or a changed partner asked for ----------------------------------------------------------------

    async def recall(self) -> None:
        """Fetch whole what was recorded by its header and is wanted now (SM-144)."""
        for item, place, header in await asyncio.to_thread(self._wanted):
            if header is None:
                await asyncio.to_thread(self._not_completed, item.id, "is hier beschadigd en zo niet te vinden")
                continue
            aside = Aside(uid=place.uid, header=header, received_at=item.received_at, size=item.size)

            async def complete(data: bytes, number: int = item.id) -> None:
                if await asyncio.to_thread(self._complete, number, data):
                    self._tell()

            try:
                if not await self._mailbox.recall(aside, self._size_max, complete):
                    await asyncio.to_thread(self._not_completed, item.id, "staat niet meer in de postbus")
            except _TooLarge:
                await asyncio.to_thread(self._not_completed, item.id, "is te groot om op te halen")
            except Unreadable as error:
                log.warning("unreadable", account=self._mailbox.account, uid=place.uid, error=str(error))
                await asyncio.to_thread(self._not_completed, item.id, "is niet te lezen")

    def _wanted(self) -> list[tuple[InboxItem, Place, bytes | None]]:
        """With the header that is kept of each; None where it cannot be read any more: one bad row stops no intake."""
        box = self._mailbox
        with self._store.view(now=self._clock()) as view:
            found = view.inbox.wanted(box.source, box.account, box.folder)
            return [(item, place, _header(view, item.id)) for item, place in found]

    def _complete(self, number: int, data: bytes) -> bool:
        """Whether these bytes are new."""
        if len(data) > self._size_max:
            raise _TooLarge
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            new = unit.inbox.complete(number, data)
            unit.audit.write("fetched_whole", f"inbox/{number}")
            for place in unit.places.of(number) if self._mailbox.lets_go_for_good else ():
                unit.places.stands_again(place)
        self._add(new=new, known=not new)
        return new

    def _not_completed(self, number: int, why: str) -> None:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            unit.inbox.not_completed(number, why)
            unit.audit.write("fetched_whole", f"inbox/{number}", outcome="failed")

    # -- what is new -------------------------------------------------------------------------------------------------

    async def fetch(self, left: Left) -> None:
        """Everything new, oldest first, as far as there is room before what was fetched is handled (SM-102)."""
        uids = await self._mailbox.uids()
        fresh, room = await asyncio.to_thread(self._fresh, uids)
        stamp = None if self._welcome is None else await asyncio.to_thread(self._welcome.stamp)
        for gone in left.keys() - set(fresh):
            del left[gone]
        passed_by = sum(uid in left and left[uid] == stamp for uid in fresh)
        self._add(left=passed_by)
        fresh = [uid for uid in fresh if uid not in left or left[uid] != stamp]
        for begin in range(0, len(fresh), GROUP):
            if room <= 0:
                return
            room = await self._group(fresh[begin : begin + GROUP], room, left, stamp)

    def _fresh(self, uids: Sequence[str]) -> tuple[list[str], int]:
        box = self._mailbox
        with self._store.view(now=self._clock()) as view:
            known = view.places.known(
                box.source, box.account, box.folder, uids, let_go_for_good=self._mailbox.lets_go_for_good
            )
            return [uid for uid in uids if uid not in known], AHEAD_MAX - view.inbox.backlog()

    async def _group(self, uids: Sequence[str], room: int, left: Left, stamp: object) -> int:
        """Some messages, committed in batches; the room that is left after them."""
        listed = await self._mailbox.list(uids)
        for uid in set(uids) - {each.uid for each in listed}:
            await self._failed(uid, "the mailbox does not describe it")
        batch: list[_Fetched] = []
        ahead = _Ahead()
        for place, each in enumerate(listed):
            if room <= 0:
                break
            left.pop(each.uid, None)
            if place % BATCH_COUNT == 0:
                await self._judge_ahead(listed[place : place + BATCH_COUNT], ahead)
            if each.uid not in ahead.asked:
                end = place - place % BATCH_COUNT + BATCH_COUNT
                await self._fetch_ahead(listed[place : min(end, place + room)], ahead)
            fetched = await self._fetch(each, ahead)
            if fetched == "left":
                left[each.uid] = stamp
            if not isinstance(fetched, _Fetched):
                continue
            batch.append(fetched)
            room -= fetched.only_header is None
            if len(batch) == BATCH_COUNT or sum(len(one.data) for one in batch) >= BATCH_BYTES:
                await self._commit(batch)
                batch = []
        if batch:
            await self._commit(batch)
        return room

    async def _judge_ahead(self, listed: Sequence[Listed], ahead: "_Ahead") -> None:
        """What can be judged of several by their headers in one go; the others are judged by themselves."""
        welcome = self._welcome
        if welcome is None:
            return
        ahead.headers = dict(await self._mailbox.headers([each.uid for each in listed]))
        verdicts = await asyncio.to_thread(welcome.by_headers, list(ahead.headers.values()))
        ahead.verdicts = dict(zip(ahead.headers, verdicts, strict=True))

    async def _fetch_ahead(self, listed: Sequence[Listed], ahead: "_Ahead") -> None:
        """The first of these, and as many that follow as may be fetched whole and are small, in one go."""
        size, some = 0, []
        for each in listed:
            if each.uid in ahead.asked or size + each.size > AT_ONCE:
                break
            welcome = self._welcome is None or ahead.verdicts.get(each.uid) == "whole"
            if welcome and each.size <= self._size_max:
                size += each.size
                some.append(each.uid)
            ahead.asked.add(each.uid)
        if len(some) > 1:
            ahead.whole = dict(await self._mailbox.fetch_all(some, AT_ONCE))

    async def _fetch(self, listed: Listed, ahead: "_Ahead") -> _Fetched | Literal["left"] | None:
        """The message, or its header if it is a stranger's or too large whatever was said; None if unreadable."""
        mailbox = self._mailbox
        try:
            if self._welcome is not None and (verdict := await self._judge(listed, self._welcome, ahead)) != "whole":
                if verdict == "leave":
                    self._add(left=1)
                    return "left"
                return self._fetched(listed, await self._header(listed.uid, ahead), "stranger")
            if listed.size <= self._size_max:
                data = ahead.whole.pop(listed.uid, None)
                if data is None or len(data) > AT_ONCE:
                    data = await mailbox.fetch(listed.uid, self._size_max)
                if len(data) <= self._size_max:
                    return self._fetched(listed, data)
            return self._fetched(listed, await self._header(listed.uid, ahead), "too-large")
        except Unreadable as error:
            await self._failed(listed.uid, str(error))
            return None

    def _fetched(
        self, listed: Listed, data: bytes, only_header: Literal["too-large", "stranger"] | None = None
    ) -> _Fetched:
        """With the time of its arrival: the mailbox's, else what the provider wrote on it (SM-37)."""
        arrived = listed.received_at or securemail.arrived_at(data) or self._clock()
        return _Fetched(listed, arrived, data, only_header)

    async def _header(self, uid: str, ahead: "_Ahead") -> bytes:
        known = ahead.headers.get(uid)
        return await self._mailbox.header(uid) if known is None else known

    async def _judge(self, listed: Listed, welcome: Welcome, ahead: "_Ahead") -> Admission:
        """A report names what it is about in its body: it is read, but kept only if that is ours."""
        if listed.uid in ahead.verdicts:
            verdict = ahead.verdicts[listed.uid]
        else:
            header = await self._mailbox.header(listed.uid)
            (verdict,) = await asyncio.to_thread(welcome.by_headers, [header])
        if verdict != "look":
            return verdict
        if listed.size > LOOK_MAX:
            return "header"
        raw = await self._mailbox.fetch(listed.uid, LOOK_MAX)
        return "header" if len(raw) > LOOK_MAX else await asyncio.to_thread(welcome.by_report, raw)

    async def _failed(self, uid: str, error: str) -> None:
        failures = await asyncio.to_thread(self._count_failure, uid)
        log.warning("unreadable", account=self._mailbox.account, uid=uid, failures=failures, error=error)
        self._add(unreadable=1)

    def _count_failure(self, uid: str) -> int:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            return unit.places.fetch_failed(self._place(uid))

    async def _commit(self, fetched: list[_Fetched]) -> None:
        if await asyncio.to_thread(self._write, fetched):
            self._tell()
        await self.let_go()

    def _write(self, fetched: list[_Fetched]) -> int:
        """Raw bytes of a whole batch in one commit: before this, nothing was asked of the mailbox but reading.

        How many are new to be handled.
        """
        new, only_header = 0, Counter(each.only_header for each in fetched)
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            for only, some in groupby(fetched, key=lambda each: each.only_header):
                placed = [(self._place(each.listed.uid), each) for each in some]
                if only is None:
                    raws = [Raw(place=place, received_at=each.received_at, data=each.data) for place, each in placed]
                    new += sum(added.new for added in unit.inbox.add_all(raws))
                    continue
                for place, each in placed:
                    unit.inbox.add_header(
                        place, each.received_at, max(each.listed.size, len(each.data)), each.data, only
                    )
        self._add(
            new=new,
            oversize=only_header["too-large"],
            strangers=only_header["stranger"],
            known=only_header[None] - new,
        )
        return new

    # -- letting go --------------------------------------------------------------------------------------------------

    async def let_go(self) -> None:
        """Move what is committed, also what an earlier crash left standing, and mark what no longer stands there."""
        for header_only, let_go in ((False, self._mailbox.release), (True, self._mailbox.set_aside)):
            places = await asyncio.to_thread(self._unmoved, header_only)
            if not places:
                continue
            gone = await let_go([place.uid for place in places])
            moved = [place for place in places if place.uid in gone]
            await asyncio.to_thread(self._mark, moved)
            self._add(moved=len(moved))

    def _unmoved(self, header_only: bool) -> list[Place]:
        box, now = self._mailbox, self._clock()
        until = None if self._keep is None or header_only else now - self._keep
        with self._store.view(now=now) as view:
            return view.places.unmoved(box.source, box.account, box.folder, header_only=header_only, until=until)

    def _mark(self, places: list[Place]) -> None:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            unit.places.moved(places)

    def _place(self, uid: str) -> Place:
        return Place(source=self._mailbox.source, account=self._mailbox.account, folder=self._mailbox.folder, uid=uid)

    def _add(self, **counts: int) -> None:
        now = msgspec.structs.asdict(self.total)
        self.total = Picked(**{name: value + counts.get(name, 0) for name, value in now.items()})


def _header(view: Unit, number: int) -> bytes | None:
    try:
        return view.inbox.raw(number)
    except Damaged:
        return None


class _TooLarge(Exception):
    """What was asked for is larger than what may be fetched."""
