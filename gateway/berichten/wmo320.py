"""WMO320 of iwmo 3.2. Generated from its XSD by schema_source; do not edit."""

from datetime import date

from gateway.berichten.basis import BerichtIdentificatie, XsdVersie
from gateway.berichten.deel import Deel


class Header(Deel, frozen=True, kw_only=True):
    """Wie aan wie verzendt, volgens welke release en onder welk kenmerk."""

    bericht_code: str  # LDT_BerichtCode: 483
    bericht_versie: int  # LDT_BerichtVersie: 0..99
    bericht_subversie: int  # LDT_BerichtSubversie: 0..99
    afzender: str  # LDT_Gemeente: [0-9]{4}
    ontvanger: str  # LDT_AgbCode: [0-9]{8}
    bericht_identificatie: BerichtIdentificatie  # Kenmerk dat de afzender aan dit bericht gaf.
    xsd_versie: XsdVersie  # Schema's waarmee het heenbericht is gemaakt.
    identificatie_retour: str  # LDT_IdentificatieBericht: 1..12 characters
    dagtekening_retour: date  # LDT_Datum: [^:Z]*
    xslt_versie: str | None = None  # LDT_Versie: (0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)
    xsd_versie_retour: XsdVersie  # Schema's waarmee het retourbericht is gemaakt.
    retour_codes: tuple[str, ...] = ()  # LDT_RetourCode: 59 codes, one or more


class Antwoord(Deel, frozen=True, kw_only=True):
    """Beslissing op een verzoek."""

    referentie_aanbieder: str  # LDT_Referentie: 1..36 characters
    verzoek_antwoord: str  # LDT_VerzoekAntwoord: 1|2
    reden_afwijzing_verzoek: str | None = None  # LDT_RedenAfwijzingVerzoek: 1|2|3|4|5|6|7|8|9
    retour_codes: tuple[str, ...]  # LDT_RetourCode: 59 codes, one or more


class Bericht(Deel, frozen=True, kw_only=True):
    """Retourbericht: antwoord op een verzoek om toewijzing of wijziging."""

    header: Header  # Wie, aan wie, en welk bericht.
    antwoord: Antwoord | None = None  # Beslissing op een verzoek.
