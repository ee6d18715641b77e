"""docs/regels.md equals what the table and the register say now, and what the table says is true."""

import importlib
from pathlib import Path

import pytest

import gateway.reconcile.register  # noqa: F401  (a room above: its rules are in the table, so the page is the same)
from gateway.berichten import regels
from gateway.berichten.regels.document import pagina

HUIS = Path(__file__).parents[3]
MODULES = [rij for rij in regels.rules() if rij.status == "implemented"]


def test_the_page_is_current():
    """If not: python -m gateway.berichten.regels.document > docs/regels.md"""
    assert (HUIS / "docs" / "regels.md").read_text("utf-8") == pagina(regels.rules())


@pytest.mark.parametrize("rij", MODULES, ids=lambda rij: rij.code)
def test_an_implemented_rule_is_where_the_table_says(rij):
    for plek in rij.where.split():
        module, _, functie = plek.partition(":")
        assert callable(getattr(importlib.import_module(module), functie))


def test_a_test_that_a_rule_names_speaks_of_the_rule():
    for rij in regels.rules():
        for bestand in rij.tests:
            assert rij.code in (HUIS / bestand).read_text("utf-8"), (rij.code, bestand)


def test_a_process_rule_says_who_takes_care_of_it():
    codes = {rij.code for rij in regels.rules()}
    for rij in regels.rules():
        if rij.status == "process":
            assert rij.how in {"enforced", "recorded", "people"}
            assert (rij.where == "") == (rij.how == "people")
            for plek in rij.where.split():
                assert plek in codes or plek == "schema" or importlib.import_module(plek), (rij.code, plek)


def test_every_rule_has_words_and_those_of_levels_1_to_4_advice_and_english():
    for rij in regels.rules():
        assert rij.text
        if rij.level is not None:
            assert rij.advice
            assert rij.text_en
            assert rij.advice_en


def test_no_rule_of_levels_1_to_4_is_left_to_do():
    assert [rij.code for rij in regels.rules() if rij.status == "planned"] == []
