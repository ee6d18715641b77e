"""Working days and the end of terms (reconciliation 0.5; Algemene termijnenwet).

Article 3 of that law names the holidays: New Year's Day, Easter Monday, Whit Monday, Christmas (two days), Ascension
Day, the day on which the King's birthday is celebrated and 5 May, **every** year; it treats Good Friday alike, and the
Crown may add single days. The `holidays` library gives the dates of the moving ones but has 5 May only once in five
years among the public ones; the rest is data in `feestdagen.csv`, and a municipality may configure deviations.
"""

import csv
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources

import holidays
import msgspec

# Names as the library gives them in its default language. Easter Sunday and Whit Sunday are no holidays of the law;
# they are Sundays anyway.
_BY_LIBRARY = frozenset(
    {
        "New Year's Day",
        "Good Friday",
        "Easter Monday",
        "King's Day",
        "Ascension Day",
        "Pentecost Monday",
        "Christmas Day",
        "Second Day of Christmas",
    }
)
_ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=1)
def _equated() -> frozenset[date]:
    """Single days that royal decrees put on a level with the holidays (article 3, paragraph 3)."""
    text = resources.files("gateway.domain").joinpath("feestdagen.csv").read_text(encoding="utf-8")
    return frozenset(date.fromisoformat(row["datum"]) for row in csv.DictReader(text.splitlines()))


@lru_cache(maxsize=256)
def public_holidays(year: int) -> frozenset[date]:
    """The holidays of the Algemene termijnenwet in `year`, whatever the day of the week."""
    named = holidays.country_holidays("NL", years=[year], language="en_US")
    moving = {day for day, name in named.items() if not _BY_LIBRARY.isdisjoint(name.split("; "))}
    return frozenset(moving | {date(year, 5, 5)} | {day for day in _equated() if day.year == year})


class WorkCalendar(msgspec.Struct, frozen=True):
    """Monday to Friday except holidays, with the deviations that a municipality configured (6.1 `working_days`)."""

    extra_holidays: frozenset[date] = frozenset()  # days on which nobody works although the law knows no holiday
    worked_holidays: frozenset[date] = frozenset()  # holidays of the law that count as working days here

    @classmethod
    def with_deviations(cls, closed: Iterable[date] = (), worked: Iterable[date] = ()) -> "WorkCalendar":
        """A calendar with extra `closed` days and `worked` holidays."""
        return cls(frozenset(closed), frozenset(worked))

    def is_holiday(self, d: date) -> bool:
        """True on a recognised holiday; weekends are no holidays."""
        return d in self.extra_holidays or (d in public_holidays(d.year) and d not in self.worked_holidays)

    def is_workday(self, d: date) -> bool:
        """True from Monday to Friday, holidays excepted."""
        return d.isoweekday() <= 5 and not self.is_holiday(d)

    def nth_workday_after(self, d: date, n: int) -> date:
        """The last day of "within `n` working days after `d`"; `d` itself does not count [C53]. `n` >= 1."""
        if n < 1:
            raise ValueError("nth_workday_after: n >= 1 expected")
        while n:
            d += _ONE_DAY
            n -= self.is_workday(d)
        return d

    def workdays_after(self, d: date, until: date) -> int:
        """Number of working days later than `d` and not later than `until`; 0 if `until` is not later."""
        whole_weeks = max(0, (until - d).days // 7)
        tail_from = d + timedelta(weeks=whole_weeks)
        count = 5 * whole_weeks - self._holidays_on_weekdays(d, tail_from)
        while tail_from < until:
            tail_from += _ONE_DAY
            count += self.is_workday(tail_from)
        return count

    def _holidays_on_weekdays(self, after: date, until: date) -> int:
        law = {day for year in range(after.year, until.year + 1) for day in public_holidays(year)}
        closed = (law - self.worked_holidays) | self.extra_holidays
        return sum(1 for day in closed if after < day <= until and day.isoweekday() <= 5)

    def within_workdays(self, d: date, n: int, on: date) -> bool:
        """True if `on` is not later than the `n`-th working day after `d`."""
        return on <= self.nth_workday_after(d, n)

    def shift_term_end(self, d: date) -> date:
        """`d`, or the next day that is no Saturday, Sunday or holiday (Algemene termijnenwet, article 1).

        Only for terms set by law; not for terms counted back from an event (article 1, paragraph 2), nor for terms
        in hours, of more than 90 days, twelve weeks or three months, or of years (article 4): the caller knows those.
        """
        while not self.is_workday(d):
            d += _ONE_DAY
        return d


NL = WorkCalendar()
"""The calendar of the law, without deviations."""
