"""Plans on paper: the form, the completed plan and a report, as PDF (plan 11). Bytes out, no files.

Importing this needs Jinja2 and segno; WeasyPrint and Pango only when a PDF is made, and their absence is a finding.
"""

from gateway.plans.documents.identity import ingesloten_json, qr_tekst
from gateway.plans.documents.pdf import beschikbaar
from gateway.plans.documents.render import formulier_pdf, plan_html, plan_pdf, verslag_pdf

__all__ = [
    "beschikbaar",
    "formulier_pdf",
    "ingesloten_json",
    "plan_html",
    "plan_pdf",
    "qr_tekst",
    "verslag_pdf",
]
