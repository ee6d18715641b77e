"""WMO301 of iwmo 3.2. Generated from its XSD by schema_source; do not edit."""

from datetime import date, time

from gateway.berichten.basis import (
    Adres,
    BerichtIdentificatie,
    Communicatie,
    Geboortedatum,
    Omvang,
    OpenPeriode,
    Product,
    Telefoonnummers,
    VolledigeNaam,
    XsdVersie,
)
from gateway.berichten.deel import Deel


class Header(Deel, frozen=True, kw_only=True):
    """Wie aan wie verzendt, volgens welke release en onder welk kenmerk."""

    bericht_code: str  # LDT_BerichtCode: 414
    bericht_versie: int  # LDT_BerichtVersie: 0..99
    bericht_subversie: int  # LDT_BerichtSubversie: 0..99
    afzender: str  # LDT_Gemeente: [0-9]{4}
    ontvanger: str  # LDT_AgbCode: [0-9]{8}
    bericht_identificatie: BerichtIdentificatie  # Kenmerk dat de afzender aan dit bericht gaf.
    xsd_versie: XsdVersie  # Schema's waarmee het heenbericht is gemaakt.


class Contact(Deel, frozen=True, kw_only=True):
    """Adres en bereikbaarheid."""

    soort: str  # LDT_AdresSoort: 01|02|03|04
    adres: Adres | None = None  # Het adres zelf.
    organisatie: str | None = None  # LDT_Organisatienaam: 1..35 characters
    telefoon: Telefoonnummers | None = None  # Telefonische bereikbaarheid.
    emailadres: str | None = None  # LDT_Emailadres: 1..80 characters
    periode: OpenPeriode | None = None  # Wanneer een tijdelijk adres geldt.


class Relatie(Deel, frozen=True, kw_only=True):
    """Iemand uit het netwerk van de cliënt."""

    nummer: str  # LDT_Persoonsid: 1..20 characters
    volgorde: int | None = None  # LDT_RelatieVolgorde: 0..99
    soort: str  # LDT_SoortRelatie: 23 codes
    geboortedatum: Geboortedatum | None = None  # Wanneer de persoon is geboren.
    geslacht: str | None = None  # LDT_Geslacht: 0|1|2
    naam: VolledigeNaam  # Hoe de persoon heet.
    contact: Contact  # Adres en bereikbaarheid.


class ToegewezenProduct(Deel, frozen=True, kw_only=True):
    """Opdracht van de gemeente om een product te leveren."""

    toewijzing_nummer: int  # LDT_Nummer: 0..999999999
    referentie_aanbieder: str | None = None  # LDT_Referentie: 1..36 characters
    product: Product | None = None  # Wat geleverd wordt.
    toewijzingsdatum: date  # LDT_Datum: [^:Z]*
    toewijzingstijd: time  # LDT_Tijd: [^Z+-]+
    ingangsdatum: date  # LDT_Datum: [^:Z]*
    einddatum: date | None = None  # LDT_Datum: [^:Z]*
    reden_wijziging: str | None = None  # LDT_RedenWijziging: 01|02|03|04|05|06|07|08|09|10|11|12|13|14
    omvang: Omvang | None = None  # Hoeveel geleverd wordt.
    budget: int | None = None  # LDT_Budget: 0..99999999
    commentaar: str | None = None  # LDT_Commentaar: 1.. characters


class Client(Deel, frozen=True, kw_only=True):
    """De cliënt."""

    bsn: str  # LDT_BurgerServicenummer: [0-9]{9}
    geboortedatum: Geboortedatum  # Wanneer de persoon is geboren.
    geslacht: str  # LDT_Geslacht: 0|1|2
    naam: VolledigeNaam  # Hoe de persoon heet.
    communicatie: Communicatie | None = None  # Bijzonderheden in de communicatie.
    juridische_status: str | None = None  # LDT_JuridischeStatus: 01|02|03|04|05|11|12
    wettelijke_vertegenwoordiging: str | None = None  # LDT_WettelijkeVertegenwoordiging: 06|07|08|09|10
    commentaar: str | None = None  # LDT_Commentaar: 1.. characters
    relaties: tuple[Relatie, ...] = ()  # Relatie, one or more
    contactgegevens: tuple[Contact, ...]  # Contact, one or more
    toegewezen_producten: tuple[ToegewezenProduct, ...]  # ToegewezenProduct, one or more


class Bericht(Deel, frozen=True, kw_only=True):
    """Toewijzing van ondersteuning."""

    header: Header  # Wie, aan wie, en welk bericht.
    client: Client  # De cliënt.
