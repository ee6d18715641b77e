"""What runs beside and after the decision: evaluation, signals, spoed, bezwaar, moving, closing (plan 7)."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gateway.plans import voorbeeld as v
from gateway.plans.formaat import Formaat
from gateway.plans.machine import Omgeving, Voorval, apply, herziening, na_bezwaar, splitsing
from gateway.plans.model import (
    Afwijking,
    Besluit,
    Bezwaar,
    Evaluatie,
    Grond,
    Inbreng,
    Oordeel,
    Signaal,
    Spoed,
    ToewijzingBericht,
    ToewijzingKoppeling,
    Traject,
    Verhuizing,
)


@pytest.fixture(scope="session")
def lopend(traject: Traject, plan: Any, formaat: Formaat, dagen: v.Dagen) -> Traject:
    """A case in delivery: decided, made known, one toewijzing per line accepted."""
    besluit = msgspec.structs.replace(
        v.besluit(plan, formaat, dagen), beschikkingnummer=204117, bekendgemaakt_op=dagen.besluit
    )
    bericht = ToewijzingBericht(bericht="301", verzonden_op=v.moment(dagen.besluit), retour="aanvaard")
    koppelingen = tuple(
        ToewijzingKoppeling(toewijzing_nummer=600 + r.nr, besluit=besluit.id, regel=r.nr, bericht=(bericht,))
        for r in besluit.regel
    )
    return msgspec.structs.replace(
        traject, toestand="in_uitvoering", plan=(plan,), besluit=(besluit,), toewijzing=koppelingen
    )


@pytest.fixture
def speel(formaat: Formaat, contract: Any, dagen: v.Dagen):
    def spelen(zaak: Any, soort: str, partij: str = "G", dag: Any = dagen.start, **anders: Any) -> Any:
        voorval = Voorval(soort=soort, partij=partij, **{"door": "x", "op": v.moment(dag), "bevoegd": True, **anders})
        return apply(zaak, voorval, Omgeving(formaat, dag, contract))

    return spelen


def codes(uitkomst: Any) -> set[str]:
    assert uitkomst.zaak is None
    return {f.code for f in uitkomst.findings}


def test_an_evaluation_names_every_contribution(lopend: Traject, speel: Any, dagen: v.Dagen) -> None:
    """PL-63: outcome and three contributions; without the client's a warning; the next one gets its term."""
    open_ = speel(lopend, "evaluatie_begonnen", "S").zaak
    assert open_.toestand == "in_evaluatie"
    assert codes(speel(open_, "evaluatie_afgerond")) == {"PL-63"}
    next_day = dagen.start + timedelta(days=180)
    done = Evaluatie(
        gepland_op=dagen.start,
        gehouden_op=dagen.start,
        inbreng_client=Inbreng(gegeven=False),
        inbreng_aanbieder=Inbreng(gegeven=True),
        inbreng_gemeente=Inbreng(gegeven=True),
        uitkomst="voortzetten",
        volgende_evaluatie_op=next_day,
    )
    result = speel(msgspec.structs.replace(open_, evaluatie=(done,)), "evaluatie_afgerond")
    assert (result.zaak.toestand, [f.severity for f in result.findings]) == ("in_uitvoering", ["warning"])
    assert [t.einde for t in result.zaak.termijn if t.soort == "evaluatie"] == [next_day]


def test_a_signal_is_judged_with_a_reason(lopend: Traject, speel: Any, dagen: v.Dagen) -> None:
    """PL-52, PL-53."""
    assert codes(speel(lopend, "signaal_ontvangen", "C")) == {"PL-52"}
    signal = Signaal(van="client", soort="meer_nodig", op=dagen.start, tekst="Het gaat slechter.")
    received = speel(msgspec.structs.replace(lopend, signaal=(signal,)), "signaal_ontvangen", "C").zaak
    assert received.toestand == "in_uitvoering"
    assert codes(speel(received, "signaal_beoordeeld")) == {"PL-53"}
    judged = msgspec.structs.replace(
        signal, oordeel=Oordeel(uitkomst="herziening", reden="meer uren", op=dagen.start, door="K")
    )
    assert speel(msgspec.structs.replace(received, signaal=(judged,)), "signaal_beoordeeld").gelukt


