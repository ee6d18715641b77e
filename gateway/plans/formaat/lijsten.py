"""The national lists a format may refer to (plan 8.1), and the names that code knows.

A region's file can name these and nothing else: a new field type, check, condition or term is code with a test.
"""

NATIONALE_LIJSTEN: dict[str, frozenset[str]] = {
    "WJ756": frozenset({"01", "04", "14", "16", "82", "83", "84"}),
    "WMO757": frozenset({"1", "2", "4", "6"}),
    "WMO020": frozenset(f"{n:02d}" for n in range(1, 19)),
    "COD046": frozenset({"0", "1", "2"}),
}

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
