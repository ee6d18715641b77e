"""`gateway plan form` and `gateway plan read`: from an uitvraag to a form, and a filled form back to data."""

import io
import json
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from gateway.cli.output import BROKEN, GOOD, NO
from gateway.cli.plan_child import Question, _answer, read_form
from gateway.plans import documents, maak_retour, maak_uitvraag, meegeleverd, voorbeeld
from gateway.plans.uitvraag import gemeentedeel
from tests.cli.conftest import Answer

pypdf = pytest.importorskip("pypdf")
pytestmark = [
    pytest.mark.documents,
    pytest.mark.skipif(documents.beschikbaar() is not None, reason="needs WeasyPrint and Pango"),
]
Gateway = Callable[..., Answer]
DAYS = voorbeeld.dagen_voor(date(2026, 5, 1))


@pytest.fixture
def uitvraag(tmp_path: Path) -> Path:
    formaat, case = meegeleverd(), voorbeeld.traject(DAYS)
    part = gemeentedeel(case, case.uitvraag[0], formaat, DAYS.uitvraag)
    path = tmp_path / "uitvraag.json"
    path.write_bytes(maak_uitvraag(part, formaat, verzonden_op=voorbeeld.moment(DAYS.uitvraag)))
    return path


@pytest.fixture
def form(gateway: Gateway, uitvraag: Path, tmp_path: Path) -> Path:
    path = tmp_path / "formulier.pdf"
    code, _, _ = gateway("plan", "form", uitvraag, "-o", path)
    assert code == GOOD
    return path


def filled(path: Path, answers: dict[str, str]) -> Path:
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(path.read_bytes())))
    for page in writer.pages:
        writer.update_page_form_field_values(page, answers, auto_regenerate=False)
    out = path.with_name("terug.pdf")
    with out.open("wb") as handle:
        writer.write(handle)
    return out


def test_a_form_goes_out_and_comes_back_as_data(gateway: Gateway, uitvraag: Path, form: Path, tmp_path: Path) -> None:
    """PLD-1, PLD-30: made from the uitvraag, filled elsewhere, read in a child process behind the gate."""
    back = filled(form, {"resultaat-1-actie-1": "Samen de post openen", "datum_plan": "22-3-2026"})
    read = tmp_path / "gelezen.json"

    code, out, _ = gateway("plan", "read", back, "--uitvraag", uitvraag, "-o", read, "--json")

    assert code == GOOD
    assert {"soort": "formulier", "valid": True, "findings": []}.items() <= json.loads(out).items()
    plan = json.loads(read.read_bytes())["plan"]
    assert plan["resultaat"][0]["actie"] == ["Samen de post openen"]
    assert plan["datumPlan"] == "2026-03-22"
    assert gateway("plan", "validate", read, "--today", "2026-03-22")[0] == NO  # not complete, and said so


def test_a_value_that_cannot_be_read_is_a_no(gateway: Gateway, uitvraag: Path, form: Path) -> None:
    """PLD-24: named at its field, without the value."""
    code, out, _ = gateway("plan", "read", filled(form, {"datum_plan": "morgen"}), "--uitvraag", uitvraag)

    assert code == NO
    assert "veldgrenzen datum_plan" in out
    assert "morgen" not in out


def test_a_file_the_gate_refuses_is_a_no(gateway: Gateway, uitvraag: Path, tmp_path: Path) -> None:
    """PLD-32: nothing in it is read."""
    bad = tmp_path / "x.pdf"
    bad.write_bytes(b"MZ")

    code, out, _ = gateway("plan", "read", bad, "--uitvraag", uitvraag)

    assert code == NO
    assert "PDF_GEWEIGERD" in out


def test_a_child_that_dies_is_a_refusal_not_a_trace() -> None:
    """PLD-31: a breach is a refusal; here the child cannot even begin."""
    reading = read_form(Question(pdf=b"%PDF-1.7", uitvraag=b"geen json", formaat=b""))

    assert [f.code for f in reading.findings] == ["PDF_GEWEIGERD"]
    assert _answer(Question(pdf=b"x", uitvraag=b"", formaat=b"")).findings[0].code == "PDF_GEWEIGERD"


def test_the_child_is_not_told_the_secrets_of_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    """PLD-31: who gets hold of it by a file finds no password in its surroundings, only what a Python needs to run."""
    given: dict[str, str] = {}

    def run(*_: object, env: dict[str, str], **__: object) -> None:
        given.update(env)
        raise subprocess.SubprocessError

    monkeypatch.setenv("GATEWAY_MAILBOX_PASSWORD", "geheim")
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr(subprocess, "run", run)
    read_form(Question(pdf=b"", uitvraag=b"", formaat=b""))
    assert "geheim" not in given.values()
    assert given["PATH"] == "/usr/bin"


def test_paper_forms_and_plans_to_read_are_made_too(gateway: Gateway, uitvraag: Path, tmp_path: Path) -> None:
    """11.6: a form for the pen, and the document of a plan that came back."""
    formaat = meegeleverd()
    case = voorbeeld.traject(DAYS)
    part = gemeentedeel(case, case.uitvraag[0], formaat, DAYS.uitvraag)
    plan = voorbeeld.ondertekend(voorbeeld.ingevuld(part, DAYS), DAYS)
    retour = tmp_path / "retour.json"
    retour.write_bytes(maak_retour(plan, formaat, verzonden_op=voorbeeld.moment(DAYS.plan)))

    assert gateway("plan", "form", uitvraag, "--papier", "-o", tmp_path / "papier.pdf")[0] == GOOD
    code, out, _ = gateway("plan", "form", retour, "-o", tmp_path / "plan.pdf", "--json")
    assert (code, json.loads(out)["bytes"]) == (GOOD, (tmp_path / "plan.pdf").stat().st_size)

    assert pypdf.PdfReader(tmp_path / "papier.pdf").get_fields() in (None, {})
    assert "Kennisgenomen door" in pypdf.PdfReader(tmp_path / "plan.pdf").pages[-1].extract_text()


def test_a_file_that_is_no_plan_is_wrong_usage(gateway: Gateway, tmp_path: Path) -> None:
    """Exit code 2 with the findings of the file."""
    wrong = tmp_path / "x.json"
    wrong.write_text("[]")

    code, _, words = gateway("plan", "form", wrong, "-o", tmp_path / "x.pdf")

    assert code == BROKEN
    assert "JSON" in words
