"""Periods, inclusive on both ends (reconciliation 0.3). An empty `eind` is an open end."""

from datetime import date, timedelta

import msgspec

from gateway.domain import calendar


class Period(msgspec.Struct, frozen=True):
    """`begin` up to and including `eind`; without `eind` it goes on."""

    begin: date
    eind: date | None = None

    @property
    def last(self) -> date:
        """`eind`, or the greatest date that exists: for comparing, never for showing."""
        return self.eind or date.max

    def is_valid(self) -> bool:
        """False if the end lies before the begin."""
        return self.begin <= self.last

    def contains(self, d: date) -> bool:
        """True if `d` is a day of the period."""
        return self.begin <= d <= self.last

    def encloses(self, other: "Period") -> bool:
        """True if every day of `other` is a day of this period."""
        return self.begin <= other.begin and other.last <= self.last

    def overlaps(self, other: "Period") -> bool:
        """True if both share at least one day."""
        return self.begin <= other.last and other.begin <= self.last

    def intersect(self, other: "Period") -> "Period | None":
        """The days that both share, or None."""
        if not self.overlaps(other):
            return None
        last = min(self.last, other.last)
        return Period(max(self.begin, other.begin), None if last == date.max else last)

    def adjoins(self, later: "Period") -> bool:
        """True if `later` begins on the day after this period ends."""
        return self.eind is not None and later.begin == self.eind + timedelta(days=1)

    def days(self) -> int | None:
        """Number of days; None without an end."""
        return None if self.eind is None else calendar.days(self.begin, self.eind)

    def __str__(self) -> str:
        """`2025-07-07..2025-09-07`; an open end is empty."""
        return f"{self.begin.isoformat()}..{self.eind.isoformat() if self.eind else ''}"


def month_of(d: date) -> Period:
    """The calendar month of `d`."""
    return Period(calendar.first_of_month(d), calendar.last_of_month(d))
