"""The gateway that a command works on: its folder, opened; or a sentence and exit code 2."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import output

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.config import Settings
    from gateway.store import Store

HERE = Path("outbox")
LOCK = "serve.lock"
LEDGER = "destroyed.txt"  # ids of destroyed dossiers, outside every backup (SM-148)

Dir = Annotated[
    Path, typer.Option("--dir", envvar="GATEWAY_DIR", metavar="DIR", help="The gateway's folder.", show_envvar=False)
]


def open_gateway(folder: Path) -> "App":
    """The gateway in `folder`; everything that is not right is shown."""
    settings = settings_of(folder)  # first: what is wrong in the file is shown with its line

    from gateway.app import App

    with _faults_shown(folder):
        return App(folder, settings, os.environ)


def open_state(folder: Path) -> "Store":
    """Only the state of the gateway in `folder`, to look in: also where a certificate that is gone stops the rest."""
    from gateway.ways import Files, open_store

    settings = settings_of(folder)
    with _faults_shown(folder):
        return open_store(settings, Files(folder.absolute(), os.environ), new=False)


def only_here(stack: ExitStack, folder: Path) -> None:
    """Hold the folder of a gateway: one process at a time serves, restores or moves it."""
    from gateway.worker import AlreadyRunning, only_one

    if not folder.is_dir():
        return  # opening the gateway says so, in better words
    try:
        stack.enter_context(only_one(folder / LOCK))
    except AlreadyRunning as running:
        raise output.Surroundings(f"{running}. Stop it first; two would send and receive the same.") from None


@contextmanager
def _faults_shown(folder: Path) -> Iterator[None]:
    from gateway.ways import CannotStart

    try:
        yield
    except CannotStart as fault:
        output.findings(str(folder), fault.findings)
        output.say("    → gateway check tests everything that the settings name, and says what to mend.")
        raise typer.Exit(output.BROKEN) from None


def settings_of(folder: Path) -> "Settings":
    """The settings in `folder`, with nothing opened; every fault is shown."""
    from gateway.config import FILE, read_settings

    settings = read_settings(folder, os.environ)
    if isinstance(settings, tuple):
        output.findings(str(folder / FILE), settings)
        raise typer.Exit(output.BROKEN)
    return settings
