"""Deliver what is due: claim, transmit, record. The demo, the command line and the running process all use this."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

import msgspec
import structlog

from gateway.domain.delivery import Outcome
from gateway.store import Claim, RetryPolicy, StaleClaim, Store, StoreDown, Unit
from gateway.store.attempts import HEAVY
from gateway.transports import Transport

from .clock import Clock
from .logs import where
from .scribe import ACTOR, Owed, Scribe

log = structlog.get_logger("gateway.deliver")

CLAIMED_MAX = 40  # claimed at once by this process: enough to keep every connection busy
PARTNER_CLAIMED_MAX = 10  # of which for one partner
HEAVY_MAX = 25_000_000  # bytes of heavy ones, or one that has more: all that is claimed is in memory
A_MINUTE = timedelta(minutes=1)
AHEAD = 8  # messages next in line for a way out that are written as `sending` before it is their turn
AHEAD_MAX = timedelta(minutes=1)  # so long that stands: a node that sleeps over its lease (two minutes) is overtaken
REFILL = 20  # claim again when this many are done …
REFILL_WAIT = 0.05  # … or this many seconds after the first of them: a claim is a commit
LOOK_AGAIN = 0.1  # seconds between looks at what fell due meanwhile, when no attempt ends


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt made."""

    id: int
    message_id: str
    state: str  # of the message, after the attempt
    outcome: Outcome


async def deliver_due(
    store: Store,
    transports: Mapping[str, Transport],
    clock: Clock,
    *,
    policy: RetryPolicy | None = None,
    policies: Mapping[str, RetryPolicy] | None = None,
    claimed_max: int = CLAIMED_MAX,
    owed: Owed | None = None,
    attempts_max: int | None = None,
) -> list[Delivery]:
    """Attempt everything that is due on these channels until nothing is; what was done, in order of completion.

    `policies` are the partners whose waiting times, window of sending, number at a time or rate differ from `policy`.
    What is over a partner's rate stays due, for a later call. A slow partner holds its own places only: others are
    claimed and sent while it is waited for.

    With `attempts_max` it ends after about so many: where more falls due all the time there is no end by itself.

    Trouble with the database goes to the caller, but only when the transmissions under way have ended: what a relay is
    taking is not cut off. Outcomes that could not be written stay in `owed`, for the next round of this process.
    """
    round_ = _Round(store, transports, clock, policy or RetryPolicy(), policies or {}, owed or Owed())
    running: set[asyncio.Task[Delivery | None]] = set()
    made: list[Delivery] = []
    trouble: Exception | None = None
    await round_.settle()
    try:
        while True:
            if trouble is None:
                room = claimed_max - len(running)
                if attempts_max is not None:
                    room = min(room, attempts_max - len(made) - len(running))
                try:
                    claims = await round_.claim(room)
                    running |= {asyncio.create_task(round_.one(claim)) for claim in claims}
                except Exception as error:
                    trouble = error
            if not running:
                if trouble is not None:
                    raise trouble
                return made
            # A look besides: a partner that keeps us waiting for minutes must not keep the others waiting.
            done, running = await asyncio.wait(running, timeout=LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED)
            if done and running and len(done) < REFILL:
                more, running = await asyncio.wait(running, timeout=REFILL_WAIT)
                done |= more
            for task in done:
                try:
                    made += [delivery] if (delivery := task.result()) is not None else []
                except Exception as error:
                    trouble = trouble or error
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _weight(claim: Claim) -> int:
    size = len(claim.shipment.wire)
    return size if size >= HEAVY else 0


