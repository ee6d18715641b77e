"""Besluit -> WMO301: the order to the provider, with the content of the beschikking and nothing more (plan 9.3)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from gateway.berichten import basis, wmo301, wmo305, wmo323
from gateway.berichten.soorten import SOORTEN
from gateway.domain.zone import AMSTERDAM
from gateway.plans.model import Besluit, Besluitregel, Client

T = TypeVar("T")
H = TypeVar("H", wmo301.Header, wmo305.Header, wmo323.Header)

RELEASE = (3, 2)
XSD_VERSIE = basis.XsdVersie(basisschema_xsd_versie="1.0.0", bericht_xsd_versie="1.0.0")


def header(kind: type[H], soort: str, afzender: str, ontvanger: str, identificatie: str, dagtekening: date) -> H:
    """The header of a new message of kind `soort`; `kind` is its type."""
    return kind(
        bericht_code=SOORTEN[soort].bericht_code,
        bericht_versie=RELEASE[0],
        bericht_subversie=RELEASE[1],
        afzender=afzender,
        ontvanger=ontvanger,
        bericht_identificatie=basis.BerichtIdentificatie(identificatie=identificatie, dagtekening=dagtekening),
        xsd_versie=XSD_VERSIE,
    )


def wmo301_from(
    client: Client,
    besluit: Besluit,
    nummers: Mapping[int, int],
    *,
    gemeente: str,
    aanbieder: str,
    identificatie: str,
    dagtekening: date,
) -> wmo301.Bericht:
    """The message for the lines of `besluit` that go to `aanbieder`.

    `nummers` gives the ToewijzingNummer of each line number. The besluit is complete (PL-4); a missing value is a bug
    of the caller and raises ValueError.
    """
    if besluit.genomen_op is None:
        raise ValueError("an order needs a decision that has been taken (PL-25)")
    regels = [regel for regel in besluit.regel if regel.aanbieder == aanbieder]
    return wmo301.Bericht(
        header=header(wmo301.Header, "WMO301", gemeente, aanbieder, identificatie, dagtekening),
        client=_client(client, tuple(_product(regel, nummers[regel.nr], besluit.genomen_op) for regel in regels)),
    )


def _product(regel: Besluitregel, nummer: int, genomen_op: datetime) -> wmo301.ToegewezenProduct:
    # Local time without zone (plan 9.3); ReferentieAanbieder stays empty: a plan is no request (IV097).
    moment = genomen_op.astimezone(AMSTERDAM)
    return wmo301.ToegewezenProduct(
        toewijzing_nummer=nummer,
        product=basis.Product(categorie=_needed(regel.categorie), code=regel.code),
        toewijzingsdatum=moment.date(),
        toewijzingstijd=moment.time().replace(microsecond=0),
        ingangsdatum=_needed(regel.ingangsdatum),
        einddatum=regel.einddatum,
        omvang=basis.Omvang(
            volume=_needed(regel.volume), eenheid=_needed(regel.eenheid), frequentie=_needed(regel.frequentie)
        ),
    )


def _client(client: Client, producten: Sequence[wmo301.ToegewezenProduct]) -> wmo301.Client:
    return wmo301.Client(
        bsn=_needed(client.bsn),
        geboortedatum=basis.Geboortedatum(datum=_needed(client.geboortedatum), datum_gebruik=client.datum_gebruik),
        geslacht=_needed(client.geslacht),
        naam=basis.VolledigeNaam(
            geslachtsnaam=basis.Achternaam(achternaam=_needed(client.achternaam), voorvoegsel=client.voorvoegsel),
            partnernaam=_partner(client),
            voornamen=client.voornamen,
            voorletters=client.voorletters,
            naam_gebruik=client.naam_gebruik or "1",
        ),
        communicatie=_communicatie(client),
        wettelijke_vertegenwoordiging=client.wettelijke_vertegenwoordiging,
        contactgegevens=(_contact(client),),
        toegewezen_producten=tuple(producten),
    )


def _partner(client: Client) -> basis.Achternaam | None:
    if client.partnernaam is None:
        return None
    return basis.Achternaam(achternaam=client.partnernaam, voorvoegsel=client.partner_voorvoegsel)


def _communicatie(client: Client) -> basis.Communicatie | None:
    if client.communicatie is None:
        return None
    return basis.Communicatie(vorm=client.communicatie.vorm, taal=client.communicatie.taal)


def _contact(client: Client) -> wmo301.Contact:
    telefoon = None
    if client.telefoonnummer is not None:
        nummer = basis.Telefoon(telefoonnummer=client.telefoonnummer, landnummer=client.landnummer or "+31")
        telefoon = basis.Telefoonnummers(telefoon01=nummer)
    huis = None
    if client.huisnummer is not None:
        huis = basis.Huis(
            huisnummer=client.huisnummer,
            huisletter=client.huisletter,
            huisnummer_toevoeging=client.huisnummer_toevoeging,
        )
    return wmo301.Contact(
        soort=client.adres_soort or "01",
        adres=basis.Adres(
            huis=huis,
            postcode=client.postcode,
            straatnaam=client.straatnaam,
            plaatsnaam=client.plaatsnaam,
            # Goes with the postcode, and only with it (CD005).
            land_code=(client.landcode or "NL") if client.postcode else None,
        ),
        telefoon=telefoon,
        emailadres=client.emailadres,
    )


def _needed(value: T | None) -> T:
    if value is None:
        raise ValueError("an order needs a complete decision and client (PL-4)")
    return value
