"""Messages on their way out: put with the change they belong to, claimed by a lease, every attempt a record.

The wire bytes and the Message-ID are stored once, before the first attempt; every attempt sends these bytes (habit 5).
"""

import hashlib
import random
import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from gateway.domain.delivery import Outcome, Phase, Shipment, Verdict

from .channels import Channels
from .errors import AlreadyThere, NotThere, StaleClaim
from .schedule import DEFAULT_POLICY, UNCERTAIN_WAIT, RetryPolicy, next_attempt
from .sealing import Sealer
from .states import CLAIMABLE, OutEvent, OutState, move_out
from .tables import CLAIMABLE_SQL, OPEN_SQL, attempts, channels, outbox, outbox_notes

WIRE: Final = "outbox.wire"
SIGNED_ENTITY: Final = "outbox.signed_entity"

LEASE = timedelta(minutes=60)
"""Longer than the sum of all timeouts of one transmission (SM-81, SM-87): about 47 minutes."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be sent."""

    message_id: str  # with angle brackets, as in the header
    kind: str  # plan, iwmo, receipt …: for people and selections
    partner: str
    channel: str  # the way out, a name of the configuration
    sender: str  # envelope sender; empty for receipts (SM-68)
    recipient: str  # the one envelope recipient
    wire: bytes  # the sealed message; sent as is on every attempt
    signed_entity: bytes | None = None  # so that the envelope alone can be made again (SM-15)
    mic: bytes | None = None  # SHA-256 of the signed entity; what the receipt must quote
    wants_receipt: bool = False
    reference: str | None = None  # plan or toewijzing: messages of one reference go in order (SM-90)
    dossier: str | None = None  # whose key encrypts the bytes; without one the key of the day
    not_before: datetime | None = None
    hold: str | None = None  # why it may not leave yet: it starts as `held`


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


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. Without verdict: it runs, or its process died."""

    id: int
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


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to make one attempt, until `until`. `attempt` is the fence: a later claim has another one."""

    id: int
    attempt: int
    until: datetime
    partner: str
    channel: str
    shipment: Shipment


_FIELDS = [outbox.c[name] for name in OutboxItem.__struct_fields__]
_ATTEMPT_FIELDS = [attempts.c[name] for name in Attempt.__struct_fields__]
_NOTE_FIELDS = [outbox_notes.c[name] for name in Note.__struct_fields__]


def _item(row: "sa.Row[Any]") -> OutboxItem:
    return OutboxItem(**row._mapping)


