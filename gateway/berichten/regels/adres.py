"""Rules about Contact and Adres. Those about the address itself also hold in a WMO302, which repeats it."""

import re
from collections.abc import Iterator
from typing import Any

from gateway.berichten.regels import paden
from gateway.berichten.regels.registry import Context, Hit, regel

_POSTCODE = re.compile(r"[1-9][0-9]{3}[A-Za-z]{2}")
_TIJDELIJK = "04"
_MET_POSTCODE = frozenset({"01", "03"})  # BRP-adres, verblijfadres
_BEREIKBAAR = frozenset({"01", "02", "03"})


def _adressen(bericht: Any) -> Iterator[tuple[str, Any]]:
    for pad, contact in paden.contacten(bericht):
        if contact.adres is not None:
            yield f"{pad}/Adres", contact.adres


@regel("CD005", "WMO301", "WMO302")
def cd005(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, adres in _adressen(bericht):
        if (adres.postcode is None) != (adres.land_code is None):
            yield Hit(f"{pad}/LandCode", adres.land_code)


@regel("CD025", "WMO301", "WMO302")
def cd025(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, adres in _adressen(bericht):
        if adres.land_code == "NL" and adres.huis is None:
            yield Hit(f"{pad}/Huis")


@regel("CS089", "WMO301", "WMO302")
def cs089(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """A Dutch postcode is 1000AA: no space, first digit not 0, letters of either case; a missing one fails too."""
    for pad, adres in _adressen(bericht):
        if adres.land_code == "NL" and not _POSTCODE.fullmatch(adres.postcode or ""):
            yield Hit(f"{pad}/Postcode")


@regel("CD009")
def cd009(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, contact in paden.contacten(bericht):
        if contact.periode is not None and contact.soort != _TIJDELIJK:
            yield Hit(f"{pad}/Periode")


@regel("CD034")
def cd034(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, contact in paden.contacten(bericht):
        if contact.soort in _MET_POSTCODE and (contact.adres is None or contact.adres.postcode is None):
            yield Hit(f"{pad}/Adres/Postcode")


@regel("TR006")
def tr006(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, contact in paden.contacten(bericht):
        adres = contact.adres
        volledig = adres is not None and adres.huis is not None and adres.postcode is not None
        if contact.telefoon is None and not volledig:
            yield Hit(pad)


@regel("TR061")
def tr061(bericht: Any, ctx: Context) -> Iterator[Hit]:
    if not any(contact.soort in _BEREIKBAAR for contact in bericht.client.contactgegevens):
        yield Hit(f"{paden.CLIENT}/Contactgegevens")
