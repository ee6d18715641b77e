"""What one transaction at a time may do, from a look at what is not there yet to its commit; and how long it waits."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

INTAKE: Final = "intake"
"""The turn of who judges what came in, and of who destroys what that may belong to."""


def take_turns(conn: sa.Connection, names: Iterable[str]) -> bool:
    """Until the end of this transaction nobody else has a turn of one of these names, as `Sealer.blind` makes them.

    What is asked after it shows all that was done in turns before. False for a file, which has one writer: then no
    name is made (nor the key asked for that it is made with).
    """
    if conn.dialect.name != "postgresql":
        return False
    # In one order, so that two who want the same do not wait for each other.
    numbers = sorted({int.from_bytes(bytes.fromhex(name)[:8], signed=True) for name in names})
    each = "SELECT pg_advisory_xact_lock(number) FROM unnest(%s::bigint[]) AS told(number)"
    conn.exec_driver_sql(each, (numbers,))
    return True


@contextmanager
def waits_at_most(conn: sa.Connection, seconds: float) -> Iterator[None]:
    """On a server: no statement of the block waits longer for others' rows; StoreBusy, as `sentences` says it."""
    if conn.dialect.name != "postgresql":
        yield
        return
    before = conn.exec_driver_sql("SHOW lock_timeout").scalar()
    conn.exec_driver_sql(f"SET LOCAL lock_timeout = {round(seconds * 1000)}")
    yield  # after an error nothing more can be said in this transaction
    conn.exec_driver_sql(f"SET LOCAL lock_timeout = '{before}'")
