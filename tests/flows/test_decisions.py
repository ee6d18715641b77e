"""From a plan to a decision and an order: what a person must have done, and what then runs (plan 7.3, 9, 10)."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gateway.demo import story
from gateway.demo.cast import DAYS
from gateway.flows import allocation, decisions
from gateway.flows.cases import open_traject
from gateway.flows.dispatch import Refused
from gateway.plans import naar_besluitregel
from gateway.plans.model import Besluitregel, Traject
from gateway.store import Unit

from .conftest import Pair

ID = story.voorbeeld.TRAJECT_ID


def traject_of(pair: Pair) -> Traject:
    found = pair.traject()
    assert found is not None
    return found


def work(pair: Pair, act: Callable[[Unit, Any], Any]) -> Any:
    """One act of the municipality, in its own transaction."""
    with pair.gemeente.store.unit(now=pair.clock(), actor="K. de Wit") as unit:
        return act(unit, pair.gemeente.us)


def refused(pair: Pair, act: Callable[[Unit, Any], Any]) -> set[str]:
    """What an act is refused for; the case stays as it was."""
    before = traject_of(pair)
    with pytest.raises(Refused) as caught:
        work(pair, act)
    assert traject_of(pair) == before
    return {finding.code for finding in caught.value.findings if finding.severity == "error"}


def lines(pair: Pair) -> list[Besluitregel]:
    """The proposal as lines of a decision."""
    return [
        naar_besluitregel(line, nr)
        for nr, line in enumerate(work(pair, lambda unit, us: decisions.proposal(unit, us, ID)), 1)
    ]


def decide(regels: Sequence[Besluitregel], **changes: Any) -> Callable[[Unit, Any], Any]:
    """A decision on these lines, complete but for the changes."""
    said = {
        "door": "M. Bakker",
        "bevoegd": True,
        "gewogen": ["ondersteuningsplan"],
        "evaluatie_op": DAYS.ingang + timedelta(weeks=20),
    } | changes
    return lambda unit, us: decisions.decide(unit, us, ID, regels, **said)


def allocate(unit: Unit, us: Any) -> int:
    return allocation.allocate(unit, us, ID, bevoegd=True)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"bevoegd": False}, "PL-25"), ({"gewogen": []}, "PL-21"), ({"evaluatie_op": None}, "PL-62")],
)
def test_a_decision_is_a_persons_and_complete(weighed: Pair, changes: dict[str, Any], code: str) -> None:
    """PL-21, PL-25, PL-62: the gateway never decides, and nothing is decided unweighed."""
    assert refused(weighed, decide(lines(weighed), **changes)) == {code}


def test_a_grant_has_lines_and_each_line_its_results(weighed: Pair) -> None:
    """PL-4."""
    assert refused(weighed, decide([])) == {"PL-4"}
    bare = [msgspec.structs.replace(line, resultaat=()) for line in lines(weighed)]
    assert refused(weighed, decide(bare)) == {"PL-4"}


def test_a_line_that_differs_from_the_proposal_says_why(weighed: Pair) -> None:
    """Plan 9.1, 5.11: the reason stays with the gemeente."""
    first, *others = lines(weighed)
    less = msgspec.structs.replace(first, volume=1)
    assert refused(weighed, decide([less, *others])) == {"PL-25"}
    told = msgspec.structs.replace(less, afwijking_van_voorstel="Eén uur per week volstaat om te beginnen.")
    work(weighed, decide([told, *others]))
    assert traject_of(weighed).toestand == "besloten"


def test_what_cannot_be_ordered_is_not_granted(weighed: Pair) -> None:
    """Plan 9.4: an amount per week needs an end (CD076)."""
    open_end = [
        msgspec.structs.replace(line, einddatum=None, afwijking_van_voorstel="Zonder einde.") for line in lines(weighed)
    ]
    assert refused(weighed, decide(open_end)) == {"CD076"}


def test_the_order_of_the_steps_is_that_of_the_table(weighed: Pair) -> None:
    """PL-45: no beschikking, no order before the decision; no second decision, no proposal after it."""
    regels = lines(weighed)
    assert refused(weighed, lambda unit, us: decisions.announce(unit, us, ID, 1, DAYS.besluit)) == {"PL-26"}
    assert refused(weighed, allocate) == {"PL-25"}
    work(weighed, decide(regels))
    assert refused(weighed, decide(regels)) == {"TOESTAND"}
    assert refused(weighed, lambda unit, us: decisions.proposal(unit, us, ID)) == {"TOESTAND"}


def test_a_beschikking_is_not_made_known_before_its_day(weighed: Pair) -> None:
    """PL-26."""
    work(weighed, decide(lines(weighed)))
    later = DAYS.besluit + timedelta(days=1)
    assert refused(weighed, lambda unit, us: decisions.announce(unit, us, ID, 1, later)) == {"PL-26"}
    assert refused(weighed, lambda unit, us: decisions.announce(unit, us, ID, None, DAYS.besluit)) == {"PL-26"}


def test_an_order_may_go_before_the_beschikking_is_made_known(weighed: Pair) -> None:
    """Event 24 from besloten; event 23 later leaves the state where the acceptance brought it."""
    work(weighed, decide(lines(weighed)))
    work(weighed, allocate)
    weighed.settle_now()
    assert traject_of(weighed).toestand == "toegewezen"
    work(weighed, lambda unit, us: decisions.announce(unit, us, ID, 204117, DAYS.besluit))
    traject = traject_of(weighed)
    assert (traject.toestand, traject.besluit[-1].beschikkingnummer) == ("toegewezen", 204117)


def test_the_terms_run_as_the_events_say(ordered: Pair) -> None:
    """PL-55, PL-57, PL-62: eight weeks met by the decision, six weeks to object, evaluation, end of the order."""
    termijnen = {t.soort: t for t in traject_of(ordered).termijn}
    assert set(termijnen) == {"plan_gereed", "bezwaar", "evaluatie", "toewijzing_einde"}
    assert termijnen["plan_gereed"].einde == DAYS.melding + timedelta(days=56)
    assert termijnen["plan_gereed"].gehaald_op == DAYS.besluit
    assert termijnen["bezwaar"].einde >= DAYS.besluit + timedelta(days=42)
    assert termijnen["evaluatie"].einde == DAYS.ingang + timedelta(weeks=20)
    assert termijnen["toewijzing_einde"].einde == DAYS.einde


def test_what_runs_already_for_this_client_is_not_ordered_twice(ordered: Pair) -> None:
    """TR302: also when another traject ordered it."""
    other = msgspec.structs.replace(traject_of(ordered), id="other", toewijzing=(), toestand="beschikt")
    work(ordered, lambda unit, us: open_traject(unit, us, other))
    before = ordered.registered("gemeente")
    codes = refused(ordered, lambda unit, us: allocation.allocate(unit, us, "other", bevoegd=True))
    assert codes == {"TR302"}
    assert ordered.registered("gemeente") == before


def test_an_order_to_nobody_we_know_is_refused(weighed: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """PL-36: the provider of the decision is a partner."""
    work(weighed, decide(lines(weighed)))
    monkeypatch.setattr(allocation, "partner", lambda *_: None)
    assert refused(weighed, allocate) == {"PL-36"}


def test_an_order_that_breaks_a_rule_of_the_standard_is_not_sent(
    weighed: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Levels 2 to 4 before sending: here a code that the gemeente does not buy (TR381)."""
    work(weighed, decide(lines(weighed)))
    sources = dict(weighed.gemeente.us.sources) | {"productcodes": _BuysNothing()}
    monkeypatch.setattr(weighed.gemeente.us, "sources", sources)
    assert refused(weighed, allocate) == {"TR381"}
    assert weighed.registered("gemeente") == []


class _BuysNothing:
    def past(self, *_: object) -> bool:
        return False
