"""Weeks, months and days touched by a period, in closed form (reconciliation 2.3).

No function loops over days, so the cost does not grow with the length of a period. Weeks follow ISO 8601: Monday to
Sunday. No week numbers are needed, so the week that spans New Year is counted once [C30].
"""

from datetime import date, timedelta

SUNDAY = 7


def monday(d: date) -> date:
    """The Monday of the week of `d`."""
    return d - timedelta(days=d.isoweekday() - 1)


def weeks(s: date, e: date) -> int:
    """Number of weeks that `s`…`e` touches, part weeks included."""
    return (monday(e) - monday(s)).days // 7 + 1


def last_sunday(e: date) -> date:
    """The last Sunday not after `e`; `e` itself if it is one."""
    return e - timedelta(days=e.isoweekday() % 7)


def sundays(s: date, e: date) -> int:
    """Number of Sundays in `s`…`e`."""
    last = last_sunday(e)
    return 0 if last < s else (last - s).days // 7 + 1


def days(s: date, e: date) -> int:
    """Number of days in `s`…`e`, both ends included."""
    return (e - s).days + 1


def months(s: date, e: date) -> int:
    """Number of calendar months that `s`…`e` touches."""
    return 12 * (e.year - s.year) + e.month - s.month + 1


def first_of_month(d: date) -> date:
    """The first day of the calendar month of `d`."""
    return d.replace(day=1)


def last_of_month(d: date) -> date:
    """The last day of the calendar month of `d`."""
    return next_month(d) - timedelta(days=1)


def next_month(d: date) -> date:
    """The first day of the calendar month after that of `d`."""
    return date(d.year + d.month // 12, d.month % 12 + 1, 1)


def same_month(a: date, b: date) -> bool:
    """True if both days lie in one calendar month of one year."""
    return (a.year, a.month) == (b.year, b.month)


def years_earlier(d: date, n: int) -> date:
    """The same day and month `n` years earlier; 29 February becomes 28 February (TR335) [C48]."""
    try:
        return d.replace(year=d.year - n)
    except ValueError:  # 29 February in a year that has none
        return d.replace(year=d.year - n, day=28)
