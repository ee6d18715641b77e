"""What a provider makes of its orders: the start of delivery (WMO305) and the declaration of a month (WMO323)."""

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from gateway.berichten import basis, wmo301, wmo305, wmo323
from gateway.flows.orders import header


class Geleverd(msgspec.Struct, frozen=True, kw_only=True):
    """What was delivered on one order in one period that lies within a calendar month (CS337)."""

    toewijzing_nummer: int
    begindatum: date
    einddatum: date
    volume: int  # whole units, rounded as IV079 says
    eenheid: str  # WJ756
    tarief: int | None  # eurocents per unit; None with unit 83 (CD087)
    bedrag: int  # eurocents


def wmo305_from(order: wmo301.Bericht, begindatum: date, *, identificatie: str, dagtekening: date) -> wmo305.Bericht:
    """Start of every product in `order`, for its sender. First delivery: status 1 (CS058)."""
    return wmo305.Bericht(
        header=header(
            wmo305.Header, "WMO305", order.header.ontvanger, order.header.afzender, identificatie, dagtekening
        ),
        client=wmo305.Client(
            bsn=order.client.bsn,
            geboortedatum=order.client.geboortedatum,
            geslacht=order.client.geslacht,
            naam=basis.VerkorteNaam(
                geslachtsnaam=order.client.naam.geslachtsnaam,
                voornamen=order.client.naam.voornamen,
                voorletters=order.client.naam.voorletters,
            ),
            start_producten=tuple(
                wmo305.StartProduct(
                    toewijzing_nummer=product.toewijzing_nummer,
                    product=product.product,
                    toewijzing_ingangsdatum=product.ingangsdatum,
                    begindatum=begindatum,
                    status_aanlevering="1",
                )
                for product in order.client.toegewezen_producten
            ),
        ),
    )


def wmo323_from(
    order: wmo301.Bericht,
    geleverd: Sequence[Geleverd],
    *,
    maand: tuple[date, date],
    declaratie_nummer: str,
    referenties: Iterable[str],
    identificatie: str,
    dagtekening: date,
) -> wmo323.Bericht:
    """The declaration of one month for the client of `order`: a debit line and a reference for each delivery.

    `maand` is the first and last day of one calendar month (CS340).
    """
    producten = {p.toewijzing_nummer: p.product for p in order.client.toegewezen_producten}
    prestaties = tuple(
        _prestatie(line, producten[line.toewijzing_nummer], referentie)
        for line, referentie in zip(geleverd, referenties, strict=True)
    )
    totaal = sum(line.bedrag for line in geleverd)
    return wmo323.Bericht(
        header=header(
            wmo323.Header, "WMO323", order.header.ontvanger, order.header.afzender, identificatie, dagtekening
        ),
        declaratie=wmo323.Declaratie(
            declaratie_nummer=declaratie_nummer,
            declaratie_periode=basis.GeslotenPeriode(begindatum=maand[0], einddatum=maand[1]),
            declaratie_dagtekening=dagtekening,
            totaal_ingediend_bedrag=basis.TotaalBedragMetDC(totaal_bedrag=totaal, debet_credit="D"),
            clienten=(wmo323.Client(bsn=order.client.bsn, prestaties=prestaties),),
        ),
    )


def _prestatie(line: Geleverd, product: basis.Product | None, referentie: str) -> wmo323.Prestatie:
    if product is None or product.code is None:
        raise ValueError("a line on an order without product code must say which product was delivered")
    return wmo323.Prestatie(
        product_referentie=basis.Referentie(referentie_nummer=referentie),
        toewijzing_nummer=line.toewijzing_nummer,
        product_categorie=product.categorie,
        product_code=product.code,
        product_periode=basis.GeslotenPeriode(begindatum=line.begindatum, einddatum=line.einddatum),
        geleverd_volume=line.volume,
        eenheid=line.eenheid,
        product_tarief=line.tarief,
        ingediend_bedrag=basis.BedragMetDC(bedrag=line.bedrag, debet_credit="D"),
    )
