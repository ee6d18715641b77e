"""Move a whole state to another database, such as from SQLite to PostgreSQL, and prove that it arrived."""

import hashlib
from collections.abc import Iterator

import msgspec
import sqlalchemy as sa

from .database import Store
from .errors import OpenRefused, StoreError
from .tables import keys, metadata

BATCH = 500


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One table that was moved: its rows, and one SHA-256 over all of them, the same on both sides."""

    table: str
    rows: int
    sha256: str


def move_state(source: Store, target: Store) -> list[Moved]:
    """Copy everything to an empty store opened with the same master key; source and target are then equal.

    One transaction on the target: all of it arrives, or nothing. Nobody may write to the source meanwhile. OpenRefused
    if the target holds anything; StoreError, and nothing is kept, if a table differs afterwards.
    """
    moved = []
    with source.connection(write=False) as old, target.connection(write=True) as new:
        _must_be_empty(new)
        new.execute(keys.delete())  # the target made keys of its own when it was opened; nothing is under them
        for table in metadata.sorted_tables:
            for batch in _batches(old, table):
                new.execute(table.insert(), batch)
            _count_on(new, table)
            before, after = _proof(old, table), _proof(new, table)
            if before != after:
                raise StoreError(f"{table.name}: {before.rows} rows were read, {after.rows} arrived or they differ")
            moved.append(after)
    target.forget_keys()
    return moved


def _must_be_empty(conn: sa.Connection) -> None:
    for table in metadata.sorted_tables:
        if table is not keys and conn.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)) is not None:
            raise OpenRefused(f"the target holds {table.name} already: give an empty database")


def _rows(conn: sa.Connection, table: sa.Table) -> "Iterator[sa.Row[tuple[object, ...]]]":
    query = sa.select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    yield from conn.execute(query)


def _batches(conn: sa.Connection, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    batch: list[dict[str, object]] = []
    for row in _rows(conn, table):
        batch.append(dict(row._mapping))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _count_on(conn: sa.Connection, table: sa.Table) -> None:
    """PostgreSQL's counter does not see numbers that were given; the next row must not get one of them."""
    column = table.primary_key.columns[0]
    if conn.dialect.name == "postgresql" and column is table.autoincrement_column:
        following = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
        counter = sa.func.pg_get_serial_sequence(table.name, column.name)
        conn.execute(sa.select(sa.func.setval(counter, following, False)))


def _proof(conn: sa.Connection, table: sa.Table) -> Moved:
    digest, rows = hashlib.sha256(), 0
    for row in _rows(conn, table):
        digest.update(repr(tuple(row)).encode())
        rows += 1
    return Moved(table=table.name, rows=rows, sha256=digest.hexdigest())
