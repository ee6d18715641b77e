"""What a bad disk does to a store."""

import sqlalchemy as sa

from gateway.store import Store
from gateway.store.tables import sealed


def alter(store: Store, field: str, row: int) -> None:
    """Flip one bit of a sealed value, as a bad disk does."""
    with store._engine.begin() as conn:
        where = sealed.c.field == field, sealed.c.row_id == row
        data = bytearray(conn.scalar(sa.select(sealed.c.data).where(*where)))
        data[len(data) // 2] ^= 1
        conn.execute(sealed.update().where(*where).values(data=bytes(data)))
