"""What was exchanged before, read from the register: only the messages that matter to the one at hand.

A message is registered under the keys that another may ask for, so that judging one costs the same after ten messages
as after a million. The rules of the standard ask what `berichten.historie` says; what a declaration is judged by is
asked for here.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from gateway import berichten
from gateway.berichten import wmo301, wmo323
from gateway.berichten.historie import (
    History,
    Kenmerk,
    heenbericht_van,
    kenmerk,
    rond,
    soort_van,
    vindplaatsen,
    vragen,
)
from gateway.berichten.soorten import SOORTEN
from gateway.flows.dossiers import declaration_place
from gateway.store import Bericht, Unit
from gateway.store.berichten import in_order

Under = Callable[[frozenset[str]], Sequence[Bericht]]  # what is registered under one or more of these keys


def places(bericht: Any) -> frozenset[str]:
    """The keys to register a message under. They may hold a BSN: the store keeps hashes."""
    return vindplaatsen(bericht) | frozenset(_declaration_places(bericht))


def earlier(unit: Unit, partner: str, bericht: Any, under: Under | None = None) -> History:
    """What was exchanged with this partner and matters to `bericht`, as the rules want to see it.

    `under` may know more than the register, or know it already.
    """
    return rond(bericht, _Register(unit, {partner}, under).under)


def earlier_each(unit: Unit, berichten: Sequence[tuple[str, Any]]) -> list[History]:
    """`earlier` for many messages, each with its partner: one look at the register for all."""
    asked = frozenset().union(*(vragen(bericht) for _, bericht in berichten))
    at_hand = unit.berichten.under_each(asked)

    def under(keys: frozenset[str]) -> Sequence[Bericht]:
        return under_among(at_hand, keys, unit)

    return [earlier(unit, partner, bericht, under) for partner, bericht in berichten]


def under_among(at_hand: Mapping[str, Sequence[Bericht]], keys: frozenset[str], unit: Unit) -> Sequence[Bericht]:
    """What is registered under one or more of these keys: by what was asked before, if that is enough."""
    if keys <= at_hand.keys():
        return in_order(at_hand[key] for key in keys)
    return unit.berichten.under(keys)


def around_declaration(unit: Unit, partners: Collection[str], declaratie: wmo323.Bericht) -> list[Any]:
    """What was exchanged with these partners and matters to the judgement of a declaration, each message once.

    The orders it names or that are of its clients, the lines on those orders or under its references, declarations of
    its number, those that wait for an answer, and the answers to all of them.
    """
    register = _Register(unit, partners)
    waiting = [row for code in partners for row in unit.berichten.list(soort="WMO323", status="new", afzender=code)]
    for row in waiting:
        if unit.berichten.is_kept(row.id):  # one whose dossier was destroyed is judged no more
            register.read(row)
    register.under(vragen(declaratie) | frozenset(_declaration_questions(declaratie, partners)))
    register.under(frozenset(_answered(kenmerk(found)) for found in register.messages() if not _is_retour(found)))
    return register.messages()


def _declaration_places(bericht: Any) -> Iterator[str]:
    if _is_retour(bericht):
        yield _answered(heenbericht_van(bericht))
    if isinstance(bericht, wmo301.Bericht):
        yield f"opdracht:{bericht.header.afzender}:{bericht.header.ontvanger}:{bericht.client.bsn}"
    if isinstance(bericht, wmo323.Bericht):
        gemeente, aanbieder = bericht.header.ontvanger, bericht.header.afzender
        yield declaration_place(bericht)
        for prestatie in _lines(bericht):
            yield f"regel:{gemeente}:{prestatie.toewijzing_nummer}"
            yield from _references(prestatie, gemeente, aanbieder)


def _declaration_questions(declaratie: wmo323.Bericht, partners: Collection[str]) -> Iterator[str]:
    yield from _declaration_places(declaratie)
    gemeente = declaratie.header.ontvanger
    for client in declaratie.declaratie.clienten:
        yield from (f"opdracht:{gemeente}:{code}:{client.bsn}" for code in partners)


def _is_retour(bericht: Any) -> bool:
    return SOORTEN[soort_van(bericht)].is_retour


def _answered(heen: Kenmerk) -> str:
    return ":".join(("antwoord", *heen))


def _lines(declaratie: wmo323.Bericht) -> Iterator[wmo323.Prestatie]:
    for client in declaratie.declaratie.clienten:
        yield from client.prestaties


def _references(prestatie: wmo323.Prestatie, gemeente: str, aanbieder: str) -> Iterator[str]:
    """Of a line itself, and of the line that it takes back."""
    both = prestatie.product_referentie.referentie_nummer, prestatie.product_referentie.vorig_referentie_nummer
    yield from (f"referentie:{gemeente}:{aanbieder}:{nummer}" for nummer in both if nummer is not None)


class _Register:
    """The register as seen by one question: each message is read once, of these partners only."""

    def __init__(self, unit: Unit, partners: Collection[str], under: Under | None = None) -> None:
        self._unit, self._partners = unit, frozenset(partners)
        self._under = under or unit.berichten.under
        self._read: dict[int, Any] = {}

    def under(self, keys: frozenset[str]) -> list[Any]:
        """The messages registered under one or more of these keys."""
        return [self.read(row) for row in self._under(keys) if {row.afzender, row.ontvanger} & self._partners]

    def read(self, row: Bericht) -> Any:
        """One registered message."""
        if row.id not in self._read:
            self._read[row.id] = berichten.parse(self._unit.berichten.xml(row.id))
        return self._read[row.id]

    def messages(self) -> list[Any]:
        """Everything that was read, in the order of registration."""
        return [self._read[number] for number in sorted(self._read)]
