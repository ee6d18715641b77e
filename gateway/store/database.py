"""Opening the database, refusing what cannot be used, and units of work on it.

SQLite by default: write-ahead log, `synchronous=FULL` because a commit is a promise to the sender, one writer at a time
(`BEGIN IMMEDIATE`). PostgreSQL by URL, when one machine is not enough.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url

from .audit import Entry
from .errors import (
    CorruptDatabase,
    ForeignDatabase,
    IncompleteDatabase,
    NewerSchema,
    NotCleaned,
    OpenRefused,
    StoreBusy,
    StoreDown,
    StoreError,
)
from .keys import MasterKey
from .node_name import NodeName
from .prepared import plainly
from .sealing import AUDIT, INDEX, KeyRing
from .tables import audit, bericht_keys, keys, metadata, outbox, record_keys, records
from .unit import Unit, part_of, sentences

REVISIONS = ("0001",)  # all migrations this program knows, oldest first; a test holds it equal to the folder
BUSY_MS = 30_000  # how long a writer waits for another; a unit of work takes milliseconds
INSPECT_WAIT = 5.0  # seconds that opening waits for a program that keeps everybody out
_VIEW = "gateway_view"
_MIGRATION_LOCK = 0x776D6F  # any number that nobody else uses: "wmo"


class Store:
    """The state of one gateway. Safe to use from several threads; each has connections of its own."""

    def __init__(self, engine: sa.Engine, ring: KeyRing, node: str, path: Path | None) -> None:
        self._engine, self._ring, self.node = engine, ring, node
        # SQLite prepares every statement anew after `query_only` is set or lifted: views have their own connections.
        self._views = _engine(engine.url, view=True) if path else engine
        self.path = path  # of the SQLite file; None on a server
        self._file = _identity(path)
        self._turn: AbstractContextManager[None] = _Turn() if path else nullcontext()
        self._writer: sa.Connection | None = None  # of a file, kept: to make one costs more than a small statement
        self._after: Callable[[], None] = lambda: None
        self._shared = threading.local()  # the transaction of `together`, in the thread that is in it

    @classmethod
    def open(cls, where: Path | str, master: MasterKey, *, node: str = "gateway") -> "Store":
        """Open a file or URL; a new or older database is brought up to date first.

        OpenRefused (corrupt, foreign, newer, wrong key, no access) comes before anything is written.
        """
        url = server_url(str(where)) if "://" in str(where) else sa.URL.create("sqlite", database=str(where))
        ring = KeyRing(master)
        path = Path(url.database) if url.drivername.startswith("sqlite") and url.database else None
        with sentences():
            revision = _inspect_file(path, ring) if path else _inspect_server(url, ring)
            if path and revision is None:
                _create_file(path)
            engine = _engine(url)
            if revision != REVISIONS[-1]:
                _migrate(engine)
            if not _has_keys(engine):
                with engine.begin() as conn:
                    for purpose in (INDEX, AUDIT):
                        ring.named(conn, purpose, "", datetime.now(UTC))
        return cls(engine, ring, node, path)

    @property
    def url(self) -> sa.URL:
        """Where it is."""
        return self._engine.url

    def close(self) -> None:
        """Let go of all connections."""
        with self._turn:
            self._let_go()
        self._engine.dispose()
        self._views.dispose()

    @contextmanager
    def connection(self, *, write: bool) -> Iterator[sa.Connection]:
        """A transaction for the store's own upkeep; nobody else speaks SQL."""
        with sentences(), (self._engine if write else self._views).connect() as plain:
            conn = plain.execution_options(**{_VIEW: not write})
            with conn.begin():
                yield conn

    @contextmanager
    def node_name(self) -> Iterator[NodeName]:
        """The name of this node, to be kept for as long as the block lasts."""
        name = NodeName(self._engine if self.path is None else None, self.node)
        try:
            yield name
        finally:
            name.let_go()

    def forget_keys(self) -> None:
        """Read every key anew: they were replaced underneath."""
        self._ring.forget()

    def clean(self, *, thorough: bool = False) -> None:
        """Let nothing of what was deleted remain in the file or its log (SM-147). NotCleaned while somebody works.

        PostgreSQL only marks what is deleted, and VACUUM only gives the room back: the bytes stay. `thorough` writes
        the tables anew, without them; who works with a table waits that long. SQLite overwrites as it deletes.
        """
        try:
            with sentences():
                if self.path is None:
                    self._vacuum("VACUUM FULL" if thorough else "VACUUM")
                else:
                    self._cut_log()
        except StoreBusy as busy:
            raise NotCleaned(f"{NotCleaned.__doc__} ({busy})") from busy

    def _cut_log(self) -> None:
        """Deleted cells were overwritten as they went (secure_delete); the write-ahead log still has the old pages."""
        connection = self._engine.raw_connection()
        try:
            busy, *_ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
        if busy:
            raise StoreBusy("somebody reads the log; try again")

    def _vacuum(self, how: str) -> None:
        from . import server

        documents = ("records", "record_keys", "record_events")
        messages = ("outbox", "outbox_notes", "attempts", "inbox", "inbox_places", "berichten", "bericht_keys")
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            server.unhurried(conn)
            for name in ("sealed", "keys", *documents, *messages, "dossiers"):
                conn.exec_driver_sql(f"{how} {name}")

    def check(self) -> None:
        """Read the whole file and see that it hangs together; CorruptDatabase. A server looks after its own files."""
        if self.path is not None:
            with self.connection(write=False) as conn:
                found = conn.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if found != "ok":
                raise CorruptDatabase(f"{self.path}: {CorruptDatabase.__doc__}")

    def rewrap(self, new: MasterKey) -> int:
        """Wrap every key anew under another master key, in one transaction; how many. Values stay as they are.

        Write the new key's file before, and take the old one away only afterwards.
        """
        ring = KeyRing(new)
        with sentences(), self._engine.begin() as conn:
            rows = conn.execute(sa.select(keys.c.id, keys.c.purpose)).all()
            for row in rows:
                wrapped = ring.wrap(row.id, row.purpose, self._ring.get(conn, row.id))
                conn.execute(keys.update().where(keys.c.id == row.id).values(wrapped=wrapped))
        self._ring = ring
        return len(rows)

    def begin_index(self, now: datetime) -> None:
        """Make the next index key: from here on it is written under, and searched under together with the one before.

        Again, before `end_index`: nothing. Every unit that began earlier has ended: no row is written under the old key
        after this (SM-146).
        """
        with sentences(), self._engine.begin() as conn:
            versions = self._index_versions(conn)
            if len(versions) == 1:
                self._ring.make(conn, INDEX, "", versions[0] + 1, now)

    def end_index(self) -> int:
        """Destroy the old index key; the new key's version. StoreError while anything is kept under the old one."""
        with sentences(), self._engine.begin() as conn:
            newest = self._index_versions(conn)[0]
            for table in (record_keys, bericht_keys):
                old = sa.select(sa.func.count()).select_from(table).where(table.c.key_version < newest)
                if count := conn.scalar(old):
                    raise StoreError(f"{count} rows of {table.name} are still under the old index key")
            conn.execute(keys.delete().where(keys.c.purpose == INDEX, keys.c.version < newest))
        return newest

    def _index_versions(self, conn: sa.Connection) -> list[int]:
        """Newest first; alone with the keys, until the end of the transaction."""
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("LOCK TABLE keys IN ACCESS EXCLUSIVE MODE"))
        query = sa.select(keys.c.version).where(keys.c.purpose == INDEX).order_by(keys.c.version.desc())
        return list(conn.scalars(query))

    def on_step(self, step: Callable[[str], None]) -> None:
        """Call `step` around every statement and commit: what the crash test counts, and stops at (selftest)."""
        for engine in {self._engine, self._views}:
            event.listen(engine, "before_cursor_execute", lambda *_: step("statement"))
            event.listen(engine, "commit", lambda _: step("before commit"))
        self._after = lambda: step("after the transaction")

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def unit(self, *, now: datetime, actor: str) -> Iterator[Unit]:
        """One transaction that writes: commits at the end, rolls back on any exception. See `together`."""
        shared: sa.Connection | None = getattr(self._shared, "conn", None)
        if shared is not None:
            with sentences(), part_of(shared, self._shared.told):
                yield self._unit(shared, now, actor, self._shared.told)
            return
        with self._writing() as conn:
            unit = self._unit(conn, now, actor, [])
            yield unit
            unit.audit.flush()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes: of a file always in the same connection, for there is one writer at a time."""
        with sentences(), self._turn:
            if self.path is None:
                with self._engine.begin() as conn:
                    yield conn
            else:
                self._must_be_there(self.path)
                conn = self._writer = self._writer or self._engine.connect()
                try:
                    with conn.begin():
                        yield conn
                except BaseException:
                    self._let_go()  # whatever state it is in
                    raise
            self._after()

    def _must_be_there(self, path: Path) -> None:
        """A file that was deleted or replaced can still be written; all of that is lost with the last connection."""
        if _identity(path) != self._file:
            raise StoreDown(f"{path}: gone, or another file than was opened: put it back, or stop and start again")

    def _let_go(self) -> None:
        writer, self._writer = self._writer, None  # also if to close it is interrupted: nobody gets it again
        if writer is not None:
            writer.close()

    def _unit(self, conn: sa.Connection, now: datetime, actor: str, told: list[Entry]) -> Unit:
        return Unit(conn, self._ring, now=now.astimezone(UTC), actor=actor, node=self.node, told=told)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Units of work of this thread share one commit, at the end: what one raises undoes that one, here all.

        For many that are alike and small, since a commit costs more than most of them; others wait meanwhile.
        """
        with self._writing() as conn:
            self._shared.conn, self._shared.told = conn, []
            try:
                yield
                if told := self._shared.told:  # by units that each had their own moment and actor
                    self._unit(conn, told[-1].at, told[-1].actor, told).audit.flush()
            finally:
                del self._shared.conn, self._shared.told

    @contextmanager
    def view(self, *, now: datetime) -> Iterator[Unit]:
        """One consistent picture that cannot write."""
        with sentences(), self._views.connect() as plain:
            conn = plain.execution_options(**{_VIEW: True})
            with conn.begin() as transaction:
                view = self._unit(conn, now, "view", [])
                yield view
                view.audit.flush()  # refused, as any writing
                if self.path is None:
                    from . import server

                    server.end_view(conn)
                with suppress(sa.exc.DBAPIError):  # all was read: a server that ended it meanwhile took nothing away
                    transaction.rollback()


