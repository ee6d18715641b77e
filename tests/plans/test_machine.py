"""The life of a case: the table of events, the main line on both sides, and what is refused (plan 7)."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.plans import voorbeeld as v
from gateway.plans.contract import Contractregel
from gateway.plans.exchange import lees_uitwisseling, maak_retour, maak_uitvraag
from gateway.plans.formaat import Formaat
from gateway.plans.machine import (
    AANBIEDER_TOESTANDEN,
    EVENTS,
    GEMEENTE_TOESTANDEN,
    TABEL,
    Omgeving,
    Uitkomst,
    Voorval,
    apply,
    mogelijk,
)
from gateway.plans.machine.apply import DOELEN
from gateway.plans.machine.effects import EFFECTEN
from gateway.plans.machine.guards import GUARDS
from gateway.plans.model import (
    Afwijking,
    Besluit,
    Deelmoment,
    GeenHandtekening,
    Grond,
    OntvangenUitvraag,
    ToewijzingBericht,
    ToewijzingKoppeling,
    Traject,
    Vindplaats,
    Weigering,
)
from gateway.plans.orders import uit_besluitregel
from gateway.plans.paths import put


class Loop:
    """Plays events on a case of the example, with the surroundings filled in."""

    def __init__(self, formaat: Formaat, contract: tuple[Contractregel, ...], dagen: v.Dagen) -> None:
        self.formaat, self.contract, self.dagen = formaat, contract, dagen

    def probeer(self, zaak: Any, soort: str, partij: str = "G", dag: Any = None, **anders: Any) -> Uitkomst[Any]:
        dag = dag or self.dagen.besluit
        omgeving = Omgeving(self.formaat, dag, anders.pop("contract", self.contract), **anders.pop("omgeving", {}))
        voorval = Voorval(
            soort=soort, partij=partij, **{"door": "K. de Wit", "op": v.moment(dag), "bevoegd": True, **anders}
        )
        return apply(zaak, voorval, omgeving)

    def doe(self, zaak: Any, soort: str, partij: str = "G", dag: Any = None, **anders: Any) -> Any:
        uitkomst = self.probeer(zaak, soort, partij, dag, **anders)
        assert uitkomst.zaak is not None, [(f.code, f.path, f.message) for f in uitkomst.findings]
        return uitkomst.zaak

    def codes(self, zaak: Any, soort: str, partij: str = "G", dag: Any = None, **anders: Any) -> set[str]:
        uitkomst = self.probeer(zaak, soort, partij, dag, **anders)
        assert uitkomst.zaak is None
        return {f.code for f in uitkomst.findings if f.severity == "error"}

    def tot_uitvraag(self, traject: Traject) -> Traject:
        d = self.dagen
        zaak = self.doe(traject, "melding_geregistreerd", dag=d.melding)
        zaak = self.doe(zaak, "gesprek_gevoerd", dag=d.gesprek)
        zaak = self.doe(zaak, "arrangement_vastgesteld", dag=d.gesprek)
        return self.doe(zaak, "client_geinformeerd", dag=d.gesprek)

    def tot_beoordeling(self, traject: Traject, plan: Any) -> Traject:
        d = self.dagen
        zaak = self.doe(self.tot_uitvraag(traject), "uitvraag_verzonden", dag=d.uitvraag)
        zaak = self.doe(zaak, "uitvraag_bezorgd", "S", d.uitvraag)
        zaak = msgspec.structs.replace(zaak, plan=(plan,))
        zaak = self.doe(zaak, "plan_ingediend", "A", d.plan)
        return self.doe(zaak, "plan_aanvaard", "S", d.plan)

    def tot_besloten(self, traject: Traject, plan: Any) -> Traject:
        zaak = self.tot_beoordeling(traject, plan)
        zaak = msgspec.structs.replace(zaak, besluit=(v.besluit(plan, self.formaat, self.dagen),))
        return self.doe(zaak, "besluit_genomen")

    def met_toewijzing(self, zaak: Traject) -> Traject:
        koppelingen = tuple(
            ToewijzingKoppeling(
                toewijzing_nummer=600 + regel.nr,
                besluit=zaak.besluit[-1].id,
                regel=regel.nr,
                bericht=(ToewijzingBericht(bericht="301", verzonden_op=v.moment(self.dagen.besluit)),),
            )
            for regel in zaak.besluit[-1].regel
        )
        return msgspec.structs.replace(zaak, toewijzing=koppelingen)

    def bekend(self, zaak: Traject) -> Traject:
        besluit = msgspec.structs.replace(
            zaak.besluit[-1], beschikkingnummer=204117, bekendgemaakt_op=self.dagen.besluit
        )
        return msgspec.structs.replace(zaak, besluit=(*zaak.besluit[:-1], besluit))


@pytest.fixture(scope="session")
def loop(formaat: Formaat, contract: tuple[Contractregel, ...], dagen: v.Dagen) -> Loop:
    return Loop(formaat, contract, dagen)


def test_the_table_has_all_forty_eight_numbers_once_each_name() -> None:
    """Plan 7.3: every event of the table, and no event without a side to play on."""
    assert sorted({event.nr for event in TABEL}) == list(range(1, 49))
    assert len(EVENTS) == len(TABEL)
    assert all(event.gemeente or event.aanbieder for event in TABEL)


def test_the_table_names_only_what_exists() -> None:
    """States, guards, effects, parties and computed targets are all known; and nothing is written for no event."""
    for event in TABEL:
        for overgang, toestanden in ((event.gemeente, GEMEENTE_TOESTANDEN), (event.aanbieder, AANBIEDER_TOESTANDEN)):
            if overgang is not None:
                assert overgang.van <= {*toestanden, ""}, event.naam
                assert overgang.naar in {*toestanden, *DOELEN, "="}, event.naam
        assert set(event.guards) <= set(GUARDS), event.naam
        assert set(event.effecten) <= set(EFFECTEN), event.naam
        assert set(event.door) <= set("GACSN"), event.naam
        assert set(event.verteld) <= set("KTACN"), event.naam
    assert {name for event in TABEL for name in event.guards} == set(GUARDS)


def test_every_state_can_be_reached_and_left() -> None:
    """No state is a trap but the last, and none is out of reach."""
    for side, states in (("gemeente", GEMEENTE_TOESTANDEN), ("aanbieder", AANBIEDER_TOESTANDEN)):
        moves = [m for m in (getattr(event, side) for event in TABEL) if m is not None]
        computed = {"besloten", "uitgevraagd", "aanvulling_gevraagd", "toegewezen", "niet_toegewezen", "beschikt"}
        assert set(states) <= {m.naar for m in moves} | computed
        left = {state for m in moves for state in m.van if m.naar not in ("=", state)}
        assert set(states) - left == {"gesloten"}


def test_the_main_line_of_the_gemeente(loop: Loop, traject: Traject, plan: Any, dagen: v.Dagen) -> None:
    """PL-45: from melding to delivery, each step in order, with its log, terms and links."""
    zaak = loop.tot_besloten(traject, plan)
    orders = tuple(uit_besluitregel(regel) for regel in zaak.besluit[-1].regel)
    zaak = loop.doe(loop.met_toewijzing(zaak), "toewijzing_verzonden", toegewezen=orders)
    zaak = loop.doe(loop.bekend(zaak), "beschikking_bekendgemaakt")
    half = loop.doe(zaak, "toewijzing_aanvaard", "S", toewijzing_nummer=(601,), bericht_id="r1")
    zaak = loop.doe(half, "toewijzing_aanvaard", "S", toewijzing_nummer=(602,), bericht_id="r2")
    klaar = loop.doe(zaak, "levering_gestart", "S", dagen.start)

    assert half.toestand == "beschikt"
    assert zaak.toestand == "toegewezen"
    assert klaar.toestand == "in_uitvoering"
    assert [g.nr for g in klaar.gebeurtenis] == list(range(1, len(klaar.gebeurtenis) + 1))
    assert [g.naar for g in klaar.gebeurtenis] == [
        "aangemeld",
        "in_onderzoek",
        "arrangement_bepaald",
        "arrangement_bepaald",
        "uitgevraagd",
        "uitgevraagd",
        "plan_ontvangen",
        "in_beoordeling",
        "besloten",
        "besloten",
        "beschikt",
        "beschikt",
        "toegewezen",
        "in_uitvoering",
    ]
    running = {t.soort: t for t in klaar.termijn if not t.gehaald_op}
    assert set(running) == {"bezwaar", "evaluatie", "toewijzing_einde"}
    met = next(t for t in klaar.termijn if t.soort == "plan_gereed")
    assert met.gehaald_op == dagen.besluit
    assert all(k.bericht[-1].retour == "aanvaard" for k in klaar.toewijzing)


def test_the_main_line_of_the_provider(loop: Loop, deel: Any, plan: Any, formaat: Formaat, dagen: v.Dagen) -> None:
    """Plan 7.2: received, drawn up, signed, submitted, assigned; the plan stays advice until then (PL-27)."""
    zoek = lambda naam, versie: formaat  # noqa: E731
    bericht, findings = lees_uitwisseling(maak_uitvraag(deel, formaat, verzonden_op=v.moment(dagen.uitvraag)), zoek)
    assert bericht is not None
    assert findings == []
    zaak = OntvangenUitvraag(id=bericht.plan_id, gemeente="0957", uitvraag=bericht.plan)
    zaak = loop.doe(zaak, "uitvraag_bezorgd", "S", dagen.uitvraag)
    zaak = loop.doe(zaak, "opstelling_begonnen", "A", dagen.plan)
    assert [b.formulering for b in zaak.plan[-1].resultaat] == [
        "Cliënt kan zijn financiële situatie op orde brengen",
        "Cliënt heeft een zinvolle dagbesteding",
    ]
    assert "verplichte_velden" in loop.codes(zaak, "plan_gereed", "A", dagen.plan)
    zaak = msgspec.structs.replace(zaak, plan=(v.ingevuld(zaak.plan[-1], dagen),))
    zaak = loop.doe(zaak, "plan_gereed", "A", dagen.plan)
    assert zaak.plan[-1].status == "ter_ondertekening"
    assert loop.codes(zaak, "aanbieder_getekend", "A", dagen.plan) == {"HANDTEKENING_ONTBREEKT"}
    assert loop.codes(zaak, "client_getekend", "C", dagen.plan) == {"HANDTEKENING_ONTBREEKT"}
    zaak = msgspec.structs.replace(zaak, plan=(v.ondertekend(zaak.plan[-1], dagen),))
    zaak = loop.doe(zaak, "aanbieder_getekend", "A", dagen.plan)
    zaak = loop.doe(zaak, "client_getekend", "C", dagen.plan)
    zaak = loop.doe(zaak, "plan_ingediend", "A", dagen.plan)
    assert (zaak.toestand, zaak.plan[-1].status) == ("ingediend", "ingediend")

    terug, findings = lees_uitwisseling(maak_retour(zaak.plan[-1], formaat, verzonden_op=v.moment(dagen.plan)), zoek)
    assert findings == []
    assert terug is not None
    assert terug.sha256 == zaak.plan[-1].sha256

    toegewezen = loop.doe(zaak, "toewijzing_aanvaard", "S", toewijzing_nummer=(601, 602))
    afgewezen = loop.doe(zaak, "besluit_afwijzing_bekend")
    zonder = loop.doe(zaak, "toewijzing_aanvaard", "S")
    assert (toegewezen.toestand, toegewezen.toewijzing_nummer) == ("toegewezen", (601, 602))
    assert afgewezen.toestand == zonder.toestand == "niet_toegewezen"
    assert loop.doe(toegewezen, "levering_gestart", "S", dagen.start).toestand == "in_uitvoering"


def test_a_move_the_state_does_not_list_is_one_finding(loop: Loop, traject: Traject) -> None:
    """7.3: refused, naming state and event, and nothing changes."""
    uitkomst = loop.probeer(traject, "besluit_genomen")

    assert uitkomst.zaak is None
    assert [f.code for f in uitkomst.findings] == ["TOESTAND"]
    assert "besluit_genomen" in uitkomst.findings[0].message
    assert "nieuw" in uitkomst.findings[0].message
    assert loop.codes(traject, "iets_anders") == {"GEBEURTENIS_ONBEKEND"}
    assert loop.codes(traject, "melding_geregistreerd", "A") == {"PARTIJ"}


def test_the_same_message_again_changes_nothing(loop: Loop, traject: Traject, dagen: v.Dagen) -> None:
    """7.3: deliveries can be doubled."""
    zaak = loop.doe(loop.tot_uitvraag(traject), "uitvraag_verzonden", dag=dagen.uitvraag)
    once = loop.doe(zaak, "uitvraag_bezorgd", "S", bericht_id="mdn-1")

    again = loop.probeer(once, "uitvraag_bezorgd", "S", bericht_id="mdn-1")

    assert again.zaak is once
    assert again.herhaald


@given(soort=st.sampled_from(sorted(EVENTS)), toestand=st.sampled_from(sorted(GEMEENTE_TOESTANDEN)))
@settings(max_examples=200, deadline=None)
def test_no_event_in_no_state_raises(soort: str, toestand: str, loop: Loop, dagen: v.Dagen) -> None:
    """A bare case in any state, any event: either refused with findings or moved as the table says."""
    bare = Traject(id="t", gemeente="0957", toestand=toestand)
    for party in EVENTS[soort].door:
        uitkomst = loop.probeer(bare, soort, party, contract=())
        assert uitkomst.zaak is not None or uitkomst.findings


def test_what_is_possible_now_can_be_asked(loop: Loop, traject: Traject) -> None:
    """A screen offers what the table lists for this state."""
    assert [e.naam for e in mogelijk(traject)] == ["melding_geregistreerd", "overdracht_ontvangen"]
    names = [e.naam for e in mogelijk(loop.tot_uitvraag(traject))]
    assert "uitvraag_verzonden" in names
    assert "plan_aanvaard" not in names


UITVRAAG_FAULTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"formaat_versie": 2}, "FORMAAT_ONBEKEND"),
    ({"gemeente": "0363"}, {}, "FORMAAT_NIET_GELDIG"),
    ({}, {"grondslag": "omdat_het_kan"}, "PL-36"),
    ({"onderzoek.geinformeerd_wijze": None}, {}, "CLIENT_NIET_GEINFORMEERD"),
    ({}, {"proportioneel_beoordeeld_door": None}, "PL-40"),
    ({}, {"kanaal": "gewone_mail"}, "KANAAL_NIET_BEVEILIGD"),
    ({"voorkeur_client": None}, {}, "PL-49"),
    ({"voorkeur_client": "niet_gecontracteerd"}, {}, "PL-49"),
    ({"voorkeur_client": "87654321"}, {}, "KEUZE_NIET_GEVOLGD"),
    ({"voorkeur_client": "87654321", "reden_andere_aanbieder": "x" * 50}, {}, "KEUZE_NIET_GEVOLGD"),
    ({"arrangement_met_client_op": None}, {}, "PL-14"),
    ({}, {"onderzoeksverslag_meegezonden": "nee"}, "PL-35"),
    ({}, {"bijlage": ()}, "PL-35"),
    ({"onderzoek.verslag_akkoord_client": None}, {}, "PL-35"),
    ({}, {"retouradres": None}, "verplichte_velden"),
]


@pytest.mark.parametrize(("zaakvelden", "uitvraagvelden", "code"), UITVRAAG_FAULTS)
def test_an_uitvraag_is_refused_with_the_rule_it_breaks(
    zaakvelden: Any, uitvraagvelden: Any, code: str, loop: Loop, traject: Traject, dagen: v.Dagen
) -> None:
    """Event 5: PL-11, 12, 17, 34 to 42, 49 to 51, all at once."""
    zaak = loop.tot_uitvraag(traject)
    for pad, waarde in zaakvelden.items():
        zaak = put(zaak, pad, waarde)
    zaak = msgspec.structs.replace(zaak, uitvraag=(msgspec.structs.replace(zaak.uitvraag[0], **uitvraagvelden),))

    assert code in loop.codes(zaak, "uitvraag_verzonden", dag=dagen.uitvraag)


def test_other_attachments_never_go_along(loop: Loop, traject: Traject, dagen: v.Dagen) -> None:
    """PL-34, PL-40, PL-41: kind, type, size, number, purpose, a clean scan; nothing overrides it."""
    zaak = loop.tot_uitvraag(traject)
    goed = zaak.uitvraag[0].bijlage[0]
    for velden, code in (
        ({"soort": "beschikking"}, "BIJLAGE_NIET_TOEGESTAAN"),
        ({"mediatype": "text/html"}, "BIJLAGE_NIET_TOEGESTAAN"),
        ({"omvang_bytes": 10_000_001}, "BIJLAGE_NIET_TOEGESTAAN"),
        ({"controle": "geweigerd"}, "BIJLAGE_NIET_TOEGESTAAN"),
        ({"doel": None}, "PL-40"),
    ):
        uitvraag = msgspec.structs.replace(zaak.uitvraag[0], bijlage=(goed, msgspec.structs.replace(goed, **velden)))
        spoiled = msgspec.structs.replace(zaak, uitvraag=(uitvraag,))
        assert code in loop.codes(spoiled, "uitvraag_verzonden", dag=dagen.uitvraag)
    many = msgspec.structs.replace(zaak, uitvraag=(msgspec.structs.replace(zaak.uitvraag[0], bijlage=(goed,) * 6),))
    assert "BIJLAGE_NIET_TOEGESTAAN" in loop.codes(many, "uitvraag_verzonden", dag=dagen.uitvraag)


def test_no_contract_no_uitvraag(loop: Loop, traject: Traject, dagen: v.Dagen) -> None:
    """PL-50."""
    assert "GEEN_CONTRACT" in loop.codes(
        loop.tot_uitvraag(traject), "uitvraag_verzonden", dag=dagen.uitvraag, contract=()
    )


def test_more_questions_than_blocks_warn_first_and_refuse_at_sending(
    loop: Loop, traject: Traject, dagen: v.Dagen
) -> None:
    """PL-17: a warning while the arrangement is written, an error at sending; nothing asked is refused too (PL-14)."""
    five = tuple(
        msgspec.structs.replace(traject.arrangement[0], resultaat=code) for code in ("2.a", "2.b", "2.c", "2.d", "2.e")
    )
    zaak = msgspec.structs.replace(loop.tot_uitvraag(traject), arrangement=five)

    again = loop.probeer(zaak, "arrangement_vastgesteld", dag=dagen.gesprek)

    assert again.zaak is not None
    assert [f.severity for f in again.findings if f.code == "PL-17"] == ["warning"]
    assert "PL-17" in loop.codes(zaak, "uitvraag_verzonden", dag=dagen.uitvraag)
    nothing = msgspec.structs.replace(zaak, arrangement=traject.arrangement[2:])
    assert "PL-14" in loop.codes(nothing, "uitvraag_verzonden", dag=dagen.uitvraag)


def test_one_open_uitvraag_and_never_the_same_twice(loop: Loop, traject: Traject, dagen: v.Dagen) -> None:
    """PL-72 and plan 5.6: a changed municipal part means withdraw and send a new one."""
    sent = loop.doe(loop.tot_uitvraag(traject), "uitvraag_verzonden", dag=dagen.uitvraag)
    assert sent.uitvraag[0].momentopname is not None
    assert sent.uitvraag[0].sha256
    back = loop.doe(sent, "uitvraag_ingetrokken", reden="verhuisd naar familie")
    assert (back.toestand, back.uitvraag[0].open) == ("arrangement_bepaald", False)

    assert loop.codes(back, "uitvraag_verzonden", dag=dagen.uitvraag) == {"PL-72"}
    fresh = msgspec.structs.replace(
        back, uitvraag=(*back.uitvraag, msgspec.structs.replace(traject.uitvraag[0], id="nieuw"))
    )
    assert loop.doe(fresh, "uitvraag_verzonden", dag=dagen.uitvraag).toestand == "uitgevraagd"
    assert loop.codes(sent, "uitvraag_ingetrokken") == {"REDEN"}


def test_an_uitvraag_that_does_not_arrive_goes_back_to_the_choice(loop: Loop, traject: Traject, dagen: v.Dagen) -> None:
    """Events 7 and 11: final failure of the channel, and a provider that declines with a reason (PL-61)."""
    sent = loop.doe(loop.tot_uitvraag(traject), "uitvraag_verzonden", dag=dagen.uitvraag)
    failed = loop.doe(sent, "uitvraag_niet_bezorgd", "S")
    assert (failed.toestand, failed.uitvraag[0].open) == ("arrangement_bepaald", False)

    assert loop.codes(sent, "opdracht_geweigerd", "A") == {"PL-61"}
    refusal = msgspec.structs.replace(sent.uitvraag[0], weigering=Weigering(soort="geen_capaciteit"))
    refused = loop.doe(msgspec.structs.replace(sent, uitvraag=(refusal,)), "opdracht_geweigerd", "A")
    assert refused.toestand == "arrangement_bepaald"


def test_a_plan_outside_its_uitvraag_is_refused(loop: Loop, traject: Traject, plan: Any, dagen: v.Dagen) -> None:
    """PL-9, PL-11: another plan_id or format is not this uitvraag's plan."""
    sent = loop.doe(loop.tot_uitvraag(traject), "uitvraag_verzonden", dag=dagen.uitvraag)
    for velden, code in (({"plan_id": "anders"}, "PL-9"), ({"formaat_versie": 2}, "FORMAAT_ONBEKEND")):
        other = msgspec.structs.replace(sent, plan=(msgspec.structs.replace(plan, **velden),))
        assert code in loop.codes(other, "plan_ingediend", "A", dagen.plan)
    assert loop.codes(sent, "document_ontvangen", "S") == {"PL-16"}


