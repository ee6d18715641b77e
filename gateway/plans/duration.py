"""Durations of terms (ISO 8601) and of plans (Dutch words), and what they do to a date."""

import calendar
import re
from datetime import date, timedelta
from typing import NamedTuple

_ISO = re.compile(r"P(?:(\d{1,3})Y)?(?:(\d{1,3})M)?(?:(\d{1,3})W)?(?:(\d{1,4})D)?\Z")
_WORDS = re.compile(r"(\d{1,3})\s*(dag|dagen|week|weken|maand|maanden|mnd|jaar|jaren)\.?\Z", re.IGNORECASE)


class Duur(NamedTuple):
    """Whole months and days. Weeks are days, years are months: that is how both are counted."""

    maanden: int = 0
    dagen: int = 0


_UNITS: dict[str, Duur] = {
    "dag": Duur(dagen=1),
    "dagen": Duur(dagen=1),
    "week": Duur(dagen=7),
    "weken": Duur(dagen=7),
    "maand": Duur(maanden=1),
    "maanden": Duur(maanden=1),
    "mnd": Duur(maanden=1),
    "jaar": Duur(maanden=12),
    "jaren": Duur(maanden=12),
}


def from_iso(text: str) -> Duur | None:
    """`P8W`, `P14D`, `P6M`, `P1Y` -> Duur; None for anything else, also for a duration of nothing."""
    match = _ISO.match(text)
    if match is None:
        return None
    years, months, weeks, days = (int(group or 0) for group in match.groups())
    found = Duur(years * 12 + months, weeks * 7 + days)
    return found if any(found) else None


def from_words(text: str) -> Duur | None:
    """`6 maanden`, `26 weken`, `1 jaar` -> Duur; None for text that is kept but not understood (plan 5.9)."""
    match = _WORDS.match(text.strip())
    if match is None or int(match[1]) == 0:
        return None
    unit = _UNITS[match[2].lower()]
    return Duur(unit.maanden * int(match[1]), unit.dagen * int(match[1]))


def add(day: date, duration: Duur) -> date | None:
    """`day` + duration; a day the month does not have becomes its last (31 January + 1 month = 28 February).

    None past the last year a date can hold.
    """
    months = day.year * 12 + day.month - 1 + duration.maanden
    year, month = divmod(months, 12)
    try:
        start = date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
        return start + timedelta(days=duration.dagen)
    except (ValueError, OverflowError):
        return None


def last_day(start: date, duration: Duur) -> date | None:
    """Last day of a period that begins on `start`: start + duration - 1 day (plan 9.3).

    31 January + 1 month ends on 27 February: the period ends the day before the same date comes round.
    """
    end = add(start, duration)
    return end - timedelta(days=1) if end else None
