"""The fields of a fillable form: one list per format and plan, from which the form is made and read (PLD-6)."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from gateway.plans.form import AANBIEDER_EN_CLIENT, Plek, met_lege_blokken, plekken
from gateway.plans.formaat.model import Formaat, Product, Veld
from gateway.plans.model import Ondersteuningsplan
from gateway.plans.names import pdf_name

Soort = Literal["regel", "vak", "vink", "rondjes"]
META = "meta"
AAN = "ja"  # state of a ticked box (PLD-11)
_MAX_GETAL = 10
_MAX_DATUM = 10


class Invoer(NamedTuple):
    """One field. `pad` is the place in the plan it fills; the name is that path with - for . (PLD-9)."""

    naam: str
    pad: str
    soort: Soort
    tip: str  # stands alone, in Dutch (PLD-10)
    type: str  # of the region's field
    max: int | None = None
    verplicht: bool = False
    opties: tuple[tuple[str, str], ...] = ()  # (value, label) of a group of radio buttons
    waarde: str = ""


def invoervelden(plan: Ondersteuningsplan, formaat: Formaat) -> list[Invoer]:
    """Every field of the provider's form, in reading order; the municipal part has none (PLD-8)."""
    compleet = met_lege_blokken(plan, formaat)
    return [
        invoer
        for plek in plekken(formaat, compleet, AANBIEDER_EN_CLIENT)
        if plek.veld.tonen
        for invoer in van_plek(plek, formaat)
    ]


def van_plek(plek: Plek, formaat: Formaat) -> Iterator[Invoer]:
    """The fields of one place on the form; a signature has none: a filled form is never the signed one (PLD-15)."""
    veld = plek.veld
    if veld.type == "handtekening" or not set(plek.onderdeel.invuller) & AANBIEDER_EN_CLIENT:
        return
    if veld.type == "lijst":
        items = plek.waarde or ()
        for nr in range(1, (veld.regels or 1) + 1):
            waarde = items[nr - 1] if nr <= len(items) else ""
            eerste = veld.verplicht.altijd and nr <= (veld.min_gevuld or 1)
            yield _invoer(plek, f"{plek.pad}.{nr}", f"{plek.label}, regel {nr}", "regel", waarde, verplicht=eerste)
    elif veld.type == "vinkjes":
        for product in formaat.producten:
            aan = AAN if (plek.waarde or {}).get(product.id) else ""
            yield _invoer(plek, f"{plek.pad}.{product.id}", f"{plek.label}: {product.label}", "vink", aan)
    elif veld.type == "periode" and plek.product is not None:
        opties = _opties(plek.product, veld, formaat)
        if opties:
            yield _invoer(plek, plek.pad, _periode_tip(plek), "rondjes", plek.waarde or "", opties=opties)
    else:
        yield _invoer(
            plek,
            plek.pad,
            f"{plek.label} (dd-mm-jjjj)" if veld.type == "datum" else plek.label,
            "vak" if veld.type == "tekst_lang" else "regel",
            str(plek.waarde) if isinstance(plek.waarde, str) else "",
            verplicht=veld.verplicht.altijd,
        )


def _invoer(
    plek: Plek,
    pad: str,
    tip: str,
    soort: Soort,
    waarde: str,
    *,
    verplicht: bool = False,
    opties: tuple[tuple[str, str], ...] = (),
) -> Invoer:
    return Invoer(pdf_name(pad), pad, soort, tip, plek.veld.type, _max(plek.veld), verplicht, opties, waarde)


def _periode_tip(plek: Plek) -> str:
    """'Individuele begeleiding: Gemiddelde omvang, per': the number it belongs to, then its own label."""
    getal = next((v for v in plek.onderdeel.velden if f"{v.pad}_periode" == plek.veld.pad), None)
    if getal is None or plek.product is None:
        return plek.label
    return f"{plek.product.label_samenvatting}: {getal.label}, {plek.veld.label}"


def _max(veld: Veld) -> int | None:
    if veld.type == "getal":
        return _MAX_GETAL
    if veld.type == "datum":
        return _MAX_DATUM
    return int(veld.max) if veld.max is not None else None


def _opties(product: Product, veld: Veld, formaat: Formaat) -> tuple[tuple[str, str], ...]:
    namen = product.omvang.perioden if veld.pad == "omvang_periode" else product.frequentie.perioden
    return tuple((naam, formaat.perioden[naam].label) for naam in namen if naam in formaat.perioden)
