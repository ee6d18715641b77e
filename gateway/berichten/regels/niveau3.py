"""Rules of level 3: a message against the messages exchanged before.

A rule gets the elements that it is about and the `Zaak`: the message in the light of what came before. Without earlier
messages such a rule is not judged, which is one `niet_gecontroleerd` at the first element that it is about.
"""

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gateway.berichten.historie import Dossier, Earlier, Kenmerk, Versie, kenmerk, partijen
from gateway.berichten.regels import paden
from gateway.berichten.regels.registry import Context, Hit, Toets, niet_gecontroleerd, regel

EERDER = "een overzicht van eerdere berichten"
EERSTE, VERWIJDER = "1", "3"  # StatusAanlevering

Element = tuple[str, Any]  # path and part of a message
Kies = Callable[[Any], Iterable[Element]]


class Zaak:
    """A message and what was exchanged before between the same parties, the message itself left out."""

    def __init__(self, bericht: Any, earlier: Earlier) -> None:
        self.bericht = bericht
        self.earlier = earlier.zonder(bericht)
        self.naam: Kenmerk = kenmerk(bericht)
        self.gemeente, self.aanbieder = partijen(bericht)
        self.dagtekening: dt.date = bericht.header.bericht_identificatie.dagtekening

    @property
    def dossier(self) -> Dossier:
        return Dossier(self.gemeente, self.aanbieder, self.bericht.client.bsn)

    def toewijzing(self, nummer: int) -> Versie | None:
        """The version in force of an allocation of this client to this provider."""
        versies = self.earlier.toewijzing(self.gemeente, nummer)
        return versies[-1] if versies and versies[-1].dossier == self.dossier else None


def historisch(
    code: str, *berichten: str, bij: Kies
) -> Callable[[Callable[[Iterable[Element], Zaak], Iterator[Hit]]], Toets]:
    """Register a rule that needs earlier messages; `bij` picks the elements that it is about."""

    def registreer(toets: Callable[[Iterable[Element], Zaak], Iterator[Hit]]) -> Toets:
        @functools.wraps(toets)
        def met_historie(bericht: Any, ctx: Context) -> Iterator[Hit]:
            if ctx.earlier is not None:
                yield from toets(bij(bericht), Zaak(bericht, ctx.earlier))
                return
            for pad, _ in bij(bericht):
                yield niet_gecontroleerd(pad, EERDER)
                return

        return regel(code, *berichten)(met_historie)

    return registreer


def header(bericht: Any) -> Iterator[Element]:
    yield "/Bericht/Header", bericht.header


def client(bericht: Any) -> Iterator[Element]:
    yield paden.CLIENT, bericht.client


def toegewezen(bericht: Any) -> Iterator[Element]:
    return paden.genummerd(paden.TOEGEWEZEN, bericht.client.toegewezen_producten)


def starts(bericht: Any) -> Iterator[Element]:
    return paden.genummerd(paden.START, bericht.client.start_producten)


def stops(bericht: Any) -> Iterator[Element]:
    return paden.genummerd(paden.STOP, bericht.client.stop_producten)


def aangevraagd(bericht: Any) -> Iterator[Element]:
    return paden.genummerd(paden.AANGEVRAAGD, bericht.client.aangevraagde_producten)


def verzoek(bericht: Any) -> Iterator[Element]:
    yield paden.VERZOEK, bericht.client.verzoek


def ongewijzigd(bericht: Any) -> Iterator[Element]:
    return paden.genummerd(paden.ONGEWIJZIGD, bericht.client.verzoek.ongewijzigde_producten)


def te_wijzigen(bericht: Any) -> Iterator[Element]:
    return paden.genummerd(paden.TE_WIJZIGEN, bericht.client.verzoek.te_wijzigen_producten)


def nieuw(bericht: Any) -> Iterator[Element]:
    return paden.genummerd(paden.NIEUW, bericht.client.verzoek.nieuwe_producten)


def antwoord(bericht: Any) -> Iterator[Element]:
    yield "/Bericht/Antwoord", bericht.antwoord


@historisch("TR056", bij=header)
def tr056(elementen: Iterable[Element], zaak: Zaak) -> Iterator[Hit]:
    """The same message again is a repeat and no fault; another message under the same name is."""
    if zaak.earlier.bericht(zaak.naam) is not None:
        yield Hit("/Bericht/Header/BerichtIdentificatie/Identificatie", zaak.naam.identificatie)
