"""`gateway bericht` on files: answers for people and as JSON lines, exit codes of docs/commands.md."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.output import BROKEN, GOOD, NO
from tests.cli.conftest import Answer, lines

Gateway = Callable[..., Answer]
Make = Callable[..., Path]


def test_soorten_lists_each_message_with_its_answer(gateway: Gateway) -> None:
    """A WMO323 is answered with a WMO325."""
    code, out, _ = gateway("bericht", "soorten", "--json")
    found = {row["bericht"]: row for row in lines(out)}
    assert code == GOOD
    assert found["WMO323"]["retour"] == "WMO325"
    assert found["WMO302"]["heen"] == "WMO301"


def test_soorten_for_people_is_a_table_that_cut_can_read(gateway: Gateway) -> None:
    """Tab-separated when the output is no terminal."""
    code, out, _ = gateway("bericht", "soorten")
    first, *rest = out.splitlines()
    assert code == GOOD
    assert first.split("\t")[:2] == ["bericht", "release"]
    assert all(row.count("\t") == first.count("\t") for row in rest)


@pytest.mark.parametrize("soort", ["WMO301", "WMO305", "WMO323", "WMO325"])
def test_build_gives_back_what_parse_read(gateway: Gateway, message: Make, tmp_path: Path, soort: str) -> None:
    """The JSON form is the whole message: through it and back the values are the same."""
    code, document, words = gateway("bericht", "parse", message(soort))
    assert (code, words) == (GOOD, "")
    assert json.loads(document)["bericht"] == soort
    (tmp_path / "m.json").write_text(document)
    assert gateway("bericht", "build", tmp_path / "m.json", "-o", tmp_path / "again.xml")[0] == GOOD
    assert gateway("bericht", "parse", tmp_path / "again.xml")[1] == document


def test_parse_of_an_invalid_message_answers_no_with_its_findings(
    gateway: Gateway, message: Make, tmp_path: Path
) -> None:
    """Exit code 1; for people on standard error, with --json as one document on standard output."""
    broken = tmp_path / "broken.xml"
    broken.write_text(message("WMO301").read_text().replace("BerichtCode>", "BerichtKode>"))
    code, out, words = gateway("bericht", "parse", broken)
    assert (code, out) == (NO, "")
    assert "→" in words
    code, out, _ = gateway("bericht", "parse", broken, "--json")
    (document,) = lines(out)
    assert code == NO
    assert document["valid"] is False
    assert document["findings"][0]["path"].startswith("/Bericht/Header")


def test_build_refuses_what_its_schema_refuses(gateway: Gateway, message: Make, tmp_path: Path) -> None:
    """A value of the right type and the wrong form is found when the XML is built."""
    document = json.loads(gateway("bericht", "parse", message("WMO301"))[1])
    document["header"]["afzender"] = "te lang voor een code"
    (tmp_path / "m.json").write_text(json.dumps(document))
    code, out, words = gateway("bericht", "build", tmp_path / "m.json")
    assert (code, out) == (NO, "")
    assert "/Bericht/Header/Afzender" in words


def test_build_refuses_what_is_no_message(gateway: Gateway, tmp_path: Path) -> None:
    """JSON without the name of a message is an answer, not a fault of the program."""
    (tmp_path / "m.json").write_text("{}")
    assert gateway("bericht", "build", tmp_path / "m.json")[0] == NO


@pytest.mark.parametrize("command", ["parse", "build"])
def test_a_file_that_is_not_there_is_broken_surroundings(gateway: Gateway, tmp_path: Path, command: str) -> None:
    """Exit code 2, with the file's name."""
    code, out, words = gateway("bericht", command, tmp_path / "weg")
    assert (code, out) == (BROKEN, "")
    assert "weg kan niet gelezen worden" in words


def test_an_answer_that_cannot_be_written_is_broken_surroundings(
    gateway: Gateway, message: Make, tmp_path: Path
) -> None:
    """The folder is named; nothing half is left behind."""
    code, _, words = gateway("bericht", "parse", message("WMO305"), "-o", tmp_path / "weg" / "m.json")
    assert code == BROKEN
    assert "kan niet geschreven worden" in words


def test_a_written_message_is_readable_for_its_owner_only(gateway: Gateway, message: Make, tmp_path: Path) -> None:
    """A message holds personal data."""
    gateway("bericht", "parse", message("WMO305"), "-o", tmp_path / "m.json")
    assert (tmp_path / "m.json").stat().st_mode & 0o777 == 0o600
