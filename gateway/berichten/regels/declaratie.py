"""Rules about the declaration (WMO323) and the answer to it (WMO325): periods, amounts, tariffs, totals."""

import calendar
import datetime as dt
from collections.abc import Iterator
from typing import Any

from gateway.berichten.regels import paden
from gateway.berichten.regels.registry import Context, Hit, regel

_EERSTE_DAG = dt.date(2021, 1, 1)
_EURO = "83"
_JAREN = 5
_ANTWOORD = "/Bericht/DeclaratieAntwoord"
_ZONDER_AFKEUR = frozenset({"0200", "8001"})


@regel("CS100")
def cs100(bericht: Any, ctx: Context) -> Iterator[Hit]:
    if bericht.declaratie.declaratie_periode.begindatum < _EERSTE_DAG:
        yield Hit("/Bericht/Declaratie/DeclaratiePeriode/Begindatum")
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        if prestatie.product_periode.begindatum < _EERSTE_DAG:
            yield Hit(f"{paden.pad_prestatie(ctx, c, p)}/ProductPeriode/Begindatum")


@regel("CS337")
def cs337(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        periode = prestatie.product_periode
        begin, einde = periode.begindatum, periode.einddatum
        anders = begin.month != einde.month or begin.year != einde.year
        if ctx.oddities:
            anders = _andere_maand(periode, f"{paden.pad_prestatie(ctx, c, p)}/ProductPeriode", ctx)
        if anders:
            yield Hit(f"{paden.pad_prestatie(ctx, c, p)}/ProductPeriode/Einddatum", einde.isoformat())


def _andere_maand(periode: Any, pad: str, ctx: Context) -> bool:
    """Year and month by their places in the text, as in the official test: a blank before a date shifts them."""
    begin = paden.datum_als_tekst(periode.begindatum, f"{pad}/Begindatum", ctx) or ""
    einde = paden.datum_als_tekst(periode.einddatum, f"{pad}/Einddatum", ctx) or ""
    return begin.replace("-", "")[:6] != einde.replace("-", "")[:6]


@regel("CS340")
def cs340(bericht: Any, ctx: Context) -> Iterator[Hit]:
    periode = bericht.declaratie.declaratie_periode
    begin = periode.begindatum
    laatste = begin.replace(day=calendar.monthrange(begin.year, begin.month)[1])
    geschreven = paden.datum_als_tekst(begin, "/Bericht/Declaratie/DeclaratiePeriode/Begindatum", ctx) or ""
    if not geschreven.endswith("-01") or periode.einddatum != laatste:  # a blank after the day is not the first day
        yield Hit("/Bericht/Declaratie/DeclaratiePeriode", f"{begin} - {periode.einddatum}")


@regel("TR319")
def tr319(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """Level 3 by the rule table, yet answerable from the message alone; the official level-2 test does so too."""
    einde = bericht.declaratie.declaratie_periode.einddatum
    plek = "/Bericht/Declaratie/DeclaratiePeriode/Einddatum"
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        periode = prestatie.product_periode
        if paden.later(max(periode.begindatum, periode.einddatum), einde, plek, ctx):
            yield Hit(f"{paden.pad_prestatie(ctx, c, p)}/ProductPeriode", klasse="Prestatie")


@regel("TR335")
def tr335(bericht: Any, ctx: Context) -> Iterator[Hit]:
    grens = jaren_eerder(bericht.declaratie.declaratie_dagtekening, _JAREN)
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        einde = prestatie.product_periode.einddatum
        if einde < grens:
            yield Hit(f"{paden.pad_prestatie(ctx, c, p)}/ProductPeriode/Einddatum", einde.isoformat())


def jaren_eerder(datum: dt.date, jaren: int) -> dt.date:
    """The same day of the month so many years before; 29 February becomes 28 February in an ordinary year."""
    jaar = datum.year - jaren
    if jaar < dt.MINYEAR:
        return dt.date.min
    return datum.replace(year=jaar, day=min(datum.day, calendar.monthrange(jaar, datum.month)[1]))


@regel("CD060")
def cd060(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        vorig = paden.genormaliseerd(prestatie.product_referentie.vorig_referentie_nummer)
        if (prestatie.ingediend_bedrag.debet_credit == "C") != bool(vorig):
            yield Hit(f"{paden.pad_prestatie(ctx, c, p)}/ProductReferentie/VorigReferentieNummer")


@regel("CD087")
def cd087(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        if (prestatie.eenheid == _EURO) == (prestatie.product_tarief is not None):
            yield Hit(f"{paden.pad_prestatie(ctx, c, p)}/ProductTarief")


@regel("CS339")
def cs339(bericht: Any, ctx: Context) -> Iterator[Hit]:
    onvergelijkbaar = paden.met_plusteken(ctx)
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        if prestatie.eenheid == _EURO and prestatie.ingediend_bedrag.bedrag != prestatie.geleverd_volume:
            pad = paden.pad_prestatie(ctx, c, p)
            bedrag = f"{pad}/IngediendBedrag/Bedrag"
            if onvergelijkbaar.isdisjoint((bedrag, f"{pad}/GeleverdVolume")):
                yield Hit(bedrag, str(prestatie.ingediend_bedrag.bedrag))


@regel("CS325")
def cs325(bericht: Any, ctx: Context) -> Iterator[Hit]:
    body = paden.declaratie(bericht, ctx)
    if body is None:
        return
    onvergelijkbaar = paden.met_plusteken(ctx)
    totalen = [("TotaalIngediendBedrag", body.totaal_ingediend_bedrag)]
    if ctx.soort == "WMO325":
        totalen.append(("TotaalToegekendBedrag", body.totaal_toegekend_bedrag))
    for naam, totaal in totalen:
        pad = f"{paden.DECLARATIE[ctx.soort]}/{naam}"
        nul = totaal.totaal_bedrag == 0 and f"{pad}/TotaalBedrag" not in onvergelijkbaar
        if nul and totaal.debet_credit == "C":
            yield Hit(f"{pad}/DebetCredit", "C")
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        ingediend = prestatie.ingediend_bedrag
        if ingediend.bedrag == 0 and ingediend.debet_credit == "C":
            pad = f"{paden.pad_prestatie(ctx, c, p)}/IngediendBedrag"
            if f"{pad}/Bedrag" not in onvergelijkbaar:
                yield Hit(f"{pad}/DebetCredit", "C")


def som(bericht: Any, ctx: Context) -> int | None:
    """Debit lines minus credit lines, in cents; None if a line's amount is written with a plus sign."""
    if any(pad.endswith("/IngediendBedrag/Bedrag") for pad in paden.met_plusteken(ctx)):
        return None
    totaal = 0
    for _, _, prestatie in paden.prestaties(bericht, ctx):
        ingediend = prestatie.ingediend_bedrag
        totaal += ingediend.bedrag if ingediend.debet_credit == "D" else -ingediend.bedrag
    return totaal


@regel("TR358")
def tr358(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """Compared as text: amounts have no plus sign, the total has no leading zeros either."""
    totaal = bericht.declaratie.totaal_ingediend_bedrag
    verwacht = som(bericht, ctx)
    if verwacht is not None and totaal.debet_credit == "C":
        verwacht = -verwacht
    pad = "/Bericht/Declaratie/TotaalIngediendBedrag/TotaalBedrag"
    geschreven = paden.genormaliseerd(paden.getal_als_tekst(totaal.totaal_bedrag, pad, ctx))
    if verwacht is None or geschreven != str(verwacht):
        yield Hit(pad, geschreven)


@regel("TR342")
def tr342(bericht: Any, ctx: Context) -> Iterator[Hit]:
    antwoord = bericht.declaratie_antwoord
    if antwoord is None:
        return
    ingediend = _met_teken(antwoord.totaal_ingediend_bedrag, f"{_ANTWOORD}/TotaalIngediendBedrag", ctx)
    toegekend = _met_teken(antwoord.totaal_toegekend_bedrag, f"{_ANTWOORD}/TotaalToegekendBedrag", ctx)
    if _ZONDER_AFKEUR.issuperset(antwoord.retour_codes):
        verschil = None if ingediend is None or toegekend is None else ingediend - toegekend
        goed = som(bericht, ctx) == verschil
    else:
        goed = toegekend == 0
    if not goed:
        yield Hit(f"{_ANTWOORD}/TotaalToegekendBedrag", str(antwoord.totaal_toegekend_bedrag.totaal_bedrag))


def _met_teken(totaal: Any, pad: str, ctx: Context) -> int | None:
    """Cents, negative for credit; None if written with a plus sign."""
    if f"{pad}/TotaalBedrag" in paden.met_plusteken(ctx):
        return None
    bedrag: int = totaal.totaal_bedrag
    return -bedrag if totaal.debet_credit == "C" else bedrag
