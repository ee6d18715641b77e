"""WMO315 of iwmo 3.2. Generated from its XSD by schema_source; do not edit."""

from datetime import date

from gateway.berichten.basis import (
    BerichtIdentificatie,
    Geboortedatum,
    Omvang,
    Product,
    VerkorteNaam,
    Verwijzer,
    XsdVersie,
)
from gateway.berichten.deel import Deel


class Header(Deel, frozen=True, kw_only=True):
    """Wie aan wie verzendt, volgens welke release en onder welk kenmerk."""

    bericht_code: str  # LDT_BerichtCode: 444
    bericht_versie: int  # LDT_BerichtVersie: 0..99
    bericht_subversie: int  # LDT_BerichtSubversie: 0..99
    afzender: str  # LDT_AgbCode: [0-9]{8}
    ontvanger: str  # LDT_Gemeente: [0-9]{4}
    bericht_identificatie: BerichtIdentificatie  # Kenmerk dat de afzender aan dit bericht gaf.
    xsd_versie: XsdVersie  # Schema's waarmee het heenbericht is gemaakt.


class AangevraagdProduct(Deel, frozen=True, kw_only=True):
    """Product waarvoor de aanbieder een toewijzing vraagt."""

    referentie_aanbieder: str  # LDT_Referentie: 1..36 characters
    beschikking_nummer: int | None = None  # LDT_Nummer: 0..999999999
    product: Product | None = None  # Wat geleverd wordt.
    beschikking_ingangsdatum: date | None = None  # LDT_Datum: [^:Z]*
    toewijzing_ingangsdatum: date  # LDT_Datum: [^:Z]*
    toewijzing_einddatum: date | None = None  # LDT_Datum: [^:Z]*
    omvang: Omvang | None = None  # Hoeveel geleverd wordt.
    budget: int | None = None  # LDT_Budget: 0..99999999
    verwijzer: Verwijzer  # Wie de cliënt verwees.
    raamcontract: str | None = None  # LDT_JaNee: 1|2
    commentaar: str | None = None  # LDT_Commentaar: 1.. characters


class Client(Deel, frozen=True, kw_only=True):
    """De cliënt."""

    bsn: str  # LDT_BurgerServicenummer: [0-9]{9}
    geboortedatum: Geboortedatum  # Wanneer de persoon is geboren.
    geslacht: str  # LDT_Geslacht: 0|1|2
    naam: VerkorteNaam  # Hoe de persoon heet.
    commentaar: str | None = None  # LDT_Commentaar: 1.. characters
    aangevraagde_producten: tuple[AangevraagdProduct, ...]  # AangevraagdProduct, one or more


class Bericht(Deel, frozen=True, kw_only=True):
    """Verzoek om toewijzing."""

    header: Header  # Wie, aan wie, en welk bericht.
    client: Client  # De cliënt.
