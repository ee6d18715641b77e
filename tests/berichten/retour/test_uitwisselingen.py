"""Whole exchanges between a municipality and a provider: every message is judged against all before it, and answered.

Both parties keep the same history, so one history plays both.
"""

import pytest

from gateway.berichten import build
from gateway.berichten.historie import Dossier, History, rond
from gateway.berichten.retour import controleer, retour
from tests.berichten.historie.voorbeelden import (
    AANBIEDER,
    BEGIN,
    BSN,
    EIND,
    GEMEENTE,
    VANDAAG,
    Kast,
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
    ongewijzigd,
    start,
    stop,
    te_wijzigen,
    toegewezen,
    verwijderd,
)
from tests.berichten.niveau3.test_overtredingen import BRONNEN

DOSSIER = Dossier(GEMEENTE, AANBIEDER, BSN)
FEBRUARI, MAART = dag("2026-02-16"), dag("2026-03-02")


class Uitwisseling:
    """Messages and their answers, as they pass."""

    def __init__(self):
        self.history, self.kast = History(), Kast()

    def goed(self, bericht):
        answer = self._stuur(bericht)
        assert answer.oordeel == "goedgekeurd", [(f.code, f.path) for f in answer.findings]

    def fout(self, bericht, *retourcodes):
        answer = self._stuur(bericht)
        assert answer.oordeel == "afgekeurd"
        assert tuple(f.retourcode for f in answer.findings) == retourcodes

    def herhaald(self, bericht):
        assert self._antwoord(bericht).herhaling

    def _stuur(self, bericht):
        answer = self._antwoord(bericht)
        self.ligt_vast(bericht)
        for eerder in (self.history, rond(answer.retour, self.kast.zoek)):
            assert controleer(answer.retour, eerder) == ()
        self.ligt_vast(answer.retour)
        return answer

    def ligt_vast(self, bericht):
        self.history.add(bericht)
        self.kast.add(bericht)

    def _antwoord(self, bericht):
        """Judged against all messages, and against those that a store would find: the same."""
        answer, smal = (
            retour(build(bericht), today=VANDAAG, earlier=eerder, sources=BRONNEN, own=(GEMEENTE, AANBIEDER))
            for eerder in (self.history, rond(bericht, self.kast.zoek))
        )
        assert answer == smal
        return answer

    def declareer(self, declaratie):
        self.ligt_vast(declaratie)
        self.ligt_vast(m325(declaratie))


@pytest.fixture
def lijn():
    return Uitwisseling()


def test_allocation_start_pause_resume_and_end(lijn):
    """OP377-OP379: a temporary stop, a new start, the final stop, and a start after that."""
    lijn.goed(m301())
    lijn.fout(m307(), "9069")
    lijn.goed(m305())
    lijn.fout(m305(start(begindatum=FEBRUARI)), "9326")
    lijn.goed(m307(stop(reden="20", einddatum=dag("2026-01-30"))))
    lijn.goed(m305(start(begindatum=FEBRUARI)))
    lijn.goed(m307(stop(begindatum=FEBRUARI, einddatum=dag("2026-02-20"))))
    lijn.fout(m307(stop(begindatum=FEBRUARI, reden="23", einddatum=dag("2026-02-20"))), "9415")
    lijn.goed(m305(start(begindatum=MAART)))
    assert len(lijn.history.starts(DOSSIER)) == 3


def test_a_pause_becomes_the_end_without_a_new_start(lijn):
    """OP377; the example of reconciliation 1.3.3: equal end dates are allowed, an earlier one is not (TR414)."""
    lijn.goed(m301())
    lijn.goed(m305())
    lijn.goed(m307(stop(reden="20", einddatum=FEBRUARI)))
    lijn.fout(m307(stop(reden="20", einddatum=MAART)), "9413")
    lijn.fout(m307(stop(reden="23", einddatum=dag("2026-02-15"))), "9414")
    lijn.goed(m307(stop(reden="23", einddatum=FEBRUARI)))


