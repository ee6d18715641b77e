"""The checks of plan 6: each one fires on its own fault and on nothing else."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gateway.plans import voorbeeld
from gateway.plans.checks import HANDTEKENING_CONTROLES, controleer
from gateway.plans.contract import Contractregel
from gateway.plans.formaat import Formaat
from gateway.plans.model import (
    ArrangementRegel,
    Client,
    Controle,
    GeenHandtekening,
    Handtekeningen,
    Ondersteuningsplan,
    ProductSamenvatting,
    ResultaatBlok,
)
from gateway.plans.paths import put
from gateway.plans.signing import teken, zonder_handtekeningen

Teken = Callable[[Ondersteuningsplan], Ondersteuningsplan]
INDIVIDUEEL = "samenvatting.begeleiding_individueel"


@pytest.fixture
def vind(formaat: Formaat, contract: tuple[Contractregel, ...], dagen: voorbeeld.Dagen):
    """(code, path, severity) of every finding of a phase."""

    def zoek(plan: Ondersteuningsplan, fase: Any = "indienen", vandaag: date = dagen.plan, **anders: Any) -> set[Any]:
        found = controleer(plan, formaat, fase, vandaag=vandaag, **{"contract": contract, **anders})
        return {(f.code, f.path, f.severity) for f in found}

    return zoek


def test_the_example_is_without_findings_in_every_phase(deel, plan, vind, dagen) -> None:
    """The complete plan of the example passes all three phases."""
    assert vind(deel, "uitvragen", dagen.uitvraag) == set()
    assert vind(plan, "indienen") == set()
    assert vind(plan, "beoordelen") == set()


@pytest.mark.parametrize(
    ("path", "value", "code", "found_at"),
    [
        ("client.bsn", None, "verplichte_velden", "client.bsn"),
        ("client.voorletters", " ", "verplichte_velden", "client.voorletters"),
        ("client.achternaam", None, "veldgrenzen", "client.achternaam"),
        ("client.postcode", None, "veldgrenzen", "client.postcode"),
        ("arrangement", (), "verplichte_velden", "arrangement"),
        ("arrangement.1.richting", None, "verplichte_velden", "arrangement.1.richting"),
        ("onderzoeksverslag_meegezonden", None, "verplichte_velden", "onderzoeksverslag_meegezonden"),
        ("retouradres", None, "verplichte_velden", "retouradres"),
        ("aanbieder.naam", None, "verplichte_velden", "aanbieder.naam"),
        ("client.bsn", "123456789", "veldgrenzen", "client.bsn"),
        ("client.voorletters", "J.E.", "veldgrenzen", "client.voorletters"),
        ("client.voorletters", "ABCDEFG", "veldgrenzen", "client.voorletters"),
        ("client.geslacht", "9", "veldgrenzen", "client.geslacht"),
        ("client.geboortedatum", date(2040, 1, 1), "veldgrenzen", "client.geboortedatum"),
        ("client.geboortedatum", date(1880, 1, 1), "veldgrenzen", "client.geboortedatum"),
        ("client.straatnaam", "x" * 25, "veldgrenzen", "client.straatnaam"),
        ("client.huisnummer", 100000, "veldgrenzen", "client.huisnummer"),
        ("client.postcode", "6041 AB", "veldgrenzen", "client.postcode"),
        ("client.telefoonnummer", "bel mij", "veldgrenzen", "client.telefoonnummer"),
        ("aanbieder.agb", "1234567", "veldgrenzen", "aanbieder.agb"),
        ("aanbieder.naam", "x" * 201, "veldgrenzen", "aanbieder.naam"),
        ("aanbieder.naam", "een\x07bel", "veldgrenzen", "aanbieder.naam"),
        ("aanbieder.email", "geen adres", "veldgrenzen", "aanbieder.email"),
        ("arrangement.1.resultaat", "9.z", "veldgrenzen", "arrangement.1.resultaat"),
        ("arrangement.2.resultaat", "2.e", "veldgrenzen", "arrangement.2.resultaat"),
        ("arrangement", (ArrangementRegel(),) * 8, "veldgrenzen", "arrangement"),
        ("aanbieder.contactpersoon", "999900006", "bsn_in_vrije_tekst", "aanbieder.contactpersoon"),
    ],
)
def test_uitvragen_is_refused_with_the_field_that_is_wrong(path, value, code, found_at, deel, vind, dagen) -> None:
    """PL-12, PL-14, PL-15: blocks A to D and K are complete and within their limits before anything is sent."""
    findings = vind(put(deel, path, value), "uitvragen", dagen.uitvraag)

    severity = "warning" if code == "bsn_in_vrije_tekst" else "error"
    assert (code, found_at, severity) in findings


def test_an_unknown_date_of_birth_is_possible(deel, vind, dagen) -> None:
    """TR002: 1 January 1900 stands for wholly unknown."""
    assert vind(put(deel, "client.geboortedatum", date(1900, 1, 1)), "uitvragen", dagen.uitvraag) == set()


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("resultaat.1.formulering", None, ("verplichte_velden", "resultaat.1.formulering")),
        ("resultaat.1.actie", ("", " "), ("verplichte_velden", "resultaat.1.actie")),
        ("resultaat.1.uren_per_week", None, ("verplichte_velden", "resultaat.1.uren_per_week")),
        ("opsteller.naam_functie", None, ("verplichte_velden", "opsteller.naam_functie")),
        ("opsteller.contactpersoon", "", ("verplichte_velden", "opsteller.contactpersoon")),
        ("datum_plan", None, ("verplichte_velden", "datum_plan")),
        ("resultaat.1.uren_per_week", Decimal("0.1"), ("veldgrenzen", "resultaat.1.uren_per_week")),
        ("resultaat.1.uren_per_week", Decimal("169"), ("veldgrenzen", "resultaat.1.uren_per_week")),
        ("resultaat.1.uren_per_week", Decimal("2.333"), ("veldgrenzen", "resultaat.1.uren_per_week")),
        ("resultaat.1.actie", ("x",) * 5, ("veldgrenzen", "resultaat.1.actie")),
        ("resultaat.1.actie.1", "x" * 201, ("veldgrenzen", "resultaat.1.actie")),
        ("resultaat.1.product.dagtocht", True, ("veldgrenzen", "resultaat.1.product")),
        ("resultaat.1.regel", 9, ("veldgrenzen", "resultaat.1.regel")),
        (f"{INDIVIDUEEL}.omvang_periode", "kwartaal", ("veldgrenzen", f"{INDIVIDUEEL}.omvang_periode")),
        (f"{INDIVIDUEEL}.productcode", "02A0333", ("veldgrenzen", f"{INDIVIDUEEL}.productcode")),
        ("samenvatting.dagtocht.duur", "1 week", ("veldgrenzen", "samenvatting")),
        ("resultaat.2.regel", 1, ("arrangement_eigen_heeft_blok", "arrangement.2")),
        ("resultaat.2.regel", 1, ("arrangement_eigen_heeft_blok", "arrangement.1")),
        ("resultaat.2.regel", None, ("blok_verwijst_naar_arrangement", "resultaat.2")),
        ("resultaat.2.regel", 3, ("elders_heeft_geen_blok", "resultaat.2")),
        (f"{INDIVIDUEEL}.omvang", None, ("product_in_blok_heeft_samenvatting", INDIVIDUEEL)),
        ("resultaat.1.product", {"begeleiding_groep": True}, ("samenvatting_heeft_product_in_blok", INDIVIDUEEL)),
        (f"{INDIVIDUEEL}.eind", date(2026, 4, 30), ("start_voor_eind", f"{INDIVIDUEEL}.eind")),
        (f"{INDIVIDUEEL}.omvang_periode", None, ("periode_gekozen", f"{INDIVIDUEEL}.omvang_periode")),
        (f"{INDIVIDUEEL}.frequentie_periode", None, ("periode_gekozen", f"{INDIVIDUEEL}.frequentie_periode")),
        ("datum_plan", date(2026, 3, 1), ("datum_plan_geldig", "datum_plan")),
        ("datum_plan", date(2026, 12, 1), ("datum_plan_geldig", "datum_plan")),
    ],
)
def test_indienen_is_refused_with_the_field_that_is_wrong(path, value, found, plan, vind, opnieuw_getekend) -> None:
    """PL-16, PL-18, PL-19: what the provider must make clear, within the limits of the form."""
    findings = vind(opnieuw_getekend(put(plan, path, value)))

    assert (*found, "error") in findings


def test_a_block_without_a_product_is_incomplete(plan, vind, opnieuw_getekend) -> None:
    """PL-16: at least one product per block."""
    assert ("verplichte_velden", "resultaat.1.product", "error") in vind(
        opnieuw_getekend(put(plan, "resultaat.1.product", {"begeleiding_individueel": False}))
    )


def test_an_empty_block_belongs_to_nothing_and_is_no_fault_of_its_own(plan, vind, opnieuw_getekend) -> None:
    """The form prints four blocks; one left empty is not a block without a line, but its fields are still asked."""
    extra = msgspec.structs.replace(plan, resultaat=(*plan.resultaat, ResultaatBlok()))

    assert "blok_verwijst_naar_arrangement" not in {code for code, _, _ in vind(opnieuw_getekend(extra))}


def test_a_duration_alone_answers_the_question(plan, vind, opnieuw_getekend) -> None:
    """Fact 7 and G-19: a plan with only a duration is complete; an odd text with no dates is not."""
    alone = put(put(plan, f"{INDIVIDUEEL}.start", None), f"{INDIVIDUEEL}.eind", None)

    assert vind(opnieuw_getekend(alone)) == set()
    assert ("eind_of_duur", f"{INDIVIDUEEL}.duur", "error") in vind(
        opnieuw_getekend(put(alone, f"{INDIVIDUEEL}.duur", "zo lang als nodig"))
    )


def test_odd_duration_with_both_dates_is_complete(plan, vind, opnieuw_getekend) -> None:
    """Plan 5.9: text that is not understood is kept, and start and end are needed."""
    assert vind(opnieuw_getekend(put(plan, f"{INDIVIDUEEL}.duur", "een half jaar"))) == set()


def test_a_missing_summary_is_said_once(plan, vind, opnieuw_getekend) -> None:
    """A product that is ticked without any summary gives its own finding, with the product's label."""
    assert ("product_in_blok_heeft_samenvatting", INDIVIDUEEL, "error") in vind(
        opnieuw_getekend(put(plan, INDIVIDUEEL, ProductSamenvatting()))
    )