def test_a_revision_is_a_new_traject(lopend: Traject, speel: Any, formaat: Formaat, dagen: v.Dagen) -> None:
    """PL-64: linked both ways, its own eight weeks, one open successor; the old one ends as opgevolgd."""
    assert codes(speel(lopend, "herziening_gestart", reden="meer nodig")) == {"PL-64"}
    after = speel(lopend, "herziening_gestart", reden="meer nodig", nieuw_traject="t2").zaak
    assert (after.toestand, after.volgend_traject) == ("in_uitvoering", ("t2",))
    assert codes(speel(after, "herziening_gestart", reden="nog eens", nieuw_traject="t3")) == {"PL-64"}

    voorval = Voorval(soort="herziening_gestart", partij="G", door="x", op=v.moment(dagen.start), nieuw_traject="t2")
    melding = msgspec.structs.replace(lopend.melding, kanaal="signaal", ontvangen_op=v.moment(dagen.start))
    new = herziening(lopend, voorval, melding, Omgeving(formaat, dagen.start))
    assert (new.toestand, new.herkomst, new.vorig_traject, new.client) == (
        "in_onderzoek",
        "herziening",
        lopend.id,
        lopend.client,
    )
    assert new.termijn[0].einde == dagen.start + timedelta(days=56)
    assert new.plan == ()
    assert speel(after, "opgevolgd", "S").zaak.sluitreden == "opgevolgd"
    with pytest.raises(ValueError, match="nieuw_traject"):
        herziening(
            lopend, msgspec.structs.replace(voorval, nieuw_traject=None), melding, Omgeving(formaat, dagen.start)
        )


def test_lines_for_another_provider_go_into_a_second_traject(traject: Traject, speel: Any, dagen: v.Dagen) -> None:
    """PL-72: same client, melding, onderzoek and eight weeks; each other's lines are elders."""
    zaak = msgspec.structs.replace(traject, toestand="arrangement_bepaald")
    assert speel(zaak, "traject_gesplitst", reden="twee aanbieders", nieuw_traject="t2").zaak.volgend_traject == ("t2",)

    voorval = Voorval(soort="traject_gesplitst", partij="G", door="x", op=v.moment(dagen.gesprek), nieuw_traject="t2")
    stayed, new = splitsing(zaak, voorval, (2,))

    assert [r.toedeling for r in stayed.arrangement] == ["eigen", "elders", "elders"]
    assert [r.toedeling for r in new.arrangement] == ["elders", "eigen", "elders"]
    assert (new.toestand, new.melding, new.onderzoek) == ("arrangement_bepaald", zaak.melding, zaak.onderzoek)


