"""Closed-form calendar arithmetic, reconciliation 2.3."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import calendar

DATES = st.dates(date(2019, 1, 1), date(2034, 12, 31))


@st.composite
def periods(draw: st.DrawFn) -> tuple[date, date]:
    begin = draw(DATES)
    return begin, begin + timedelta(days=draw(st.integers(0, 900)))


@given(periods())
@settings(max_examples=200)
def test_weeks_equal_sundays_plus_a_broken_last_week(period: tuple[date, date]) -> None:
    """The identity of 2.3: weeks = sundays, plus one unless the period ends on a Sunday."""
    s, e = period

    assert calendar.weeks(s, e) == calendar.sundays(s, e) + (0 if e.isoweekday() == 7 else 1)


@given(periods())
@settings(max_examples=50)
def test_closed_forms_equal_counting_day_by_day(period: tuple[date, date]) -> None:
    """Every closed form gives what counting the days one by one gives."""
    s, e = period
    every = [s + timedelta(days=n) for n in range((e - s).days + 1)]

    assert calendar.days(s, e) == len(every)
    assert calendar.sundays(s, e) == sum(d.isoweekday() == 7 for d in every)
    assert calendar.weeks(s, e) == len({d.isocalendar()[:2] for d in every})
    assert calendar.months(s, e) == len({(d.year, d.month) for d in every})


@pytest.mark.parametrize(
    ("month", "touched"),
    [("2021-02", 4), ("2027-02", 4), ("2025-03", 6), ("2025-06", 6), ("2025-08", 5), ("2025-07", 5), ("2026-02", 5)],
)
def test_a_month_touches_four_to_six_weeks(month: str, touched: int) -> None:
    """2.3: only a February of 28 days that starts on a Monday touches four weeks."""
    first = date.fromisoformat(f"{month}-01")

    assert calendar.weeks(first, calendar.last_of_month(first)) == touched


@given(DATES)
def test_month_helpers_meet_at_the_turn_of_the_month(d: date) -> None:
    """The last of a month is the day before the first of the next."""
    assert calendar.last_of_month(d) + timedelta(days=1) == calendar.next_month(d)
    assert calendar.first_of_month(d) <= d <= calendar.last_of_month(d)
    assert calendar.same_month(d, calendar.last_of_month(d))
    assert not calendar.same_month(d, calendar.next_month(d))


@pytest.mark.parametrize(
    ("d", "earlier"),
    [("2026-06-05", "2021-06-05"), ("2028-02-29", "2023-02-28"), ("2025-03-01", "2020-03-01")],
)
def test_five_years_earlier_turns_leap_day_into_28_february(d: str, earlier: str) -> None:
    """TR335 [C48]."""
    assert calendar.years_earlier(date.fromisoformat(d), 5) == date.fromisoformat(earlier)
