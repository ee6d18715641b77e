"""Plans on paper (plan 11): what stands on them, how they say which plan they are, and what they never hold."""

import builtins
import io
import json
import subprocess
from datetime import date
from typing import Any

import msgspec
import pytest

from gateway.domain.findings import Finding
from gateway.plans import documents, voorbeeld
from gateway.plans.digest import inhoud_sha256
from gateway.plans.documents.identity import qr_svg
from gateway.plans.documents.layout import paginas
from gateway.plans.form import met_lege_blokken
from gateway.plans.formaat import Formaat
from gateway.plans.model import GeenHandtekening, Handtekeningen, Ondersteuningsplan, Traject
from gateway.plans.paths import put
from gateway.plans.terms import op_dag

pypdf = pytest.importorskip("pypdf")
pytestmark = pytest.mark.documents
nodig = pytest.mark.skipif(documents.beschikbaar() is not None, reason="needs WeasyPrint and Pango")


def lees(pdf: bytes | Finding) -> Any:
    assert isinstance(pdf, bytes)
    return pypdf.PdfReader(io.BytesIO(pdf))


def tekst(reader: Any) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in reader.pages]


@pytest.fixture(scope="session")
def plan_bytes(plan: Ondersteuningsplan, formaat: Formaat) -> bytes | Finding:
    return documents.plan_pdf(plan, formaat)


@pytest.fixture(scope="session")
def formulier_bytes(deel: Ondersteuningsplan, formaat: Formaat) -> bytes | Finding:
    return documents.formulier_pdf(deel, formaat)


@nodig
def test_the_plan_shows_its_values_and_marks(plan_bytes: bytes) -> None:
    """PLD-15, PLD-16, PL-24: plain text, the provider signed, the client has taken note."""
    heel = " ".join(tekst(lees(plan_bytes)))

    for stuk in (
        "van der Meer-Ünal",
        "2.e Cliënt kan zijn financiële situatie op orde brengen",
        "Wekelijks samen de post openen en ordenen",
        "4 dagdelen per week",
        "2 keer per week",
        "1 mei 2026",
        "02A03",
        "Ondertekend door P. Jansen, in het portaal",
        "Kennisgenomen door J.É. van der Meer-Ünal, op papier",
        "wordt elders opgepakt",
    ):
        assert stuk in heel


@nodig
def test_every_page_says_advies_and_carries_its_code(plan_bytes: bytes, plan: Ondersteuningsplan) -> None:
    """PL-20: the word advies and who decides; PLD-3: code, version and page on every page."""
    pages = tekst(lees(plan_bytes))

    for number, page in enumerate(pages, 1):
        assert "Advies van de aanbieder" in page
        assert "de gemeente neemt het besluit" in page
        assert f"{plan.plan_id} · versie 1" in page
        assert f"pagina {number} van {len(pages)}" in page


@nodig
def test_the_file_inside_is_what_is_printed_and_no_more(plan_bytes: bytes, plan: Ondersteuningsplan) -> None:
    """PLD-3, PLD-5, PL-40: identifiers, hash and the printed fields; the BSN is nowhere in the file."""
    reader = lees(plan_bytes)
    attachments = {name: data[0] for name, data in reader.attachments.items()}

    assert list(attachments) == ["ondersteuningsplan.json"]
    inside = json.loads(attachments["ondersteuningsplan.json"])
    assert (inside["planId"], inside["versie"], inside["formaat"]) == (plan.plan_id, 1, {"id": "mlo-2018", "versie": 1})
    assert inside["sha256"] == inhoud_sha256(plan)
    assert inside["plan"]["resultaat"][1]["regel"] == 2
    assert "bsn" not in inside["plan"]["client"]
    assert "999900006" not in " ".join(tekst(reader)) + json.dumps(inside)


@nodig
def test_the_document_is_tagged_and_in_dutch(plan_bytes: bytes, formulier_bytes: bytes) -> None:
    """PLD-13: language, title, structure, and table headers that say what they head."""
    for source in (plan_bytes, formulier_bytes):
        root = lees(source).trailer["/Root"]
        assert root["/Lang"] == "nl-NL"
        assert root["/MarkInfo"]["/Marked"]
        assert root["/StructTreeRoot"]
        assert root["/ViewerPreferences"]["/DisplayDocTitle"]
        assert "Ondersteuningsplan" in lees(source).metadata.title


@nodig
def test_no_name_stands_in_the_title(plan_bytes: bytes) -> None:
    """PL-42: what mail programs and viewers show outside the document names nobody."""
    assert "Meer" not in lees(plan_bytes).metadata.title