class Outbox:
    """Named queries on the outbox, within one unit of work."""

    def __init__(self, conn: sa.Connection, sealer: Sealer, channels: Channels, now: datetime, actor: str) -> None:
        self._conn, self._sealer, self._channels, self._now, self._actor = conn, sealer, channels, now, actor

    # -- put ---------------------------------------------------------------------------------------------------------

    def put(self, message: Outgoing) -> int:
        """Store a message and its bytes; its number. AlreadyThere if the Message-ID is known."""
        known = self._conn.scalar(sa.select(outbox.c.id).where(outbox.c.message_id == message.message_id))
        if known is not None:
            raise AlreadyThere(f"outgoing message {message.message_id}", known)
        row = self._conn.execute(
            outbox.insert(),
            {
                "message_id": message.message_id,
                "kind": message.kind,
                "partner": message.partner,
                "channel": message.channel,
                "sender": message.sender,
                "recipient": message.recipient,
                "reference": message.reference,
                "dossier": message.dossier,
                "sha256": hashlib.sha256(message.wire).hexdigest(),
                "size": len(message.wire),
                "mic": None if message.mic is None else message.mic.hex(),
                "wants_receipt": message.wants_receipt,
                "state": "new" if message.hold is None else "held",
                "reason": message.hold,
                "created_at": self._now,
                "changed_at": self._now,
                "next_at": message.not_before or self._now,
                "attempts": 0,
            },
        ).inserted_primary_key
        assert row is not None
        number = int(row[0])
        self._sealer.add(WIRE, number, message.wire, message.dossier)
        if message.signed_entity is not None:
            self._sealer.add(SIGNED_ENTITY, number, message.signed_entity, message.dossier)
        return number

    # -- attempts ----------------------------------------------------------------------------------------------------

    def claim(
        self,
        *,
        node: str,
        limit: int = 10,
        channel_names: Collection[str] | None = None,
        lease: timedelta = LEASE,
        policy: RetryPolicy = DEFAULT_POLICY,
        jitter: Callable[[], float] = random.random,
    ) -> list[Claim]:
        """Take what is due, in order: lease, attempt record and the next attempt's time are written before the attempt.

        Nothing of a paused channel, and nothing whose reference has an earlier message that is still open (SM-90).
        A message past its giving-up time is expired here and not handed out.
        """
        claims = []
        for row in self._conn.execute(self._due(limit, channel_names)):
            first_try = row.first_try_at or self._now
            following = next_attempt(policy, row.attempts + 1, first_try, self._now, jitter())
            if following is None:
                state = self._move(row.id, row.message_id, row.state, "expire", reason="given up: too old")
                self._note(row.id, "expire", state, None)
                continue
            claims.append(self._lease(row, node, self._now + lease, first_try, following))
        return claims

    def _due(self, limit: int, channel_names: Collection[str] | None) -> "sa.Select[Any]":
        """Due messages, oldest first."""
        earlier = outbox.alias("earlier")
        blocked = (
            sa.select(sa.literal(1))
            .select_from(earlier)
            .where(
                sa.text(f"earlier.{OPEN_SQL}"),
                earlier.c.partner == outbox.c.partner,
                earlier.c.reference == outbox.c.reference,
                earlier.c.id < outbox.c.id,
            )
            .correlate(outbox)
            .exists()
        )
        paused = sa.select(channels.c.name).where(channels.c.paused_until > self._now)
        query = (
            sa.select(*_FIELDS)
            .where(
                sa.text(f"outbox.{CLAIMABLE_SQL}"),
                outbox.c.next_at <= self._now,
                sa.or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= self._now),
                outbox.c.channel.not_in(paused),
                ~blocked,
            )
            .order_by(outbox.c.next_at, outbox.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=outbox)
        )
        return query if channel_names is None else query.where(outbox.c.channel.in_(channel_names))

    def _lease(self, row: Any, node: str, until: datetime, first_try: datetime, following: datetime) -> Claim:
        shipment = Shipment(
            message_id=row.message_id,
            sender=row.sender,
            recipient=row.recipient,
            envelope_id=secrets.token_hex(16),
            wire=self._sealer.get(WIRE, row.id),
            wants_dsn=row.sender != "",
        )
        made = self._conn.execute(
            attempts.insert(),
            {
                "outbox_id": row.id,
                "due_at": row.next_at,
                "started_at": self._now,
                "envelope_id": shipment.envelope_id,
                "sha256": hashlib.sha256(shipment.wire).hexdigest(),
                "node": node,
            },
        ).inserted_primary_key
        assert made is not None
        self._update(
            row.id,
            attempts=row.attempts + 1,
            first_try_at=first_try,
            next_at=following,
            attempt_id=made[0],
            lease_until=until,
            lease_owner=node,
        )
        return Claim(
            id=row.id, attempt=made[0], until=until, partner=row.partner, channel=row.channel, shipment=shipment
        )

    def start_data(self, claim: Claim) -> None:
        """Write down that DATA is about to be given. StaleClaim: it was cancelled or taken over; do not send."""
        row = self._held_by(claim)
        self._move(row.id, row.message_id, row.state, "data")
        self._conn.execute(attempts.update().where(attempts.c.id == claim.attempt).values(phase="data"))

    def record(self, claim: Claim, outcome: Outcome) -> OutState:
        """Keep the outcome of an attempt; the message's state after it. StaleClaim if it is no longer ours."""
        row = self._held_by(claim)
        self._close_attempt(claim.attempt, outcome)
        self._channels.note(claim.channel, outcome)
        changes: dict[str, Any] = dict(_UNLEASED)
        event: OutEvent = outcome.verdict
        if outcome.verdict == "channel":
            due = self._conn.scalar(sa.select(attempts.c.due_at).where(attempts.c.id == claim.attempt))
            changes |= {"attempts": row.attempts - 1, "next_at": due}
            if row.attempts == 1:
                changes["first_try_at"] = None  # it does not age while the way out is broken
        elif outcome.verdict == "submitted":
            changes["submitted_at"] = self._now
        elif outcome.verdict == "uncertain":
            changes["next_at"] = self._after_uncertain(row)
        return self._move(row.id, row.message_id, row.state, event, reason=_words(outcome), **changes)

    def call_off(self, claim: Claim) -> None:
        """Close the record of an attempt whose claim went stale before DATA; the message is left alone."""
        self._close_attempt(claim.attempt, Outcome(verdict="channel", phase="connect", reason="called off"))

    def _after_uncertain(self, row: Any) -> datetime:
        earliest: datetime = self._now + UNCERTAIN_WAIT
        return earliest if row.next_at is None else max(row.next_at, earliest)

    def _held_by(self, claim: Claim) -> Any:
        row = self._conn.execute(sa.select(outbox).where(outbox.c.id == claim.id)).one_or_none()
        if row is None or row.attempt_id != claim.attempt:
            raise StaleClaim(f"{claim.shipment.message_id}: {StaleClaim.__doc__}")
        return row

    def _close_attempt(self, attempt: int, outcome: Outcome) -> None:
        self._conn.execute(
            attempts.update()
            .where(attempts.c.id == attempt)
            .values(
                ended_at=self._now,
                verdict=outcome.verdict,
                phase=outcome.phase,
                reason=outcome.reason,
                code=outcome.code,
                enhanced=outcome.enhanced,
                text=outcome.text,
                remote=outcome.remote,
                tls=outcome.tls,
            )
        )

    def recover(self, *, node: str | None = None) -> int:
        """Take back what a dead process held: leases that ran out, and at start all of this `node`; how many.

        Whatever was `sending` becomes `uncertain` (SM-87); the rest stays as it was and waits for its next time.
        """
        stale: sa.ColumnElement[bool] = outbox.c.lease_until <= self._now
        if node is not None:
            stale = sa.or_(stale, outbox.c.lease_owner == node)
        rows = self._conn.execute(sa.select(outbox).where(outbox.c.lease_until.is_not(None), stale)).all()
        for row in rows:
            lost = row.state == "sending"
            phase: Phase = "data" if lost else "connect"
            verdict: Verdict = "uncertain" if lost else "deferred"
            self._close_attempt(row.attempt_id, Outcome(verdict=verdict, phase=phase, reason="died"))
            free: dict[str, Any] = dict(_UNLEASED)
            if lost:
                free["next_at"] = self._after_uncertain(row)
                self._move(row.id, row.message_id, row.state, "uncertain", reason="the process stopped", **free)
            else:
                self._update(row.id, **free)
        return len(rows)

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

    # -- a person's verbs --------------------------------------------------------------------------------------------

    def hold(self, number: int, reason: str) -> OutState:
        """Keep it back. An attempt that has not reached DATA is called off."""
        return self._act(number, "hold", reason, **_UNLEASED)

    def release(self, number: int) -> OutState:
        """Let a held message go, now."""
        return self._act(number, "release", None, next_at=self._now)

    def cancel(self, number: int, reason: str) -> OutState:
        """Withdraw what was never handed over, or put away what failed; nothing is removed."""
        return self._act(number, "cancel", reason, **_UNLEASED)

    def retry(self, number: int, reason: str | None = None) -> OutState:
        """Try now, with a new giving-up term; the same bytes. The receiver removes a duplicate."""
        return self._act(number, "retry", reason, next_at=self._now, first_try_at=None, attempts=0)

    def repeat(self, number: int) -> OutState:
        """Send a message that was sent before once more, byte for byte: a receipt for a duplicate (SM-66)."""
        return self._act(number, "repeat", None, next_at=self._now, first_try_at=None, attempts=0)

    def reroute(self, number: int, channel: str) -> OutState:
        """Take another way out."""
        return self._act(number, "reroute", channel, channel=channel, **_UNLEASED)

    def reseal(self, number: int, wire: bytes, reason: str) -> OutState:
        """Put the same signed entity in a new envelope (SM-15): Message-ID and MIC stay, the change is recorded."""
        item = self.get(number)
        self._sealer.replace(WIRE, number, wire, item.dossier)
        new = hashlib.sha256(wire).hexdigest()
        return self._act(number, "reseal", f"{reason}; was sha256 {item.sha256}", sha256=new, size=len(wire))

    def expire(self, number: int, reason: str) -> OutState:
        """Give up waiting for an answer."""
        return self._act(number, "expire", reason)

    # -- questions ---------------------------------------------------------------------------------------------------

    def get(self, number: int) -> OutboxItem:
        """One message; NotThere."""
        if (found := self._one(outbox.c.id == number)) is None:
            raise NotThere(f"outgoing message {number} is not there")
        return found

    def by_message_id(self, message_id: str) -> OutboxItem | None:
        """The message with this Message-ID."""
        return self._one(outbox.c.message_id == message_id)

    def by_envelope_id(self, envelope_id: str) -> OutboxItem | None:
        """The message that an attempt sent under this envelope id (SM-72)."""
        attempt = sa.select(attempts.c.outbox_id).where(attempts.c.envelope_id == envelope_id).scalar_subquery()
        return self._one(outbox.c.id == attempt)

    def list(
        self,
        *,
        states: Sequence[OutState] | None = None,
        partner: str | None = None,
        reference: str | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[OutboxItem]:
        """Messages in order of their number, from the one after `after`."""
        query = sa.select(*_FIELDS).where(outbox.c.id > after).order_by(outbox.c.id).limit(limit)
        if states is not None:
            query = query.where(outbox.c.state.in_(states))
        if partner is not None:
            query = query.where(outbox.c.partner == partner)
        if reference is not None:
            query = query.where(outbox.c.reference == reference)
        return [_item(row) for row in self._conn.execute(query)]

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        query = sa.select(outbox.c.state, sa.func.count()).group_by(outbox.c.state)
        return {row[0]: row[1] for row in self._conn.execute(query)}

    def next_due(self) -> datetime | None:
        """When the next message falls due; None if none waits. Leases and pauses left aside."""
        query = sa.select(outbox.c.next_at).where(sa.text(f"outbox.{CLAIMABLE_SQL}")).order_by(outbox.c.next_at)
        return self._conn.scalar(query.limit(1))

    def unanswered(self, before: datetime, limit: int = 100) -> Sequence[OutboxItem]:
        """Submitted before that time, a receipt wanted, none come (table 9.3)."""
        query = (
            sa.select(*_FIELDS)
            .where(outbox.c.state == "submitted", outbox.c.wants_receipt, outbox.c.submitted_at < before)
            .order_by(outbox.c.id)
            .limit(limit)
        )
        return [_item(row) for row in self._conn.execute(query)]

    def wire(self, number: int) -> bytes:
        """The bytes that every attempt sends."""
        return self._sealer.get(WIRE, number)

    def signed_entity(self, number: int) -> bytes | None:
        """What the signature covers, if it was kept."""
        return self._sealer.find(SIGNED_ENTITY, number)

    def attempts(self, number: int) -> Sequence[Attempt]:
        """All attempts, oldest first."""
        query = sa.select(*_ATTEMPT_FIELDS).where(attempts.c.outbox_id == number).order_by(attempts.c.id)
        return [Attempt(**row._mapping) for row in self._conn.execute(query)]

    def notes(self, number: int) -> Sequence[Note]:
        """Everything else that happened, oldest first."""
        query = sa.select(*_NOTE_FIELDS).where(outbox_notes.c.outbox_id == number).order_by(outbox_notes.c.id)
        return [Note(**row._mapping) for row in self._conn.execute(query)]

    # -- in common ---------------------------------------------------------------------------------------------------

    def _one(self, where: sa.ColumnElement[bool]) -> OutboxItem | None:
        row = self._conn.execute(sa.select(*_FIELDS).where(where)).one_or_none()
        return None if row is None else _item(row)

    def _act(self, number: int, event: OutEvent, detail: str | None, **changes: Any) -> OutState:
        """Move one message by an event from outside an attempt, and note it."""
        query = sa.select(outbox).where(outbox.c.id == number).with_for_update()
        if (row := self._conn.execute(query).one_or_none()) is None:
            raise NotThere(f"outgoing message {number} is not there")
        state = self._move(row.id, row.message_id, row.state, event, reason=detail, **changes)
        self._note(number, event, state, detail)
        return state

    def _move(
        self, number: int, message_id: str, state: OutState, event: OutEvent, reason: str | None = None, **changes: Any
    ) -> OutState:
        target = move_out(message_id, state, event)
        if target not in CLAIMABLE and target != "sending":
            changes["next_at"] = None
        self._update(number, state=target, reason=reason, changed_at=self._now, **changes)
        return target

    def _update(self, number: int, **changes: Any) -> None:
        self._conn.execute(outbox.update().where(outbox.c.id == number).values(**changes))

    def _note(self, number: int, event: str, state: str, detail: str | None) -> None:
        values = {"outbox_id": number, "at": self._now, "actor": self._actor, "event": event, "state": state}
        self._conn.execute(outbox_notes.insert().values(**values, detail=detail))


_UNLEASED: Final[dict[str, Any]] = {"lease_until": None, "lease_owner": None, "attempt_id": None}


def _words(outcome: Outcome) -> str:
    """`failed: address (550 5.1.1)`: the outcome for a list, without the other side's text."""
    words = outcome.verdict if outcome.reason is None else f"{outcome.verdict}: {outcome.reason}"
    codes = " ".join(str(part) for part in (outcome.code, outcome.enhanced) if part is not None)
    return f"{words} ({codes})" if codes else words
