"""The durable life of a message against the bare driver doing the same commits on the same disk, and with a history.

The yardstick keeps the same facts (SHA-256, attempt, outcome), in the same three commits a batch; it encrypts nothing,
keeps no order and knows no lease.
"""

import hashlib
import secrets
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import psycopg
import sqlalchemy as sa

from gateway.domain.delivery import Outcome
from gateway.store import MasterKey, Outgoing, Store, Unit
from tests import postgres
from tests.bench.rows import Row

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BODY = secrets.token_bytes(10_000)  # a sealed message with a small plan
BATCH = 20  # as the worker claims them
BATCHES = 150
HISTORY = 1_000_000
LITTLE = 1_000


def rows() -> list[Row]:
    """Durable life of a message on both databases, one commit a message, and the same with history."""
    made = [*_rows_on_sqlite()]
    if postgres.missing() is None:
        made += _rows_on_a_server()
    return made


def _rows_on_sqlite() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="wmo-bench-") as name:
        folder = Path(name)
        against = "sqlite3, the same commits, no encryption"
        ours, bare = _interleaved(_Store(folder / "ours.db"), _BareFile(folder / "bare.db"))
        yield _life("SQLite", ours, bare, against)
        ours, bare = _interleaved(_Store(folder / "one.db"), _BareFile(folder / "bare-one.db"), 1, "put")
        yield Row(
            name="outbox: put alone, one message a commit",
            measured=ours,
            reference=bare,
            against=against,
            target=5.0,  # no promise of speed, a watch on what one unit of work costs beside its commit
        )
        yield _aged("SQLite", _Store(folder / "old.db"), _Store(folder / "young.db"))


def _rows_on_a_server() -> Iterator[Row]:
    with postgres.server(durable=True, language=None) as url, _emptied(url) as bare_url:
        ours, bare = _interleaved(_Store(url), _BareServer(bare_url))
        yield _life("PostgreSQL", ours, bare, "psycopg, the same commits, no encryption")


def _life(database: str, ours: float, bare: float, against: str) -> Row:
    name = f"outbox on {database}: put, claim with body, record, {BATCH} a batch"
    return Row(name=name, measured=ours, reference=bare, against=against, target=2.0)


def _aged(database: str, old: "_Store", young: "_Store") -> Row:
    old.age(HISTORY)
    young.age(LITTLE)
    many, few = _interleaved(old, young)
    name = f"outbox on {database}: the same with {HISTORY} messages of history"
    return Row(name=name, measured=many, reference=few, against=f"with {LITTLE}", target=1.15)


@contextmanager
def _emptied(url: str) -> Iterator[str]:
    """Another database on the same server."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as conn:
        conn.execute("CREATE DATABASE bare")
    yield url.replace("/postgres?", "/bare?")


def _interleaved(
    a: "_Life", b: "_Life", size: int = BATCH, what: Literal["batch", "put"] = "batch"
) -> tuple[float, float]:
    """Milliseconds a message of both: medians of batches in turn, so that whoever disturbs the disk disturbs both."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(BATCHES + 5):
        for place, life in enumerate((a, b)):
            start = time.perf_counter()
            getattr(life, what)(size)
            if turn >= 5:  # the first ones make keys and fill caches
                times[place].append((time.perf_counter() - start) / size)
    a.close()
    b.close()
    return statistics.median(times[0]) * 1000, statistics.median(times[1]) * 1000


class _Life:
    put: Callable[[int], None]  # commit new messages
    batch: Callable[[int], None]  # their whole life
    close: Callable[[], None]


