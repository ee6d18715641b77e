"""Rules of level 4 (WMO301-319): a message against the calendar, the list of municipalities and the product list."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from gateway.berichten.historie import partijen
from gateway.berichten.regels import paden
from gateway.berichten.regels.niveau3 import (
    Element,
    Zaak,
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

HEEN = ("WMO301", "WMO305", "WMO307", "WMO315", "WMO317", "WMO319")
DATUM_VAN_ONTVANGST = "de datum van ontvangst"
GEMEENTECODES = "een lijst van gemeentecodes voor deze datum"
PRODUCTCODES = "een lijst van productcodes"


class Productcodes(Protocol):
    """`sources["productcodes"]`: the product list that this municipality uses."""

    def past(self, categorie: str, code: str, on: dt.date | None = None) -> bool | None:
        """True if the code belongs to the category on that day; None if the list says nothing about that day."""
        ...


@regel("TR135", *HEEN)
def tr135(bericht: Any, ctx: Context) -> Iterator[Hit]:
    datum = paden.dagtekening(bericht)
    if ctx.today is None:
        yield niet_gecontroleerd(paden.DAGTEKENING, DATUM_VAN_ONTVANGST)
    elif datum > ctx.today:
        yield Hit(paden.DAGTEKENING, datum.isoformat())


@regel("TR378", *HEEN)
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
    match ctx.soort:
        case "WMO301":
            return frozenset(p.ingangsdatum for _, p in toegewezen(bericht))
        case "WMO315":
            return frozenset(p.toewijzing_ingangsdatum for _, p in aangevraagd(bericht))
        case "WMO319":
            return frozenset()
    if ctx.earlier is None:
        return frozenset()
    zaak = Zaak(bericht, ctx.earlier)
    versies = [
        zaak.toewijzing(p.toewijzing_nummer) for _, p in _genoemd(bericht, ctx.soort) if p.toewijzing_nummer is not None
    ]
    return frozenset(v.product.ingangsdatum for v in versies if v is not None)


def _genoemd(bericht: Any, soort: str) -> Iterable[Element]:
    """The parts that name an allocation."""
    if soort == "WMO317":
        return (*ongewijzigd(bericht), *te_wijzigen(bericht))
    return starts(bericht) if soort == "WMO305" else stops(bericht)


_MET_PRODUCT = {
    "WMO301": (toegewezen, "ingangsdatum"),
    "WMO305": (starts, "begindatum"),
    "WMO307": (stops, "begindatum"),
    "WMO315": (aangevraagd, "toewijzing_ingangsdatum"),
    "WMO317": (nieuw, "gewenste_ingangsdatum"),
}


@regel("TR381", *_MET_PRODUCT)
def tr381(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """A code fits its category, or is the code of the allocation itself: retired codes stay valid there [C14]."""
    kies, begin = _MET_PRODUCT[ctx.soort]
    lijst = ctx.sources.get("productcodes")
    zaak = None if ctx.earlier is None else Zaak(bericht, ctx.earlier)
    for pad, element in kies(bericht):
        product = element.product
        if product is None or product.code is None or _is_toegewezen(element, zaak):
            continue
        oordeel = None if lijst is None else lijst.past(product.categorie, product.code, getattr(element, begin))
        if oordeel is None:
            yield niet_gecontroleerd(pad, PRODUCTCODES)
        elif not oordeel:
            yield Hit(f"{pad}/Product/Code", product.code)


def _is_toegewezen(element: Any, zaak: Zaak | None) -> bool:
    nummer = getattr(element, "toewijzing_nummer", None)
    versie = None if nummer is None or zaak is None else zaak.toewijzing(nummer)
    return versie is not None and bool(versie.product.product == element.product)
