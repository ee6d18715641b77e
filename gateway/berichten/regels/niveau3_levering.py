"""WMO305 and WMO307 against earlier messages: starts, stops and their deletion.

Deletions (StatusAanlevering 3) of a message go before its first deliveries (IV008), and are judged by TR063 and TR071
alone. First deliveries are taken in the order of the document, each after the ones before it.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from gateway.berichten.historie import Levering
from gateway.berichten.regels.niveau3 import EERSTE, VERWIJDER, Element, Zaak, historisch, starts, stops
from gateway.berichten.regels.registry import Hit

TIJDELIJK = "20"  # RedenBeeindiging


def leveringen(bericht: Any) -> Iterator[Element]:
    return starts(bericht) if hasattr(bericht.client, "start_producten") else stops(bericht)


def _met_status(elementen: Iterable[Element], status: str) -> Iterator[tuple[str, Any, Levering]]:
    return ((pad, p, Levering.of(p)) for pad, p in elementen if p.status_aanlevering == status)


def _eerder(zaak: Zaak) -> frozenset[Levering]:
    """What stood of this kind before this message: starts for a WMO305, stops for a WMO307."""
    is_start = zaak.naam.soort == "WMO305"
    return zaak.earlier.starts(zaak.dossier) if is_start else zaak.earlier.stops(zaak.dossier)


def _na_verwijdering(zaak: Zaak) -> set[Levering]:
    """The same after the deletions of this message."""
    weg = {levering for _, _, levering in _met_status(leveringen(zaak.bericht), VERWIJDER)}
    return set(_eerder(zaak) - weg)


@historisch("TR019", "WMO305", "WMO307", bij=leveringen)
def tr019(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """A start needs an allocation that was not removed; a stop may follow a removal. Without a number: IV096."""
    for pad, element, _ in _met_status(elementen, EERSTE):
        if element.toewijzing_nummer is None:
            continue
        versie = zaak.toewijzing(element.toewijzing_nummer)
        if versie is None or (versie.is_verwijderd and zaak.naam.soort == "WMO305"):
            yield Hit(f"{pad}/ToewijzingNummer", str(element.toewijzing_nummer))


@historisch("TR063", "WMO305", "WMO307", bij=leveringen)
def tr063(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    eerder = _eerder(zaak)
    for pad, _, levering in _met_status(elementen, VERWIJDER):
        if levering not in eerder:
            yield Hit(f"{pad}/StatusAanlevering", VERWIJDER)


@historisch("TR071", "WMO305", bij=starts)
def tr071(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    gestopt = {stop.start for stop in zaak.earlier.stops(zaak.dossier)}
    for pad, _, levering in _met_status(elementen, VERWIJDER):
        if levering in gestopt:
            yield Hit(f"{pad}/StatusAanlevering", VERWIJDER)


@historisch("TR074", "WMO305", "WMO307", bij=leveringen)
def tr074(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    bekend = _na_verwijdering(zaak)
    for pad, _, levering in _met_status(elementen, EERSTE):
        if levering in bekend:
            yield Hit(f"{pad}/StatusAanlevering", EERSTE)
        bekend.add(levering)


@historisch("TR326", "WMO305", bij=starts)
def tr326(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """One running delivery per allocation; a temporary stop ends it as well (OP289)."""
    gestopt = {stop.start for stop in zaak.earlier.stops(zaak.dossier)}
    lopend = {_product_van(start) for start in _na_verwijdering(zaak) - gestopt}
    for pad, _, levering in _met_status(elementen, EERSTE):
        if _product_van(levering) in lopend:
            yield Hit(pad)
        lopend.add(_product_van(levering))


def _product_van(start: Levering) -> tuple[Any, ...]:
    """What is delivered: the allocation, or the product if there is none (IV096)."""
    return (start.toewijzing_nummer,) if start.toewijzing_nummer is not None else start.product


@historisch("TR382", "WMO307", bij=stops)
def tr382(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    gestart = zaak.earlier.starts(zaak.dossier)
    for pad, _, levering in _met_status(elementen, EERSTE):
        if levering.start not in gestart:
            yield Hit(pad)


class Gestopt(msgspec.Struct):
    """The stops so far of one start."""

    tijdelijk: bool = False
    definitief: bool = False
    laatste: dt.date = dt.date.min


def _met_stand(elementen: Iterable[Element], zaak: Zaak) -> Iterator[tuple[str, Levering, Gestopt]]:
    """Every first delivery of a stop with the stops of the same Bsn, ToewijzingNummer and Begindatum before it."""
    stand: dict[tuple[Any, ...], Gestopt] = {}
    for stop in _na_verwijdering(zaak):
        _tel_mee(stand.setdefault(_start_van(stop), Gestopt()), stop)
    for pad, _, stop in _met_status(elementen, EERSTE):
        gestopt = stand.setdefault(_start_van(stop), Gestopt())
        yield pad, stop, gestopt
        _tel_mee(gestopt, stop)


def _start_van(stop: Levering) -> tuple[Any, ...]:
    return (*_product_van(stop), stop.begindatum)


def _tel_mee(gestopt: Gestopt, stop: Levering) -> None:
    gestopt.tijdelijk |= stop.reden == TIJDELIJK
    gestopt.definitief |= stop.reden != TIJDELIJK
    gestopt.laatste = max(gestopt.laatste, stop.einddatum or dt.date.min)


@historisch("TR413", "WMO307", bij=stops)
def tr413(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, stop, gestopt in _met_stand(elementen, zaak):
        if gestopt.tijdelijk and stop.reden == TIJDELIJK:
            yield Hit(f"{pad}/RedenBeeindiging", TIJDELIJK)


@historisch("TR414", "WMO307", bij=stops)
def tr414(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, stop, gestopt in _met_stand(elementen, zaak):
        if stop.einddatum is not None and stop.einddatum < gestopt.laatste:
            yield Hit(f"{pad}/Einddatum")


@historisch("TR415", "WMO307", bij=stops)
def tr415(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    for pad, stop, gestopt in _met_stand(elementen, zaak):
        if gestopt.definitief:
            yield Hit(f"{pad}/RedenBeeindiging", stop.reden)
