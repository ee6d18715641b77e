"""`gateway bericht validate` and `retour`: many files at once, history, answers and exit codes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import berichten
from gateway.cli import validating
from gateway.cli.output import BROKEN, GOOD, NO
from tests.berichten.historie import voorbeelden as v
from tests.cli.conftest import Answer, lines

Gateway = Callable[..., Answer]
LEVEL_3 = ("--level", "3")
TODAY = ("--today", v.VANDAAG.isoformat())


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A WMO301 without a fault on the levels that need no history."""
    return put(tmp_path / "301.xml", v.m301(v.toegewezen()))


def put(path: Path, message: object) -> Path:
    """A message as a file."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(berichten.build(message))  # type: ignore[arg-type]
    return path


def broken(good: Path, name: str = "fout.xml") -> Path:
    """The same message with a code that its schema does not know."""
    path = good.parent / name
    path.write_text(good.read_text().replace("BerichtVersie>3<", "BerichtVersie>4<"))
    return path


def test_a_good_message_is_valid(gateway: Gateway, good: Path) -> None:
    """Exit code 0; the line names message and release, and what could not be judged."""
    code, out, words = gateway("bericht", "validate", good, *TODAY, "--json")
    (document,) = lines(out)
    assert (code, words) == (GOOD, ""), document
    assert {"bericht": "WMO301", "release": "3.2", "valid": True, "findings": []}.items() <= document.items()
    assert document["notChecked"]


def test_for_people_a_good_message_is_one_line(gateway: Gateway, good: Path) -> None:
    """The answer stands on standard output."""
    assert gateway("bericht", "validate", good, *TODAY)[1] == f"{good}: goed (WMO301)\n"


def test_a_finding_has_rule_place_line_and_advice(gateway: Gateway, good: Path) -> None:
    """Exit code 1; the number of the rule that the schema enforces, not only XSD."""
    code, out, _ = gateway("bericht", "validate", broken(good), "--json")
    (finding,) = lines(out)[0]["findings"]
    assert code == NO
    assert (finding["code"], finding["path"], finding["level"]) == ("CS025", "/Bericht/Header/BerichtVersie", 1)
    assert finding["line"]
    assert finding["advice"]


def test_findings_speak_english_when_asked(gateway: Gateway, good: Path) -> None:
    """`--lang en`, for operators."""
    texts = [gateway("bericht", "validate", broken(good), "--lang", lang)[1] for lang in ("nl", "en")]
    assert texts[0] != texts[1]


def test_an_asked_level_reports_what_it_could_not_judge(gateway: Gateway, good: Path) -> None:
    """A rule without its source is never good in silence; it does not make a message wrong either."""
    code, out, _ = gateway("bericht", "validate", good, *TODAY, "--level", 3, "--json")
    assert code == GOOD
    assert {finding["severity"] for finding in lines(out)[0]["findings"]} == {"unchecked"}


def test_earlier_messages_are_looked_into(gateway: Gateway, tmp_path: Path) -> None:
    """A start on an allocation that was never sent (level 3)."""
    put(tmp_path / "eerder" / "301.xml", v.m301(v.toegewezen(101)))
    known, unknown = put(tmp_path / "a.xml", v.m305(v.start(101))), put(tmp_path / "b.xml", v.m305(v.start(999)))
    command = ("bericht", "validate", known, unknown, *TODAY, "--earlier", tmp_path / "eerder", "--json")
    code, out, words = gateway(*command)
    first, second = lines(out)
    assert code == NO
    assert (first["valid"], second["valid"]) == (True, False), first
    assert words == "2 bestanden, 1 niet goed\n"


def test_an_answer_is_held_against_what_was_sent(gateway: Gateway, tmp_path: Path) -> None:
    """A return message for a message that was never sent is a finding with its place and line (IV028)."""
    sent = v.m305()
    answer = put(tmp_path / "306.xml", v.retour_op(sent))
    put(tmp_path / "sent" / "305.xml", sent)
    put(tmp_path / "other" / "305.xml", v.m305(id="ANDER"))
    assert gateway("bericht", "validate", answer, *TODAY, "--earlier", tmp_path / "sent")[0] == GOOD
    code, out, _ = gateway("bericht", "validate", answer, *TODAY, "--earlier", tmp_path / "other", "--json")
    (document,) = lines(out)
    (finding,) = document["findings"]
    assert (code, document["valid"], finding["code"]) == (NO, False, "IV028")
    assert finding["path"] == "/Bericht/Header/BerichtIdentificatie/Identificatie"
    assert finding["line"]
    asked, unasked = (lines(gateway("bericht", "validate", answer, *how, "--json")[1])[0] for how in (LEVEL_3, ()))
    assert [f["severity"] for f in asked["findings"] if f["code"] == "IV028"] == ["unchecked"]
    assert (unasked["valid"], unasked["findings"]) == (True, [])
    assert "IV028" in unasked["notChecked"]


def test_a_declaration_is_held_against_the_allocations_among_them(gateway: Gateway, tmp_path: Path) -> None:
    """The rules about declarations look into the same folder; the declaration itself may lie in it."""
    put(tmp_path / "eerder" / "301.xml", v.m301(v.toegewezen(101)))
    declaration = put(tmp_path / "eerder" / "323.xml", v.m323())
    _, out, _ = gateway("bericht", "validate", declaration, *TODAY, "--earlier", tmp_path / "eerder", "--json")
    (document,) = lines(out)
    assert "TR338" not in document["notChecked"]
    assert "TR338" not in {finding["code"] for finding in document["findings"]}


def test_a_folder_of_many_is_judged_on_all_cores_in_order(
    gateway: Gateway, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers are those of one process, in the order of the files."""
    for number in range(30):
        broken(good, f"x{number:02}.xml")
    monkeypatch.setattr(validating, "CHUNK", 4)
    many = gateway("bericht", "validate", good.parent, *TODAY, "--json")
    monkeypatch.setattr(validating, "ALONE", 1000)
    alone = gateway("bericht", "validate", good.parent, *TODAY, "--json")
    assert many == alone
    assert [line["file"] for line in lines(many[1])] == sorted(str(path) for path in good.parent.glob("*.xml"))


