"""Declarations: judged and answered once, held while something is missing, never lost (WMO323, WMO325)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from gateway import berichten
from gateway.demo import settlement, story
from gateway.demo.cast import DAYS, GEMEENTE
from gateway.flows import declaration
from gateway.flows.declaration import RECORD, Beoordeeld, Perioden
from gateway.flows.dispatch import Refused
from gateway.flows.parties import partner

from .conftest import Pair
from .test_exchange import changed, mail


@pytest.fixture
def declared(ordered: Pair) -> Pair:
    """The WMO323 of the month is in the provider's outbox, not delivered yet."""
    ordered.run(story.declare)
    return ordered


def judged(pair: Pair) -> list[dict[str, Any]]:
    """The verdicts that the municipality recorded."""
    with pair.gemeente.store.view(now=pair.clock()) as view:
        return [record.body.answer for record in view.records.list(RECORD, Beoordeeld)]


def answers(pair: Pair) -> int:
    return pair.outgoing("gemeente").count("WMO325")


def named(bericht: Any, identificatie: str) -> Any:
    name = msgspec.structs.replace(bericht.header.bericht_identificatie, identificatie=identificatie)
    return changed(bericht, "bericht_identificatie", name)


def test_a_declaration_is_answered_once_whatever_comes_again(declared: Pair) -> None:
    """TR056: the same file in another mail is confirmed as mail and has no second answer."""
    xml = declared.xml_of("aanbieder", "WMO323")
    for _ in range(2):
        assert declared.take_in("gemeente", mail(declared, "aanbieder", xml)).state == "handled"
    assert answers(declared) == 1
    assert len(judged(declared)) == 1
    assert ("in", "WMO323", "answered") in declared.registered("gemeente")


