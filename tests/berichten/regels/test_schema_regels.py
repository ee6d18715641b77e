"""Rules that the schema enforces: each has a facet, and each facet is in the schema."""

from collections import Counter
from pathlib import Path

from lxml import etree

from gateway.berichten import regels
from gateway.berichten.regels.schema import nummers

XS = "{http://www.w3.org/2001/XMLSchema}"
SCHEMAS = Path(__file__).parents[3] / "xsd" / "iwmo" / "3.2"


def _facetten() -> set[tuple[str, str]]:
    """(data type, facet) of the basisschema, and of the restrictions that a message makes on the spot."""
    gevonden = set()
    for bestand in SCHEMAS.glob("*.xsd"):
        for restrictie in etree.parse(bestand).iter(f"{XS}restriction"):
            naam = restrictie.getparent().get("name") or restrictie.get("base").split(":")[-1]
            gevonden |= {(naam, etree.QName(f).localname) for f in restrictie.iterchildren(tag=etree.Element)}
    return gevonden


def test_every_level_1_rule_names_a_facet_that_the_schema_has():
    facetten = _facetten()
    for rij in regels.regels().values():
        if rij.level == 1:
            assert rij.status == "schema"
            genoemd = {tuple(plek.split(":")) for plek in rij.where.split()}
            assert genoemd, rij.code
            assert genoemd <= facetten, rij.code


def test_a_facet_leads_to_one_rule():
    plekken = Counter(plek for rij in regels.regels().values() if rij.status == "schema" for plek in rij.where.split())
    assert [plek for plek, aantal in plekken.items() if aantal > 1] == []
    assert nummers()["LDT_Bedrag", "maxInclusive"] == "RS005"
    assert nummers()["LDT_BerichtVersie", "pattern"] == "CS025"
    assert nummers()["LDT_IdentificatieDeclaratie", "pattern"] == "CS319"