def test_one_unreadable_file_does_not_hide_the_others(gateway: Gateway, good: Path, tmp_path: Path) -> None:
    """Exit code 2, and still an answer for the rest."""
    (tmp_path / "dood.xml").symlink_to("/proc/self/mem")  # opens, and fails when it is read
    code, out, words = gateway("bericht", "validate", tmp_path / "dood.xml", good, *TODAY, "--json")
    assert code == BROKEN
    assert "dood.xml kan niet gelezen worden" in words
    assert [line["valid"] for line in lines(out)] == [True]


def test_a_folder_with_other_schemas_is_used(gateway: Gateway, good: Path) -> None:
    """`--schemas`: the release's own XSDs instead of those that come with the gateway."""
    folder = Path(berichten.__file__).parents[2] / "xsd" / "iwmo" / "3.2"
    assert gateway("bericht", "validate", good, *TODAY, "--schemas", folder)[0] == GOOD


@pytest.fixture
def sister(tmp_path: Path) -> Path:
    """A folder with the schemas of a sister standard."""
    folder = tmp_path / "ijw"
    folder.mkdir()
    own = Path(berichten.__file__).parents[2] / "xsd" / "iwmo" / "3.2"
    for path in (own / "basisschema.xsd", own / "WMO301.xsd"):
        text = path.read_text().replace("iwmo", "ijw").replace("wmo301", "jw301")
        (folder / path.name.replace("WMO", "JW")).write_text(text)
    return folder


def test_a_sister_standard_is_read_and_made_with_its_own_schemas(
    gateway: Gateway, good: Path, sister: Path, tmp_path: Path
) -> None:
    """`--schemas` on validate, parse and build; without a rule table only the schema is judged, and that is said."""
    other = tmp_path / "jw301.xml"
    other.write_text(good.read_text().replace("iwmo/3_2", "ijw/3_2").replace("wmo301", "jw301"))
    code, out, _ = gateway("bericht", "validate", other, "--schemas", sister)
    assert (code, out) == (GOOD, f"{other}: goed (JW301, alleen XML en schema)\n")
    assert gateway("bericht", "validate", other)[0] == NO
    code, document, _ = gateway("bericht", "parse", other, "--schemas", sister)
    assert code == GOOD
    (tmp_path / "jw301.json").write_text(document)
    made = tmp_path / "again.xml"
    assert gateway("bericht", "build", tmp_path / "jw301.json", "--schemas", sister, "-o", made)[0] == GOOD
    assert gateway("bericht", "parse", made, "--schemas", sister)[1] == document


@pytest.mark.parametrize("files", [1, 2 * validating.ALONE])
@pytest.mark.parametrize("wrong", ["empty", "no xml", "no basis"])
def test_schemas_that_are_not_usable_are_broken_surroundings(
    gateway: Gateway, good: Path, sister: Path, wrong: str, files: int
) -> None:
    """Exit code 2 and a sentence that names the folder or file, however many files wait; no fault of the gateway."""
    match wrong:
        case "empty":
            for path in sister.iterdir():
                path.unlink()
        case "no xml":
            (sister / "JW301.xsd").write_text("# WMO301")
        case "no basis":
            (sister / "basisschema.xsd").unlink()
    code, out, words = gateway("bericht", "validate", *[good] * files, "--schemas", sister)
    assert (code, out) == (BROKEN, "")
    assert str(sister) in words
    assert len(words.splitlines()) == 1
    assert gateway("bericht", "parse", good, "--schemas", sister)[0] == BROKEN


