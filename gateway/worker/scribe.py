"""Many small promises in one commit: what several transmissions want written is gathered while the last commit runs.

What the database could not take when it was known is owed: kept in memory and written as soon as it can be. So a
database that is away for a while costs no second transmission of what a relay has taken meanwhile.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

import structlog

from gateway.domain.delivery import Outcome
from gateway.store import Claim, Store, StoreDown

from .clock import Clock
from .logs import where

log = structlog.get_logger("gateway.scribe")

ACTOR = "worker:deliver"
GATHER = 0.001  # seconds to let the other transmissions come along: half the commits, a quarter of the work …
PATIENCE = 0.005  # … and while none of them stands still for a commit

T = TypeVar("T")


class Owed:
    """What one process knows of its attempts and could not write down. Lives longer than a round of attempts."""

    def __init__(self) -> None:
        self.outcomes: dict[str, tuple[Claim, Outcome]] = {}  # by envelope id
        self.claims = False  # a claim may have been committed though nobody was told


class Scribe:
    """Writes for all transmissions of this process. Each call returns when its own words are committed."""

    def __init__(self, store: Store, clock: Clock, owed: Owed) -> None:
        self._store, self._clock, self._owed = store, clock, owed
        self._starts: list[tuple[Claim, asyncio.Future[bool]]] = []
        self._early: list[tuple[Claim, asyncio.Future[bool]]] = []
        self._outcomes: list[tuple[Claim, Outcome, asyncio.Future[str | None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._urgent = asyncio.Event()

    async def start(self, claim: Claim) -> bool:
        """Write that DATA is about to be given; False if the claim went stale: do not send."""
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._starts.append((claim, told))
        self._urgent.set()
        self._wake()
        return await told

    def start_early(self, claim: Claim) -> "asyncio.Future[bool]":
        """The same for a message that is next in line; False: ask again when it is its turn."""
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        told.add_done_callback(lambda early: early.cancelled() or early.exception())  # nobody may come to hear it
        self._early.append((claim, told))
        self._wake()
        return told

    async def turn_of(self, early: "asyncio.Future[bool]") -> bool:
        """What came of `start_early`, now that it is the message's turn."""
        if not early.done():
            self._urgent.set()
        return await early

    async def record(self, claim: Claim, outcome: Outcome) -> str | None:
        """Write the outcome; the message's state after it, None if the claim went stale."""
        told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._owed.outcomes[claim.shipment.envelope_id] = (claim, outcome)
        self._outcomes.append((claim, outcome, told))
        self._wake()
        return await told

    async def settle(self) -> None:
        """Before a round: write what an earlier one owes, and take back what it claimed without knowing. StoreDown."""
        if owed := list(self._owed.outcomes.values()):
            states = await asyncio.to_thread(self._write_owed, owed)
            self._owed.outcomes.clear()
            log.info("settled", outcomes=len(owed), late=states.count(None))
        if self._owed.claims:
            await asyncio.to_thread(self._take_back)
            self._owed.claims = False

    def _write_owed(self, owed: Sequence[tuple[Claim, Outcome]]) -> list[str | None]:
        """One commit each: they are few, and one that cannot be written must not keep the others owed."""
        states: list[str | None] = []
        for claim, outcome in owed:
            try:
                with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
                    states += unit.attempts.record_all([(claim, outcome)])
            except StoreDown:
                raise
            except Exception as error:
                log.error("outcome_lost", message_id=claim.shipment.message_id, error=where(error))
        return states

    def _take_back(self) -> None:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            unit.attempts.recover(node=self._store.node)

    def _wake(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._starts or self._early or self._outcomes:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._urgent.wait(), PATIENCE)
                await asyncio.sleep(GATHER)
            self._urgent.clear()
            starts, self._starts = self._starts, []
            early, self._early = self._early, []
            outcomes, self._outcomes = self._outcomes, []
            waiting: list[asyncio.Future[bool] | asyncio.Future[str | None]]
            waiting = [*(told for _, told in (*starts, *early)), *(told for _, _, told in outcomes)]
            try:
                going, states = await asyncio.to_thread(
                    self._commit,
                    [claim for claim, _ in starts],
                    [claim for claim, _ in early],
                    [(claim, outcome) for claim, outcome, _ in outcomes],
                )
            except BaseException as error:
                # Each transmission learns that nothing was written for it; before DATA it then stops. Outcomes stay
                # owed: where one of them cannot be written, the next round tells it from the others.
                for told in waiting:
                    if not told.done():
                        told.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
                if not isinstance(error, Exception):
                    raise
                continue
            self._forget(outcomes)
            for claim, start in (*starts, *early):
                _tell(start, claim.shipment.envelope_id in going)
            for (_, _, told), state in zip(outcomes, states, strict=True):
                _tell(told, state)

    def _forget(self, outcomes: Sequence[tuple[Claim, Outcome, object]]) -> None:
        for claim, _, _ in outcomes:
            self._owed.outcomes.pop(claim.shipment.envelope_id, None)

    def _commit(
        self, starts: Sequence[Claim], early: Sequence[Claim], outcomes: Sequence[tuple[Claim, Outcome]]
    ) -> tuple[set[str], Sequence[str | None]]:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            states = unit.attempts.record_all(outcomes)
            return unit.attempts.start_all(starts) | unit.attempts.start_early(early), states


def _tell(told: "asyncio.Future[T]", value: T) -> None:
    """Unless its transmission was cancelled meanwhile."""
    if not told.done():
        told.set_result(value)
