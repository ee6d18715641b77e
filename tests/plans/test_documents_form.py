"""The fillable form and its way back: fields, gate, reading (PLD-6 to PLD-14, PLD-22 to PLD-24, PLD-30 to PLD-34)."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gateway.domain.findings import Finding
from gateway.plans import documents, voorbeeld
from gateway.plans.checks import HANDTEKENING_CONTROLES, controleer
from gateway.plans.documents.fields import invoervelden
from gateway.plans.documents.gate import LIMITS, poort
from gateway.plans.documents.read import lees_formulier
from gateway.plans.formaat import Formaat
from gateway.plans.model import Ondersteuningsplan
from gateway.plans.paths import get

pikepdf = pytest.importorskip("pikepdf")
pypdf = pytest.importorskip("pypdf")
pytestmark = [
    pytest.mark.documents,
    pytest.mark.skipif(documents.beschikbaar() is not None, reason="needs WeasyPrint and Pango"),
]

ANTWOORDEN = {
    "resultaat-1-formulering": "Mevrouw heeft overzicht over haar geldzaken.",
    "resultaat-1-actie-1": "Post openen – elke week",
    "resultaat-1-actie-3": "Begroting van € 50 maken",
    "resultaat-1-toelichting": "Eerste regel\r\ntweede regel",
    "resultaat-1-product-begeleiding_individueel": "/ja",
    "resultaat-1-uren_per_week": "2,5",
    "resultaat-2-actie-1": "Deelname aan de groep",
    "resultaat-2-product-begeleiding_groep": "/ja",
    "resultaat-2-uren_per_week": "16",
    "samenvatting-begeleiding_individueel-duur": "6 maanden",
    "samenvatting-begeleiding_individueel-start": "1-5-2026",
    "samenvatting-begeleiding_individueel-omvang": "2.5",
    "samenvatting-begeleiding_individueel-omvang_periode": "/week",
    "samenvatting-begeleiding_individueel-frequentie": "1",
    "samenvatting-begeleiding_individueel-frequentie_periode": "/week",
    "samenvatting-begeleiding_individueel-productcode": "02A03",
    "samenvatting-begeleiding_groep-duur": "26 weken",
    "samenvatting-begeleiding_groep-omvang": "4",
    "samenvatting-begeleiding_groep-omvang_periode": "/week",
    "samenvatting-begeleiding_groep-frequentie": "2",
    "samenvatting-begeleiding_groep-frequentie_periode": "/week",
    "samenvatting-begeleiding_groep-productcode": "07A03",
    "opsteller-naam_functie": "P. Jansen, begeleider",
    "opsteller-contactpersoon": "P. Jansen 0475-654321",
    "datum_plan": "22-03-2026",
}


@pytest.fixture(scope="session")
def leeg(deel: Ondersteuningsplan, formaat: Formaat) -> bytes:
    made = documents.invulformulier_pdf(deel, formaat)
    assert isinstance(made, bytes)
    return made


def met_pypdf(source: bytes, answers: dict[str, str]) -> bytes:
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(source)))
    for page in writer.pages:
        writer.update_page_form_field_values(page, answers, auto_regenerate=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def met_pikepdf(source: bytes, answers: dict[str, str]) -> bytes:
    with pikepdf.open(io.BytesIO(source)) as document:
        for field in document.Root.AcroForm.Fields:
            value = answers.get(str(field.T))
            if value is None:
                continue
            field.V = pikepdf.Name(value) if value.startswith("/") else pikepdf.String(value)
            for button in [field, *field.get("/Kids", ())]:
                if value.startswith("/") and "/AP" in button:
                    button.AS = pikepdf.Name(value) if value in button.AP.N else pikepdf.Name.Off
        return bewaard(document)


def bewaard(document: Any, **how: Any) -> bytes:
    out = io.BytesIO()
    document.save(out, **how)
    return out.getvalue()


@pytest.mark.parametrize("fill", [met_pypdf, met_pikepdf])
def test_a_filled_form_is_read_back_as_the_plan_it_says(
    fill: Callable[[bytes, dict[str, str]], bytes],
    leeg: bytes,
    deel: Ondersteuningsplan,
    formaat: Formaat,
    dagen: voorbeeld.Dagen,
) -> None:
    """PLD-14, PLD-24: commas, dates, line ends, accents; the municipal part is the municipality's own (PL-13)."""
    filled = fill(leeg, ANTWOORDEN)

    assert [f for f in poort(filled) if f.severity == "error"] == []
    read = lees_formulier(filled, deel, formaat, verzonden=leeg)

    assert read.soort == "formulier"
    assert read.findings == ()
    plan = read.plan
    assert plan is not None
    assert plan.client == deel.client
    assert plan.resultaat[0].actie == ("Post openen – elke week", "Begroting van € 50 maken")
    assert plan.resultaat[0].toelichting == "Eerste regel\ntweede regel"
    assert plan.resultaat[0].uren_per_week == Decimal("2.5")
    assert plan.resultaat[1].formulering == "Cliënt heeft een zinvolle dagbesteding"
    assert plan.resultaat[1].product["begeleiding_groep"] is True
    assert get(plan, "samenvatting.begeleiding_individueel.start") == date(2026, 5, 1)
    assert get(plan, "samenvatting.begeleiding_groep.omvang_periode") == "week"
    assert plan.datum_plan == date(2026, 3, 22)
    assert (plan.ontvangen_als, set(plan.samenvatting)) == (
        "pdf_formulier",
        {"begeleiding_individueel", "begeleiding_groep"},
    )
    found = controleer(plan, formaat, "indienen", vandaag=dagen.plan, zonder=HANDTEKENING_CONTROLES)
    assert found == []


