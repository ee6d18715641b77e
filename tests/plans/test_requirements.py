"""The table of requirements tells the truth about the code."""

import importlib
import re
from pathlib import Path

import gateway.plans
from gateway.plans.requirements import document, eisen

ROOM = Path(gateway.plans.__file__).parent
CITED = re.compile(r"\b(?:PL|PLD|G|H|A)-\d+\b")


def test_every_number_that_is_cited_is_explained() -> None:
    """A reader who meets a number finds it in the table."""
    known = {eis.code for eis in eisen()}
    cited = {
        number
        for path in [*ROOM.rglob("*.py"), *Path(__file__).parent.glob("*.py")]
        for number in CITED.findall(path.read_text("utf-8"))
    }

    assert cited - known == set()


def test_every_rule_of_the_plan_is_in_the_table_once() -> None:
    """PL-1 to PL-73 and PLD-1 to PLD-37."""
    codes = [eis.code for eis in eisen()]

    assert len(codes) == len(set(codes))
    assert {f"PL-{n}" for n in range(1, 74)} | {f"PLD-{n}" for n in range(1, 38)} <= set(codes)


def test_what_is_said_to_be_enforced_can_be_found() -> None:
    """The place named exists, and what is enforced has a place."""
    for eis in eisen():
        assert eis.where or eis.status in ("human", "later"), eis.code
        if eis.where:
            assert _exists(eis.where), eis


def _exists(where: str) -> bool:
    parts = where.split(".")
    for split in range(len(parts), 0, -1):
        name = ".".join(["gateway.plans", *parts[:split]])
        try:
            found = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        rest = parts[split:]
        return not rest or (len(rest) == 1 and hasattr(found, rest[0]))
    return False


def test_the_document_is_made_from_the_table() -> None:
    """docs/plannen.md is not edited by hand."""
    written = ROOM.parents[1] / "docs" / "plannen.md"

    assert written.read_text("utf-8") == document()
