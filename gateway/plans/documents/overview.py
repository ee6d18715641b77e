"""The plan as the client reads it: goals, decided support, who does what and when it is evaluated (PL-70, PL-4)."""

from typing import NamedTuple

from gateway.berichten import codelijsten
from gateway.plans.documents import words
from gateway.plans.formaat.model import Formaat
from gateway.plans.model import GRANTS, Besluit, Besluitregel, Traject


class Doel(NamedTuple):
    resultaat: str
    richting: str
    uitvoerder: str


class Ondersteuning(NamedTuple):
    product: str
    hoeveel: str
    van: str
    tot: str
    door: str


class Overzicht(NamedTuple):
    """What stands on the overview, as text. `bezwaar_tot` is the last day of the six weeks, if it runs (PL-55)."""

    doelen: tuple[Doel, ...]
    ondersteuning: tuple[Ondersteuning, ...]
    evaluatie_op: str | None
    beschikkingnummer: str | None
    bezwaar_tot: str | None


def overzicht(traject: Traject, formaat: Formaat) -> Overzicht | None:
    """The overview of the decision in force, or None as long as nothing was granted."""
    besluit = _in_werking(traject)
    if besluit is None:
        return None
    bezwaar = next((t.einde for t in traject.termijn if t.soort == "bezwaar"), None)
    return Overzicht(
        doelen=tuple(_doelen(traject, formaat)),
        ondersteuning=tuple(_ondersteuning(traject, formaat, regel) for regel in besluit.regel),
        evaluatie_op=words.datum(besluit.evaluatie_op) if besluit.evaluatie_op else None,
        beschikkingnummer=str(besluit.beschikkingnummer) if besluit.beschikkingnummer else None,
        bezwaar_tot=words.datum(bezwaar) if bezwaar else None,
    )


def _in_werking(traject: Traject) -> Besluit | None:
    gevonden = [b for b in traject.besluit if b.status == "geldig" and b.soort in GRANTS and b.soort != "spoed"]
    return gevonden[-1] if gevonden else None


def _doelen(traject: Traject, formaat: Formaat) -> list[Doel]:
    namen = _aanbieders(traject)
    doelen = []
    for regel in traject.arrangement:
        gevonden = formaat.resultaat(regel.resultaat)
        eigen = " en ".join(sorted(namen.values())) or "de aanbieder"
        doelen.append(
            Doel(
                gevonden.tekst.rstrip(".") if gevonden else regel.resultaat or "",
                formaat.label("richting", regel.richting),
                eigen if regel.toedeling == "eigen" else regel.uitvoerder_elders or "een ander",
            )
        )
    return doelen


def _ondersteuning(traject: Traject, formaat: Formaat, regel: Besluitregel) -> Ondersteuning:
    product = formaat.product(regel.product or "")
    return Ondersteuning(
        product=product.label_samenvatting if product else regel.code or "",
        hoeveel=_hoeveel(formaat, regel),
        van=words.datum(regel.ingangsdatum) if regel.ingangsdatum else "",
        tot=words.datum(regel.einddatum) if regel.einddatum else "open",
        door=_aanbieders(traject).get(regel.aanbieder or "", "de aanbieder"),
    )


def _hoeveel(formaat: Formaat, regel: Besluitregel) -> str:
    """'4 dagdelen per week': the region's word for its own unit, else that of the standard."""
    product = formaat.product(regel.product or "")
    if product is not None and product.omvang.eenheid == regel.eenheid:
        eenheid = product.omvang.label
    else:
        eenheid = codelijsten.get("WJ756").label(regel.eenheid or "") or ""
    hoe_vaak = codelijsten.get("WMO757").label(regel.frequentie or "") or ""
    return f"{regel.volume} {eenheid.lower()} {hoe_vaak.lower()}".strip()


def _aanbieders(traject: Traject) -> dict[str, str]:
    return {u.aanbieder.agb: u.aanbieder.naam for u in traject.uitvraag if u.aanbieder.agb and u.aanbieder.naam}
