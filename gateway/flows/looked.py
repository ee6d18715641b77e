"""What messages ask of the store before they take effect, asked for several of them at once."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from gateway.berichten.historie import vragen
from gateway.flows import dossiers
from gateway.flows.ahead import Ahead
from gateway.flows.kop import Kop, kop
from gateway.flows.payload import Payload
from gateway.securemail import Opened
from gateway.store import Bericht, Unit

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Name = tuple[str, str, str]  # kind, sender, identification


class Looked(msgspec.Struct, frozen=True):
    """Answers by question: of what was not asked nothing is known."""

    named: Mapping[Name, Bericht | None] = {}  # what came in, by its name
    under: Mapping[str, Sequence[Bericht]] = {}  # what is registered, by key
    without_dossier: Collection[str] = frozenset()  # BSNs
    foreign: Collection[str] = frozenset()  # Message-IDs that are not ours …
    names: Collection[tuple[str, str]] = frozenset()  # … or not accepted before: partner and Message-ID …
    contents: Collection[tuple[str, bytes]] = frozenset()  # … partner and MIC


NOTHING = Looked()


def name_of(head: Kop) -> Name:
    """What a message is called in the register."""
    return head.soort, head.afzender, head.identificatie


def look(unit: Unit, some: Iterable[Ahead]) -> Looked:
    """Ask for these. In the turn to write the answers hold until something is written that was asked about."""
    opened, messages = [], []
    for ahead in some:
        opened.append(ahead.opened)
        reading = ahead.payload.reading if isinstance(ahead.payload, Payload) else None
        if reading is not None and reading.soort in dossiers.OF_ONE_CLIENT and reading.bericht is not None:
            messages.append((kop(reading.soort, reading.bericht), reading.bericht))
    asked = {one.headers.message_id for one in opened}
    names, contents = _new(unit, opened)
    return Looked(
        named=_named(unit, [head for head, _ in messages]),
        under=unit.berichten.under_each(frozenset().union(*(vragen(bericht) for _, bericht in messages))),
        without_dossier=dossiers.without_dossier(unit, [bericht for _, bericht in messages]),
        foreign=asked - unit.outbox.ours(asked),
        names=names,
        contents=contents,
    )


def _named(unit: Unit, heads: Iterable[Kop]) -> dict[Name, Bericht | None]:
    found: dict[Name, Bericht | None] = {}
    for sender, some in _by(heads, lambda head: (head.soort, head.afzender)).items():
        known = unit.berichten.find_all("in", *sender, [head.identificatie for head in some])
        found |= {name_of(head): known.get(head.identificatie) for head in some}
    return found


def _new(unit: Unit, opened: Iterable[Opened]) -> tuple[set[tuple[str, str]], set[tuple[str, bytes]]]:
    names: set[tuple[str, str]] = set()
    contents: set[tuple[str, bytes]] = set()
    for code, some in _by(opened, lambda one: one.partner.id).items():
        by_name, by_mic = {one.headers.message_id for one in some}, {one.mic for one in some}
        known_names, known_mics = unit.identities.among(code, by_name, by_mic)
        names |= {(code, name) for name in by_name - known_names}
        contents |= {(code, mic) for mic in by_mic - known_mics}
    return names, contents


def _by(values: Iterable[V], key: Callable[[V], K]) -> dict[K, list[V]]:
    found: dict[K, list[V]] = {}
    for value in values:
        found.setdefault(key(value), []).append(value)
    return found
