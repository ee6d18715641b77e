"""Rules about keys: what may occur only once in a message.

Numbers and dates in a key count as text, as in the official test: ToewijzingNummer 0101 and 101 are two keys.
"""

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

from gateway.berichten.regels import paden
from gateway.berichten.regels.registry import Context, Hit, regel


def _dubbel(elementen: Iterable[tuple[str, Hashable]]) -> Iterator[Hit]:
    """The second and later elements with the same key."""
    gezien = set()
    for pad, sleutel in elementen:
        if sleutel in gezien:
            yield Hit(pad)
        gezien.add(sleutel)


def _nummer(pad: str, element: Any, ctx: Context) -> str | None:
    return paden.getal_als_tekst(element.toewijzing_nummer, f"{pad}/ToewijzingNummer", ctx)


def _begin(pad: str, element: Any, ctx: Context) -> str | None:
    return paden.datum_als_tekst(element.begindatum, f"{pad}/Begindatum", ctx)


def _product(element: Any) -> tuple[str | None, str | None]:
    product = element.product
    return (None, None) if product is None else (product.categorie, product.code)


@regel("TR101", "WMO301")
def tr101_toewijzing(bericht: Any, ctx: Context) -> Iterator[Hit]:
    client = bericht.client
    yield from _dubbel((pad, c.soort) for pad, c in paden.genummerd(paden.CONTACT, client.contactgegevens))
    yield from _dubbel((pad, r.nummer) for pad, r in paden.genummerd(paden.RELATIE, client.relaties))
    producten = paden.genummerd(paden.TOEGEWEZEN, client.toegewezen_producten)
    yield from _dubbel((pad, _nummer(pad, p, ctx)) for pad, p in producten)


@regel("TR101", "WMO305")
def tr101_start(bericht: Any, ctx: Context) -> Iterator[Hit]:
    starts = paden.genummerd(paden.START, bericht.client.start_producten)
    return _dubbel((pad, (_nummer(pad, s, ctx), _product(s), _begin(pad, s, ctx))) for pad, s in starts)


@regel("TR101", "WMO307")
def tr101_stop(bericht: Any, ctx: Context) -> Iterator[Hit]:
    stops = paden.genummerd(paden.STOP, bericht.client.stop_producten)
    return _dubbel((pad, _sleutel_stop(pad, s, ctx)) for pad, s in stops)


def _sleutel_stop(pad: str, stop: Any, ctx: Context) -> Hashable:
    einde = paden.datum_als_tekst(stop.einddatum, f"{pad}/Einddatum", ctx)
    return _nummer(pad, stop, ctx), _product(stop), _begin(pad, stop, ctx), stop.reden_beeindiging, einde


@regel("TR101", "WMO315")
def tr101_verzoek_om_toewijzing(bericht: Any, ctx: Context) -> Iterator[Hit]:
    producten = paden.genummerd(paden.AANGEVRAAGD, bericht.client.aangevraagde_producten)
    return _dubbel((pad, p.referentie_aanbieder) for pad, p in producten)


@regel("TR101", "WMO317")
def tr101_verzoek_om_wijziging(bericht: Any, ctx: Context) -> Iterator[Hit]:
    verzoek = bericht.client.verzoek
    for klasse, producten in (
        (paden.ONGEWIJZIGD, verzoek.ongewijzigde_producten),
        (paden.TE_WIJZIGEN, verzoek.te_wijzigen_producten),
    ):
        yield from _dubbel((pad, _nummer(pad, p, ctx)) for pad, p in paden.genummerd(klasse, producten))
    nieuw = paden.genummerd(paden.NIEUW, verzoek.nieuwe_producten)
    yield from _dubbel((pad, _sleutel_nieuw(pad, p, ctx)) for pad, p in nieuw)


def _sleutel_nieuw(pad: str, product: Any, ctx: Context) -> Hashable:
    return _product(product), paden.datum_als_tekst(product.gewenste_ingangsdatum, f"{pad}/GewensteIngangsdatum", ctx)


