"""Messages on their way out: put with the change they belong to, moved by evidence and by people, kept for good.

The wire bytes and the Message-ID are stored once, before the first attempt; every attempt sends these bytes (habit 5).
Attempts are in `attempts.py`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from .errors import AlreadyThere, IllegalMove, NotThere
from .outbox_rows import CONTENT_KEY, DRAFT, FIELDS, UNANSWERED, UNLEASED, WIRE, OutboxItem, moved, write_note
from .prepared import Prepared, among, bound, empty, looked_up, new_numbers, off_index, within, written
from .sealing import Sealer, drop_all
from .states import CLAIMABLE, ENDED, OPEN, OutEvent, OutState
from .tables import any_of, attempts, outbox, outbox_notes, sealed


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be sent."""

    message_id: str  # with angle brackets, as in the header
    kind: str  # plan, WMO301 …, receipt, canary: for people and selections
    partner: str
    channel: str  # the way out, a name of the configuration
    sender: str  # envelope sender; empty for receipts (SM-68)
    recipient: str  # the one envelope recipient
    wire: bytes = b""  # the sealed message; sent as is on every attempt
    draft: bytes | None = None  # in its place: what may not be sealed yet. Without wire bytes nothing can be sent
    content_key: bytes | None = None  # opens the envelope, so that it alone can be made again (SM-15)
    mic: bytes | None = None  # SHA-256 of the signed entity; what the receipt must quote
    wants_receipt: bool = False
    reference: str | None = None  # plan or toewijzing: messages of one reference go in order (SM-90)
    dossier: str | None = None  # whose key encrypts the bytes; without one the key of the day
    not_before: datetime | None = None
    hold: str | None = None  # why it may not leave yet: it starts as `held`


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. Without verdict: it runs, or its process died."""

    started_at: datetime
    ended_at: datetime | None
    envelope_id: str
    sha256: str
    node: str
    verdict: str | None
    phase: str | None
    reason: str | None
    code: int | None
    enhanced: str | None
    text: str | None
    remote: str | None
    tls: str | None


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something else that happened to a message: a person's act, a receipt, a bounce."""

    at: datetime
    actor: str
    event: str
    state: str  # after the event
    detail: str | None


_ATTEMPT_FIELDS = [attempts.c[name] for name in Attempt.__struct_fields__]
_NOTE_FIELDS = [outbox_notes.c[name] for name in Note.__struct_fields__]

_BYTES = (WIRE, CONTENT_KEY, DRAFT)


def _done(before: datetime) -> sa.ColumnElement[bool]:
    """Of what is kept, that which is done: of much more it was forgotten."""
    waits = sa.and_(outbox.c.state == "submitted", outbox.c.wants_receipt)
    done = outbox.c.changed_at < before, outbox.c.state.not_in(OPEN), ~waits
    return looked_up(sealed, outbox.c.id == sealed.c.row_id, *done)


def _item(row: "sa.Row[Any]") -> OutboxItem:
    return OutboxItem(**row._mapping)


def _wire(message: Outgoing) -> bytes | None:
    return message.wire if message.draft is None else None


def _content_key(message: Outgoing) -> bytes | None:
    return message.content_key


def _draft(message: Outgoing) -> bytes | None:
    return message.draft


_KNOWN = Prepared(sa.select(outbox.c.id, outbox.c.message_id).where(among(outbox.c.message_id, "names")))


@cache
def _put_with(names: tuple[str, ...], nulls: frozenset[str]) -> Prepared:
    return Prepared(outbox.insert().values(bound(names, nulls)))


_OPEN, _ENDED = sa.text(any_of(OPEN, "outbox")), sa.text(any_of(ENDED, "outbox"))
_BY_MESSAGE_ID = sa.select(*FIELDS).where(outbox.c.message_id == sa.bindparam("name"))


