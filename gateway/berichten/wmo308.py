"""WMO308 of iwmo 3.2. Generated from its XSD by schema_source; do not edit."""

from datetime import date

from gateway.berichten.basis import BerichtIdentificatie, Geboortedatum, Product, VerkorteNaam, XsdVersie
from gateway.berichten.deel import Deel


class Header(Deel, frozen=True, kw_only=True):
    """Wie aan wie verzendt, volgens welke release en onder welk kenmerk."""

    bericht_code: str  # LDT_BerichtCode: 421
    bericht_versie: int  # LDT_BerichtVersie: 0..99
    bericht_subversie: int  # LDT_BerichtSubversie: 0..99
    afzender: str  # LDT_AgbCode: [0-9]{8}
    ontvanger: str  # LDT_Gemeente: [0-9]{4}
    bericht_identificatie: BerichtIdentificatie  # Kenmerk dat de afzender aan dit bericht gaf.
    xsd_versie: XsdVersie  # Schema's waarmee het heenbericht is gemaakt.
    identificatie_retour: str  # LDT_IdentificatieBericht: 1..12 characters
    dagtekening_retour: date  # LDT_Datum: [^:Z]*
    xslt_versie: str | None = None  # LDT_Versie: (0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)
    xsd_versie_retour: XsdVersie  # Schema's waarmee het retourbericht is gemaakt.
    retour_codes: tuple[str, ...] = ()  # LDT_RetourCode: 59 codes, one or more


class StopProduct(Deel, frozen=True, kw_only=True):
    """Product waarvan de levering is gestopt."""

    toewijzing_nummer: int | None = None  # LDT_Nummer: 0..999999999
    product: Product | None = None  # Wat geleverd wordt.
    toewijzing_ingangsdatum: date | None = None  # LDT_Datum: [^:Z]*
    begindatum: date  # LDT_Datum: [^:Z]*
    reden_beeindiging: str  # LDT_RedenBeeindiging: 02|19|20|21|22|23|31|36|37|38|39
    einddatum: date  # LDT_Datum: [^:Z]*
    status_aanlevering: str  # LDT_StatusAanlevering: 1|2|3|9
    retour_codes: tuple[str, ...]  # LDT_RetourCode: 59 codes, one or more


class Client(Deel, frozen=True, kw_only=True):
    """De cliënt."""

    bsn: str  # LDT_BurgerServicenummer: [0-9]{9}
    geboortedatum: Geboortedatum  # Wanneer de persoon is geboren.
    geslacht: str  # LDT_Geslacht: 0|1|2
    naam: VerkorteNaam  # Hoe de persoon heet.
    stop_producten: tuple[StopProduct, ...]  # StopProduct, one or more
    retour_codes: tuple[str, ...]  # LDT_RetourCode: 59 codes, one or more


class Bericht(Deel, frozen=True, kw_only=True):
    """Retourbericht: melding dat de ondersteuning is gestopt."""

    header: Header  # Wie, aan wie, en welk bericht.
    client: Client | None = None  # De cliënt.