@regel("TR101", "WMO323", "WMO325")
def tr101_declaratie(bericht: Any, ctx: Context) -> Iterator[Hit]:
    body = paden.declaratie(bericht, ctx)
    if body is None:
        return
    wortel = f"{paden.DECLARATIE[ctx.soort]}/Clienten/Client"
    clienten = set()
    for c, client in enumerate(body.clienten, 1):
        if client.bsn in clienten:
            yield Hit(f"{wortel}[{c}]")
        clienten.add(client.bsn)
        gezien = set()
        for p, prestatie in enumerate(client.prestaties, 1):
            referentie = prestatie.product_referentie
            sleutel = (referentie.referentie_nummer, referentie.vorig_referentie_nummer)
            if sleutel in gezien:
                yield Hit(paden.pad_prestatie(ctx, c, p))
            gezien.add(sleutel)


@regel("TR383")
def tr383(bericht: Any, ctx: Context) -> Iterator[Hit]:
    gezien = set()
    for pad, product in paden.genummerd(paden.AANGEVRAAGD, bericht.client.aangevraagde_producten):
        if paden.genormaliseerd(product.referentie_aanbieder) in gezien:
            yield Hit(f"{pad}/ReferentieAanbieder")
        gezien.add(product.referentie_aanbieder)


@regel("TR315")
def tr315(bericht: Any, ctx: Context) -> Iterator[Hit]:
    gezien = set()
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        vorig = prestatie.product_referentie.vorig_referentie_nummer
        if vorig is None:
            continue
        if paden.genormaliseerd(vorig) in gezien:
            yield Hit(f"{paden.pad_prestatie(ctx, c, p)}/ProductReferentie/VorigReferentieNummer")
        gezien.add(vorig)


@regel("TR316")
def tr316(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """A line may not credit a line of the same message, itself included, in whichever order they stand."""
    nummers: set[str] = set()
    vorige: set[str] = set()
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        referentie = prestatie.product_referentie
        nummer, vorig = referentie.referentie_nummer, referentie.vorig_referentie_nummer
        dit = paden.genormaliseerd(nummer)
        eerder = paden.genormaliseerd(vorig)
        if dit == eerder or eerder in nummers or dit in vorige:
            yield Hit(f"{paden.pad_prestatie(ctx, c, p)}/ProductReferentie")
        nummers.add(nummer)
        if vorig is not None:
            vorige.add(vorig)


@regel("TR416")
def tr416(bericht: Any, ctx: Context) -> Iterator[Hit]:
    """Two debit lines of one client on the same allocation, product and period; credits change nothing."""
    klant = 0
    gezien: set[Hashable] = set()
    for c, p, prestatie in paden.prestaties(bericht, ctx):
        if c != klant:
            klant, gezien = c, set()
        if prestatie.ingediend_bedrag.debet_credit != "D":
            continue
        periode = prestatie.product_periode
        wanneer: tuple[Hashable, ...] = (prestatie.toewijzing_nummer, periode.begindatum, periode.einddatum)
        if ctx.oddities:
            wanneer = _geschreven(paden.pad_prestatie(ctx, c, p), prestatie, ctx)
        sleutel = (prestatie.product_categorie, prestatie.product_code, *wanneer)
        if sleutel in gezien:
            yield Hit(paden.pad_prestatie(ctx, c, p))
        gezien.add(sleutel)


def _geschreven(pad: str, prestatie: Any, ctx: Context) -> tuple[str | None, ...]:
    """Number and period of a line as they stand in the file."""
    periode = prestatie.product_periode
    return (
        _nummer(pad, prestatie, ctx),
        paden.datum_als_tekst(periode.begindatum, f"{pad}/ProductPeriode/Begindatum", ctx),
        paden.datum_als_tekst(periode.einddatum, f"{pad}/ProductPeriode/Einddatum", ctx),
    )
