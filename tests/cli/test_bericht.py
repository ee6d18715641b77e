"""`gateway bericht` on files: answers for people and as JSON lines, exit codes of docs/commands.md."""

import json

import pytest

from gateway.cli.main import run
from gateway.cli.output import GOOD


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Standard output as JSON, a document a line; fails if anything else stands there."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_soorten_lists_each_message_with_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    """A WMO323 is answered with a WMO325."""
    assert run(["bericht", "soorten", "--json"]) == GOOD
    found = {row["bericht"]: row for row in lines(capsys)}
    assert found["WMO323"]["retour"] == "WMO325"
    assert found["WMO302"]["heen"] == "WMO301"


def test_soorten_for_people_is_a_table_that_cut_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Tab-separated when the output is no terminal."""
    assert run(["bericht", "soorten"]) == GOOD
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.split("\t")[:2] == ["bericht", "release"]
    assert all(row.count("\t") == first.count("\t") for row in rest)
