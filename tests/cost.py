"""What work costs, counted instead of timed: a busy machine counts the same."""

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType


def calls(work: Callable[[], object]) -> int:
    """How many functions `work` calls, in Python and in C."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return counted


def is_linear(work: Callable[[int], Callable[[], object]], size: int) -> bool:
    """True if twice the size costs about twice as much. `work(n)` prepares work on n things, which is not counted."""
    small, large = work(size), work(2 * size)
    return calls(large) < 2.3 * calls(small) + 2_000


def peak(work: Callable[[], object]) -> int:
    """The most bytes that `work` has in use at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