@nodig
def test_the_form_has_the_municipal_part_on_its_own_pages(formulier_bytes: bytes) -> None:
    """PLD-8: the provider's pages start on a new page; what the municipality wrote is there as text."""
    pages = tekst(lees(formulier_bytes))
    first_of_provider = next(n for n, page in enumerate(pages) if "Resultaat 1" in page)

    assert first_of_provider > 0
    assert all("Arrangement/ondersteuningsaanbod" not in page for page in pages[first_of_provider:])
    assert "wmo@gemeente.example" in " ".join(pages[:first_of_provider])
    assert "Cliënt heeft een zinvolle dagbesteding" in pages[first_of_provider]
    assert "De Linde" not in " ".join(pages)


@nodig
def test_qpdf_finds_nothing_wrong(plan_bytes: bytes, formulier_bytes: bytes, tmp_path: Any) -> None:
    """PLD-14: the build test."""
    for name, source in (("plan", plan_bytes), ("formulier", formulier_bytes)):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(source)
        try:
            result = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("needs qpdf")
        assert result.returncode == 0, result.stdout


@nodig
def test_values_are_text_whatever_they_hold(plan: Ondersteuningsplan, formaat: Formaat) -> None:
    """PLD-7: values are escaped; nothing outside the package is ever fetched."""
    nasty = '<img src="file:///etc/hostname"><b>x</b>{{ 7 * 7 }}'

    html = documents.plan_html(put(plan, "resultaat.1.toelichting", nasty), formaat, "plan")
    pdf = lees(documents.plan_pdf(put(plan, "resultaat.1.toelichting", nasty), formaat))

    assert "&lt;img src=" in html
    assert "{{ 7 * 7 }}" in " ".join(tekst(pdf))


@nodig
def test_an_empty_plan_is_printed_too(formaat: Formaat) -> None:
    """Drafts may be incomplete; an empty form is one of the three example plans of a region (plan 8.3)."""
    empty = Ondersteuningsplan(plan_id="leeg", formaat_id="mlo-2018", formaat_versie=1)

    assert "niet ingevuld" in " ".join(tekst(lees(documents.plan_pdf(empty, formaat))))
    assert "Kortdurend verblijf" in " ".join(tekst(lees(documents.formulier_pdf(empty, formaat))))


@nodig
def test_the_report_is_a_document_of_its_own() -> None:
    """PL-34: a report of the conversation that can go along as an attachment."""
    source = documents.verslag_pdf(
        gemeente="Roermond",
        titel="Onderzoeksverslag",
        gesprek_op=date(2026, 3, 10),
        onderdelen=[("Wat gaat goed", ["Mevrouw kookt zelf & met plezier."])],
    )

    (page,) = tekst(lees(source))
    assert "Gesprek op 10 maart 2026" in page
    assert "zelf & met plezier" in page


