"""A region's format: one YAML file, read and checked; code knows no region (plan 8)."""

from gateway.plans.formaat.laden import formaat_bestand, laad_formaat, mappings_map, meegeleverd
from gateway.plans.formaat.model import Formaat, Onderdeel, Product, Veld
from gateway.plans.formaat.regels import overlappen

__all__ = [
    "Formaat",
    "Onderdeel",
    "Product",
    "Veld",
    "formaat_bestand",
    "laad_formaat",
    "mappings_map",
    "meegeleverd",
    "overlappen",
]
