"""`gateway reconcile beschikkingen`: decisions against orders, on files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import berichten
from gateway.cli.output import BROKEN, GOOD, NO
from tests.cli.conftest import Answer, lines
from tests.reconcile import reference as ref

Gateway = Callable[..., Answer]
FIELDS = "gemeente beschikkingnummer besluitmoment bsn aanbieder categorie code ingangsdatum einddatum volume"
HEAD = ";".join([*FIELDS.split(), "eenheid", "frequentie"]) + "\n"
ROW = "{gemeente};1;2025-06-01T12:00:00;{bsn};{aanbieder};02;02A03;2025-07-07;2025-09-07;{volume};04;2\n"
TODAY = ("--today", "2025-07-10")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One allocation of three hours a week."""
    allocation = next(v for v in ref.VERSIES if v.product_code == "02A03" and v.bsn == ref.B1)
    (tmp_path / "toewijzingen").mkdir()
    message = ref.bericht_301("M301", "2025-07-01", allocation)
    (tmp_path / "toewijzingen" / "301.xml").write_bytes(berichten.build(message))
    (tmp_path / "toewijzingen" / "302.xml").write_bytes(berichten.build(ref.bericht_302(message)))
    return tmp_path


def compare(gateway: Gateway, folder: Path, text: str, *more: object) -> Answer:
    """The command on a file with this text."""
    (folder / "besluiten.csv").write_text(text)
    own = ("--beschikkingen", folder / "besluiten.csv", "--toewijzingen", folder / "toewijzingen", *TODAY)
    return gateway("reconcile", "beschikkingen", *own, *more)


def row(volume: int) -> str:
    """A file with one decision."""
    return HEAD + ROW.format(gemeente=ref.GEMEENTE, bsn=ref.B1, aanbieder=ref.AANBIEDER, volume=volume)


def test_a_decision_and_its_order_are_equal(gateway: Gateway, folder: Path) -> None:
    """Exit code 0, nothing to do."""
    code, out, words = compare(gateway, folder, row(3), "--json")
    assert (code, words) == (GOOD, ""), out
    assert lines(out) == [{"compared": 1, "equal": 1, "differences": []}]


def test_another_volume_is_a_difference_with_who_and_what(gateway: Gateway, folder: Path) -> None:
    """Exit code 1; decided and ordered stand beside each other."""
    code, out, _ = compare(gateway, folder, row(5), "--json")
    (document,) = lines(out)
    assert (code, document["equal"]) == (NO, 0)
    difference = document["differences"][0]
    assert difference["kind"].startswith("A")
    assert difference["who"]
    assert difference["advice"]
    assert ref.B1 not in out


def test_for_people_a_difference_is_two_lines(gateway: Gateway, folder: Path) -> None:
    """And the count at the end."""
    _, out, _ = compare(gateway, folder, row(5))
    assert "besloten" in out
    assert out.endswith("verschillen\n")


def test_a_decision_that_cannot_be_read_stops_the_comparison(gateway: Gateway, folder: Path) -> None:
    """Exit code 2: it would count as missing, and a difference would be told that there is not."""
    code, out, words = compare(gateway, folder, row(3).replace("2025-07-07", "7 juli"))
    assert (code, out) == (BROKEN, "")
    assert "niets vergeleken" in words
    assert ref.B1 not in words


def test_what_is_at_stake_needs_the_contract(gateway: Gateway, folder: Path) -> None:
    """A contract that does not load is exit code 2."""
    (folder / "contract.toml").write_text("tarieven = 1")
    assert compare(gateway, folder, row(5), "--contract", folder / "contract.toml")[0] == BROKEN