def test_without_the_library_the_answer_is_a_finding(
    plan: Ondersteuningsplan, formaat: Formaat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without Pango says what is missing and how to mend it; importing the room never fails."""
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)

    answer = documents.plan_pdf(plan, formaat)

    assert isinstance(answer, Finding)
    assert answer.code == "PDF_NIET_BESCHIKBAAR"
    assert "Pango" in (answer.advice or "")


def test_the_qr_code_holds_the_plan_and_the_page_only(plan: Ondersteuningsplan) -> None:
    """PLD-4: OPL1:<plan_id>:<versie>:<pagina>/<paginas>; at least 13 mm without its quiet zone."""
    text = documents.qr_tekst(plan, 2, 3)

    assert text == f"OPL1:{plan.plan_id}:1:2/3"
    svg = qr_svg(text).decode()
    module = float(svg.partition("scale(")[2].partition(")")[0])
    quiet_zone = 2 * 4 * module
    assert 'width="19.0mm"' in svg
    assert 19 - quiet_zone >= 13


def test_the_form_starts_with_a_block_for_every_question(deel: Ondersteuningsplan, formaat: Formaat) -> None:
    """Plan 5.9: one block per line *eigen*, prefilled with the catalogue's text; existing ones stay."""
    filled = met_lege_blokken(deel, formaat)

    assert [(b.regel, b.formulering) for b in filled.resultaat] == [
        (1, "Cliënt kan zijn financiële situatie op orde brengen"),
        (2, "Cliënt heeft een zinvolle dagbesteding"),
    ]
    assert met_lege_blokken(filled, formaat) == filled


def test_a_plan_without_the_client_s_signature_shows_why(
    deel: Ondersteuningsplan, dagen: voorbeeld.Dagen, formaat: Formaat
) -> None:
    """PL-23: the explanation is printed, the box for the client stays empty."""
    plan = msgspec.structs.replace(
        voorbeeld.ingevuld(deel, dagen),
        geen_handtekening=GeenHandtekening(toelichting="Opgenomen; telefonisch besproken."),
    )
    signed = msgspec.structs.replace(plan, handtekening=Handtekeningen())

    html = documents.plan_html(signed, formaat, "plan")

    assert "Opgenomen; telefonisch besproken." in html
    assert "Kennisgenomen door" not in html


def test_the_blocks_stand_on_the_pages_the_region_gave_them(plan: Ondersteuningsplan, formaat: Formaat) -> None:
    """Plan 8.1, key `document`."""
    assert [[blok.id for blok in pagina] for pagina in paginas(plan, formaat, "plan")] == [
        ["persoon", "aanbieder", "arrangement", "bijlagen", "retour"],
        ["resultaten", "samenvatting", "opsteller", "ondertekening"],
    ]


@nodig
def test_the_qr_code_is_read_from_a_scan_and_from_a_fax(plan_bytes: bytes, plan: Ondersteuningsplan) -> None:
    """PLD-4: from a scan at 150 dpi and from a one-bit fax at 200 dpi, on every page."""
    zxing = pytest.importorskip("zxingcpp")
    pdfium = pytest.importorskip("pypdfium2")
    with pdfium.PdfDocument(plan_bytes) as document:
        count = len(document)
        for number in range(count):
            scan = document[number].render(scale=150 / 72).to_pil().convert("L")
            fax = document[number].render(scale=200 / 72).to_pil().convert("1").convert("L")
            for picture in (scan, fax):
                (code,) = zxing.read_barcodes(picture)
                assert code.text == documents.qr_tekst(plan, number + 1, count)


def test_the_overview_tells_the_client_what_was_decided(
    traject: Traject, plan: Ondersteuningsplan, formaat: Formaat, dagen: voorbeeld.Dagen
) -> None:
    """PL-70, PL-4: goals, support, period, who does what, evaluation; nothing before something was granted."""
    besluit = msgspec.structs.replace(voorbeeld.besluit(plan, formaat, dagen), beschikkingnummer=204117)
    besloten = msgspec.structs.replace(
        traject, besluit=(besluit,), termijn=(op_dag("bezwaar", dagen.besluit, date(2026, 5, 11)),)
    )

    shown = documents.overzicht(besloten, formaat)

    assert documents.overzicht(traject, formaat) is None
    assert isinstance(documents.overzicht_pdf(traject, formaat), Finding)
    assert shown is not None
    assert [(d.richting, d.uitvoerder) for d in shown.doelen] == [
        ("verbetering", "Stichting Zorg & Zoë"),
        ("stabiliteit", "Stichting Zorg & Zoë"),
        ("stabiliteit", "Huishoudelijke hulp De Linde"),
    ]
    assert [(o.product, o.hoeveel, o.van, o.tot) for o in shown.ondersteuning] == [
        ("Individuele begeleiding", "2 uren per week", "1 mei 2026", "31 oktober 2026"),
        ("Begeleiding in groepsverband", "4 dagdelen per week", "1 mei 2026", "31 oktober 2026"),
    ]
    assert (shown.evaluatie_op, shown.bezwaar_tot) == ("28 september 2026", "11 mei 2026")


def test_another_unit_and_an_open_end_are_said_in_words(
    traject: Traject, plan: Ondersteuningsplan, formaat: Formaat, dagen: voorbeeld.Dagen
) -> None:
    """PL-4: begin, and end or *open*; a unit that is not the region's own gets the standard's name."""
    besluit = voorbeeld.besluit(plan, formaat, dagen)
    minuten = msgspec.structs.replace(besluit.regel[0], volume=150, eenheid="01", frequentie="4", einddatum=None)
    besloten = msgspec.structs.replace(traject, besluit=(msgspec.structs.replace(besluit, regel=(minuten,)),))

    shown = documents.overzicht(besloten, formaat)

    assert shown is not None
    assert (shown.ondersteuning[0].hoeveel, shown.ondersteuning[0].tot) == ("150 minuut per maand", "open")


@nodig
def test_the_overview_is_a_document(
    traject: Traject, plan: Ondersteuningsplan, formaat: Formaat, dagen: voorbeeld.Dagen
) -> None:
    """11.6: made with the decision, for the client."""
    besloten = msgspec.structs.replace(traject, besluit=(voorbeeld.besluit(plan, formaat, dagen),))

    (page,) = tekst(lees(documents.overzicht_pdf(besloten, formaat)))

    assert "4 dagdelen per week" in page
    assert "Gemeente Roermond" in page
