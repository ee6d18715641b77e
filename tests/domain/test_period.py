"""Inclusive periods, reconciliation 0.3."""

from datetime import date

import pytest

from gateway.domain.period import Period, month_of

JULY = Period(date(2025, 7, 7), date(2025, 7, 31))
OPEN = Period(date(2025, 7, 31))


def test_both_ends_belong_to_the_period() -> None:
    """A period of one day has one day; begin and end are contained."""
    assert Period(date(2025, 6, 1), date(2025, 6, 1)).days() == 1
    assert JULY.contains(date(2025, 7, 7))
    assert JULY.contains(date(2025, 7, 31))
    assert not JULY.contains(date(2025, 8, 1))


def test_an_empty_end_goes_on() -> None:
    """An open period contains every later day and has no number of days."""
    assert OPEN.contains(date(2099, 1, 1))
    assert OPEN.days() is None
    assert str(OPEN) == "2025-07-31.."
    assert str(JULY) == "2025-07-07..2025-07-31"


def test_overlap_is_one_shared_day() -> None:
    """The last day of one and the first of the other suffice."""
    assert JULY.overlaps(OPEN)
    assert JULY.intersect(OPEN) == Period(date(2025, 7, 31), date(2025, 7, 31))
    assert OPEN.intersect(Period(date(2025, 8, 1))) == Period(date(2025, 8, 1))
    assert JULY.intersect(Period(date(2025, 8, 1))) is None


def test_adjoining_periods_leave_no_day_between() -> None:
    """Only the very next day adjoins; an open period adjoins nothing."""
    assert JULY.adjoins(Period(date(2025, 8, 1)))
    assert not JULY.adjoins(Period(date(2025, 8, 2)))
    assert not OPEN.adjoins(JULY)


@pytest.mark.parametrize(("outer", "inner", "yes"), [(OPEN, JULY, False), (month_of(date(2025, 7, 9)), JULY, True)])
def test_encloses_compares_both_ends(outer: Period, inner: Period, yes: bool) -> None:
    """July encloses a part of July; an open period from its last day does not."""
    assert outer.encloses(inner) is yes


def test_a_reversed_period_is_not_valid() -> None:
    """The end may not lie before the begin."""
    assert not Period(date(2025, 7, 2), date(2025, 7, 1)).is_valid()
    assert month_of(date(2024, 2, 10)) == Period(date(2024, 2, 1), date(2024, 2, 29))
