"""Deliver what is due: claim, transmit, record. The demo, the command line and the running process all use this."""

import asyncio
from collections.abc import Mapping
from functools import partial

import msgspec
import structlog

from gateway.domain.delivery import Outcome
from gateway.store import Claim, RetryPolicy, StaleClaim, Store
from gateway.transports import Transport

from .clock import Clock
from .logs import where

log = structlog.get_logger("gateway.deliver")

BATCH = 20  # claimed at once: more than all connections carry, few enough that a lease never runs out in the queue
ACTOR = "worker:deliver"


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
    batch: int = BATCH,
) -> list[Delivery]:
    """Attempt everything that is due on these channels until nothing is; what was done, in order of completion."""
    made: list[Delivery] = []
    while claims := await asyncio.to_thread(_claim, store, list(transports), clock, policy or RetryPolicy(), batch):
        done = await asyncio.gather(*(_one(store, transports[claim.channel], claim, clock) for claim in claims))
        made += [delivery for delivery in done if delivery is not None]
    return made


def _claim(store: Store, channels: list[str], clock: Clock, policy: RetryPolicy, batch: int) -> list[Claim]:
    with store.unit(now=clock(), actor=ACTOR) as unit:
        return unit.attempts.claim(node=store.node, channel_names=channels, limit=batch, policy=policy)


async def _one(store: Store, transport: Transport, claim: Claim, clock: Clock) -> Delivery | None:
    """One attempt. A message called off meanwhile gives None."""
    started = False

    async def before_data() -> None:
        nonlocal started
        await asyncio.to_thread(_start_data, store, claim, clock)
        started = True

    try:
        outcome = await transport.deliver(claim.shipment, before_data)
    except StaleClaim:
        await asyncio.to_thread(_call_off, store, claim, clock)
        return None
    except Exception as error:
        # A bug in a transport must neither stop the others nor lose what it may have sent.
        log.error("attempt_crashed", message_id=claim.shipment.message_id, error=where(error))
        bug = partial(Outcome, reason="bug", text=type(error).__name__)
        outcome = bug(verdict="uncertain", phase="data") if started else bug(verdict="deferred", phase="connect")
    try:
        state = await asyncio.to_thread(_record, store, claim, outcome, clock)
    except StaleClaim:
        log.warning("outcome_too_late", message_id=claim.shipment.message_id, verdict=outcome.verdict)
        return None
    log.info(
        "attempt",
        message_id=claim.shipment.message_id,
        partner=claim.partner,
        channel=claim.channel,
        state=state,
        verdict=outcome.verdict,
        phase=outcome.phase,
        code=outcome.code,
        enhanced=outcome.enhanced,
        text=outcome.text,
        tls=outcome.tls,
    )
    return Delivery(id=claim.id, message_id=claim.shipment.message_id, state=state, outcome=outcome)


def _start_data(store: Store, claim: Claim, clock: Clock) -> None:
    with store.unit(now=clock(), actor=ACTOR) as unit:
        unit.attempts.start_data(claim)


def _record(store: Store, claim: Claim, outcome: Outcome, clock: Clock) -> str:
    with store.unit(now=clock(), actor=ACTOR) as unit:
        return unit.attempts.record(claim, outcome)


def _call_off(store: Store, claim: Claim, clock: Clock) -> None:
    with store.unit(now=clock(), actor=ACTOR) as unit:
        unit.attempts.call_off(claim)