@pytest.mark.parametrize("arguments", [("--level", "5"), ("--lang", "fr"), ("--today", "morgen")])
def test_wrong_options_are_wrong_usage(gateway: Gateway, good: Path, arguments: tuple[str, str]) -> None:
    """Exit code 2, nothing on standard output."""
    code, out, _ = gateway("bericht", "validate", good, *arguments)
    assert (code, out) == (BROKEN, "")


def test_validating_one_message_loads_only_what_it_needs(good: Path) -> None:
    """One valid file costs lxml and msgspec, no more (seconds: `make bench`)."""
    heavy = {"xmlschema", "sqlalchemy", "cryptography", "asn1crypto", "weasyprint", "aiosmtplib", "ruamel", "holidays"}
    arguments = ["bericht", "validate", str(good), *TODAY]
    code = f"import sys; from gateway.cli.main import run; run({arguments}); print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_a_start_is_answered_with_a_306(gateway: Gateway, tmp_path: Path) -> None:
    """Approved: the return message on standard output, exit code 0."""
    put(tmp_path / "eerder" / "301.xml", v.m301(v.toegewezen(101)))
    start = put(tmp_path / "305.xml", v.m305(v.start(101)))
    code, out, words = gateway("bericht", "retour", start, "--earlier", tmp_path / "eerder", *TODAY)
    assert code == GOOD, words
    assert berichten.read(out.encode()).soort == "WMO306"


def test_a_rejected_message_is_answered_and_exit_code_1(gateway: Gateway, tmp_path: Path) -> None:
    """The return message goes to the file, the judgement and its findings to the line."""
    put(tmp_path / "eerder" / "301.xml", v.m301(v.toegewezen(101)))
    start = put(tmp_path / "305.xml", v.m305(v.start(999)))
    answer = tmp_path / "306.xml"
    command = ("bericht", "retour", start, "--earlier", tmp_path / "eerder", *TODAY, "-o", answer, "--json")
    code, out, _ = gateway(*command)
    (document,) = lines(out)
    assert (code, document["oordeel"], document["retour"]) == (NO, "afgekeurd", "WMO306")
    assert document["findings"]
    assert berichten.read(answer.read_bytes()).bericht is not None


def test_without_a_file_the_answer_is_in_the_document(gateway: Gateway, tmp_path: Path) -> None:
    """`--json` keeps standard output one document."""
    start = put(tmp_path / "305.xml", v.m305(v.start(101)))
    _, out, _ = gateway("bericht", "retour", start, *TODAY, "--json")
    (document,) = lines(out)
    assert (document["oordeel"], berichten.read(document["xml"].encode()).soort) == ("onbeslist", "WMO306")


@pytest.mark.parametrize("what", ["declaratie", "onleesbaar"])
def test_what_gets_no_return_message_is_refused(gateway: Gateway, tmp_path: Path, what: str) -> None:
    """No answer is written; the findings say who to turn to."""
    path = tmp_path / "x.xml"
    if what == "declaratie":
        put(path, v.m323())
    else:
        path.write_text("<geen bericht")
    answer = tmp_path / "answer.xml"
    code, out, words = gateway("bericht", "retour", path, *TODAY, "-o", answer)
    assert (code, out) == (NO, "")
    assert "geweigerd" in words
    assert not answer.exists()


