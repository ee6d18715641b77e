"""One line of the benchmark table: what was measured, against which reference, in the same run."""

import time
from collections.abc import Callable
from typing import Literal

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A ratio measured in this run. Absolute times differ from machine to machine; ratios travel."""

    name: str  # what is measured: "WMO301 parse + validate"
    measured: float  # ours, in `unit`
    reference: float  # the yardstick, in `unit`, measured in the same run
    against: str  # what the yardstick is: "bare lxml parse + validate"
    target: float  # bound on `ratio`
    better: Literal["lower", "higher"] = "lower"  # lower: ratio <= target meets; higher: ratio >= target meets
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        """Measured divided by reference."""
        return self.measured / self.reference

    @property
    def meets(self) -> bool:
        """True if the ratio is on the right side of the target."""
        return self.ratio <= self.target if self.better == "lower" else self.ratio >= self.target


def best_ms(call: Callable[[], object], *, repeat: int = 5, number: int = 20) -> float:
    """Milliseconds of one call: the best of `repeat` series of `number` calls (the least disturbed one)."""
    best = float("inf")
    for _ in range(repeat):
        start = time.perf_counter()
        for _ in range(number):
            call()
        best = min(best, (time.perf_counter() - start) / number)
    return best * 1000
