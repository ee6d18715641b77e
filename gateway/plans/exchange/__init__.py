"""Plans between two gateways, as JSON in sealed mail: kinds *uitvraag* and *retour* (PL-42, SM-130)."""

from gateway.plans.exchange.lezen import ZoekFormaat, lees_uitwisseling
from gateway.plans.exchange.maken import maak_retour, maak_uitvraag
from gateway.plans.exchange.model import SCHEMA, MeegezondenBijlage, Partij, Uitwisseling

__all__ = [
    "SCHEMA",
    "MeegezondenBijlage",
    "Partij",
    "Uitwisseling",
    "ZoekFormaat",
    "lees_uitwisseling",
    "maak_retour",
    "maak_uitvraag",
]
