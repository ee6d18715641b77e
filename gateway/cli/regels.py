"""`gateway regels`: the rules of the standard and of support plans, as the program knows them."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gateway.cli.output import Json, Surroundings, emit, table

if TYPE_CHECKING:
    from gateway.berichten.regels.tabel import Regel


def regels(
    bericht: Annotated[str | None, typer.Option(metavar="WMO323", help="Alleen de regels van dit bericht.")] = None,
    soort: Annotated[
        str | None, typer.Option(metavar="TR", help="Alleen deze soort: CD, CS, RS, TR, OP, IV of UP; PL of PLD.")
    ] = None,
    json: Json = False,
) -> None:
    """De regels van de standaard: nummer, niveau, retourcode, berichten, tekst en wat de gateway ermee doet."""
    import gateway.reconcile.register  # noqa: F401  (importing it registers the rules about declarations)
    from gateway.berichten.regels import rules

    kind = soort.upper() if soort else None
    found = rules(bericht.upper() if bericht else None, kind)
    if bericht is None:
        found += _of_plans(kind)
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


def _of_plans(kind: str | None) -> "tuple[Regel, ...]":
    """The requirements on plans, in the words of the table of rules; they belong to no message."""
    from gateway.berichten.regels.tabel import Regel
    from gateway.plans.requirements import eisen

    status = {"enforced": "implemented", "recorded": "process", "human": "process", "later": "planned"}
    return tuple(
        msgspec.convert(
            {
                "code": eis.code,
                "kind": eis.soort,
                "level": None,
                "retourcode": None,
                "messages": [],
                "text": eis.text,
                "advice": "",
                "textEn": "",
                "adviceEn": "",
                "status": status[eis.status],
                "where": f"gateway.plans.{eis.where}" if eis.where else "",
                "how": "people" if eis.status == "human" else eis.status,
                "tests": [],
            },
            Regel,
        )
        for eis in eisen()
        if eis.soort in ("PL", "PLD") and kind in (None, eis.soort)
    )
