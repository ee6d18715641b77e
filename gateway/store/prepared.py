"""Statements of the hot path, written by SQLAlchemy once for each dialect and from then on given to the driver as text.

Compiling is cached by SQLAlchemy too; what is saved here is its handling of every value of every row, which costs more
than the statements themselves. Results come back as the driver gives them: times are text (`utc_text`).
"""

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from operator import itemgetter
from typing import Any, cast
from weakref import WeakKeyDictionary

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from .errors import StoreDown
from .tables import Utc, utc_text

Values = Mapping[str, Any]
LARGE_SEEN = "large seen"  # in the `info` of a connection


class among(sa.ColumnElement[bool]):
    """`column` is one of the list bound to `name`: one text, and one prepared statement, for a list of any length."""

    inherit_cache = False

    def __init__(self, column: "sa.ColumnElement[Any]", name: str) -> None:
        self.column, self.name = column, name


@compiles(among, "sqlite")
def _in_json(element: among, compiler: SQLCompiler, **options: Any) -> str:
    bound = compiler.process(sa.bindparam(element.name, type_=sa.Text), **options)
    return f"{compiler.process(element.column, **options)} IN (SELECT value FROM json_each({bound}))"


@compiles(among, "postgresql")
def _in_array(element: among, compiler: SQLCompiler, **options: Any) -> str:
    kind = element.column.type
    item = sa.String() if isinstance(kind, sa.String) else kind  # not String(64): a cast to a length cuts
    bound = compiler.process(sa.bindparam(element.name, type_=ARRAY(item)), **options)
    return f"{compiler.process(element.column, **options)} = ANY({bound})"


class off_index(sa.ColumnElement[Any]):
    """A column, text or a number, by which no index is chosen: rows are found, or come in an order, by another.

    Without statistics SQLite takes any index for a good one, and a server any `column = value` to leave one row; with
    them both may think that a kind, or a partner, has few.
    """

    inherit_cache = False

    def __init__(self, column: "sa.ColumnElement[Any]") -> None:
        self.column, self.type = column, column.type


@compiles(off_index, "sqlite")
def _plus(element: off_index, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.column, **options)}"


@compiles(off_index, "postgresql")
def _made_anew(element: off_index, compiler: SQLCompiler, **options: Any) -> str:
    nothing = "+ 0" if isinstance(element.type, sa.Integer) else "|| ''"
    return f"({compiler.process(element.column, **options)} {nothing})"


class within(sa.ColumnElement[bool]):
    """`column` is one of what `query` finds, which is asked first: a join may be turned round, and begin with all."""

    inherit_cache = False

    def __init__(self, column: "sa.ColumnElement[Any]", query: "sa.Select[Any]") -> None:
        self.column, self.query = column, query.correlate(None).scalar_subquery()


@compiles(within)
def _in_query(element: within, compiler: SQLCompiler, **options: Any) -> str:
    return f"{compiler.process(element.column, **options)} IN {compiler.process(element.query, **options)}"


@compiles(within, "postgresql")
def _in_found(element: within, compiler: SQLCompiler, **options: Any) -> str:
    return f"{compiler.process(element.column, **options)} = ANY(ARRAY{compiler.process(element.query, **options)})"


def written(value: str) -> "sa.ColumnElement[str]":
    """A value of the program's own (a kind, a state), in the text: a server then knows how many rows have it."""
    assert re.fullmatch(r"[\w-]+", value, re.ASCII), value
    return sa.literal_column(f"'{value}'", sa.String())


def looked_up(of: "sa.FromClause", *where: "sa.ColumnElement[bool] | sa.TextClause") -> "sa.ColumnElement[bool]":
    """There is a row as `where` says: looked up for each row of `of`, where a server would join for `EXISTS`."""
    query: sa.Select[Any] = sa.select(sa.literal_column("1")).where(*where).correlate(of)
    return query.limit(sa.literal_column("1")).scalar_subquery().is_not(None)


