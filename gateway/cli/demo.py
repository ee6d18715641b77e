"""`gateway demo`: one case between a municipality and a provider, on this machine, for real."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import GOOD, NO, Json, Surroundings, emit, say, show

DEFAULT = Path("outbox/demo")


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Where the demo plays and keeps everything (default: outbox/demo)."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on in the default folder if a demo was played there, do not start anew.")
    ] = False,
    json: Json = False,
) -> None:
    """Speel een hele zaak na: van ondersteuningsplan tot betaalde declaratie, tussen twee gateways op deze machine.

    In een map waar de demo al speelde, gaat hij verder waar hij was; een afgebroken demo is zo weer op te pakken.
    """
    import asyncio

    from gateway import logs

    try:
        from gateway.demo.play import AlreadyRunning, Beat
    except ModuleNotFoundError as missing:
        if missing.name != "aiosmtpd":
            raise
        raise Surroundings("The demo needs the package aiosmtpd: pip install 'wmo-gateway[demo]'.") from None
    where = folder or DEFAULT
    if folder is None and not keep and _finished(where):
        shutil.rmtree(where)  # made by the demo, whole: its marker says so
    where.mkdir(parents=True, exist_ok=True)
    try:
        with (where / "demo.log").open("a", encoding="utf-8") as log:
            logs.configure(log)
            last = asyncio.run(_run(where, json))
    except AlreadyRunning:
        raise Surroundings(f"A demo is playing in {where} already. Wait for it, or choose another --dir.") from None
    if not isinstance(last, Beat) or not last.ok:
        if not json:
            say("De demo is gestopt. Mend what the line above says and start it again: it goes on where it was.")
        raise typer.Exit(NO)
    _finish(where)
    if not json:
        _closing(where)
    raise typer.Exit(GOOD)


async def _run(where: Path, json: bool) -> object:
    from rich.console import Console

    from gateway.demo.play import Beat, play

    console = Console(stderr=True)
    last: object = None
    with console.status("") as status:
        async for event in play(where, datetime.now(UTC)):
            if not isinstance(event, Beat):
                status.update(f"{event.actor}: {event.name} …")
                continue
            last = event
            if json:
                emit(event)
            else:
                show(f"{'✓' if event.ok else '✗'} {event.actor:<9} {event.what}")
    return last


def _closing(where: Path) -> None:
    show("")
    show(f"Alles staat in {where}: lees eerst LEESMIJ.txt.")
    show("  post/        de mails zoals zij over de lijn gingen")
    show("  iwmo/        de iWmo-berichten")
    if (where / "documenten").is_dir():
        show("  documenten/  de plannen op papier")
    show("  afrekening.txt  wat is ingediend, toegekend en geweigerd, en waarom")


_DONE = ".gespeeld"


def _finish(where: Path) -> None:
    (where / _DONE).touch()


def _finished(where: Path) -> bool:
    """True if a whole demo was played there: nothing in it is anybody's work."""
    return (where / _DONE).is_file() and (where / "demo.json").is_file()