def test_temporary_support_has_its_own_decision_and_end(traject: Traject, speel: Any, dagen: v.Dagen) -> None:
    """PL-59: parallel to the main line; without a besluit of its own refused; its orders do not move the case."""
    zaak = msgspec.structs.replace(traject, toestand="in_onderzoek")
    spoed = Spoed(reden="val", begin=dagen.gesprek, eind=dagen.start, aanbieder=v.AANBIEDER, besluit="s1")
    besluit = Besluit(
        id="s1",
        soort="spoed",
        grond=Grond(soort="spoed"),
        beschikkingnummer=7,
        bekendgemaakt_op=dagen.gesprek,
    )
    assert codes(speel(zaak, "spoed_gestart", dag=dagen.gesprek)) == {"PL-59"}
    assert codes(speel(msgspec.structs.replace(zaak, spoed=(spoed,)), "spoed_gestart")) == {"PL-59"}
    zaak = msgspec.structs.replace(zaak, spoed=(spoed,), besluit=(besluit,))
    started = speel(zaak, "spoed_gestart", dag=dagen.gesprek).zaak
    assert (started.toestand, started.termijn[-1].einde) == ("in_onderzoek", dagen.start)
    known = speel(started, "beschikking_bekendgemaakt", dag=dagen.gesprek, besluit="s1").zaak
    assert known.toestand == "in_onderzoek"
    assert "PL-59" in codes(speel(started, "traject_ingetrokken", "C", dag=dagen.gesprek, reden="niet meer nodig"))
    ended = speel(started, "spoed_beeindigd", dag=dagen.gesprek).zaak
    assert ended.termijn == ()
    assert (
        speel(ended, "traject_ingetrokken", "C", dag=dagen.gesprek, reden="niet meer nodig").zaak.sluitreden
        == "ingetrokken"
    )
    assert codes(speel(traject, "spoed_beeindigd")) == {"TOESTAND"}


def test_a_bezwaar_is_recorded_late_or_not(lopend: Traject, speel: Any, dagen: v.Dagen) -> None:
    """PL-55, H-10: a late one is a warning; upheld with another decision gives a new traject."""
    bezwaar = Bezwaar(ontvangen_op=dagen.start, uiterste_dag=dagen.start, op_tijd=False)
    assert codes(speel(lopend, "bezwaar_ontvangen")) == {"PL-55"}
    received = speel(msgspec.structs.replace(lopend, bezwaar=(bezwaar,)), "bezwaar_ontvangen")
    assert [f.severity for f in received.findings] == ["warning"]
    assert codes(speel(received.zaak, "bezwaar_afgehandeld")) == {"PL-55"}
    done = msgspec.structs.replace(bezwaar, afgehandeld_op=dagen.start, uitkomst="gegrond")
    after = speel(
        msgspec.structs.replace(received.zaak, bezwaar=(done,)), "bezwaar_afgehandeld", nieuw_traject="t2"
    ).zaak
    assert after.volgend_traject == ("t2",)

    voorval = Voorval(soort="bezwaar_afgehandeld", partij="G", door="x", op=v.moment(dagen.start), nieuw_traject="t2")
    new = na_bezwaar(after, voorval)
    assert (new.toestand, new.besluit, new.termijn, len(new.plan)) == ("in_beoordeling", (), (), 1)
    bare = msgspec.structs.replace(after, plan=())
    assert na_bezwaar(bare, voorval).toestand == "in_onderzoek"
    assert na_bezwaar(msgspec.structs.replace(bare, afwijking=Afwijking()), voorval).toestand == "zonder_plan"


def test_support_does_not_just_stop_when_the_client_moves(lopend: Traject, speel: Any, dagen: v.Dagen) -> None:
    """PL-65, PL-66: ending for a move needs a recorded continuity."""
    assert codes(speel(lopend, "verhuizing_gemeld")) == {"PL-65"}
    moving = speel(
        msgspec.structs.replace(lopend, verhuizing=Verhuizing(naar_gemeente="0363", per=dagen.start)),
        "verhuizing_gemeld",
    ).zaak
    wijzig = {"toewijzing_nummer": (601,), "gegevens": {"reden_wijziging": "07"}}
    assert codes(speel(moving, "toewijzing_gewijzigd", **wijzig)) == {"CONTINUITEIT_ONBEKEND"}
    assert codes(speel(moving, "traject_gesloten", sluitreden="verhuisd")) >= {"CONTINUITEIT_ONBEKEND"}
    agreed = msgspec.structs.replace(
        moving, verhuizing=msgspec.structs.replace(moving.verhuizing, continuiteit="bevestigd")
    )
    assert speel(agreed, "toewijzing_gewijzigd", **wijzig).gelukt
    assert codes(speel(agreed, "toewijzing_gewijzigd", **{**wijzig, "gegevens": {"reden_wijziging": "01"}})) == {
        "CS336"
    }
    assert speel(agreed, "overdracht_bevestigd", "N").gelukt


