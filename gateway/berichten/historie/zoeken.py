"""Which earlier messages matter to a message, as keys that a store can index.

A message is kept under `vindplaatsen(bericht)`. To judge another, `rond(bericht, zoek)` asks for what it needs, then
for the answers to what it found, so that the cost does not grow with what was exchanged about others. The outcome of
every rule is the same as with all messages at hand.

Keys hold a BSN: whoever stores them stores a keyed hash.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gateway.berichten.historie.geheugen import History
from gateway.berichten.historie.kenmerk import Kenmerk, heenbericht_van, kenmerk, partijen, soort_van
from gateway.berichten.historie.waarden import VERWIJDERD
from gateway.berichten.soorten import SOORTEN

Zoek = Callable[[frozenset[str]], Iterable[Any]]  # the messages kept under one or more of these keys


def rond(bericht: Any, zoek: Zoek) -> History:
    """The history that matters to this message, a return message included."""
    history, gezien, open_ = History(), frozenset[str](), vragen(bericht)
    while open_:
        gezien |= open_
        gevonden = list(zoek(open_))
        for eerder in gevonden:
            history.add(eerder)
        open_ = frozenset().union(*map(_vervolg, gevonden)) - gezien
    return history


def vindplaatsen(bericht: Any) -> frozenset[str]:
    """The keys under which a message is kept."""
    return frozenset(
        {*_namen(bericht), *_client(bericht), *_toewijzingen(bericht), *_verzoeken(bericht), *_regels(bericht)}
    )


def vragen(bericht: Any) -> frozenset[str]:
    """The keys of what must be known to judge a message."""
    genoemd = (_sleutel("toewijzing", partijen(bericht).gemeente, nummer) for nummer in toewijzing_nummers(bericht))
    return frozenset({*_namen(bericht), *_client(bericht), *_verzoeken(bericht), *genoemd, *_verwijderd(bericht)})


def _vervolg(bericht: Any) -> frozenset[str]:
    """What a message that was found makes worth knowing: its answer, and how the request in it ended."""
    return frozenset({*_namen(bericht), *_verzoeken(bericht)})


def _sleutel(soort: str, *delen: object) -> str:
    return ":".join((soort, *map(str, delen)))


def _namen(bericht: Any) -> Iterator[str]:
    """A message by its own name, an answer by the name of what it answers; a WMO325 by both."""
    soort = SOORTEN[soort_van(bericht)]
    if soort.is_retour:
        yield _naam(heenbericht_van(bericht))
    if not soort.is_retour or soort.soort == "WMO325":
        yield _naam(kenmerk(bericht))


def _naam(naam: Kenmerk) -> str:
    return _sleutel("bericht", *naam)


def _heeft(bericht: Any, *soorten: str) -> bool:
    return soort_van(bericht) in soorten


def _client(bericht: Any) -> Iterator[str]:
    if _heeft(bericht, "WMO301", "WMO305", "WMO307", "WMO315", "WMO317"):
        yield _sleutel("client", *partijen(bericht), bericht.client.bsn)


def _toewijzingen(bericht: Any) -> Iterator[str]:
    if _heeft(bericht, "WMO301"):
        for nummer in toewijzing_nummers(bericht):
            yield _sleutel("toewijzing", partijen(bericht).gemeente, nummer)


def _verzoeken(bericht: Any) -> Iterator[str]:
    for referentie in _referenties(bericht):
        yield _sleutel("verzoek", *partijen(bericht), referentie)


def _regels(bericht: Any) -> Iterator[str]:
    """The allocations that a declaration has lines on; only a removal asks for those (TR385)."""
    if _heeft(bericht, "WMO323"):
        for nummer in toewijzing_nummers(bericht):
            yield _sleutel("prestatie", partijen(bericht).gemeente, nummer)


def _verwijderd(bericht: Any) -> Iterator[str]:
    if _heeft(bericht, "WMO301"):
        for product in bericht.client.toegewezen_producten:
            if product.reden_wijziging == VERWIJDERD:
                yield _sleutel("prestatie", partijen(bericht).gemeente, product.toewijzing_nummer)


def toewijzing_nummers(bericht: Any) -> set[int]:
    """Every ToewijzingNummer in a message."""
    match soort_van(bericht):
        case "WMO301":
            delen = bericht.client.toegewezen_producten
        case "WMO305":
            delen = bericht.client.start_producten
        case "WMO307":
            delen = bericht.client.stop_producten
        case "WMO317":
            delen = (*bericht.client.verzoek.ongewijzigde_producten, *bericht.client.verzoek.te_wijzigen_producten)
        case "WMO323":
            delen = tuple(p for client in bericht.declaratie.clienten for p in client.prestaties)
        case _:
            delen = ()
    return {deel.toewijzing_nummer for deel in delen} - {None}


def _referenties(bericht: Any) -> set[str]:
    """Every ReferentieAanbieder in a message."""
    match soort_van(bericht):
        case "WMO301":
            delen = bericht.client.toegewezen_producten
        case "WMO315":
            delen = bericht.client.aangevraagde_producten
        case "WMO317":
            delen = (bericht.client.verzoek,)
        case "WMO319":
            delen = (bericht.antwoord,)
        case _:
            delen = ()
    return {deel.referentie_aanbieder for deel in delen} - {None}
