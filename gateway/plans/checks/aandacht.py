"""What a person should look at, without stopping the plan (PL-18, PL-40, H-6, H-8)."""

import re
from collections.abc import Iterator
from decimal import Decimal

from gateway.domain.ids import is_bsn
from gateway.plans.checks.basis import Melding, Vraag, product_label
from gateway.plans.contract import passend
from gateway.plans.form import AANBIEDER_EN_CLIENT, GEMEENTE, plekken
from gateway.plans.formaat.model import Product

_NEGEN_CIJFERS = re.compile(r"(?<![0-9])[0-9]{9}(?![0-9])")
_UUR = "04"  # WJ756
_VRIJE_TEKST = frozenset({"tekst", "tekst_lang", "lijst"})


def som_uren_gelijk_samenvatting(vraag: Vraag) -> Iterator[Melding]:
    """Hours per result add up to the summary; only where one product per block makes that comparable (G-9, H-8)."""
    for product in vraag.formaat.producten:
        samenvatting = vraag.plan.samenvatting.get(product.id)
        som = _som_uren(vraag, product)
        if som is None or samenvatting is None or samenvatting.omvang is None:
            continue
        if abs(som - samenvatting.omvang) > (vraag.regel.tolerantie or 0):
            a, b = _nl(som), _nl(samenvatting.omvang)
            tekst = f"De uren per resultaat tellen op tot {a}, de samenvatting zegt {b}."
            yield Melding(f"samenvatting.{product.id}.omvang", tekst)


def _som_uren(vraag: Vraag, product: Product) -> Decimal | None:
    """Sum of the hours of the blocks with this product, or None where the two cannot be compared."""
    samenvatting = vraag.plan.samenvatting.get(product.id)
    if product.omvang.eenheid != _UUR or samenvatting is None or samenvatting.omvang_periode != "week":
        return None
    blokken = [blok for blok in vraag.plan.resultaat if blok.product.get(product.id)]
    if not blokken or any(sum(blok.product.values()) != 1 for blok in blokken):
        return None
    return sum((blok.uren_per_week or Decimal(0) for blok in blokken), Decimal(0))


def productcode_in_contract(vraag: Vraag) -> Iterator[Melding]:
    """The code is in the contract for the product on the start date; without one, on the day of the check (H-6)."""
    if vraag.contract is None:
        return
    for product, samenvatting in vraag.plan.samenvatting.items():
        if not samenvatting.productcode:
            continue
        gevonden = passend(
            vraag.contract,
            gemeente=vraag.plan.gemeente,
            aanbieder=vraag.plan.aanbieder.agb,
            op=samenvatting.start or vraag.vandaag,
            product=product,
            code=samenvatting.productcode,
        )
        if not gevonden:
            tekst = f"{product_label(vraag, product)}: de productcode staat niet in het contract."
            yield Melding(f"samenvatting.{product}.productcode", tekst)


def start_in_verleden(vraag: Vraag) -> Iterator[Melding]:
    """The start date, if given, is not past at assessment."""
    for product, samenvatting in vraag.plan.samenvatting.items():
        if samenvatting.start is not None and samenvatting.start < vraag.vandaag:
            label = product_label(vraag, product)
            yield Melding(f"samenvatting.{product}.start", f"{label}: de startdatum is al voorbij.")


def bsn_in_vrije_tekst(vraag: Vraag) -> Iterator[Melding]:
    """Nine digits that pass the 11-test in a text field (PL-40)."""
    invullers = GEMEENTE if vraag.fase == "uitvragen" else AANBIEDER_EN_CLIENT
    for plek in plekken(vraag.formaat, vraag.plan, invullers):
        if plek.veld.type not in _VRIJE_TEKST or plek.leeg:
            continue
        teksten = plek.waarde if isinstance(plek.waarde, tuple) else (plek.waarde,)
        if any(is_bsn(cijfers) for tekst in teksten for cijfers in _NEGEN_CIJFERS.findall(tekst)):
            tekst = "Hier staat mogelijk een BSN. Haal het weg als het niet nodig is."
            yield Melding(plek.pad, f"{plek.label}: {tekst[0].lower()}{tekst[1:]}")


def _nl(getal: Decimal) -> str:
    return f"{getal.normalize():f}".replace(".", ",")