def test_a_rejected_version_goes_back_to_where_it_came_from(
    loop: Loop, traject: Traject, plan: Any, dagen: v.Dagen
) -> None:
    """Event 19 after 17, and after a request for more (event 21): uitgevraagd, or aanvulling_gevraagd."""
    sent = loop.doe(loop.tot_uitvraag(traject), "uitvraag_verzonden", dag=dagen.uitvraag)
    received = loop.doe(msgspec.structs.replace(sent, plan=(plan,)), "plan_ingediend", "A", dagen.plan)
    rejected = loop.doe(received, "plan_afgekeurd_technisch", "S", reden="handtekening ongeldig")
    assert (rejected.toestand, rejected.plan[-1].status) == ("uitgevraagd", "afgekeurd")

    assessed = loop.tot_beoordeling(traject, plan)
    asked = loop.doe(assessed, "aanvulling_verzocht", reden="Wat doet de groep op donderdag?")
    assert (asked.toestand, len(asked.plan)) == ("aanvulling_gevraagd", 1)
    second = v.ondertekend(msgspec.structs.replace(plan, versie=2, status="concept"), dagen)
    again = loop.doe(msgspec.structs.replace(asked, plan=(*asked.plan, second)), "plan_ingediend", "A", dagen.plan)
    assert [p.status for p in again.plan] == ["vervangen", "ingediend"]
    assert loop.doe(again, "plan_afgekeurd_technisch", "G", reden="x").toestand == "aanvulling_gevraagd"
    back = loop.doe(asked, "aanvulling_ingetrokken", reden="toch duidelijk")
    assert back.toestand == "in_beoordeling"


