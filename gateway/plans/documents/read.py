"""A returned PDF form -> the plan as the gateway reads it (PLD-2, PLD-3, PLD-6, PLD-8, PLD-23, PLD-24).

Only field values count; nothing is ever taken from printed text. The file has passed the gate before it comes here.
"""

import io
import json
import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple

import msgspec

from gateway.domain.findings import Finding
from gateway.plans.documents.fields import AAN, META, Invoer, invoervelden
from gateway.plans.documents.gate import kapot
from gateway.plans.documents.identity import BESTANDSNAAM, meta_tekst
from gateway.plans.form import is_leeg, met_lege_blokken
from gateway.plans.formaat.model import Formaat
from gateway.plans.model import Ondersteuningsplan
from gateway.plans.paths import put

Soort = Literal["formulier", "scan", "plat", "onbekend"]

_DATUM = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})\Z")
_GETAL = re.compile(r"\d{1,6}([.,]\d{1,4})?\Z")
_MAX_DIEPTE = 20  # of the field tree: a loop ends here (PLD-24)
_PAGINAVULLEND = 0.6  # share of the page that one picture covers on a scan (PLD-23)


class Gelezen(NamedTuple):
    """What was found: the kind of file, the plan if it was a form of ours, and what a person must look at."""

    soort: Soort
    plan: Ondersteuningsplan | None
    findings: tuple[Finding, ...]


def lees_formulier(
    bron: bytes, deel: Ondersteuningsplan, formaat: Formaat, *, verzonden: bytes | None = None
) -> Gelezen:
    """The plan in `bron` on the municipality's own part `deel` (PL-13), never signed: signing comes after (PLD-15).

    `verzonden`: the form as it went out; with it the text of the municipal pages is compared (PLD-8).
    """
    try:
        return _lees(bron, deel, formaat, verzonden)
    except kapot():
        return Gelezen("onbekend", None, (_kijk("PDF_BEOORDELEN", "Het bestand is beschadigd."),))


def _lees(bron: bytes, deel: Ondersteuningsplan, formaat: Formaat, verzonden: bytes | None) -> Gelezen:
    import pikepdf

    with pikepdf.open(io.BytesIO(bron)) as document:
        waarden = _waarden(document)
        soort = _soort(document, waarden, bron)
        if soort != "formulier":
            return Gelezen(soort, None, ())
        velden = invoervelden(deel, formaat)
        findings = [*_identiteit(document, waarden, deel), *_onvolledig(waarden, velden)]
    plan, fouten = _plan(waarden, velden, met_lege_blokken(deel, formaat))
    findings += fouten
    if verzonden is not None and _gemeentetekst(bron) != _gemeentetekst(verzonden):
        findings.append(_kijk("GEMEENTEDEEL_GEWIJZIGD", "De tekst van de gemeente in het formulier is veranderd."))
    return Gelezen("formulier", plan, tuple(findings))


def _waarden(document: Any) -> dict[str, str]:
    """Full field name -> value as text; what is not there is empty."""
    form = document.Root.get("/AcroForm")
    gevonden: dict[str, str] = {}
    for veld in form.get("/Fields", ()) if form is not None else ():
        _verzamel(veld, "", 0, gevonden)
    return gevonden


def _verzamel(veld: Any, voor: str, diepte: int, gevonden: dict[str, str]) -> None:
    if diepte > _MAX_DIEPTE or len(gevonden) > 1000:
        return
    naam = f"{voor}.{veld.T}".lstrip(".") if "/T" in veld else voor
    namen = [kind for kind in veld.get("/Kids", ()) if "/T" in kind]
    for kind in namen:
        _verzamel(kind, naam, diepte + 1, gevonden)
    if not namen:
        gevonden[naam] = _tekst(veld.get("/V"))


def _tekst(waarde: Any) -> str:
    """/V as text: line ends to \\n, NFC, trimmed; a name without its slash, Off as empty."""
    import pikepdf

    if waarde is None:
        return ""
    if isinstance(waarde, pikepdf.Name):
        naam = str(waarde).removeprefix("/")
        return "" if naam == "Off" else naam
    ruw = waarde.read_bytes().decode("utf-8", "replace") if isinstance(waarde, pikepdf.Stream) else str(waarde)
    regels = ruw.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", regels).strip()


def _soort(document: Any, waarden: dict[str, str], bron: bytes) -> Soort:
    if META in waarden or any(naam.startswith("resultaat-") for naam in waarden):
        return "formulier"
    if waarden or not len(document.pages):
        return "onbekend"
    if all(_gescand(pagina) for pagina in document.pages):
        return "scan"
    return "plat" if any(_teksten(bron)) else "onbekend"


def _gescand(pagina: Any) -> bool:
    """One picture with the proportions of the page and at least half its points: also with a text layer on top."""
    breedte, hoogte = float(pagina.mediabox[2]), float(pagina.mediabox[3])
    for beeld in pagina.get_images().values():
        w, h = int(beeld.Width), int(beeld.Height)
        if w >= breedte * _PAGINAVULLEND and h >= hoogte * _PAGINAVULLEND:
            return True
    return False


