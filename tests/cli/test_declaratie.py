"""`gateway declaratie check`: declarations against allocations, on files, as a provider or a municipality would."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import berichten
from gateway.cli.output import BROKEN, GOOD, NO
from tests.cli.conftest import Answer, lines
from tests.reconcile import reference as ref

Gateway = Callable[..., Answer]

CONTRACT = """
revision = "2025-1"
gemeente = "{gemeente}"
aanbieder = "{aanbieder}"
own_codes = ["{gemeente}"]
[[contract_tariffs]]
product_code = "02A03"
eenheid = "04"
tarief = "6250"
[[product_list]]
product_categorie = "02"
product_code = "02A03"
"""
TODAY = ("--today", "2025-09-08")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A folder with one allocation, its approval, and a contract."""
    allocation = next(v for v in ref.VERSIES if v.product_code == "02A03" and v.bsn == ref.B1)
    sent = ref.bericht_301("M301", "2025-07-01", allocation)
    put(tmp_path / "toewijzingen" / "301.xml", sent)
    put(tmp_path / "toewijzingen" / "302.xml", ref.bericht_302(sent))
    (tmp_path / "contract.toml").write_text(CONTRACT.format(gemeente=ref.GEMEENTE, aanbieder=ref.AANBIEDER))
    return tmp_path


def put(path: Path, message: object) -> Path:
    """A message as a file."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(berichten.build(message))  # type: ignore[arg-type]
    return path


def declaration(case: Path, volume: int, name: str = "323", **header: str) -> Path:
    """A declaration of this many hours in August on the allocation."""
    allocation = next(v for v in ref.VERSIES if v.product_code == "02A03" and v.bsn == ref.B1)
    period = "2025-08"
    line = ref.regel(f"R{name}", allocation.toewijzing_nummer, "02/02A03", period, volume, "04", volume * 6250)
    return put(case / f"{name}.xml", ref.bericht((ref.B1, [line]), **header))


def check(gateway: Gateway, case: Path, *more: object) -> Answer:
    """The command with the folder's allocations and contract."""
    own = ("--toewijzingen", case / "toewijzingen", "--contract", case / "contract.toml", *TODAY)
    return gateway("declaratie", "check", *own, *more)


def test_a_declaration_within_its_allocation_is_approved(gateway: Gateway, case: Path) -> None:
    """Exit code 0; amounts in cents; the allowed room stands beside each line."""
    code, out, words = check(gateway, case, declaration(case, 3), "--json")
    (document,) = lines(out)
    assert (code, words) == (GOOD, ""), document
    assert (document["verdict"], document["submittedCents"], document["awardedCents"]) == ("approved", 18750, 18750)
    assert document["prestaties"][0]["allowed"]["usedBefore"] == 0


def test_a_line_above_its_allocation_is_refused_with_its_code(gateway: Gateway, case: Path) -> None:
    """Exit code 1; the WMO325 refuses exactly that line."""
    answer = case / "325.xml"
    code, out, _ = check(gateway, case, declaration(case, 900), "-o", answer, "--json")
    (document,) = lines(out)
    assert (code, document["verdict"]) == (NO, "rejected")
    assert document["prestaties"][0]["retourcodes"]
    assert berichten.read(answer.read_bytes()).soort == "WMO325"


def test_for_people_the_outcome_is_in_euros(gateway: Gateway, case: Path) -> None:
    """Submitted, awarded, and why a line was refused."""
    _, out, _ = check(gateway, case, declaration(case, 900))
    assert "ingediend € 56.250,00, toegekend € 0,00" in out
    assert "afgewezen" in out


def test_what_one_declaration_uses_counts_for_the_next(gateway: Gateway, case: Path) -> None:
    """Several files are judged in order, each with a WMO325 of its own in the folder; the same again is refused."""
    answers = case / "antwoorden"
    answers.mkdir()
    first = declaration(case, 3, "a")
    second = declaration(case, 3, "b", identificatie="M2", nummer="D2")
    code, out, _ = check(gateway, case, first, second, "-o", answers, "--json")
    one, two = lines(out)
    assert code == NO
    assert (one["verdict"], two["verdict"]) == ("approved", "rejected")
    assert sorted(path.name for path in answers.iterdir()) == ["a-325.xml", "b-325.xml"]


def test_its_own_answer_among_the_earlier_ones_does_not_count(gateway: Gateway, case: Path) -> None:
    """Judged again as if it had just come in, with the same outcome."""
    asked, answer = declaration(case, 3), case / "toewijzingen" / "325.xml"
    first = check(gateway, case, asked, "-o", answer, "--json")
    assert check(gateway, case, asked, "--earlier", case / "toewijzingen", "--json") == first
    assert first[0] == GOOD


def test_a_finding_has_the_line_of_its_element(gateway: Gateway, case: Path) -> None:
    """So that an editor can jump there."""
    _, out, _ = check(gateway, case, declaration(case, 900), "--json")
    (document,) = lines(out)
    assert all(finding["line"] for finding in document["findings"])


def test_several_declarations_want_a_folder(gateway: Gateway, case: Path) -> None:
    """Before anything is judged."""
    files = declaration(case, 3, "a"), declaration(case, 3, "b", identificatie="M2", nummer="D2")
    code, out, words = check(gateway, case, *files, "-o", case / "325.xml")
    assert (code, out) == (BROKEN, "")
    assert "geen map" in words


def test_a_declaration_answered_before_counts(gateway: Gateway, case: Path) -> None:
    """`--earlier`: the numbers of an open declaration are taken."""
    put(case / "eerder" / "323.xml", berichten.parse(declaration(case, 3).read_bytes()))
    again = declaration(case, 3, "b", nummer="D2")
    code, out, _ = check(gateway, case, again, "--earlier", case / "eerder", "--json")
    assert code == NO
    assert lines(out)[0]["verdict"] != "approved"


def test_without_a_contract_the_declaration_is_held(gateway: Gateway, case: Path) -> None:
    """Missing configuration is never a refusal; there is no answer to send yet."""
    answer = case / "325.xml"
    own = ("--toewijzingen", case / "toewijzingen", *TODAY, "-o", answer, "--json")
    code, out, _ = gateway("declaratie", "check", declaration(case, 3), *own)
    assert (code, lines(out)[0]["verdict"]) == (NO, "held")
    assert not answer.exists()


def test_a_wrong_contract_is_refused_before_anything_is_judged(gateway: Gateway, case: Path) -> None:
    """Exit code 2, with what is wrong in the file."""
    (case / "contract.toml").write_text("tarieven = 1")
    code, out, words = check(gateway, case, declaration(case, 3))
    assert (code, out) == (BROKEN, "")
    assert "contract.toml: CONTRACT" in words


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_another_message_is_no_declaration(gateway: Gateway, case: Path, json: tuple[str, ...]) -> None:
    """An answer, not a fault of the program."""
    code, out, _ = check(gateway, case, case / "toewijzingen" / "301.xml", *json)
    assert code == NO
    assert "WMO301" in out
