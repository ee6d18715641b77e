"""Identifiers and money: the small words that every room shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import ids, money


@pytest.mark.parametrize("bsn", ["999900006", "999900018", "999996770", "000000000"])
def test_a_bsn_that_passes_the_11_test_is_accepted(bsn: str) -> None:
    """CS002 knows no exception for 000000000."""
    assert ids.is_bsn(bsn)


@pytest.mark.parametrize("bsn", ["999900007", "99990000", "9999000060", "99990000a", "", "٩٩٩٩٠٠٠٠٦"])
def test_anything_else_is_no_bsn(bsn: str) -> None:
    """Nine ASCII digits with a right check digit, or nothing."""
    assert not ids.is_bsn(bsn)


def test_codes_have_their_number_of_digits() -> None:
    """AGB has eight digits, a gemeentecode four."""
    assert ids.is_agb("12345678")
    assert not ids.is_agb("1234567")
    assert ids.is_gemeentecode("0957")
    assert not ids.is_gemeentecode("957")


def test_a_bsn_in_foreign_text_is_masked_and_other_numbers_stay() -> None:
    """SM-151: a partner's software may put a BSN in a Message-ID."""
    assert ids.mask_bsn("<999900006@x> 20251122") == "<*********@x> 20251122"
    assert ids.mask_bsn("1234567890999900006") == "1234567890999900006"


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_rounding_is_half_up(n: int, d: int) -> None:
    """The result is the only integer within half a unit below and less than half above."""
    r = money.round_half_up(n, d)
    assert -d < 2 * (n - r * d) - 0 <= d - 1 or 2 * (n - r * d) == -d
    assert money.round_half_up(2 * d + d, 2 * d) == 2


def test_rounding_refuses_negative_numbers() -> None:
    """The sign of an amount stands in DebetCredit, never in the amount."""
    with pytest.raises(ValueError, match="round_half_up"):
        money.round_half_up(-1, 2)


def test_euros_read_as_a_dutch_reader_expects() -> None:
    """Thousands with a full stop, cents after a comma."""
    assert money.euro(123456) == "€ 1.234,56"
    assert money.euro(-5) == "€ -0,05"
