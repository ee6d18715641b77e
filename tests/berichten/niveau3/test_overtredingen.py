"""Every rule of level 3 and 4 of WMO301-319: a message that breaks this rule and nothing else, and its good neighbour.

Each row: rule and class that gets the retourcode, what was exchanged before, the message that is wrong, and the
message that differs only in what the rule is about.
"""

import datetime as dt
import re
from typing import Any, NamedTuple

import msgspec
import pytest

from gateway.berichten import build, read
from gateway.berichten.historie import History
from gateway.berichten.regels import Context, hits, regels, registraties
from tests.berichten.historie.voorbeelden import (
    ANDERE_AANBIEDER,
    ANDERE_BSN,
    GEMEENTE,
    HEENBERICHTEN,
    VANDAAG,
    aangevraagd,
    dag,
    m301,
    m305,
    m307,
    m315,
    m317,
    m319,
    m323,
    m325,
    nieuw,
    omvang,
    ongewijzigd,
    prestatie,
    start,
    stop,
    te_wijzigen,
    toegewezen,
    verwijderd,
)


class Gemeentecodes:
    """0384 is on the list; 0999 was until the end of 2025; before 2025 the list says nothing."""

    def valid(self, code, on=None):
        if on < dag("2025-01-01"):
            return None
        return code == GEMEENTE or (code == "0999" and on < dag("2026-01-01"))


class Productcodes:
    """A code begins with its category."""

    def past(self, categorie, code, on=None):
        return code.startswith(categorie)


BRONNEN = {"gemeentecodes": Gemeentecodes(), "productcodes": Productcodes()}
MORGEN = VANDAAG + dt.timedelta(days=1)
LATER, EERDER = dag("2026-02-16"), dag("2026-02-09")
TIJDELIJK = "20"
TOEWIJZING = (m301(),)
GENERIEK = (m301(toegewezen(categorie=None, code=None, budget=900000)),)
ASPECIFIEK = (m301(toegewezen(code=None)),)
MET_BUDGET = (m301(toegewezen(code=None, budget=900000)),)
TOTAAL = (m301(toegewezen(omvang=omvang(80, "04", "6"))),)
TWEE = (m301(toegewezen(101), toegewezen(102, categorie="07", code="07A01")),)
GESTART = (*TOEWIJZING, m305())
PAUZE = (*GESTART, m307(stop(reden=TIJDELIJK, einddatum=LATER)))
GESTOPT = (*GESTART, m307(stop(einddatum=LATER)))
VERWIJDERD = (*TOEWIJZING, m301(verwijderd()))
VOT, VOW = (m315(),), (*TOEWIJZING, m317())
DECLARATIE = m323()

GEWIJZIGD = {"einddatum": LATER, "reden_wijziging": "05", "moment": "2026-02-02T10:00:00"}
GEHONOREERD = m301(toegewezen(referentie_aanbieder="VOT-1"))
NIEUW_IN_MAART = nieuw(categorie="02", code="02A03", gewenste_ingangsdatum=MORGEN, einddatum=dag("2026-04-01"))


class Rij(NamedTuple):
    """A rule with the class that carries its retourcode, what came before, a bad message, and good ones."""

    code: str
    klasse: str
    eerder: tuple[Any, ...]
    fout: Any
    goed: tuple[Any, ...] = ()


