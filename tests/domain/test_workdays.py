"""Working days, reconciliation 0.5 [C53] and the Algemene termijnenwet."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.workdays import NL, WorkCalendar, public_holidays

DATES = st.dates(date(2020, 1, 1), date(2034, 12, 31))


def test_the_law_names_the_holidays_of_2026() -> None:
    """Article 3: nine named days, Good Friday alike, and the days equated by decree."""
    assert sorted(day.isoformat() for day in public_holidays(2026)) == [
        "2026-01-01",
        "2026-01-02",  # decree
        "2026-04-03",
        "2026-04-06",
        "2026-04-27",
        "2026-05-05",
        "2026-05-14",
        "2026-05-15",  # decree
        "2026-05-25",
        "2026-12-25",
        "2026-12-26",
    ]


@given(st.integers(2000, 2060))
@settings(max_examples=60, deadline=None)
def test_5_may_is_a_holiday_every_year(year: int) -> None:
    """The law has no lustrum: the vijfde mei counts every year."""
    assert date(year, 5, 5) in public_holidays(year)


def test_easter_sunday_and_sinterklaas_are_no_holidays_of_the_law() -> None:
    """Article 3 names the *second* days of Easter and Pentecost only."""
    assert date(2026, 4, 5) not in public_holidays(2026)
    assert date(2026, 12, 5) not in public_holidays(2026)


def test_kings_day_on_a_sunday_is_celebrated_on_saturday() -> None:
    """The law takes the day of celebration: 26 April in 2025."""
    assert date(2025, 4, 26) in public_holidays(2025)
    assert date(2025, 4, 27) not in public_holidays(2025)


def test_two_holidays_on_one_day_are_one_day_off() -> None:
    """In 2016 Ascension Day fell on 5 May."""
    assert date(2016, 5, 5) in public_holidays(2016)
    assert not NL.is_workday(date(2016, 5, 5))


@pytest.mark.parametrize(
    ("after", "n", "last"),
    [
        ("2025-09-05", 3, "2025-09-10"),  # a weekend between
        ("2025-09-05", 10, "2025-09-19"),  # OP090x4 without holidays
        ("2026-05-04", 3, "2026-05-08"),  # 5 May
        ("2026-04-02", 1, "2026-04-07"),  # Good Friday, Easter
        ("2025-12-24", 2, "2025-12-30"),  # Christmas and a weekend
        ("2025-09-06", 1, "2025-09-08"),  # from a Saturday
    ],
)
def test_within_n_working_days_does_not_count_the_day_itself(after: str, n: int, last: str) -> None:
    """0.5 [C53]: not later than the n-th working day after the day."""
    day, end = date.fromisoformat(after), date.fromisoformat(last)

    assert NL.nth_workday_after(day, n) == end
    assert NL.within_workdays(day, n, end)
    assert not NL.within_workdays(day, n, end + timedelta(days=1))


@given(DATES, st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_the_nth_working_day_has_n_working_days_before_it(day: date, n: int) -> None:
    """Counting forward and counting between agree, and the result is a working day."""
    end = NL.nth_workday_after(day, n)

    assert NL.is_workday(end)
    assert NL.workdays_after(day, end) == n
    assert NL.workdays_after(end, day) == 0


@given(DATES, st.integers(0, 500))
@settings(max_examples=40, deadline=None)
def test_counting_by_weeks_equals_counting_by_days(day: date, length: int) -> None:
    """Whole weeks minus holidays give the same number as looking at each day, deviations included."""
    cal = WorkCalendar.with_deviations(closed=[day + timedelta(days=9)], worked=[date(day.year, 5, 5)])
    until = day + timedelta(days=length)

    one_by_one = sum(cal.is_workday(day + timedelta(days=n)) for n in range(1, length + 1))

    assert cal.workdays_after(day, until) == one_by_one


def test_zero_working_days_is_a_bug() -> None:
    """A term of no working days does not exist."""
    with pytest.raises(ValueError, match="n >= 1"):
        NL.nth_workday_after(date(2025, 1, 1), 0)


@pytest.mark.parametrize(
    ("end", "shifted"),
    [
        ("2026-06-15", "2026-06-15"),
        ("2026-04-03", "2026-04-07"),
        ("2026-12-25", "2026-12-28"),
        ("2025-09-06", "2025-09-08"),
    ],
)
def test_a_term_set_by_law_ends_on_a_working_day(end: str, shifted: str) -> None:
    """Algemene termijnenwet article 1: the end moves to the next day that is no weekend or holiday."""
    assert NL.shift_term_end(date.fromisoformat(end)) == date.fromisoformat(shifted)


def test_a_municipality_may_deviate() -> None:
    """6.1 working_days: extra closed days, and holidays on which work goes on."""
    cal = WorkCalendar.with_deviations(closed=[date(2025, 9, 8)], worked=[date(2026, 4, 3)])

    assert not cal.is_workday(date(2025, 9, 8))
    assert cal.is_workday(date(2026, 4, 3))
    assert NL.is_workday(date(2025, 9, 8))
