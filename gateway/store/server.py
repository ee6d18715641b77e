"""A connection to PostgreSQL that does not wait for ever: for a server that is gone, or one that we are gone for.

A cable that is cut says nothing to either side. Our side gives up on an answer (`ANSWER_MAX`, and the kernel's own
limits, which also notice it between statements); the server's side ends the transaction of a node that went silent, so
that its locks keep nobody else waiting. What a connection string says itself goes before these.
"""

import time
from collections.abc import Generator
from typing import Any, Final, TypeVar

import psycopg
import sqlalchemy as sa

T = TypeVar("T")

STATEMENT_MAX: Final = 30.0  # seconds for one statement, said by the server
ANSWER_MAX: Final = 40.0  # for one answer, whatever the server does

CONNECT: Final[dict[str, int]] = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
SESSION: Final[dict[str, str]] = {
    "statement_timeout": f"{STATEMENT_MAX:.0f}s",
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "15s",
    "tcp_keepalives_interval": "5s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30s",
}


class Connection(psycopg.Connection[Any]):
    """A connection whose every wait ends."""

    answer_max: float | None = ANSWER_MAX

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


def connect(_: object, __: object, arguments: list[Any], options: dict[str, Any]) -> Connection:
    """For SQLAlchemy's `do_connect`."""
    connection = Connection.connect(*arguments, **(CONNECT | options))
    said = options.get("options", "")
    for name, value in SESSION.items():
        if f"{name}=" not in said:
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    connection.commit()
    return connection


def unhurried(conn: sa.Connection) -> None:
    """For upkeep: what may take long on this connection takes as long as it takes. The connection is not used again."""
    raw = conn.connection.driver_connection
    if isinstance(raw, Connection):
        raw.answer_max = None
    conn.exec_driver_sql("SET statement_timeout = 0")
    conn.detach()