def test_the_signature_counts_only_for_what_was_signed(plan, vind) -> None:
    """PL-22: any change after signing, or another version, makes both signatures void."""
    changed = put(plan, "resultaat.1.toelichting", "iets anders")
    next_version = msgspec.structs.replace(plan, versie=2)
    missing = {
        ("aanbieder_getekend", "handtekening.aanbieder", "error"),
        ("client_getekend_of_reden", "geen_handtekening.toelichting", "error"),
    }

    assert vind(changed) == missing
    assert vind(next_version) == missing
    assert vind(zonder_handtekeningen(plan), zonder=HANDTEKENING_CONTROLES) == set()


def test_a_signature_found_invalid_is_no_signature(plan, vind) -> None:
    """PLD-18: the verdict of the validation counts."""
    verdict = Controle(uitkomst="ongeldig", op=voorbeeld.moment(plan.datum_plan))
    client = msgspec.structs.replace(plan.handtekening.client, controle=verdict)
    spoiled = msgspec.structs.replace(
        plan, handtekening=Handtekeningen(aanbieder=plan.handtekening.aanbieder, client=client)
    )

    assert ("client_getekend_of_reden", "geen_handtekening.toelichting", "error") in vind(spoiled)


def test_an_explanation_replaces_the_client_s_signature(deel, dagen, vind) -> None:
    """PL-23: at least twenty characters; whether it suffices a person decides (H-5)."""
    unsigned = voorbeeld.ingevuld(deel, dagen)

    def explained(text: str) -> Ondersteuningsplan:
        plan = msgspec.structs.replace(unsigned, geen_handtekening=GeenHandtekening(toelichting=text))
        return teken(plan, "aanbieder", naam="P. Jansen", op=voorbeeld.moment(dagen.plan), wijze="portaal")

    assert vind(explained("Opgenomen; plan voorgelezen aan bed.")) == set()
    assert ("client_getekend_of_reden", "geen_handtekening.toelichting", "error") in vind(explained("kan niet"))