SCHEMAS = Path(berichten.__file__).parents[2] / "xsd" / "iwmo" / "3.2"


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A folder with a product list on which nothing of category 02 stands."""
    folder = tmp_path / "lijsten"
    folder.mkdir()
    (folder / "WMO021.csv").write_text("categorie,code\n01,01A01\n")
    return folder


def test_code_lists_of_a_folder_are_used(gateway: Gateway, good: Path, lists: Path) -> None:
    """`--codelists` on validate (TR381), in one process and in many."""
    code, out, _ = gateway("bericht", "validate", good, *TODAY, "--codelists", lists, "--json")
    assert (code, [f["code"] for f in lines(out)[0]["findings"]]) == (NO, ["TR381"])
    many = gateway("bericht", "validate", *[good] * 2 * validating.ALONE, *TODAY, "--codelists", lists, "--json")
    assert many[1] == out * 2 * validating.ALONE


@pytest.mark.parametrize(("lang", "words"), [("nl", "niet bruikbaar"), ("en", "cannot be used")])
def test_folders_that_are_not_usable_are_said_in_the_language_asked_for(
    gateway: Gateway, good: Path, lists: Path, lang: str, words: str
) -> None:
    """Exit code 2, for code lists and for schemas."""
    (lists / "WMO021.csv").write_text("code\n1\n")
    for option in ("--codelists", "--schemas"):
        code, out, said = gateway("bericht", "validate", good, option, lists, "--lang", lang)
        assert (code, out) == (BROKEN, "")
        assert words in said
    code, _, said = gateway("bericht", "validate", good, "--codelists", lists / "weg", "--lang", lang)
    assert (code, words in said) == (BROKEN, True)


def test_an_answer_is_made_with_schemas_and_code_lists_of_folders(
    gateway: Gateway, lists: Path, tmp_path: Path
) -> None:
    """`--schemas` and `--codelists` on retour: the same answer as with the shipped schemas, and TR381 judged."""
    put(tmp_path / "eerder" / "301.xml", v.m301(v.toegewezen(101)))
    start = put(tmp_path / "305.xml", v.m305(v.start(999)))
    command = ("bericht", "retour", start, "--earlier", tmp_path / "eerder", *TODAY, "--json")
    own, other = gateway(*command), gateway(*command, "--schemas", SCHEMAS)
    assert own == other
    assert (own[0], lines(own[1])[0]["notChecked"]) == (NO, ["TR381"])
    (document,) = lines(gateway(*command, "--codelists", lists)[1])
    assert document["notChecked"] == []
    assert "TR381" in {f["code"] for f in document["findings"]}


def test_a_folder_without_the_return_message_answers_with_ours(gateway: Gateway, tmp_path: Path) -> None:
    """The schemas of the return messages are published apart."""
    folder = tmp_path / "xsd"
    folder.mkdir()
    for name in ("basisschema.xsd", "WMO305.xsd"):
        (folder / name).write_bytes((SCHEMAS / name).read_bytes())
    start = put(tmp_path / "305.xml", v.m305(v.start(101)))
    own, other = (gateway("bericht", "retour", start, *TODAY, *more) for more in ((), ("--schemas", folder)))
    assert own == other


def test_an_undecided_answer_names_what_was_not_judged(gateway: Gateway, tmp_path: Path) -> None:
    """Exit code 0, for no fault was found; but the word is `onbeslist`, and never `goed`."""
    start = put(tmp_path / "305.xml", v.m305(v.start(101)))
    code, _, words = gateway("bericht", "retour", start, *TODAY)
    assert code == GOOD
    last = words.splitlines()[-1]
    assert last.startswith(f"{start}: onbeslist; niet gecontroleerd: ")
    assert "TR381" in last


def test_a_message_of_a_sister_standard_is_not_answered_with_rules_of_another(
    gateway: Gateway, good: Path, sister: Path, tmp_path: Path
) -> None:
    """Refused with the reason; and its schema faults carry no rule number of iWmo."""
    other, wrong = tmp_path / "jw301.xml", tmp_path / "fout.xml"
    other.write_text(good.read_text().replace("iwmo/3_2", "ijw/3_2").replace("wmo301", "jw301"))
    wrong.write_text(other.read_text().replace("BerichtVersie>3<", "BerichtVersie>4<"))
    code, out, words = gateway("bericht", "retour", other, *TODAY, "--schemas", sister)
    assert (code, out) == (NO, "")
    assert "JW301" in words
    (document,) = lines(gateway("bericht", "validate", wrong, "--schemas", sister, "--json")[1])
    assert [f["code"] for f in document["findings"]] == ["XSD"]


def test_what_is_wrong_with_an_answer_is_said_in_english_when_asked(gateway: Gateway, tmp_path: Path) -> None:
    """IV028, with and without earlier messages."""
    sent = v.m305()
    answer = put(tmp_path / "306.xml", v.retour_op(sent))
    put(tmp_path / "other" / "305.xml", v.m305(id="ANDER"))
    english = ("--lang", "en", "--json")
    (known,) = lines(gateway("bericht", "validate", answer, *TODAY, "--earlier", tmp_path / "other", *english)[1])
    assert [f["message"] for f in known["findings"]] == ["This answers a WMO305 that was not sent."]
    (unknown,) = lines(gateway("bericht", "validate", answer, *TODAY, *LEVEL_3, *english)[1])
    (found,) = [f for f in unknown["findings"] if f["code"] == "IV028"]
    assert found["message"] == "Not checked: an overview of earlier messages is missing."