class Prepared:
    """One statement. Bound by name: text, numbers, bytes, None, lists, times (aware, or as `utc_text` writes them)."""

    def __init__(
        self, statement: "sa.Select[Any] | sa.Insert | sa.Update | sa.Delete", *, for_each: bool = False
    ) -> None:
        """`for_each`: a SELECT that is asked by `each` too."""
        self._statement, self._for_each = statement, for_each
        self._made: dict[str, _Text] = {}  # by dialect

    def many(self, conn: sa.Connection, rows: Sequence[Values]) -> int:
        """Run it for each of these rows; how many rows of the table were touched."""
        if not rows:
            return 0
        made = self._of(conn)
        if made.lists is not None and len(rows) > 1:
            return conn.exec_driver_sql(made.lists, made.bind_lists(rows)).rowcount
        values = made.bind(rows)
        if (driver := _driver(conn)) is None:
            return conn.exec_driver_sql(made.sql, values).rowcount
        try:
            return driver.executemany(made.sql, values).rowcount
        except sqlite3.Error as error:
            raise _named(conn, made.sql, error) from error

    def once(self, conn: sa.Connection, values: Values) -> int:
        """Run it once, for the lists that it names; how many rows of the table were touched."""
        touched: int = self._execute(conn, values).rowcount
        return touched

    def rows(self, conn: sa.Connection, values: Values) -> list[Any]:
        """Run it once; all rows of the result, as named tuples: SQLAlchemy's rows look a name up anew each time."""
        return list(map(self._of(conn).row, self._execute(conn, values)))

    def each(self, conn: sa.Connection, asked: Sequence[Values]) -> list[Any]:
        """The rows of the result for each of these values, in any order.

        Where what tells rows apart is not the first column of its index, a list of it (`among`) will not do: a server
        without statistics may read all that have the same first column.
        """
        made = self._of(conn)
        if made.lists is not None and len(asked) > 1:
            return list(map(made.row, conn.exec_driver_sql(made.lists, made.bind_lists(asked))))
        bound_ = made.bind([made.listed(values) for values in asked])
        if (driver := _driver(conn)) is None:
            return [made.row(row) for values in bound_ for row in conn.exec_driver_sql(made.sql, values)]
        try:
            return [made.row(row) for values in bound_ for row in driver.execute(made.sql, values)]
        except sqlite3.Error as error:
            raise _named(conn, made.sql, error) from error

    def _execute(self, conn: sa.Connection, values: Values) -> Any:
        made = self._of(conn)
        bound_ = made.bind([made.listed(values)])[0]
        if (driver := _driver(conn)) is None:
            return conn.exec_driver_sql(made.sql, bound_)
        try:
            return driver.execute(made.sql, bound_)
        except sqlite3.Error as error:
            raise _named(conn, made.sql, error) from error

    def _of(self, conn: sa.Connection) -> "_Text":
        if (made := self._made.get(conn.dialect.name)) is None:
            made = self._made[conn.dialect.name] = _Text(self._statement, conn.dialect, self._for_each)
        return made


def _driver(conn: sa.Connection) -> sqlite3.Connection | None:
    """SQLite's own connection: its statements are quicker than the way to them. None where SQLAlchemy is to be asked.

    That is a server, which may be lost under way, and a store whose every step is watched (`Store.on_step`).
    """
    if conn.dialect.name != "sqlite" or conn.dispatch.before_cursor_execute:
        return None
    driver: Any = conn.connection.dbapi_connection
    return cast(sqlite3.Connection, driver)


@contextmanager
def savepoint(conn: sa.Connection) -> Iterator[None]:
    """What the block writes can be undone by itself, within the transaction: an exception undoes it."""
    if (driver := _driver(conn)) is None:
        with conn.begin_nested():
            yield
        return
    plainly(conn, "SAVEPOINT part")
    try:
        yield
    except BaseException as error:
        if driver.in_transaction:
            plainly(conn, "ROLLBACK TO part", "RELEASE part")
        elif isinstance(error, Exception) and not isinstance(error, sa.exc.DBAPIError):
            # SQLite itself undid everything (out of memory, say): what follows would be in no transaction.
            raise StoreDown(StoreDown.__doc__) from error
        raise
    plainly(conn, "RELEASE part")


