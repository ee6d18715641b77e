"""`gateway init` and `gateway check`: making a gateway's folder, and testing everything its settings name."""

import os
from typing import Annotated, Literal

import msgspec
import typer

from gateway.cli import output
from gateway.cli.home import HERE, Dir
from gateway.cli.output import BROKEN, GOOD, NO, Json, Surroundings, emit, say, show


def init(
    role: Annotated[Literal["gemeente", "aanbieder"], typer.Option(help="Which side this gateway is.")],
    code: Annotated[str, typer.Option(metavar="CODE", help="Own gemeentecode (4 digits) or AGB code (8 digits).")],
    name: Annotated[str, typer.Option(metavar="NAME", help="Own name, as people know it.")],
    address: Annotated[str, typer.Option(metavar="ADDRESS", help="Own mail address.")],
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Make a gateway's folder: gateway.toml with every setting explained, and the key that locks the store."""
    from gateway.config import FILE, Gateway, Settings, parse_settings, render
    from gateway.store import KeyRefused, MasterKey

    settings = Settings(gateway=Gateway(role=role, code=code, name=name, address=address))
    text = render(settings)
    checked = parse_settings(text, {})
    if isinstance(checked, tuple):
        output.findings("gateway init", [msgspec.structs.replace(fault, line=None) for fault in checked])
        raise typer.Exit(BROKEN)
    file, master = folder / FILE, folder / settings.keys.master
    if file.exists():
        raise Surroundings(f"There is a gateway in {folder} already ({file}). Name another folder: --dir DIR.")
    for path in (folder, master.parent):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        MasterKey.create(master)
    except KeyRefused as refused:
        raise Surroundings(str(refused)) from None
    file.write_text(text, encoding="utf-8")
    if json:
        emit({"dir": str(folder), "settings": str(file), "masterKey": str(master)})
        return
    show(f"{file} written: review it, fill in [relay] and [mailbox].")
    show(f"{master} made: without this key the store cannot be read. Keep a copy, never beside a backup of the store.")
    show("Then put your keys and certificates where [keys] says, and run: gateway check")


def check(
    round_trip: Annotated[
        bool, typer.Option("--round-trip/--no-round-trip", help="Send one sealed mail to ourselves and wait for it.")
    ] = True,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Read the settings, test everything they name, and say what to mend."""
    from gateway.cli.checks import run_checks
    from gateway.config import FILE, read_settings

    settings = read_settings(folder, os.environ)
    if isinstance(settings, tuple):
        if json:
            emit({"check": "settings", "ok": False, "findings": settings})
        output.findings(str(folder / FILE), settings)
        raise typer.Exit(BROKEN)
    code = GOOD
    for done in run_checks(settings, folder, os.environ, round_trip=round_trip):
        code = code if done.ok else NO
        if json:
            emit(done)
            continue
        say(f"{'good ' if done.ok else 'MEND '} {done.check}: {done.what}")
        if done.advice:
            say(f"      → {done.advice}")
    raise typer.Exit(code)
