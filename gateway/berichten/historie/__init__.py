"""What was exchanged before: the small read-only view that rules of level 3 look into, and one that lives in memory."""

from gateway.berichten.historie.geheugen import History
from gateway.berichten.historie.kenmerk import Kenmerk, heenbericht_van, kenmerk, partijen, soort_van
from gateway.berichten.historie.uitkomst import gaat_over_ander, is_afkeuring
from gateway.berichten.historie.waarden import Dossier, Earlier, Levering, Versie, Verzoek
from gateway.berichten.historie.zoeken import Zoek, rond, toewijzing_nummers, vindplaatsen, vragen

__all__ = [
    "Dossier",
    "Earlier",
    "History",
    "Kenmerk",
    "Levering",
    "Versie",
    "Verzoek",
    "Zoek",
    "gaat_over_ander",
    "heenbericht_van",
    "is_afkeuring",
    "kenmerk",
    "partijen",
    "rond",
    "soort_van",
    "toewijzing_nummers",
    "vindplaatsen",
    "vragen",
]
