"""The national lists a format may refer to (plan 8.1), and the names that code knows.

A region's file can name these and nothing else: a new field type, check, condition or term is code with a test.
"""

from gateway.berichten import codelijsten


def nationale_lijst(naam: str) -> frozenset[str]:
    """The codes of a national list; empty if the gateway does not have it. The lists themselves live with the
    messages, so that each stands in one place.
    """
    gevonden = codelijsten.standaard().lijsten.get(naam)
    return frozenset(gevonden.codes) if gevonden else frozenset()


SCHEMAS = frozenset({"ondersteuningsplan-formaat/1"})
TERMIJNEN = frozenset({"plan_gereed", "bezwaar", "evaluatie", "aanbieder_reactie"})
BIJLAGESOORTEN = frozenset({"onderzoeksverslag", "gespreksverslag"})  # PL-34: no other kind is ever sent
BIJLAGEFORMATEN = frozenset({"application/pdf"})
ONMISBARE_CONTROLES = frozenset({"verplichte_velden", "veldgrenzen"})
CONTROLES = ONMISBARE_CONTROLES | {
    "arrangement_eigen_heeft_blok",
    "blok_verwijst_naar_arrangement",
    "elders_heeft_geen_blok",
    "product_in_blok_heeft_samenvatting",
    "samenvatting_heeft_product_in_blok",
    "start_voor_eind",
    "eind_of_duur",
    "periode_gekozen",
    "aanbieder_getekend",
    "client_getekend_of_reden",
    "datum_plan_geldig",
    "som_uren_gelijk_samenvatting",
    "duur_past_bij_start_eind",
    "productcode_in_contract",
    "start_in_verleden",
    "bsn_in_vrije_tekst",
}
