"""What a difference between decision and order is about: the values shown, and the money at stake (1.2.5)."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

import msgspec

from gateway.domain.period import Period
from gateway.reconcile import bedragen, eenheden, maxima
from gateway.reconcile.contract import Contract
from gateway.reconcile.tijdlijn import Afwijking, Besloten, Besteld, Stuk

Value = str | int | date | None


def words(stuk: Stuk) -> str:
    """Content and period of one side: `3 × 04, frequentie 2, 2025-07-07..2025-09-07`."""
    omvang, budget = stuk.inhoud.omvang, stuk.inhoud.budget
    if omvang is not None:
        return f"{omvang}, {stuk.periode}"
    return str(stuk.periode) if budget is None else f"budget {budget}, {stuk.periode}"


def shown(a: Afwijking) -> tuple[str, Value, Value]:
    """Field, decided value and ordered value of a difference in content or period."""
    field, value = _FIELDS.get(a.kind, ("periode", words))
    return field, value(a.decided) if a.decided else None, value(a.ordered) if a.ordered else None


def _of_omvang(field: str) -> Callable[[Stuk], Value]:
    def value(stuk: Stuk) -> Value:
        found: Value = getattr(stuk.inhoud.omvang, field, None)
        return found

    return value


_FIELDS: dict[str, tuple[str, Callable[[Stuk], Value]]] = {
    "A07": ("ingangsdatum", lambda stuk: stuk.periode.begin),
    "A08": ("einddatum", lambda stuk: stuk.periode.eind),
    "A11": ("volume", _of_omvang("volume")),
    "A12": ("eenheid", _of_omvang("eenheid")),
    "A13": ("frequentie", _of_omvang("frequentie")),
    "A14": ("budget", lambda stuk: stuk.inhoud.budget),
    "A15": ("omvang", words),
}


def worth(stuk: Besloten | Besteld, contract: Contract) -> int | None:
    """What the content costs in its period, in eurocent; None if there is no end or no single tariff.

    A budget is itself; euros are themselves; a volume is multiplied by the contract's tariff.
    """
    omvang = stuk.inhoud.omvang
    if omvang is None:
        return stuk.inhoud.budget
    total = maxima.max_total(omvang, stuk.periode)
    if total is None or omvang.eenheid == eenheden.EURO:
        return total
    per = _tariff(stuk, eenheden.base_unit(omvang.eenheid), contract)
    return None if per is None else bedragen.rounded(per * total)


def at_stake(a: Afwijking, contract: Contract) -> int | None:
    """The money between both sides in the days of the difference, as far as it can be computed."""
    sides = [side for side in (a.decided, a.ordered) if side and side.periode.overlaps(a.periode)]
    if a.kind in ("A07", "A08") and not all(side.inhoud.is_mergeable for side in sides):
        return None  # totals and budgets with another period; their amounts are compared apart
    amounts = [_worth_within(side, a.periode, contract) for side in sides]
    if None in amounts:
        return None
    known = [amount for amount in amounts if amount is not None]
    return abs(known[0] - sum(known[1:]))


def _worth_within(side: Besloten | Besteld, periode: Period, contract: Contract) -> int | None:
    if not side.inhoud.is_mergeable:  # a total or a budget is never cut
        return worth(side, contract)
    return worth(msgspec.structs.replace(side, periode=side.periode.intersect(periode) or periode), contract)


def _tariff(stuk: Besloten | Besteld, unit: str, contract: Contract) -> Fraction | None:
    if isinstance(stuk, Besloten):
        gemeente, aanbieder, code = stuk.regel.gemeente, stuk.regel.aanbieder, stuk.regel.code
    else:
        gemeente, aanbieder, code = stuk.versie.gemeente, stuk.versie.aanbieder, stuk.versie.product_code
    rows = contract.rows(gemeente, aanbieder or "", code or "", stuk.periode)
    tariffs = {per for row in rows if (per := row.per(unit)) is not None}
    return tariffs.pop() if len(tariffs) == 1 else None
