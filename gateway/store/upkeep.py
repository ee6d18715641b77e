"""Backup, restore, destruction and a new master key: what is done to a store as a whole."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from .database import Store
from .dossiers import Destroyed
from .errors import OpenRefused, StoreError
from .keys import MasterKey

ACTOR = "upkeep"


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
    dossiers = [line.split()[0] for line in ledger.read_text(encoding="utf-8").splitlines() if line.strip()]
    try:
        with Store.open(temporary, master) as store:
            with store.unit(now=now, actor=ACTOR) as unit:
                for dossier in dossiers:
                    unit.dossiers.destroy(dossier)
                unit.audit.write("restored", f"backup/{source.name}", detail={"destroyed": len(dossiers)})
            store.clean()
        _sync(temporary)
        temporary.replace(target)
    finally:
        for left in (temporary, *(temporary.with_name(f"{temporary.name}{end}") for end in ("-wal", "-shm"))):
            left.unlink(missing_ok=True)
    return len(dossiers)


def destroy(store: Store, dossier: str, ledger: Path, *, now: datetime, actor: str, ground: str) -> Destroyed:
    """Destroy a dossier for good (SM-147). Backups from before still hold it until they have expired (SM-148).

    The ledger, which is outside every backup, is written first: whatever happens after that, a restore destroys it too.
    """
    with ledger.open("a", encoding="utf-8") as file:
        file.write(f"{dossier} {now.isoformat()}\n")
        file.flush()
        os.fsync(file.fileno())
    with store.unit(now=now, actor=actor) as unit:
        subject = unit.dossiers.pseudonym(dossier)
        gone = unit.dossiers.destroy(dossier)
        unit.audit.write("destroyed", "dossier", subject=subject, ground=ground, detail={"values": gone.values})
    store.clean()
    return gone


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
