"""The clock that decisions are taken by, and where it is noticed that somebody set it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]

JUMP_MIN = timedelta(seconds=30)  # a smaller step is an ordinary correction
SETTLED_AFTER = timedelta(hours=1)  # time servers correct a wrong clock, and a gateway that was off catches up, in less


def system_clock() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


class Jumps:
    """Compares the clock with one that nobody can set. A machine that slept has jumped as well."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._offset, self._since = wall() - steady(), steady()

    def seen(self) -> timedelta | None:
        """How far the clock jumped since this was asked last, if it did; negative: back."""
        offset = self._wall() - self._steady()
        jump = timedelta(seconds=offset - self._offset)
        if abs(jump) < JUMP_MIN:
            return None  # small steps add up until they count
        self._offset, self._since = offset, self._steady()
        return jump

    def settled(self) -> bool:
        """Whether the clock can be believed in matters of days: an hour since the start or the last jump."""
        self.seen()
        return self._steady() - self._since >= SETTLED_AFTER.total_seconds()