class Outbox:
    """Named queries on the outbox, within one unit of work."""

    def __init__(self, conn: sa.Connection, sealer: Sealer, now: datetime, actor: str) -> None:
        self._conn, self._sealer, self._now, self._actor = conn, sealer, now, actor

    # -- put ---------------------------------------------------------------------------------------------------------

    def put(self, message: Outgoing) -> int:
        """Store a message and its bytes; its number. AlreadyThere if the Message-ID is known."""
        return self.put_all([message])[0]

    def put_all(self, messages: Sequence[Outgoing]) -> list[int]:
        """Store many at once, in this order; their numbers. AlreadyThere, and none is stored, if one is known."""
        if not messages:
            return []
        names = [message.message_id for message in messages]
        for row in _KNOWN.rows(self._conn, {"names": names}):
            raise AlreadyThere(f"outgoing message {row.message_id}", row.id)
        numbers = new_numbers(self._conn, outbox, len(messages))
        pairs = list(zip(numbers, messages, strict=True))
        rows = [self._row(number, message) for number, message in pairs]
        _put_with(tuple(rows[0]), empty(rows)).many(self._conn, rows)
        for field, value in ((WIRE, _wire), (CONTENT_KEY, _content_key), (DRAFT, _draft)):
            self._sealer.add_all(field, [(n, data, m.dossier) for n, m in pairs if (data := value(m)) is not None])
        return numbers

    def _row(self, number: int, message: Outgoing) -> dict[str, Any]:
        return {
            "id": number,
            "message_id": message.message_id,
            "kind": message.kind,
            "partner": message.partner,
            "channel": message.channel,
            "sender": message.sender,
            "recipient": message.recipient,
            "reference": message.reference,
            "dossier": message.dossier,
            "wants_receipt": message.wants_receipt,
            "sha256": hashlib.sha256(message.wire).hexdigest(),
            "size": len(message.wire),
            "mic": None if message.mic is None else message.mic.hex(),
            "state": "new" if message.hold is None and message.draft is None else "held",
            "reason": message.hold,
            "created_at": self._now,
            "changed_at": self._now,
            "next_at": message.not_before or self._now,
            "attempts": 0,
        }

    # -- evidence from outside ---------------------------------------------------------------------------------------

    def receipt(self, number: int, *, accepted: bool, detail: str | None = None) -> OutState:
        """A valid signed receipt came (SM-70): `received`, or `refused` if it says the payload is of no use."""
        return self._act(number, "receipt" if accepted else "receipt-error", detail)

    def bounce(self, number: int, detail: str | None = None) -> OutState:
        """A delivery status with our envelope id says that it failed (SM-74)."""
        return self._act(number, "bounce", detail)

    def note(self, number: int, event: str, detail: str | None = None) -> None:
        """Keep what proves nothing: a delay, a relayed report, a receipt that does not count."""
        self._note(number, event, self.get(number).state, detail)

    def forget_done(self, before: datetime, limit: int) -> int:
        """Remove the bytes of messages that were done before that time: nothing is sent any more or waited for."""
        forgotten = 0
        for kept in _BYTES:  # each by itself: in one order of three, all that is kept is sorted for each batch
            query = sa.select(sealed.c.row_id).where(sealed.c.field == kept, _done(before)).order_by(sealed.c.row_id)
            numbers = list(self._conn.scalars(query.limit(limit - forgotten)))
            for field in _BYTES:
                drop_all(self._conn, field, numbers)
            forgotten += len(numbers)
            if forgotten == limit:
                break
        return forgotten

    def count_done(self, before: datetime) -> int:
        """How many messages `forget_done` would take."""
        many = sa.select(sa.func.count(sealed.c.row_id.distinct()))
        return self._conn.scalar(many.where(sealed.c.field.in_(_BYTES), _done(before))) or 0

    # -- a person's verbs --------------------------------------------------------------------------------------------

    def hold(self, number: int, reason: str) -> OutState:
        """Keep it back. An attempt that has not reached DATA is called off."""
        return self._act(number, "hold", reason, **UNLEASED)

    def release(self, number: int) -> OutState:
        """Let a held message go, now. IllegalMove while it is a draft: nothing of it may be sent yet."""
        if not self._sealer.has(WIRE, number):
            raise IllegalMove(self.get(number).message_id, "held", "release")
        return self._act(number, "release", None, next_at=self._now)

    def cancel(self, number: int, reason: str) -> OutState:
        """Withdraw what was never handed over, or put away what failed; nothing is removed."""
        return self._act(number, "cancel", reason, **UNLEASED)

    def retry(self, number: int, reason: str | None = None) -> OutState:
        """Try now, with a new giving-up term; the same bytes. The receiver removes a duplicate.

        IllegalMove if the bytes were destroyed with their dossier, or are past their term.
        """
        self._must_be_kept(number, "retry")
        return self._act(number, "retry", reason, next_at=self._now, first_try_at=None, attempts=0)

    def repeat(self, number: int) -> OutState:
        """Send a message that was sent before once more, byte for byte: a receipt for a duplicate (SM-66)."""
        self._must_be_kept(number, "repeat")
        return self._act(number, "repeat", None, next_at=self._now, first_try_at=None, attempts=0)

    def reroute(self, number: int, channel: str) -> OutState:
        """Take another way out."""
        return self._act(number, "reroute", channel, channel=channel, **UNLEASED)

    def reseal(self, number: int, wire: bytes, content_key: bytes | None, mic: bytes, reason: str) -> OutState:
        """Put other sealed bytes in place: the Message-ID stays, the change is recorded.

        The same signed entity in a new envelope (SM-15), so that the MIC stays; or, before any attempt, signed again
        with a new date (SM-55), with another MIC.
        """
        item = self.get(number, stays=True)
        self._sealer.drop(WIRE, number)
        self._sealer.drop(CONTENT_KEY, number)
        new = self._sealed(item, wire, content_key, mic)
        return self._act(number, "reseal", f"{reason}; was sha256 {item.sha256}", **new)

    def seal(self, number: int, wire: bytes, content_key: bytes | None, mic: bytes) -> OutState:
        """A held draft may be sent after all: its bytes take the place of the draft. It stays held until `release`."""
        item = self.get(number, stays=True)
        if not self._sealer.has(DRAFT, number):
            raise IllegalMove(item.message_id, item.state, "seal")
        self._sealer.drop(DRAFT, number)
        return self._act(number, "reseal", "verzegeld", **self._sealed(item, wire, content_key, mic))

    def _sealed(self, item: OutboxItem, wire: bytes, content_key: bytes | None, mic: bytes) -> dict[str, Any]:
        self._sealer.add(WIRE, item.id, wire, item.dossier)
        if content_key is not None:
            self._sealer.add(CONTENT_KEY, item.id, content_key, item.dossier)
        return {"sha256": hashlib.sha256(wire).hexdigest(), "size": len(wire), "mic": mic.hex()}

    def expire(self, number: int, reason: str) -> OutState:
        """Give up waiting for an answer."""
        return self._act(number, "expire", reason)

    # -- questions ---------------------------------------------------------------------------------------------------

    def get(self, number: int, *, stays: bool = False) -> OutboxItem:
        """One message; NotThere. `stays`: nobody else moves it until the end of this unit."""
        if (found := self._one(outbox.c.id == number, stays=stays)) is None:
            raise NotThere(f"outgoing message {number} is not there")
        return found

    def by_message_id(self, message_id: str) -> OutboxItem | None:
        """The message with this Message-ID."""
        row = self._conn.execute(_BY_MESSAGE_ID, {"name": message_id}).one_or_none()
        return None if row is None else _item(row)

    def is_ours(self, message_id: str) -> bool:
        """Whether we sent, or are to send, a message with this Message-ID."""
        return bool(self.ours([message_id]))

    def ours(self, message_ids: Iterable[str]) -> set[str]:
        """`is_ours` for many: those that are."""
        return {row.message_id for row in _KNOWN.rows(self._conn, {"names": list(message_ids)})}

    def by_envelope_id(self, envelope_id: str) -> OutboxItem | None:
        """The message that an attempt sent under this envelope id (SM-72)."""
        attempt = sa.select(attempts.c.outbox_id).where(attempts.c.envelope_id == envelope_id).scalar_subquery()
        return self._one(outbox.c.id == attempt)

    def last(self, *, partner: str, kind: str) -> OutboxItem | None:
        """The newest message of a kind for a partner."""
        query = sa.select(*FIELDS).where(outbox.c.partner == partner, outbox.c.kind == kind)
        row = self._conn.execute(query.order_by(outbox.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else _item(row)

    def list(
        self,
        *,
        states: Sequence[OutState] | None = None,
        partner: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[OutboxItem]:
        """Messages in order of their number, from the one after `after`."""
        if states is None:
            return self._page(None, partner, after, limit)
        # A question for each state is one walk along an index, whatever is in the others.
        found = [item for state in dict.fromkeys(states) for item in self._page(state, partner, after, limit)]
        return sorted(found, key=lambda item: item.id)[:limit]

    def _page(self, state: OutState | None, partner: str | None, after: int, limit: int) -> Sequence[OutboxItem]:
        query, number = sa.select(*FIELDS), outbox.c.id
        if state in OPEN:  # few, in an index that is not in this order
            unordered = off_index(number)
            numbers = sa.select(number).where(_OPEN, off_index(outbox.c.state) == state, unordered > after)
            if partner is not None:
                numbers = numbers.where(off_index(outbox.c.partner) == partner)
            query = query.where(within(number, numbers.order_by(unordered).limit(limit))).order_by(number)
            return [_item(row) for row in self._conn.execute(query)]
        query = query.where(number > after).order_by(number).limit(limit)
        many = state in (None, "submitted", "received")  # more than a partner has, and else fewer
        if state in ENDED and not (many and partner):
            query = query.where(_ENDED, outbox.c.state == written(state))
        elif state is not None:
            query = query.where(off_index(outbox.c.state) == state)
        if partner is not None:
            query = query.where((outbox.c.partner if many else off_index(outbox.c.partner)) == partner)
        return [_item(row) for row in self._conn.execute(query)]

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        state = off_index(outbox.c.state)
        query = sa.select(state, sa.func.count()).select_from(outbox).group_by(state)
        found = {row[0]: row[1] for where in (_OPEN, _ENDED) for row in self._conn.execute(query.where(where))}
        every: int = self._conn.scalar(sa.select(sa.func.count()).select_from(outbox)) or 0
        submitted = every - sum(found.values())
        return found | ({"submitted": submitted} if submitted else {})

    def next_due(self) -> datetime | None:
        """When the next message falls due; None if none waits. Leases and pauses left aside."""
        query = sa.select(outbox.c.next_at).where(sa.text(any_of(CLAIMABLE, "outbox"))).order_by(outbox.c.next_at)
        return self._conn.scalar(query.limit(1))

    def unanswered(self, before: datetime, limit: int = 100) -> Sequence[OutboxItem]:
        """Submitted before that time, a receipt wanted, none come (table 9.3); the longest ago first."""
        query = (
            sa.select(*FIELDS)
            .where(UNANSWERED, outbox.c.submitted_at < before)
            .order_by(outbox.c.submitted_at, outbox.c.id)
            .limit(limit)
        )
        return [_item(row) for row in self._conn.execute(query)]

    def late(self, before: datetime, limit: int = 100) -> Sequence[OutboxItem]:
        """First tried before that time and still not handed over: a warning to a person (table 10.3)."""
        query = (
            sa.select(*FIELDS)
            .where(sa.text(any_of(CLAIMABLE, "outbox")), outbox.c.first_try_at < before)
            .order_by(off_index(outbox.c.id))
            .limit(limit)
        )
        return [_item(row) for row in self._conn.execute(query)]

    def wire(self, number: int) -> bytes:
        """The bytes that every attempt sends."""
        return self._sealer.get(WIRE, number)

    def content_key(self, number: int) -> bytes | None:
        """What opens the envelope of the bytes; None for a message without one."""
        return self._sealer.find(CONTENT_KEY, number)

    def draft(self, number: int) -> bytes | None:
        """What waits to be sealed; None for a message that is sealed."""
        return self._sealer.find(DRAFT, number)

    def waiting_partners(self) -> Sequence[str]:
        """Partners for whom something is not handed over yet."""
        query = sa.select(off_index(outbox.c.partner)).select_from(outbox).where(_OPEN).distinct()
        return list(self._conn.scalars(query))

    def attempts(self, number: int) -> Sequence[Attempt]:
        """All attempts, oldest first."""
        query = sa.select(*_ATTEMPT_FIELDS).where(attempts.c.outbox_id == number).order_by(attempts.c.envelope_id)
        return [Attempt(**row._mapping) for row in self._conn.execute(query)]

    def notes(self, number: int) -> Sequence[Note]:
        """Everything else that happened, oldest first."""
        query = sa.select(*_NOTE_FIELDS).where(outbox_notes.c.outbox_id == number).order_by(outbox_notes.c.id)
        return [Note(**row._mapping) for row in self._conn.execute(query)]

    def is_kept(self, number: int) -> bool:
        """False where the bytes were destroyed with their dossier, or are past their term: it is not sent again."""
        return self._sealer.has(WIRE, number)

    # -- in common ---------------------------------------------------------------------------------------------------

    def _must_be_kept(self, number: int, event: OutEvent) -> None:
        item = self.get(number)
        if not self.is_kept(number):
            raise IllegalMove(f"{item.message_id}, of which the bytes were destroyed", item.state, event)

    def _one(self, where: sa.ColumnElement[bool], *, stays: bool = False) -> OutboxItem | None:
        query = sa.select(*FIELDS).where(where)
        row = self._conn.execute(query.with_for_update() if stays else query).one_or_none()
        return None if row is None else _item(row)

    def _act(self, number: int, event: OutEvent, detail: str | None, **changes: Any) -> OutState:
        """Move one message by an event from outside an attempt, and note it."""
        query = sa.select(outbox).where(outbox.c.id == number).with_for_update()
        if (row := self._conn.execute(query).one_or_none()) is None:
            raise NotThere(f"outgoing message {number} is not there")
        values = moved(row, event, self._now, detail, **changes)
        self._conn.execute(outbox.update().where(outbox.c.id == number).values(**values))
        state: OutState = values["state"]
        self._note(number, event, state, detail)
        return state

    def _note(self, number: int, event: str, state: str, detail: str | None) -> None:
        write_note(self._conn, number, now=self._now, actor=self._actor, event=event, state=state, detail=detail)
