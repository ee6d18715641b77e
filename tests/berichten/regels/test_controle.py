"""From a file to a report: levels, missing sources, lines, languages (docs/commands.md, `gateway bericht validate`)."""

import datetime as dt
from pathlib import Path

import msgspec

from gateway import berichten
from gateway.berichten import regels
from gateway.berichten.regels.declaratie import jaren_eerder
from tests.berichten.regels.bericht import xml

PRODUCT = "client.toegewezenProducten.0"
VANDAAG = dt.date(2025, 9, 8)


def test_a_good_file_is_valid_and_says_what_was_not_checked():
    report = berichten.validate(xml("WMO301", {}))
    assert (report.bericht, report.release, report.valid, report.findings) == ("WMO301", "3.2", True, ())
    assert {"TR056", "TR135"} <= set(report.not_checked)


def test_rules_that_need_the_allocations_are_named_as_not_checked():
    """`gateway declaratie check` judges them (gateway.reconcile)."""
    assert {"TR338", "TR418"} <= set(berichten.validate(xml("WMO323", {})).not_checked)
    assert "TR338" not in berichten.validate(xml("WMO323", {}), level=2).not_checked


def test_a_level_that_was_asked_for_and_cannot_be_judged_is_a_finding_and_no_error():
    report = berichten.validate(xml("WMO301", {}), level=3)
    assert report.valid
    assert {f.severity for f in report.findings} == {"unchecked"}
    assert {f.level for f in report.findings} == {3}


def test_without_the_day_the_dagtekening_is_not_judged_and_with_it_it_is():
    assert "TR135" not in berichten.validate(xml("WMO301", {}), today=VANDAAG).not_checked
    te_vroeg = berichten.validate(xml("WMO301", {}), today=dt.date(2025, 9, 4))
    assert [f.code for f in te_vroeg.findings] == ["TR135"]
    assert not te_vroeg.valid


def test_the_levels_end_where_the_caller_says():
    fout = xml("WMO301", {f"{PRODUCT}.omvang": None})
    assert [berichten.validate(fout, level=n).valid for n in (1, 2, 3, 4)] == [True, False, False, False]


def test_a_finding_names_the_line_and_a_missing_element_the_line_of_what_should_hold_it():
    data = xml("WMO301", {f"{PRODUCT}.omvang": None, "client.contactgegevens.0.adres.postcode": "0511AB"})
    regel_van = {f.code: f.line for f in berichten.validate(data).findings}
    tekst = data.decode().splitlines()
    assert "0511AB" in tekst[regel_van["CS089"] - 1]
    assert tekst[regel_van["CD041"] - 1].startswith("<ToegewezenProduct>")


def test_a_file_that_breaks_its_schema_is_not_looked_at_further():
    report = berichten.validate(xml("WMO301", {"header.afzender": "344", f"{PRODUCT}.omvang": None}))
    assert [(f.code, f.level) for f in report.findings] == [("RS035", 1)]
    assert not report.valid


def test_a_file_that_is_no_message_is_a_report_and_no_exception():
    for data in (b"", b"<a/>", b"\xff\xfe", b"<!DOCTYPE a><a/>"):
        report = berichten.validate(data)
        assert report.bericht is None
        assert not report.valid
        assert report.findings


def test_the_official_level_2_test_looks_at_tr319_so_level_2_does_too():
    """TR319 stands in the table at level 3 with 9319; the finding keeps both."""
    fout = xml("WMO323", {"declaratie.declaratiePeriode": {"begindatum": "2025-07-01", "einddatum": "2025-07-31"}})
    for niveau in (2, 3, None):
        (gevonden, *rest) = [f for f in berichten.validate(fout, level=niveau).findings if f.code == "TR319"]
        assert (gevonden.level, gevonden.retourcode) == (3, "9319")
        assert len(rest) == 1  # the two lines of August
    assert regels.check(berichten.parse(fout), "WMO323", regels.Context(), level=1) == []


def test_a_message_of_another_release_is_judged_by_its_schema_only(tmp_path):
    """Its schemas may come from a folder; a rule table is part of a release."""
    bron = Path(__file__).parents[3] / "xsd" / "iwmo" / "3.2"
    for naam in ("basisschema.xsd", "WMO301.xsd"):
        tekst = (bron / naam).read_text("utf-8").replace("/iwmo/3_2/", "/iwmo/3_3/").replace(">3.2<", ">3.3<")
        (tmp_path / naam).write_text(tekst, "utf-8")
    fout = xml("WMO301", {f"{PRODUCT}.omvang": None}).replace(b"/iwmo/3_2/", b"/iwmo/3_3/")
    report = berichten.validate(fout, schemas=berichten.load_schemas(tmp_path))
    assert (report.bericht, report.release, report.valid, report.level) == ("WMO301", "3.3", True, 1)


def test_findings_speak_english_on_request():
    fout = xml("WMO301", {f"{PRODUCT}.omvang": None})
    (gevonden,) = berichten.validate(fout, lang="en").findings
    assert gevonden.message == "Not met: A product with a product code has an Omvang."


def test_the_report_has_the_json_of_the_command():
    boom = msgspec.json.decode(msgspec.json.encode(berichten.validate(xml("WMO319", {}), level=2)))
    assert boom == {
        "bericht": "WMO319",
        "release": "3.2",
        "valid": True,
        "findings": [],
        "level": 2,
        "notChecked": [],
    }


def test_no_finding_shows_a_bsn_or_a_date_of_birth():
    fout = xml("WMO301", {"client.bsn": "999900007", "client.geboortedatum.datum": "2030-01-01"})
    report = berichten.validate(fout)
    assert {f.code for f in report.findings} == {"CS002", "TR134"}
    assert all(f.value is None for f in report.findings)


def test_five_years_before_a_leap_day_is_28_february():
    """TR335; a declaration of the first years of the calendar has no bound."""
    assert jaren_eerder(dt.date(2028, 2, 29), 5) == dt.date(2023, 2, 28)
    assert jaren_eerder(dt.date(2028, 2, 29), 4) == dt.date(2024, 2, 29)
    assert jaren_eerder(dt.date(3, 1, 1), 5) == dt.date.min
