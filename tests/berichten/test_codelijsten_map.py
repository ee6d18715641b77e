"""A folder of code lists in the rules of level 4: docs/codelijsten.md, whose examples are the lists used here."""

import datetime as dt
import re
from pathlib import Path

import pytest

from gateway import berichten
from gateway.berichten import codelijsten
from gateway.berichten.codelijsten import UnusableList, load_codelists
from gateway.berichten.historie import History
from gateway.berichten.retour import retour
from gateway.cli import validating
from gateway.cli.validating import Job
from tests.berichten.historie.voorbeelden import VANDAAG, dag, m301, m305, m323, start, toegewezen

PAGE = Path(__file__).parents[2] / "docs" / "codelijsten.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The examples of the page, each under the name that the page gives it."""
    examples = re.findall(r"```csv\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    lists = tmp_path / "lijsten"
    lists.mkdir()
    for name, example in zip(("GEMEENTEN", "WMO021", "AGB"), examples, strict=True):
        (lists / f"{name}.csv").write_text(example, "utf-8")
    return lists


def report(bericht, folder=None, **overig):
    lists = None if folder is None else load_codelists(folder)
    return berichten.validate(berichten.build(bericht), today=VANDAAG, codelists=lists, **overig)


def codes(bericht, folder, **overig):
    return {(f.code, f.severity) for f in report(bericht, folder, **overig).findings}


def test_the_product_list_judges_tr381(folder: Path) -> None:
    """The pair is on the list, or the message is wrong at that place; the list of municipalities is replaced too."""
    (folder / "GEMEENTEN.csv").unlink()
    assert codes(m301(toegewezen(categorie="02", code="02A03")), folder) == set()
    wrong = report(m301(toegewezen(categorie="02", code="01A01")), folder)
    assert [(f.code, f.path, f.value, bool(f.line)) for f in wrong.findings] == [
        ("TR381", "/Bericht/Client/ToegewezenProducten/ToegewezenProduct[1]/Product/Code", "01A01", True)
    ]
    assert not wrong.valid


@pytest.mark.parametrize(
    ("code", "begin", "gemeente", "good"),
    [
        ("02A03", "2026-06-30", "0384", True),
        ("02A03", "2026-07-01", "0384", False),
        ("02X09", "2026-06-30", "0384", False),
        ("02X09", "2026-07-01", "0384", True),
        ("02X09", "2026-07-01", "0344", False),
    ],
)
def test_a_product_holds_from_its_first_day_to_its_last_for_its_municipality(
    folder: Path, code: str, begin: str, gemeente: str, good: bool
) -> None:
    """TR381: the day is the first day of the product."""
    (folder / "GEMEENTEN.csv").unlink()
    bericht = m301(toegewezen(code=code, ingangsdatum=dag(begin)), gemeente=gemeente)
    assert codes(bericht, folder) == (set() if good else {("TR381", "error")})


def test_without_a_list_the_rules_are_not_checked_and_never_good() -> None:
    """TR381 and OP254: named, and a finding when the level was asked for."""
    assert {"TR381", "OP254"} <= set(report(m301(toegewezen())).not_checked)
    asked = {f.code: f for f in report(m301(toegewezen()), level=4, lang="en").findings}
    assert asked["OP254"].severity == asked["TR381"].severity == "unchecked"
    assert asked["TR381"].message == "Not checked: a list of product codes is missing."
    assert asked["OP254"].message == "Not checked: a list of AGB codes for this date is missing."


def test_with_the_lists_nothing_of_them_is_left_unchecked(folder: Path) -> None:
    """What has a source is judged."""
    assert not {"TR381", "TR378", "OP254"} & set(report(m301(toegewezen()), folder).not_checked)


@pytest.mark.parametrize(("maak", "veld"), [(m301, "Ontvanger"), (m305, "Afzender")])
def test_a_provider_that_the_agb_list_does_not_know_is_a_warning(folder: Path, maak, veld: str) -> None:
    """OP254: a person looks; the message stays valid, for no retourcode belongs to it."""
    (folder / "GEMEENTEN.csv").unlink()
    found = report(maak(aanbieder="99990001"), folder)
    assert [(f.code, f.severity, f.path, f.value) for f in found.findings] == [
        ("OP254", "warning", f"/Bericht/Header/{veld}", "99990001")
    ]
    assert found.valid
    assert report(maak(aanbieder="99990001"), folder, level=3, earlier=History.of(())).level == 3
    assert "OP254" not in {c for c, _ in codes(maak(aanbieder="99990001"), folder, level=2)}


def test_a_folder_replaces_the_municipalities(folder: Path) -> None:
    """TR378: 0384 is not in the example."""
    assert ("TR378", "error") in codes(m301(toegewezen()), folder)
    assert codes(m301(toegewezen(), gemeente="0344"), folder) == set()


def test_a_return_message_is_made_with_the_lists(folder: Path) -> None:
    """TR381 and TR378 are judged when a start is answered, with the lists of the folder."""
    sent = m301(toegewezen(), gemeente="0344")
    data = berichten.build(m305(start(), gemeente="0344"))
    answer = retour(data, today=VANDAAG, earlier=History.of([sent]), codelists=load_codelists(folder))
    assert answer.oordeel == "goedgekeurd", answer.findings
    other = berichten.build(m305(start(), gemeente="0384"))
    refused = retour(other, today=VANDAAG, codelists=load_codelists(folder))
    assert refused.oordeel == "afgekeurd"
    assert "TR378" in {f.code for f in refused.findings}


def test_the_product_list_judges_the_lines_of_a_declaration(folder: Path, tmp_path: Path) -> None:
    """TR381 on a WMO323, where the room of declarations asks the same list."""
    (folder / "GEMEENTEN.csv").unlink()
    earlier, file = tmp_path / "301.xml", tmp_path / "323.xml"
    earlier.write_bytes(berichten.build(m301(toegewezen(102))))
    file.write_bytes(berichten.build(m323()))
    job = Job(None, VANDAAG, (earlier,), None, folder, "nl")
    ((_, known),) = validating.validate_files([file], job)
    ((_, unknown),) = validating.validate_files([file], job._replace(codelists=None))
    assert "TR381" not in known.not_checked
    assert "TR381" in unknown.not_checked


def test_spreadsheets_in_dutch_are_read(tmp_path: Path) -> None:
    """Semicolons and a byte order mark."""
    (tmp_path / "gemeenten.csv").write_text("code;label;vanaf;tot\n0001;Oud;;2026-12-31\n", "utf-8-sig")
    lists = load_codelists(tmp_path)
    assert lists.get("GEMEENTEN").valid("0001", dt.date(2027, 1, 1)) is False
    assert lists.eigen == {"GEMEENTEN"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("X.csv", b"code,label,vanaf\n1,a,1-1-2026\n", r"X\.csv, line 2: vanaf and tot are dates"),
        ("X.csv", b"code,label\n,a\n", r"X\.csv, line 2: no code"),
        ("X.csv", b"", r"X\.csv: the columns are code, label"),
        ("WMO021.csv", b"code,label\n1,a\n", r"WMO021\.csv: the columns are categorie, code"),
        ("X.csv", b"code,label\n1,\xff\n", r"X\.csv: not in UTF-8"),
        ("X.txt", b"code,label\n1,a\n", r"no code list"),
    ],
)
def test_a_file_that_is_no_list_is_named_with_its_line(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    """An operator mends the file, so the words say where."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnusableList, match=words):
        load_codelists(tmp_path)


def test_the_lists_of_the_release_are_untouched(folder: Path) -> None:
    """Replacing makes a new set."""
    load_codelists(folder)
    assert len(codelijsten.get("GEMEENTEN").codes) == 342