def test_versions_at_the_provider(loop: Loop, deel: Any, plan: Any, dagen: v.Dagen) -> None:
    """5.12: a request for more opens version + 1 without signatures; withdrawn, the submitted one counts."""
    zaak = OntvangenUitvraag(
        id=plan.plan_id, gemeente="0957", uitvraag=deel, plan=(plan,), toestand="ter_ondertekening"
    )
    sent = loop.doe(zaak, "plan_ingediend", "A", dagen.plan)
    asked = loop.doe(sent, "aanvulling_verzocht", reden="Welke dagen?")
    assert [(p.versie, p.status) for p in asked.plan] == [(1, "ingediend"), (2, "concept")]
    assert asked.plan[-1].handtekening.aanbieder is None
    begun = loop.doe(asked, "opstelling_begonnen", "A")
    assert len(begun.plan) == 2
    withdrawn = loop.doe(begun, "aanvulling_ingetrokken", reden="toch duidelijk")
    assert [(p.versie, p.status) for p in withdrawn.plan] == [(1, "ingediend")]
    rejected = loop.doe(sent, "plan_afgekeurd_technisch", "S", reden="x")
    assert [p.status for p in rejected.plan] == ["afgekeurd", "concept"]
    closed = loop.doe(sent, "uitvraag_ingetrokken", reden="x")
    assert (closed.toestand, closed.plan[-1].status) == ("gesloten", "vervallen")


