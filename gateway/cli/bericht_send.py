"""`gateway bericht send`: messages that another application made go out through this gateway."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gateway.cli import files, output
from gateway.cli.acting import By, actor
from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.output import GOOD, NO, Json, emit, say, show

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.berichten import Reading
    from gateway.flows.sending import Sent

AT_ONCE = 500  # files in memory
WORDS = {"queued": "gaat uit", "held": "wacht", "already": "was al verstuurd", "refused": "niet verstuurd"}

Read = tuple[Path, bytes, "Reading"]


def send(
    file: Annotated[list[Path], typer.Argument(metavar="FILE", help="Berichten (XML), of mappen ermee.")],
    yes: Annotated[bool, typer.Option("--yes", help="Doe het, ook als het meer dan één bericht is.")] = False,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Verstuurt berichten die een andere toepassing maakte: gecontroleerd, verzegeld, in de uitgaande post.

    Elk bericht wordt beoordeeld met alle regels en met wat er eerder is uitgewisseld. Een bericht met een fout blijft
    achter, de andere gaan. Nog eens hetzelfde bericht wordt niet twee keer verstuurd.
    """
    paths = files.expand(file, ".xml")
    with open_gateway(folder) as gateway:
        if len(paths) > 1 and not yes:
            _first_shown(gateway, paths, json)
        code, counts = GOOD, dict.fromkeys(WORDS, 0)
        for one, sent in output.progress(_send(gateway, paths, actor(by)), len(paths), "Versturen"):
            counts[sent.result] += 1
            code = NO if sent.result in ("refused", "held") else code
            if json:
                emit(_named(one) | msgspec.to_builtins(sent))
                continue
            number = "" if sent.outbox is None else f" (uitgaand {sent.outbox})"
            show(f"{one[0]}: {WORDS[sent.result]}{number}")
            output.findings(str(one[0]), sent.findings, show)
    if len(paths) > 1:
        say(", ".join(f"{count} {WORDS[result]}" for result, count in counts.items() if count))
    raise typer.Exit(code)


def _first_shown(gateway: "App", paths: Sequence[Path], json: bool) -> None:
    """How many, to whom, and what cannot be read; exit 1, for nothing was done yet."""
    kinds: dict[str, dict[str, int]] = {}
    unread = 0
    for one in output.progress(_read(gateway, paths), len(paths), "Lezen"):
        _, _, reading = one
        if reading.bericht is None:
            unread += 1
            continue
        head = _named(one)
        of_partner = kinds.setdefault(head["partner"], {})
        of_partner[head["bericht"]] = of_partner.get(head["bericht"], 0) + 1
    if json:
        emit({"act": "send", "count": len(paths), "partners": kinds, "unreadable": unread, "done": False})
    say(f"send: {len(paths)} berichten, {len(kinds)} partijen. Er is nog niets gedaan.")
    for partner, counted in sorted(kinds.items()):
        say(f"    {partner}: {', '.join(f'{count} {kind}' for kind, count in sorted(counted.items()))}")
    if unread:
        say(f"    {unread} niet te lezen: gateway bericht validate zegt waarom")
    say("Doe het met --yes.")
    raise typer.Exit(NO)


def _send(gateway: "App", paths: Sequence[Path], who: str) -> "Iterator[tuple[Read, Sent]]":
    """Each file with what came of it, in order."""
    from gateway.flows.sending import Made, Sent, send_made

    readings = _read(gateway, paths)
    while some := list(islice(readings, AT_ONCE)):
        made = (
            Made(bericht=reading.bericht, xml=data, oddities=reading.oddities)
            for _, data, reading in some
            if reading.bericht is not None
        )
        answers = send_made(gateway.store, gateway.us, made, datetime.now(UTC), actor=who)
        for one in some:
            wrong = one[2].bericht is None
            yield one, Sent(result="refused", findings=one[2].findings) if wrong else next(answers)


def _read(gateway: "App", paths: Iterable[Path]) -> "Iterator[Read]":
    from gateway import berichten

    for path in paths:
        data = files.read(path)
        yield path, data, berichten.read(data, schemas=gateway.us.schemas)


def _named(one: Read) -> dict[str, Any]:
    """Which message it is, as far as it can be read."""
    from gateway.flows.kop import kop

    path, _, reading = one
    if reading.bericht is None or reading.soort is None:
        return {"file": str(path), "bericht": reading.soort, "identificatie": None, "partner": None}
    head = kop(reading.soort, reading.bericht)
    return {
        "file": str(path),
        "bericht": head.soort,
        "identificatie": head.identificatie,
        "partner": head.ontvanger,
    }
