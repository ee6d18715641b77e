"""WMO319 of iwmo 3.2. Generated from its XSD by schema_source; do not edit."""

from gateway.berichten.basis import BerichtIdentificatie, XsdVersie
from gateway.berichten.deel import Deel


class Header(Deel, frozen=True, kw_only=True):
    """Wie aan wie verzendt, volgens welke release en onder welk kenmerk."""

    bericht_code: str  # LDT_BerichtCode: 482
    bericht_versie: int  # LDT_BerichtVersie: 0..99
    bericht_subversie: int  # LDT_BerichtSubversie: 0..99
    afzender: str  # LDT_Gemeente: [0-9]{4}
    ontvanger: str  # LDT_AgbCode: [0-9]{8}
    bericht_identificatie: BerichtIdentificatie  # Kenmerk dat de afzender aan dit bericht gaf.
    xsd_versie: XsdVersie  # Schema's waarmee het heenbericht is gemaakt.


class Antwoord(Deel, frozen=True, kw_only=True):
    """Beslissing op een verzoek."""

    referentie_aanbieder: str  # LDT_Referentie: 1..36 characters
    verzoek_antwoord: str  # LDT_VerzoekAntwoord: 1|2
    reden_afwijzing_verzoek: str | None = None  # LDT_RedenAfwijzingVerzoek: 1|2|3|4|5|6|7|8|9


class Bericht(Deel, frozen=True, kw_only=True):
    """Antwoord op een verzoek om toewijzing of wijziging."""

    header: Header  # Wie, aan wie, en welk bericht.
    antwoord: Antwoord  # Beslissing op een verzoek.
