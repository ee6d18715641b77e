"""Terms of cases that fell due since the last look: warned of and noted, never refused or granted (plan 7.4, PL-57)."""

from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from gateway.flows.cases import TRAJECT, Case, get_traject, occurrence, offer, today
from gateway.flows.dispatch import Refused
from gateway.flows.parties import Surroundings
from gateway.plans.model import Termijn, Traject
from gateway.plans.terms import Vervallen, tussen
from gateway.store import Conflict, Damaged, Store, Unit

ACTOR: Final = "flow:terms"
LOOKED: Final = "termijnen"  # records: up to which day was looked
_LAST: Final = "laatste"


class Looked(msgspec.Struct, frozen=True):
    """The last day whose terms were all told."""

    tot: date


class _Terms(msgspec.Struct, frozen=True):
    """No more of a case than its terms: there may be a hundred thousand cases, and few fall due on a day."""

    termijn: tuple[Termijn, ...] = ()


def tell_terms(store: Store, us: Surroundings, now: datetime) -> int:
    """Tell what fell due on the days not looked at yet, case by case; how many. Safe to repeat.

    A case that changes at the same moment is left for the next look, and the days are looked at again then. Damaged if
    a case cannot be read, after all the others were told.
    """
    damaged: list[str] = []
    with store.view(now=now) as view:
        day, kept = today(view), view.records.get(LOOKED, _LAST, Looked)
        since = day - timedelta(days=1) if kept is None else kept.body.tot
        cases = view.records.each(TRAJECT, _Terms, damaged)
        due = [case.sleutel for case in cases if tussen(case.body.termijn, since, day)]
    told, whole = 0, not damaged
    for id in due:
        try:
            with store.unit(now=now, actor=ACTOR) as unit:
                case = get_traject(unit, id)
                told += _tell(unit, us, case, tussen(case.body.termijn, since, day))
        except Refused:
            continue  # destroyed meanwhile
        except Conflict:
            whole = False
    if whole:
        with store.unit(now=now, actor=ACTOR) as unit:
            _looked(unit, day)
    if damaged:
        raise Damaged(f"{len(damaged)} cases cannot be read, the first is {TRAJECT} {damaged[0]}; the others were told")
    return told


def _tell(unit: Unit, us: Surroundings, case: Case[Traject], fallen: list[Vervallen]) -> int:
    """The events of one case that it does not have yet."""
    had = {
        (g.soort, g.gegevens.get("termijn"), g.gegevens.get("einde"), g.gegevens.get("op"))
        for g in case.body.gebeurtenis
    }
    told = 0
    for one in fallen:
        details = {"termijn": one.soort, "einde": one.einde.isoformat(), "op": one.op.isoformat()}
        if (one.wat, *details.values()) not in had:
            case = offer(unit, us, case, occurrence(unit, one.wat, "S", gegevens=details))
            told += 1
    return told


def _looked(unit: Unit, day: date) -> None:
    kept = unit.records.get(LOOKED, _LAST, Looked)
    if kept is None or kept.body.tot < day:
        unit.records.put(LOOKED, _LAST, Looked(day), kept)