def test_a_declaration_is_held_while_there_is_no_contract_and_nothing_is_lost(
    declared: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reconciliation 1.4.1, 6.3: confirmed as mail, registered, judged as far as it goes; no WMO325."""
    monkeypatch.setattr(declared.gemeente.us, "contract", None)
    xml = declared.xml_of("aanbieder", "WMO323")
    assert declared.take_in("gemeente", mail(declared, "aanbieder", xml)).state == "handled"

    assert answers(declared) == 0
    assert [answer["verdict"] for answer in judged(declared)] == ["held"]
    assert ("in", "WMO323", "new") in declared.registered("gemeente")
    with declared.gemeente.store.view(now=declared.clock()) as view:
        assert view.berichten.xml(view.berichten.list(soort="WMO323")[0].id) == xml
    assert declared.receipts("gemeente")[-1] == "processed"


def test_a_declaration_that_waits_holds_what_it_names(declared: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconciliation 5.4: a later declaration on the same order is not answered past it."""
    first: Any = berichten.parse(declared.xml_of("aanbieder", "WMO323"))
    with monkeypatch.context() as without:
        without.setattr(declared.gemeente.us, "contract", None)
        declared.take_in("gemeente", mail(declared, "aanbieder", first))
    other = msgspec.structs.replace(
        named(first, "323000000077"),
        declaratie=msgspec.structs.replace(first.declaratie, declaratie_nummer="D77"),
    )
    assert declared.take_in("gemeente", mail(declared, "aanbieder", other)).state == "handled"
    assert [answer["verdict"] for answer in judged(declared)] == ["held", "held"]
    assert answers(declared) == 0


def test_a_declaration_with_a_wrong_total_is_rejected_as_a_whole(declared: Pair) -> None:
    """Level 2: answered, counted as not sent; a corrected one under a new name is judged line by line."""
    first: Any = berichten.parse(declared.xml_of("aanbieder", "WMO323"))
    totaal = msgspec.structs.replace(first.declaratie.totaal_ingediend_bedrag, totaal_bedrag=1)
    wrong = msgspec.structs.replace(
        first, declaratie=msgspec.structs.replace(first.declaratie, totaal_ingediend_bedrag=totaal)
    )
    declared.take_in("gemeente", mail(declared, "aanbieder", named(wrong, "323000000088")))
    assert answers(declared) == 1
    assert [answer["verdict"] for answer in judged(declared)] == ["rejected"]

    declared.take_in("gemeente", mail(declared, "aanbieder", first))
    assert answers(declared) == 2
    assert judged(declared)[1]["awardedCents"] > 0


def test_another_declaration_under_the_same_name_is_rejected_and_the_first_stands(declared: Pair) -> None:
    """TR056: it is not registered, and it is answered."""
    first: Any = berichten.parse(declared.xml_of("aanbieder", "WMO323"))
    declared.take_in("gemeente", mail(declared, "aanbieder", first))
    other = msgspec.structs.replace(
        first, declaratie=msgspec.structs.replace(first.declaratie, declaratie_nummer="D78")
    )
    declared.take_in("gemeente", mail(declared, "aanbieder", other))
    refusal: Any = berichten.parse(declared.xml_of("gemeente", "WMO325"))
    assert "9056" in refusal.header.retour_codes
    assert [row for row in declared.registered("gemeente") if row[1] == "WMO323"] == [("in", "WMO323", "answered")]


def test_lines_that_were_paid_are_not_paid_again(declared: Pair) -> None:
    """TR314, TR389, TR321: what was answered before is found again, in a declaration of another name and number."""
    first: Any = berichten.parse(declared.xml_of("aanbieder", "WMO323"))
    declared.take_in("gemeente", mail(declared, "aanbieder", first))
    again = msgspec.structs.replace(
        named(first, "323000000099"), declaratie=msgspec.structs.replace(first.declaratie, declaratie_nummer="D99")
    )
    declared.take_in("gemeente", mail(declared, "aanbieder", again))
    assert answers(declared) == 2
    assert [answer["awardedCents"] > 0 for answer in judged(declared)] == [True, False]


def test_the_answer_is_registered_once_at_the_provider(declared: Pair) -> None:
    """A WMO325 answers one WMO323; the first counts."""
    declared.settle_now()
    answer: Any = berichten.parse(declared.xml_of("gemeente", "WMO325"))
    before = declared.registered("aanbieder")
    item = declared.take_in("aanbieder", mail(declared, "gemeente", named(answer, "325000000066")))
    assert (item.state, item.detail) == ("quarantined", "IV028")
    assert declared.registered("aanbieder") == before
    assert ("uit", "WMO323", "answered") in before


def test_an_answer_to_a_declaration_that_was_never_sent_waits_for_a_person(declared: Pair) -> None:
    """IV028: not registered."""
    declared.settle_now()
    answer: Any = berichten.parse(declared.xml_of("gemeente", "WMO325"))
    unknown = msgspec.structs.replace(answer.header.declaratie_identificatie, identificatie="NOOIT")
    stray = changed(named(answer, "325000000067"), "declaratie_identificatie", unknown)
    before = declared.registered("aanbieder")
    item = declared.take_in("aanbieder", mail(declared, "gemeente", stray))
    assert (item.state, item.detail) == ("quarantined", "IV028")
    assert declared.registered("aanbieder") == before


def test_nothing_is_declared_before_the_order_was_accepted(ordered: Pair) -> None:
    """PL-27."""
    with ordered.aanbieder.store.unit(now=ordered.clock(), actor="test") as unit:
        order = unit.berichten.list(soort="WMO301")[0].id
        geleverd = settlement.delivered(unit.berichten.xml(order))
        unit.berichten.set_status(order, "rejected")
        to = partner(unit, GEMEENTE.code)
        assert to is not None
        month = (DAYS.maand_begin, DAYS.maand_eind)
        with pytest.raises(Refused) as refused:
            declaration.declare(unit, ordered.aanbieder.us, to, order, geleverd, month)
    assert [f.code for f in refused.value.findings] == ["PL-27"]


def test_how_far_declarations_had_come_is_one_entry_a_month() -> None:
    """TR318: the latest period up to a day, whatever the order in which declarations come."""
    known = Perioden()
    days = [
        (date(2025, 5, 7), date(2025, 4, 1)),
        (date(2025, 3, 7), date(2025, 2, 1)),
        (date(2025, 5, 8), date(2025, 4, 1)),  # a second one of the same month adds nothing
        (date(2025, 5, 9), date(2025, 1, 1)),  # an old month, declared late, neither
        (date(2025, 4, 7), date(2025, 3, 1)),
    ]
    for dagtekening, begin in days:
        known = known.with_declaration(dagtekening, begin)
    assert known.reached == (days[1], days[4], days[0])


def test_the_period_of_a_declaration_is_kept_for_the_next(declared: Pair) -> None:
    """TR318: read as one record, not from all declarations."""
    declared.settle_now()
    with declared.gemeente.store.view(now=declared.clock()) as view:
        record = view.records.get("declaratieperioden", "12345678", Perioden)
    assert record is not None
    assert record.body.reached == ((DAYS.declaratie, DAYS.maand_begin),)
