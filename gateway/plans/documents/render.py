"""The documents of plan 11.6 as PDF: values in, bytes out, or the finding that PDFs cannot be made here."""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from gateway.domain.findings import Finding
from gateway.plans.documents import pdf, words
from gateway.plans.documents.fields import invoervelden
from gateway.plans.documents.identity import BESTANDSNAAM, ingesloten_json, meta_tekst, qr_svg, qr_tekst
from gateway.plans.documents.layout import Regel, Vorm, paginas
from gateway.plans.documents.overview import overzicht
from gateway.plans.formaat.model import Formaat
from gateway.plans.model import Ondersteuningsplan, Traject

_KADER: dict[Vorm, str] = {
    "formulier": "Dit formulier vraagt de aanbieder om advies. De gemeente heeft haar deel ingevuld. De aanbieder "
    "stelt met de cliënt het plan op, ondertekent het, laat de cliënt tekenen en stuurt het beveiligd terug.",
    "invulbaar": "Dit formulier vraagt de aanbieder om advies. De gemeente heeft haar deel ingevuld. De aanbieder vult "
    "zijn deel met de cliënt in en stuurt het bestand beveiligd terug; daarna volgt het document om te ondertekenen.",
    "plan": "Dit ondersteuningsplan is een advies van de aanbieder. De gemeente beoordeelt alle informatie en neemt "
    "het besluit; rechten ontstaan pas met de beschikking.",
}


def formulier_pdf(plan: Ondersteuningsplan, formaat: Formaat) -> bytes | Finding:
    """The municipal part, filled in, and the provider's part to be written on (event 5, plan 11.6)."""
    return _plan_pdf(plan, formaat, "formulier")


def invulformulier_pdf(plan: Ondersteuningsplan, formaat: Formaat) -> bytes | Finding:
    """The same form with fields for the provider; the municipal part is plain text (PLD-7 to PLD-13)."""
    from gateway.plans.documents.finishing import afwerken

    ruw = _plan_pdf(plan, formaat, "invulbaar")
    if isinstance(ruw, Finding):
        return ruw
    return afwerken(ruw, invoervelden(plan, formaat), meta_tekst(plan))


def plan_pdf(plan: Ondersteuningsplan, formaat: Formaat) -> bytes | Finding:
    """The plan with its values as plain text and the marks of the signatures that stand under it (PLD-15, PLD-16)."""
    return _plan_pdf(plan, formaat, "plan")


def plan_html(plan: Ondersteuningsplan, formaat: Formaat, vorm: Vorm) -> str:
    """The same document as HTML; every value is escaped."""
    kop = formaat.formaat
    return _sjabloon("plan.html").render(
        titel=f"{kop.naam} {plan.plan_id[:8]}",
        taal=kop.taal,
        stijl=_stijl(),
        plan=plan,
        formaat=kop,
        gemeente=_gemeente(formaat, plan.gemeente),
        kader=_KADER[vorm],
        vorm=vorm,
        paginas=paginas(plan, formaat, vorm),
        rijen=_rijen,
    )


def verslag_pdf(
    *,
    gemeente: str,
    titel: str,
    gesprek_op: date,
    onderdelen: Sequence[tuple[str, Sequence[str]]],
    taal: str = "nl-NL",
) -> bytes | Finding:
    """A report of the conversation, to be attached: `onderdelen` are (heading, paragraphs)."""
    html = _sjabloon("verslag.html").render(
        titel=titel,
        ondertitel=f"Gesprek op {words.datum(gesprek_op)}",
        taal=taal,
        stijl=_stijl(),
        gemeente=gemeente,
        onderdelen=onderdelen,
    )
    return pdf.maak(html)


def overzicht_pdf(traject: Traject, formaat: Formaat) -> bytes | Finding:
    """What was decided, in plain words for the client (PL-70); a finding as long as nothing was granted."""
    gevonden = overzicht(traject, formaat)
    if gevonden is None:
        return Finding(code="PL-70", severity="error", message="Er is nog niets toegekend om te laten zien.")
    html = _sjabloon("overzicht.html").render(
        titel="Uw ondersteuningsplan",
        taal=formaat.formaat.taal,
        stijl=_stijl(),
        gemeente=_gemeente(formaat, traject.gemeente) or formaat.formaat.regio,
        o=gevonden,
    )
    return pdf.maak(html)


def _gemeente(formaat: Formaat, code: str | None) -> str | None:
    return next((g.naam for g in formaat.formaat.gemeenten if g.code == code), None)


def _plan_pdf(plan: Ondersteuningsplan, formaat: Formaat, vorm: Vorm) -> bytes | Finding:
    return pdf.maak(
        plan_html(plan, formaat, vorm),
        bijlage=(BESTANDSNAAM, ingesloten_json(plan, formaat)),
        qr=lambda pagina, aantal: qr_svg(qr_tekst(plan, pagina, aantal)),
        velden=vorm == "invulbaar",
    )


def _rijen(regels: Sequence[Regel]) -> Iterator[tuple[Regel, ...]]:
    """Two short fields on a row, a wide one on its own; never an incomplete row (PLD-13)."""
    wachtend: Regel | None = None
    for regel in regels:
        if regel.breed or regel.kop:
            if wachtend is not None:
                yield (wachtend,)
            wachtend = None if regel.breed else regel
            if regel.breed:
                yield (regel,)
        elif wachtend is None:
            wachtend = regel
        else:
            yield (wachtend, regel)
            wachtend = None
    if wachtend is not None:
        yield (wachtend,)


@cache
def _omgeving() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("gateway.plans.documents"), autoescape=True, undefined=jinja2.StrictUndefined
    )


def _sjabloon(naam: str) -> jinja2.Template:
    return _omgeving().get_template(naam)


@cache
def _stijl() -> Markup:
    """The style sheet as it stands in the package: ours, so not escaped."""
    return Markup((resources.files("gateway.plans.documents") / "templates" / "stijl.css").read_text("utf-8"))
