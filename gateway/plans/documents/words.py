"""Values as a reader of a form expects them: Dutch dates, a comma, labels instead of codes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gateway.plans.form import Plek, is_leeg
from gateway.plans.formaat.model import Formaat
from gateway.plans.model import Handtekening

_MAANDEN = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)
_WIJZE = {"pades": "elektronisch", "portaal": "in het portaal", "papier_scan": "op papier"}


def datum(dag: date) -> str:
    """20 maart 2026."""
    return f"{dag.day} {_MAANDEN[dag.month - 1]} {dag.year}"


def getal(waarde: Decimal | int) -> str:
    """2.50 -> 2,5."""
    return f"{Decimal(waarde).normalize():f}".replace(".", ",")


def tekst(formaat: Formaat, plek: Plek) -> tuple[str, ...]:
    """The value as lines of plain text; empty where nothing is filled in."""
    waarde = plek.waarde
    if plek.leeg:
        return ()
    if plek.veld.type == "lijst":
        return tuple(item for item in waarde if not is_leeg(item))
    if plek.veld.type == "vinkjes":
        return tuple(product.label for product in formaat.producten if waarde.get(product.id))
    return tuple(_een(formaat, plek, waarde).split("\n"))


def _een(formaat: Formaat, plek: Plek, waarde: Any) -> str:
    veld = plek.veld
    if isinstance(waarde, date):
        return datum(waarde)
    if veld.type == "keuze" and veld.lijst == "resultaten":
        gevonden = formaat.resultaat(waarde)
        return f"{waarde}  {gevonden.tekst}" if gevonden else str(waarde)
    if veld.type == "keuze":
        return formaat.label(veld.lijst or "", waarde)
    if veld.type == "periode":
        return f"per {formaat.perioden[waarde].label}" if waarde in formaat.perioden else str(waarde)
    return getal(waarde) if isinstance(waarde, Decimal) else str(waarde)


def ondertekening(handtekening: Handtekening, rol: str) -> str:
    """The visible mark (PLD-16): the client's says having taken note, never agreement (PL-24)."""
    werkwoord = "Ondertekend door" if rol == "aanbieder" else "Kennisgenomen door"
    namens = ", vertegenwoordiger" if handtekening.namens == "vertegenwoordiger" else ""
    dag = handtekening.op.date() if isinstance(handtekening.op, datetime) else handtekening.op
    return f"{werkwoord} {handtekening.naam}{namens}, {_WIJZE[handtekening.wijze]}, op {datum(dag)}"
