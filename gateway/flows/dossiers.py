"""Which dossier a message belongs to, and until when a dossier is kept (SM-145, SM-147).

A case is a dossier: a municipality's traject, a provider's uitvraag. What is exchanged about a client who has no case
belongs to a dossier of the client. A declaration is about many clients and has a dossier, and a term, of its own.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from gateway.berichten.historie import soort_van, toewijzing_nummers, vindplaatsen
from gateway.flows.parties import Surroundings
from gateway.store import Unit

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


def of_message(unit: Unit, bericht: Any) -> str | None:
    """`find`, with a dossier made for a client of whom nothing was known."""
    return of_messages(unit, [bericht])[0]


def of_messages(unit: Unit, berichten: Sequence[Any]) -> list[str | None]:
    """`of_message` for many: the dossiers of all clients of whom nothing was known are made at once."""
    clients = [one.client.bsn if soort_van(one) in OF_ONE_CLIENT else None for one in berichten]
    known = list(dict.fromkeys(bsn for bsn in clients if bsn is not None))
    new = unit.records.without_dossier(BSN, known) if known else set()
    made = {bsn: secrets.token_hex(16) for bsn in known if bsn in new}
    unit.records.add_dossiers(CLIENT, {name: (Client(bsn), {BSN: bsn}) for bsn, name in made.items()})
    return [made[bsn] if bsn in made else find(unit, one) for bsn, one in zip(clients, berichten, strict=True)]


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


def touch_all(unit: Unit, us: Surroundings, dossiers: Iterable[str]) -> None:
    """`touch` for many."""
    unit.dossiers.touch_all({dossier: _term(unit, us, dossier) for dossier in dossiers})


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