@contextmanager
def blob(conn: sa.Connection, column: "sa.Column[Any]", rowid: int) -> Iterator[sqlite3.Blob]:
    """The bytes that stand in a row of a SQLite file, to be written over in pieces."""
    driver: Any = conn.connection.dbapi_connection
    try:
        with driver.blobopen(column.table.name, column.name, rowid) as opened:
            yield opened
    except sqlite3.Error as error:
        raise _named(conn, f"blob of {column.table.name}", error) from error


def copy_row(
    conn: sa.Connection,
    columns: "Sequence[sa.Column[Any]]",
    values: Sequence[str | int],
    large: "sa.Column[Any]",
    size: int,
    pieces: Iterable[bytes],
) -> None:
    """A new row on PostgreSQL, of text and numbers and one value of `size` bytes that comes in pieces.

    In the binary form of COPY, which is sent as it comes.
    """
    import psycopg

    sql = f"COPY {large.table.name} ({', '.join(c.name for c in (*columns, large))}) FROM STDIN (FORMAT BINARY)"
    plain = [value.encode() if isinstance(value, str) else value.to_bytes(8, signed=True) for value in values]
    head = b"".join(len(each).to_bytes(4) + each for each in plain)
    driver: Any = conn.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(sql) as copy:
            copy.write(_COPY_HEAD + (len(values) + 1).to_bytes(2) + head + size.to_bytes(4))
            for piece in pieces:
                copy.write(piece)
            copy.write(_COPY_END)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError.instance(
            sql, None, error, psycopg.Error, hide_parameters=True, dialect=conn.dialect
        ) from error


_COPY_HEAD, _COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


def _named(conn: sa.Connection, sql: str, error: sqlite3.Error) -> Exception:
    """The driver's error under SQLAlchemy's name, without values."""
    return sa.exc.DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True, dialect=conn.dialect)


def plainly(conn: sa.Connection, *sentences: str) -> None:
    """Statements without values or a result: BEGIN, say."""
    driver = _driver(conn)
    try:
        for sql in sentences:
            if driver is None:
                conn.exec_driver_sql(sql)
            else:
                driver.execute(sql)
    except sqlite3.Error as error:
        raise _named(conn, sql, error) from error


class _Text:
    """A statement as one driver wants it."""

    def __init__(
        self, statement: "sa.Select[Any] | sa.Insert | sa.Update | sa.Delete", dialect: sa.Dialect, for_each: bool
    ) -> None:
        if isinstance(statement, sa.Insert):
            statement = statement.inline()  # nobody asks for the new numbers
        compiled = statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        self.sql = compiled.string
        self._names = list(compiled.positiontup or compiled.binds)
        self._positional = compiled.positiontup is not None
        self._times = [i for i, name in enumerate(self._names) if isinstance(compiled.binds[name].type, Utc)]
        self._pick = _picker(self._names)
        columns: list[Any] = statement.exported_columns.keys()  # of a SELECT, or of RETURNING
        kind: Any = namedtuple("_Row", columns)  # type: ignore[misc]  # the statement names them
        self.row = kind._make
        self._fixed = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        for_many = (for_each or isinstance(statement, sa.Insert | sa.Update)) and not self._positional
        has_lists = any(isinstance(bind.type, ARRAY) for bind in compiled.binds.values())  # it is for many as it is
        self.lists = _from_lists(compiled) if for_many and not has_lists else None

    def listed(self, values: Values) -> Values:
        """With what the statement itself binds, and lists as SQLite takes them."""
        values = {**self._fixed, **values}
        if self._positional:
            return {n: msgspec.json.encode(v).decode() if isinstance(v, list) else v for n, v in values.items()}
        return values

    def bind(self, rows: Sequence[Values]) -> list[Any]:
        """The rows in the driver's own terms."""
        bound: list[Any] = [self._pick(row) for row in rows]
        if self._times:
            texts = _Texts()  # most times are the same: that of the unit
            for place, picked in enumerate(bound):
                values = list(picked)
                for i in self._times:
                    values[i] = texts[values[i]]
                bound[place] = tuple(values)
        return bound if self._positional else [dict(zip(self._names, values, strict=True)) for values in bound]

    def bind_lists(self, rows: Sequence[Values]) -> dict[str, list[Any]]:
        """The rows as one list for each name."""
        bound: list[dict[str, Any]] = self.bind(rows)
        return {name: [values[name] for values in bound] for name in self._names}


