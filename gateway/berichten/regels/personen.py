"""Rules about persons: BSN, date of birth, name, communication.

The official level-2 test finds BSN, birth date, name and communication by the name of the element, so these rules also
hold in the return messages that repeat them.
"""

from collections.abc import Iterator
from typing import Any

from gateway.berichten.regels import paden
from gateway.berichten.regels.registry import Context, Hit, regel

_GEWICHTEN = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_MET_CLIENT = ("WMO301", "WMO305", "WMO307", "WMO315", "WMO317", "WMO302", "WMO306", "WMO308", "WMO316", "WMO318")
_MET_GEBOORTEDATUM = ("WMO301", "WMO305", "WMO307", "WMO315", "WMO302", "WMO306", "WMO308", "WMO316")
_ONBEKEND = "1900-01-01"  # the date that stands for "unknown" with DatumGebruik 3
_LEEFTIJDSGRENS = 120_00_00  # 120 years, added to a date as a number


def voldoet_aan_elfproef(bsn: str) -> bool:
    """CS002: nine digits whose weighted sum divides by eleven; 000000000 passes, as in the official test."""
    return sum(gewicht * int(cijfer) for gewicht, cijfer in zip(_GEWICHTEN, bsn, strict=True)) % 11 == 0


@regel("CS002", *_MET_CLIENT)
def cs002(bericht: Any, ctx: Context) -> Iterator[Hit]:
    if bericht.client is not None and not voldoet_aan_elfproef(bericht.client.bsn):
        yield Hit(f"{paden.CLIENT}/Bsn")


@regel("CS002", "WMO323", "WMO325")
def cs002_declaratie(bericht: Any, ctx: Context) -> Iterator[Hit]:
    body = paden.declaratie(bericht, ctx)
    if body is not None:
        for nummer, client in enumerate(body.clienten, 1):
            if not voldoet_aan_elfproef(client.bsn):
                yield Hit(f"{paden.DECLARATIE[ctx.soort]}/Clienten/Client[{nummer}]/Bsn")


@regel("CS139", *_MET_GEBOORTEDATUM)
def cs139(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, persoon in paden.personen(bericht):
        geboren = persoon.geboortedatum
        if geboren is None:
            continue
        datum = paden.datum_als_tekst(geboren.datum, f"{pad}/Geboortedatum/Datum", ctx) or ""
        if not _past_bij_gebruik(datum, geboren.datum_gebruik):
            yield Hit(f"{pad}/Geboortedatum")


def _past_bij_gebruik(datum: str, gebruik: str | None) -> bool:
    """1: day unknown, so day 1; 2: month too, so 1 January; 3: all unknown, so 1900-01-01. Of text: blanks count."""
    match gebruik:
        case "1":
            return datum.endswith("-01")
        case "2":
            return datum.endswith("-01-01")
        case "3":
            return datum == _ONBEKEND
    return True


@regel("TR002", *_MET_GEBOORTEDATUM)
def tr002(bericht: Any, ctx: Context) -> Iterator[Hit]:
    vandaag = paden.eerste_tien(paden.dagtekening(bericht), paden.DAGTEKENING, ctx)
    if vandaag is None:
        return
    for pad, persoon in paden.personen(bericht):
        geboren = persoon.geboortedatum
        if geboren is None:
            continue
        plek = f"{pad}/Geboortedatum/Datum"
        if geboren.datum_gebruik == "3" and paden.datum_als_tekst(geboren.datum, plek, ctx) == _ONBEKEND:
            continue
        if paden.als_getal(geboren.datum) + _LEEFTIJDSGRENS < vandaag:
            yield Hit(plek)


@regel("CS050", "WMO301", "WMO302")
def cs050(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """Without a partner's name only 1. The value 6 of CS318 falls under it; 5 and 6 are never right (see docs)."""
    for pad, persoon in paden.personen(bericht):
        naam = persoon.naam
        goed = "1234" if naam.partnernaam is not None else "1"
        if naam.naam_gebruik not in goed:
            yield Hit(f"{pad}/Naam/NaamGebruik", naam.naam_gebruik)


@regel("CD007", "WMO301", "WMO302")
def cd007(bericht: Any, ctx: Context) -> Iterator[Hit]:
    communicatie = bericht.client.communicatie if bericht.client is not None else None
    if communicatie is not None and (communicatie.vorm == "1") != (communicatie.taal is not None):
        yield Hit(f"{paden.CLIENT}/Communicatie/Taal")