def test_every_field_has_a_name_a_tip_and_its_limits(leeg: bytes, deel: Ondersteuningsplan, formaat: Formaat) -> None:
    """PLD-6, PLD-9 to PLD-12: flat names, tips that stand alone, no scripts, one simple font, pictures of our own."""
    with pikepdf.open(io.BytesIO(leeg)) as document:
        form = document.Root.AcroForm
        fields = {str(field.T): field for field in form.Fields}
        expected = {veld.naam: veld for veld in invoervelden(deel, formaat)}
        assert set(fields) == {*expected, "meta"}
        assert not any("." in name for name in fields)
        assert form.NeedAppearances is False
        assert str(fields["resultaat-2-actie-1"].TU) == "Resultaat 2: Hoe wordt dit resultaat gerealiseerd, regel 1"
        assert str(fields["datum_plan"].TU).endswith("(dd-mm-jjjj)")
        assert str(fields["samenvatting-begeleiding_groep-omvang_periode"].TU) == (
            "Begeleiding in groepsverband: Gemiddelde omvang, per"
        )
        assert int(fields["resultaat-1-actie-1"].MaxLen) == 200
        assert int(fields["resultaat-1-actie-1"].Ff) & 2
        assert not int(fields["resultaat-1-actie-2"].Ff) & 2
        assert int(fields["resultaat-1-toelichting"].Ff) & (1 << 12)
        assert all(str(page.obj.Tabs) == "/S" for page in document.pages)
        for name, field in fields.items():
            if expected.get(name) and expected[name].soort in ("regel", "vak"):
                assert "gs" not in str(field.DA)
                assert "/N" in field.AP


def test_radio_buttons_are_one_field_with_states_by_value(leeg: bytes) -> None:
    """PLD-11: kids without a name, an Off appearance, states named after the value; boxes are ja or Off."""
    with pikepdf.open(io.BytesIO(leeg)) as document:
        fields = {str(field.T): field for field in document.Root.AcroForm.Fields}
        group = fields["samenvatting-kortdurend_verblijf-frequentie_periode"]
        box = fields["resultaat-1-product-begeleiding_groep"]
        states = [set(kid.AP.N.keys()) for kid in group.Kids]

        assert states == [{"/week", "/Off"}, {"/maand", "/Off"}, {"/kwartaal", "/Off"}]
        assert all("/T" not in kid for kid in group.Kids)
        assert set(box.AP.N.keys()) == {"/ja", "/Off"}


def test_a_form_element_points_at_its_field_directly(leeg: bytes) -> None:
    """PLD-13: an array of one would make a second signature an unexplained change."""
    with pikepdf.open(io.BytesIO(leeg)) as document:
        forms = [
            item
            for item in document.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/S") == pikepdf.Name.Form and "/K" in item
        ]

        assert len(forms) > 40
        assert all(isinstance(item.K, pikepdf.Dictionary) for item in forms)


