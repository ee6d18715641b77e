"""The benchmark table: a ratio meets its target on the right side of it."""

import pytest

from tests.bench.rows import Row


@pytest.mark.parametrize(
    ("better", "measured", "meets"),
    [("lower", 1.9, True), ("lower", 2.1, False), ("higher", 2.1, True), ("higher", 1, False)],
)
def test_a_ratio_meets_its_target_on_the_right_side(better: str, measured: float, meets: bool) -> None:
    """`lower` bounds from above, `higher` from below."""
    row = Row(name="x", measured=measured, reference=1.0, against="y", target=2.0, better=better)  # type: ignore[arg-type]
    assert row.ratio == measured
    assert row.meets is meets
