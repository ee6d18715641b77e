"""Level 1, rule by rule: the cases of `gevallen_schema.py`; the findings carry the rules' numbers."""

import pytest

from gateway.berichten import read, regels
from gateway.berichten.regels.schema import nummers
from tests.berichten.regels.bericht import voldoet_aan_schema, xml
from tests.berichten.regels.gevallen_schema import TEKSTEN, WAARDEN


def _codes(data: bytes) -> set[str]:
    return {finding.code for finding in read(data, numbers=nummers()).findings}


@pytest.mark.parametrize("geval", WAARDEN, ids=lambda geval: geval.regel)
def test_a_value_is_taken_or_refused_because_of_the_rule(geval):
    goed, fout = (xml(geval.bericht, {geval.pad: waarde}) for waarde in (geval.goed, geval.fout))
    assert voldoet_aan_schema(geval.bericht, goed)
    assert not voldoet_aan_schema(geval.bericht, fout)
    assert _codes(goed) == set()
    assert _codes(fout) == {geval.door or geval.regel}


@pytest.mark.parametrize(("regel", "soort", "tekst", "goed", "fout"), TEKSTEN, ids=lambda waarde: waarde[:6])
def test_a_date_or_time_has_no_time_zone(regel, soort, tekst, goed, fout):
    bestand = xml(soort, {}).decode()
    assert bestand.count(tekst) >= 1
    assert _codes(bestand.replace(tekst, goed).encode()) == set()
    assert _codes(bestand.replace(tekst, fout).encode()) == {regel}


def test_every_level_1_rule_has_a_case():
    getoond = {geval.regel for geval in WAARDEN} | {regel for regel, *_ in TEKSTEN}
    assert {rij.code for rij in regels.rules() if rij.level == 1} - getoond == set()