@pytest.mark.parametrize(
    ("hours", "volume", "warned"),
    [("2", "2", False), ("2", "2.25", False), ("2", "2.5", True), ("4", "2", True)],
)
def test_hours_per_result_are_compared_with_the_summary(hours, volume, warned, plan, vind, opnieuw_getekend) -> None:
    """H-8: tolerance a quarter of an hour; a warning, never an error."""
    changed = put(put(plan, "resultaat.1.uren_per_week", Decimal(hours)), f"{INDIVIDUEEL}.omvang", Decimal(volume))

    found = ("som_uren_gelijk_samenvatting", f"{INDIVIDUEEL}.omvang", "warning") in vind(opnieuw_getekend(changed))

    assert found is warned


def test_hours_are_not_compared_where_no_split_is_possible(plan, vind, opnieuw_getekend) -> None:
    """G-9: with two products in a block, or a volume per month, the two numbers say different things."""
    both = put(plan, "resultaat.1.product.begeleiding_groep", True)
    monthly = put(plan, f"{INDIVIDUEEL}.omvang_periode", "maand")

    for changed in (both, monthly):
        spoiled = opnieuw_getekend(put(changed, "resultaat.1.uren_per_week", Decimal(40)))
        assert "som_uren_gelijk_samenvatting" not in {code for code, _, _ in vind(spoiled)}


