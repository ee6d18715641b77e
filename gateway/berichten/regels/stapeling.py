"""Rules against stacking: one product may not run twice at the same time (TR302, TR386, TR410).

Two products are the same when category and code are equal; without a code the category decides, without a product
everything is the same. Aids and adaptations (categories 11-14) may always overlap, as soon as one of the two is one.
Removed allocations do not count.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from gateway.berichten.regels import paden
from gateway.berichten.regels.registry import Context, Hit, regel
from gateway.berichten.regels.toewijzing import VERVALLEN, VERWIJDERD

_Soort = tuple[str | None, ...]
_ALLES: _Soort = ("*",)
_ZONDER: _Soort = ("-",)
_VRIJ = frozenset({"11", "12", "13", "14"})


class Looptijd(NamedTuple):
    """A product with the days on which it runs; `eind` is the last day, or the end of time."""

    pad: str
    product: Any
    begin: dt.date
    eind: dt.date


@regel("TR302")
def tr302(bericht: Any, ctx: Context) -> Iterator[Hit]:
    producten = paden.genummerd(paden.TOEGEWEZEN, bericht.client.toegewezen_producten)
    return gestapeld(
        Looptijd(pad, p.product, p.ingangsdatum, p.einddatum or dt.date.max)
        for pad, p in producten
        if not _verwijderd(pad, p, ctx)
    )


def _verwijderd(pad: str, product: Any, ctx: Context) -> bool:
    if product.reden_wijziging not in (VERVALLEN, VERWIJDERD):
        return False
    begin = paden.datum_als_tekst(product.ingangsdatum, f"{pad}/Ingangsdatum", ctx)
    return begin == paden.datum_als_tekst(product.einddatum, f"{pad}/Einddatum", ctx)


@regel("TR386")
def tr386(bericht: Any, ctx: Context) -> Iterator[Hit]:
    producten = paden.genummerd(paden.AANGEVRAAGD, bericht.client.aangevraagde_producten)
    return gestapeld(
        Looptijd(pad, p.product, p.toewijzing_ingangsdatum, p.toewijzing_einddatum or dt.date.max)
        for pad, p in producten
    )


@regel("TR410")
def tr410(bericht: Any, ctx: Context) -> Iterator[Hit]:
    producten = paden.genummerd(paden.NIEUW, bericht.client.verzoek.nieuwe_producten)
    return gestapeld(
        Looptijd(pad, p.product, p.gewenste_ingangsdatum, p.einddatum or dt.date.max) for pad, p in producten
    )


def gestapeld(looptijden: Iterable[Looptijd]) -> Iterator[Hit]:
    """The products that overlap one that began before them.

    One sweep in order of time instead of comparing all pairs: per kind of product the latest end so far is enough.
    A product that ends before it begins (CS003) overlaps only what runs on all days between; it is looked at on its
    end and never overlaps another of its kind, so it is not remembered.
    """
    laatste: dict[_Soort, dt.date] = {}
    for loopt in sorted(looptijden, key=_moment):
        if loopt.product is not None and loopt.product.categorie in _VRIJ:
            continue
        gelijk_aan, telt_als = _soorten(loopt.product)
        if any(soort in laatste and laatste[soort] >= loopt.begin for soort in gelijk_aan):
            yield Hit(loopt.pad)
        if loopt.begin <= loopt.eind:
            for soort in telt_als:
                laatste[soort] = max(laatste.get(soort, loopt.eind), loopt.eind)


def _moment(loopt: Looptijd) -> tuple[dt.date, bool]:
    return min(loopt.begin, loopt.eind), loopt.begin > loopt.eind


def _soorten(product: Any) -> tuple[tuple[_Soort, ...], tuple[_Soort, ...]]:
    """The kinds a product collides with, and the kinds it is remembered under."""
    if product is None:
        return (_ALLES,), (_ALLES, _ZONDER)
    categorie = (product.categorie,)
    if product.code is None:
        return (categorie, _ZONDER), (_ALLES, categorie, (product.categorie, None))
    eigen = (product.categorie, product.code)
    return (eigen, (product.categorie, None), _ZONDER), (_ALLES, categorie, eigen)