def test_the_form_passes_its_own_gate_and_qpdf(leeg: bytes, tmp_path: Any) -> None:
    """PLD-14, PLD-32: what we make we would accept."""
    assert poort(leeg) == []
    path = tmp_path / "formulier.pdf"
    path.write_bytes(leeg)
    try:
        assert subprocess.run(["qpdf", "--check", path], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        pytest.skip("needs qpdf")


def test_the_signed_and_printed_documents_pass_the_gate(plan: Ondersteuningsplan, formaat: Formaat) -> None:
    """PLD-32: every document of our own may come back."""
    made = documents.plan_pdf(plan, formaat)

    assert isinstance(made, bytes)
    assert poort(made) == []


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("resultaat-1-uren_per_week", "twee", "resultaat.1.uren_per_week"),
        ("resultaat-1-uren_per_week", "1e9", "resultaat.1.uren_per_week"),
        ("datum_plan", "maandag", "datum_plan"),
        ("datum_plan", "31-02-2026", "datum_plan"),
        ("datum_plan", "2026-03-22", "datum_plan"),
    ],
)
def test_what_cannot_be_read_is_a_fault_at_its_field(
    name: str, value: str, path: str, leeg: bytes, deel: Ondersteuningsplan, formaat: Formaat
) -> None:
    """PLD-24: 2,5 and 2.5, d-m-jjjj and dd-mm-jjjj; anything else is a fout, and the value stays out of it."""
    read = lees_formulier(met_pikepdf(leeg, {**ANTWOORDEN, name: value}), deel, formaat)

    assert [(f.code, f.path, f.severity) for f in read.findings] == [("veldgrenzen", path, "error")]
    assert value not in read.findings[0].message


def test_an_empty_form_is_an_empty_plan(leeg: bytes, deel: Ondersteuningsplan, formaat: Formaat) -> None:
    """Only what is prefilled comes back."""
    plan = lees_formulier(leeg, deel, formaat).plan

    assert plan is not None
    assert plan.samenvatting == {}
    assert plan.resultaat[0].actie == ()


def test_a_form_of_another_plan_is_refused(leeg: bytes, deel: Ondersteuningsplan, formaat: Formaat) -> None:
    """PLD-3: field and file must say this plan and version, and agree."""
    other = msgspec.structs.replace(deel, plan_id="een-ander-plan")
    spoken = met_pikepdf(leeg, {"meta": "OPL1:x:1:mlo-2018/1"})

    assert [f.code for f in lees_formulier(leeg, other, formaat).findings] == ["KENMERK_ONGELIJK"]
    assert [f.code for f in lees_formulier(spoken, deel, formaat).findings] == ["KENMERK_ONGELIJK"]


def _drop(document: Any, name: str) -> None:
    """Takes a field out of the form and off its page, as an editor does."""
    form = document.Root.AcroForm
    form.Fields = pikepdf.Array([field for field in form.Fields if str(field.T) != name])
    for page in document.pages:
        notes = page.obj.get("/Annots", ())
        page.obj.Annots = pikepdf.Array([note for note in notes if str(note.get("/T", "")) != name])


def test_a_form_that_lost_its_identity_goes_to_a_person(
    leeg: bytes, deel: Ondersteuningsplan, formaat: Formaat
) -> None:
    """PLD-3, PLD-6: no code, missing or unknown fields."""
    with pikepdf.open(io.BytesIO(leeg)) as document:
        del document.attachments["ondersteuningsplan.json"]
        form = document.Root.AcroForm
        for name in ("meta", "datum_plan"):
            _drop(document, name)
        form.Fields[0].T = pikepdf.String("iets-anders")
        read = lees_formulier(bewaard(document), deel, formaat)

    assert {f.code for f in read.findings} == {"KENMERK_ONTBREEKT", "VELDEN_ONBEKEND", "VELDEN_ONTBREKEN"}
    assert {f.severity for f in read.findings} == {"warning"}


def test_a_change_in_the_municipal_text_is_seen(leeg: bytes, deel: Ondersteuningsplan, formaat: Formaat) -> None:
    """PLD-8: the pages without fields say what was sent."""
    changed = documents.invulformulier_pdf(
        msgspec.structs.replace(deel, client=msgspec.structs.replace(deel.client, huisnummer=99)), formaat
    )
    assert isinstance(changed, bytes)

    read = lees_formulier(met_pypdf(changed, ANTWOORDEN), deel, formaat, verzonden=leeg)

    assert [f.code for f in read.findings] == ["GEMEENTEDEEL_GEWIJZIGD"]


