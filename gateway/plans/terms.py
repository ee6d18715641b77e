"""The terms of plan 7.4: when they end, when they warn, when they have passed. Pure questions about dates.

A term's length and warnings are the region's data; what starts and ends it is the table of events. Days are calendar
days in the Netherlands.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from gateway.domain.workdays import NL, WorkCalendar
from gateway.domain.zone import AMSTERDAM
from gateway.plans import duration
from gateway.plans.formaat.model import Formaat
from gateway.plans.model import Termijn
from gateway.plans.model.records import Termijnsoort

# Warnings before the end, in days, of terms for which the region's file says nothing (7.4).
_WAARSCHUW_VOOR: dict[str, tuple[int, ...]] = {
    "plan_gereed": (14, 5, 1),
    "aanbieder_reactie": (3,),
    "evaluatie": (30,),
    "spoed_einde": (14, 5),
    "toewijzing_einde": (84,),  # room for a new traject of eight weeks
}
# A term of law that ends on a Saturday, Sunday or holiday ends on the next working day (Algemene termijnenwet, art. 1).
# Of these only the bezwaar is one for the citizen to use. The eight weeks are the municipality's own duty: they are
# watched to the day (example in 7.4), unless the region's file says otherwise.
_VERSCHUIFT: frozenset[str] = frozenset({"bezwaar"})


def dag(moment: datetime) -> date:
    """The calendar day of a moment in the Netherlands."""
    return moment.astimezone(AMSTERDAM).date()


def met_duur(soort: Termijnsoort, start: date, formaat: Formaat, kalender: WorkCalendar = NL) -> Termijn | None:
    """The term of this kind that starts on `start`; None if the region sets none (G-13)."""
    regel = formaat.termijnen.get(soort)
    duur = duration.from_iso((regel.duur or regel.standaard or "") if regel else "")
    einde = duration.add(start, duur) if duur else None
    if regel is None or einde is None:
        return None
    verschuift = soort in _VERSCHUIFT if regel.verschuif_naar_werkdag is None else regel.verschuif_naar_werkdag
    voor = [duration.from_iso(tekst) for tekst in regel.waarschuw_voor]
    dagen = tuple(d.dagen for d in voor if d is not None) or _WAARSCHUW_VOOR.get(soort, ())
    return _termijn(soort, start, kalender.shift_term_end(einde) if verschuift else einde, dagen)


def op_dag(soort: Termijnsoort, start: date, einde: date) -> Termijn:
    """A term whose end is a day that somebody chose: evaluation, end of spoed, end of a toewijzing."""
    return _termijn(soort, start, einde, _WAARSCHUW_VOOR.get(soort, ()))


def _termijn(soort: Termijnsoort, start: date, einde: date, dagen: Iterable[int]) -> Termijn:
    waarschuwingen = tuple(sorted(einde - timedelta(days=n) for n in dagen))
    return Termijn(soort=soort, start=start, einde=einde, waarschuwingen=waarschuwingen)


class Vervallen(NamedTuple):
    """Something that fell due: a warning day, or the end that passed."""

    soort: Termijnsoort
    wat: Literal["termijn_waarschuwing", "termijn_verstreken"]
    op: date
    einde: date


def tussen(termijnen: Iterable[Termijn], na: date, tot: date) -> list[Vervallen]:
    """What fell due after `na` and not later than `tot`, in order of day; terms that were met say nothing more.

    A term passes on the day after its last day.
    """
    gevonden = []
    for termijn in termijnen:
        if termijn.gehaald_op is not None:
            continue
        dagen = [(wdag, "termijn_waarschuwing") for wdag in termijn.waarschuwingen]
        dagen.append((termijn.einde + timedelta(days=1), "termijn_verstreken"))
        gevonden += [
            Vervallen(termijn.soort, wat, op, termijn.einde)  # type: ignore[arg-type]  # the two literals above
            for op, wat in dagen
            if na < op <= tot
        ]
    return sorted(gevonden, key=lambda v: v.op)


def met(termijnen: tuple[Termijn, ...], nieuw: Termijn | None) -> tuple[Termijn, ...]:
    """The list with this term started again: one running term of a kind."""
    if nieuw is None:
        return termijnen
    return (*(t for t in termijnen if t.soort != nieuw.soort or t.gehaald_op), nieuw)


def gehaald(termijnen: tuple[Termijn, ...], soort: Termijnsoort, op: date) -> tuple[Termijn, ...]:
    """The list with the running term of this kind met."""
    return tuple(
        msgspec.structs.replace(t, gehaald_op=op) if t.soort == soort and not t.gehaald_op else t for t in termijnen
    )


def weer_lopend(termijnen: tuple[Termijn, ...], soort: Termijnsoort) -> tuple[Termijn, ...]:
    """The list with the term of this kind running as if it had never been met (event 46)."""
    return tuple(msgspec.structs.replace(t, gehaald_op=None) if t.soort == soort else t for t in termijnen)


def zonder(termijnen: tuple[Termijn, ...], *soorten: Termijnsoort) -> tuple[Termijn, ...]:
    """The list without the running terms of these kinds."""
    return tuple(t for t in termijnen if t.soort not in soorten or t.gehaald_op)


def te_laat(termijn: Termijn, vandaag: date) -> int:
    """Days past the end, 0 if it is not past or was met in time (PL-58)."""
    return max(0, ((termijn.gehaald_op or vandaag) - termijn.einde).days)
