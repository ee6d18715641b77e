"""Rules that compare dates: within a period, and with the dagtekening of the message."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from gateway.berichten.regels import paden
from gateway.berichten.regels.registry import Context, Hit, regel


def _geboortedatums(bericht: Any) -> Iterator[tuple[str, dt.date]]:
    for pad, persoon in paden.personen(bericht):
        if persoon.geboortedatum is not None:
            yield f"{pad}/Geboortedatum/Datum", persoon.geboortedatum.datum


@regel("CS003")
def cs003(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """An end without a begin fails as well: only the period of a Contact can have that."""
    for pad, begin, einde in _perioden(bericht, ctx.soort):
        if einde is not None and (begin is None or paden.later(begin, einde, pad, ctx)):
            yield Hit(pad, einde.isoformat())


def _perioden(bericht: Any, soort: str) -> Iterator[tuple[str, dt.date | None, dt.date | None]]:
    client = bericht.client
    match soort:
        case "WMO301":
            for pad, contact in paden.contacten(bericht):
                if contact.periode is not None:
                    yield f"{pad}/Periode/Einddatum", contact.periode.begindatum, contact.periode.einddatum
            for pad, product in paden.genummerd(paden.TOEGEWEZEN, client.toegewezen_producten):
                yield f"{pad}/Einddatum", product.ingangsdatum, product.einddatum
        case "WMO315":
            for pad, product in paden.genummerd(paden.AANGEVRAAGD, client.aangevraagde_producten):
                begin, einde = product.toewijzing_ingangsdatum, product.toewijzing_einddatum
                yield f"{pad}/ToewijzingEinddatum", begin, einde
        case "WMO317":
            for pad, product in paden.genummerd(paden.TE_WIJZIGEN, client.verzoek.te_wijzigen_producten):
                yield f"{pad}/Einddatum", product.gewenste_ingangsdatum, product.einddatum
            for pad, product in paden.genummerd(paden.NIEUW, client.verzoek.nieuwe_producten):
                yield f"{pad}/Einddatum", product.gewenste_ingangsdatum, product.einddatum


@regel("TR018")
def tr018(bericht: Any, ctx: Context) -> Iterator[Hit]:
    for pad, stop in paden.genummerd(paden.STOP, bericht.client.stop_producten):
        if paden.later(stop.begindatum, stop.einddatum, f"{pad}/Einddatum", ctx):
            yield Hit(f"{pad}/Einddatum", stop.einddatum.isoformat())


@regel("TR134", "WMO301", "WMO305", "WMO307", "WMO315")
def tr134(bericht: Any, ctx: Context) -> Iterator[Hit]:
    vandaag = paden.dagtekening(bericht)
    for pad, datum in _geboortedatums(bericht):
        if paden.later(datum, vandaag, paden.DAGTEKENING, ctx):
            yield Hit(pad)  # a date of birth is never repeated
    for pad, datum in _gebeurd(bericht, ctx.soort):
        if paden.later(datum, vandaag, paden.DAGTEKENING, ctx):
            yield Hit(pad, datum.isoformat())


def _gebeurd(bericht: Any, soort: str) -> Iterator[tuple[str, dt.date]]:
    """Dates of what has happened when the message is made."""
    client = bericht.client
    match soort:
        case "WMO301":
            for pad, product in paden.genummerd(paden.TOEGEWEZEN, client.toegewezen_producten):
                yield f"{pad}/Toewijzingsdatum", product.toewijzingsdatum
        case "WMO305":
            for pad, start in paden.genummerd(paden.START, client.start_producten):
                yield f"{pad}/Begindatum", start.begindatum
        case "WMO307":
            for pad, stop in paden.genummerd(paden.STOP, client.stop_producten):
                yield f"{pad}/Einddatum", stop.einddatum


@regel("TR134", "WMO323", "WMO325")
def tr134_declaratie(bericht: Any, ctx: Context) -> Iterator[Hit]:
    vandaag = paden.dagtekening(bericht)
    if ctx.soort == "WMO323":
        begin = bericht.declaratie.declaratie_periode.begindatum
        if paden.later(begin, vandaag, paden.DAGTEKENING, ctx):
            yield Hit("/Bericht/Declaratie/DeclaratiePeriode/Begindatum", begin.isoformat())
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        begin = prestatie.product_periode.begindatum
        if paden.later(begin, vandaag, paden.DAGTEKENING, ctx):
            yield Hit(f"{paden.pad_prestatie(ctx, c, p)}/ProductPeriode/Begindatum", begin.isoformat())


@regel("TR137")
def tr137(bericht: Any, ctx: Context) -> Iterator[Hit]:
    vandaag = paden.dagtekening(bericht)
    if ctx.soort == "WMO323":
        plek = "/Bericht/Declaratie/DeclaratiePeriode/Einddatum"
        yield from _te_laat(bericht.declaratie.declaratie_periode, plek, vandaag, ctx)
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        periode = prestatie.product_periode
        if ctx.oddities or not periode.begindatum <= periode.einddatum <= vandaag:  # else no path need be made
            plek = f"{paden.pad_prestatie(ctx, c, p)}/ProductPeriode/Einddatum"
            yield from _te_laat(periode, plek, vandaag, ctx)


def _te_laat(periode: Any, plek: str, vandaag: dt.date, ctx: Context) -> Iterator[Hit]:
    einde = periode.einddatum
    if paden.later(periode.begindatum, einde, plek, ctx) or paden.later(einde, vandaag, paden.DAGTEKENING, ctx):
        yield Hit(plek, einde.isoformat())


@regel("TR380")
def tr380(bericht: Any, ctx: Context) -> Iterator[Hit]:
    vandaag = paden.dagtekening(bericht)
    for pad, product in paden.genummerd(paden.NIEUW, bericht.client.verzoek.nieuwe_producten):
        if product.gewenste_ingangsdatum <= vandaag:
            yield Hit(f"{pad}/GewensteIngangsdatum", product.gewenste_ingangsdatum.isoformat())
