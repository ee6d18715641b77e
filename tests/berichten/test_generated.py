"""The checked-in models and codec are what the generator makes of the schemas: no fact stands twice."""

from pathlib import Path

import msgspec
import pytest

from gateway.berichten.schema_model import ComplexType, Schema, SimpleType, message_files, read_schema, snake
from gateway.berichten.soorten import SOORTEN
from scripts.generate_berichten import ROOT, generate

SCHEMAS = [read_schema(p) for p in message_files(ROOT / "xsd/iwmo/3.2")]


def test_generated_modules_are_current(tmp_path: Path) -> None:
    """Running the generator changes nothing."""
    generate(tmp_path)

    stale = [
        str(made.relative_to(tmp_path))
        for made in tmp_path.rglob("*.py")
        if made.read_text() != (ROOT / "gateway/berichten" / made.relative_to(tmp_path)).read_text()
    ]

    assert stale == []


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda s: s.soort)
def test_json_names_are_element_names_with_a_small_first_letter(schema: Schema) -> None:
    """ToewijzingNummer is toewijzing_nummer in Python and toewijzingNummer in JSON; nobody invents a second name."""
    for kind in schema.classes:
        for element in kind.elements:
            camel = msgspec.structs.fields(msgspec.defstruct("X", [(snake(element.name), str)], rename="camel"))
            assert camel[0].encode_name == element.name[0].lower() + element.name[1:]


def test_fourteen_kinds_of_message_with_code_and_roles() -> None:
    """Codes of list COD002; a retour keeps the roles of its heenbericht, the 325 turns them round (IV028)."""
    codes = ["414", "415", "418", "419", "420", "421", "444", "445", "480", "481", "482", "483", "484", "485"]

    assert [k.bericht_code for k in SOORTEN.values()] == codes
    assert (SOORTEN["WMO301"].retour, SOORTEN["WMO302"].heen) == ("WMO302", "WMO301")
    assert (SOORTEN["WMO323"].retour, SOORTEN["WMO325"].heen) == ("WMO325", "WMO323")
    assert (SOORTEN["WMO323"].afzender, SOORTEN["WMO325"].afzender) == ("aanbieder", "gemeente")
    assert all(SOORTEN[k.heen].afzender == k.afzender for k in SOORTEN.values() if k.heen and k.soort != "WMO325")


def test_model_knows_every_facet_it_meets() -> None:
    """No type of the standard is left without a bound or a list where the schema gives one."""
    leaves = {e.type for s in SCHEMAS for c in s.classes for e in c.elements if isinstance(e.type, SimpleType)}

    assert {t.base for t in leaves} == {"string", "integer", "date", "time"}
    assert all(t.max_inclusive is not None for t in leaves if t.base == "integer")
    assert all(isinstance(s.root.type, ComplexType) for s in SCHEMAS)
