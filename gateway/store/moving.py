"""Move a whole state to another database, such as from SQLite to PostgreSQL, and prove that it arrived."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa

from .database import Store
from .errors import OpenRefused, StoreError
from .prepared import Prepared, bound
from .tables import Utc, keys, metadata

BATCH = 500  # rows written at once …
ROOM = 8_000_000  # … or fewer that have so many bytes: a message may be of 50 MB
READ = 50  # rows read at once

Told = Callable[[int, int], None]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One table that was moved: its rows, and one SHA-256 over all of them, the same on both sides."""

    table: str
    rows: int
    sha256: str


def move_state(source: Store, target: Store, told: Told = lambda *_: None) -> list[Moved]:
    """Copy everything to an empty store opened with the same master key; source and target are then equal.

    One transaction on the target: all of it arrives, or nothing. Nobody may write to the source meanwhile. `told` hears
    how many rows of how many were copied or checked. OpenRefused if the target holds anything; StoreError, and nothing
    is kept, if a table differs afterwards.
    """
    moved = []
    with source.connection(write=False) as old, target.connection(write=True) as new:
        _must_be_empty(new)
        new.execute(keys.delete())  # the target made keys of its own when it was opened; nothing is under them
        going = _Going(sum(2 * _count(old, table) for table in metadata.sorted_tables), told)
        for table in metadata.sorted_tables:
            before = _copied(old, new, table, going)
            _count_on(new, table, _last_number(old, table))
            after = _proof(new, table, going)
            if before != after:
                raise StoreError(f"{table.name}: {before.rows} rows were read, {after.rows} arrived or they differ")
            moved.append(after)
    target.forget_keys()
    return moved


class _Going:
    """How far it is."""

    def __init__(self, total: int, told: Told) -> None:
        self._done, self._total, self._told = 0, total, told

    def on(self) -> None:
        """One row more."""
        self._done += 1
        if self._done % BATCH == 0 or self._done == self._total:
            self._told(self._done, self._total)


class _Digest:
    """Of the rows of a table, in the order of its key."""

    def __init__(self, table: sa.Table) -> None:
        self._name, self._rows, self._sha256 = str(table.name), 0, hashlib.sha256()

    def add(self, row: tuple[object, ...]) -> None:
        """One row more."""
        self._rows += 1
        self._sha256.update(repr(row).encode())

    @property
    def moved(self) -> Moved:
        """So far."""
        return Moved(table=self._name, rows=self._rows, sha256=self._sha256.hexdigest())


def _must_be_empty(conn: sa.Connection) -> None:
    for table in metadata.sorted_tables:
        if table is not keys and conn.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)) is not None:
            raise OpenRefused(f"the target holds {table.name} already: give an empty database")


def _count(conn: sa.Connection, table: sa.Table) -> int:
    return conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def _rows(conn: sa.Connection, table: sa.Table) -> Iterator[tuple[object, ...]]:
    """In the order of the key, the same on both sides; times as the text that they are kept as."""
    kept = [sa.type_coerce(c, sa.String).label(c.name) if isinstance(c.type, Utc) else c for c in table.columns]
    order = [_by_bytes(conn, column) for column in table.primary_key.columns]
    query = sa.select(*kept).order_by(*order).execution_options(yield_per=READ)
    yield from map(tuple, conn.execute(query))


def _by_bytes(conn: sa.Connection, column: "sa.Column[Any]") -> "sa.ColumnElement[Any]":
    """Text in the order of its bytes, as SQLite has it: a server may sort as its language does, en_US say."""
    is_text = isinstance(column.type, sa.String) and conn.dialect.name == "postgresql"
    return sa.collate(column, "C") if is_text else column


def _copied(old: sa.Connection, new: sa.Connection, table: sa.Table, going: _Going) -> Moved:
    """What was read, and written."""
    names = table.columns.keys()
    add, digest = Prepared(table.insert().values(bound(names))), _Digest(table)
    batch: list[dict[str, object]] = []
    room = ROOM
    for row in _rows(old, table):
        digest.add(row)
        going.on()
        batch.append(dict(zip(names, row, strict=True)))
        room -= sum(len(value) for value in row if isinstance(value, bytes))
        if len(batch) == BATCH or room <= 0:
            add.many(new, batch)
            batch, room = [], ROOM
    add.many(new, batch)
    return digest.moved


def _last_number(conn: sa.Connection, table: sa.Table) -> int | None:
    """The last number that a row got, be it gone by now; None of a table whose rows get none."""
    column = table.primary_key.columns[0]
    if column is not table.autoincrement_column:
        return None
    if conn.dialect.name == "postgresql":
        counter = conn.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
        given = f"SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {counter}"
    else:
        given = f"SELECT seq FROM sqlite_sequence WHERE name = '{table.name}'"
    highest = sa.select(sa.func.max(column))
    return max(conn.scalar(sa.text(given)) or 0, conn.scalar(highest) or 0)


def _count_on(conn: sa.Connection, table: sa.Table, last: int | None) -> None:
    """The next row must not get a number that was given before: neither counter sees those of rows that are gone."""
    if last is None:
        return
    if conn.dialect.name == "postgresql":
        counter = sa.func.pg_get_serial_sequence(table.name, table.primary_key.columns[0].name)
        conn.execute(sa.select(sa.func.setval(counter, last + 1, False)))
    elif table.dialect_options["sqlite"]["autoincrement"]:
        conn.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table.name})
        counted = sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)")
        conn.execute(counted, {"table": table.name, "last": last})


def _proof(conn: sa.Connection, table: sa.Table, going: _Going) -> Moved:
    digest = _Digest(table)
    for row in _rows(conn, table):
        digest.add(row)
        going.on()
    return digest.moved
