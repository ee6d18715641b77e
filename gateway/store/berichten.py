"""The register of iWmo messages that came and went: one row a message, its XML sealed."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa

from .errors import AlreadyThere, NotThere
from .sealing import Sealer
from .tables import bericht_keys, berichten

XML: Final = "berichten.xml"
KEY: Final = "bericht"
KEYS_AT_ONCE = 500  # in one statement

Richting = Literal["in", "uit"]
Status = Literal["new", "sent", "accepted", "rejected", "answered"]


class BerichtIn(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be registered."""

    richting: Richting
    soort: str  # WMO301 …
    versie: str  # release of the standard: 3.2
    afzender: str
    ontvanger: str
    identificatie: str
    dagtekening: str  # yyyy-mm-dd
    xml: bytes
    status: Status = "new"
    antwoord_op: int | None = None  # number of the message that this one answers
    inbox_id: int | None = None
    outbox_id: int | None = None
    dossier: str | None = None


class Bericht(msgspec.Struct, frozen=True, kw_only=True):
    """A registered message, without its XML."""

    id: int
    richting: Richting
    soort: str
    versie: str
    afzender: str
    ontvanger: str
    identificatie: str
    dagtekening: str
    sha256: str
    status: Status
    antwoord_op: int | None
    inbox_id: int | None
    outbox_id: int | None
    dossier: str | None
    created_at: datetime


_FIELDS = [berichten.c[name] for name in Bericht.__struct_fields__]
_SEARCHABLE = frozenset(Bericht.__struct_fields__) - {"created_at"}


class Berichten:
    """Named queries on the register, within one unit of work."""

    def __init__(self, conn: sa.Connection, sealer: Sealer, now: datetime) -> None:
        self._conn, self._sealer, self._now = conn, sealer, now

    def add(self, bericht: BerichtIn, keys: Iterable[str] = ()) -> int:
        """Register a message; AlreadyThere if (richting, soort, afzender, identificatie) is known.

        `keys` are what `under` finds it by; only their keyed hashes are kept, since they may name a client (SM-146).
        """
        known = self.find(bericht.richting, bericht.soort, bericht.afzender, bericht.identificatie)
        if known is not None:
            raise AlreadyThere(f"{bericht.soort} of {bericht.afzender}, {bericht.richting}", known.id)
        values: dict[str, Any] = msgspec.structs.asdict(bericht)
        xml: bytes = values.pop("xml")
        values |= {"sha256": hashlib.sha256(xml).hexdigest(), "created_at": self._now}
        key = self._conn.execute(berichten.insert(), values).inserted_primary_key
        assert key is not None
        self._sealer.add(XML, key[0], xml, bericht.dossier)
        if hashes := {self._sealer.blind(KEY, name) for name in keys}:
            rows = [{"value": value, "bericht_id": key[0]} for value in sorted(hashes)]
            self._conn.execute(bericht_keys.insert(), rows)
        return int(key[0])

    def under(self, keys: Iterable[str]) -> Sequence[Bericht]:
        """The messages registered under one or more of these keys, in order of number."""
        hashes = sorted({self._sealer.blind(KEY, name) for name in keys})
        found: dict[int, Bericht] = {}
        for first in range(0, len(hashes), KEYS_AT_ONCE):
            some = bericht_keys.c.value.in_(hashes[first : first + KEYS_AT_ONCE])
            query = sa.select(*_FIELDS).where(berichten.c.id.in_(sa.select(bericht_keys.c.bericht_id).where(some)))
            found |= {row.id: Bericht(**row._mapping) for row in self._conn.execute(query)}
        return [found[number] for number in sorted(found)]

    def find(self, richting: Richting, soort: str, afzender: str, identificatie: str) -> Bericht | None:
        """The message with this identity."""
        found = self.list(richting=richting, soort=soort, afzender=afzender, identificatie=identificatie, limit=1)
        return found[0] if found else None

    def get(self, number: int) -> Bericht:
        """One message; NotThere."""
        if not (found := self.list(id=number)):
            raise NotThere(f"bericht {number} is not there")
        return found[0]

    def xml(self, number: int) -> bytes:
        """The message as it travelled."""
        return self._sealer.get(XML, number)

    def list(self, *, after: int = 0, limit: int = 1000, **where: Any) -> Sequence[Bericht]:
        """Messages whose fields have these values (names of `Bericht`), in order of number, after `after`."""
        if unknown := set(where) - _SEARCHABLE:
            raise TypeError(f"no such field to search by: {', '.join(sorted(unknown))}")
        query = sa.select(*_FIELDS).where(berichten.c.id > after).order_by(berichten.c.id).limit(limit)
        for name, value in where.items():
            query = query.where(berichten.c[name] == value)
        return [Bericht(**row._mapping) for row in self._conn.execute(query)]

    def answers(self, number: int) -> Sequence[Bericht]:
        """The messages that answer this one."""
        return self.list(antwoord_op=number)

    def set_status(self, number: int, status: Status) -> None:
        """Where the message stands."""
        self._change(number, status=status)

    def link(self, number: int, *, outbox_id: int | None = None, inbox_id: int | None = None) -> None:
        """Which row of the outbox or inbox carried it."""
        links = {"outbox_id": outbox_id, "inbox_id": inbox_id}
        self._change(number, **{name: value for name, value in links.items() if value is not None})

    def _change(self, number: int, **values: Any) -> None:
        if not values:
            return
        change = berichten.update().where(berichten.c.id == number).values(**values)
        if self._conn.execute(change).rowcount == 0:
            raise NotThere(f"bericht {number} is not there")