def _identiteit(document: Any, waarden: dict[str, str], deel: Ondersteuningsplan) -> list[Finding]:
    """Field, then file: the first that is there counts; if they disagree, or are of another plan, a person (PLD-3)."""
    verwacht = meta_tekst(deel).rpartition(":")[0]  # id and version, without the format
    kenmerken = []
    if waarden.get(META):
        kenmerken.append(waarden[META].rpartition(":")[0])
    for naam, bijlage in document.attachments.items():
        if naam == BESTANDSNAAM:
            kenmerken.append(_kenmerk(bijlage.get_file().read_bytes()))
    if not kenmerken:
        return [_kijk("KENMERK_ONTBREEKT", "Het formulier zegt niet meer bij welk plan het hoort.")]
    if any(kenmerk != verwacht for kenmerk in kenmerken):
        return [_fout("KENMERK_ONGELIJK", "Het formulier hoort bij een ander plan, of spreekt zichzelf tegen.")]
    return []


def _kenmerk(inhoud: bytes) -> str:
    try:
        ruw = json.loads(inhoud)
        return f"OPL1:{ruw['planId']}:{ruw['versie']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _onvolledig(waarden: dict[str, str], velden: list[Invoer]) -> list[Finding]:
    """PLD-6: a form with unknown or missing fields goes to a person."""
    bekend = {veld.naam for veld in velden}
    vreemd = set(waarden) - bekend - {META}
    mist = bekend - set(waarden)
    findings = []
    if vreemd:
        findings.append(_kijk("VELDEN_ONBEKEND", "Het formulier heeft velden die het formaat niet kent."))
    if mist:
        findings.append(_kijk("VELDEN_ONTBREKEN", "In het formulier ontbreken velden."))
    return findings


def _plan(
    waarden: dict[str, str], velden: list[Invoer], plan: Ondersteuningsplan
) -> tuple[Ondersteuningsplan, list[Finding]]:
    findings: list[Finding] = []
    lijsten: dict[str, list[str]] = {}
    for veld in velden:
        tekst = waarden.get(veld.naam, "")
        if veld.type == "lijst":
            lijsten.setdefault(veld.pad.rpartition(".")[0], []).append(tekst)
            continue
        waarde = _waarde(veld, tekst)
        if waarde is _ONLEESBAAR:
            findings.append(_fout("veldgrenzen", f"{veld.tip}: dit kan de gateway niet lezen.", veld.pad))
        elif not (is_leeg(waarde) and veld.soort != "vink" and veld.pad.startswith("samenvatting.")):
            plan = put(plan, veld.pad, waarde)
    for pad, regels in lijsten.items():
        plan = put(plan, pad, tuple(regel for regel in regels if regel))
    return msgspec.structs.replace(plan, ontvangen_als="pdf_formulier"), findings


_ONLEESBAAR = object()


def _waarde(veld: Invoer, tekst: str) -> Any:
    if veld.soort in ("vink", "rondjes"):
        tekst = tekst.removeprefix("/")  # some programs write the name of a state as text, slash and all
    if veld.soort == "vink":
        return tekst == AAN
    if not tekst:
        return None
    if veld.type == "getal":
        return Decimal(tekst.replace(",", ".")) if _GETAL.match(tekst) else _ONLEESBAAR
    if veld.type == "datum":
        return _dag(tekst)
    return tekst


def _dag(tekst: str) -> Any:
    match = _DATUM.match(tekst)
    try:
        return date(int(match[3]), int(match[2]), int(match[1])) if match else _ONLEESBAAR
    except (ValueError, InvalidOperation):
        return _ONLEESBAAR


def _teksten(bron: bytes) -> list[str]:
    """Text of each page without fields, reduced to letters and digits."""
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(bron))
    return [
        "".join(teken for teken in pagina.extract_text() if teken.isalnum())
        for pagina in reader.pages
        if not any(aantekening.get_object().get("/FT") for aantekening in pagina.get("/Annots", ()) or ())
    ]


def _gemeentetekst(bron: bytes) -> list[str]:
    """The municipal pages: those before the first page with visible fields. Their text survives honest programs."""
    import pypdf

    reader = pypdf.PdfReader(io.BytesIO(bron))
    teksten = []
    for pagina in reader.pages:
        if any(_zichtbaar(aantekening.get_object()) for aantekening in pagina.get("/Annots", ()) or ()):
            break
        teksten.append("".join(teken for teken in pagina.extract_text() if teken.isalnum()))
    return teksten


def _zichtbaar(aantekening: Any) -> bool:
    return aantekening.get("/Subtype") == "/Widget" and not int(aantekening.get("/F", 0)) & 2


def _kijk(code: str, tekst: str) -> Finding:
    return Finding(code=code, severity="warning", message=tekst, advice="Laat een medewerker het formulier beoordelen.")


def _fout(code: str, tekst: str, pad: str | None = None) -> Finding:
    return Finding(code=code, severity="error", message=tekst, path=pad)
