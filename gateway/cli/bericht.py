"""`gateway bericht`: messages on their own; no configuration, no database."""

import typer

from gateway.cli.output import Json, emit, table

app = typer.Typer(no_args_is_help=True, help="Berichten van de standaard: lezen, maken, controleren, beantwoorden.")


@app.command()
def soorten(json: Json = False) -> None:
    """De berichten en releases die de gateway kent."""
    from gateway.berichten.soorten import SOORTEN

    if json:
        for kind in SOORTEN.values():
            row = {"bericht": kind.soort, "release": kind.release, "berichtCode": kind.bericht_code}
            emit({**row, "isRetour": kind.is_retour, "heen": kind.heen, "retour": kind.retour})
        return
    table(
        ("bericht", "release", "code", "antwoord op", "beantwoord met"),
        [(k.soort, k.release, k.bericht_code, k.heen, k.retour) for k in SOORTEN.values()],
    )
