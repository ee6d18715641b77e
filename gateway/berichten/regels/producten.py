"""Rules about what is assigned or asked for: Product, Omvang, Budget and the end date that goes with them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

from gateway.berichten.regels import paden
from gateway.berichten.regels.registry import Context, Hit, regel

_OUDE_REGELS_TOT = dt.date(2020, 12, 31)  # products that end on or before this day follow the rules of before
_PER_WEEK = "2"
_MET_FREQUENTIE = frozenset({"14", "16", "83", "84"})
_FREQUENTIES = frozenset({"2", "4", "6"})
_VERZOEKEN = ("WMO301", "WMO315", "WMO317")


class Vraag(NamedTuple):
    """A class that carries an Omvang or a Budget, whatever the message calls its dates."""

    pad: str
    element: Any
    eindveld: str  # name of the element with the end date
    einddatum: dt.date | None

    @property
    def heeft_product(self) -> bool:
        return getattr(self.element, "product", None) is not None

    @property
    def heeft_productcode(self) -> bool:
        product = getattr(self.element, "product", None)
        return product is not None and product.code is not None

    @property
    def onder_huidige_regels(self) -> bool:
        return self.einddatum is None or self.einddatum > _OUDE_REGELS_TOT


def _met_product(bericht: Any, ctx: Context) -> Iterator[Vraag]:
    """ToegewezenProduct, AangevraagdProduct, NieuwProduct."""
    match ctx.soort:
        case "WMO301":
            for pad, p in paden.genummerd(paden.TOEGEWEZEN, bericht.client.toegewezen_producten):
                yield Vraag(pad, p, "Einddatum", p.einddatum)
        case "WMO315":
            for pad, p in paden.genummerd(paden.AANGEVRAAGD, bericht.client.aangevraagde_producten):
                yield Vraag(pad, p, "ToewijzingEinddatum", p.toewijzing_einddatum)
        case "WMO317":
            for pad, p in paden.genummerd(paden.NIEUW, bericht.client.verzoek.nieuwe_producten):
                yield Vraag(pad, p, "Einddatum", p.einddatum)


def _alle(bericht: Any, ctx: Context) -> Iterator[Vraag]:
    """The same and, in a WMO317, every TeWijzigenProduct."""
    if ctx.soort == "WMO317":
        for pad, p in paden.genummerd(paden.TE_WIJZIGEN, bericht.client.verzoek.te_wijzigen_producten):
            yield Vraag(pad, p, "Einddatum", p.einddatum)
    yield from _met_product(bericht, ctx)


@regel("CD041", *_VERZOEKEN)
def cd041(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for vraag in _met_product(bericht, ctx):
        if vraag.heeft_productcode and vraag.element.omvang is None:
            yield Hit(f"{vraag.pad}/Omvang")


@regel("CD075", *_VERZOEKEN)
def cd075(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for vraag in _alle(bericht, ctx):
        if vraag.element.budget is not None and vraag.einddatum is None:
            yield Hit(f"{vraag.pad}/{vraag.eindveld}")


@regel("CD076", *_VERZOEKEN)
def cd076(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for vraag in _alle(bericht, ctx):
        omvang = vraag.element.omvang
        if omvang is not None and omvang.frequentie == _PER_WEEK and vraag.einddatum is None:
            yield Hit(f"{vraag.pad}/{vraag.eindveld}")


@regel("CD077", *_VERZOEKEN)
def cd077(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for vraag in _alle(bericht, ctx):
        if vraag.element.budget is not None and vraag.element.omvang is not None:
            yield Hit(f"{vraag.pad}/Omvang")


@regel("CD078", *_VERZOEKEN)
def cd078(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """The other side of CD077: the two always fail together."""
    for vraag in _alle(bericht, ctx):
        if vraag.element.budget is not None and vraag.element.omvang is not None:
            yield Hit(f"{vraag.pad}/Budget")


@regel("CD079", *_VERZOEKEN)
def cd079(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for vraag in _met_product(bericht, ctx):
        if vraag.element.budget is None and not vraag.heeft_product:
            yield Hit(f"{vraag.pad}/Product")


def _omvang_zonder_code(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for vraag in _met_product(bericht, ctx):
        if vraag.element.omvang is not None and vraag.onder_huidige_regels and not vraag.heeft_productcode:
            yield Hit(f"{vraag.pad}/Omvang")


@regel("CD080", "WMO301")
def cd080(bericht: Any, ctx: Context) -> Iterator[Hit]:
    return _omvang_zonder_code(bericht, ctx)


@regel("CD095", "WMO315")
def cd095(bericht: Any, ctx: Context) -> Iterator[Hit]:
    return _omvang_zonder_code(bericht, ctx)


@regel("CD096", "WMO317")
def cd096(bericht: Any, ctx: Context) -> Iterator[Hit]:
    return _omvang_zonder_code(bericht, ctx)


def _frequentie_bij_eenheid(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for vraag in _alle(bericht, ctx):
        omvang = vraag.element.omvang
        if omvang is None or omvang.eenheid not in _MET_FREQUENTIE or not vraag.onder_huidige_regels:
            continue
        if omvang.frequentie not in _FREQUENTIES:
            yield Hit(f"{vraag.pad}/Omvang/Frequentie", omvang.frequentie)


@regel("CS338", "WMO301", "WMO317")
def cs338(bericht: Any, ctx: Context) -> Iterator[Hit]:
    return _frequentie_bij_eenheid(bericht, ctx)


@regel("CS343", "WMO315")
def cs343(bericht: Any, ctx: Context) -> Iterator[Hit]:
    return _frequentie_bij_eenheid(bericht, ctx)
