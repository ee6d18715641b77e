"""The register of iWmo messages that came and went: one row a message, its XML sealed."""

import builtins
import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa

from .errors import AlreadyThere, Damaged, NotThere
from .prepared import Prepared, among, bound, new_numbers, off_index
from .sealing import Sealer
from .tables import bericht_keys, berichten

XML: Final = "berichten.xml"
KEY: Final = "bericht"
KEYS_AT_ONCE = 500  # in one statement
_PAGE: Final = 100  # messages read at once where all are

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
    outbox_id: int | None
    dossier: str | None
    created_at: datetime


_FIELDS = [berichten.c[name] for name in Bericht.__struct_fields__]
_SEARCHABLE = frozenset(Bericht.__struct_fields__) - {"created_at"}

# The statements that every message needs, made once: making one costs four times what running it does.
_SENDER = [off_index(berichten.c[name]) == sa.bindparam(f"{name}_") for name in ("richting", "soort", "afzender")]
_FIND = Prepared(sa.select(*_FIELDS).where(*_SENDER, among(berichten.c.identificatie, "identificaties")))
_ADD = Prepared(berichten.insert().values(bound(Bericht.__struct_fields__)))
_ADD_KEYS = Prepared(bericht_keys.insert().values(bound(bericht_keys.c.keys())))
_UNDER = Prepared(
    sa.select(*_FIELDS, bericht_keys.c.value)
    .join(bericht_keys, off_index(bericht_keys.c.bericht_id) == berichten.c.id)
    .where(among(bericht_keys.c.value, "hashes"))
)
_EACH = Prepared(
    sa.select(*_FIELDS)
    .where(berichten.c.id > sa.bindparam("after_"), among(off_index(berichten.c.soort), "soorten"))
    .order_by(berichten.c.id)
    .limit(sa.bindparam("limit_", type_=sa.Integer))
)


def _number(bericht: Bericht) -> int:
    return bericht.id


def _bericht(values: dict[str, Any]) -> Bericht:
    """Of a row as the driver gives it."""
    return Bericht(**values | {"created_at": datetime.fromisoformat(values["created_at"])})


def in_order(found: Iterable[Iterable[Bericht]]) -> list[Bericht]:
    """All of them, each once."""
    return sorted({row.id: row for rows in found for row in rows}.values(), key=_number)


