"""The terms of plan 7.4, as questions about dates."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from gateway.plans import terms
from gateway.plans.formaat import Formaat
from gateway.plans.model import Termijn


def test_the_eight_weeks_end_on_the_day_of_the_example(formaat: Formaat) -> None:
    """7.4: melding on 2 March 2026, decision at the latest on 27 April 2026; warnings 14, 5 and 1 days before."""
    term = terms.met_duur("plan_gereed", date(2026, 3, 2), formaat)

    assert term == Termijn(
        soort="plan_gereed",
        start=date(2026, 3, 2),
        einde=date(2026, 4, 27),
        waarschuwingen=(date(2026, 4, 13), date(2026, 4, 22), date(2026, 4, 26)),
    )


def test_the_six_weeks_of_the_bezwaar_end_on_the_day_of_the_example(formaat: Formaat) -> None:
    """7.4: beschikking made known on 4 May 2026, last day 15 June 2026; no warnings to the client."""
    term = terms.met_duur("bezwaar", date(2026, 5, 4), formaat)

    assert term is not None
    assert (term.einde, term.waarschuwingen) == (date(2026, 6, 15), ())


@pytest.mark.parametrize(
    ("known", "last"),
    [
        (date(2026, 3, 16), date(2026, 4, 28)),  # 27 April is Koningsdag
        (date(2026, 3, 14), date(2026, 4, 28)),  # Saturday, Sunday, Koningsdag
        (date(2026, 11, 13), date(2026, 12, 28)),  # Christmas Day, Second Day, Sunday
    ],
)
def test_a_bezwaar_never_ends_on_a_day_off(known: date, last: date, formaat: Formaat) -> None:
    """G-4: the end of a term of law moves to the next day that is no weekend or holiday."""
    term = terms.met_duur("bezwaar", known, formaat)

    assert term is not None
    assert term.einde == last


def test_a_region_decides_whether_its_term_moves(formaat: Formaat) -> None:
    """7.4: `verschuif_naar_werkdag` is a setting per term."""
    rule = msgspec.structs.replace(formaat.termijnen["plan_gereed"], verschuif_naar_werkdag=True)
    moved = msgspec.structs.replace(formaat, termijnen={"plan_gereed": rule})

    term = terms.met_duur("plan_gereed", date(2026, 3, 2), moved)

    assert term is not None
    assert term.einde == date(2026, 4, 28)
    assert terms.met_duur("bezwaar", date(2026, 3, 2), moved) is None


def test_without_a_term_in_the_region_s_file_there_is_none(formaat: Formaat) -> None:
    """G-13: no source gives the provider a term."""
    assert terms.met_duur("aanbieder_reactie", date(2026, 3, 2), formaat) is None


def test_the_evaluation_is_half_a_year_after_the_begin_unless_chosen(formaat: Formaat) -> None:
    """PL-62: default six months; a chosen day warns thirty days before."""
    term = terms.met_duur("evaluatie", date(2026, 5, 1), formaat)
    chosen = terms.op_dag("evaluatie", date(2026, 5, 1), date(2027, 5, 1))

    assert term is not None
    assert term.einde == date(2026, 11, 1)
    assert chosen.waarschuwingen == (date(2027, 4, 1),)


def test_what_fell_due_between_two_days(formaat: Formaat) -> None:
    """Nothing is told twice or missed, however long the gateway stood still; a term that was met is silent."""
    term = terms.met_duur("plan_gereed", date(2026, 3, 2), formaat)
    assert term is not None

    def due(after: date, until: date) -> list[tuple[str, date]]:
        return [(v.wat, v.op) for v in terms.tussen([term], after, until)]

    assert due(date(2026, 3, 2), date(2026, 4, 12)) == []
    assert due(date(2026, 4, 12), date(2026, 4, 13)) == [("termijn_waarschuwing", date(2026, 4, 13))]
    assert due(date(2026, 4, 13), date(2026, 4, 13)) == []
    assert due(date(2026, 4, 13), date(2026, 5, 1)) == [
        ("termijn_waarschuwing", date(2026, 4, 22)),
        ("termijn_waarschuwing", date(2026, 4, 26)),
        ("termijn_verstreken", date(2026, 4, 28)),
    ]
    assert (
        terms.tussen(terms.gehaald((term,), "plan_gereed", date(2026, 4, 1)), date(2026, 3, 2), date(2027, 1, 1)) == []
    )


def test_a_term_is_started_met_and_taken_back(formaat: Formaat) -> None:
    """One running term of a kind; event 46 lets the eight weeks count again."""
    first = terms.met_duur("plan_gereed", date(2026, 3, 2), formaat)
    again = terms.met_duur("plan_gereed", date(2026, 3, 9), formaat)

    running = terms.met(terms.met((), first), again)
    met = terms.gehaald(running, "plan_gereed", date(2026, 4, 1))

    assert running == (again,)
    assert met[0].gehaald_op == date(2026, 4, 1)
    assert terms.weer_lopend(met, "plan_gereed") == running
    assert terms.zonder(running, "plan_gereed") == ()
    assert terms.met(running, None) == running


def test_the_overrun_is_counted_in_days(formaat: Formaat) -> None:
    """PL-58: number of days past the end, to today or to the day it was met after all."""
    term = terms.met_duur("plan_gereed", date(2026, 3, 2), formaat)
    assert term is not None

    assert terms.te_laat(term, date(2026, 4, 27)) == 0
    assert terms.te_laat(term, date(2026, 4, 30)) == 3
    assert terms.te_laat(msgspec.structs.replace(term, gehaald_op=date(2026, 4, 29)), date(2026, 12, 1)) == 2


def test_the_day_of_a_moment_is_the_dutch_one() -> None:
    """7.4: calendar dates in Europe/Amsterdam."""
    assert terms.dag(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)) == date(2026, 7, 2)
    assert terms.dag(datetime(2026, 1, 1, 22, 30, tzinfo=UTC)) == date(2026, 1, 1)
