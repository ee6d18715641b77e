"""Code lists: labels and dates as data, replaceable by a folder."""

import datetime as dt

import pytest

from gateway.berichten import codelijsten, soorten


def test_a_code_has_a_label_and_an_unknown_code_has_none():
    assert codelijsten.get("WJ756").label("04") == "Uur"
    assert codelijsten.get("WJ756").label("99") is None


def test_all_lists_of_the_release_are_there():
    lijsten = codelijsten.standaard().lijsten
    assert len(lijsten) == 26
    assert len(lijsten["GEMEENTEN"].codes) == 342
    assert len(lijsten["WJ001"].codes) == 59
    assert {c.label: c.code for c in lijsten["COD002"].codes.values()} == {
        soort.soort: soort.bericht_code for soort in soorten.SOORTEN.values()
    }


def test_a_list_says_nothing_about_days_that_it_was_not_made_for():
    gemeenten = codelijsten.get("GEMEENTEN")
    assert gemeenten.valid("0344", dt.date(2025, 6, 1)) is True
    assert gemeenten.valid("9999", dt.date(2025, 6, 1)) is False
    assert gemeenten.valid("0344", dt.date(2019, 1, 1)) is None
    assert [gemeenten.valid("9999", dt.date(2026, 12, 31)), gemeenten.valid("9999", dt.date(2027, 1, 1))] == [
        False,
        None,
    ]
    assert gemeenten.valid("0344") is True


def test_a_folder_replaces_a_list_and_dates_its_codes(tmp_path):
    """A merger of municipalities is a new file, not a new release."""
    (tmp_path / "GEMEENTEN.csv").write_text(
        "code,label,vanaf,tot\n0001,Oud,,2026-12-31\n0002,Nieuw,2027-01-01,\n", "utf-8"
    )
    eigen = codelijsten.standaard().met_map(tmp_path)
    gemeenten = eigen.get("GEMEENTEN")
    oud_en_nieuw = (dt.date(2026, 12, 31), dt.date(2027, 1, 1))
    assert [gemeenten.valid("0001", dag) for dag in oud_en_nieuw] == [True, False]
    assert [gemeenten.valid("0002", dag) for dag in oud_en_nieuw] == [False, True]
    assert gemeenten.naam == "Gemeente"
    assert eigen.get("WJ756") is codelijsten.get("WJ756")


def test_a_file_that_is_no_code_list_is_refused(tmp_path):
    (tmp_path / "X.csv").write_text("a;b\n1;2\n", "utf-8")
    with pytest.raises(ValueError, match=r"X\.csv"):
        codelijsten.standaard().met_map(tmp_path)