def test_signing_starts_again_when_the_content_changes(loop: Loop, deel: Any, plan: Any, dagen: v.Dagen) -> None:
    """Events 14 and 16: signatures of the draft are void; an explanation added later must be signed with the plan."""
    zaak = OntvangenUitvraag(
        id=plan.plan_id, gemeente="0957", uitvraag=deel, plan=(plan,), toestand="ter_ondertekening"
    )
    back = loop.doe(zaak, "terug_naar_opstelling", "A")
    assert (back.toestand, back.plan[-1].handtekening.client) == ("in_opstelling", None)

    assert loop.codes(zaak, "client_niet_getekend", "A") == {"PL-23"}
    why = msgspec.structs.replace(
        plan, geen_handtekening=GeenHandtekening(toelichting="Opgenomen; telefonisch besproken")
    )
    explained = loop.doe(msgspec.structs.replace(zaak, plan=(why,)), "client_niet_getekend", "A")
    assert explained.plan[-1].handtekening.aanbieder is None


def test_what_was_transcribed_from_paper_is_checked_by_another_person(
    loop: Loop, traject: Traject, plan: Any, dagen: v.Dagen
) -> None:
    """PLD-22, H-9."""
    sent = loop.doe(loop.tot_uitvraag(traject), "uitvraag_verzonden", dag=dagen.uitvraag)
    scan = msgspec.structs.replace(plan, ontvangen_als="scan", overgenomen_door="A", gecontroleerd_door="A")
    received = loop.doe(msgspec.structs.replace(sent, plan=(scan,)), "document_ontvangen", "S", dagen.plan)
    assert "PLD-22" in loop.codes(received, "plan_aanvaard", "G", dagen.plan)
    checked = msgspec.structs.replace(scan, gecontroleerd_door="B")
    accepted = loop.doe(msgspec.structs.replace(received, plan=(checked,)), "plan_aanvaard", "G", dagen.plan)
    assert accepted.toestand == "in_beoordeling"