@pytest.mark.parametrize(("days", "warned"), [(0, False), (3, False), (4, True)])
def test_duration_and_dates_agree_within_three_days(days, warned, plan, vind, opnieuw_getekend) -> None:
    """start + duration - 1 day = end, give or take the region's tolerance."""
    end = plan.samenvatting["begeleiding_individueel"].eind + timedelta(days=days)

    findings = vind(opnieuw_getekend(put(plan, f"{INDIVIDUEEL}.eind", end)))

    assert (("duur_past_bij_start_eind", f"{INDIVIDUEEL}.duur", "warning") in findings) is warned


def test_a_code_outside_the_contract_is_a_warning(plan, vind, opnieuw_getekend, contract) -> None:
    """H-6: judged on the start date; without a register nothing is said."""
    other = opnieuw_getekend(put(plan, f"{INDIVIDUEEL}.productcode", "02A99"))
    warning = ("productcode_in_contract", f"{INDIVIDUEEL}.productcode", "warning")
    ended = tuple(msgspec.structs.replace(line, geldig_tot=date(2026, 4, 30)) for line in contract)

    assert warning in vind(other)
    assert warning in vind(plan, contract=ended)
    assert warning not in vind(other, contract=None)


def test_a_start_that_has_passed_is_a_warning_at_assessment_only(plan, vind) -> None:
    """A plan may wait; the klantmanager chooses the begin (H-6)."""
    late = date(2026, 5, 2)

    assert ("start_in_verleden", f"{INDIVIDUEEL}.start", "warning") in vind(plan, "beoordelen", late)
    assert "start_in_verleden" not in {code for code, _, _ in vind(plan, "indienen", late)}


@pytest.mark.parametrize(
    ("text", "warned"),
    [("bsn 999900006 van moeder", True), ("nummer 123456789", False), ("rekening 1999900006", False)],
)
def test_a_number_like_a_bsn_in_free_text_is_pointed_out(text, warned, plan, vind, opnieuw_getekend) -> None:
    """PL-40: nine digits that pass the 11-test; the finding does not repeat them."""
    findings = vind(opnieuw_getekend(put(plan, "resultaat.2.actie.2", text)))

    assert (("bsn_in_vrije_tekst", "resultaat.2.actie", "warning") in findings) is warned


def test_no_finding_repeats_what_a_person_wrote(plan, formaat, dagen) -> None:
    """Texts never carry a person's data, however wrong the plan is."""
    secret = "GEHEIM-999900006"
    spoiled = put(put(plan, "client", Client(achternaam=secret, bsn=secret)), "resultaat.1.toelichting", secret * 200)
    spoiled = put(put(spoiled, f"{INDIVIDUEEL}.productcode", secret), "opsteller.contactpersoon", secret * 20)

    for fase in ("uitvragen", "indienen", "beoordelen"):
        for finding in controleer(spoiled, formaat, fase, vandaag=dagen.plan, contract=()):
            assert "GEHEIM" not in f"{finding.message}{finding.advice}{finding.path}{finding.value}"


def test_a_region_switches_checks_off_and_sets_their_severity(plan, formaat, dagen, opnieuw_getekend) -> None:
    """Plan 8.1, key `regels`: what the file does not name is not run; a fout can be made a waarschuwing."""
    regels = tuple(
        msgspec.structs.replace(r, ernst="waarschuwing")
        for r in formaat.regels
        if r.id in ("verplichte_velden", "veldgrenzen")
    )
    other = msgspec.structs.replace(formaat, regels=regels)
    spoiled = opnieuw_getekend(put(put(plan, "datum_plan", None), f"{INDIVIDUEEL}.omvang_periode", None))

    found = {(f.code, f.path, f.severity) for f in controleer(spoiled, other, "indienen", vandaag=dagen.plan)}

    assert found == {
        ("verplichte_velden", "datum_plan", "warning"),
        ("verplichte_velden", f"{INDIVIDUEEL}.omvang_periode", "warning"),
    }
