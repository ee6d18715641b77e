"""Level 2, rule by rule: the cases of `gevallen.py`, and the promise that no rule and no message goes without one."""

import pytest

from gateway.berichten import regels
from gateway.berichten.soorten import SOORTEN
from tests.berichten.regels.bericht import bericht, voldoet_aan_schema, xml
from tests.berichten.regels.gevallen import GEVALLEN, Geval


def _codes(soort, wijziging):
    gevonden = regels.hits(bericht(soort, wijziging), regels.Context(), soort, levels=(1, 2))
    return {rij.code for rij, _ in gevonden}


def _naam(geval: Geval) -> str:
    return f"{geval.regel}-{geval.bericht}"


@pytest.mark.parametrize("soort", SOORTEN)
def test_the_base_message_breaks_no_rule(soort):
    assert voldoet_aan_schema(soort, xml(soort, {}))
    assert _codes(soort, {}) == set()


@pytest.mark.parametrize("geval", GEVALLEN, ids=_naam)
def test_a_message_passes_because_of_the_rule(geval):
    assert geval.goed
    assert voldoet_aan_schema(geval.bericht, xml(geval.bericht, geval.goed))
    assert _codes(geval.bericht, geval.goed) == set()


@pytest.mark.parametrize("geval", GEVALLEN, ids=_naam)
def test_a_message_fails_because_of_the_rule_and_nothing_else(geval):
    assert voldoet_aan_schema(geval.bericht, xml(geval.bericht, geval.fout))
    assert _codes(geval.bericht, geval.fout) == {geval.door or geval.regel, *geval.ook.split()}


def test_every_level_2_rule_has_a_case_on_every_message_that_it_tests():
    getoetst = {(rij.code, soort) for rij in regels.rules() if rij.level == 2 for soort in rij.berichten}
    assert getoetst - {(geval.regel, geval.bericht) for geval in GEVALLEN} == set()


def test_every_level_2_rule_is_implemented():
    assert {rij.status for rij in regels.rules() if rij.level == 2} == {"implemented"}