def test_without_a_plan_all_three_conditions_hold(loop: Loop, traject: Traject, dagen: v.Dagen) -> None:
    """PL-7: reason, where the information stands, the client involved, the provider spoken to."""
    zaak = loop.tot_uitvraag(traject)
    assert loop.codes(zaak, "afwijking_vastgelegd", dag=dagen.uitvraag) >= {"AFWIJKING_ONVOLLEDIG"}
    afwijking = Afwijking(
        reden="Voortzetting van dezelfde ondersteuning; alles staat in het verslag van vorige maand.",
        vindplaats=tuple(
            Vindplaats(onderdeel=deel, document="onderzoeksverslag, par. 3")
            for deel in ("arrangement", "resultaten", "samenvatting")
        ),
        aanbieder=v.AANBIEDER,
        client_betrokken_op=dagen.gesprek,
        client_betrokken_wijze="huisbezoek",
        aanbieder_kortgesloten_op=dagen.gesprek,
        aanbieder_kortgesloten_wijze="telefoon",
        aanbieder_kortgesloten_met="P. Jansen",
    )
    recorded = loop.doe(msgspec.structs.replace(zaak, afwijking=afwijking), "afwijking_vastgelegd", dag=dagen.uitvraag)
    assert recorded.toestand == "zonder_plan"
    assert loop.doe(recorded, "afwijking_ingetrokken", reden="toch een plan").afwijking is not None


