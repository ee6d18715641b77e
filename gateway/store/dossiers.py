"""Dossiers: a pseudonym for the audit trail, a term of retention, and destruction for good (SM-147, SM-149)."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from .inbox import RAW
from .outbox_rows import UNLEASED
from .prepared import Prepared, among, bound
from .sealing import DAY, DOSSIER, drop_all, locked_to_destroy
from .states import OPEN
from .tables import (
    attempts,
    bericht_keys,
    berichten,
    dossiers,
    inbox,
    keys,
    outbox,
    outbox_notes,
    record_events,
    record_keys,
    records,
    sealed,
)
from .turns import waits_at_most

AT_ONCE: Final = 500  # in one statement
GIVES_WAY: Final = 0.2  # seconds, on a server: before it looks for two that wait for each other (1 s) and undoes one
SLACK: Final = timedelta(days=30)


class Destroyed(msgspec.Struct, frozen=True, kw_only=True):
    """What went; counts only."""

    records: int
    berichten: int
    outgoing: int
    incoming: int
    values: int  # sealed values, of which nothing is left but noise in old backups


_TERM = Prepared(sa.select(dossiers.c.pseudonym, dossiers.c.keep_until).where(dossiers.c.id == sa.bindparam("dossier")))
_TERMS = Prepared(
    sa.select(dossiers.c.id, dossiers.c.pseudonym, dossiers.c.keep_until).where(among(dossiers.c.id, "dossiers"))
)
_NAME = Prepared(dossiers.insert().values(bound(dossiers.c.keys())))


class Dossiers:
    """Named queries on dossiers, within one unit of work."""

    def __init__(self, conn: sa.Connection, now: datetime) -> None:
        self._conn, self._now = conn, now
        self._known: dict[str, str] = {}  # pseudonyms of this unit

    def forget(self) -> None:
        """What was made in this unit may be undone."""
        self._known.clear()

    def pseudonym(self, dossier: str) -> str:
        """The client's name in the audit trail: random, made on first use, never derived from the BSN."""
        if (known := self._known.get(dossier)) is not None:
            return known
        row = self._term(dossier)
        made = secrets.token_hex(8) if row is None else str(row.pseudonym)
        if row is None:
            _NAME.many(self._conn, [{"id": dossier, "pseudonym": made, "created_at": self._now, "keep_until": None}])
        self._known[dossier] = made
        return made

    def _term(self, dossier: str) -> Any:
        """Its pseudonym, and its term as text; None if it has none of either."""
        found = _TERM.rows(self._conn, {"dossier": dossier})
        return found[0] if found else None

    def keep(self, dossier: str, until: datetime) -> None:
        """Its term: nothing of it is destroyed before this time."""
        self.pseudonym(dossier)
        self._conn.execute(dossiers.update().where(dossiers.c.id == dossier).values(keep_until=until))

    def touch(self, dossier: str, until: datetime) -> str:
        """Its term does not end before this time, give or take a month (not a write each time); its pseudonym."""
        return self.touch_all({dossier: until})[dossier]

    def touch_all(self, terms: Mapping[str, datetime]) -> dict[str, str]:
        """`touch` for many: each with its term; their pseudonyms."""
        there = {row.id: row for row in _TERMS.rows(self._conn, {"dossiers": list(terms)})} if terms else {}
        self._known |= {dossier: str(row.pseudonym) for dossier, row in there.items()}
        for dossier, row in there.items():
            if _ends_early(row, terms[dossier]):
                self.keep(dossier, terms[dossier])
        new = {dossier: secrets.token_hex(8) for dossier in terms if dossier not in there}
        _NAME.many(
            self._conn,
            [
                {"id": dossier, "pseudonym": made, "created_at": self._now, "keep_until": terms[dossier]}
                for dossier, made in new.items()
            ],
        )
        self._known |= new
        return {dossier: self._known[dossier] for dossier in terms}

    def expired(self, limit: int = 100) -> Sequence[str]:
        """Dossiers whose term is over."""
        query = sa.select(dossiers.c.id).where(dossiers.c.keep_until <= self._now).order_by(dossiers.c.keep_until)
        return list(self._conn.scalars(query.limit(limit)))

    def count_expired(self) -> int:
        """How many dossiers that are."""
        query = sa.select(sa.func.count()).select_from(dossiers).where(dossiers.c.keep_until <= self._now)
        return self._conn.scalar(query) or 0

    def is_past(self, dossier: str) -> bool:
        """Whether its term is over, to destroy it in this unit: nobody begins it anew meanwhile. StoreBusy as there."""
        locked_to_destroy(self._conn, DOSSIER, dossier)
        query = sa.select(dossiers.c.id).where(dossiers.c.id == dossier, dossiers.c.keep_until <= self._now)
        with waits_at_most(self._conn, GIVES_WAY):
            return self._conn.scalar(query.with_for_update()) is not None

    def terms(self, wanted: Sequence[str]) -> Sequence[datetime]:
        """When the term of these dossiers ended, or will."""
        query = sa.select(dossiers.c.keep_until).where(dossiers.c.id.in_(wanted), dossiers.c.keep_until.is_not(None))
        return list(self._conn.scalars(query))

    def known(self, listed: Sequence[str]) -> Sequence[str]:
        """Which of these dossiers something is kept of."""
        found: set[str] = set()
        for first in range(0, len(listed), AT_ONCE):
            some = listed[first : first + AT_ONCE]
            found |= set(self._conn.scalars(sa.select(dossiers.c.id).where(dossiers.c.id.in_(some))))
            named = sa.select(keys.c.name).where(keys.c.purpose == DOSSIER, keys.c.name.in_(some))
            found |= set(self._conn.scalars(named))
        return [dossier for dossier in listed if dossier in found]

    def drop_day_keys(self, before: datetime) -> None:
        """Destroy the keys of days before that time under which nothing is kept any more."""
        used = sa.select(sa.literal(1)).where(sealed.c.key_id == keys.c.id).exists()
        self._delete(keys, keys.c.purpose == DAY, keys.c.created_at < before, ~used)

    def destroy(self, dossier: str) -> Destroyed:
        """Remove its key, every value under it, its documents, search keys, raw mail and pseudonym, in this unit.

        Message-ID, MIC, times, codes and outcomes stay: they name nobody. Raw mail goes as a row, because our own
        S/MIME key opens it without the dossier's key. What was not sent yet is not sent any more. The files themselves
        are cleaned by `Store.clean`.

        StoreBusy on a server where another unit works in it that may wait for this one: begin anew, so that it goes on.
        """
        key_ids = locked_to_destroy(self._conn, DOSSIER, dossier)  # what others write now is seen below
        # They take its rows in an order of their own, some before its key: this one waits for none of them for long.
        with waits_at_most(self._conn, GIVES_WAY):
            return self._destroy(dossier, key_ids)

    def _destroy(self, dossier: str, key_ids: Sequence[str]) -> Destroyed:
        documents, mail = _of(records, dossier), _of(inbox, dossier)
        sent, registered = _of(outbox, dossier), _of(berichten, dossier)
        events = sa.select(record_events.c.id).where(record_events.c.record_id.in_(documents))
        values = self._delete(sealed, sealed.c.key_id.in_(key_ids))
        values += drop_all(self._conn, RAW, list(self._conn.scalars(mail)))
        self._delete(record_keys, record_keys.c.record_id.in_(documents))
        self._delete(record_events, record_events.c.id.in_(events))
        self._delete(bericht_keys, bericht_keys.c.bericht_id.in_(registered))
        self._change(
            outbox, sa.and_(outbox.c.dossier == dossier, outbox.c.state.in_(OPEN)), state="cancelled", **UNLEASED
        )
        # Words of people and of servers, and the number of an order or plan, may say whose it was.
        self._change(outbox_notes, outbox_notes.c.outbox_id.in_(sent), detail=None)
        self._change(attempts, attempts.c.outbox_id.in_(sent), text=None)
        gone = Destroyed(
            values=values,
            records=self._delete(records, records.c.dossier == dossier),
            incoming=self._delete(inbox, inbox.c.dossier == dossier),
            outgoing=self._change(
                outbox, outbox.c.dossier == dossier, dossier=None, reference=None, reason=None, next_at=None
            ),
            berichten=self._change(berichten, berichten.c.dossier == dossier, dossier=None),
        )
        self._delete(dossiers, dossiers.c.id == dossier)
        self._delete(keys, keys.c.id.in_(key_ids))
        self._known.pop(dossier, None)
        return gone

    def _delete(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        return self._conn.execute(table.delete().where(*where)).rowcount

    def _change(self, table: sa.Table, where: sa.ColumnElement[bool], **values: Any) -> int:
        return self._conn.execute(table.update().where(where).values(**values)).rowcount


def _ends_early(row: Any, until: datetime) -> bool:
    return row.keep_until is None or datetime.fromisoformat(row.keep_until) < until - SLACK


def _of(table: sa.Table, dossier: str) -> "sa.Select[Any]":
    """Numbers of the rows of a dossier."""
    return sa.select(table.c.id).where(table.c.dossier == dossier)