class _Store(_Life):
    """Three units of work a batch: put, claim, record."""

    def __init__(self, place: Path | str) -> None:
        self._place = place if isinstance(place, str) else f"sqlite:///{place}"
        self._store = Store.open(place, MasterKey.generate())
        self._count, self._now = 0, NOW
        self.close = self._store.close

    def put(self, size: int) -> None:
        self._now += timedelta(seconds=1)
        with self._unit() as unit:
            unit.outbox.put_all([self._message() for _ in range(size)])

    def batch(self, size: int) -> None:
        self.put(size)
        with self._unit() as unit:
            claims = unit.attempts.claim(node="bench", limit=size, channel_names=["smtp"], per_partner=10)
            unit.attempts.start_all(claims)
        assert len(claims) == size
        with self._unit() as unit:
            sent = Outcome(verdict="submitted", phase="data", code=250, text="queued")
            unit.attempts.record_all([(claim, sent) for claim in claims])

    def _unit(self) -> AbstractContextManager[Unit]:
        return self._store.unit(now=self._now, actor="bench")

    def _message(self) -> Outgoing:
        self._count += 1
        return Outgoing(
            message_id=f"<{self._count:032x}@gemeente.example>",
            kind="iwmo",
            partner=f"partner-{self._count % 50}",
            channel="smtp",
            sender="wmo@gemeente.example",
            recipient="plan@zorg.example",
            wire=BODY,
            reference=f"toewijzing-{self._count}",
        )

    def age(self, messages: int) -> None:
        """Give it a history: messages of earlier days, all done, their bytes cut short."""
        self.batch(1)
        engine = sa.create_engine(self._place)
        lite = engine.dialect.name == "sqlite"
        random = "lower(hex(randomblob(16)))" if lite else "md5(random()::text || n.i)"
        moment = "printf('%012x', n.i)" if lite else "lpad(to_hex(n.i), 12, '0')"  # long ago, in order
        other: dict[tuple[str, str], str] = {
            ("outbox", "id"): "n.i + 1000",
            ("outbox", "message_id"): f"'<' || {random} || '@gemeente.example>'",
            ("attempts", "outbox_id"): "n.i + 1000",
            ("attempts", "envelope_id"): f"{moment} || substr({random}, 1, 20)",
            ("sealed", "row_id"): "n.i + 1000",
            ("sealed", "data"): "zeroblob(64)" if lite else "'\\x00'::bytea",
        }
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {messages})"
        with engine.begin() as conn:
            if lite:
                conn.exec_driver_sql("PRAGMA cache_size = -400000")
            for table in ("outbox", "attempts", "sealed"):
                columns = [c["name"] for c in sa.inspect(conn).get_columns(table)]
                taken = ", ".join(other.get((table, c), f"t.{c}") for c in columns)
                conn.exec_driver_sql(
                    f"INSERT INTO {table} ({', '.join(columns)}) {numbers} SELECT {taken} FROM {table} t, n"
                )
                if not lite and table == "outbox":
                    conn.exec_driver_sql(
                        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                    )
        engine.dispose()


