"""Attempts: the right to make one, what was written before it, and what came of it.

Everything works on many messages at once, because a commit costs more than all the rest: a worker claims, starts and
records in batches. One attempt is told from another by its envelope id, new for each transmission (SM-71); the row of
the outbox quotes the one that holds its lease, which is the fence against outcomes that come too late.
"""

import random
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from gateway.domain.delivery import Outcome, Phase, Shipment, Verdict

from .channels import Channels
from .errors import Damaged, StaleClaim
from .jobs import DELIVER, of_node
from .outbox_rows import FIELDS, UNLEASED, WIRE, OutboxItem, moved, write_note
from .prepared import Prepared, among, bound, empty, looked_up, off_index
from .schedule import CHANNEL_MAX, DEFAULT_POLICY, UNCERTAIN_WAIT, RetryPolicy, next_attempt, next_open
from .sealing import Sealer
from .states import CLAIMABLE, OPEN, OutEvent, OutState
from .tables import Utc, any_of, attempts, channels, jobs, outbox, sealed

LEASE = timedelta(minutes=60)
"""Longer than the sum of all timeouts of one transmission (SM-81, SM-87): about 47 minutes."""

CLOCKS_DIFFER = timedelta(minutes=10)  # of two nodes, at most; more is a clock that was ahead

