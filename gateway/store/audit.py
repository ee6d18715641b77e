"""The audit trail: append-only, gapless, chained by an HMAC, written in the transaction of what it tells (SM-149).

It is written last in that transaction: who writes it keeps every other writer on a server waiting until the commit.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from .prepared import Prepared, bound
from .sealing import Sealer
from .tables import audit

START = "0" * 64  # what the first row's MAC is chained to
BATCH = 1000


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row: who did what to what, for whom, on what ground, how it ended."""

    nr: int
    at: datetime
    node: str
    actor: str
    action: str
    object: str
    subject: str | None  # pseudonym of the client, random per dossier
    partner: str | None
    ground: str | None
    outcome: str
    detail: str  # JSON
    mac: str


class AuditHead(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the chain: to be kept elsewhere, so that cutting rows off is seen."""

    nr: int
    mac: str


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """Result of `verify`. `broken_at` is the first number that is missing, altered or out of place."""

    rows: int
    head: AuditHead
    broken_at: int | None = None


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written: who and when are the unit's."""

    action: str
    object: str
    outcome: str = "ok"
    subject: str | None = None
    partner: str | None = None
    ground: str | None = None
    detail: Mapping[str, Any] | None = None


_FIELDS = [audit.c[name] for name in Entry.__struct_fields__]
_HEAD = Prepared(
    sa.select(audit.c.nr, audit.c.mac, audit.c.at).where(
        audit.c.nr == sa.select(sa.func.max(audit.c.nr)).scalar_subquery()
    )
)
_ADD = Prepared(audit.insert().values(bound(Entry.__struct_fields__)))


class Audit:
    """Named queries on the trail, within one unit of work."""

    def __init__(
        self, conn: sa.Connection, sealer: Sealer, now: datetime, actor: str, node: str, told: list[Entry]
    ) -> None:
        self._conn, self._sealer, self._now, self._actor, self._node = conn, sealer, now, actor, node
        self._told = told  # in this transaction, and not written yet: without number and MAC

    def write(
        self,
        action: str,
        object: str,
        *,
        outcome: str = "ok",
        subject: str | None = None,
        partner: str | None = None,
        ground: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Append a row. Never a BSN, name, file name or content, nor an index value (SM-117, SM-146)."""
        act = Act(
            action=action,
            object=object,
            outcome=outcome,
            subject=subject,
            partner=partner,
            ground=ground,
            detail=detail,
        )
        self.write_all([act])

    def write_all(self, acts: Sequence[Act]) -> None:
        """Append rows in this order."""
        self._told += [self._entry(act) for act in acts]

    def flush(self) -> None:
        """Write down what was told: at the end of the transaction, or when the trail is read in it."""
        if not self._told:
            return
        if self._conn.dialect.name == "postgresql":
            # One writer at a time, held until commit; SQLite has one writer anyway.
            self._conn.execute(sa.text("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE"))
        head, key, rows = self._head(), self._sealer.audit_key(), []
        mac = head.mac
        for nr, told in enumerate(self._told, head.nr + 1):
            entry = msgspec.structs.replace(told, nr=nr)
            mac = _mac(key, mac, entry)
            rows.append(msgspec.structs.asdict(entry) | {"mac": mac})
        _ADD.many(self._conn, rows)
        self._told.clear()

    def _entry(self, act: Act) -> Entry:
        return Entry(
            nr=0,
            at=self._now,
            node=self._node,
            actor=self._actor,
            action=act.action,
            object=act.object,
            subject=act.subject,
            partner=act.partner,
            ground=act.ground,
            outcome=act.outcome,
            detail=msgspec.json.encode(act.detail or {}, order="sorted").decode(),
            mac="",
        )

    def head(self) -> AuditHead:
        """The last row's number and MAC."""
        self.flush()
        return self._head()

    def _head(self) -> AuditHead:
        rows = _HEAD.rows(self._conn, {})
        return AuditHead(nr=rows[0].nr, mac=rows[0].mac) if rows else AuditHead(nr=0, mac=START)

    def last_at(self) -> datetime | None:
        """When the last act was; None if there was none."""
        self.flush()
        rows = _HEAD.rows(self._conn, {})
        return datetime.fromisoformat(rows[0].at) if rows else None

    def verify(self, known: Sequence[AuditHead] = ()) -> AuditReport:
        """Walk the whole chain; `known` are heads that were kept elsewhere and must still be in it."""
        key, nr, mac = self._sealer.audit_key(), 0, START
        kept = {head.nr: head.mac for head in known}
        while batch := self.list(after=nr, limit=BATCH):
            for entry in batch:
                good = entry.nr == nr + 1 and hmac.compare_digest(entry.mac, _mac(key, mac, entry))
                if not good or kept.get(entry.nr, entry.mac) != entry.mac:
                    return AuditReport(rows=nr, head=AuditHead(nr=nr, mac=mac), broken_at=nr + 1)
                nr, mac = entry.nr, entry.mac
        cut = max(kept, default=0) > nr
        return AuditReport(rows=nr, head=AuditHead(nr=nr, mac=mac), broken_at=nr + 1 if cut else None)

    def list(
        self,
        *,
        after: int = 0,
        limit: int = 100,
        object: str | None = None,
        subjects: Sequence[str] | None = None,
        actor: str | None = None,
    ) -> Sequence[Entry]:
        """Rows in order, after a number; of one object, of clients (pseudonyms), by one actor."""
        self.flush()
        query = sa.select(*_FIELDS).where(audit.c.nr > after).order_by(audit.c.nr).limit(limit)
        if object is not None:
            query = query.where(audit.c.object == object)
        if subjects is not None:
            query = query.where(audit.c.subject.in_(subjects))
        if actor is not None:
            query = query.where(audit.c.actor == actor)
        return [Entry(**row._mapping) for row in self._conn.execute(query)]


def _mac(key: bytes, previous: str, entry: Entry) -> str:
    """HMAC-SHA-256 over the previous MAC and the row without its own, as a JSON array: no two rows read the same."""
    values = msgspec.structs.astuple(msgspec.structs.replace(entry, mac=previous))
    return hmac.digest(key, msgspec.json.encode(values), "sha256").hex()