def test_a_case_taken_over_has_its_own_eight_weeks(traject: Traject, speel: Any, dagen: v.Dagen) -> None:
    """PL-65: the new gemeente's traject starts in aangemeld."""
    assert codes(speel(traject, "overdracht_ontvangen", "S")) == {"PL-65"}
    moved = speel(msgspec.structs.replace(traject, herkomst="verhuizing"), "overdracht_ontvangen", "S").zaak
    assert (moved.toestand, moved.termijn[0].soort) == ("aangemeld", "plan_gereed")


def test_a_case_closes_only_when_nothing_runs(lopend: Traject, speel: Any, dagen: v.Dagen) -> None:
    """Event 38: a reason, and every toewijzing ended or its end ordered."""
    assert codes(speel(lopend, "traject_gesloten", sluitreden="afgerond")) == {"PL-71"}
    assert "SLUITREDEN" in codes(speel(lopend, "traject_gesloten", sluitreden="zomaar"))
    after = dagen.start + timedelta(days=400)
    assert speel(lopend, "traject_gesloten", dag=after, sluitreden="afgerond").zaak.sluitreden == "afgerond"
    died = speel(lopend, "client_overleden", reden="2026-06-01")
    assert (died.zaak.sluitreden, "C" in died.verteld) == ("overleden", False)


def test_a_case_that_closes_with_neither_plan_nor_deviation_is_pointed_out(traject: Traject, speel: Any) -> None:
    """PL-3: a warning, not a refusal."""
    zaak = msgspec.structs.replace(traject, toestand="in_onderzoek")

    uitkomst = speel(zaak, "traject_gesloten", sluitreden="ander_domein")

    assert uitkomst.zaak.toestand == "gesloten"
    assert [(f.code, f.severity) for f in uitkomst.findings] == [("PL-3", "warning")]


def test_an_earlier_end_is_decided_first(lopend: Traject, speel: Any, dagen: v.Dagen) -> None:
    """Event 45: reason, end date, resting on the besluit it ends, and the client was spoken to."""
    assert codes(speel(lopend, "beeindiging_besloten", reden="doel bereikt")) == {"PL-71"}
    einde = Besluit(
        id="e1", soort="beeindiging", grond=Grond(soort="besluit", besluit=lopend.besluit[0].id), einddatum=dagen.start
    )
    zaak = msgspec.structs.replace(lopend, besluit=(*lopend.besluit, einde))
    assert speel(zaak, "beeindiging_besloten", reden="doel bereikt").gelukt
    assert codes(speel(msgspec.structs.replace(zaak, afstemming=()), "beeindiging_besloten", reden="x")) == {"PL-1"}


def test_a_term_that_passed_is_noted_and_told(traject: Traject, speel: Any, dagen: v.Dagen) -> None:
    """PL-57, PL-58: nothing is refused or granted because of it."""
    started = speel(traject, "melding_geregistreerd", dag=dagen.melding).zaak
    passed = speel(started, "termijn_verstreken", "S", gegevens={"termijn": "plan_gereed"})
    assert passed.zaak.termijn[0].verstreken_op == dagen.start
    assert passed.verteld == ("K", "T", "C")
    assert speel(started, "termijn_waarschuwing", "S").zaak.toestand == "aangemeld"


def test_delivery_before_the_beschikking_is_a_warning(lopend: Traject, speel: Any) -> None:
    """PL-26."""
    besluit = msgspec.structs.replace(lopend.besluit[0], bekendgemaakt_op=None)
    zaak = msgspec.structs.replace(lopend, toestand="toegewezen", besluit=(besluit,))

    assert [f.code for f in speel(zaak, "levering_gestart", "S").findings] == ["PL-26"]
