"""`gateway bericht`: messages on their own; but for `send`, no configuration and no database."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import msgspec
import typer

from gateway.cli import bericht_send, files, output
from gateway.cli.options import Today, day
from gateway.cli.output import BROKEN, GOOD, NO, Json, emit, table
from gateway.cli.schemas import CodelistFolder, SchemaFolder
from gateway.cli.schemas import codelists as load_lists
from gateway.cli.schemas import schemas as load

if TYPE_CHECKING:
    from gateway import berichten

app = typer.Typer(no_args_is_help=True, help="Berichten lezen, maken, controleren, beantwoorden, versturen.")

app.command("send")(bericht_send.send)

Out = Annotated[
    Path | None, typer.Option("-o", metavar="OUT", help="Bestand voor het antwoord; anders standaarduitvoer.")
]


Earlier = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Map met berichten die al zijn uitgewisseld (XML).", file_okay=False)
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
def validate(
    file: Annotated[list[Path], typer.Argument(metavar="FILE", help="Berichten (XML), of mappen ermee.")],
    earlier: Earlier = None,
    level: Annotated[
        int | None,
        typer.Option(min=1, max=4, metavar="1..4", help="Tot en met dit niveau; anders zover de gegevens reiken."),
    ] = None,
    today: Today = None,
    schemas: SchemaFolder = None,
    codelists: CodelistFolder = None,
    lang: Annotated[Literal["nl", "en"], typer.Option(help="Taal van de bevindingen.")] = "nl",
    json: Json = False,
) -> None:
    """Controleert berichten: XML en schema (1), binnen het bericht (2), tegen eerdere berichten (3) en lijsten (4)."""
    from gateway.cli.validating import Job, validate_files

    paths = files.expand(file, ".xml")
    job = Job(level, day(today), _earlier(earlier), schemas, codelists, lang)
    wrong, code = 0, GOOD
    for path, report in output.progress(validate_files(paths, job), len(paths), "Controleren"):
        if isinstance(report, str):
            output.say(report)
            code = BROKEN
            continue
        wrong += not report.valid
        if json:
            emit({"file": str(path), **msgspec.to_builtins(report)})
            continue
        output.findings(str(path), report.findings, output.show)
        if report.valid:
            only = ", alleen XML en schema" if report.level == 1 else ""
            output.show(f"{path}: goed ({report.bericht}{only})")
    if len(paths) > 1:
        output.say(f"{len(paths)} bestanden, {wrong} niet goed")
    raise typer.Exit(max(code, NO if wrong else GOOD))


@app.command()
def retour(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Een ontvangen bericht (XML).")],
    earlier: Earlier = None,
    out: Out = None,
    today: Today = None,
    schemas: SchemaFolder = None,
    codelists: CodelistFolder = None,
    json: Annotated[bool, typer.Option("--json", help="Oordeel, bevindingen en antwoord als JSON.")] = False,
) -> None:
    """Het retourbericht (302, 306, 308, 316, 318, 320) of de weigering die de standaard voorschrijft.

    Oordeel `onbeslist`: geen fout gevonden, maar niet elke regel kon worden beoordeeld (exitcode 0).
    """
    from gateway.berichten.retour import retour as answer_to

    with_schemas, with_lists, known = load(schemas), load_lists(codelists), None
    if earlier is not None:
        from gateway.berichten.historie import History
        from gateway.cli.validating import messages

        known = History.of(messages(_earlier(earlier), with_schemas))
    answer = answer_to(files.read(file), today=day(today), earlier=known, schemas=with_schemas, codelists=with_lists)
    not_checked = list(dict.fromkeys(found.code for found in answer.findings if found.severity == "unchecked"))
    if out is not None and answer.data is not None:
        files.write(out, answer.data)
    if json:
        xml = {} if out is not None or answer.data is None else {"xml": answer.data.decode()}
        head = {"file": str(file), "oordeel": answer.oordeel, "retour": answer.soort, "herhaling": answer.herhaling}
        emit({**head, "findings": answer.findings, "notChecked": not_checked, **xml})
    else:
        output.findings(str(file), answer.findings)
        unjudged = f"; niet gecontroleerd: {', '.join(not_checked)}" if not_checked else ""
        output.say(f"{file}: {answer.oordeel}{unjudged}")
        if out is None and answer.data is not None:
            files.write(None, answer.data)
    raise typer.Exit(NO if answer.oordeel in {"afgekeurd", "geweigerd"} else GOOD)


@app.command()
def parse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Een bericht (XML).")],
    schemas: SchemaFolder = None,
    out: Out = None,
    json: Annotated[bool, typer.Option("--json", help="Ook bevindingen als JSON op de standaarduitvoer.")] = False,
) -> None:
    """Een bericht als JSON: namen in lowerCamelCase, lijsten als rij, bedragen en volumes als gehele getallen."""
    from gateway import berichten

    known = load(schemas)
    reading = berichten.read(files.read(file), schemas=known)
    if reading.bericht is None:
        _refuse(file, reading, json)
    files.write(out, berichten.to_json(reading.bericht, schemas=known) + b"\n")


@app.command()
def build(
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help="Een bericht als JSON, zoals `parse` het geeft.")],
    schemas: SchemaFolder = None,
    out: Out = None,
    json: Annotated[bool, typer.Option("--json", help="Ook bevindingen als JSON op de standaarduitvoer.")] = False,
) -> None:
    """Het bericht als XML; alleen als het aan zijn schema voldoet."""
    from gateway import berichten

    known = load(schemas)
    reading = berichten.from_json(files.read(file), schemas=known)
    if reading.bericht is None:
        _refuse(file, reading, json)
    try:
        xml = berichten.build(reading.bericht, schemas=known)
    except berichten.OngeldigBericht as wrong:
        _refuse(file, msgspec.structs.replace(reading, bericht=None, findings=wrong.findings), json)
    files.write(out, xml)


def _earlier(folder: Path | None) -> tuple[Path, ...]:
    """The files of a folder with messages already exchanged."""
    return tuple(files.expand([folder], ".xml")) if folder else ()


def _refuse(file: Path, reading: "berichten.Reading", json: bool) -> NoReturn:
    """The findings, for people or as JSON, and exit code 1."""
    if json:
        known = {"file": str(file), "bericht": reading.soort, "release": reading.release}
        emit({**known, "valid": False, "findings": reading.findings})
    output.findings(str(file), reading.findings)
    raise typer.Exit(NO)