class _Bare(_Life):
    """What a careful hand would write with the driver alone: three transactions a batch, a table for bodies."""

    TABLES = (
        "CREATE TABLE outbox (id INTEGER PRIMARY KEY, message_id TEXT UNIQUE, kind TEXT, partner TEXT, channel TEXT,"
        " sender TEXT, recipient TEXT, reference TEXT, sha256 TEXT, size INTEGER, state TEXT, reason TEXT,"
        " created_at TEXT, changed_at TEXT, next_at TEXT, tries INTEGER, first_try_at TEXT, submitted_at TEXT,"
        " attempt TEXT, lease_until TEXT)",
        "CREATE INDEX due ON outbox (next_at, id) WHERE state = 'new'",
        "CREATE TABLE bodies (id INTEGER PRIMARY KEY, body {bytes})",
        "CREATE TABLE attempts (id INTEGER PRIMARY KEY, outbox INTEGER, envelope TEXT UNIQUE, due_at TEXT,"
        " started_at TEXT, ended_at TEXT, sha256 TEXT, node TEXT, verdict TEXT, phase TEXT, code INTEGER, text TEXT)",
    )
    mark = "?"

    def __init__(self) -> None:
        self._count, self._now = 0, NOW
        self._cursor: Any = None

    def _many(self, statement: str, values: list[tuple[Any, ...]]) -> None:
        self._cursor.executemany(statement.replace("?", self.mark), values)

    def begin(self) -> None:
        """Begin a transaction."""

    def commit(self) -> None:
        """End it."""

    def put(self, size: int) -> None:
        self._now += timedelta(seconds=1)
        now, first = self._now.isoformat(), self._count + 1
        self._count += size
        new = range(first, self._count + 1)
        self.begin()
        self._many(
            "INSERT INTO outbox (id, message_id, kind, partner, channel, sender, recipient, reference, sha256, size,"
            " state, created_at, changed_at, next_at, tries) VALUES"
            " (?, ?, 'iwmo', ?, 'smtp', 'wmo@gemeente.example', 'plan@zorg.example', ?, ?, ?, 'new', ?, ?, ?, 0)",
            [
                (
                    *(n, f"<{n:032x}@gemeente.example>", f"partner-{n % 50}", f"toewijzing-{n}"),
                    *(hashlib.sha256(BODY).hexdigest(), len(BODY), now, now, now),
                )
                for n in new
            ],
        )
        self._many("INSERT INTO bodies (id, body) VALUES (?, ?)", [(n, BODY) for n in new])
        self.commit()

    def batch(self, size: int) -> None:
        self.put(size)
        now, later = self._now.isoformat(), (self._now + timedelta(minutes=1)).isoformat()
        self.begin()
        due = self._cursor.execute(
            "SELECT o.id, o.message_id, o.sender, o.recipient, o.sha256, b.body"
            " FROM outbox o JOIN bodies b ON b.id = o.id"
            " WHERE o.state = 'new' AND o.next_at <= ? ORDER BY o.next_at, o.id LIMIT ?".replace("?", self.mark),
            (now, size),
        ).fetchall()
        assert len(due) == size
        claimed = [(n, secrets.token_hex(16), digest) for n, _, _, _, digest, _ in due]
        self._many(
            "UPDATE outbox SET state = 'sending', changed_at = ?, next_at = ?, tries = 1, first_try_at = ?,"
            " attempt = ?, lease_until = ? WHERE id = ?",
            [(now, later, now, envelope, later, n) for n, envelope, _ in claimed],
        )
        self._many(
            "INSERT INTO attempts (id, outbox, envelope, due_at, started_at, sha256, node)"
            " VALUES (?, ?, ?, ?, ?, ?, 'bench')",
            [(n, n, envelope, now, now, digest) for n, envelope, digest in claimed],
        )
        self.commit()
        self.begin()
        self._many(
            "UPDATE outbox SET state = 'submitted', reason = 'submitted (250)', changed_at = ?, submitted_at = ?,"
            " next_at = NULL, attempt = NULL, lease_until = NULL WHERE id = ? AND attempt = ?",
            [(now, now, n, envelope) for n, envelope, _ in claimed],
        )
        self._many(
            "UPDATE attempts SET ended_at = ?, verdict = 'submitted', phase = 'data', code = 250, text = 'queued'"
            " WHERE envelope = ?",
            [(now, envelope) for _, envelope, _ in claimed],
        )
        self.commit()


class _BareFile(_Bare):
    """The sqlite3 module: WAL, full sync."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._conn = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            self._conn.execute(f"PRAGMA {pragma}")
        for table in self.TABLES:
            self._conn.execute(table.format(bytes="BLOB"))
        self._cursor = self._conn.cursor()
        self.close = self._conn.close

    def begin(self) -> None:
        self._cursor.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._cursor.execute("COMMIT")


class _BareServer(_Bare):
    """psycopg on the same server."""

    mark = "%s"

    def __init__(self, url: str) -> None:
        super().__init__()
        self._conn = psycopg.connect(url.replace("+psycopg", ""))
        for table in self.TABLES:
            self._conn.execute(table.format(bytes="BYTEA"))
        self._conn.commit()
        self._cursor = self._conn.cursor()
        self.close = self._conn.close

    def commit(self) -> None:
        self._conn.commit()
