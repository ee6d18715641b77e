"""Dossiers: a pseudonym for the audit trail, a term of retention, and destruction for good (SM-147, SM-149)."""

import secrets
from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from .sealing import DOSSIER
from .tables import bericht_keys, berichten, dossiers, inbox, keys, outbox, record_events, record_keys, records, sealed


class Destroyed(msgspec.Struct, frozen=True, kw_only=True):
    """What went; counts only."""

    records: int
    berichten: int
    outgoing: int
    incoming: int
    values: int  # sealed values, of which nothing is left but noise in old backups


class Dossiers:
    """Named queries on dossiers, within one unit of work."""

    def __init__(self, conn: sa.Connection, now: datetime) -> None:
        self._conn, self._now = conn, now

    def pseudonym(self, dossier: str) -> str:
        """The client's name in the audit trail: random, made on first use, never derived from the BSN."""
        known = sa.select(dossiers.c.pseudonym).where(dossiers.c.id == dossier)
        if (pseudonym := self._conn.scalar(known)) is not None:
            return str(pseudonym)
        made = secrets.token_hex(8)
        self._conn.execute(dossiers.insert().values(id=dossier, pseudonym=made, created_at=self._now))
        return made

    def keep(self, dossier: str, until: datetime) -> None:
        """Its term: nothing of it is destroyed before this time."""
        self.pseudonym(dossier)
        self._conn.execute(dossiers.update().where(dossiers.c.id == dossier).values(keep_until=until))

    def expired(self, limit: int = 100) -> Sequence[str]:
        """Dossiers whose term is over."""
        query = sa.select(dossiers.c.id).where(dossiers.c.keep_until <= self._now).order_by(dossiers.c.keep_until)
        return list(self._conn.scalars(query.limit(limit)))

    def destroy(self, dossier: str) -> Destroyed:
        """Remove its key, every value under it, its documents, search keys, raw mail and pseudonym, in this unit.

        Message-ID, MIC, times and outcomes stay: they name nobody. Raw mail goes as a row, because our own S/MIME key
        opens it without the dossier's key. The file itself is cleaned by `Store.destroy`, which calls this.
        """
        of_dossier = sa.select(records.c.id).where(records.c.dossier == dossier)
        of_events = sa.select(record_events.c.id).where(record_events.c.record_id.in_(of_dossier))
        mail = sa.select(inbox.c.id).where(inbox.c.dossier == dossier)
        key = sa.select(keys.c.id).where(keys.c.purpose == DOSSIER, keys.c.name == dossier)
        values = self._delete(sealed, sealed.c.key_id.in_(key))
        values += self._delete(sealed, sealed.c.field == "inbox.raw", sealed.c.row_id.in_(mail))
        self._delete(record_keys, record_keys.c.record_id.in_(of_dossier))
        self._delete(record_events, record_events.c.id.in_(of_events))
        registered = sa.select(berichten.c.id).where(berichten.c.dossier == dossier)
        self._delete(bericht_keys, bericht_keys.c.bericht_id.in_(registered))
        gone = Destroyed(
            values=values,
            records=self._delete(records, records.c.dossier == dossier),
            incoming=self._delete(inbox, inbox.c.dossier == dossier),
            outgoing=self._forget(outbox, dossier),
            berichten=self._forget(berichten, dossier),
        )
        self._delete(dossiers, dossiers.c.id == dossier)
        self._delete(keys, keys.c.purpose == DOSSIER, keys.c.name == dossier)
        return gone

    def _delete(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return self._conn.execute(table.delete().where(*where)).rowcount

    def _forget(self, table: sa.Table, dossier: str) -> int:
        """Keep the row, without the link."""
        return self._conn.execute(table.update().where(table.c.dossier == dossier).values(dossier=None)).rowcount
