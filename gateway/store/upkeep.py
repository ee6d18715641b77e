"""Backup, restore, destruction, and mail that is past its term: what is done to a store as a whole."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from .database import Store, server_url, shown, tables_on
from .dossiers import Destroyed
from .errors import CorruptDatabase, NotCleaned, OpenRefused, StoreBusy, StoreDown, StoreError
from .inbox import Inbox
from .keys import MasterKey
from .outbox import Outbox
from .turns import INTAKE
from .unit import Unit

ACTOR = "upkeep"
BATCH = 500  # messages in one transaction
WAYS_GIVEN = 20  # times that the destruction of a dossier lets others go first who work in it at that moment
AFTER_WAY = 0.2  # seconds that each of them gives them


def backup(store: Store, target: Path) -> None:
    """A consistent copy of a running store; the file appears whole or not at all. Keep the master key elsewhere.

    Of PostgreSQL it is what pg_dump makes, which must be installed; for a large state its continuous archiving is
    better.
    """
    if target.exists():
        raise StoreError(f"{target}: is there already, it is not overwritten")
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        _copy(store, temporary)
        _sync(temporary)
        temporary.replace(target)
    except BaseException:  # half a copy takes the room that the running gateway needs
        for left in (temporary, temporary.with_name(f"{temporary.name}-journal")):
            left.unlink(missing_ok=True)
        raise


def _copy(store: Store, target: Path) -> None:
    if store.path is None:
        _server_tool("pg_dump", store.url, "--format=custom", "--no-owner", f"--file={target}")
        return
    with _connection(store.path) as source, _connection(target) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it
        if copy.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise CorruptDatabase(f"{store.path}: {CorruptDatabase.__doc__}")


Then = Callable[[Unit, datetime], None]
"""What else is to be done in a restored state before anybody works with it; the last moment that it knows."""


def restore(
    source: Path, target: Path, master: MasterKey, ledger: Path, *, now: datetime, then: Then = lambda *_: None
) -> int:
    """Put a backup back as a new store, destroy again what was destroyed since, and say how many dossiers that were.

    OpenRefused without the ledger of destroyed dossiers (SM-148), with another master key, or over an existing state.
    """
    if target.exists():
        raise OpenRefused(f"{target}: there is a state already; move it away first")
    if not ledger.is_file():
        raise OpenRefused(f"{ledger}: the list of destroyed dossiers is needed, or they would come back")
    temporary = target.with_name(f".{target.name}.restoring")
    try:
        shutil.copyfile(source, temporary)
        temporary.chmod(0o600)
        with Store.open(temporary, master) as store:
            again = _restored(store, source, ledger, now, then)
            store.clean()
        _sync(temporary)
        temporary.replace(target)
    finally:
        for left in (temporary, *(temporary.with_name(f"{temporary.name}{end}") for end in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)
    return again


def restore_server(
    source: Path, url: str, master: MasterKey, ledger: Path, *, now: datetime, then: Then = lambda *_: None
) -> int:
    """`restore` into an empty database of a server, from what `backup` made of one: all of it, or nothing."""
    if not ledger.is_file():
        raise OpenRefused(f"{ledger}: the list of destroyed dossiers is needed, or they would come back")
    place = server_url(url)
    if tables_on(place):
        raise OpenRefused(f"{shown(place)}: there are tables already; give an empty database")
    _server_tool("pg_restore", place, "--single-transaction", "--exit-on-error", "--no-owner", str(source))
    with Store.open(url, master) as store:
        return _restored(store, source, ledger, now, then)


def _restored(store: Store, source: Path, ledger: Path, now: datetime, then: Then) -> int:
    """Destroy again what was destroyed since the backup, and say so; how many dossiers."""
    with store.view(now=now) as view:
        since = view.audit.last_at()
    again = destroy_again(store, ledger, now=now)
    with store.unit(now=now, actor=ACTOR) as unit:
        then(unit, since or now)
        unit.audit.write("restored", f"backup/{source.name}", detail={"destroyed": again})
    return again


def _server_tool(name: str, url: sa.URL, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs on a database; its password travels in the environment."""
    place = url.set(drivername="postgresql", password=None).render_as_string()
    password = {} if url.password is None else {"PGPASSWORD": str(url.password)}
    try:
        subprocess.run(
            [name, f"--dbname={place}", *arguments],
            env=os.environ | password,
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError:
        raise StoreError(
            f"{name} is not installed (Debian: postgresql-client), or use the server's archiving"
        ) from None
    except subprocess.CalledProcessError as failed:
        raise StoreError(f"{name} failed: {failed.stderr.strip().partition(chr(10))[0]}") from None


def destroy(
    store: Store,
    dossiers: Sequence[str],
    ledger: Path,
    *,
    now: datetime,
    actor: str,
    ground: str,
    past_term: bool = False,
) -> list[Destroyed]:
    """Destroy dossiers for good (SM-147). Backups from before still hold them until they have expired (SM-148).

    Each is written in the ledger, which is outside every backup, just before it is committed: whatever happens then,
    the next start or restore destroys it too. `past_term`: not one whose term began anew since it was chosen.
    NotCleaned at the end if somebody works: they are gone, but not yet from the file. StoreDown if others went on
    working in one of them: that one is left whole, and not listed, for it may be wanted again.
    """

    def one(unit: Unit, dossier: str) -> list[Destroyed]:
        if past_term and not unit.dossiers.is_past(dossier):
            return []
        gone = _destroyed(unit, dossier, ground)
        unit.audit.flush()  # nothing is left but the commit
        _list(ledger, dossier, now)
        return [gone]

    return _destroy_all(store, dossiers, now, actor, one)


def destroy_again(store: Store, ledger: Path, *, now: datetime) -> int:
    """Destroy what the ledger lists and is there: a copy was put back, or a destruction was broken off; how many.

    To be done before anything else works on the store (SM-148).
    """
    listed = _listed(ledger) if ledger.is_file() else []
    with store.view(now=now) as view:
        back = view.dossiers.known(listed)
    if back:
        _destroy_all(store, back, now, ACTOR, lambda unit, dossier: [_destroyed(unit, dossier, "listed as destroyed")])
    return len(back)


_One = Callable[[Unit, str], list[Destroyed]]


def _destroy_all(store: Store, dossiers: Sequence[str], now: datetime, actor: str, one: _One) -> list[Destroyed]:
    found = [_destroy(store, dossier, now, actor, one) for dossier in dossiers]
    if left := found.count(None):
        with suppress(NotCleaned):
            store.clean(thorough=True)
        raise StoreDown(
            f"others go on working in {left} of {len(dossiers)} dossiers: do it again, those are left whole"
        )
    store.clean(thorough=True)
    return [gone for each in found if each is not None for gone in each]


def _destroy(store: Store, dossier: str, now: datetime, actor: str, one: _One) -> list[Destroyed] | None:
    """None if others worked in it all the time."""
    for _ in range(WAYS_GIVEN):
        try:
            with store.unit(now=now, actor=actor) as unit:
                # What is being taken in may turn out to belong to it, such as a receipt or a repeat.
                unit.alone_at(INTAKE)
                return one(unit, dossier)
        except StoreBusy:
            if store.path is not None:  # it waited for a file long enough
                raise
            time.sleep(AFTER_WAY)
    return None


def _destroyed(unit: Unit, dossier: str, ground: str) -> Destroyed:
    subject = unit.dossiers.pseudonym(dossier)
    gone = unit.dossiers.destroy(dossier)
    unit.audit.write("destroyed", "dossier", subject=subject, ground=ground, detail={"values": gone.values})
    return gone


def _list(ledger: Path, dossier: str, now: datetime) -> None:
    with ledger.open("a", encoding="utf-8") as file:
        file.write(f"{dossier} {now.isoformat()}\n")
        file.flush()
        os.fsync(file.fileno())


def _listed(ledger: Path) -> list[str]:
    return list(dict.fromkeys(line.split()[0] for line in ledger.read_text("utf-8").splitlines() if line.strip()))


def forget_mail(store: Store, before: datetime, *, now: datetime, actor: str) -> int:
    """Remove the bytes of mail that was done before that time, in batches; how many messages.

    What the mail carried stays in its dossier. Message-ID, MIC, times and outcome stay for good: two years and longer
    they tell a repeat (SM-76). Keys of days under which nothing is kept any more go too.
    """
    forgotten = 0
    boxes: tuple[Callable[[Unit], Outbox | Inbox], ...] = (lambda unit: unit.outbox, lambda unit: unit.inbox)
    for box in boxes:
        gone = BATCH
        while gone == BATCH:  # not until there is nothing: a look that finds nothing reads all that stays
            with store.unit(now=now, actor=actor) as unit:
                gone = box(unit).forget_done(before, BATCH)
            forgotten += gone
    with store.unit(now=now, actor=actor) as unit:
        unit.dossiers.drop_day_keys(now - timedelta(days=2))
        if forgotten:
            unit.audit.write("mail_forgotten", "store", ground="retention", detail={"messages": forgotten})
    return forgotten


@contextmanager
def _connection(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    try:
        yield connection
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from None
    finally:
        connection.close()


def _sync(path: Path) -> None:
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
