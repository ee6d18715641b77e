"""Turns: what one transaction at a time may do, from a look at what is not there yet to the commit that makes it."""

from collections.abc import Iterable

import sqlalchemy as sa


def take_turns(conn: sa.Connection, names: Iterable[str]) -> bool:
    """Until the end of this transaction nobody else has a turn of one of these names, which are as `Sealer.blind` makes
    them; what is asked after it shows all that was done in turns before. False for a file, which has one writer.
    """
    if conn.dialect.name != "postgresql":
        return False
    # In one order, so that two who want the same do not wait for each other.
    numbers = sorted({int.from_bytes(bytes.fromhex(name)[:8], signed=True) for name in names})
    each = "SELECT pg_advisory_xact_lock(number) FROM unnest(%s::bigint[]) AS told(number)"
    conn.exec_driver_sql(each, (numbers,))
    return True
