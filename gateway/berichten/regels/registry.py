"""The register of rules: which function checks which rule, on which messages, and what a hit becomes.

A rule is one pure function named after its number. It gets the message and a `Context` and yields a `Hit` for every
place that breaks the rule; level, retourcode and texts come from the table (`tabel.py`), never from the function.
A rule that cannot be judged because a source is missing yields `niet_gecontroleerd(...)`: never good, never an error.

    @regel("TR018", "WMO307")
    def tr018(bericht, ctx):
        for pad, stop in elementen(...):
            if stop.einddatum < stop.begindatum:
                yield Hit(f"{pad}/Einddatum")

Rooms above register their own rules (levels 3 and 4 of the WMO323) with the same decorator, by being imported.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from gateway.berichten import codelijsten
from gateway.berichten.codelijsten import Codelijsten
from gateway.berichten.regels import tabel
from gateway.berichten.regels.tabel import Lang, Regel
from gateway.domain.findings import Finding

if TYPE_CHECKING:
    from gateway.berichten.historie import Earlier

_LEEG: Mapping[str, Any] = MappingProxyType({})


class Hit(msgspec.Struct, frozen=True):
    """One place in a message that breaks a rule."""

    path: str  # /Bericht/Client/..., local names, [n] where an element repeats (counted from 1)
    value: str | None = None  # the offending value; never personal data
    klasse: str | None = None  # message class that carries the retourcode, if the path does not say it
    bron: str | None = None  # filled: not judged, because this source is missing


def niet_gecontroleerd(path: str, bron: str, klasse: str | None = None) -> Hit:
    """The rule could not be judged: `bron` (a short Dutch noun) is missing."""
    return Hit(path, klasse=klasse, bron=bron)


class Bron(Protocol):
    """A dated list kept by someone else: CBS gemeentecodes, the AGB register, a product code list."""

    def valid(self, code: str, on: dt.date | None = None) -> bool | None:
        """True if `code` is on the list on that day; None if the list says nothing about that day."""
        ...


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule may know besides the message. Everything may be missing; a rule then says `niet_gecontroleerd`."""

    soort: str = ""  # WMO301; filled by `hits`
    today: dt.date | None = None  # the day of receipt
    earlier: "Earlier | None" = None  # what was exchanged before
    codelists: Codelijsten = msgspec.field(default_factory=codelijsten.standaard)
    # "gemeentecodes", "agb", "productcodes", "contract": Bron or the rule's own type
    sources: Mapping[str, Any] = _LEEG
    oddities: Mapping[str, str] = _LEEG  # path -> text of a whole number that is not written the plain way (007, +7)


Toets = Callable[[Any, Context], Iterable[Hit]]


class Registratie(msgspec.Struct, frozen=True):
    """A rule's function for some messages."""

    code: str
    berichten: tuple[str, ...]
    toets: Toets

    @property
    def where(self) -> str:
        return f"{self.toets.__module__}:{self.toets.__name__}"

    @property
    def kamer(self) -> str:
        """The room that registered it: gateway.berichten."""
        return ".".join(self.toets.__module__.split(".")[:2])


_register: dict[str, dict[str, Registratie]] = {}  # message -> code -> function
_volgorde: dict[
    str, tuple[tuple[Regel, Toets], ...]
] = {}  # message -> rules by level and code; emptied on registration


def regel(code: str, *berichten: str) -> Callable[[Toets], Toets]:
    """Register a function for rule `code` on these messages (default: all messages of the rule in the table).

    A room above that knows more may take over a rule of this room.
    Raises ValueError for a bug: an unknown rule, a message that the rule does not have, two functions in one room.
    """
    rij = tabel.regels().get(code)
    if rij is None:
        raise ValueError(f"{code} is not in the rule table")
    soorten = berichten or rij.berichten
    if vreemd := set(soorten) - set(rij.berichten):
        raise ValueError(f"{code} is not a rule of {', '.join(sorted(vreemd))}")

    def bewaar(toets: Toets) -> Toets:
        registratie = Registratie(code, soorten, toets)
        for soort in soorten:
            ander = _register.setdefault(soort, {}).get(code)
            if ander is not None and ander.where != registratie.where and ander.kamer == registratie.kamer:
                raise ValueError(f"{code} on {soort}: {ander.where} and {registratie.where}")
            _register[soort][code] = registratie
        _volgorde.clear()
        return toets

    return bewaar


def registraties(code: str) -> tuple[Registratie, ...]:
    """The functions registered for a rule, one per group of messages."""
    gevonden = {r.where: r for per_bericht in _register.values() if (r := per_bericht.get(code))}
    return tuple(gevonden.values())


def _toetsen(soort: str) -> tuple[tuple[Regel, Toets], ...]:
    """The rules with a function for a message, lowest level first."""
    if soort not in _volgorde:
        paren = [(tabel.regels()[code], r.toets) for code, r in _register.get(soort, {}).items()]
        _volgorde[soort] = tuple(sorted(paren, key=lambda paar: (paar[0].level or 0, paar[0].code)))
    return _volgorde[soort]


def zonder_toets(soort: str, levels: Iterable[int]) -> tuple[str, ...]:
    """The rules of these levels that a message has and that no function here checks."""
    hier, gevraagd = _register.get(soort, {}), frozenset(levels)
    return tuple(rij.code for rij in tabel.regels_van(soort) if rij.level in gevraagd and rij.code not in hier)


def hits(
    bericht: Any, ctx: Context, soort: str, levels: Iterable[int] = (2,), codes: frozenset[str] | None = None
) -> Iterator[tuple[Regel, Hit]]:
    """Every hit of the registered rules of these levels (and numbers) on a message, by level and rule number."""
    ctx = msgspec.structs.replace(ctx, soort=soort)
    gevraagd = frozenset(levels)
    for rij, toets in _toetsen(soort):
        if rij.level in gevraagd and (codes is None or rij.code in codes):
            for hit in toets(bericht, ctx):
                yield rij, hit


def finding(rij: Regel, hit: Hit, lang: Lang = "nl", line: int | None = None) -> Finding:
    """The finding that a hit stands for, with the table's words."""
    if hit.bron is not None:
        return Finding(
            code=rij.code,
            severity="unchecked",
            message=tabel.niet_gecontroleerd(hit.bron, lang),
            level=rij.level,
            path=hit.path,
            line=line,
        )
    return Finding(
        code=rij.code,
        severity="error",
        message=tabel.niet_voldaan(rij.tekst(lang), lang),
        advice=rij.advies(lang) or None,
        retourcode=rij.retourcode,
        level=rij.level,
        path=hit.path,
        line=line,
        value=hit.value,
    )


def rules(bericht: str | None = None, soort: str | None = None) -> tuple[Regel, ...]:
    """The rules of the standard with status and place: of one message (WMO323), of one kind (CD, CS, RS, TR, OP...)."""
    alle = tabel.regels().values() if bericht is None else tabel.regels_van(bericht)
    return tuple(_met_status(rij) for rij in alle if soort is None or rij.soort == soort)


def _met_status(rij: Regel) -> Regel:
    """A rule with a function here is implemented here, besides where the table says that a room above does it."""
    hier = {r.where for r in registraties(rij.code)}
    if not hier:
        return rij
    return msgspec.structs.replace(rij, status="implemented", where=" ".join(sorted(hier.union(rij.where.split()))))