BESLUIT_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"genomen_door": None}, "PL-25"),
    ({"gewogen": ()}, "PL-21"),
    ({"regel": ()}, "PL-4"),
    ({"evaluatie_op": None}, "PL-62"),
    ({"regel.1.volume": None}, "PL-4"),
    ({"regel.1.resultaat": ()}, "PL-4"),
    ({"regel.1.resultaat": (9,)}, "PL-2"),
    ({"regel.1.volume": 3}, "PL-25"),
    ({"regel.1.aanbieder": "87654321"}, "GEEN_CONTRACT"),
    ({"regel.1.aanbieder": "87654321"}, "KEUZE_NIET_GEVOLGD"),
    ({"grond.versie": 2}, "PL-2"),
    ({"grond.soort": "onderzoek"}, "PL-69"),
]


@pytest.mark.parametrize(("velden", "code"), BESLUIT_FAULTS)
def test_a_decision_is_refused_with_the_part_that_is_missing(
    velden: Any, code: str, loop: Loop, traject: Traject, plan: Any, formaat: Formaat, dagen: v.Dagen
) -> None:
    """Event 22: PL-1, 2, 4, 21, 25, 44, 49 to 51."""
    zaak = loop.tot_beoordeling(traject, plan)
    besluit = v.besluit(plan, formaat, dagen)
    for pad, waarde in velden.items():
        besluit = put(besluit, pad, waarde)

    assert code in loop.codes(msgspec.structs.replace(zaak, besluit=(besluit,)), "besluit_genomen")