class _Texts(dict[datetime | str | None, str | None]):
    """Times as they are stored, each written once."""

    def __missing__(self, value: datetime | str | None) -> str | None:
        text = self[value] = utc_text(value) if isinstance(value, datetime) else value
        return text


def _from_lists(compiled: SQLCompiler) -> str:
    """A statement of one row as one of as many, all different, as the lists are long, on PostgreSQL.

    To tell a server of a row, and for it to be told, takes longer than the row itself. Lists travel in binary form:
    bytes would else be hexadecimal digits.
    """
    lists = [f"%({name})b::{_list_type(bind.type, compiled.dialect)}" for name, bind in compiled.binds.items()]
    source = f"FROM unnest({', '.join(lists)}) AS told({', '.join(compiled.binds)})"
    told = re.sub(r"%\((\w+)\)s(::\w+(\(\d+\))?)?", r"told.\1", compiled.string)
    if compiled.isupdate:
        return told.replace(" WHERE ", f" {source} WHERE ", 1)
    if not compiled.isinsert:  # OFFSET 0: looked up for each, not joined
        return f"SELECT found.* {source} CROSS JOIN LATERAL ({told} OFFSET 0) AS found"
    head, values, row = told.partition(") VALUES ")
    assert values
    return f"{head}) SELECT {row.removeprefix('(').removesuffix(')')} {source}"


def _list_type(kind: "sa.types.TypeEngine[Any]", dialect: sa.Dialect) -> str:
    plain = kind.impl_instance if isinstance(kind, sa.types.TypeDecorator) else kind
    # Not VARCHAR(64): a cast to a length cuts, where the column would refuse.
    return "TEXT[]" if isinstance(plain, sa.String) else f"{plain.dialect_impl(dialect).compile(dialect)}[]"


def _picker(names: Sequence[str]) -> Callable[[Values], tuple[Any, ...]]:
    if not names:
        return lambda _: ()
    if len(names) == 1:
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def bound(names: Sequence[str], nulls: Collection[str] = ()) -> dict[str, Any]:
    """Each column bound by its own name, except those that are empty: sqlite3 is slow at binding None."""
    return {name: sa.null() if name in nulls else sa.bindparam(name) for name in names}


def empty(rows: Sequence[Values]) -> frozenset[str]:
    """The names that have no value in any of these rows."""
    return frozenset(
        name for name, first in rows[0].items() if first is None and all(row[name] is None for row in rows)
    )


_LAST_NUMBER = Prepared(
    sa.select(sa.column("seq"))
    .select_from(sa.table("sqlite_sequence"))
    .where(sa.column("name") == sa.bindparam("table"))
)

# The last number by table, within a transaction; what a part of it undid leaves a gap.
_GIVEN: WeakKeyDictionary[Any, dict[str, int]] = WeakKeyDictionary()


def new_numbers(conn: sa.Connection, table: sa.Table, count: int) -> list[int]:
    """Numbers for new rows, in order, never given before: so that rows that name each other are written at once."""
    if conn.dialect.name == "sqlite":  # one writer; a table with AUTOINCREMENT
        given = _GIVEN.setdefault(conn.get_transaction(), {})
        if (last := given.get(table.name)) is None:
            found = _LAST_NUMBER.rows(conn, {"table": table.name})
            last = found[0].seq if found else 0
        given[table.name] = last + count
        return list(range(last + 1, last + 1 + count))
    # OFFSET 0: its name is looked up once, not for each number.
    counter = "(SELECT pg_get_serial_sequence(%s, 'id')::regclass AS name OFFSET 0) AS counter"
    next_one = f"SELECT nextval(counter.name) FROM {counter}, generate_series(1, %s)"
    return sorted(conn.exec_driver_sql(next_one, (table.name, count)).scalars())