class Berichten:
    """Named queries on the register, within one unit of work."""

    def __init__(self, conn: sa.Connection, sealer: Sealer, now: datetime) -> None:
        self._conn, self._sealer, self._now = conn, sealer, now

    def add(self, bericht: BerichtIn, keys: Iterable[str] = ()) -> int:
        """Register a message; AlreadyThere if (richting, soort, afzender, identificatie) is known.

        `keys` are what `under` finds it by; only their keyed hashes are kept, since they may name a client (SM-146).
        """
        return self.add_all([(bericht, keys)])[0]

    def add_all(self, made: Sequence[tuple[BerichtIn, Iterable[str]]]) -> list[int]:
        """`add` for many, in this order; their numbers. AlreadyThere, and none is registered, if one is known."""
        if not made:
            return []
        names: dict[tuple[Richting, str, str], list[str]] = {}
        for bericht, _ in made:
            sender = bericht.richting, bericht.soort, bericht.afzender
            names.setdefault(sender, []).append(bericht.identificatie)
        for (richting, soort, afzender), identificaties in names.items():
            for row in self.find_all(richting, soort, afzender, identificaties).values():
                raise AlreadyThere(f"{soort} of {afzender}, {richting}", row.id)
        numbers = new_numbers(self._conn, berichten, len(made))
        pairs = list(zip(numbers, made, strict=True))
        _ADD.many(self._conn, [self._row(number, bericht) for number, (bericht, _) in pairs])
        self._sealer.add_all(XML, [(number, bericht.xml, bericht.dossier) for number, (bericht, _) in pairs])
        self._add_keys((number, keys) for number, (_, keys) in pairs)
        return numbers

    def _row(self, number: int, bericht: BerichtIn) -> dict[str, Any]:
        values: dict[str, Any] = msgspec.structs.asdict(bericht)
        xml: bytes = values.pop("xml")
        return values | {"id": number, "sha256": hashlib.sha256(xml).hexdigest(), "created_at": self._now}

    def reindex(self, number: int, keys: Iterable[str]) -> None:
        """Write the keys of a message anew, under the newest index key."""
        self._conn.execute(bericht_keys.delete().where(bericht_keys.c.bericht_id == number))
        self._add_keys([(number, keys)])

    def _add_keys(self, found_by: Iterable[tuple[int, Iterable[str]]]) -> None:
        rows = [
            {"value": value, "bericht_id": number, "key_version": self._sealer.index_version}
            for number, keys in found_by
            for value in sorted({self._sealer.blind(KEY, name) for name in keys})
        ]
        _ADD_KEYS.many(self._conn, rows)

    def under(self, keys: Iterable[str]) -> Sequence[Bericht]:
        """The messages registered under one or more of these keys, in order of number."""
        return in_order(self.under_each(keys).values())

    def under_each(self, keys: Iterable[str]) -> dict[str, Sequence[Bericht]]:
        """For each key the messages registered under it, in order of number."""
        hashes = {value: name for name in keys for value in self._sealer.blinds(KEY, name)}
        found: dict[str, dict[int, Bericht]] = {name: {} for name in hashes.values()}
        wanted = sorted(hashes)
        for first in range(0, len(wanted), KEYS_AT_ONCE):
            for row in _UNDER.rows(self._conn, {"hashes": wanted[first : first + KEYS_AT_ONCE]}):
                values = row._asdict()
                name = hashes[values.pop("value")]
                found[name][row.id] = _bericht(values)
        return {name: sorted(rows.values(), key=_number) for name, rows in found.items()}

    def find(self, richting: Richting, soort: str, afzender: str, identificatie: str) -> Bericht | None:
        """The message with this identity."""
        return self.find_all(richting, soort, afzender, [identificatie]).get(identificatie)

    def find_all(
        self, richting: Richting, soort: str, afzender: str, identificaties: Sequence[str]
    ) -> dict[str, Bericht]:
        """`find` for many names of one sender; by name, without those that are not there."""
        sender = {"richting_": richting, "soort_": soort, "afzender_": afzender}
        rows = _FIND.rows(self._conn, {**sender, "identificaties": list(identificaties)})
        return {row.identificatie: _bericht(row._asdict()) for row in rows}

    def get(self, number: int) -> Bericht:
        """One message; NotThere."""
        if not (found := self.list(id=number)):
            raise NotThere(f"bericht {number} is not there")
        return found[0]

    def xml(self, number: int) -> bytes:
        """The message as it travelled."""
        return self._sealer.get(XML, number)

    def xmls(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Messages as they travelled by their numbers, in that order, without those that are not there or damaged."""
        kept = self._kept(numbers)
        return {number: xml for number in numbers if (xml := kept.get(number)) is not None}

    def each(
        self, soorten: Collection[str], partners: Collection[str], damaged: builtins.list[Bericht]
    ) -> Iterator[tuple[Bericht, bytes]]:
        """All messages of these kinds from or to these partners and their XML, in order of number, a page at a time.

        One that was altered outside the gateway is added to `damaged`; of one whose dossier was destroyed nothing
        is left, and it is left out.
        """
        asked: dict[str, Any] = {"soorten": builtins.list(soorten), "limit_": _PAGE, "after_": 0}
        while page := [_bericht(row._asdict()) for row in _EACH.rows(self._conn, asked)]:
            kept = self._kept([row.id for row in page if row.afzender in partners or row.ontvanger in partners])
            for row in page:
                if (xml := kept.get(row.id)) is not None:
                    yield row, xml
                elif row.id in kept:
                    damaged.append(row)
            asked["after_"] = page[-1].id

    def _kept(self, numbers: Sequence[int]) -> dict[int, bytes | None]:
        """Of what is there: the message, or None if it was altered."""
        found: dict[int, bytes | None] = {}
        for number, value in self._sealer.find_all(XML, numbers).items():
            found[number] = None
            with suppress(Damaged):
                found[number] = self._sealer.open(XML, number, value.key_id, value.data)
        return found

    def is_kept(self, number: int) -> bool:
        """False for a message of a dossier that was destroyed: its row is left, its XML is not."""
        return self._sealer.has(XML, number)

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
        change = berichten.update().where(berichten.c.id == number).values(status=status)
        if self._conn.execute(change).rowcount == 0:
            raise NotThere(f"bericht {number} is not there")
