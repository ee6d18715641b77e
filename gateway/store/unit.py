"""One unit of work: one transaction, one time, one actor; everything that belongs together is written through it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Final

import sqlalchemy as sa

from .attempts import Attempts
from .audit import Audit, Entry
from .berichten import Berichten
from .channels import Channels
from .dossiers import Dossiers
from .errors import Collision, CorruptDatabase, StoreBusy, StoreDown, StoreError
from .identities import Identities
from .inbox import Inbox
from .jobs import Jobs
from .outbox import Outbox
from .partners import Partners
from .places import Places
from .prepared import savepoint
from .records import Records
from .sealing import KeyRing, Sealer
from .status import Status
from .turns import take_turns

# What PostgreSQL says, by SQLSTATE.
_OTHERS: Final = ("55P03", "40P01")  # another kept a row for too long; two waited for each other
# It only reads (a standby, around a failover); a right is gone, or its schema or tables are not to be seen.
_SURROUNDINGS: Final = ("25006", "42501", "42P01")


@contextmanager
def sentences() -> Iterator[None]:
    """The database's own errors as ours."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        text = str(error.orig).strip().partition("\n")[0]  # PostgreSQL's second line quotes values
        if "malformed" in text or "not a database" in text:
            raise CorruptDatabase(CorruptDatabase.__doc__) from error
        state = getattr(error.orig, "sqlstate", None)
        if "locked" in text or "busy" in text or state in _OTHERS:
            raise StoreBusy(f"{StoreBusy.__doc__} ({text})") from error
        away = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) or state in _SURROUNDINGS
        if away or error.connection_invalidated:
            raise StoreDown(f"the database cannot be used now: {text}{_advice(text)}") from error
        kind = Collision if isinstance(error, sa.exc.IntegrityError) else StoreError
        raise kind(f"the database refused: {text}") from error
    except sa.exc.TimeoutError as error:
        raise StoreDown("the database cannot be used now: all connections are taken") from error


def _advice(text: str) -> str:
    """SQLite writes beside the file, also for who only looks; of what it cannot do there it says no more than that."""
    shut = "unable to open database file" in text or "readonly database" in text
    return (
        " (its folder must be writable, also to look: is the disk read-only, or is this another user?)" if shut else ""
    )


@contextmanager
def part_of(conn: sa.Connection, told: list[Entry]) -> Iterator[None]:
    """What an exception undoes of a transaction: the writes, and what was told for the audit trail."""
    before = told.copy()
    try:
        with savepoint(conn):
            yield
    except BaseException:
        told[:] = before
        raise


class Unit:
    """The store within one transaction. Made by `Store.unit` and `Store.view`."""

    def __init__(
        self, conn: sa.Connection, ring: KeyRing, *, now: datetime, actor: str, node: str, told: list[Entry]
    ) -> None:
        self._conn, self._node, self._told = conn, node, told
        self.now, self.actor = now, actor
        self._sealer = Sealer(conn, ring, now)

    def alone_at(self, what: str) -> None:
        """Until the end of this unit nobody else does what is called this; all that was done before is seen."""
        take_turns(self._conn, (self._sealer.blind("turn", each) for each in (what,)))

    def stays(self, dossier: str) -> bool:
        """Keep a dossier that was found from being destroyed until the end of this unit; False if it was meanwhile."""
        return self._sealer.stays(dossier)

    @contextmanager
    def part(self) -> Iterator[None]:
        """Several independent changes in one commit: an exception undoes this part and leaves the others."""
        keys = self._sealer.known()
        try:
            with sentences(), part_of(self._conn, self._told):
                yield
        except BaseException:
            self._sealer.back_to(keys)
            self.dossiers.forget()
            self.partners.forget()
            raise

    @cached_property
    def outbox(self) -> Outbox:
        """Messages on their way out."""
        return Outbox(self._conn, self._sealer, self.now, self.actor)

    @cached_property
    def attempts(self) -> Attempts:
        """Attempts to send them."""
        return Attempts(self._conn, self._sealer, self.channels, self.now, self.actor)

    @cached_property
    def inbox(self) -> Inbox:
        """Messages that came in."""
        return Inbox(self._conn, self._sealer, self.places, self.now)

    @cached_property
    def places(self) -> Places:
        """Where mailboxes keep what came in."""
        return Places(self._conn, self.now)

    @cached_property
    def identities(self) -> Identities:
        """Who sent what already."""
        return Identities(self._conn, self.outbox, self.now)

    @cached_property
    def berichten(self) -> Berichten:
        """The register of iWmo messages."""
        return Berichten(self._conn, self._sealer, self.now)

    @cached_property
    def records(self) -> Records:
        """Documents of the flows, and their events."""
        return Records(self._conn, self._sealer, self.now, self.actor)

    @cached_property
    def partners(self) -> Partners:
        """Partner records."""
        return Partners(self._conn, self.now)

    @cached_property
    def audit(self) -> Audit:
        """The audit trail."""
        return Audit(self._conn, self._sealer, self.now, self.actor, self._node, self._told)

    @cached_property
    def dossiers(self) -> Dossiers:
        """Pseudonyms, retention, destruction."""
        return Dossiers(self._conn, self.now)

    @cached_property
    def channels(self) -> Channels:
        """Ways out."""
        return Channels(self._conn, self.now)

    @cached_property
    def status(self) -> Status:
        """What is open, and since when."""
        return Status(self._conn)

    @cached_property
    def jobs(self) -> Jobs:
        """Jobs of the worker."""
        return Jobs(self._conn, self.now)