def test_an_allocation_is_shortened_and_then_lengthened(lijn):
    """OP033x1: each change is a new version; an older one that arrives late changes nothing (OP080)."""
    lijn.goed(m301())
    lang = m301(toegewezen(einddatum=EIND, moment="2026-02-20T09:00:00", reden_wijziging="04"))
    kort = m301(toegewezen(einddatum=FEBRUARI, moment="2026-02-10T09:00:00", reden_wijziging="05"))
    lijn.goed(lang)
    lijn.goed(kort)
    (versie,) = lijn.history.toewijzingen(DOSSIER)
    assert versie.product.einddatum == EIND
    assert len(lijn.history.toewijzing(GEMEENTE, 101)) == 3


def test_another_product_under_the_same_number_is_another_allocation(lijn):
    """TR332, IV066."""
    lijn.goed(m301())
    lijn.fout(m301(toegewezen(code="02A04", moment="2026-02-02T10:00:00")), "9332")
    lijn.goed(m301(toegewezen(102, code="02A04", moment="2026-02-02T10:00:00")))


def test_withdrawal_refuses_new_starts_but_not_the_stop_that_it_asks_for(lijn):
    """RedenWijziging 13 and C52."""
    lijn.goed(m301())
    lijn.goed(m305())
    lijn.goed(m301(verwijderd()))
    lijn.goed(m307(stop(reden="36", einddatum=FEBRUARI)))
    lijn.fout(m305(start(begindatum=MAART)), "9019")


def test_withdrawal_before_any_delivery_lets_the_start_be_deleted(lijn):
    lijn.goed(m301())
    lijn.goed(m305())
    lijn.goed(m301(verwijderd()))
    lijn.goed(m305(start(status="3")))
    assert lijn.history.starts(DOSSIER) == frozenset()


def test_withdrawal_is_refused_once_a_line_was_approved(lijn):
    """TR385."""
    lijn.goed(m301())
    lijn.goed(m305())
    lijn.declareer(m323())
    lijn.fout(m301(verwijderd()), "9385")


def test_rejected_then_corrected(lijn):
    """OP286: a rejected message counts as not sent; the correction has a name of its own."""
    lijn.goed(m301())
    lijn.fout(m305(start(102), id="S1"), "9019")
    lijn.fout(m305(id="S1"), "9056")
    lijn.goed(m305(id="S2"))


def test_a_start_date_is_corrected_in_one_message(lijn):
    """IV008: the date is part of the key, so deletion and new delivery may go together, in any order."""
    lijn.goed(m301())
    lijn.goed(m305())
    lijn.goed(m305(start(begindatum=FEBRUARI), start(status="3")))
    assert {s.begindatum for s in lijn.history.starts(DOSSIER)} == {FEBRUARI}


def test_a_start_cannot_be_deleted_once_it_was_stopped_unless_the_stop_goes_first(lijn):
    """TR071."""
    lijn.goed(m301())
    lijn.goed(m305())
    lijn.goed(m307())
    lijn.fout(m305(start(status="3")), "9071")
    lijn.goed(m307(stop(status="3")))
    lijn.goed(m305(start(status="3")))
    lijn.fout(m305(start(status="3")), "9063")


def test_request_investigation_and_allocation(lijn):
    """315 -> 316 -> 319 (2) -> 301 with the reference of the request (TR360, TR365, TR374, TR379, OP344)."""
    lijn.goed(m315())
    lijn.fout(m315(aangevraagd("VOT-2")), "9374")
    lijn.goed(m319("VOT-1", "2"))
    lijn.fout(m319("VOT-1", "2"), "9360")
    lijn.fout(m315(aangevraagd("VOT-2")), "9374")
    lijn.goed(m301(toegewezen(referentie_aanbieder="VOT-1")))
    lijn.fout(m319("VOT-1"), "9359")
    lijn.goed(m315(aangevraagd("VOT-2", categorie="07", code="07A01")))


def test_a_refused_request_is_done_and_its_reference_used(lijn):
    lijn.goed(m315())
    lijn.goed(m319("VOT-1", "1"))
    lijn.fout(m319("VOT-1", "1"), "9365")
    lijn.fout(m315(), "9347")
    lijn.goed(m315(aangevraagd("VOT-2")))


