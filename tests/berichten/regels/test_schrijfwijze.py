"""Where the standard compares text, the spelling in the file decides: 0101 is not 101 (TR101, TR358, TR416),
and a blank before or after a date counts (CS003, CS139, CS335, CS337, CS340, TR002, TR018, TR134, TR137, TR319).
"""

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


def _met_wit(soort: str, voor: str, na: str, wijziging: dict[str, object] | None = None) -> list[str]:
    bestand = xml(soort, wijziging or {})
    assert _codes(bestand) == []
    assert voor.encode() in bestand
    return _codes(bestand.replace(voor.encode(), na.encode(), 1))


def test_a_blank_before_the_dagtekening_cuts_off_its_last_digit():
    """Of the limit ten characters are read: 2025-09-0 is before every date (TR134), also before the day of birth."""
    datum = xml("WMO305", {}).decode().partition("Dagtekening>")[2][:10]
    assert _met_wit("WMO305", f">{datum}<", f"> {datum}<") == ["TR134"] * 3
    assert _met_wit("WMO305", f">{datum}<", f">{datum} <") == []
    assert _met_wit("WMO305", f">{datum}<", f">{' ' * 10}{datum}<") == []  # nothing left to compare with


def test_a_blank_before_an_end_makes_it_earlier_than_its_begin():
    assert _met_wit("WMO301", "Einddatum>2", "Einddatum> 2") == ["CS003"]
    assert _met_wit("WMO307", "Einddatum>2", "Einddatum> 2") == ["TR018"]


def test_a_birth_date_with_a_blank_does_not_agree_with_datumgebruik():
    geboren = {"client.geboortedatum": {"datum": "1950-01-01", "datumGebruik": "2"}}
    assert _met_wit("WMO305", ">1950-01-01<", ">1950-01-01 <", geboren) == ["CS139"]
    assert _met_wit("WMO305", ">1950-01-01<", "> 1950-01-01<", geboren) == []


def test_the_period_of_a_declaration_is_read_as_text():
    """CS337 and CS340 look at places in the text; a blank after the first day is not the first day."""
    bestand = xml("WMO323", {}).decode()
    periode = bestand[bestand.index("DeclaratiePeriode") :].partition("Begindatum>")[2][:10]
    product = bestand[bestand.index("ProductPeriode") :].partition("Begindatum>")[2][:10]
    for blank, verwacht in ((f">{periode} <", ["CS340"]), (f"> {periode}<", [])):
        assert _codes(bestand.replace(f">{periode}<", blank, 1).encode()) == verwacht
    na = bestand[: bestand.index("ProductPeriode")], bestand[bestand.index("ProductPeriode") :]
    assert _codes((na[0] + na[1].replace(f">{product}<", f"> {product}<", 1)).encode()) == ["CS337"]
