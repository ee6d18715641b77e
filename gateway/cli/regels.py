"""`gateway regels`: the rules of the standard, of support plans and of secure mail, as the program knows them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gateway.cli.output import Json, Surroundings, emit, table

if TYPE_CHECKING:
    from gateway.berichten.regels.tabel import Regel


def regels(
    bericht: Annotated[str | None, typer.Option(metavar="WMO323", help="Alleen de regels van dit bericht.")] = None,
    soort: Annotated[
        str | None, typer.Option(metavar="TR", help="Alleen deze soort: CD, CS, RS, TR, OP, IV of UP; PL, PLD of SM.")
    ] = None,
    json: Json = False,
) -> None:
    """De regels van de standaard: nummer, niveau, retourcode, berichten, tekst en wat de gateway ermee doet."""
    import gateway.reconcile.register  # noqa: F401  (importing it registers the rules about declarations)
    from gateway.berichten.regels import rules

    kind = soort.upper() if soort else None
    found = rules(bericht.upper() if bericht else None, kind)
    if bericht is None:
        found += _of_plans(kind) + _of_mail(kind)
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
    """The requirements on plans; they belong to no message."""
    from gateway.plans.requirements import eisen

    status = {"enforced": "implemented", "recorded": "process", "human": "process", "later": "planned"}
    return tuple(
        _regel(
            eis.code,
            eis.text,
            status[eis.status],
            where=f"gateway.plans.{eis.where}" if eis.where else "",
            how="people" if eis.status == "human" else eis.status,
        )
        for eis in eisen()
        if eis.soort in ("PL", "PLD") and kind in (None, eis.soort)
    )


def _of_mail(kind: str | None) -> "tuple[Regel, ...]":
    """The requirements on secure mail, each with its tests; they belong to no message."""
    from gateway.securemail.requirements import eisen

    if kind not in (None, "SM"):
        return ()
    return tuple(
        _regel(
            eis.code,
            eis.text,
            eis.status,
            where=" ".join(f"gateway.{where}" for where in eis.where),
            how=eis.missing,
            tests=[f"tests/{test}" for test in eis.tests],
        )
        for eis in eisen()
    )


def _regel(code: str, text: str, status: str, *, where: str, how: str, tests: Sequence[str] = ()) -> "Regel":
    """A requirement in the words of the table of rules."""
    from gateway.berichten.regels.tabel import Regel

    kind = code.partition("-")[0]
    values: dict[str, object] = {"code": code, "kind": kind, "level": None, "retourcode": None, "messages": []}
    words = {"text": text, "advice": "", "textEn": "", "adviceEn": ""}
    return msgspec.convert(values | words | {"status": status, "where": where, "how": how, "tests": tests}, Regel)