RIJEN = [
    # header
    Rij("TR056", "Header", (m301(id="X1"),), m301(verwijderd(), id="X1"), (m301(id="X2"),)),
    Rij("TR056", "Header", (*TOEWIJZING, m305(id="X1")), m305(start(status="3"), id="X1")),
    Rij("TR135", "Header", (), m301(dagtekening=MORGEN), (m301(dagtekening=VANDAAG),)),
    Rij("TR378", "Header", (), m301(gemeente="0998"), (m301(gemeente=GEMEENTE),)),
    Rij(
        "TR378",
        "Header",
        (),
        m315(gemeente="0999"),
        (m315(aangevraagd(toewijzing_ingangsdatum=dag("2025-12-01")), gemeente="0999"),),
    ),
    Rij("TR378", "Header", (m315(gemeente="0998"),), m319(gemeente="0998")),
    # WMO301
    Rij("TR332", "ToegewezenProduct", TOEWIJZING, m301(bsn=ANDERE_BSN), (m301(toegewezen(103), bsn=ANDERE_BSN),)),
    Rij("TR332", "ToegewezenProduct", TOEWIJZING, m301(aanbieder=ANDERE_AANBIEDER), (m301(toegewezen(**GEWIJZIGD)),)),
    Rij("TR332", "ToegewezenProduct", TOEWIJZING, m301(toegewezen(code="02A04", moment="2026-02-02T10:00:00"))),
    Rij("TR332", "ToegewezenProduct", TOEWIJZING, m301(toegewezen(ingangsdatum=LATER, moment="2026-02-02T10:00:00"))),
    Rij("TR379", "ToegewezenProduct", (), GEHONOREERD, (m301(),)),
    Rij(
        "TR379",
        "ToegewezenProduct",
        VOT,
        m301(toegewezen(referentie_aanbieder="VOT-1"), bsn=ANDERE_BSN),
        (GEHONOREERD,),
    ),
    Rij(
        "TR379",
        "ToegewezenProduct",
        (*VOT, GEHONOREERD),
        m301(toegewezen(referentie_aanbieder="VOT-1", **GEWIJZIGD)),
        (GEHONOREERD, m301(toegewezen(referentie_aanbieder="VOT-1"))),
    ),
    Rij(
        "TR385",
        "ToegewezenProduct",
        (*TOEWIJZING, DECLARATIE, m325(DECLARATIE)),
        m301(verwijderd()),
        (m301(toegewezen(**GEWIJZIGD)),),
    ),
    Rij("TR381", "ToegewezenProduct", (), m301(toegewezen(code="07A01")), (m301(toegewezen(code="02A01")),)),
    # WMO305
    Rij("TR019", "StartProduct", (), m305(), (m305(start(None)),)),
    Rij("TR019", "StartProduct", TOEWIJZING, m305(bsn=ANDERE_BSN), (m305(),)),
    Rij("TR019", "StartProduct", TOEWIJZING, m305(aanbieder=ANDERE_AANBIEDER), (m305(),)),
    Rij("TR019", "StartProduct", VERWIJDERD, m305()),
    Rij("TR063", "StartProduct", TOEWIJZING, m305(start(status="3")), (m305(start(status="1")),)),
    Rij("TR063", "StartProduct", GESTART, m305(start(status="3", begindatum=LATER)), (m305(start(status="3")),)),
    Rij("TR071", "StartProduct", GESTOPT, m305(start(status="3")), (m305(start(begindatum=VANDAAG)),)),
    Rij("TR074", "StartProduct", GESTOPT, m305(), (m305(start(begindatum=VANDAAG)),)),
    Rij(
        "TR326",
        "StartProduct",
        GESTART,
        m305(start(begindatum=LATER)),
        (m305(start(status="3"), start(begindatum=LATER)),),
    ),
    Rij("TR326", "StartProduct", TOEWIJZING, m305(start(), start(begindatum=LATER)), (m305(),)),
    Rij(
        "TR326",
        "StartProduct",
        (m305(start(None)),),
        m305(start(None, begindatum=LATER)),
        (m305(start(None, code="02A04")),),
    ),
    Rij("TR381", "StartProduct", TOEWIJZING, m305(start(code="07A01")), (m305(),)),
    # WMO307
    Rij("TR019", "StopProduct", (m305(),), m307()),
    Rij("TR063", "StopProduct", GESTART, m307(stop(status="3")), (m307(),)),
    Rij("TR382", "StopProduct", TOEWIJZING, m307()),
    Rij("TR382", "StopProduct", GESTART, m307(stop(begindatum=LATER)), (m307(),)),
    Rij("TR413", "StopProduct", PAUZE, m307(stop(reden=TIJDELIJK)), (m307(stop(reden="23")),)),
    Rij(
        "TR414",
        "StopProduct",
        PAUZE,
        m307(stop(reden="23", einddatum=EERDER)),
        (m307(stop(reden="23", einddatum=LATER)),),
    ),
    Rij(
        "TR415",
        "StopProduct",
        GESTOPT,
        m307(stop(reden="23")),
        (m307(stop(einddatum=LATER, status="3"), stop(reden="23")),),
    ),
    Rij("TR415", "StopProduct", GESTOPT, m307(stop(reden=TIJDELIJK))),
    Rij("TR381", "StopProduct", (*TOEWIJZING, m305(start(code="07A01"))), m307(stop(code="07A01"))),
    # WMO315
    Rij("TR347", "AangevraagdProduct", (*VOT, m319()), m315(), (m315(aangevraagd("VOT-2")),)),
    Rij("TR374", "Client", VOT, m315(aangevraagd("VOT-2")), (m315(aangevraagd("VOT-2"), bsn=ANDERE_BSN),)),
    Rij("TR374", "Client", (*VOT, m319(antwoord="2")), m315(aangevraagd("VOT-2"))),
    Rij("TR381", "AangevraagdProduct", (), m315(aangevraagd(code="07A01")), (m315(),)),
    # WMO317
    Rij("TR347", "Verzoek", (*VOW, m319("VOW-1")), m317(), (m317(referentie="VOW-2"),)),
    Rij("TR374", "Verzoek", VOW, m317(referentie="VOW-2")),
    Rij("TR349", "Verzoek", TWEE, m317(), (m317(te_wijzigen(101), ongewijzigd(102)),)),
    Rij(
        "TR350",
        "OngewijzigdProduct",
        TOEWIJZING,
        m317(te_wijzigen(), ongewijzigd(102)),
        (m317(ongewijzigd(), nieuw()),),
    ),
    Rij("TR350", "OngewijzigdProduct", (m301(toegewezen(einddatum=LATER)),), m317(ongewijzigd(), nieuw())),
    Rij("TR350", "OngewijzigdProduct", VERWIJDERD, m317(ongewijzigd(), nieuw())),
    Rij("TR351", "TeWijzigenProduct", TOEWIJZING, m317(ongewijzigd(), te_wijzigen(102)), (m317(te_wijzigen()),)),
    Rij(
        "TR357",
        "TeWijzigenProduct",
        TOEWIJZING,
        m317(te_wijzigen(gewenste_ingangsdatum=VANDAAG)),
        (m317(te_wijzigen(gewenste_ingangsdatum=MORGEN)),),
    ),
    Rij(
        "TR361",
        "NieuwProduct",
        TOEWIJZING,
        m317(te_wijzigen(), nieuw(categorie="02", code="02A03")),
        (m317(te_wijzigen(einddatum=dag("2026-03-31")), nieuw(categorie="02", code="02A03")),),
    ),
    Rij(
        "TR361",
        "TeWijzigenProduct",
        TOEWIJZING,
        m317(ongewijzigd(), te_wijzigen(gewenste_ingangsdatum=MORGEN)),
        (m317(ongewijzigd(), nieuw()),),
    ),
    Rij(
        "TR361",
        "NieuwProduct",
        GENERIEK,
        m317(ongewijzigd(), nieuw()),
        (m317(ongewijzigd(), nieuw(categorie="11", code="11A01")),),
    ),
    Rij(
        "TR361",
        "NieuwProduct",
        (m301(toegewezen(einddatum=dag("2026-04-01"))),),
        m317(ongewijzigd(), nieuw(categorie="02", code="02A03")),
        (m317(ongewijzigd(), nieuw(categorie="02", code="02A03", gewenste_ingangsdatum=dag("2026-04-02"))),),
    ),
    Rij(
        "TR361",
        "TeWijzigenProduct",
        TOEWIJZING,
        m317(te_wijzigen(gewenste_ingangsdatum=dag("2026-04-01")), NIEUW_IN_MAART),
        (m317(te_wijzigen(gewenste_ingangsdatum=dag("2026-04-02")), NIEUW_IN_MAART),),
    ),
    Rij(
        "TR373",
        "TeWijzigenProduct",
        MET_BUDGET,
        m317(te_wijzigen(omvang=None, budget=1, gewenste_ingangsdatum=MORGEN)),
        (m317(te_wijzigen(omvang=None, budget=900000, gewenste_ingangsdatum=MORGEN)),),
    ),
    Rij(
        "TR373",
        "TeWijzigenProduct",
        TOTAAL,
        m317(te_wijzigen(omvang=omvang(90, "04", "6"), gewenste_ingangsdatum=MORGEN)),
        (m317(te_wijzigen(omvang=omvang(90, "04", "6"))),),
    ),
    Rij("TR375", "TeWijzigenProduct", GENERIEK, m317(te_wijzigen()), (m317(te_wijzigen(omvang=None, budget=1)),)),
    Rij("TR411", "TeWijzigenProduct", TOEWIJZING, m317(te_wijzigen(omvang=None)), (m317(te_wijzigen()),)),
    Rij("TR412", "TeWijzigenProduct", ASPECIFIEK, m317(te_wijzigen()), (m317(te_wijzigen(omvang=None)),)),
    Rij("TR381", "NieuwProduct", TOEWIJZING, m317(ongewijzigd(), nieuw(code="02A01")), (m317(ongewijzigd(), nieuw()),)),
    # WMO319
    Rij("TR355", "Antwoord", (), m319()),
    Rij("TR355", "Antwoord", VOT, m319("VOT-2"), (m319(),)),
    Rij("TR359", "Antwoord", (*VOT, GEHONOREERD), m319()),
    Rij("TR360", "Antwoord", (*VOT, m319(antwoord="2")), m319(antwoord="2"), (m319(antwoord="1"),)),
    Rij("TR365", "Antwoord", (*VOT, m319(antwoord="1")), m319(antwoord="1")),
]