LAST_WAIT = timedelta(minutes=1)  # after a last try that came late: then it is given up
HEAVY = 1_000_000  # bytes of a message of which not many may be in memory
ANY = 2**31 - 1  # bytes: more than any message has
LOOK_AHEAD = 5  # candidates read for each one wanted, so that a partner at its limit hides nobody


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to make one attempt, until `until`."""

    id: int
    until: datetime
    partner: str
    channel: str
    shipment: Shipment


_HELD = [outbox.c[name] for name in ("id", "message_id", "state", "attempt", "attempts", "next_at")]
_NOW = sa.bindparam("now", type_=Utc)
_partner = off_index(outbox.c.partner)
_next_at = off_index(outbox.c.next_at)
_state = off_index(outbox.c.state)  # of rows found by number: a server would go to the index of all that is due
_BY_NUMBER = sa.select(*_HELD).where(among(outbox.c.id, "numbers"))
_HELD_ROWS = Prepared(_BY_NUMBER.with_for_update())
_IDLE = Prepared(_BY_NUMBER.where(_state == sa.text("'uncertain'"), outbox.c.attempt.is_(None)).with_for_update())
_UNDER_WAY = Prepared(
    sa.select(_partner.label("partner"), sa.func.count().label("running"))
    .where(outbox.c.lease_until.is_not(None), outbox.c.lease_until > _NOW)
    .group_by(_partner)
)

_STARTED = ("outbox_id", "due_at", "started_at", "envelope_id", "sha256", "node")
_RECORD = Prepared(attempts.insert().values(bound(_STARTED)))
_OUTCOME = ("verdict", "phase", "reason", "code", "enhanced", "text", "remote", "tls")


@cache
def _close_with(nulls: frozenset[str]) -> Prepared:
    """Write the outcome of the attempt `envelope`."""
    close = attempts.update().where(attempts.c.envelope_id == sa.bindparam("envelope"))
    return Prepared(close.values(bound(("ended_at", *_OUTCOME), nulls)))


# Of a message whose dossier was destroyed while it was under way: a server's words may say whose it was (SM-147).
_UNSAY = Prepared(
    attempts.update()
    .where(
        among(attempts.c.envelope_id, "envelopes"),
        ~looked_up(attempts, sealed.c.field == sa.literal_column(f"'{WIRE}'"), sealed.c.row_id == attempts.c.outbox_id),
    )
    .values(text=sa.null())
)


def _start_from(states: tuple[OutState, ...]) -> Prepared:
    """From every state in which it may be claimed `data` leads to `sending`, where it may be already."""
    mine = among(outbox.c.id, "numbers"), among(outbox.c.attempt, "fences")
    until = sa.bindparam("until", type_=Utc)
    start = outbox.update().where(*mine, sa.or_(*(_state == sa.text(f"'{each}'") for each in states)))
    return Prepared(start.values(state=sa.text("'sending'"), reason=sa.null(), changed_at=_NOW, lease_until=until))


_START = _start_from((*CLAIMABLE, "sending"))  # one that was started early too: its lease begins anew
_START_EARLY = _start_from(("new", "deferred"))


_SUBMITTED = Prepared(
    outbox.update()
    .where(among(outbox.c.id, "numbers"), among(outbox.c.attempt, "fences"), _state == sa.text("'sending'"))
    .values(state=sa.text("'submitted'"), reason=sa.bindparam("reason"), changed_at=_NOW, submitted_at=_NOW)
    .values({name: sa.null() for name in ("next_at", *UNLEASED)})
    .returning(outbox.c.id)
)


@cache
def _update_of(names: tuple[str, ...], nulls: frozenset[str]) -> Prepared:
    """Write these columns of the row `number`."""
    return Prepared(outbox.update().where(outbox.c.id == sa.bindparam("number")).values(bound(names, nulls)))


_FREE = sa.or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= _NOW)
# Of its own accord; what is around it is in `_due`.
_WAITS = (sa.text(any_of(CLAIMABLE, "outbox")), outbox.c.next_at <= _NOW, _FREE)
_STILL_WAITS = (sa.or_(*(_state == sa.text(f"'{state}'") for state in CLAIMABLE)), _next_at <= _NOW, _FREE)
_TAKEN = ("partner", "channel", "sender", "recipient", "sha256", "size", "first_try_at")
# By number, and the bytes in a query of their own: a planner without statistics would begin with all bytes there are.
_TAKE = Prepared(
    sa.select(*_HELD, *(outbox.c[name] for name in _TAKEN))
    .where(among(outbox.c.id, "numbers"), *_STILL_WAITS)
    .order_by(outbox.c.next_at, outbox.c.id)
    .with_for_update(skip_locked=True)
)


@cache
def _candidates(some_channels: bool) -> Prepared:
    """Number and partner of due messages of partners that have room, of fewer bytes than `below`."""
    due = _due(sa.select(outbox.c.id, outbox.c.partner), some_channels)
    return Prepared(due.where(~among(outbox.c.partner, "full"), outbox.c.size < sa.bindparam("below")))


def _due(query: "sa.Select[Any]", some_channels: bool) -> "sa.Select[Any]":
    """The query, for due messages only, oldest first, `count` of them at `now`; `some_channels`: only of `channels`."""
    earlier = outbox.alias("earlier")
    blocked = looked_up(
        outbox,
        sa.text(any_of(OPEN, "earlier")),
        # By its reference: by partner, or by partner and number, all that it ever got would be read.
        off_index(earlier.c.partner) == outbox.c.partner,
        earlier.c.reference == outbox.c.reference,
        off_index(earlier.c.id) < outbox.c.id,
    )
    due = query.where(
        *_WAITS,
        outbox.c.channel.not_in(sa.select(channels.c.name).where(channels.c.paused_until > _NOW)),
        ~blocked,
    )
    if some_channels:
        due = due.where(among(outbox.c.channel, "channels"))
    return due.order_by(outbox.c.next_at, outbox.c.id).limit(sa.bindparam("count", type_=sa.Integer))


def _not_too_heavy(rows: Sequence[Any], heavy: int) -> Iterator[Any]:
    for row in rows:
        if row.size < HEAVY:
            yield row
        elif heavy > 0:
            heavy -= row.size
            yield row


class Attempts:
    """Named queries on attempts, within one unit of work."""

    def __init__(self, conn: sa.Connection, sealer: Sealer, channels: Channels, now: datetime, actor: str) -> None:
        self._conn, self._sealer, self._channels, self._now, self._actor = conn, sealer, channels, now, actor

    # -- before ------------------------------------------------------------------------------------------------------

    def claim(
        self,
        *,
        node: str,
        limit: int = 10,
        channel_names: Collection[str] | None = None,
        per_partner: int | None = None,
        quotas: Mapping[str, int] | None = None,
        lease: timedelta = LEASE,
        policy: RetryPolicy = DEFAULT_POLICY,
        policies: Mapping[str, RetryPolicy] | None = None,
        heavy: int | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> list[Claim]:
        """Take what is due, in order: lease, attempt record and the next attempt's time are written before the attempt.

        Nothing of a paused channel, nothing whose reference has an earlier message that is still open (SM-90), and
        no more than `per_partner` under way for one partner, so that a slow one does not take every connection; of the
        partners in `quotas` no more than so many now.
        A message past its giving-up time is expired here and not handed out; one outside its partner's window of
        sending waits for it. `policies` are the partners that differ from `policy`.
        Heavy messages (`HEAVY`) are taken until there are `heavy` bytes of them; the rest waits. With 0
        none is looked at, so that many of them hide no other.
        """
        others = policies or {}
        below = HEAVY if heavy is not None and heavy <= 0 else ANY
        rows = self._take(limit, channel_names, per_partner, quotas or {}, below)
        if heavy is not None:
            rows = list(_not_too_heavy(rows, heavy))
        wires = self._sealer.find_all(WIRE, [row.id for row in rows if row.size < HEAVY])
        until, moment = self._now + lease, _moment(self._now)
        claims: list[Claim] = []
        leases, records = [], []
        for row in rows:
            own = others.get(row.partner, policy)
            if (opens := next_open(own, self._now)) > self._now:
                self._update([{"number": row.id, "next_at": opens}])
                continue
            first_try = self._now if row.first_try_at is None else datetime.fromisoformat(row.first_try_at)
            following = next_attempt(own, row.attempts + 1, first_try, self._now, jitter())
            if following is None:
                if datetime.fromisoformat(row.next_at) > first_try + own.give_up_after:
                    self._end(row, "expire", "given up: too old")
                    continue
                # Meant for within the term, and late because nobody was there, or the clock jumped: the last try.
                following = self._now + LAST_WAIT
            if row.attempt is not None:
                self._close({row.attempt: _died(row)})
            try:
                claim = self._claim(row, wires, until, moment)
            except Damaged as error:
                # One altered row must not stop the others: a person reads it as failed, and may retry when mended.
                self._end(row, "failed", f"damaged: {error}")
                continue
            claims.append(claim)
            records.append(self._record_of(row, claim.shipment, node))
            leases.append(
                {
                    "number": row.id,
                    "attempts": row.attempts + 1,
                    "first_try_at": first_try,
                    "next_at": following,
                    "attempt": claim.shipment.envelope_id,
                    "lease_until": claim.until,
                    "lease_owner": node,
                }
            )
        if claims:
            _RECORD.many(self._conn, records)
            self._update(leases)
        return claims

    def _take(
        self,
        limit: int,
        channel_names: Collection[str] | None,
        per_partner: int | None,
        quotas: Mapping[str, int],
        below: int,
    ) -> list[Any]:
        """Due messages, locked, of which no partner has more than its share, counting what is under way on all nodes.

        What another node takes in this moment is left to it, and where that is most of them the next ones are taken.
        """
        values: dict[str, Any] = {"now": self._now, "channels": list(channel_names or ()), "full": [], "below": below}
        share, under_way = limit if per_partner is None else per_partner, Counter[str]()
        if per_partner is not None:
            under_way.update({row.partner: row.running for row in _UNDER_WAY.rows(self._conn, {"now": self._now})})
            for partner, quota in quotas.items():
                under_way[partner] = max(under_way[partner], per_partner - quota)
            values["full"] = [partner for partner, count in under_way.items() if count >= per_partner]
        ahead = limit if per_partner is None else limit * LOOK_AHEAD
        due = iter(_candidates(channel_names is not None).rows(self._conn, values | {"count": ahead}))
        taken: list[Any] = []
        while len(taken) <= limit // 2 and (numbers := _next(due, limit - len(taken), share, under_way)):
            taken += _TAKE.rows(self._conn, {"now": self._now, "numbers": numbers})
        return taken

    def _claim(self, row: Any, wires: Mapping[int, Any], until: datetime, moment: str) -> Claim:
        if row.size >= HEAVY:  # one at a time: beside what it is read as stands what is kept of it
            wires = self._sealer.find_all(WIRE, [row.id])
        if (found := wires.get(row.id)) is None:
            raise Damaged("its bytes are gone")
        shipment = Shipment(
            message_id=row.message_id,
            sender=row.sender,
            recipient=row.recipient,
            envelope_id=moment + secrets.token_hex(10),
            wire=self._sealer.open(WIRE, row.id, found.key_id, found.data),
            wants_dsn=row.sender != "",
        )
        return Claim(id=row.id, until=until, partner=row.partner, channel=row.channel, shipment=shipment)

    def _record_of(self, row: Any, shipment: Shipment, node: str) -> dict[str, Any]:
        return {
            "outbox_id": row.id,
            "due_at": row.next_at,
            "started_at": self._now,
            "envelope_id": shipment.envelope_id,
            "sha256": row.sha256,
            "node": node,
        }

    def _end(self, row: Any, event: OutEvent, reason: str) -> None:
        """No attempt is made any more: given up, or nothing is left that could be sent."""
        values = moved(row, event, self._now, reason, **UNLEASED)
        self._update([{"number": row.id, **values}])
        write_note(
            self._conn, row.id, now=self._now, actor=self._actor, event=event, state=values["state"], detail=reason
        )

    def start_all(self, claims: Sequence[Claim]) -> set[str]:
        """Write down that DATA is about to be given; envelope ids of those that may go on; the others are stale.

        The lease begins anew, so that a process that slept over most of it is not overtaken in the middle of DATA.
        """
        return self._start(_START, claims)

    def start_early(self, claims: Sequence[Claim]) -> set[str]:
        """`start_all` for messages that are next in line, in the commit of the one before them.

        Not for one that may have arrived already: if it is not sent after all, that must still be known.
        """
        return self._start(_START_EARLY, claims)

    def _start(self, start: Prepared, claims: Sequence[Claim]) -> set[str]:
        if not claims or start.once(
            self._conn, {"now": self._now, "until": self._now + LEASE} | _fenced(claims)
        ) == len(claims):
            return {claim.shipment.envelope_id for claim in claims}
        return {row.attempt for row in self._held(claims) if row.state == "sending"}

    def start_data(self, claim: Claim) -> None:
        """`start_all` for one; StaleClaim if it was cancelled or taken over."""
        if not self.start_all([claim]):
            raise StaleClaim(f"{claim.shipment.message_id}: {StaleClaim.__doc__}")

    # -- after -------------------------------------------------------------------------------------------------------

    def record_all(self, made: Sequence[tuple[Claim, Outcome]]) -> list[OutState | None]:
        """Keep the outcomes; each message's state after it, or None where the claim was no longer ours."""
        submitted = self._submitted(made)
        others = [(c, outcome) for c, outcome in made if c.id not in submitted or outcome.verdict != "submitted"]
        held = {row.attempt: row for row in self._held([claim for claim, _ in others])}
        late = [c for c, outcome in others if outcome.verdict == "submitted" and c.shipment.envelope_id not in held]
        idle = self._given_up_too_soon(late)
        held |= {c.shipment.envelope_id: idle[c.id] for c in late if c.id in idle}
        states: list[OutState | None] = []
        for claim, outcome in made:
            self._channels.note(claim.channel, outcome)
            if claim.id in submitted and outcome.verdict == "submitted":
                states.append("submitted")
            elif (row := held.get(claim.shipment.envelope_id)) is None:
                states.append(None)
            else:
                changed = self._after(row, outcome)
                states.append(changed["state"])
                self._update([changed])
        # After the messages, as whoever takes an attempt over does: in the other order the two would lock each other.
        self._close({claim.shipment.envelope_id: outcome for claim, outcome in made})
        if lost := [claim.shipment.envelope_id for (claim, _), each in zip(made, states, strict=True) if each is None]:
            _UNSAY.once(self._conn, {"envelopes": lost})
        return states

    def _submitted(self, made: Sequence[tuple[Claim, Outcome]]) -> set[int]:
        """What nearly all come to, in one statement for all with the same words; the numbers of those it did."""
        alike: defaultdict[str, list[Claim]] = defaultdict(list)
        for claim, outcome in made:
            if outcome.verdict == "submitted":
                alike[_words(outcome)].append(claim)
        return {
            row.id
            for words, claims in alike.items()
            for row in _SUBMITTED.rows(self._conn, {"reason": words, "now": self._now} | _fenced(claims))
        }

    def record(self, claim: Claim, outcome: Outcome) -> OutState:
        """`record_all` for one; StaleClaim if it is no longer ours (the attempt's own record is kept)."""
        (state,) = self.record_all([(claim, outcome)])
        if state is None:
            raise StaleClaim(f"{claim.shipment.message_id}: {StaleClaim.__doc__}")
        return state

    def _after(self, row: Any, outcome: Outcome) -> dict[str, Any]:
        """The row's values after an outcome."""
        changes: dict[str, Any] = {"number": row.id, **UNLEASED}
        if outcome.verdict == "channel":
            # Untouched: not counted, and it does not age while the way out is broken (SM-89).
            due = sa.select(attempts.c.due_at).where(attempts.c.envelope_id == row.attempt)
            changes |= {"attempts": row.attempts - 1, "next_at": self._conn.scalar(due)}
            if row.attempts == 1:
                changes["first_try_at"] = None
        elif outcome.verdict == "submitted":
            changes |= {"submitted_at": self._now, "next_at": None}
        elif outcome.verdict == "uncertain":
            changes["next_at"] = self._after_uncertain(row.next_at and datetime.fromisoformat(row.next_at))
        return moved(row, outcome.verdict, self._now, _words(outcome), **changes)

    def call_off(self, claim: Claim) -> None:
        """Close the record of an attempt whose claim went stale before DATA; the message is left alone."""
        self._close({claim.shipment.envelope_id: Outcome(verdict="channel", phase="connect", reason="called off")})

    def recover(self, *, node: str | None = None) -> int:
        """Take back what a dead process held: leases that ran out, and at start all of this `node`; how many.

        A node is dead as well when its delivery stopped renewing its own lease: then within minutes.
        Whatever was `sending` becomes `uncertain` (SM-87); the rest stays as it was and waits for its next time.
        """
        # A lease that ends later than any that could be given now is from a clock that was ahead.
        ran_out = outbox.c.lease_until <= self._now, outbox.c.lease_until > self._now + 2 * LEASE
        dead = sa.select(sa.literal(1)).where(
            jobs.c.name == sa.literal(of_node(DELIVER, "")) + outbox.c.lease_owner, jobs.c.lease_until <= self._now
        )
        stale: sa.ColumnElement[bool] = sa.or_(*ran_out, dead.correlate(outbox).exists())
        if node is not None:
            stale = sa.or_(stale, outbox.c.lease_owner == node)
        # Locked: what is read here must not be overtaken by an outcome or a claim before it is written. What another
        # has locked is busy in this moment: the next round looks again.
        query = sa.select(*_HELD).where(outbox.c.lease_until.is_not(None), stale).with_for_update(skip_locked=True)
        rows = self._conn.execute(query).all()
        for row in rows:
            self._close({row.attempt: _died(row)})
            changes: dict[str, Any] = {"number": row.id, **UNLEASED}
            if row.state == "sending":
                changes["next_at"] = self._after_uncertain(row.next_at)
                changes = moved(row, "uncertain", self._now, "the process stopped", **changes)
            self._update([changes])
        return len(rows)

    def from_the_future(self) -> int:
        """What a clock that was ahead put off is due now, and a pause of such a clock ends; how many messages."""
        # One that was never tried is due when it was put, by that clock, unless it may not go before a time.
        untimed = sa.or_(outbox.c.attempts > 0, outbox.c.next_at <= outbox.c.created_at)
        put_off = sa.and_(outbox.c.next_at > self._now, untimed)
        ahead = sa.text(any_of(CLAIMABLE)), outbox.c.changed_at > self._now + CLOCKS_DIFFER, put_off
        now = {"next_at": self._now, "changed_at": self._now}
        count = self._conn.execute(outbox.update().where(*ahead, outbox.c.lease_until.is_(None)).values(now)).rowcount
        paused = channels.c.paused_until > self._now + 2 * CHANNEL_MAX
        self._conn.execute(channels.update().where(paused).values(paused_until=None))
        return count

    # -- questions ---------------------------------------------------------------------------------------------------

    def overdue(self, before: datetime, besides: Sequence[str] = ()) -> OutboxItem | None:
        """The message that fell due first and could be claimed now, if that was before this time.

        `besides`: none of these partners.
        """
        query = _due(sa.select(*FIELDS), False).where(outbox.c.next_at < before)
        query = query.where(off_index(outbox.c.partner).not_in(besides))
        row = self._conn.execute(query, {"now": self._now, "count": 1}).one_or_none()
        return None if row is None else OutboxItem(**row._mapping)

    def moves(self, partner: str, channel: str, due: datetime, since: datetime) -> bool:
        """Whether after `since` anything was attempted for a partner that fell due by then: what follows is in line."""
        ahead = sa.select(sa.literal(1)).where(
            attempts.c.envelope_id >= _moment(since),
            self._by_now,
            attempts.c.due_at <= due,
            _for(outbox.c.partner == partner, outbox.c.channel == channel),
        )
        return self._conn.scalar(ahead.limit(1)) is not None

    def begun(self, partner: str, since: datetime, node: str) -> int:
        """How many attempts for a partner this node began after that time."""
        recent = sa.select(sa.func.count()).where(
            attempts.c.envelope_id >= _moment(since),
            self._by_now,
            attempts.c.node == node,
            attempts.c.started_at > since,
            _for(outbox.c.partner == partner),
        )
        return self._conn.scalar(recent) or 0

    def last_started(self) -> datetime | None:
        """When the last attempt of all began; None if there was none."""
        query = sa.select(attempts.c.started_at).where(self._by_now).order_by(attempts.c.envelope_id.desc())
        return self._conn.scalar(query.limit(1))

    # -- in common ---------------------------------------------------------------------------------------------------

    @property
    def _by_now(self) -> "sa.ColumnElement[bool]":
        """An attempt that is not of a clock that was ahead: such a one would count as recent until that time comes."""
        return attempts.c.envelope_id < _moment(self._now + CLOCKS_DIFFER)

    def _held(self, claims: Sequence[Claim]) -> list[Any]:
        """The rows whose lease is still that of these claims."""
        if not claims:
            return []
        # Of one message there may be two: that of a process which slept over its lease, and that which took it over.
        mine = {(claim.id, claim.shipment.envelope_id) for claim in claims}
        rows = _HELD_ROWS.rows(self._conn, {"numbers": list({number for number, _ in mine})})
        return [row for row in rows if (row.id, row.attempt) in mine]

    def _given_up_too_soon(self, claims: Sequence[Claim]) -> dict[int, Any]:
        """Messages held to be uncertain because a lease ran out (a clock that jumped), which nobody sends now."""
        if not claims:
            return {}
        return {row.id: row for row in _IDLE.rows(self._conn, {"numbers": [claim.id for claim in claims]})}

    def _update(self, rows: list[dict[str, Any]]) -> None:
        """Write these columns of many rows, all the same ones; `number` says which row."""
        names = tuple(name for name in rows[0] if name != "number")
        _update_of(names, empty(rows)).many(self._conn, rows)

    def _close(self, outcomes: dict[str, Outcome]) -> None:
        """Write how attempts ended."""
        values = [
            {"envelope": envelope, "ended_at": self._now, **msgspec.structs.asdict(outcome)}
            for envelope, outcome in outcomes.items()
        ]
        if values:
            _close_with(empty(values)).many(self._conn, values)

    def _after_uncertain(self, planned: datetime | None) -> datetime:
        earliest = self._now + UNCERTAIN_WAIT
        return earliest if planned is None else max(planned, earliest)