def test_a_flat_file_and_a_scan_are_told_apart(
    plan: Ondersteuningsplan, deel: Ondersteuningsplan, formaat: Formaat
) -> None:
    """PLD-23: no fields and text is plat; one picture a page is a scan; foreign fields are onbekend."""
    made = documents.plan_pdf(plan, formaat)
    assert isinstance(made, bytes)
    picture = pikepdf.new()
    picture.add_blank_page(page_size=(595, 842))
    image = picture.make_stream(
        b"\x00" * (600 * 850 // 8 + 850),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=600,
        Height=850,
        ColorSpace=pikepdf.Name.DeviceGray,
        BitsPerComponent=1,
    )
    picture.pages[0].obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary({"/Im0": image}))
    foreign = pikepdf.new()
    foreign.add_blank_page()
    field = foreign.make_indirect(pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=pikepdf.String("naam")))
    foreign.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))
    blank = pikepdf.new()
    blank.add_blank_page()

    assert lees_formulier(made, deel, formaat).soort == "plat"
    assert lees_formulier(bewaard(picture), deel, formaat).soort == "scan"
    assert lees_formulier(bewaard(foreign), deel, formaat).soort == "onbekend"
    assert lees_formulier(bewaard(blank), deel, formaat).soort == "onbekend"


def test_a_loop_in_the_field_tree_ends(deel: Ondersteuningsplan, formaat: Formaat) -> None:
    """PLD-24: reading stops at a depth."""
    document = pikepdf.new()
    document.add_blank_page()
    field = document.make_indirect(pikepdf.Dictionary(T=pikepdf.String("a")))
    field.Kids = pikepdf.Array([field])
    document.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([field]))

    assert lees_formulier(bewaard(document), deel, formaat).plan is None


def crafted(change: Callable[[Any], Any], **how: Any) -> bytes:
    document = pikepdf.new()
    document.add_blank_page(page_size=(595, 842))
    change(document)
    plain = {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.none}
    return bewaard(document, **(how or plain))


def action(kind: str) -> Callable[[Any], Any]:
    return lambda d: setattr(d.Root, "OpenAction", pikepdf.Dictionary(S=pikepdf.Name(kind), JS=pikepdf.String("x")))


def annotation(**keys: Any) -> Callable[[Any], Any]:
    def add(document: Any) -> None:
        document.pages[0].obj.Annots = pikepdf.Array(
            [document.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Annot, Rect=[0, 0, 1, 1], **keys))]
        )

    return add


def deep(document: Any) -> None:
    nest = pikepdf.Array()
    for _ in range(100):
        nest = pikepdf.Array([nest])
    document.Root.Diep = nest


def bomb(document: Any) -> None:
    document.Root.Bom = document.make_stream(b"\x00" * 31_000_000)


def picture(document: Any) -> None:
    document.Root.Beeld = document.make_stream(b"", Subtype=pikepdf.Name.Image, Width=60_000, Height=60_000)


def filters(document: Any) -> None:
    document.Root.Raar = document.make_stream(b"61>", Filter=pikepdf.Array([pikepdf.Name.ASCIIHexDecode] * 3))


REFUSED: list[tuple[str, bytes]] = [
    ("script at opening", crafted(action("/JavaScript"))),
    ("script with a coded name", crafted(action("/JavaScript")).replace(b"/JavaScript", b"/J#61vaScript")),
    ("program at opening", crafted(action("/Launch"))),
    ("form that sends", crafted(annotation(A=pikepdf.Dictionary(S=pikepdf.Name.SubmitForm)))),
    ("remote target", crafted(annotation(A=pikepdf.Dictionary(S=pikepdf.Name.GoToR)))),
    ("action by itself", crafted(lambda d: setattr(d.pages[0].obj, "AA", pikepdf.Dictionary()))),
    ("XFA", crafted(lambda d: setattr(d.Root, "AcroForm", pikepdf.Dictionary(XFA=pikepdf.String("x"))))),
    ("rich media", crafted(annotation(Subtype=pikepdf.Name.RichMedia))),
    ("attached file", crafted(annotation(Subtype=pikepdf.Name.FileAttachment))),
    ("script nobody refers to", crafted(lambda d: setattr(d.Root, "Los", pikepdf.Dictionary(JS=pikepdf.String("x"))))),
    ("embedded program", crafted(lambda d: d.attachments.__setitem__("x.exe", b"MZ"))),
    ("our file name, no JSON", crafted(lambda d: d.attachments.__setitem__("ondersteuningsplan.json", b"MZ"))),
    ("user password", crafted(lambda d: None, encryption=pikepdf.Encryption(user="x", owner="y"))),
    ("owner password", crafted(lambda d: None, encryption=pikepdf.Encryption(user="", owner="y"))),
    ("too many pages", crafted(lambda d: [d.add_blank_page() for _ in range(50)])),
    ("huge page", crafted(lambda d: d.add_blank_page(page_size=(14_400, 14_400)))),
    ("user unit", crafted(lambda d: setattr(d.pages[0].obj, "UserUnit", 100))),
    ("deep nesting", crafted(deep)),
    ("unpacks too large", crafted(bomb, compress_streams=True)),
    ("huge picture", crafted(picture)),
    ("three filters", crafted(filters)),
    ("HTML in front", b"<html>" + crafted(lambda d: None)),
    ("a zip", b"PK\x03\x04" + b"\x00" * 100),
    ("only a header", b"%PDF-1.7\n"),
    ("too large", b"%PDF-1.7\n" + b" " * LIMITS.bytes),
]


