"""Parts that the messages of iwmo 3.2 share. Generated from its XSD by schema_source; do not edit."""

from datetime import date

from gateway.berichten.deel import Deel


class BerichtIdentificatie(Deel, frozen=True, kw_only=True):
    """Kenmerk en datum waarmee de afzender zijn bericht aanwijst."""

    identificatie: str  # LDT_IdentificatieBericht: 1..12 characters
    dagtekening: date  # LDT_Datum: [^:Z]*


class XsdVersie(Deel, frozen=True, kw_only=True):
    """Versies van de twee schema's waarmee een bericht is gemaakt."""

    basisschema_xsd_versie: str  # LDT_Versie: (0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)
    bericht_xsd_versie: str  # LDT_Versie: (0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)


class Geboortedatum(Deel, frozen=True, kw_only=True):
    """Geboortedatum, met wat daarvan bekend is."""

    datum: date  # LDT_Datum: [^:Z]*
    datum_gebruik: str | None = None  # LDT_DatumGebruik: 1|2|3


class Achternaam(Deel, frozen=True, kw_only=True):
    """Achternaam, met het voorvoegsel apart."""

    achternaam: str  # LDT_Naam: 1..200 characters
    voorvoegsel: str | None = None  # LDT_Voorvoegsel: 1..10 characters


class VolledigeNaam(Deel, frozen=True, kw_only=True):
    """Naam van een persoon met partnernaam en naamgebruik."""

    geslachtsnaam: Achternaam  # Achternaam bij geboorte.
    partnernaam: Achternaam | None = None  # Achternaam van de partner.
    voornamen: str | None = None  # LDT_Naam: 1..200 characters
    voorletters: str | None = None  # LDT_Voorletters: ([a-zA-ZÀ-ỳ])+
    naam_gebruik: str  # LDT_NaamGebruik: 1|2|3|4|5|6


class Communicatie(Deel, frozen=True, kw_only=True):
    """Hoe met de cliënt te communiceren is als dat niet gewoon kan."""

    vorm: str  # LDT_Communicatievorm: 1|2|3
    taal: str | None = None  # LDT_Taal: 1..25 characters


class Huis(Deel, frozen=True, kw_only=True):
    """Huisnummer met wat daarbij hoort."""

    huisnummer: int  # LDT_Huisnummer: 0..99999
    huisletter: str | None = None  # LDT_Huisletter: 1..1 characters
    huisnummer_toevoeging: str | None = None  # LDT_HuisnummerToevoeging: 1..4 characters
    aanduiding_woonadres: str | None = None  # LDT_AanduidingWoonadres: AB|BY|TO|WW


class Adres(Deel, frozen=True, kw_only=True):
    """Postadres; elk deel mag ontbreken."""

    huis: Huis | None = None  # Huisnummer met letter en toevoeging.
    postcode: str | None = None  # LDT_Postcode: 1..8 characters
    straatnaam: str | None = None  # LDT_Straatnaam: 1..24 characters
    plaatsnaam: str | None = None  # LDT_Plaatsnaam: 1..80 characters
    land_code: str | None = None  # LDT_LandCode: 249 codes


class Telefoon(Deel, frozen=True, kw_only=True):
    """Een telefoonnummer met landnummer."""

    telefoonnummer: str  # LDT_Telefoonnummer: [0-9]*
    landnummer: str  # LDT_Landnummer: 1..4 characters


class Telefoonnummers(Deel, frozen=True, kw_only=True):
    """Eén of twee telefoonnummers."""

    telefoon01: Telefoon  # Eerste nummer.
    telefoon02: Telefoon | None = None  # Tweede nummer.


class OpenPeriode(Deel, frozen=True, kw_only=True):
    """Periode waarvan begin of einde open mag zijn."""

    begindatum: date | None = None  # LDT_Datum: [^:Z]*
    einddatum: date | None = None  # LDT_Datum: [^:Z]*


class Product(Deel, frozen=True, kw_only=True):
    """Productcategorie en, als die is afgesproken, de productcode."""

    categorie: str  # LDT_ProductCategorie: 18 codes
    code: str | None = None  # LDT_ProductCode: 1..5 characters


class Omvang(Deel, frozen=True, kw_only=True):
    """Hoeveel ondersteuning: volume in een eenheid, per tijdvak."""

    volume: int  # LDT_Volume: 0..99999999
    eenheid: str  # LDT_Eenheid: 01|04|14|16|82|83|84
    frequentie: str  # LDT_Frequentie: 1|2|4|6


class VerkorteNaam(Deel, frozen=True, kw_only=True):
    """Naam van een persoon zonder partnernaam en naamgebruik."""

    geslachtsnaam: Achternaam  # Achternaam bij geboorte.
    voornamen: str | None = None  # LDT_Naam: 1..200 characters
    voorletters: str | None = None  # LDT_Voorletters: ([a-zA-ZÀ-ỳ])+


class Verwijzer(Deel, frozen=True, kw_only=True):
    """Wie de cliënt verwees."""

    type: str  # LDT_TypeVerwijzer: 01|02|03|04|05|06|08
    naam: str | None = None  # LDT_NaamVerwijzer: 1..64 characters
    zorgverlener_code: str | None = None  # LDT_AgbCode: [0-9]{8}


class GeslotenPeriode(Deel, frozen=True, kw_only=True):
    """Periode van begin- tot en met einddatum."""

    begindatum: date  # LDT_Datum: [^:Z]*
    einddatum: date  # LDT_Datum: [^:Z]*


class TotaalBedragMetDC(Deel, frozen=True, kw_only=True):
    """Totaal in eurocenten, met debet of credit."""

    totaal_bedrag: int  # LDT_TotaalBedrag: 0..999999999999
    debet_credit: str  # LDT_DebetCredit: C|D


class Referentie(Deel, frozen=True, kw_only=True):
    """Kenmerk van een declaratieregel, en van de regel die hij corrigeert."""

    referentie_nummer: str  # LDT_ReferentieNummer: 1..20 characters
    vorig_referentie_nummer: str | None = None  # LDT_ReferentieNummer: 1..20 characters


class BedragMetDC(Deel, frozen=True, kw_only=True):
    """Bedrag in eurocenten, met debet of credit."""

    bedrag: int  # LDT_Bedrag: 0..99999999
    debet_credit: str  # LDT_DebetCredit: C|D
