"""`gateway reconcile`: what was decided against what was ordered, on files. A control for people (OP364)."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli import files, output
from gateway.cli.options import Today, day
from gateway.cli.output import BROKEN, GOOD, NO, Json, emit, say, show

if TYPE_CHECKING:
    from gateway.reconcile.vergelijking import Vergelijking

app = typer.Typer(no_args_is_help=True, help="Besluiten naast toewijzingen leggen.")


@app.callback()
def reconcile() -> None:
    """Besluiten naast toewijzingen leggen."""


@app.command()
def beschikkingen(
    besluiten: Annotated[
        Path,
        typer.Option(
            "--beschikkingen",
            metavar="FILE",
            dir_okay=False,
            help="Besluiten uit het zaaksysteem (CSV of JSON-regels).",
        ),
    ],
    toewijzingen: Annotated[
        Path,
        typer.Option(
            metavar="DIR", file_okay=False, help="Map met toewijzingen (WMO301), antwoorden, verzoeken, declaraties."
        ),
    ],
    contract: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Contract: tarieven, voor het bedrag dat op het spel staat.")
    ] = None,
    today: Today = None,
    json: Json = False,
) -> None:
    """Vergelijkt elk besluit met wat er is toegewezen: wat ontbreekt, wat verschilt, wie er iets mee moet."""
    from gateway.berichten import wmo302
    from gateway.cli.contract import load_contract
    from gateway.cli.validating import messages
    from gateway.reconcile.beschikkingen_bestand import laad_beschikkingen
    from gateway.reconcile.historie import uit_berichten
    from gateway.reconcile.koppeling import bekende_verzoeken
    from gateway.reconcile.vergelijking import vergelijk
    from gateway.reconcile.weergave import vergelijking_json

    lines, wrong = laad_beschikkingen(files.read(besluiten))
    output.findings(str(besluiten), wrong)
    if wrong:
        say("Er is niets vergeleken: een besluit dat niet te lezen is, zou als ontbrekend tellen.")
        raise typer.Exit(BROKEN)
    exchanged = list(messages(tuple(files.expand([toewijzingen], ".xml"))))
    history = uit_berichten(exchanged)
    output.findings(str(toewijzingen), history.findings)
    state = history.state
    result = vergelijk(
        lines,
        state.toewijzingen,
        day(today),
        contract=load_contract(contract),
        verzoeken=bekende_verzoeken(exchanged),
        state=state,
        retouren=any(isinstance(message, wmo302.Bericht) for message in exchanged),
    )
    if json:
        emit(vergelijking_json(result))
    else:
        _tell(result)
    raise typer.Exit(NO if result.verschillen else GOOD)


def _tell(result: "Vergelijking") -> None:
    """The differences, gravest first as they are sorted, then the count."""
    from gateway.domain.money import euro

    for one in result.verschillen:
        about = ", ".join(
            f"{word} {number}"
            for word, number in (("beschikking", one.beschikkingnummer), ("toewijzing", one.toewijzing_nummer))
            if number is not None
        )
        stake = f"; {euro(one.cents_at_stake)} op het spel" if one.cents_at_stake is not None else ""
        show(
            f"{one.kind} {one.severity} {about}: {one.field or ''} besloten {one.decided}, besteld {one.ordered}{stake}"
        )
        show(f"    → {one.who}: {one.advice}")
    show(f"{result.compared} vergeleken, {result.equal} gelijk, {len(result.verschillen)} verschillen")