def test_only_an_authorised_employee_decides(
    loop: Loop, traject: Traject, plan: Any, formaat: Formaat, dagen: v.Dagen
) -> None:
    """PL-25: the gateway proposes and never decides."""
    zaak = msgspec.structs.replace(loop.tot_beoordeling(traject, plan), besluit=(v.besluit(plan, formaat, dagen),))

    assert loop.codes(zaak, "besluit_genomen", bevoegd=False) == {"PL-25"}
    assert loop.codes(zaak, "besluit_genomen", "A") == {"PARTIJ"}


def test_a_line_that_differs_from_the_proposal_is_explained(
    loop: Loop, traject: Traject, plan: Any, formaat: Formaat, dagen: v.Dagen
) -> None:
    """5.11: the reason stays with the gemeente."""
    zaak = loop.tot_beoordeling(traject, plan)
    besluit = put(v.besluit(plan, formaat, dagen), "regel.1.volume", 1)
    besluit = put(besluit, "regel.1.afwijking_van_voorstel", "Eén uur volstaat volgens het onderzoek.")

    assert loop.doe(msgspec.structs.replace(zaak, besluit=(besluit,)), "besluit_genomen").toestand == "besloten"


@pytest.mark.parametrize(
    ("reactie", "toelichting", "mag"),
    [
        ("akkoord", None, True),
        ("aanpassing_voorgesteld", None, False),
        ("aanpassing_voorgesteld", "De dag is verzet.", True),
        ("niet_akkoord", None, False),
        ("geen_reactie", "Drie keer gebeld.", True),
    ],
)
def test_the_last_reaction_of_the_client_counts(
    reactie: Any, toelichting: Any, mag: bool, loop: Loop, traject: Traject, plan: Any, formaat: Formaat, dagen: v.Dagen
) -> None:
    """PL-44: anything but agreement needs words, or a recorded conversation."""
    zaak = loop.tot_beoordeling(traject, plan)
    moment = Deelmoment(op=dagen.besluit, door="gemeente", wijze="gesprek", reactie=reactie, toelichting=toelichting)
    zaak = msgspec.structs.replace(zaak, besluit=(v.besluit(plan, formaat, dagen),), concept_gedeeld=(moment,))

    uitkomst = loop.probeer(zaak, "besluit_genomen")

    assert uitkomst.gelukt is mag
    if not mag:
        assert {f.code for f in uitkomst.findings} == {"PL-44"}


