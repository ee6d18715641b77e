"""How much an allocation allows: per `ProductPeriode` (2.4, TR321) and over its whole term (2.5, TR322).

All results are in the base unit of 2.2. Everything is closed-form: no loop over days or weeks (5.1).
"""

from collections.abc import Callable
from datetime import date

from gateway.domain import calendar
from gateway.domain.period import Period
from gateway.reconcile import eenheden
from gateway.reconcile.omvang import Omvang

PER_DAG, PER_WEEK, PER_MAAND, TOTAAL = "1", "2", "4", "6"
HULP_BIJ_HET_HUISHOUDEN = "01"
_HUISHOUDEN_WEKEN = 6  # TR321: category 01 gets six weeks in every period, whatever its length [C25]


def max_period(omvang: Omvang, categorie: str | None, looptijd: Period, product_periode: Period) -> int:
    """The most that one `ProductPeriode` may hold of an allocation that runs over `looptijd` (2.4)."""
    amount = eenheden.base(omvang.volume, omvang.eenheid)
    return amount * _PERIODS[omvang.frequentie](omvang, categorie, looptijd, product_periode)


def max_total(omvang: Omvang, looptijd: Period) -> int | None:
    """The most that may be declared over the whole allocation (2.5); None: no maximum can be given."""
    amount = eenheden.base(omvang.volume, omvang.eenheid)
    if omvang.frequentie == TOTAAL:
        return amount
    if looptijd.eind is None:
        return None
    return amount * _TERMS[omvang.frequentie](looptijd.begin, looptijd.eind)


def _weeks_in_period(omvang: Omvang, categorie: str | None, looptijd: Period, pp: Period) -> int:
    if categorie == HULP_BIJ_HET_HUISHOUDEN:
        return _HUISHOUDEN_WEKEN
    if eenheden.variant(omvang.eenheid) == "output":
        return calendar.sundays(pp.begin, pp.last) + _broken_last_week(looptijd, pp)
    return calendar.weeks(pp.begin, pp.last)  # [C26] for 14 and 16


def _broken_last_week(looptijd: Period, pp: Period) -> int:
    """1 if the allocation's last week has no Sunday and belongs to this period (IV076, IV077)."""
    end = looptijd.eind
    if end is None or end.isoweekday() == calendar.SUNDAY:
        return 0
    anchor = calendar.last_sunday(end)
    return 1 if pp.contains(anchor if anchor >= looptijd.begin else end) else 0  # no Sunday at all: [C29]


_Count = Callable[[Omvang, str | None, Period, Period], int]
_PERIODS: dict[str, _Count] = {
    PER_DAG: lambda _omvang, _categorie, _looptijd, pp: calendar.days(pp.begin, pp.last),  # [C27]
    PER_WEEK: _weeks_in_period,
    PER_MAAND: lambda *_: 1,  # a part month counts in full (IV078) [C28]
    TOTAAL: lambda *_: 1,
}
_TERMS: dict[str, Callable[[date, date], int]] = {
    PER_DAG: calendar.days,
    PER_WEEK: calendar.weeks,
    PER_MAAND: calendar.months,
}
