"""The form walked over a plan: every place that can be filled, with its path, label and value.

Checks, documents and readers all go through here, so a field added to a region's file reaches them without code.
"""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from gateway.plans.formaat.model import Formaat, Onderdeel, Product, Veld
from gateway.plans.model import Ondersteuningsplan, ResultaatBlok
from gateway.plans.paths import get, put

GEMEENTE = frozenset({"gemeente"})
AANBIEDER_EN_CLIENT = frozenset({"aanbieder", "client"})


class Plek(NamedTuple):
    """One place on the form. `product` is set in the summaries only; `waarde` is text for a derived field."""

    pad: str
    label: str
    onderdeel: Onderdeel
    veld: Veld
    waarde: Any
    product: Product | None

    @property
    def leeg(self) -> bool:
        """True if nothing is filled in: absent, blank text, no item, no box ticked."""
        return is_leeg(self.waarde)


def is_leeg(waarde: Any) -> bool:
    if isinstance(waarde, str):
        return not waarde.strip()
    if isinstance(waarde, dict):
        return not any(waarde.values())
    if isinstance(waarde, tuple):
        return all(is_leeg(item) for item in waarde)
    return waarde is None


def plekken(formaat: Formaat, plan: Ondersteuningsplan, invullers: Collection[str]) -> Iterator[Plek]:
    """Every place filled by one of `invullers`, in the order of the form; of lists the items that are there."""
    for onderdeel in formaat.onderdelen:
        if not set(onderdeel.invuller) & set(invullers):
            continue
        for basis, nr, product in _herhalingen(formaat, onderdeel, plan):
            for veld in onderdeel.velden:
                pad = f"{basis}{veld.pad}"
                waarde = afgeleid(plan, veld) if veld.type == "afgeleid" else get(plan, pad)
                yield Plek(pad, _label(onderdeel, veld, nr, product), onderdeel, veld, waarde, product)


def _herhalingen(
    formaat: Formaat, onderdeel: Onderdeel, plan: Ondersteuningsplan
) -> Iterator[tuple[str, int | None, Product | None]]:
    if onderdeel.per:
        for product in formaat.producten:
            yield f"samenvatting.{product.id}.", None, product
    elif onderdeel.herhaal:
        for nr in range(1, len(get(plan, onderdeel.herhaal.pad)) + 1):
            yield f"{onderdeel.herhaal.pad}.{nr}.", nr, None
    else:
        yield "", None, None


def _label(onderdeel: Onderdeel, veld: Veld, nr: int | None, product: Product | None) -> str:
    """A label that stands alone: 'Resultaat 2: Toelichting', 'Individuele begeleiding: Start'."""
    label = veld.label.rstrip(" :")
    if product is not None:
        return f"{product.label_samenvatting}: {label}"
    if nr is None:
        return label
    if "{n}" in label:
        return label.format(n=nr)
    return f"{str(onderdeel.herhaal and onderdeel.herhaal.pad).capitalize()} {nr}: {label}"


def afgeleid(plan: Ondersteuningsplan, veld: Veld) -> str:
    """The text of a derived field: its parts that are filled, in the order of the format."""
    return " ".join(str(deel) for pad in veld.van if not is_leeg(deel := get(plan, pad)))


def gekozen_producten(plan: Ondersteuningsplan) -> set[str]:
    """Ids of the products ticked in at least one result block."""
    return {product for blok in plan.resultaat for product, gekozen in blok.product.items() if gekozen}


def eigen_regels(plan: Ondersteuningsplan) -> list[int]:
    """Numbers of the arrangement lines that are asked of this provider (PL-15)."""
    return [nr for nr, regel in enumerate(plan.arrangement, 1) if regel.toedeling == "eigen"]


def met_lege_blokken(plan: Ondersteuningsplan, formaat: Formaat) -> Ondersteuningsplan:
    """The plan with one result block per line *eigen*, prefilled with the catalogue's text (plan 5.9).

    Blocks that are there stay as they are.
    """
    bestaand = {blok.regel for blok in plan.resultaat}
    for nr in eigen_regels(plan):
        if nr not in bestaand:
            gevraagd = formaat.resultaat(plan.arrangement[nr - 1].resultaat)
            blok = ResultaatBlok(regel=nr, formulering=gevraagd.tekst if gevraagd else None)
            plan = put(plan, f"resultaat.{len(plan.resultaat) + 1}", blok)
    return plan
