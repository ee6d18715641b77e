"""WMO318 of iwmo 3.2. Generated from its XSD by schema_source; do not edit."""

from datetime import date

from gateway.berichten.basis import BerichtIdentificatie, Omvang, Product, XsdVersie
from gateway.berichten.deel import Deel


class Header(Deel, frozen=True, kw_only=True):
    """Wie aan wie verzendt, volgens welke release en onder welk kenmerk."""

    bericht_code: str  # LDT_BerichtCode: 481
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


class OngewijzigdProduct(Deel, frozen=True, kw_only=True):
    """Lopende toewijzing die blijft zoals zij is."""

    toewijzing_nummer: int  # LDT_Nummer: 0..999999999
    retour_codes: tuple[str, ...]  # LDT_RetourCode: 59 codes, one or more


class TeWijzigenProduct(Deel, frozen=True, kw_only=True):
    """Lopende toewijzing die anders moet."""

    toewijzing_nummer: int  # LDT_Nummer: 0..999999999
    gewenste_ingangsdatum: date  # LDT_Datum: [^:Z]*
    einddatum: date | None = None  # LDT_Datum: [^:Z]*
    omvang: Omvang | None = None  # Hoeveel geleverd wordt.
    budget: int | None = None  # LDT_Budget: 0..99999999
    retour_codes: tuple[str, ...]  # LDT_RetourCode: 59 codes, one or more


class NieuwProduct(Deel, frozen=True, kw_only=True):
    """Product waarvoor nog geen toewijzing loopt."""

    product: Product | None = None  # Wat geleverd wordt.
    gewenste_ingangsdatum: date  # LDT_Datum: [^:Z]*
    einddatum: date | None = None  # LDT_Datum: [^:Z]*
    omvang: Omvang | None = None  # Hoeveel geleverd wordt.
    budget: int | None = None  # LDT_Budget: 0..99999999
    retour_codes: tuple[str, ...]  # LDT_RetourCode: 59 codes, one or more


class Verzoek(Deel, frozen=True, kw_only=True):
    """Wat de aanbieder gewijzigd wil zien."""

    referentie_aanbieder: str  # LDT_Referentie: 1..36 characters
    reden_verzoek: str  # LDT_RedenVerzoek: 1|2
    ongewijzigde_producten: tuple[OngewijzigdProduct, ...] = ()  # OngewijzigdProduct, one or more
    te_wijzigen_producten: tuple[TeWijzigenProduct, ...] = ()  # TeWijzigenProduct, one or more
    nieuwe_producten: tuple[NieuwProduct, ...] = ()  # NieuwProduct, one or more
    retour_codes: tuple[str, ...]  # LDT_RetourCode: 59 codes, one or more


class Client(Deel, frozen=True, kw_only=True):
    """De cliënt."""

    bsn: str  # LDT_BurgerServicenummer: [0-9]{9}
    verzoek: Verzoek  # Wat de aanbieder gewijzigd wil zien.
    retour_codes: tuple[str, ...]  # LDT_RetourCode: 59 codes, one or more


class Bericht(Deel, frozen=True, kw_only=True):
    """Retourbericht: verzoek om wijziging."""

    header: Header  # Wie, aan wie, en welk bericht.
    client: Client | None = None  # De cliënt.
