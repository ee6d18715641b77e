"""Many small promises in one commit: what several transmissions want written is gathered while the last commit runs."""

import asyncio
from collections.abc import Sequence
from typing import TypeVar

from gateway.domain.delivery import Outcome
from gateway.store import Claim, Store, Unit

from .clock import Clock

ACTOR = "worker:deliver"

T = TypeVar("T")


class Scribe:
    """Writes for all transmissions of this process. Each call returns when its own words are committed."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._starts: list[tuple[Claim, asyncio.Future[bool]]] = []
        self._outcomes: list[tuple[Claim, Outcome, asyncio.Future[str | None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def start(self, claim: Claim) -> bool:
        """Write that DATA is about to be given; False if the claim went stale: do not send."""
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._starts.append((claim, told))
        self._wake()
        return await told

    async def record(self, claim: Claim, outcome: Outcome) -> str | None:
        """Write the outcome; the message's state after it, None if the claim went stale."""
        told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._outcomes.append((claim, outcome, told))
        self._wake()
        return await told

    def _wake(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._starts or self._outcomes:
            starts, self._starts = self._starts, []
            outcomes, self._outcomes = self._outcomes, []
            waiting: list[asyncio.Future[bool] | asyncio.Future[str | None]]
            waiting = [*(told for _, told in starts), *(told for _, _, told in outcomes)]
            try:
                going, states = await asyncio.to_thread(
                    self._commit, [claim for claim, _ in starts], [(claim, outcome) for claim, outcome, _ in outcomes]
                )
            except BaseException as error:
                # Each transmission learns that nothing was written for it; before DATA it then stops.
                for told in waiting:
                    if not told.done():
                        told.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
                if not isinstance(error, Exception):
                    raise
                continue
            for claim, start in starts:
                _tell(start, claim.id in going)
            for (_, _, told), state in zip(outcomes, states, strict=True):
                _tell(told, state)

    def _commit(
        self, starts: Sequence[Claim], outcomes: Sequence[tuple[Claim, Outcome]]
    ) -> tuple[set[int], Sequence[str | None]]:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            states = _record(unit, outcomes)
            return unit.attempts.start_all(starts) if starts else set(), states


def _record(unit: Unit, outcomes: Sequence[tuple[Claim, Outcome]]) -> Sequence[str | None]:
    return unit.attempts.record_all(outcomes) if outcomes else []


def _tell(told: "asyncio.Future[T]", value: T) -> None:
    """Unless its transmission was cancelled meanwhile."""
    if not told.done():
        told.set_result(value)