def overtreden(bericht, eerder=(), levels=(2, 3, 4)):
    """Rule and class of every fault; the message itself must be valid."""
    soort = read(build(bericht)).soort
    ctx = Context(today=VANDAAG, earlier=History.of(eerder), sources=BRONNEN)
    gevonden = list(hits(bericht, ctx, soort, levels))
    assert not [hit for _, hit in gevonden if hit.bron]
    return {(rij.code, klasse(hit.path)) for rij, hit in gevonden}


def klasse(pad):
    """The innermost class on a path: the one that carries the retourcode."""
    return [deel for deel in re.sub(r"\[\d+\]", "", pad).split("/") if deel in KLASSEN][-1]


KLASSEN = {rij.klasse for rij in RIJEN} | {"Client", "Contact", "Relatie"}


@pytest.mark.parametrize("rij", RIJEN, ids=lambda rij: rij.code)
def test_a_message_breaks_this_rule_and_no_other(rij):
    assert overtreden(rij.fout, rij.eerder) == {(rij.code, rij.klasse)}


@pytest.mark.parametrize("rij", [rij for rij in RIJEN if rij.goed], ids=lambda rij: rij.code)
def test_its_neighbour_breaks_none(rij):
    for bericht in rij.goed:
        assert overtreden(bericht, rij.eerder) == set()


