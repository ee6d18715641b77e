"""`gateway cert`: our own keys and certificates, those of authorities, and what ends when."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.options import as_day
from gateway.cli.output import GOOD, NO, Json, emit, say, show, table

if TYPE_CHECKING:
    from gateway.flows.certificates import Ending

app = typer.Typer(no_args_is_help=True, help="Keys and certificates, and what ends when.")

At = Annotated[date | None, typer.Option("--today", parser=as_day, metavar="DATE", help="As if it were this day.")]


@app.command("list")
def list_(at: At = None, folder: Dir = HERE, json: Json = False) -> None:
    """Every certificate and revocation list, first to end first, with the days that are left."""
    endings = _overview(folder, at)
    if json:
        for ending in endings:
            emit(_answer(ending))
        return
    rows = [
        (e.days, e.not_after.date(), e.kind, e.who, e.state, (e.sha256 or "")[:16], _remark(e), e.subject)
        for e in endings
    ]
    table(("days", "ends", "kind", "who", "state", "sha256", "remark", "subject"), rows)
    _count_short(endings)


@app.command()
def forecast(
    days: Annotated[int, typer.Option(min=0, metavar="DAYS", help="How far to look.")] = 120,
    at: At = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """What ends within so many days and what breaks then, by partner; exit code 1 if there is anything."""
    from gateway.flows.certificates import forecast as ends_within

    endings = _overview(folder, at)
    found = ends_within(endings, days)
    for ending in found:
        if json:
            emit(_answer(ending))
            continue
        whom = f" ({', '.join(ending.partners)})" if ending.partners else ""
        show(f"{ending.not_after.date()}  {ending.days} days  {ending.kind} {ending.subject}")
        show(f"    {ending.breaks}{whom}")
        if ending.messages:
            show(f"    {', '.join(ending.messages)}")
        show(f"    → {ending.advice}")
    if not json:
        _count_short(endings)
    if not found:
        say(f"Nothing ends within {days} days.")
    raise typer.Exit(NO if found else GOOD)


def _remark(ending: "Ending") -> str:
    said = [f"signs from {ending.signs_from.date()}"] if ending.signs_from is not None else []
    return "; ".join([*said, *(["RSA below 3072"] if ending.phase_out else [])])


def _count_short(endings: "list[Ending]") -> None:
    """SM-121: RSA below 3072 bits is counted, for it is to be phased out."""
    short = sum(ending.phase_out for ending in endings)
    if short:
        say(f"{short} with RSA below 3072 bits, to be phased out (NCSC): let the next be RSA-3072 or P-256.")


def _overview(folder: Path, at: date | None) -> "list[Ending]":
    from gateway.flows.certificates import overview
    from gateway.flows.parties import partners

    now = datetime.now(UTC) if at is None else datetime.combine(at, datetime.min.time(), UTC)
    with open_gateway(folder) as gateway:
        with gateway.store.view(now=now) as unit:
            records = partners(unit)
        signing = [(begin, key.certificate) for begin, key in gateway.signers.turns]
        return overview(gateway.us, records, signing, now)


def _answer(ending: "Ending") -> dict[str, object]:
    answer: dict[str, object] = msgspec.to_builtins(ending)
    return answer
