"""A provider goes by its AGB code (OP254): is that code in the register of the day?

The standard has no retourcode for it, so it never refuses a message: what the register does not know is for a person.
"""

from typing import Any

from gateway.berichten.historie import partijen
from gateway.berichten.regels import paden, tabel
from gateway.berichten.regels.registry import Context
from gateway.berichten.regels.tabel import Lang
from gateway.berichten.soorten import SOORTEN
from gateway.domain.findings import Finding

CODE = "OP254"
_BRON = "een lijst van AGB-codes voor deze datum"
_FOUT = {
    "nl": "De AGB-code van de aanbieder staat op deze dag niet in de lijst van AGB-codes.",
    "en": "The provider's AGB code is not on the list of AGB codes on this day.",
}
_ADVIES = {
    "nl": "Controleer de code, of vernieuw AGB.csv in de map met codelijsten.",
    "en": "Check the code, or renew AGB.csv in the folder of code lists.",
}


def aanbieder_bekend(bericht: Any, soort: str, ctx: Context, lang: Lang = "nl") -> list[Finding]:
    """Nothing, a warning, or `unchecked` without a list (`sources["agb"]`)."""
    code, dag = partijen(bericht).aanbieder, ctx.today or paden.dagtekening(bericht)
    pad = "/Bericht/Header/" + ("Ontvanger" if SOORTEN[soort].afzender == "gemeente" else "Afzender")
    lijst = ctx.sources.get("agb")
    bekend = None if lijst is None else lijst.valid(code, dag)
    if bekend:
        return []
    if bekend is None:
        words = tabel.niet_gecontroleerd(_BRON, lang)
        return [Finding(code=CODE, severity="unchecked", message=words, level=4, path=pad)]
    found = Finding(
        code=CODE, severity="warning", message=_FOUT[lang], advice=_ADVIES[lang], level=4, path=pad, value=code
    )
    return [found]
