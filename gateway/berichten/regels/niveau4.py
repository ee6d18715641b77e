"""Rules of level 4: a message against the calendar, the list of municipalities and the product list."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

from gateway.berichten.historie import Earlier, partijen
from gateway.berichten.regels import paden
from gateway.berichten.regels.niveau3 import (
    Element,
    aangevraagd,
    nieuw,
    ongewijzigd,
    starts,
    stops,
    te_wijzigen,
    toegewezen,
)
from gateway.berichten.regels.registry import Context, Hit, niet_gecontroleerd, regel
from gateway.berichten.soorten import SOORTEN

DATUM_VAN_ONTVANGST = "de datum van ontvangst"
GEMEENTECODES = "een lijst van gemeentecodes voor deze datum"
PRODUCTCODES = "een lijst van productcodes"


class Productcodes(Protocol):
    """`sources["productcodes"]`: the product list that this municipality uses."""

    def past(self, categorie: str, code: str, on: dt.date | None = None) -> bool | None:
        """True if the code belongs to the category on that day; None if the list says nothing about that day."""
        ...


@regel("TR135")
def tr135(bericht: Any, ctx: Context) -> Iterator[Hit]:
    datum = paden.dagtekening(bericht)
    if ctx.today is None:
        yield niet_gecontroleerd(paden.DAGTEKENING, DATUM_VAN_ONTVANGST)
    elif datum > ctx.today:
        yield Hit(paden.DAGTEKENING, datum.isoformat())


@regel("TR378")
def tr378(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """The code is on the list of today, or on the list of the day on which each allocation concerned began.

    The second is for reorganised municipalities. A message to a municipality that is not one of `sources["eigen"]`
    (codes that this gateway answers for) is refused as well [C47]; without a list, being one of them is enough.
    """
    rol = "Afzender" if SOORTEN[ctx.soort].afzender == "gemeente" else "Ontvanger"
    code, pad = partijen(bericht).gemeente, f"/Bericht/Header/{rol}"
    eigen = ctx.sources.get("eigen") if rol == "Ontvanger" else None
    lijst = ctx.sources.get("gemeentecodes")
    if eigen and (code not in eigen or lijst is None):
        if code not in eigen:
            yield Hit(pad, code)
        return
    vandaag = ctx.today or paden.dagtekening(bericht)
    oordeel = None if lijst is None else _geldig(lijst, code, vandaag, _ingangsdatums(bericht, ctx))
    if oordeel is None:
        yield niet_gecontroleerd(pad, GEMEENTECODES)
    elif not oordeel:
        yield Hit(pad, code)


def _geldig(lijst: Any, code: str, vandaag: dt.date, ingangsdatums: frozenset[dt.date]) -> bool | None:
    nu = lijst.valid(code, vandaag)
    toen = {lijst.valid(code, datum) for datum in ingangsdatums}
    if nu or toen == {True}:
        return True
    return None if nu is None or (toen and False not in toen) else False


def _ingangsdatums(bericht: Any, ctx: Context) -> frozenset[dt.date]:
    """Ingangsdatum of every allocation that the message is about, as far as it is known."""
    if ctx.soort == "WMO301":
        return frozenset(p.ingangsdatum for _, p in toegewezen(bericht))
    if ctx.soort == "WMO315":
        return frozenset(p.toewijzing_ingangsdatum for _, p in aangevraagd(bericht))
    if ctx.earlier is None or ctx.soort not in _GENOEMD:
        return frozenset()
    gemeente = partijen(bericht).gemeente
    nummers = {p.toewijzing_nummer for _, p in _GENOEMD[ctx.soort](bericht, ctx)} - {None}
    bekend = (ctx.earlier.toewijzing(gemeente, nummer) for nummer in nummers)
    return frozenset(versies[-1].product.ingangsdatum for versies in bekend if versies)


def _prestaties(bericht: Any, ctx: Context) -> Iterator[Element]:
    return ((paden.pad_prestatie(ctx, c, p), prestatie) for c, p, prestatie in paden.prestaties(bericht, ctx))


_GENOEMD: dict[str, Callable[[Any, Context], Iterable[Element]]] = {  # the parts that name an allocation
    "WMO305": lambda bericht, ctx: starts(bericht),
    "WMO307": lambda bericht, ctx: stops(bericht),
    "WMO317": lambda bericht, ctx: (*ongewijzigd(bericht), *te_wijzigen(bericht)),
    "WMO323": _prestaties,
}


class Geleverd(NamedTuple):
    """A product code in a message, with the day that decides which list holds."""

    pad: str
    categorie: str
    code: str
    dag: dt.date
    nummer: int | None  # ToewijzingNummer


_MET_PRODUCT = {  # message -> elements with a Product, field with their first day
    "WMO301": (toegewezen, "ingangsdatum"),
    "WMO305": (starts, "begindatum"),
    "WMO307": (stops, "begindatum"),
    "WMO315": (aangevraagd, "toewijzing_ingangsdatum"),
    "WMO317": (nieuw, "gewenste_ingangsdatum"),
}


def _codes(bericht: Any, ctx: Context) -> Iterator[Geleverd]:
    if ctx.soort == "WMO323":
        for pad, p in _prestaties(bericht, ctx):
            dag, pad_code = p.product_periode.begindatum, f"{pad}/ProductCode"
            yield Geleverd(pad_code, p.product_categorie, p.product_code, dag, p.toewijzing_nummer)
        return
    kies, begin = _MET_PRODUCT[ctx.soort]
    for pad, element in kies(bericht):
        product, nummer = element.product, getattr(element, "toewijzing_nummer", None)
        if product is not None and product.code is not None:
            yield Geleverd(f"{pad}/Product/Code", product.categorie, product.code, getattr(element, begin), nummer)


@regel("TR381")
def tr381(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """A code fits its category, or is the code of the allocation itself: retired codes stay valid there [C14]."""
    lijst = ctx.sources.get("productcodes")
    earlier = None if ctx.earlier is None else ctx.earlier.zonder(bericht)
    gemeente = partijen(bericht).gemeente
    for g in _codes(bericht, ctx):
        if earlier is not None and _is_toegewezen(g, earlier, gemeente):
            continue
        if lijst is None:
            yield niet_gecontroleerd(g.pad, PRODUCTCODES)  # once is enough
            return
        oordeel = lijst.past(g.categorie, g.code, g.dag)
        if oordeel is None:
            yield niet_gecontroleerd(g.pad, PRODUCTCODES)
        elif not oordeel:
            yield Hit(g.pad, g.code)


def _is_toegewezen(g: Geleverd, earlier: Earlier, gemeente: str) -> bool:
    versies = () if g.nummer is None else earlier.toewijzing(gemeente, g.nummer)
    product = versies[-1].product.product if versies else None
    return product is not None and (product.categorie, product.code) == (g.categorie, g.code)
