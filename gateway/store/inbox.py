"""Messages that came in: raw bytes first, then what was made of them. Nothing is dropped (SM-92, SM-94, SM-103)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from .errors import Damaged, IllegalMove, NotThere
from .places import PLACE, Place, Places, in_box
from .prepared import Prepared, among, bound, empty, looked_up, new_numbers, within
from .sealing import Sealer, drop_all
from .states import HEADER_ONLY, InEvent, InState, move_in
from .tables import INBOX_NEW_SQL, INBOX_WANTED_SQL, inbox, inbox_places, sealed

RAW: Final = "inbox.raw"

MAX_TRIES = 3  # a message whose handling dies this often is poison: to quarantine, so that it stops nobody
TRY_WAIT = timedelta(minutes=1)  # before a message whose handling failed is tried again


class Raw(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it came from a mailbox."""

    place: Place
    received_at: datetime  # the mailbox's time: what certificates and dates are judged by
    data: bytes  # as it stood there, whole


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What `add` found. `new` is false for bytes that were here already (SM-95)."""

    id: int
    new: bool


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the inbox, without its bytes."""

    id: int
    sha256: str
    size: int
    received_at: datetime
    fetched_at: datetime
    state: InState
    reason: str | None
    detail: str | None
    partner: str | None
    message_id: str | None
    mic: str | None
    dossier: str | None
    tries: int
    next_at: datetime | None
    settled_at: datetime | None
    rules: str | None = None  # version of the rules that judged it (SM-103)
    wanted_at: datetime | None = None  # only its header is here, and it is to be fetched whole


