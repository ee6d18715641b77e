"""The durable life of a message against bare sqlite3 doing the same commits on the same disk, and with a history."""

import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from gateway.domain.delivery import Outcome
from gateway.store import MasterKey, Outgoing, Store
from tests.bench.rows import Row

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BODY = secrets.token_bytes(10_000)  # a sealed message with a small plan
BATCH = 20  # as the worker claims them
BATCHES = 15
REPEAT = 6
HISTORY = 100_000


def rows() -> list[Row]:
    """Durable life of a message, one commit a message, and the same with history."""
    with tempfile.TemporaryDirectory(prefix="wmo-bench-") as name:
        folder = Path(name)
        ours, bare = _interleaved(_Store(folder / "ours.db"), _Bare(folder / "bare.db"), BATCH, BATCHES)
        one, bare_one = _interleaved(_Store(folder / "one.db"), _Bare(folder / "bare-one.db"), 1, 60, "put")
        old = _Store(folder / "old.db")
        old.age(HISTORY)
        with_history, without = _interleaved(old, _Store(folder / "young.db"), BATCH, BATCHES)
    against = "sqlite3, the same commits, no encryption"
    return [
        Row(
            name=f"outbox: put, claim with body, record, {BATCH} a batch",
            measured=ours,
            reference=bare,
            against=against,
            target=2.0,
        ),
        Row(
            name="outbox: put alone, one message a commit",
            measured=one,
            reference=bare_one,
            against=against,
            target=5.0,  # no promise of speed, a watch on what one unit of work costs beside its commit
        ),
        Row(
            name=f"outbox: the same with {HISTORY} messages of history",
            measured=with_history,
            reference=without,
            against="without history",
            target=1.15,
        ),
    ]


def _interleaved(
    a: "_Life", b: "_Life", batch: int, batches: int, what: Literal["batch", "put"] = "batch"
) -> tuple[float, float]:
    """Milliseconds a message of both, best of some turns each, in turn, so that a busy disk hits both."""
    best = [float("inf"), float("inf")]
    for _ in range(REPEAT):
        for place, life in enumerate((a, b)):
            start = time.perf_counter()
            for _ in range(batches):
                getattr(life, what)(batch)
            best[place] = min(best[place], (time.perf_counter() - start) / batch / batches)
    a.close()
    b.close()
    return best[0] * 1000, best[1] * 1000


class _Life:
    put: Callable[[int], None]  # commit new messages
    batch: Callable[[int], None]  # their whole life
    close: Callable[[], None]


class _Store(_Life):
    """Three units of work a batch: put, claim, record."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store = Store.open(path, MasterKey.generate())
        self._count = 0
        self.close = self._store.close

    def put(self, size: int) -> None:
        with self._store.unit(now=NOW, actor="bench") as unit:
            unit.outbox.put_all([self._message() for _ in range(size)])

    def batch(self, size: int) -> None:
        self.put(size)
        with self._store.unit(now=NOW, actor="bench") as unit:
            claims = unit.attempts.claim(node="bench", limit=size, channel_names=["smtp"], per_partner=10)
            unit.attempts.start_all(claims)
        assert len(claims) == size
        with self._store.unit(now=NOW, actor="bench") as unit:
            sent = Outcome(verdict="submitted", phase="data", code=250, text="queued")
            unit.attempts.record_all([(claim, sent) for claim in claims])

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
        """Give it a history: messages of earlier days, all done."""
        self.batch(1)
        engine = sa.create_engine(f"sqlite:///{self._path}")
        with engine.begin() as conn:
            for table, key in (("outbox", "message_id"), ("attempts", "envelope_id")):
                columns = [c["name"] for c in sa.inspect(conn).get_columns(table)]
                taken = ", ".join({"id": "n.i + 1000", key: f"'h' || n.i || {key}"}.get(c, f"t.{c}") for c in columns)
                numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {messages})"
                conn.execute(
                    sa.text(f"INSERT INTO {table} ({', '.join(columns)}) {numbers} SELECT {taken} FROM {table} t, n")
                )
            conn.execute(sa.text("ANALYZE"))
        engine.dispose()


class _Bare(_Life):
    """What a careful hand would write: WAL, full sync, three transactions a batch, two tables."""

    def __init__(self, path: Path) -> None:
        self._conn = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            self._conn.execute(f"PRAGMA {pragma}")
        self._conn.execute(
            "CREATE TABLE outbox (id INTEGER PRIMARY KEY, message_id TEXT UNIQUE, partner TEXT, recipient TEXT,"
            " state TEXT, next_at TEXT, body BLOB)"
        )
        self._conn.execute("CREATE INDEX due ON outbox (next_at, id) WHERE state = 'new'")
        self._conn.execute("CREATE TABLE attempts (id INTEGER PRIMARY KEY, outbox INTEGER, started TEXT, ended TEXT)")
        self._count = 0
        self.close = self._conn.close

    def put(self, size: int) -> None:
        now = NOW.isoformat()
        self._conn.execute("BEGIN IMMEDIATE")
        for _ in range(size):
            self._count += 1
            self._conn.execute(
                "INSERT INTO outbox (message_id, partner, recipient, state, next_at, body)"
                " VALUES (?, ?, 'plan@zorg.example', 'new', ?, ?)",
                (f"<{self._count:032x}@gemeente.example>", f"partner-{self._count % 50}", now, BODY),
            )
        self._conn.execute("COMMIT")

    def batch(self, size: int) -> None:
        self.put(size)
        now = NOW.isoformat()
        self._conn.execute("BEGIN IMMEDIATE")
        due = self._conn.execute(
            "SELECT id, body FROM outbox WHERE state = 'new' AND next_at <= ? ORDER BY next_at, id LIMIT ?", (now, size)
        ).fetchall()
        later = (NOW + timedelta(minutes=1)).isoformat()
        for number, _ in due:
            self._conn.execute("UPDATE outbox SET state = 'sending', next_at = ? WHERE id = ?", (later, number))
            self._conn.execute("INSERT INTO attempts (outbox, started) VALUES (?, ?)", (number, now))
        self._conn.execute("COMMIT")
        self._conn.execute("BEGIN IMMEDIATE")
        for number, _ in due:
            self._conn.execute("UPDATE outbox SET state = 'sent', next_at = NULL WHERE id = ?", (number,))
            self._conn.execute("UPDATE attempts SET ended = ? WHERE outbox = ?", (now, number))
        self._conn.execute("COMMIT")
