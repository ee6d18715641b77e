"""Which dossier a message belongs to, and until when a dossier is kept (SM-145, SM-147).

A case is a dossier: a municipality's traject, a provider's uitvraag. What is exchanged about a client who has no case
belongs to a dossier of the client. A declaration is about many clients and has a dossier, and a term, of its own.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from gateway.berichten.historie import soort_van, toewijzing_nummers, vindplaatsen
from gateway.flows.parties import Surroundings
from gateway.store import Collision, Unit

CLIENT: Final = "client"
DECLARATIE: Final = "declaratie-"
BSN: Final = "bsn"
OF_ONE_CLIENT: Final = ("WMO301", "WMO305", "WMO307", "WMO315", "WMO317")


class Client(msgspec.Struct, frozen=True):
    """A client of whom messages came without a case."""

    bsn: str


def find(unit: Unit, bericht: Any) -> str | None:
    """The dossier that an iWmo message belongs to; None if there is none yet."""
    soort = soort_van(bericht)
    if soort in OF_ONE_CLIENT:
        return _of_client(unit, bericht.client.bsn, toewijzing_nummers(bericht))
    places = [declaration_place(bericht)] if soort == "WMO323" else vindplaatsen(bericht)
    known = unit.berichten.under(places)
    return next((row.dossier for row in reversed(known) if row.dossier is not None), None)


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """The dossier of a message, and its client if it is a new one, that is not made yet."""

    dossier: str | None
    begins: Client | None = None


def place(unit: Unit, bericht: Any, without: Collection[str] = frozenset()) -> Placing:
    """`find`, with the name of a new dossier for a client of whom nothing was known: for `begin_all`.

    `without`: clients of whom nothing is kept, as far as that was asked.
    """
    bsn = client_of(bericht)
    known = None if bsn in without else find(unit, bericht)
    if known is None and bsn is not None and bsn not in without and not without_dossier(unit, [bericht]):
        known = find(unit, bericht)  # another process began it between those two questions
    if known is not None or bsn is None:
        return Placing(dossier=known)
    return Placing(dossier=secrets.token_hex(16), begins=Client(bsn))


def without_dossier(unit: Unit, berichten: Sequence[Any]) -> set[str]:
    """The clients of whom nothing is kept, of those that these messages are about; no other process begins it now."""
    clients = {bsn for one in berichten if (bsn := client_of(one)) is not None}
    return unit.records.without_dossier(BSN, sorted(clients)) if clients else set()


def client_of(bericht: Any) -> str | None:
    """The BSN that `place` looks for; None if it looks for no client."""
    return bericht.client.bsn if soort_van(bericht) in OF_ONE_CLIENT else None


def begin_all(unit: Unit, begun: Mapping[str, Client]) -> None:
    """Make dossiers of clients of whom nothing was known, by their name."""
    unit.records.add_dossiers(CLIENT, {name: (client, {BSN: client.bsn}) for name, client in begun.items()})


def of_messages(unit: Unit, berichten: Sequence[Any]) -> list[str | None]:
    """The dossier of each, as `find`; those of clients of whom nothing was known are made, all at once.

    Collision if one was destroyed at this moment: written in, it would come back, and be destroyed again as listed.
    """
    clients = [client_of(one) for one in berichten]
    new = without_dossier(unit, berichten)
    made = {bsn: secrets.token_hex(16) for bsn in dict.fromkeys(clients) if bsn in new}
    begin_all(unit, {name: Client(bsn) for bsn, name in made.items()})
    found = [made[bsn] if bsn in made else find(unit, one) for bsn, one in zip(clients, berichten, strict=True)]
    for dossier in {one for one in found if one is not None} - {*made.values()}:
        if not unit.stays(dossier):
            raise Collision("a dossier was destroyed at this moment: do it again")
    return found


def declaration_place(bericht: Any) -> str:
    """The key that a WMO323 is registered under by its number."""
    gemeente, aanbieder = bericht.header.ontvanger, bericht.header.afzender
    return f"declaratie:{gemeente}:{aanbieder}:{bericht.declaratie.declaratie_nummer}"


def declaration(unit: Unit, bericht: Any) -> str:
    """The dossier of a WMO323; a new one for a number that nothing is kept of."""
    return find(unit, bericht) or f"{DECLARATIE}{secrets.token_hex(16)}"


def reference(dossier: str) -> str:
    """What the outbox keeps order by (SM-90): a change of an order must not overtake the order."""
    return f"dossier/{dossier}"


def touch(unit: Unit, us: Surroundings, dossier: str) -> str:
    """Something happened in a dossier: its term begins anew. The client's pseudonym, for the audit trail."""
    return unit.dossiers.touch(dossier, _term(unit, us, dossier))


def touch_all(unit: Unit, us: Surroundings, dossiers: Iterable[str]) -> dict[str, str]:
    """`touch` for many: each dossier with its pseudonym."""
    return unit.dossiers.touch_all({dossier: _term(unit, us, dossier) for dossier in dossiers})


def _term(unit: Unit, us: Surroundings, dossier: str) -> datetime:
    return unit.now + (us.keep.declaration if dossier.startswith(DECLARATIE) else us.keep.dossier)


def _of_client(unit: Unit, bsn: str, nummers: Iterable[int]) -> str | None:
    """The case that has one of these ToewijzingNummers, else the client's newest case, else the client's dossier."""
    found = unit.records.dossiers(BSN, bsn)
    for nummer in nummers if len(found) > 1 else ():
        if ordered := unit.records.dossiers(BSN, bsn, also=("toewijzing", str(nummer))):
            return ordered[0][1]
    cases = [dossier for soort, dossier in found if soort != CLIENT]
    return next(iter((*cases, *(dossier for _, dossier in found))), None)
