"""`gateway bericht`: messages on their own; no configuration, no database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import msgspec
import typer

from gateway.cli import files, output
from gateway.cli.output import NO, Json, emit, table

if TYPE_CHECKING:
    from gateway import berichten

app = typer.Typer(no_args_is_help=True, help="Berichten van de standaard: lezen, maken, controleren, beantwoorden.")

Out = Annotated[
    Path | None, typer.Option("-o", metavar="OUT", help="Bestand voor het antwoord; anders standaarduitvoer.")
]


@app.command()
def soorten(json: Json = False) -> None:
    """De berichten en releases die de gateway kent."""
    from gateway.berichten import SOORTEN

    if json:
        for kind in SOORTEN.values():
            row = {"bericht": kind.soort, "release": kind.release, "berichtCode": kind.bericht_code}
            emit({**row, "isRetour": kind.is_retour, "heen": kind.heen, "retour": kind.retour})
        return
    table(
        ("bericht", "release", "code", "antwoord op", "beantwoord met"),
        [(k.soort, k.release, k.bericht_code, k.heen, k.retour) for k in SOORTEN.values()],
    )


@app.command()
def parse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Een bericht (XML).")],
    out: Out = None,
    json: Annotated[bool, typer.Option("--json", help="Ook bevindingen als JSON op de standaarduitvoer.")] = False,
) -> None:
    """Een bericht als JSON: namen in lowerCamelCase, lijsten als rij, bedragen en volumes als gehele getallen."""
    from gateway import berichten

    reading = berichten.read(files.read(file))
    if reading.bericht is None:
        _refuse(file, reading, json)
    files.write(out, berichten.to_json(reading.bericht) + b"\n")


@app.command()
def build(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="Een bericht als JSON, zoals `parse` het geeft.")],
    out: Out = None,
    json: Annotated[bool, typer.Option("--json", help="Ook bevindingen als JSON op de standaarduitvoer.")] = False,
) -> None:
    """Het bericht als XML; alleen als het aan zijn schema voldoet."""
    from gateway import berichten

    reading = berichten.from_json(files.read(file))
    if reading.bericht is None:
        _refuse(file, reading, json)
    try:
        xml = berichten.build(reading.bericht)
    except berichten.OngeldigBericht as wrong:
        _refuse(file, msgspec.structs.replace(reading, bericht=None, findings=wrong.findings), json)
    files.write(out, xml)


def _refuse(file: Path, reading: "berichten.Reading", json: bool) -> NoReturn:
    """The findings, for people or as JSON, and exit code 1."""
    if json:
        known = {"file": str(file), "bericht": reading.soort, "release": reading.release}
        emit({**known, "valid": False, "findings": reading.findings})
    output.findings(str(file), reading.findings)
    raise typer.Exit(NO)