def test_the_same_stop_twice_is_reported_by_each_rule_that_it_breaks():
    """TR074 on a WMO307 never comes alone: the same stop again is also a second stop (TR413, TR415)."""
    assert overtreden(m307(stop(einddatum=LATER)), GESTOPT) == {("TR074", "StopProduct"), ("TR415", "StopProduct")}
    nogmaals = m307(stop(reden=TIJDELIJK, einddatum=LATER))
    assert overtreden(nogmaals, PAUZE) == {("TR074", "StopProduct"), ("TR413", "StopProduct")}


def test_an_unknown_client_has_no_current_allocations_either():
    """TR304 never comes alone: a WMO317 names at least one allocation (TR352)."""
    assert overtreden(m317()) == {("TR304", "Client"), ("TR351", "TeWijzigenProduct")}


def test_every_rule_of_level_3_and_4_on_these_messages_is_tested_here():
    """54 rules of level 3 and 4 of level 4 in all; those of WMO323 and WMO325 live with the declarations."""
    heen = {"WMO301", "WMO305", "WMO307", "WMO315", "WMO317", "WMO319"}
    van_ons = {rij.code for rij in regels().values() if rij.level in (3, 4) and heen & set(rij.berichten)}
    assert len(van_ons) == 32
    getest = {(rij.code, read(build(rij.fout)).soort) for rij in RIJEN} | NOOIT_ALLEEN
    bedoeld = {(code, soort) for code in van_ons for soort in heen & set(regels()[code].berichten)}
    assert {(code, soort) for code, soort in bedoeld - getest if code not in OVERAL_GELIJK} == set()
    assert {code for code, _ in getest} == van_ons
    assert all(registraties(code) for code in van_ons)


NOOIT_ALLEEN = {("TR074", "WMO307"), ("TR304", "WMO317")}  # tested above
OVERAL_GELIJK = {"TR056", "TR135", "TR378"}  # one function for all messages; tested on some, and below on all


def codes(bericht, eerder, *gevraagd):
    """Which of these rules a message breaks."""
    ctx = Context(today=VANDAAG, earlier=History.of(eerder), sources=BRONNEN)
    soort = read(build(bericht)).soort
    return {rij.code for rij, _ in hits(bericht, ctx, soort, (3, 4), codes=frozenset(gevraagd))}


