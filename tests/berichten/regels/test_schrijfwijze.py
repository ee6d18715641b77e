"""Where the standard compares text, the spelling in the file decides: 0101 is not 101 (TR101, TR358, TR416)."""

import pytest

from gateway import berichten
from gateway.berichten.regels import paden
from tests.berichten.regels.bericht import Kopie, xml

TOTAAL = "declaratie.totaalIngediendBedrag.totaalBedrag"


def _codes(data: bytes) -> list[str]:
    return [f.code for f in berichten.validate(data, level=2).findings]


@pytest.mark.parametrize("geschreven", ["0249750", "+249750", "-0"])
def test_a_total_with_another_spelling_is_refused(geschreven):
    wijziging = {} if geschreven != "-0" else {"declaratie.clienten.1.prestaties": None, TOTAAL: 0}
    if wijziging:  # one line of 0 cents: the sum is 0, written as -0
        wijziging = {
            "declaratie.clienten.1": None,
            "declaratie.clienten.0.prestaties.0.ingediendBedrag.bedrag": 0,
            TOTAAL: 0,
        }
    bestand = xml("WMO323", wijziging)
    gewoon = b">0</iwmo:TotaalBedrag>" if wijziging else b">249750</iwmo:TotaalBedrag>"
    assert _codes(bestand) == []
    assert _codes(bestand.replace(gewoon, f">{geschreven}</iwmo:TotaalBedrag>".encode())) == ["TR358"]
    assert _codes(bestand.replace(gewoon, gewoon.replace(b">", b"> ", 1))) == []  # white space does not count


def test_numbers_that_differ_in_spelling_are_two_keys():
    dubbel = {"client.toegewezenProducten.+": Kopie(0, {"ingangsdatum": "2026-01-05", "einddatum": "2026-03-29"})}
    bestand = xml("WMO301", dubbel)
    assert _codes(bestand) == ["TR101"]
    assert _codes(bestand.replace(b">20072<", b">020072<", 1)) == []


def test_debit_lines_on_numbers_that_differ_in_spelling_do_not_collide():
    regel = {"productReferentie.referentieNummer": "RN299"}
    bestand = xml("WMO323", {"declaratie.clienten.0.prestaties.+": Kopie(0, regel), TOTAAL: 343500})
    assert _codes(bestand) == ["TR416"]
    assert _codes(bestand.replace(b">20072<", b">020072<", 1)) == []


def test_an_amount_with_a_plus_sign_is_no_number_to_the_official_test():
    """It cannot be added (TR358) and no comparison with it holds (CS339)."""
    bestand = xml("WMO323", {})
    assert _codes(bestand.replace(b">93750<", b">+93750<")) == ["TR358"]
    assert _codes(bestand.replace(b">93750<", b">093750<")) == []
    assert _codes(bestand.replace(b"<GeleverdVolume>165000<", b"<GeleverdVolume>+1<")) == []
    assert _codes(bestand.replace(b"<GeleverdVolume>165000<", b"<GeleverdVolume>1<")) == ["CS339"]
    antwoord = xml("WMO325", {})
    assert _codes(antwoord.replace(b">327250<", b">+327250<")) == ["TR342"]


def test_white_space_within_a_reference_counts_as_in_xpath():
    assert paden.genormaliseerd(" a \n\t b ") == "a b"
    assert paden.genormaliseerd("a\u00a0b ") == "a\u00a0b"
    assert paden.genormaliseerd(None) == ""