class _Round:
    """One call of `deliver_due`."""

    def __init__(
        self,
        store: Store,
        transports: Mapping[str, Transport],
        clock: Clock,
        policy: RetryPolicy,
        policies: Mapping[str, RetryPolicy],
        owed: Owed,
    ) -> None:
        self._store, self._transports, self._clock = store, transports, clock
        self._policy, self._policies, self._owed = policy, policies, owed
        self._scribe = Scribe(store, clock, owed)
        self._partners: dict[str, asyncio.Semaphore] = {}
        self._line: defaultdict[str, dict[int, Claim]] = defaultdict(dict)  # by channel: handed to it, not yet at DATA
        self._early: dict[int, tuple[datetime, asyncio.Future[bool]]] = {}  # when it was asked for
        self._flows: set[str] = set()  # channels whose last message was taken
        self._heavy = 0  # bytes of the heavy ones that are claimed

    async def settle(self) -> None:
        """What an earlier round owes to the database comes first."""
        await self._scribe.settle()

    async def claim(self, room: int) -> list[Claim]:
        """What may be attempted now."""
        if room <= 0:
            return []
        try:
            claims = await asyncio.to_thread(self._claim, room)
        except StoreDown:
            self._owed.claims = True  # the commit may have been done though its answer was lost
            raise
        self._heavy += sum(map(_weight, claims))
        return claims

    def _claim(self, room: int) -> list[Claim]:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            claims = self._some(unit, room, HEAVY_MAX - self._heavy)
            if any(map(_weight, claims)) and len(claims) < room:  # many heavy ones would hide the others
                claims += self._some(unit, room - len(claims), 0)
            return claims

    def _some(self, unit: Unit, room: int, heavy: int) -> list[Claim]:
        return unit.attempts.claim(
            node=self._store.node,
            channel_names=list(self._transports),
            limit=room,
            per_partner=PARTNER_CLAIMED_MAX,
            quotas=self._quotas(unit),
            policy=self._policy,
            policies=self._policies,
            heavy=heavy,
        )

    def _quotas(self, unit: Unit) -> dict[str, int]:
        """How many attempts may be begun now for each partner that has a rate."""
        since, node = unit.now - A_MINUTE, self._store.node
        rates = {code: own.per_minute for code, own in self._policies.items() if own.per_minute is not None}
        return {code: rate - unit.attempts.begun(code, since, node) for code, rate in rates.items()}

    def _turn(self, partner: str) -> asyncio.Semaphore:
        """The partner's places: so many transmissions at a time."""
        if (places := self._partners.get(partner)) is None:
            own = self._policies.get(partner, self._policy)
            places = self._partners[partner] = asyncio.Semaphore(own.at_once)
        return places

    async def one(self, claim: Claim) -> Delivery | None:
        """One attempt. A message called off meanwhile gives None."""
        message_id = claim.shipment.message_id
        async with self._turn(claim.partner):
            outcome = await self._transmit(claim)
        self._heavy -= _weight(claim)
        if outcome is None:
            await asyncio.to_thread(self._call_off, claim)
            return None
        state = await self._scribe.record(claim, outcome)
        if state is None:
            log.warning("outcome_too_late", message_id=message_id, verdict=outcome.verdict)
            return None
        log.info(
            "attempt",
            message_id=message_id,
            partner=claim.partner,
            channel=claim.channel,
            state=state,
            **{name: getattr(outcome, name) for name in ("verdict", "phase", "code", "enhanced", "text", "tls")},
        )
        return Delivery(id=claim.id, message_id=message_id, state=state, outcome=outcome)

    async def _transmit(self, claim: Claim) -> Outcome | None:
        started = False

        async def before_data() -> None:
            nonlocal started
            line.pop(claim.id, None)
            early = self._early.pop(claim.id, None)
            self._start_next(claim.channel)
            if not (await self._may_go(early) or await self._scribe.start(claim)):
                raise StaleClaim(f"{claim.shipment.message_id}: {StaleClaim.__doc__}")
            started = True

        line = self._line[claim.channel]
        line[claim.id] = claim
        try:
            outcome = await self._transports[claim.channel].deliver(claim.shipment, before_data)
            (self._flows.add if outcome.verdict == "submitted" else self._flows.discard)(claim.channel)
            return outcome
        except StaleClaim:
            return None
        except StoreDown:
            # DATA was not promised, so nothing was sent; whether the promise was written is not known.
            return Outcome(verdict="deferred", phase="connect", reason="store")
        except Exception as error:
            # A bug in a transport must neither stop the others nor lose what it may have sent.
            log.error("attempt_crashed", message_id=claim.shipment.message_id, error=where(error))
            bug = partial(Outcome, reason="bug", text=type(error).__name__)
            return bug(verdict="uncertain", phase="data") if started else bug(verdict="deferred", phase="connect")
        finally:
            line.pop(claim.id, None)
            self._early.pop(claim.id, None)

    async def _may_go(self, early: tuple[datetime, asyncio.Future[bool]] | None) -> bool:
        """Whether it was written ahead that DATA is given, and that still stands; else it is asked for now."""
        if early is None or not await self._scribe.turn_of(early[1]):
            return False
        return timedelta() <= self._clock() - early[0] < AHEAD_MAX

    def _start_next(self, channel: str) -> None:
        """While a way out takes what it is given, the next in line are written down in the same commit.

        Then a connection does not stand still for a commit before each DATA. A crash leaves those few uncertain too.
        """
        if channel in self._flows:
            for number, claim in islice(self._line[channel].items(), AHEAD):
                if number not in self._early:
                    self._early[number] = self._clock(), self._scribe.start_early(claim)

    def _call_off(self, claim: Claim) -> None:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            unit.attempts.call_off(claim)
