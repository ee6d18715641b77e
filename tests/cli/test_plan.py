"""`gateway plan` on files: region formats and plans as they travel."""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from gateway.cli.output import BROKEN, GOOD, NO
from gateway.plans import maak_retour, maak_uitvraag, meegeleverd, voorbeeld
from gateway.plans.formaat import formaat_bestand
from gateway.plans.uitvraag import gemeentedeel
from tests.cli.conftest import Answer, lines

Gateway = Callable[..., Answer]
START = date(2026, 5, 1)


@pytest.fixture
def region(tmp_path: Path) -> Path:
    """The delivered region file, as a file of one's own."""
    path = tmp_path / "regio.yaml"
    path.write_bytes(formaat_bestand("mlo-2018").read_bytes())
    return path


def test_the_delivered_region_is_good(gateway: Gateway) -> None:
    """`plan regio check` on the folder with region files."""
    code, out, _ = gateway("plan", "regio", "check", formaat_bestand("mlo-2018").parent, "--json")
    assert code == GOOD
    assert {"formaat": "mlo-2018", "versie": 1, "valid": True, "findings": []}.items() <= lines(out)[0].items()


def test_a_fault_in_a_region_has_its_line(gateway: Gateway, region: Path) -> None:
    """PL-11: a consultant who writes a region's file reads where it is wrong."""
    region.write_text(region.read_text().replace("taal: nl-NL", "taal: [1]"))
    code, out, _ = gateway("plan", "regio", "check", region, "--json")
    (document,) = lines(out)
    wrong = region.read_text().splitlines().index("  taal: [1]") + 1
    assert code == NO
    assert wrong in [finding["line"] for finding in document["findings"]]


def test_findings_for_people_name_file_and_line(gateway: Gateway, region: Path) -> None:
    """As a compiler does: file:line, so that an editor can jump there."""
    region.write_text(region.read_text().replace("taal: nl-NL", "taal: [1]"))
    _, out, words = gateway("plan", "regio", "check", region)
    assert re.match(rf"{region}:\d+: REGIO_", out)
    assert out.endswith(f"{region}: niet goed\n")
    assert words == ""


def exchange(folder: Path, soort: str) -> Path:
    """An uitvraag or an unsigned retour of the example client, as a file."""
    days, formaat = voorbeeld.dagen_voor(START), meegeleverd()
    case = voorbeeld.traject(days)
    part = gemeentedeel(case, case.uitvraag[0], formaat, days.uitvraag)
    moment = voorbeeld.moment(days.plan)
    path = folder / f"{soort}.json"
    if soort == "uitvraag":
        path.write_bytes(maak_uitvraag(part, formaat, verzonden_op=moment))
    else:
        path.write_bytes(maak_retour(voorbeeld.ingevuld(part, days), formaat, verzonden_op=moment))
    return path


def test_a_good_plan_is_good(gateway: Gateway, tmp_path: Path) -> None:
    """The phase follows from the kind of message; warnings do not make it wrong."""
    code, out, _ = gateway("plan", "validate", exchange(tmp_path, "uitvraag"), "--today", START, "--json")
    (document,) = lines(out)
    assert code == GOOD, document
    assert (document["soort"], document["formaat"], document["valid"]) == ("uitvraag", "mlo-2018", True)


def test_an_unsigned_plan_cannot_be_handed_in(gateway: Gateway, tmp_path: Path) -> None:
    """The checks of the phase: what is missing stands with its field."""
    code, out, _ = gateway("plan", "validate", exchange(tmp_path, "retour"), "--today", START, "--json")
    (document,) = lines(out)
    assert code == NO
    assert "error" in {finding["severity"] for finding in document["findings"]}


def test_a_changed_plan_is_seen(gateway: Gateway, tmp_path: Path) -> None:
    """The hash of the content is checked before the content."""
    path = exchange(tmp_path, "uitvraag")
    document = json.loads(path.read_text())
    document["plan"]["client"]["achternaam"] = "Anders"
    path.write_text(json.dumps(document))
    code, out, _ = gateway("plan", "validate", path, "--json")
    assert code == NO
    assert "HASH_ONGELIJK" in {finding["code"] for finding in lines(out)[0]["findings"]}
    assert "Anders" not in out


def test_what_is_no_plan_is_an_answer(gateway: Gateway, tmp_path: Path) -> None:
    """Not JSON: one finding, exit code 1."""
    (tmp_path / "x.json").write_text("geen plan")
    code, out, _ = gateway("plan", "validate", tmp_path / "x.json", "--json")
    assert code == NO
    assert lines(out)[0]["valid"] is False


def test_a_format_from_outside_is_never_a_path(gateway: Gateway, tmp_path: Path) -> None:
    """The name of a format in a message finds a delivered one or nothing."""
    path = exchange(tmp_path, "uitvraag")
    document = json.loads(path.read_text())
    document["formaat"]["id"] = "../../etc/passwd"
    path.write_text(json.dumps(document))
    code, out, _ = gateway("plan", "validate", path, "--json")
    assert code == NO
    assert "FORMAAT_ONBEKEND" in {finding["code"] for finding in lines(out)[0]["findings"]}


def test_ones_own_format_goes_before_the_delivered_one(gateway: Gateway, tmp_path: Path, region: Path) -> None:
    """`--formaat` with another version: the plan's version is then unknown. One that does not load is exit code 2."""
    region.write_text(region.read_text().replace("versie: 1", "versie: 2", 1))
    plan = exchange(tmp_path, "uitvraag")
    assert gateway("plan", "validate", plan, "--formaat", region)[0] == NO
    region.write_text("schema: iets")
    assert gateway("plan", "validate", plan, "--formaat", region)[0] == BROKEN


@pytest.mark.parametrize("arguments", [["--today", "31-03-2026"], ["--fase", "ooit"]])
def test_wrong_options_are_wrong_usage(gateway: Gateway, tmp_path: Path, arguments: list[str]) -> None:
    """Exit code 2, with the right form."""
    code, out, words = gateway("plan", "validate", exchange(tmp_path, "uitvraag"), *arguments)
    assert (code, out) == (BROKEN, "")
    assert "jjjj-mm-dd" in words or "indienen" in words


def test_a_folder_without_files_is_broken_surroundings(gateway: Gateway, tmp_path: Path) -> None:
    """Nothing to look at is a question that went wrong."""
    assert gateway("plan", "validate", tmp_path)[0] == BROKEN
    assert gateway("plan", "validate", tmp_path / "weg.json")[0] == BROKEN
