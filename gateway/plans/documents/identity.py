"""How a printed plan says which plan it is (PLD-3 to PLD-5)."""

import io
from typing import Any

import msgspec
import segno

from gateway.plans.digest import canoniek, inhoud_sha256
from gateway.plans.form import is_leeg, plekken
from gateway.plans.formaat.model import Formaat
from gateway.plans.model import Ondersteuningsplan
from gateway.plans.paths import put
from gateway.plans.plain import to_plain
from gateway.plans.uitvraag import alleen_formaat, bronpaden

BESTANDSNAAM = "ondersteuningsplan.json"
QR_MM = 19  # with the quiet zone; the code itself is then about 15 mm, above the 13 that PLD-4 asks
ALLEN = frozenset({"gemeente", "aanbieder", "client"})


def qr_tekst(plan: Ondersteuningsplan, pagina: int, paginas: int) -> str:
    """`OPL1:<plan_id>:<versie>:<pagina>/<paginas>` and nothing else, no personal data (PLD-4)."""
    return f"OPL1:{plan.plan_id}:{plan.versie}:{pagina}/{paginas}"


def meta_tekst(plan: Ondersteuningsplan) -> str:
    """What the hidden field `meta` of a form holds: the code without a page, and the format (PLD-3)."""
    return f"OPL1:{plan.plan_id}:{plan.versie}:{plan.formaat_id}/{plan.formaat_versie}"


def qr_svg(tekst: str) -> bytes:
    """The QR code as SVG, error level M, with the quiet zone of the standard, `QR_MM` wide."""
    uit = io.BytesIO()
    code = segno.make(tekst, error="m", micro=False)
    schaal = QR_MM / code.symbol_size(border=4)[0]
    code.save(uit, kind="svg", scale=schaal, unit="mm", border=4, xmldecl=False, nl=False)
    return uit.getvalue()


def ingesloten_json(plan: Ondersteuningsplan, formaat: Formaat) -> bytes:
    """The file inside the PDF: what is printed on the form plus identifiers, format and hash.

    What is not printed (the BSN) is not hidden in the file either (PLD-5, PL-40).
    """
    gedrukt = alleen_formaat(plan, formaat, ALLEN)
    for plek in plekken(formaat, gedrukt, ALLEN):
        # a reference to another line is an identifier, printed as the title of its card
        if not plek.veld.tonen and plek.veld.type != "verwijzing" and not is_leeg(plek.waarde):
            for pad in bronpaden(plek):
                gedrukt = put(gedrukt, pad, None)
    inhoud: dict[str, Any] = {
        "schema": "ondersteuningsplan-document/1",
        "formaat": {"id": plan.formaat_id, "versie": plan.formaat_versie},
        "planId": plan.plan_id,
        "versie": plan.versie,
        "sha256": inhoud_sha256(plan),
        "plan": to_plain(msgspec.structs.replace(gedrukt, handtekening=plan.handtekening)),
    }
    return canoniek(inhoud)
