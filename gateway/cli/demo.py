"""`gateway demo`: one case between a municipality and a provider, on this machine, for real."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import GOOD, NO, Json, Surroundings, emit, say, show

DEFAULT = Path("outbox/demo")


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="Waar de demo speelt en alles bewaart (anders outbox/demo)."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Ga verder in outbox/demo, ook als daar al een hele demo is gespeeld.")
    ] = False,
    json: Json = False,
) -> None:
    """Speel een hele zaak na: van ondersteuningsplan tot betaalde declaratie, tussen twee gateways op deze machine.

    In een map waar de demo al speelde, gaat hij verder waar hij was; een afgebroken demo is zo weer op te pakken.
    """
    import asyncio

    from gateway import logs

    try:
        from gateway.demo import setup
        from gateway.demo.play import AlreadyRunning, Beat, NotOurs
    except ModuleNotFoundError as missing:
        if missing.name != "aiosmtpd":
            raise
        raise Surroundings("The demo needs the package aiosmtpd: pip install 'wmo-gateway[demo]'.") from None
    where = folder or DEFAULT
    anew = folder is None and not keep
    try:
        setup.check_ours(where)
        where.mkdir(parents=True, exist_ok=True)
        with (where / setup.LOG).open("a", encoding="utf-8") as log:
            logs.configure(log)
            last = asyncio.run(_run(where, json, anew=anew))
    except AlreadyRunning:
        raise Surroundings(f"A demo is playing in {where} already. Wait for it, or choose another --dir.") from None
    except NotOurs:
        raise Surroundings(
            f"{where} holds files that are not of a demo; nothing was touched. Name an empty or new folder: --dir DIR."
        ) from None
    if not isinstance(last, Beat) or not last.ok:
        if not json:
            say("De demo is gestopt. Verhelp wat hierboven staat en start hem opnieuw: hij gaat verder waar hij was.")
        raise typer.Exit(NO)
    if not json:
        _closing(where)
    raise typer.Exit(GOOD)


async def _run(where: Path, json: bool, *, anew: bool) -> object:
    from rich.console import Console

    from gateway.demo.play import Beat, play

    console = Console(stderr=True)
    last: object = None
    with console.status("") as status:
        async for event in play(where, datetime.now(UTC), anew=anew):
            if not isinstance(event, Beat):
                status.update(f"{event.actor}: {event.name} …")
                continue
            last = event
            if json:
                emit(event)
            else:
                show(f"{'✓' if event.ok else '✗'} {event.actor:<9} {event.what}")
                sys.stdout.flush()  # who follows a pipe or a file sees each line when it is made
    return last


def _closing(where: Path) -> None:
    show("")
    show(f"Alles staat in {where}: lees eerst LEESMIJ.txt.")
    show("  post/        de mails zoals zij over de lijn gingen")
    show("  iwmo/        de iWmo-berichten")
    if (where / "documenten").is_dir():
        show("  documenten/  de plannen op papier")
    show("  afrekening.txt  wat is ingediend, toegekend en geweigerd, en waarom")