@pytest.mark.parametrize("maak", [*HEENBERICHTEN, m323], ids=lambda m: m.__name__)
def test_the_header_rules_hold_for_every_message(maak):
    """TR056, TR135, TR378."""
    kop = ("TR056", "TR135", "TR378")
    eerder, ander = maak(id="X1", dagtekening=LATER), maak(id="X1")
    assert codes(maak(dagtekening=MORGEN, gemeente="0998"), (), *kop) == {"TR135", "TR378"}
    assert codes(ander, (eerder,), *kop) == {"TR056"}
    assert codes(eerder, (eerder,), *kop) == set()


def test_the_header_rules_hold_for_an_answer_to_a_declaration():
    een, twee = m323(), m323(gemeente="0998")
    assert codes(m325(een), (m325(een),), "TR056", "TR378") == set()
    assert codes(m325(twee), (m325(twee, kop_codes=("0001",)),), "TR056", "TR378") == {"TR056", "TR378"}


def test_a_message_about_an_older_allocation_may_name_the_municipality_of_then():
    """TR378 after a reorganisation: 0999 was on the list when the allocation began."""
    oud = m301(toegewezen(ingangsdatum=dag("2025-12-01")), gemeente="0999")
    for bericht in (m305, m307, m323):
        assert codes(bericht(gemeente="0999"), (oud,), "TR378") == set()
        assert codes(bericht(gemeente="0999"), (m301(gemeente="0999"),), "TR378") == {"TR378"}
        assert codes(bericht(gemeente="0999"), (), "TR378") == {"TR378"}
    assert codes(m317(gemeente="0999"), (oud,), "TR378") == set()


def test_a_declared_code_fits_its_category_or_is_the_code_assigned():
    """TR381 on a WMO323."""
    vreemd = m323(msgspec.structs.replace(prestatie(), product_code="07A01"))
    assert codes(m323(), (), "TR381") == set()
    assert codes(vreemd, TOEWIJZING, "TR381") == {"TR381"}
    assert codes(vreemd, (m301(toegewezen(code="07A01")),), "TR381") == set()


def test_codes_that_cannot_be_judged_are_said_to_be():
    """TR381: once without any list, and for each code about which the list says nothing."""
    twee = m301(toegewezen(101), toegewezen(102))
    for lijst, aantal in ((None, 1), (Zwijgt(), 2)):
        ctx = Context(today=VANDAAG, sources={"productcodes": lijst})
        gevonden = [hit for _, hit in hits(twee, ctx, "WMO301", (4,), codes=frozenset({"TR381"}))]
        assert [bool(hit.bron) for hit in gevonden] == [True] * aantal


class Zwijgt:
    def past(self, categorie, code, on=None):
        return None


def test_without_a_code_there_is_nothing_to_fit():
    """TR381 on allocations of a category only, and of no product at all."""
    assert codes(ASPECIFIEK[0], (), "TR381") == codes(GENERIEK[0], (), "TR381") == set()


@pytest.mark.parametrize(("einddatum", "regel"), [(dag("2020-12-31"), False), (dag("2021-01-01"), True), (None, True)])
def test_allocations_that_ended_in_2020_may_still_get_an_omvang(einddatum, regel):
    """TR375, TR412: the rules of before count for what ends on 31-12-2020 at the latest."""
    zonder_code = m301(toegewezen(code=None, ingangsdatum=dag("2020-01-01"), einddatum=einddatum))
    zonder_product = m301(
        toegewezen(categorie=None, code=None, budget=1, ingangsdatum=dag("2020-01-01"), einddatum=einddatum)
    )
    assert codes(m317(), (zonder_code,), "TR375", "TR412") == ({"TR412"} if regel else set())
    assert codes(m317(), (zonder_product,), "TR375", "TR412") == ({"TR375"} if regel else set())


@pytest.mark.parametrize("maak", HEENBERICHTEN, ids=lambda m: m.__name__)
def test_without_earlier_messages_and_sources_nothing_is_good_and_nothing_is_wrong(maak):
    bericht = maak()
    soort = read(build(bericht)).soort
    gevonden = list(hits(bericht, Context(), soort, (3, 4)))
    assert all(hit.bron for _, hit in gevonden)
    bekend = {(soort, rij.code) for rij in regels().values() if rij.level in (3, 4) and soort in rij.berichten}
    assert {(soort, rij.code) for rij, _ in gevonden} == bekend - NIETS_TE_VRAGEN


NIETS_TE_VRAGEN = {("WMO317", "TR350"), ("WMO317", "TR381")}  # no OngewijzigdProduct, no NieuwProduct here
