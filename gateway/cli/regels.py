"""`gateway regels`: the rules of the standard, as the program knows them."""

from typing import Annotated

import msgspec
import typer

from gateway.cli.output import Json, Surroundings, emit, table


def regels(
    bericht: Annotated[str | None, typer.Option(metavar="WMO323", help="Alleen de regels van dit bericht.")] = None,
    soort: Annotated[
        str | None, typer.Option(metavar="TR", help="Alleen deze soort: CD, CS, RS, TR, OP, IV of UP.")
    ] = None,
    json: Json = False,
) -> None:
    """De regels van de standaard: nummer, niveau, retourcode, berichten, tekst en wat de gateway ermee doet."""
    import gateway.reconcile.register  # noqa: F401  (importing it registers the rules about declarations)
    from gateway.berichten.regels import rules

    found = rules(bericht.upper() if bericht else None, soort.upper() if soort else None)
    if not found:
        raise Surroundings("Geen regels gevonden. Bekende berichten: gateway bericht soorten.")
    if json:
        for rule in found:
            emit(msgspec.to_builtins(rule))
        return
    table(
        ("regel", "niveau", "retourcode", "status", "berichten", "tekst"),
        [(r.code, r.level, r.retourcode, r.status, " ".join(r.berichten), r.text) for r in found],
    )