class _Turn:
    """One writer of this process at a time, for SQLite: who waits is woken when it may go on.

    SQLite itself looks again after 1, 2, 5, 10, 15 … ms, which costs more than the wait.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=BUSY_MS / 1000):
            raise StoreBusy(f"{StoreBusy.__doc__} (a unit of work of this process)")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


# -- opening -----------------------------------------------------------------------------------------------------


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Which file it is, whatever its name; None if there is none."""
    try:
        status = os.stat(path) if path else None
    except OSError:
        return None
    return status and (status.st_dev, status.st_ino)


def _engine(url: sa.URL, *, view: bool = False) -> sa.Engine:
    # No value of a row in an error, let alone in a log. A server that was away is asked again, not given up.
    engine = sa.create_engine(url, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite_view if view else _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        from . import server

        event.listen(engine, "do_connect", server.connect)
        event.listen(engine, "checkin", server.put_back)
        event.listen(engine, "checkout", server.taken_out)
        event.listen(engine, "begin", _begin_server)
    return engine


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we say BEGIN: the driver's own comes late, and not for every statement
    for pragma in (
        f"busy_timeout = {BUSY_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _set_up_sqlite_view(connection: Any, record: Any) -> None:
    _set_up_sqlite(connection, record)
    connection.execute("PRAGMA query_only = ON")


def _begin_sqlite(conn: sa.Connection) -> None:
    plainly(conn, "BEGIN" if conn.get_execution_options().get(_VIEW, False) else "BEGIN IMMEDIATE")


def _begin_server(conn: sa.Connection) -> None:
    if conn.get_execution_options().get(_VIEW, False):
        conn.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def server_url(where: str) -> sa.URL:
    """A URL with our driver."""
    url = make_url(where)
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def shown(url: sa.URL) -> str:
    """A URL as the settings have it: without our driver, and without a password."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def tables_on(url: sa.URL) -> list[str]:
    """The tables that a server's database holds; OpenRefused if it cannot be reached."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool, hide_parameters=True)
    try:
        return sa.inspect(engine).get_table_names()
    except sa.exc.OperationalError as error:
        raise OpenRefused(f"{shown(url)}: cannot be opened ({str(error.orig).strip()})") from None


def _has_keys(engine: sa.Engine) -> bool:
    """Whether the keys that there are one of were made: then opening asks for no turn to write."""
    made = sa.select(sa.func.count(keys.c.purpose.distinct())).where(keys.c.purpose.in_((INDEX, AUDIT)))
    with engine.connect() as plain:
        return plain.execution_options(**{_VIEW: True}).scalar(made) == 2


def _inspect_file(path: Path, ring: KeyRing) -> str | None:
    """Revision of a SQLite file, read without the right to write; None if it is new."""
    if not path.parent.is_dir():
        raise OpenRefused(f"{path}: the folder {path.parent} does not exist; make it first (gateway init)")
    if not path.exists() or path.stat().st_size == 0:
        return None

    # A reader of a WAL database makes the files of the log if they are not there. No log, so nobody has it open.
    how = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "mode=ro&immutable=1"

    def read_only() -> sqlite3.Connection:
        return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=INSPECT_WAIT)

    engine = sa.create_engine("sqlite://", creator=read_only, poolclass=sa.pool.NullPool, hide_parameters=True)
    try:
        with engine.connect() as conn:
            return _inspect(conn, str(path), ring)
    except sa.exc.OperationalError as error:
        raise OpenRefused(f"{path}: cannot be opened ({error.orig})") from None
    except sa.exc.DatabaseError:
        raise CorruptDatabase(f"{path}: {CorruptDatabase.__doc__}") from None


def _inspect_server(url: sa.URL, ring: KeyRing) -> str | None:
    place = shown(url)
    if url.drivername != "postgresql+psycopg":
        raise OpenRefused(f"{place}: not a database that can be used: sqlite:/// or postgresql://")
    try:
        engine = _engine(url)
    except ImportError:
        raise OpenRefused(f"{place}: the driver is not installed (pip install 'wmo-gateway[postgres]')") from None
    try:
        with engine.connect() as conn:
            return _inspect(conn, place, ring)
    except sa.exc.OperationalError as error:
        raise OpenRefused(f"{place}: cannot be opened ({str(error.orig).strip()})") from None
    finally:
        engine.dispose()


def _inspect(conn: sa.Connection, place: str, ring: KeyRing) -> str | None:
    """Revision of a database that this program and this master key may use; None if it is empty."""
    tables = sa.inspect(conn).get_table_names()
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise ForeignDatabase(f"{place}: {ForeignDatabase.__doc__}")
    found: list[str] = list(conn.scalars(sa.text("SELECT version_num FROM alembic_version")))
    if not found:
        raise IncompleteDatabase(f"{place}: {IncompleteDatabase.__doc__} (it has no version)")
    if newer := [one for one in found if one not in REVISIONS]:
        raise NewerSchema(f"{place}: {NewerSchema.__doc__} (its schema is {', '.join(newer)}, ours {REVISIONS[-1]})")
    revision = max(found, key=REVISIONS.index)
    missing = _missing(conn) if revision == REVISIONS[-1] else []
    if missing:
        raise IncompleteDatabase(f"{place}: {IncompleteDatabase.__doc__} (missing: {', '.join(missing)})")
    check = conn.execute(sa.select(keys.c.id, keys.c.wrapped).where(keys.c.purpose == INDEX).limit(1)).one_or_none()
    if check is not None:
        ring.unwrap(check.id, INDEX, check.wrapped)
    elif any(conn.execute(sa.select(sa.literal(1)).select_from(t).limit(1)).first() for t in (audit, outbox, records)):
        raise IncompleteDatabase(f"{place}: {IncompleteDatabase.__doc__} (missing: its keys)")
    return revision


def _missing(conn: sa.Connection) -> list[str]:
    """Tables, and columns of the others, that ours has and this database has not: a migration that did not end."""
    there = {name: {c["name"] for c in columns} for (_, name), columns in sa.inspect(conn).get_multi_columns().items()}
    tables = [name for name in metadata.tables if name not in there]
    columns = [
        f"{name}.{column.name}"
        for name, table in metadata.tables.items()
        for column in table.columns
        if name in there and column.name not in there[name]
    ]
    return sorted(tables) + sorted(columns)


def _create_file(path: Path) -> None:
    """An empty file that only its owner reads, before SQLite makes one that others read too."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise OpenRefused(f"{path}: cannot be made ({error.strerror})") from None


def _migrate(engine: sa.Engine) -> None:
    """Run the migrations that are missing, in one transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    with engine.begin() as conn:
        if engine.dialect.name == "postgresql":
            from . import server

            server.unhurried(conn)
            conn.exec_driver_sql("SET lock_timeout = 0")
            conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))  # two nodes may start at once
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
