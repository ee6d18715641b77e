"""`gateway plan`: support plans and region files, as files."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.cli import files, output, plan_paper
from gateway.cli.options import Today, day
from gateway.cli.output import BROKEN, GOOD, NO, Json, emit, show

if TYPE_CHECKING:
    from gateway.domain.findings import Finding
    from gateway.plans import Formaat

Fase = Literal["uitvragen", "indienen", "beoordelen"]
_FASE_OF: dict[str, Fase] = {"uitvraag": "uitvragen", "retour": "indienen"}

app = typer.Typer(no_args_is_help=True, help="Ondersteuningsplannen en de formaten van de regio's.")
regio = typer.Typer(no_args_is_help=True, help="Formaten van de regio's (YAML).")
app.add_typer(regio, name="regio")
app.command("form")(plan_paper.form)
app.command("read")(plan_paper.read)


@regio.command("check")
def regio_check(
    file: Annotated[list[Path], typer.Argument(metavar="FILE", help="Formaten (YAML), of mappen ermee.")],
    json: Json = False,
) -> None:
    """Controleert formaten: grammatica, verwijzingen, regels; met regelnummer."""
    from gateway.plans import laad_formaat

    code = GOOD
    for path in files.expand(file, ".yaml"):
        formaat, found = laad_formaat(files.read(path))
        name = {"formaat": formaat.formaat.id, "versie": formaat.formaat.versie} if formaat else {}
        code = max(code, _answer(path, name, tuple(found), json))
    raise typer.Exit(code)


@app.command()
def validate(
    file: Annotated[list[Path], typer.Argument(metavar="FILE", help="Plannen zoals ze reizen (JSON), of mappen.")],
    fase: Annotated[
        Fase | None,
        typer.Option(metavar="FASE", help="uitvragen, indienen of beoordelen; anders naar de soort van het bericht."),
    ] = None,
    formaat: Annotated[Path | None, typer.Option(metavar="FILE", help="Een eigen formaat van de regio.")] = None,
    today: Today = None,
    json: Json = False,
) -> None:
    """Controleert plannen tegen het formaat van de regio: vorm, inhoud en wat in deze fase ingevuld moet zijn."""
    own = _own_format(formaat)
    code = GOOD
    for path in files.expand(file, ".json"):
        name, found = _validate(files.read(path), fase, own, day(today))
        code = max(code, _answer(path, name, found, json))
    raise typer.Exit(code)


def _validate(
    source: bytes, fase: "Fase | None", own: "Formaat | None", today: date
) -> "tuple[dict[str, object], tuple[Finding, ...]]":
    """What the plan is, and its findings: of its form, and of the checks of its phase if it has a form."""
    from gateway.domain.findings import has_errors
    from gateway.plans import controleer, lees_uitwisseling

    def find(name: str, version: int) -> "Formaat | None":
        known = own if own is not None else _delivered(name)
        return known if known and (known.formaat.id, known.formaat.versie) == (name, version) else None

    message, found = lees_uitwisseling(source, find)
    if message is None:
        return {}, tuple(found)
    known = find(message.formaat.id, message.formaat.versie)
    if known is not None and not has_errors(found):
        found += controleer(message.plan, known, fase or _FASE_OF[message.soort], vandaag=today)
    name = {"soort": message.soort, "planId": message.plan_id, "versie": message.versie, "formaat": message.formaat.id}
    return name, tuple(found)


def _delivered(name: str) -> "Formaat | None":
    """A format that comes with the gateway; the name comes from outside, so it is looked up and never opened."""
    from gateway.plans import meegeleverd
    from gateway.plans.formaat import mappings_map

    return meegeleverd(name) if name in {path.stem for path in mappings_map().glob("*.yaml")} else None


def _own_format(path: Path | None) -> "Formaat | None":
    """The format of `--formaat`; exit code 2 with its findings if it does not load."""
    if path is None:
        return None
    from gateway.plans import laad_formaat

    loaded, found = laad_formaat(files.read(path))
    if loaded is None:
        output.findings(str(path), found)
        raise typer.Exit(BROKEN)
    return loaded


def _answer(path: Path, name: dict[str, object], found: "tuple[Finding, ...]", json: bool) -> int:
    """One file's answer; its exit code."""
    from gateway.domain.findings import has_errors

    valid = not has_errors(found)
    if json:
        emit({"file": str(path), **name, "valid": valid, "findings": found})
    else:
        output.findings(str(path), found, show)
        show(f"{path}: {'goed' if valid else 'niet goed'}")
    return GOOD if valid else NO
