"""`gateway backup`, `restore`, `purge` and `migrate`: what is done to the state as a whole."""

import os
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.acting import By, Yes, actor
from gateway.cli.home import HERE, LEDGER, Dir, only_here, open_gateway, open_state, settings_of
from gateway.cli.output import NO, Json, Surroundings, bar, emit, say, show


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; it may not be there yet.")],
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Copy the state of a gateway, also while it runs. Keep the master key and destroyed.txt elsewhere.

    Of PostgreSQL with pg_dump.
    """
    from gateway.store import StoreError
    from gateway.store.upkeep import backup as copy

    with open_state(folder) as store:
        (folder / LEDGER).touch()  # from the first backup on there is a list to restore it with
        try:
            copy(store, file)
        except StoreError as error:
            raise Surroundings(f"{error}.") from None
    size = file.stat().st_size
    if json:
        emit({"file": str(file), "bytes": size})
    else:
        show(f"{file}: {size} bytes. Without the master key it cannot be read; never keep the two together.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", dir_okay=False)],
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Put a backup back where no state is, and destroy again what was destroyed since it was made.

    On PostgreSQL into an empty database, with pg_restore.
    """
    from gateway.flows.numbers import leave_room
    from gateway.store import StoreError
    from gateway.store.upkeep import restore as put_back
    from gateway.store.upkeep import restore_server
    from gateway.ways import Files, master_key, store_place

    settings = settings_of(folder)
    target = store_place(settings, Files(folder, os.environ))
    if not file.is_file():
        raise Surroundings(f"{file} cannot be read: it is not there.")
    with ExitStack() as stack:
        only_here(stack, folder)
        try:
            master = master_key(settings, Files(folder, os.environ))
            now, ledger = datetime.now(UTC), folder / LEDGER
            if isinstance(target, Path):
                again = put_back(file, target, master, ledger, now=now, then=leave_room)
            else:
                again = restore_server(file, target, master, ledger, now=now, then=leave_room)
        except StoreError as error:
            raise Surroundings(f"{error}.") from None
    if json:
        emit({"state": settings.store.url, "destroyedAgain": again})
    else:
        where = target if isinstance(target, Path) else settings.store.url
        show(f"{where}: back, {again} dossiers destroyed again.")
        show("Messages that were sent since the backup may go once more; numbers go on a million further or more.")
        show("Mail that was fetched since is not here: in the mailbox, move it from Verwerkt back to where it came in.")


def purge(yes: Yes = False, by: By = None, folder: Dir = HERE, json: Json = False) -> None:
    """Destroy what is past its term of retention: dossiers, and the bytes of mail that is done. --yes does it.

    Backups hold it until they have expired. On PostgreSQL the tables are written anew: others wait for that.
    """
    from gateway.store import NotCleaned
    from gateway.store.upkeep import destroy, forget_mail

    now = datetime.now(UTC)
    with open_gateway(folder) as gateway:
        terms = gateway.settings.retention
        before = now - timedelta(days=terms.mail_days)
        with gateway.store.view(now=now) as view:
            expired = view.dossiers.expired(limit=100_000)
            oldest = view.dossiers.terms(expired[:1])
            mail = view.outbox.count_done(before) + view.inbox.count_done(before)
        answer = {"expired": len(expired), "mail": mail, "backupDays": terms.backup_days}
        if (expired or mail) and not yes:
            if json:
                emit(answer | {"destroyed": 0, "forgotten": 0})
            since = f", the first since {oldest[0].date()}" if oldest else ""
            say(f"{len(expired)} dossiers are past their term{since}; the bytes of {mail} messages are past theirs.")
            say("Nothing was destroyed; do it with --yes.")
            raise typer.Exit(NO)
        ledger, who, destroyed = gateway.folder / LEDGER, actor(by), len(expired)
        try:
            forgotten = forget_mail(gateway.store, before, now=now, actor=who)
            if expired or forgotten:
                gone = destroy(gateway.store, expired, ledger, now=now, actor=who, ground="retention", past_term=True)
                destroyed = len(gone)
        except NotCleaned as busy:
            # It is gone; what is left of it in the log goes at the next clean-up.
            say(str(busy))
    if json:
        emit(answer | {"destroyed": destroyed, "forgotten": forgotten})
        return
    if not (expired or mail):
        show("Nothing is past its term.")
        return
    show(f"{destroyed} dossiers destroyed, the bytes of {forgotten} messages removed.")
    show(f"Backups from before hold them for at most {terms.backup_days} days more.")


def migrate(
    url: Annotated[str, typer.Argument(metavar="URL", help="postgresql://user@host/database, or another file; empty.")],
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Move the whole state to another, empty database, checked table by table; the gateway must not run."""
    import msgspec

    from gateway.config.settings import Store as StoreSettings
    from gateway.store import Store, StoreError
    from gateway.store.moving import move_state
    from gateway.ways import Files, master_key, store_place

    settings = settings_of(folder)
    if "://" not in url:
        url = f"sqlite:///{Path(url).absolute()}"  # as the shell means it; a name in the settings is of the folder
    try:
        msgspec.convert({"url": url}, StoreSettings)  # it is to stand in the settings afterwards
    except msgspec.ValidationError:
        raise typer.BadParameter(f"{url}: give a file, or postgresql://user@host/database") from None
    there = msgspec.structs.replace(settings, store=msgspec.structs.replace(settings.store, url=url))
    with ExitStack() as stack:
        only_here(stack, folder)
        try:
            master = master_key(settings, Files(folder, os.environ))
            source = stack.enter_context(Store.open(store_place(settings, Files(folder, os.environ)), master))
            target = stack.enter_context(Store.open(store_place(there, Files(folder, os.environ)), master))
            told = stack.enter_context(bar("Moving"))
            moved = move_state(source, target, told)
        except StoreError as error:
            raise Surroundings(f"{error}.") from None
    for table in moved:
        if json:
            emit({"table": str(table.table), "rows": table.rows, "sha256": table.sha256})
        else:
            show(f"{table.table}: {table.rows} rows, sha256 {table.sha256[:16]}")
    say(f"Everything arrived. Now set store.url to {url}; the old state stays as it is.")
