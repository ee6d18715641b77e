"""`gateway key`: replacing the keys that lock the store (SM-145, SM-146)."""

import os
import shlex
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.acting import By, actor
from gateway.cli.home import HERE, Dir, only_here, open_gateway, settings_of
from gateway.cli.output import Json, Surroundings, emit, show

if TYPE_CHECKING:
    from gateway.store import MasterKey

app = typer.Typer(no_args_is_help=True, help="The keys that lock the store.")


@app.command()
def rotate(
    command: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="A command that prints the new key; without it a new file is made."),
    ] = None,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Replace the master key: every other key is locked anew, values stay as they are. The gateway must not run.

    Broken off at any moment, it goes on when it is given again. Backups from before need the old key: keep it as long.
    """
    from gateway.store import MasterKey, Store, StoreError, WrongMasterKey
    from gateway.ways import CannotStart, Files, master_key, store_place

    settings = settings_of(folder)
    files, now = Files(folder, os.environ), datetime.now(UTC)
    file = folder / settings.keys.master
    new_file, old_file = (file.with_name(f"{file.name}.{end}") for end in ("new", f"until-{now:%Y%m%dT%H%M%S}"))
    by_command = settings.keys.master_command is not None
    if by_command and command is None:
        raise Surroundings("The master key comes from keys.master_command: say with --command what prints the new one.")
    with ExitStack() as stack:
        only_here(stack, folder)
        try:
            new = MasterKey.from_command(shlex.split(command)) if command else _new_file(new_file)
            place = store_place(settings, files)
            try:
                store = stack.enter_context(Store.open(place, master_key(settings, files)))
            except WrongMasterKey:
                # It was locked anew before, and what comes after that was broken off.
                store = stack.enter_context(Store.open(place, new))
            count = store.rewrap(new)
            with store.unit(now=now, actor=actor(by)) as unit:
                unit.audit.write("master_key_replaced", "store", detail={"keys": count})
        except StoreError as error:
            raise Surroundings(f"{error}.") from None
        except CannotStart as fault:
            raise Surroundings(str(fault)) from None
        if command is None:
            os.link(file, old_file)
            new_file.replace(file)  # at no moment there is no key
    if json:
        emit({"keys": count, "old": None if command else str(old_file)})
    elif command:
        show(f"{count} keys locked anew. Now set keys.master_command to the command that prints the new key.")
    else:
        days = settings.retention.backup_days
        show(f"{count} keys locked anew with {file}. Destroy {old_file} in {days} days, when no backup needs it.")


def _new_file(path: Path) -> "MasterKey":
    """The new key in its file: made now, or left by a run that was broken off."""
    from gateway.store import MasterKey

    return MasterKey.from_file(path) if path.exists() else MasterKey.create(path)


@app.command()
def reindex(folder: Dir = HERE, json: Json = False) -> None:
    """Replace the key under which persons are searched, in batches, also while the gateway runs.

    Broken off at any moment, it goes on when it is given again; old and new are both found meanwhile.
    """
    from gateway.flows.reindex import reindex as write_anew
    from gateway.store import StoreError

    with open_gateway(folder) as gateway:
        try:
            rows = write_anew(gateway.store, datetime.now(UTC))
        except StoreError as error:
            raise Surroundings(f"{error}. The old key stays; give the command again.") from None
    if json:
        emit({"rows": rows})
    else:
        show(f"{rows} documents and messages are found under a new key; the old one is destroyed.")