def test_every_product_of_a_request_is_answered_apart(lijn):
    """OP274: as long as one reference is open, so is the request."""
    lijn.goed(m315(aangevraagd("VOT-1"), aangevraagd("VOT-2", categorie="07", code="07A01")))
    lijn.goed(m301(toegewezen(referentie_aanbieder="VOT-1")))
    lijn.fout(m315(aangevraagd("VOT-3", categorie="03", code="03A01")), "9374")
    lijn.goed(m319("VOT-2", "1"))
    lijn.goed(m315(aangevraagd("VOT-3", categorie="03", code="03A01")))


def test_a_rejected_request_was_never_made(lijn):
    lijn.goed(m315(aangevraagd("VOT-1")))
    lijn.fout(m315(aangevraagd("VOT-2")), "9374")
    lijn.fout(m319("VOT-2"), "9355")
    lijn.goed(m319("VOT-1", "1"))
    lijn.goed(m315(aangevraagd("VOT-2")))


def test_request_for_change_with_unchanged_changed_and_new_products(lijn):
    """317 names every current allocation; the 301 that honours it carries its reference on all (IV092, IV093)."""
    tweede = {"categorie": "07", "code": "07A01"}
    lijn.goed(m301(toegewezen(101), toegewezen(102, **tweede)))
    derde = nieuw(categorie="03", code="03A01")
    lijn.fout(m317(te_wijzigen(101), derde), "9349")
    lijn.fout(m317(te_wijzigen(101), ongewijzigd(102), te_wijzigen(103), derde), "9351")
    lijn.goed(m317(te_wijzigen(101, einddatum=dag("2027-06-30")), ongewijzigd(102), derde))
    lijn.goed(
        m301(
            toegewezen(
                101,
                einddatum=dag("2027-06-30"),
                moment="2026-03-01T10:00:00",
                reden_wijziging="12",
                referentie_aanbieder="VOW-1",
            ),
            toegewezen(102, **tweede, referentie_aanbieder="VOW-1"),
            toegewezen(103, categorie="03", code="03A01", ingangsdatum=dag("2026-04-01"), referentie_aanbieder="VOW-1"),
        )
    )
    lijn.goed(m317(ongewijzigd(101), te_wijzigen(102), ongewijzigd(103), referentie="VOW-2"))


def test_a_change_on_the_municipalitys_own_initiative_has_no_reference(lijn):
    """IV097."""
    lijn.goed(m315())
    lijn.goed(m301(toegewezen(referentie_aanbieder="VOT-1")))
    wijziging = {"einddatum": FEBRUARI, "moment": "2026-02-10T09:00:00", "reden_wijziging": "05"}
    lijn.fout(m301(toegewezen(referentie_aanbieder="VOT-1", **wijziging)), "9379")
    lijn.goed(m301(toegewezen(**wijziging)))


def test_duplicates_change_nothing(lijn):
    """The same message again gets the same answer; every other message of the exchange still stands."""
    berichten = [m301(), m305(), m307()]
    for bericht in berichten:
        lijn.goed(bericht)
    stand = lijn.history.starts(DOSSIER), lijn.history.stops(DOSSIER), lijn.history.toewijzingen(DOSSIER)
    for bericht in reversed(berichten):
        lijn.herhaald(bericht)
        lijn.ligt_vast(bericht)
    assert stand == (lijn.history.starts(DOSSIER), lijn.history.stops(DOSSIER), lijn.history.toewijzingen(DOSSIER))


def test_a_resent_allocation_is_accepted_and_stays_one_version(lijn):
    """IV013: a resend on request keeps date and time; it is another message about the same version."""
    lijn.goed(m301())
    lijn.goed(m301())
    assert len(lijn.history.toewijzing(GEMEENTE, 101)) == 1
    assert lijn.history.toewijzingen(DOSSIER)[0].product.ingangsdatum == BEGIN
