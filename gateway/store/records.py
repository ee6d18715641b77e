"""Documents of the flows: a kind, a key, a body in JSON, and the events that led to it. The store reads no body."""

import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, Final, Generic, TypeVar

import msgspec
import sqlalchemy as sa

from .errors import AlreadyThere, Conflict, Damaged, NotThere
from .prepared import Prepared, among, bound, looked_up, new_numbers, off_index, within, written
from .sealing import Sealer
from .tables import record_events, record_keys, records
from .turns import take_turns

BODY: Final = "records.body"
EVENT_BODY: Final = "record_events.body"
_PAGE: Final = 100  # bodies read at once of a kind that has many

T = TypeVar("T")

SearchKeys = Mapping[str, str | Sequence[str]]


class Record(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """One document. `versie` counts its changes from 1: quote it when you save."""

    id: int
    soort: str
    sleutel: str
    versie: int
    dossier: str | None
    created_at: datetime
    changed_at: datetime
    body: T


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One gebeurtenis of a record; never changed, never removed."""

    nr: int  # from 1, without gaps
    at: datetime
    actor: str
    soort: str
    body: bytes  # JSON


# The statements that every message needs, made once: making one costs four times what running it does.
_OF_KIND = off_index(records.c.soort) == sa.bindparam("soort_")
_AT = _OF_KIND, records.c.sleutel == sa.bindparam("sleutel_")
_ROW = sa.select(records.c.id, records.c.dossier).where(*_AT)
_ROW_LOCKED = _ROW.with_for_update()
_FIELDS = [records.c[name] for name in Record.__struct_fields__ if name != "body"]
_TIMES = ("created_at", "changed_at")
_GET = Prepared(sa.select(*_FIELDS).where(*_AT).order_by(records.c.id))
_NUMBERS = Prepared(sa.select(records.c.id, records.c.sleutel).where(_OF_KIND, among(records.c.sleutel, "sleutels")))
_NEW = ("id", "soort", "sleutel", "versie", "created_at", "changed_at")
_ADD_ALL = Prepared(records.insert().values(bound(_NEW)))
_ADD_OF_DOSSIER = Prepared(records.insert().values(bound((*_NEW, "dossier"))))
_SAVE = (
    records.update()
    .where(*_AT, records.c.versie == sa.bindparam("versie_"))
    .values(versie=sa.bindparam("versie"), changed_at=sa.bindparam("changed_at"))
)
_LAST_EVENT = sa.select(sa.func.max(record_events.c.nr)).where(record_events.c.record_id == sa.bindparam("number"))
_ADD_EVENT = record_events.insert()
_EVENTS = (
    sa.select(record_events)
    .join(records, records.c.id == record_events.c.record_id)
    .where(*_AT)
    .order_by(record_events.c.nr)
)
_DROP_KEYS = Prepared(
    record_keys.delete().where(
        record_keys.c.record_id == sa.bindparam("number"), record_keys.c.name == sa.bindparam("name_")
    )
)
_ADD_KEYS = Prepared(record_keys.insert().values(bound(record_keys.c.keys())))


@cache
def _listed_by(keys: int, limited: bool, soort: str | None = None) -> Prepared:
    """Documents of a kind that have so many search keys; `soort`: of this kind.

    By its keys if there are any: of a kind there may be many thousands that are over and done with. Without them the
    kind is in the text: a server that does not know which one it is goes through all documents for a rare one.
    """
    kind = off_index(records.c.soort) if keys else records.c.soort
    number = off_index(records.c.id) if keys else records.c.id
    wanted = sa.bindparam("soort_") if soort is None else written(soort)
    query = sa.select(*_FIELDS).where(kind == wanted, number > sa.bindparam("after_"))
    for place in range(keys):
        named = off_index(record_keys.c.name) == sa.bindparam(f"name{place}")
        found = sa.select(record_keys.c.record_id).where(named, among(record_keys.c.value, f"in{place}"))
        query = query.where(within(records.c.id, found))
    ordered = query.order_by(number)
    return Prepared(ordered.limit(sa.bindparam("limit_", type_=sa.Integer)) if limited else ordered)


_NAMED = off_index(record_keys.c.name) == sa.bindparam("name_"), among(record_keys.c.value, "values_")
_OF_CLIENT = (
    sa.select(records.c.soort, records.c.dossier)
    .where(within(records.c.id, sa.select(record_keys.c.record_id).where(*_NAMED)), records.c.dossier.is_not(None))
    .order_by(records.c.id.desc())
)
_DOSSIERS = Prepared(_OF_CLIENT)
_ALSO = (
    record_keys.c.record_id == records.c.id,
    record_keys.c.name == sa.bindparam("also_"),
    record_keys.c.value == sa.bindparam("is_"),
)
_DOSSIERS_ALSO = Prepared(_OF_CLIENT.where(looked_up(records, *_ALSO)))
_WITH_DOSSIER = looked_up(record_keys, records.c.id == record_keys.c.record_id, records.c.dossier.is_not(None))
_HAVE_DOSSIER = Prepared(sa.select(record_keys.c.value).where(*_NAMED, _WITH_DOSSIER))


def _at(soort: str, sleutel: str) -> dict[str, Any]:
    return {"soort_": soort, "sleutel_": sleutel}


class Records:
    """Named queries on the documents, within one unit of work."""

    def __init__(self, conn: sa.Connection, sealer: Sealer, now: datetime, actor: str) -> None:
        self._conn, self._sealer, self._now, self._actor = conn, sealer, now, actor

    def add(
        self,
        soort: str,
        sleutel: str,
        body: object,
        *,
        dossier: str | None = None,
        keys: SearchKeys | None = None,
        personal: SearchKeys | None = None,
    ) -> int:
        """A new document (any value that msgspec writes as JSON); its number. AlreadyThere if the key is taken.

        `keys` are searched as they are; `personal` ones (BSN) only by a keyed hash and never stored (SM-146).
        """
        self._refuse_known(soort, [sleutel])
        (number,) = self._new(soort, {sleutel: (body, dossier)})
        self._add_keys([(number, keys or {}, personal or {})])
        return number

    def add_dossiers(self, soort: str, begun: Mapping[str, tuple[object, SearchKeys]]) -> None:
        """New documents, each the first of a dossier of its own; AlreadyThere if one is known.

        By key, which names the dossier too: the body and its personal search keys.
        """
        if not begun:
            return
        self._refuse_known(soort, begun)
        self._sealer.begin(list(begun))
        numbers = self._new(soort, {sleutel: (body, sleutel) for sleutel, (body, _) in begun.items()})
        self._add_keys([(number, {}, keys) for number, (_, keys) in zip(numbers, begun.values(), strict=True)])

    def add_all(self, soort: str, bodies: Mapping[str, object]) -> None:
        """New documents of one kind by their key, without dossier or search keys. AlreadyThere if a key is taken."""
        if bodies:
            self._refuse_known(soort, bodies)
            self._new(soort, {sleutel: (body, None) for sleutel, body in bodies.items()})

    def _refuse_known(self, soort: str, keys: Iterable[str]) -> None:
        for row in self._numbers(soort, keys):
            raise AlreadyThere(f"{soort} {row.sleutel}", row.id)

    def _numbers(self, soort: str, keys: Iterable[str]) -> Sequence[Any]:
        return _NUMBERS.rows(self._conn, {"soort_": soort, "sleutels": list(keys)})

    def there(self, soort: str, keys: Iterable[str]) -> set[str]:
        """Those of many keys that a document of this kind has."""
        return {row.sleutel for row in self._numbers(soort, keys)}

    def _new(self, soort: str, bodies: Mapping[str, tuple[object, str | None]]) -> Sequence[int]:
        """Bodies and their dossiers, by key: all have one, or none."""
        numbers = new_numbers(self._conn, records, len(bodies))
        fixed = {"soort": soort, "versie": 1, "created_at": self._now, "changed_at": self._now}
        pairs = list(zip(numbers, bodies.items(), strict=True))
        rows = [{**fixed, "id": number, "sleutel": key, "dossier": dossier} for number, (key, (_, dossier)) in pairs]
        (_ADD_ALL if rows[0]["dossier"] is None else _ADD_OF_DOSSIER).many(self._conn, rows)
        self._sealer.add_all(
            BODY, [(number, msgspec.json.encode(body), dossier) for number, (_, (body, dossier)) in pairs]
        )
        return numbers

    def save(
        self,
        soort: str,
        sleutel: str,
        body: object,
        *,
        versie: int,
        keys: SearchKeys | None = None,
        personal: SearchKeys | None = None,
    ) -> int:
        """Replace the body of a document read as `versie`; its new version. Conflict if it changed meanwhile.

        Search keys whose name is given replace the ones of that name; others stay.
        """
        at = _at(soort, sleutel)
        changed = self._conn.execute(_SAVE, {**at, "versie_": versie, "versie": versie + 1, "changed_at": self._now})
        row = self._conn.execute(_ROW, at).one_or_none()
        if row is None:
            raise NotThere(f"{soort} {sleutel} is not there")
        if changed.rowcount == 0:
            raise Conflict(f"{soort} {sleutel}: {Conflict.__doc__}")
        self._sealer.replace(BODY, row.id, msgspec.json.encode(body), row.dossier)
        self._set_keys(row.id, keys or {}, personal or {})
        return versie + 1

    def put(self, soort: str, sleutel: str, body: object, kept: Record[T] | None) -> None:
        """`save` in place of what `get` gave, or `add` where that was None."""
        if kept is None:
            self.add(soort, sleutel, body)
        else:
            self.save(soort, sleutel, body, versie=kept.versie)

    def reindex(self, number: int, personal: SearchKeys) -> None:
        """Write the personal search keys of a document anew, under the newest index key; its number is `Record.id`."""
        self._set_keys(number, {}, personal)

    def get(self, soort: str, sleutel: str, type: type[T]) -> Record[T] | None:
        """A document, its body read as `type`; None if there is none."""
        found = self._read(type, _GET, _at(soort, sleutel))
        return found[0] if found else None

    def list(
        self,
        soort: str,
        type: type[T],
        *,
        keys: Mapping[str, str] | None = None,
        personal: Mapping[str, str] | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> Sequence[Record[T]]:
        """Documents of a kind that have all these search keys, oldest first; from the one after number `after`."""
        wanted = {name: [value] for name, value in (keys or {}).items()}
        wanted |= {name: self._sealer.blinds(name, value) for name, value in (personal or {}).items()}
        asked: dict[str, Any] = {"soort_": soort, "after_": after}
        for place, (name, values) in enumerate(wanted.items()):
            asked |= {f"name{place}": name, f"in{place}": values}
        if limit is not None:
            asked["limit_"] = limit
        return self._read(type, _listed_by(len(wanted), limit is not None, None if wanted else soort), asked)

    def each(self, soort: str, type: type[T], damaged: builtins.list[str]) -> Iterator[Record[T]]:
        """All documents of a kind, oldest first, a page at a time: of some there are more than memory holds.

        One that cannot be read is left out, and its key added to `damaged`.
        """
        after = 0
        while page := _listed_by(0, True, soort).rows(self._conn, {"after_": after, "limit_": _PAGE}):
            bodies = self.bodies([row.id for row in page], type)
            for row in page:
                if row.id in bodies:
                    yield _record(row, bodies[row.id])
                else:
                    damaged.append(row.sleutel)
            after = page[-1].id

    def bodies(self, numbers: Sequence[int], type: type[T]) -> dict[int, T]:
        """The bodies of documents by their numbers, in that order, without those that cannot be read."""
        found = {}
        for number, value in self._sealer.find_all(BODY, numbers).items():
            with suppress(Damaged, msgspec.DecodeError):
                body = self._sealer.open(BODY, number, value.key_id, value.data)
                found[number] = msgspec.json.decode(body, type=type)
        return {number: found[number] for number in numbers if number in found}

    def dossiers(self, name: str, value: str, also: tuple[str, str] | None = None) -> Sequence[tuple[str, str]]:
        """(kind, dossier) of every document with this personal search key, the newest first; nothing is decrypted.

        `also`: a plain search key (name, value) that it must have as well.
        """
        values: dict[str, Any] = {"name_": name, "values_": self._sealer.blinds(name, value)}
        query = _DOSSIERS
        if also is not None:
            query, (values["also_"], values["is_"]) = _DOSSIERS_ALSO, also
        return [(row.soort, row.dossier) for row in query.rows(self._conn, values)]

    def without_dossier(self, name: str, values: Sequence[str]) -> set[str]:
        """Those of many values that no document with a dossier has as this personal search key.

        Nor will it have until the end of this unit, but by its own doing: another that asks for one of them waits.
        """
        unknown = self._unknown(name, values)
        if unknown and take_turns(self._conn, (self._sealer.blind(name, value) for value in unknown)):
            unknown = self._unknown(name, list(unknown))
        return unknown

    def _unknown(self, name: str, values: Sequence[str]) -> set[str]:
        hashes = {blind: value for value in values for blind in self._sealer.blinds(name, value)}
        found = _HAVE_DOSSIER.rows(self._conn, {"name_": name, "values_": list(hashes)})
        return set(values) - {hashes[row.value] for row in found}

    def _read(self, type: type[T], query: Prepared, values: dict[str, Any]) -> Sequence[Record[T]]:
        rows = query.rows(self._conn, values)
        if len(rows) == 1:
            return [_record(rows[0], msgspec.json.decode(self._sealer.get(BODY, rows[0].id), type=type))]
        pages = (rows[begin : begin + _PAGE] for begin in range(0, len(rows), _PAGE))
        return [record for page in pages for record in self._read_page(type, page)]

    def _read_page(self, type: type[T], page: Sequence[Any]) -> Iterator[Record[T]]:
        """Bodies and keys in two questions, however many: thousands of open tasks are looked at every minute."""
        kept = self._sealer.find_all(BODY, [row.id for row in page])
        for row in page:
            if row.id not in kept:
                raise NotThere(f"{BODY} of row {row.id} is not there")
            body = self._sealer.open(BODY, row.id, kept[row.id].key_id, kept[row.id].data)
            yield _record(row, msgspec.json.decode(body, type=type))

    def add_event(self, soort: str, sleutel: str, event: str, body: object = None) -> int:
        """Append a gebeurtenis to a record; its number within the record."""
        # The lock on the record keeps the numbers without gaps when two nodes append at once.
        row = self._conn.execute(_ROW_LOCKED, _at(soort, sleutel)).one_or_none()
        if row is None:
            raise NotThere(f"{soort} {sleutel} is not there")
        last = self._conn.scalar(_LAST_EVENT, {"number": row.id})
        nr = (last or 0) + 1
        values: dict[str, Any] = {"record_id": row.id, "nr": nr, "at": self._now, "actor": self._actor, "soort": event}
        key = self._conn.execute(_ADD_EVENT, values).inserted_primary_key
        assert key is not None
        self._sealer.add(EVENT_BODY, key[0], msgspec.json.encode(body), row.dossier)
        return nr

    def events(self, soort: str, sleutel: str) -> Sequence[Event]:
        """All gebeurtenissen of a record, in order."""
        found = self._conn.execute(_EVENTS, _at(soort, sleutel)).all()
        return [
            Event(nr=row.nr, at=row.at, actor=row.actor, soort=row.soort, body=self._sealer.get(EVENT_BODY, row.id))
            for row in found
        ]

    def _set_keys(self, number: int, keys: SearchKeys, personal: SearchKeys) -> None:
        _DROP_KEYS.many(self._conn, [{"number": number, "name_": name} for name in {**keys, **personal}])
        self._add_keys([(number, keys, personal)])

    def _add_keys(self, of_records: Sequence[tuple[int, SearchKeys, SearchKeys]]) -> None:
        rows = []
        for number, keys, personal in of_records:
            plain = {name: _many(values) for name, values in keys.items()}
            blind = {name: [self._sealer.blind(name, v) for v in _many(values)] for name, values in personal.items()}
            for name, values in (plain | blind).items():
                version = self._sealer.index_version if name in blind else None
                fixed = {"record_id": number, "name": name, "key_version": version}
                rows += [{**fixed, "value": value} for value in dict.fromkeys(values)]
        _ADD_KEYS.many(self._conn, rows)


def _record(row: Any, body: T) -> Record[T]:
    fields = row._asdict() | {name: datetime.fromisoformat(getattr(row, name)) for name in _TIMES}
    return Record(**fields, body=body)


def _many(values: str | Sequence[str]) -> Sequence[str]:
    return [values] if isinstance(values, str) else values