class Settled(msgspec.Struct, frozen=True):
    """What became of a message. Reason and detail are of this event; any other that is None stays as it is known.

    With its `dossier` the raw mail is destroyed when that is (SM-147).
    """

    number: int
    event: InEvent
    reason: str | None = None
    detail: str | None = None
    partner: str | None = None
    message_id: str | None = None
    mic: bytes | None = None
    dossier: str | None = None
    rules: str | None = None


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What mail that nobody vouches for takes in the store."""

    entries: int
    bytes: int


# Refused before its sender was known, so that anybody can send it (SM-144); the others passed step 11.
UNPROVEN_NOT = ("headers", "not-for-us", "date", "conflict", "payload", "crash", "damaged")
HEADER_SIZE = 65_536  # at most this much is kept of a message that was not fetched whole

_FIELDS = [inbox.c[name] for name in InboxItem.__struct_fields__]
_TIMES = ("received_at", "fetched_at", "next_at", "settled_at", "wanted_at")

_BY_DIGESTS = Prepared(sa.select(inbox.c.id, inbox.c.sha256).where(among(inbox.c.sha256, "digests")))
_SOME = sa.select(*_FIELDS).where(among(inbox.c.id, "numbers")).order_by(inbox.c.id)
_BY_NUMBERS = Prepared(_SOME)
_TO_STAY = Prepared(_SOME.with_for_update())
_STATES = Prepared(
    sa.select(inbox.c.id, inbox.c.state).where(among(inbox.c.id, "numbers")).order_by(inbox.c.id).with_for_update()
)


@cache
def _add(names: tuple[str, ...]) -> Prepared:
    return Prepared(inbox.insert().values(bound(names)))


@cache
def _change(names: tuple[str, ...], nulls: frozenset[str]) -> Prepared:
    """Write these columns of the row `number`."""
    return Prepared(inbox.update().where(inbox.c.id == sa.bindparam("number")).values(bound(names, nulls)))


class Inbox:
    """Named queries on the inbox, within one unit of work."""

    def __init__(self, conn: sa.Connection, sealer: Sealer, places: Places, now: datetime) -> None:
        self._conn, self._sealer, self._places, self._now = conn, sealer, places, now

    # -- from the mailbox --------------------------------------------------------------------------------------------

    def backlog(self) -> int:
        """How many messages were fetched and not handled yet (SM-102)."""
        return (
            self._conn.scalar(sa.select(sa.func.count()).select_from(inbox).where(sa.text(f"inbox.{INBOX_NEW_SQL}")))
            or 0
        )

    def add(self, raw: Raw) -> Added:
        """Keep a message, new to be handled. The same place or the same bytes again add nothing (SM-94, SM-95)."""
        return self.add_all([raw])[0]

    def add_all(self, raws: Sequence[Raw]) -> "list[Added]":
        """`add` for many, in this order."""
        digests = [hashlib.sha256(raw.data).hexdigest() for raw in raws]
        known = {row.sha256: row.id for row in _BY_DIGESTS.rows(self._conn, {"digests": digests})}
        fresh: dict[str, Raw] = {}
        added = []
        for digest, raw in zip(digests, raws, strict=True):
            added.append(digest not in known and digest not in fresh)
            if added[-1]:
                fresh[digest] = raw
        numbers = new_numbers(self._conn, inbox, len(fresh))
        given = {"fetched_at": self._now, "tries": 0, "state": "new", "next_at": self._now}
        rows = [
            {"id": number, "sha256": digest, "size": len(raw.data), "received_at": raw.received_at, **given}
            for number, (digest, raw) in zip(numbers, fresh.items(), strict=True)
        ]
        if rows:
            _add(tuple(rows[0])).many(self._conn, rows)
        kept = zip(numbers, fresh.values(), strict=True)
        self._sealer.add_all(RAW, [(number, raw.data, None) for number, raw in kept])
        known |= dict(zip(fresh, numbers, strict=True))
        self._places.found({raw.place: known[digest] for digest, raw in zip(digests, raws, strict=True)})
        return [Added(id=known[digest], new=new) for digest, new in zip(digests, added, strict=True)]

    def add_header(self, place: Place, received_at: datetime, size: int, header: bytes, reason: str) -> Added:
        """Keep only the header of a message that is not fetched, in quarantine: too-large, stranger (SM-93, SM-144)."""
        digest = hashlib.sha256(repr(place).encode() + header).hexdigest()
        known = {row.sha256: row.id for row in _BY_DIGESTS.rows(self._conn, {"digests": [digest]})}
        if (number := known.get(digest)) is None:
            (number,) = new_numbers(self._conn, inbox, 1)
            row = {"id": number, "sha256": digest, "size": size, "received_at": received_at, "fetched_at": self._now}
            row |= {"tries": 0, "state": "quarantined", "reason": reason, "settled_at": self._now}
            _add(tuple(row)).many(self._conn, [row])
            self._sealer.add(RAW, number, header)
        self._places.found({place: number})
        return Added(id=number, new=not known)

    def want(self, number: int) -> bool:
        """Of this message only the header is here: let the next look fetch it whole; False if that is asked already."""
        item = self.get(number)
        if item.state != "quarantined" or item.reason not in HEADER_ONLY:
            raise IllegalMove(f"incoming message {number}, which is here whole", item.state, "reopen")
        if item.wanted_at is not None:
            return False
        self._conn.execute(inbox.update().where(inbox.c.id == number).values(wanted_at=self._now))
        return True

    def wanted(self, source: str, account: str, folder: str, limit: int = 100) -> "list[tuple[InboxItem, Place]]":
        """What this mailbox is to be asked for whole, and where it was found; the first asked for first."""
        asked_for = sa.text(f"inbox.{INBOX_WANTED_SQL}")
        query = (
            sa.select(*_FIELDS, *(column.label(f"place_{column.name}") for column in PLACE))
            .join(inbox_places, inbox_places.c.inbox_id == inbox.c.id)
            .where(asked_for, within(inbox_places.c.inbox_id, sa.select(inbox.c.id).where(asked_for)))
            .where(*in_box(source, account, folder))
            .order_by(inbox.c.wanted_at, inbox.c.id)
            .limit(limit)
        )
        return [
            (
                InboxItem(**{name: row._mapping[name] for name in InboxItem.__struct_fields__}),
                Place(**{name: row._mapping[f"place_{name}"] for name in Place.__struct_fields__}),
            )
            for row in self._conn.execute(query)
        ]

    def complete(self, number: int, data: bytes) -> bool:
        """The whole message in place of its header, new to be handled; False if these bytes were here already."""
        digest = hashlib.sha256(data).hexdigest()
        where = inbox.c.id == number
        if self._conn.scalar(sa.select(inbox.c.id).where(inbox.c.sha256 == digest)) is not None:
            self.not_completed(number, "is al heel opgehaald")
            return False
        self._sealer.replace(RAW, number, data)
        fresh = {"state": "new", "tries": 0, "next_at": self._now, "settled_at": None, "wanted_at": None}
        values = {"sha256": digest, "size": len(data), "reason": None, "detail": None, **fresh}
        self._conn.execute(inbox.update().where(where).values(**values))
        return True

    def not_completed(self, number: int, why: str) -> None:
        """It could not be fetched whole; it stays in quarantine by its header."""
        self._conn.execute(inbox.update().where(inbox.c.id == number).values(wanted_at=None, detail=why))

    # -- handling ----------------------------------------------------------------------------------------------------

    def due(self, limit: int = 100) -> list[InboxItem]:
        """What waits to be handled, oldest first (SM-102)."""
        query = (
            sa.select(*_FIELDS)
            .where(sa.text(f"inbox.{INBOX_NEW_SQL}"), inbox.c.next_at <= self._now)
            .order_by(inbox.c.next_at, inbox.c.id)
            .limit(limit)
        )
        return [InboxItem(**row._mapping) for row in self._conn.execute(query)]

    def begin(self, number: int) -> bytes | None:
        """`begin_all` for one, whether or not it is due."""
        return self.begin_all([number], early=True).get(number)

    def begin_all(self, numbers: Sequence[int], *, early: bool = False) -> dict[int, bytes]:
        """Count a try before it is made and give the raw bytes, without those settled or tried too often. NotThere.

        Nor those that another process began since they were seen to be due, unless they may be begun `early`.
        A message whose handling kills the process comes back `MAX_TRIES` times and then goes to quarantine.
        """
        items = [item for item in self._some(numbers, _TO_STAY) if item.state == "new"]
        if not early:
            items = [item for item in items if item.next_at is None or item.next_at <= self._now]
        for item in items:
            if item.tries >= MAX_TRIES:
                self.settle(
                    Settled(item.id, "quarantined", reason="crash", detail=f"handling failed {item.tries} times")
                )
        tried = [item for item in items if item.tries < MAX_TRIES]
        kept = self._sealer.find_all(RAW, [item.id for item in tried])
        begun, counted = {}, []
        for item in tried:
            try:
                begun[item.id] = self._raw(item.id, kept.get(item.id))
            except (Damaged, NotThere) as error:
                self.settle(Settled(item.id, "quarantined", reason="damaged", detail=str(error)))
                continue
            next_at = self._now + TRY_WAIT * 2**item.tries
            counted.append({"number": item.id, "tries": item.tries + 1, "next_at": next_at})
        _change(("tries", "next_at"), frozenset()).many(self._conn, counted)
        return begun

    def _raw(self, number: int, kept: Any) -> bytes:
        if kept is None:
            raise NotThere(f"{RAW} of row {number} is not there")
        return self._sealer.open(RAW, number, kept.key_id, kept.data)

    def not_tried(self, number: int) -> None:
        """The try that was counted said nothing of the message: the surroundings failed. It keeps its later time."""
        mine = inbox.c.id == number, inbox.c.state == "new", inbox.c.tries > 0
        self._conn.execute(inbox.update().where(*mine).values(tries=inbox.c.tries - 1))

    def from_the_future(self) -> int:
        """What waits longer than any try makes it wait was written by a clock that was ahead: due now; how many."""
        late = sa.text(INBOX_NEW_SQL), inbox.c.next_at > self._now + 2 * TRY_WAIT * 2**MAX_TRIES
        return self._conn.execute(inbox.update().where(*late).values(next_at=self._now)).rowcount

    def settle(self, settled: Settled) -> InState:
        """What became of it, in the transaction of its effect. IllegalMove if another node settled it first."""
        return self.settle_all([settled])[0]

    def settle_all(self, settled: Sequence[Settled]) -> "list[InState]":
        """`settle` for many; their states, in this order. IllegalMove, and none is settled, if one was."""
        if not settled:
            return []
        found = {row.id: row.state for row in _STATES.rows(self._conn, {"numbers": [one.number for one in settled]})}
        states: list[InState] = []
        alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for one in settled:
            if one.number not in found:
                raise NotThere(f"incoming message {one.number} is not there")
            states.append(move_in(f"incoming message {one.number}", found[one.number], one.event))
            row: dict[str, Any] = {"number": one.number, "state": states[-1], "settled_at": self._now, "next_at": None}
            row |= {"reason": None, "detail": None}
            told = msgspec.structs.asdict(one) | {"mic": None if one.mic is None else one.mic.hex()}
            row |= {name: value for name, value in told.items() if value is not None and name != "event"}
            alike.setdefault(tuple(row), []).append(row)
        for (_, *names), rows in alike.items():
            _change(tuple(names), empty(rows)).many(self._conn, rows)
        return states

    def reopen(self, number: int) -> None:
        """Handle a quarantined message again, from the same bytes and the same mailbox time (SM-104)."""
        (item,) = self._some([number], _TO_STAY)
        if item.reason in HEADER_ONLY:
            raise IllegalMove(f"incoming message {number}, of which only the header is here", item.state, "reopen")
        if not self._sealer.has(RAW, number):
            raise IllegalMove(
                f"incoming message {number}, of which the bytes are past their term", item.state, "reopen"
            )
        move_in(f"incoming message {number}", item.state, "reopen")
        fresh = {"state": "new", "tries": 0, "next_at": self._now, "settled_at": None}
        self._conn.execute(inbox.update().where(inbox.c.id == number).values(**fresh))

    def reopen_all(self, reasons: Sequence[str]) -> int:
        """Handle again everything that is in quarantine for one of these reasons; how many (SM-104)."""
        fresh = {"state": "new", "tries": 0, "next_at": self._now, "settled_at": None}
        whole = [reason for reason in reasons if reason not in HEADER_ONLY]
        where = inbox.c.state == "quarantined", inbox.c.reason.in_(whole), _kept()
        return self._conn.execute(inbox.update().where(*where).values(**fresh)).rowcount

    def forget(self, number: int) -> None:
        """Remove its bytes; the row with its times, hash and outcome stays."""
        self._sealer.drop(RAW, number)

    def forget_done(self, before: datetime, limit: int) -> int:
        """Remove the bytes of messages that were settled before that time."""
        query = sa.select(sealed.c.row_id).where(*_done(before)).order_by(sealed.c.row_id).limit(limit)
        return drop_all(self._conn, RAW, list(self._conn.scalars(query)))

    def count_done(self, before: datetime) -> int:
        """How many messages `forget_done` would take."""
        return self._conn.scalar(sa.select(sa.func.count()).select_from(sealed).where(*_done(before))) or 0

    # -- questions ---------------------------------------------------------------------------------------------------

    def get(self, number: int) -> InboxItem:
        """One message; NotThere."""
        (item,) = self._some([number])
        return item

    def states(self, numbers: Sequence[int]) -> dict[int, InState]:
        """Where these messages stand; NotThere."""
        return {item.id: item.state for item in self._some(numbers)}

    def _some(self, numbers: Sequence[int], query: Prepared = _BY_NUMBERS) -> "list[InboxItem]":
        rows = query.rows(self._conn, {"numbers": [*numbers]})
        if missing := set(numbers) - {row.id for row in rows}:
            raise NotThere(f"incoming message {min(missing)} is not there")
        return [_item(row._asdict()) for row in rows]

    def raw(self, number: int) -> bytes:
        """The bytes as they came."""
        return self._sealer.get(RAW, number)

    def list(
        self,
        *,
        states: Sequence[InState] | None = None,
        reason: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[InboxItem]:
        """Messages in order of their number, from the one after `after`."""
        query = sa.select(*_FIELDS).where(inbox.c.id > after).order_by(inbox.c.id).limit(limit)
        if states is not None:
            query = query.where(inbox.c.state.in_(states))
        if reason is not None:
            query = query.where(inbox.c.reason == reason)
        return [InboxItem(**row._mapping) for row in self._conn.execute(query)]

    def unproven(self) -> Load:
        """How much mail is in quarantine of which nobody knows who sent it (SM-144)."""
        kept = sa.case(
            (sa.and_(inbox.c.reason.in_(HEADER_ONLY), inbox.c.size > HEADER_SIZE), HEADER_SIZE), else_=inbox.c.size
        )
        query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(kept), 0)).where(
            inbox.c.state == "quarantined", inbox.c.reason.not_in(UNPROVEN_NOT)
        )
        count, size = self._conn.execute(query).one()
        return Load(entries=count, bytes=int(size))

    def refused_since(self, since: datetime, reasons: Sequence[str], *, partner: str | None = None) -> int:
        """How many messages (of one partner) fetched since that time are in quarantine for one of these reasons."""
        query = sa.select(sa.func.count()).where(
            inbox.c.state == "quarantined", inbox.c.reason.in_(reasons), inbox.c.fetched_at > since
        )
        if partner is not None:
            query = query.where(inbox.c.partner == partner)
        return self._conn.scalar(query) or 0

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        query = sa.select(inbox.c.state, sa.func.count()).group_by(inbox.c.state)
        return {row[0]: row[1] for row in self._conn.execute(query)}


def _item(values: dict[str, Any]) -> InboxItem:
    """Of a row as the driver gives it."""
    for name in _TIMES:
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    return InboxItem(**values)


def _kept() -> sa.ColumnElement[bool]:
    return looked_up(inbox, sealed.c.field == RAW, sealed.c.row_id == inbox.c.id)


def _done(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Of what is kept, that which is done: of much more it was forgotten."""
    return sealed.c.field == RAW, looked_up(sealed, inbox.c.id == sealed.c.row_id, inbox.c.settled_at < before)
