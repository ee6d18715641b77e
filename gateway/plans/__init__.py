"""The ondersteuningsplan: its data, life cycle, regional formats, checks and documents. Pure.

    from gateway.plans import laad_formaat, controleer, lees_uitwisseling

Names are those of the plan's own words (docs/plans.md); requirement numbers PL-, PLD-, G- and H- are explained there.
"""

from gateway.plans.checks import controleer
from gateway.plans.exchange import lees_uitwisseling, maak_retour, maak_uitvraag
from gateway.plans.formaat import Formaat, laad_formaat, meegeleverd
from gateway.plans.machine import Omgeving, Uitkomst, Voorval, apply
from gateway.plans.model import Ondersteuningsplan, OntvangenUitvraag, Traject
from gateway.plans.orders import ToegewezenProduct, vergelijk_beschikking, voor_verzending
from gateway.plans.proposal import Voorstelregel, naar_besluitregel, propose
from gateway.plans.uitvraag import gemeentedeel, met_eigen_gemeentedeel, vergelijk_gemeentedeel

__all__ = [
    "Formaat",
    "Omgeving",
    "Ondersteuningsplan",
    "OntvangenUitvraag",
    "ToegewezenProduct",
    "Traject",
    "Uitkomst",
    "Voorstelregel",
    "Voorval",
    "apply",
    "controleer",
    "gemeentedeel",
    "laad_formaat",
    "lees_uitwisseling",
    "maak_retour",
    "maak_uitvraag",
    "meegeleverd",
    "met_eigen_gemeentedeel",
    "naar_besluitregel",
    "propose",
    "vergelijk_beschikking",
    "vergelijk_gemeentedeel",
    "voor_verzending",
]
