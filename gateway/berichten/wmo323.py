"""WMO323 of iwmo 3.2. Generated from its XSD by schema_source; do not edit."""

from datetime import date

from gateway.berichten.basis import (
    BedragMetDC,
    BerichtIdentificatie,
    GeslotenPeriode,
    Referentie,
    TotaalBedragMetDC,
    XsdVersie,
)
from gateway.berichten.deel import Deel


class Header(Deel, frozen=True, kw_only=True):
    """Wie aan wie verzendt, volgens welke release en onder welk kenmerk."""

    bericht_code: str  # LDT_BerichtCode: 484
    bericht_versie: int  # LDT_BerichtVersie: 0..99
    bericht_subversie: int  # LDT_BerichtSubversie: 0..99
    afzender: str  # LDT_AgbCode: [0-9]{8}
    ontvanger: str  # LDT_Gemeente: [0-9]{4}
    bericht_identificatie: BerichtIdentificatie  # Kenmerk dat de afzender aan dit bericht gaf.
    xsd_versie: XsdVersie  # Schema's waarmee het heenbericht is gemaakt.


class Prestatie(Deel, frozen=True, kw_only=True):
    """Regel van een declaratie: wat aan een cliënt is geleverd."""

    product_referentie: Referentie  # Kenmerk van de declaratieregel.
    toewijzing_nummer: int  # LDT_Nummer: 0..999999999
    product_categorie: str  # LDT_ProductCategorie: 18 codes
    product_code: str  # LDT_ProductCode: 1..5 characters
    product_periode: GeslotenPeriode  # Wanneer is geleverd.
    geleverd_volume: int  # LDT_Volume: 0..99999999
    eenheid: str  # LDT_Eenheid: 01|04|14|16|82|83|84
    product_tarief: int | None = None  # LDT_Bedrag: 0..99999999
    ingediend_bedrag: BedragMetDC  # Bedrag van deze regel.


class Client(Deel, frozen=True, kw_only=True):
    """De cliënt."""

    bsn: str  # LDT_BurgerServicenummer: [0-9]{9}
    prestaties: tuple[Prestatie, ...]  # Prestatie, one or more


class Declaratie(Deel, frozen=True, kw_only=True):
    """Rekening over een periode."""

    declaratie_nummer: str  # LDT_IdentificatieDeclaratie: ([a-zA-Z0-9])+
    declaratie_periode: GeslotenPeriode  # Periode waarover wordt gedeclareerd.
    declaratie_dagtekening: date  # LDT_Datum: [^:Z]*
    totaal_ingediend_bedrag: TotaalBedragMetDC  # Som van wat is gedeclareerd.
    clienten: tuple[Client, ...]  # Client, one or more


class Bericht(Deel, frozen=True, kw_only=True):
    """Declaratie."""

    header: Header  # Wie, aan wie, en welk bericht.
    declaratie: Declaratie  # Rekening over een periode.
