"""Plans on paper: the form, the completed plan and a report, as PDF and back (plan 11). Bytes in, bytes out.

Importing this needs Jinja2 and segno; WeasyPrint and Pango only when a PDF is made, and their absence is a finding.
"""

from gateway.plans.documents.gate import LIMITS, Limits, poort
from gateway.plans.documents.identity import ingesloten_json, qr_tekst
from gateway.plans.documents.overview import Overzicht, overzicht
from gateway.plans.documents.pdf import beschikbaar
from gateway.plans.documents.read import Gelezen, lees_formulier
from gateway.plans.documents.render import (
    formulier_pdf,
    invulformulier_pdf,
    overzicht_pdf,
    plan_html,
    plan_pdf,
    verslag_pdf,
)

__all__ = [
    "LIMITS",
    "Gelezen",
    "Limits",
    "Overzicht",
    "beschikbaar",
    "formulier_pdf",
    "ingesloten_json",
    "invulformulier_pdf",
    "lees_formulier",
    "overzicht",
    "overzicht_pdf",
    "plan_html",
    "plan_pdf",
    "poort",
    "qr_tekst",
    "verslag_pdf",
]