@pytest.mark.parametrize(("what", "source"), REFUSED, ids=[what for what, _ in REFUSED])
def test_the_gate_refuses(what: str, source: bytes) -> None:
    """PLD-32, PLD-34: each with one sentence for the sender and no technical detail (PLD-37)."""
    findings = poort(source)

    assert "PDF_GEWEIGERD" in {f.code for f in findings}
    assert all("/" not in f.message for f in findings)


@pytest.mark.parametrize(
    ("what", "source"),
    [
        ("a link", crafted(annotation(A=pikepdf.Dictionary(S=pikepdf.Name.URI)))),
        ("cut off", crafted(lambda d: None)[:-120]),
        ("unknown filter", crafted(lambda d: setattr(d.Root, "X", d.make_stream(b"x", Filter=pikepdf.Name.LZWDecode)))),
        ("no pages", bewaard(pikepdf.new())),
    ],
)
def test_the_gate_sends_to_a_person(what: str, source: bytes) -> None:
    """PLD-33: repaired on opening, links, streams that do not unpack, no pages."""
    findings = poort(source)

    assert {f.code for f in findings} == {"PDF_BEOORDELEN"}


def test_the_gate_lets_a_destination_pass() -> None:
    """PLD-32: /OpenAction may say where in the document to begin."""
    assert poort(crafted(lambda d: setattr(d.Root, "OpenAction", pikepdf.Dictionary(S=pikepdf.Name.GoTo)))) == []


def test_too_many_objects_are_refused() -> None:
    """PLD-32: a ceiling on the number of objects and on all streams together."""
    source = crafted(lambda d: [d.Root.__setattr__(f"X{n}", d.make_stream(b"x" * 100)) for n in range(20)])

    assert poort(source) == []
    assert [f.code for f in poort(source, LIMITS._replace(objecten=10))] == ["PDF_GEWEIGERD"]
    assert [f.code for f in poort(source, LIMITS._replace(samen=1000))] == ["PDF_GEWEIGERD"]


def test_without_the_library_there_is_no_form(
    deel: Ondersteuningsplan, formaat: Formaat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finding of the room comes back as it is."""
    missing = Finding(code="PDF_NIET_BESCHIKBAAR", severity="error", message="x")
    monkeypatch.setattr("gateway.plans.documents.pdf.beschikbaar", lambda: missing)

    assert documents.invulformulier_pdf(deel, formaat) is missing


def test_the_file_inside_a_form_is_ours(leeg: bytes) -> None:
    """PLD-3: the identity stands in the file too."""
    reader = pypdf.PdfReader(io.BytesIO(leeg))

    inside = json.loads(reader.attachments["ondersteuningsplan.json"][0])

    assert (inside["planId"], inside["versie"]) == (voorbeeld.PLAN_ID, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/Kids [ ", b"/Kids [ 7 "),
        (b"/V (", b"/V 12("),
        (b"/MediaBox [ 0 0", b"/MediaBox [ /A 0"),
        (b"/Rect [ ", b"/Kids [ "),
    ],
)
def test_a_damaged_file_is_a_finding_whatever_is_in_the_wrong_place(
    old: bytes, new: bytes, leeg: bytes, deel: Ondersteuningsplan, formaat: Formaat
) -> None:
    """PLD-33: a value of another kind than expected never raises, at the gate or behind it."""
    with pikepdf.open(io.BytesIO(leeg)) as document:
        how = {"compress_streams": False, "object_stream_mode": pikepdf.ObjectStreamMode.disable}
        plain = bewaard(document, **how, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    assert old in plain
    damaged = plain.replace(old, new)

    findings = poort(damaged)
    read = lees_formulier(damaged, deel, formaat, verzonden=leeg)
    assert findings or read.findings
    assert all(f.code.startswith("PDF_") for f in findings)
    assert read.soort in ("formulier", "onbekend")


def test_without_the_library_the_gate_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the documents part does not call a good file a bad one."""
    monkeypatch.setitem(sys.modules, "pikepdf", None)

    assert [f.code for f in poort(b"%PDF-1.7")] == ["PDF_NIET_BESCHIKBAAR"]
