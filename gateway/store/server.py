"""A connection to PostgreSQL that does not wait for ever: for a server that is gone, or one that we are gone for.

A cable that is cut says nothing to either side. Our side gives up on an answer (`ANSWER_MAX`, and the kernel's own
limits, which also notice it between statements); the server's side ends the transaction of a node that went silent, so
that its locks keep nobody else waiting. What a connection string says itself goes before these.
"""

import select
import time
from collections.abc import Generator
from contextlib import suppress
from typing import Any, Final, TypeVar

import psycopg
import sqlalchemy as sa

from .prepared import LARGE_SEEN

T = TypeVar("T")

STATEMENT_MAX: Final = 30.0  # seconds for one statement, said by the server
ANSWER_MAX: Final = 40.0  # for one answer, whatever the server does
UNASKED_MAX: Final = 5.0  # seconds out of use after which a connection is asked whether it is still one

CONNECT: Final[dict[str, int]] = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "prepare_threshold": 2,  # what was said twice is said often
}
SESSION: Final[dict[str, str]] = {
    "statement_timeout": f"{STATEMENT_MAX:.0f}s",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "60s",
    "default_transaction_isolation": "read committed",  # what is locked and then read is what others committed
    "tcp_keepalives_idle": "15s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30s",
    # A plan is kept for as long as a connection, and may be made while the tables are empty; whatever is asked often
    # has an index. A bitmap scan visits each dead row there is until the next VACUUM; an index scan does so once.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",  # else all of a table that was counted while it was small, kept to be gone through
    # Indexes are chosen by what is asked, not by its values: to plan anew for those took a seventh of a server's work.
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",  # to compile takes longer than any of these statements
}


class Connection(psycopg.Connection[Any]):
    """A connection whose every wait ends."""

    answer_max: float | None = ANSWER_MAX
    put_back = 0.0  # when it was last in use, as `time.monotonic` counts

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **options: Any) -> T:
        """As the driver's, for at most `answer_max` seconds; then the connection is closed: OperationalError."""
        if self.answer_max is not None:
            gen = self._within(gen, time.monotonic() + self.answer_max)
        return super().wait(gen, *args, **options)

    def _within(self, gen: Generator[Any, Any, T], deadline: float) -> Generator[Any, Any, T]:
        # The driver asks again and again while it waits, with an empty answer (0).
        try:
            state = next(gen)
            while True:
                ready = yield state
                if not ready and time.monotonic() > deadline:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server does not answer")
                state = gen.send(ready)
        except StopIteration as ended:
            value: T = ended.value
            return value


class Cursor(psycopg.Cursor[Any]):
    """Results in PostgreSQL's binary form."""

    def __init__(self, connection: psycopg.Connection[Any], **options: Any) -> None:
        super().__init__(connection, **options)
        self.format = psycopg.pq.Format.BINARY


def connect(_: object, __: object, arguments: list[Any], options: dict[str, Any]) -> Connection:
    """For SQLAlchemy's `do_connect`."""
    connection = Connection.connect(*arguments, **(CONNECT | options))
    said = options.get("options", "")
    # Numbers, times and names are as quick either way; sealed bytes would travel as hexadecimal digits.
    connection.cursor_factory = Cursor
    for name, value in SESSION.items():
        if f"{name}=" not in said:
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    if "synchronous_commit=" not in said:
        # A commit is a promise to the sender. More than `on`, such as on a standby, is its keeper's to say.
        connection.execute(
            "SELECT set_config(name, 'on', false) FROM pg_settings"
            " WHERE name = 'synchronous_commit' AND setting = 'off'"
        )
    connection.commit()
    return connection


def put_back(connection: Connection | None, record: sa.pool.ConnectionPoolEntry) -> None:
    """For SQLAlchemy's `checkin`. One that carried something large is not kept: libpq keeps the room that it took."""
    if connection is not None:
        connection.put_back = time.monotonic()
        if record.info.pop(LARGE_SEEN, False):
            record.invalidate()


def taken_out(connection: Connection, _: object, __: object) -> None:
    """For SQLAlchemy's `checkout`: one that has just been used and of which nothing was heard since is not asked.

    A server that ended says so, and its socket has something to be read; only of a cable that is cut nothing is heard.
    A question each time costs as much as a small statement.
    """
    if not connection.put_back:
        return  # new
    if connection.closed or _has_said_something(connection) or time.monotonic() - connection.put_back > UNASKED_MAX:
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.Error:
            raise sa.exc.InvalidatePoolError from None  # all of them: the others are of the same age


def end_view(conn: sa.Connection) -> None:
    """End a transaction that only looked: after a ROLLBACK the driver would prepare every statement anew."""
    with suppress(psycopg.Error):  # a connection that is lost says so when it is rolled back
        conn.connection.dbapi_connection.commit()  # type: ignore[union-attr]


def _has_said_something(connection: Connection) -> bool:
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    return bool(socket.poll(0))


def unhurried(conn: sa.Connection) -> None:
    """For upkeep: what may take long on this connection takes as long as it takes. The connection is not used again."""
    raw = conn.connection.driver_connection
    if isinstance(raw, Connection):
        raw.answer_max = None
    conn.exec_driver_sql("SET statement_timeout = 0")
    conn.detach()