def _next(due: Iterator[Any], room: int, share: int, under_way: Counter[str]) -> list[int]:
    """The next messages of partners that have a place left, which they now take."""
    numbers: list[int] = []
    while len(numbers) < room and (row := next(due, None)) is not None:
        if under_way[row.partner] < share:
            under_way[row.partner] += 1
            numbers.append(row.id)
    return numbers


def _for(*where: "sa.ColumnElement[bool]") -> "sa.ColumnElement[bool]":
    """An attempt at a message like this; found by the attempt, not among all that a partner ever got."""
    return looked_up(attempts, outbox.c.id == attempts.c.outbox_id, *where)


def _fenced(claims: Sequence[Claim]) -> dict[str, Any]:
    """Numbers and envelope ids: those rows that are still leased to these claims. An id is of one message."""
    return {"numbers": [claim.id for claim in claims], "fences": [claim.shipment.envelope_id for claim in claims]}


def _moment(now: datetime) -> str:
    """What an envelope id begins with, 12 hex: as in a UUID of version 7, so that its index grows at one end."""
    return f"{int(now.timestamp() * 1000):012x}"


def _died(row: Any) -> Outcome:
    """What is known of an attempt whose process stopped."""
    lost = row.state == "sending"
    verdict: Verdict = "uncertain" if lost else "deferred"
    phase: Phase = "data" if lost else "connect"
    return Outcome(verdict=verdict, phase=phase, reason="died")


def _words(outcome: Outcome) -> str:
    """`failed: address (550 5.1.1)`: the outcome for a list, without the other side's text."""
    words = outcome.verdict if outcome.reason is None else f"{outcome.verdict}: {outcome.reason}"
    codes = " ".join([str(part) for part in (outcome.code, outcome.enhanced) if part is not None])
    return f"{words} ({codes})" if codes else words
