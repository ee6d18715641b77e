"""The table of requirements on secure mail tells the truth about code and tests."""

import ast
import importlib
import re
from functools import cache
from pathlib import Path

import pytest

from gateway.securemail.requirements import SECTIONS, Eis, document, eisen, threats

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
CITED = re.compile(r"\bSM-(\d+)(?: (?:to|…) SM-(\d+))?|(?<=_)sm(\d+)(?=_)")


def numbers(text: str) -> set[str]:
    """The requirements that a text cites; `test_sm12_sm13_…` and `SM-1 to SM-3` included."""
    found: set[str] = set()
    for first, last, in_name in CITED.findall(text):
        begin = int(first or in_name)
        found |= {f"SM-{n}" for n in range(begin, int(last or begin) + 1)}
    return found


@cache
def cited_by(test: str) -> set[str]:
    return numbers((TESTS / test).read_text("utf-8"))


def test_every_number_that_is_cited_is_explained():
    """A reader who meets a number anywhere in code, tests or pages finds it in the table."""
    known = {eis.code for eis in eisen()}
    places = [*(ROOT / "gateway").rglob("*.py"), *TESTS.rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    for path in places:
        assert numbers(path.read_text("utf-8")) <= known, path


def test_every_number_is_in_the_table_once_and_in_a_section():
    """SM-1 to SM-151."""
    assert [eis.code for eis in eisen()] == [f"SM-{n}" for n in range(1, 152)]
    assert {eis.section for eis in eisen()} == set(SECTIONS)


@pytest.mark.parametrize("eis", eisen(), ids=lambda eis: eis.code)
def test_a_status_is_what_it_says(eis: Eis):
    """What is implemented has a place and a test; what is not whole says what is missing."""
    assert all(_exists(f"gateway.{where}") for where in eis.where), eis.where
    assert all(eis.code in cited_by(test) for test in eis.tests), eis.tests
    if eis.status == "implemented":
        assert eis.where
        assert eis.tests
        assert not eis.missing
    if eis.status == "partly":
        assert eis.where
        assert eis.missing


def test_every_attack_is_played_by_a_test():
    """The function exists, under its name, in the file that is named; the requirements are of the table."""
    known = {eis.code for eis in eisen()}
    for threat in threats():
        assert threat.requirements
        assert set(threat.requirements) <= known
        assert threat.tests, threat.attack
        for test in threat.tests:
            file, _, function = test.partition("::")
            assert function in _functions(file), test


def test_the_document_is_made_from_the_table():
    """docs/secure-mail.md is not edited by hand."""
    assert (ROOT / "docs" / "secure-mail.md").read_text("utf-8") == document()


@cache
def _functions(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def _exists(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, member = name.rpartition(".")
        return hasattr(importlib.import_module(module), member)
    return True