def test_a_refusal_needs_no_plan(loop: Loop, traject: Traject, dagen: v.Dagen) -> None:
    """PL-69: from arrangement_bepaald, on the onderzoek; afstemming with the client suffices."""
    besluit = Besluit(
        id="b",
        soort="afwijzing",
        grond=Grond(soort="onderzoek"),
        gewogen=("gesprek",),
        genomen_op=v.moment(dagen.besluit),
        genomen_door="M. Bakker",
    )
    shown = Deelmoment(op=dagen.gesprek, door="gemeente", wijze="gesprek", reactie="akkoord")
    zaak = msgspec.structs.replace(loop.tot_uitvraag(traject), besluit=(besluit,), concept_gedeeld=(shown,))
    besloten = loop.doe(zaak, "besluit_genomen")
    assert loop.codes(besloten, "beschikking_bekendgemaakt") >= {"BESLUIT"}
    bekend = loop.doe(loop.bekend(besloten), "besluit_afwijzing_bekend")
    assert bekend.toestand == "beschikt"
    assert "PL-55" in loop.codes(bekend, "traject_gesloten", sluitreden="afgewezen")
    later = dagen.besluit + timedelta(days=60)
    closed = loop.doe(bekend, "traject_gesloten", dag=later, sluitreden="afgewezen")
    assert (closed.toestand, closed.sluitreden) == ("gesloten", "afgewezen")
    silent = msgspec.structs.replace(zaak, afstemming=())
    assert loop.codes(silent, "besluit_genomen") == {"PL-1"}


def test_an_order_must_say_what_was_decided(loop: Loop, traject: Traject, plan: Any) -> None:
    """PL-28: BESCHIKKING_ONGELIJK for a differing field, a missing or an extra product."""
    zaak = loop.tot_besloten(traject, plan)
    orders = tuple(uit_besluitregel(regel) for regel in zaak.besluit[-1].regel)
    other = (msgspec.structs.replace(orders[0], volume=9), orders[1])

    assert loop.codes(zaak, "toewijzing_verzonden", toegewezen=other) == {"BESCHIKKING_ONGELIJK"}
    assert loop.codes(zaak, "toewijzing_verzonden", toegewezen=orders[:1]) == {"BESCHIKKING_ONGELIJK"}
    assert loop.codes(zaak, "toewijzing_verzonden", toegewezen=()) == {"BESCHIKKING_ONGELIJK"}
    assert loop.codes(zaak, "toewijzing_verzonden", toegewezen=orders, bevoegd=False) == {"PL-25"}


def test_a_decision_is_taken_back_to_where_it_came_from(loop: Loop, traject: Traject, plan: Any) -> None:
    """Event 46: only while nothing was accepted or is on its way; the eight weeks count again."""
    zaak = loop.tot_besloten(traject, plan)
    back = loop.doe(zaak, "besluit_teruggenomen", reden="verkeerde periode")
    assert (back.toestand, back.besluit[-1].status) == ("in_beoordeling", "vervallen")
    assert next(t for t in back.termijn if t.soort == "plan_gereed").gehaald_op is None
    assert loop.codes(loop.met_toewijzing(zaak), "besluit_teruggenomen", reden="x") == {"BESLUIT"}


def test_a_rejected_order_leaves_the_state(loop: Loop, traject: Traject, plan: Any) -> None:
    """Event 26: the answer is kept on the link; a number of another case is refused (TR332)."""
    zaak = loop.met_toewijzing(loop.tot_besloten(traject, plan))
    rejected = loop.doe(zaak, "toewijzing_afgekeurd", "S", toewijzing_nummer=(601,))
    assert rejected.toestand == "besloten"
    assert rejected.toewijzing[0].bericht[-1].retour == "afgekeurd"
    assert loop.codes(zaak, "toewijzing_aanvaard", "S", toewijzing_nummer=(999,)) == {"TR332"}
    assert loop.codes(zaak, "toewijzing_aanvaard", "S") == {"TR332"}
