"""Backup, restore, destruction and a new master key: what is done to a store as a whole."""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from .database import Store
from .dossiers import Destroyed
from .errors import CorruptDatabase, OpenRefused, StoreError
from .keys import MasterKey

ACTOR = "upkeep"
BATCH = 500  # messages in one transaction


def backup(store: Store, target: Path) -> None:
    """A consistent copy of a running SQLite store; the file appears whole or not at all. Keep the master key elsewhere.

    PostgreSQL is backed up with its own tools.
    """
    if store.path is None:
        raise StoreError("this state is in PostgreSQL: use pg_dump or its continuous archiving")
    if target.exists():
        raise StoreError(f"{target}: is there already, it is not overwritten")
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with _connection(store.path) as source, _connection(temporary) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, no log beside it
        whole = copy.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    if not whole:
        temporary.unlink()
        raise CorruptDatabase(f"{store.path}: {CorruptDatabase.__doc__}")
    _sync(temporary)
    temporary.replace(target)


def restore(source: Path, target: Path, master: MasterKey, ledger: Path, *, now: datetime) -> int:
    """Put a backup back as a new store, destroy again what was destroyed since, and say how many dossiers that were.

    OpenRefused without the ledger of destroyed dossiers (SM-148), with another master key, or over an existing state.
    """
    if target.exists():
        raise OpenRefused(f"{target}: there is a state already; move it away first")
    if not ledger.is_file():
        raise OpenRefused(f"{ledger}: the list of destroyed dossiers is needed, or they would come back")
    temporary = target.with_name(f".{target.name}.restoring")
    shutil.copyfile(source, temporary)
    temporary.chmod(0o600)
    try:
        with Store.open(temporary, master) as store:
            again = destroy_again(store, ledger, now=now)
            with store.unit(now=now, actor=ACTOR) as unit:
                unit.audit.write("restored", f"backup/{source.name}", detail={"destroyed": again})
            store.clean()
        _sync(temporary)
        temporary.replace(target)
    finally:
        for left in (temporary, *(temporary.with_name(f"{temporary.name}{end}") for end in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)
    return again


def destroy(
    store: Store, dossiers: Sequence[str], ledger: Path, *, now: datetime, actor: str, ground: str
) -> list[Destroyed]:
    """Destroy dossiers for good (SM-147). Backups from before still hold them until they have expired (SM-148).

    The ledger, which is outside every backup, is written first: whatever happens after that, the next start or restore
    destroys them too. StoreBusy at the end if somebody reads: they are gone, but not yet from the file.
    """
    with ledger.open("a", encoding="utf-8") as file:
        file.writelines(f"{dossier} {now.isoformat()}\n" for dossier in dossiers)
        file.flush()
        os.fsync(file.fileno())
    gone = [_destroy(store, dossier, now, actor, ground) for dossier in dossiers]
    store.clean(thorough=True)
    return gone


def destroy_again(store: Store, ledger: Path, *, now: datetime) -> int:
    """Destroy what the ledger lists and is there: a copy was put back, or a destruction was broken off; how many.

    To be done before anything else works on the store (SM-148).
    """
    listed = _listed(ledger) if ledger.is_file() else []
    with store.view(now=now) as view:
        back = view.dossiers.known(listed)
    for dossier in back:
        _destroy(store, dossier, now, ACTOR, "listed as destroyed")
    if back:
        store.clean(thorough=True)
    return len(back)


def _destroy(store: Store, dossier: str, now: datetime, actor: str, ground: str) -> Destroyed:
    with store.unit(now=now, actor=actor) as unit:
        subject = unit.dossiers.pseudonym(dossier)
        gone = unit.dossiers.destroy(dossier)
        unit.audit.write("destroyed", "dossier", subject=subject, ground=ground, detail={"values": gone.values})
    return gone


def _listed(ledger: Path) -> list[str]:
    return list(dict.fromkeys(line.split()[0] for line in ledger.read_text("utf-8").splitlines() if line.strip()))


def forget_mail(store: Store, before: datetime, *, now: datetime, actor: str) -> int:
    """Remove the bytes of mail that was done before that time, in batches; how many messages.

    What the mail carried stays in its dossier. Message-ID, MIC, times and outcome stay for good: two years and longer
    they tell a repeat (SM-76). Keys of days under which nothing is kept any more go too.
    """
    forgotten = 0
    while True:
        with store.unit(now=now, actor=actor) as unit:
            gone = unit.outbox.forget_done(before, BATCH) + unit.inbox.forget_done(before, BATCH)
            forgotten += gone
            if gone == 0:
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


def rotate_master(store: Store, new: MasterKey) -> int:
    """Wrap every key anew under another master key, in one transaction; how many. Values stay as they are.

    Write the new key's file before, and take the old one away only afterwards.
    """
    return store.rewrap(new)
