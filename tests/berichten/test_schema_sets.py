"""A release or a family is a folder of schemas: loading it needs no change of code."""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from gateway import berichten
from gateway.berichten.schema_model import UnsupportedSchema, read_schema
from gateway.berichten.schema_sets import Schemas, iwmo, load_schemas, schema_root
from tests.berichten.historie import voorbeelden as v
from tests.berichten.messages import random_message

OWN = schema_root() / "iwmo/3.2"
NEXT = '<xs:element name="StartProducten"'
EXTRA = f'<xs:element name="GezagsdragerBekend" type="iwmo:LDT_JaNee" minOccurs="0"/>{NEXT}'
HEAVY = {"xmlschema", "sqlalchemy", "litestar", "aiosmtplib", "asyncio", "cryptography"}


@pytest.fixture
def sister(tmp_path: Path) -> Schemas:
    """A sister family: other names and namespaces, one element more."""
    for path in [OWN / "basisschema.xsd", OWN / "WMO305.xsd", OWN / "WMO306.xsd"]:
        text = path.read_text().replace(NEXT, EXTRA)
        text = text.replace("iwmo", "ijw").replace("wmo30", "jw30")
        (tmp_path / path.name.replace("WMO", "JW")).write_text(text)
    return load_schemas(tmp_path)


def test_sister_family_reads_and_writes(sister: Schemas) -> None:
    """iJw is read, written and turned into JSON by the generator's output for its own schemas."""
    for message in sister.messages:
        for seed in range(20):
            bericht = berichten.parse(
                etree.tostring(random_message(message.schema, random.Random(seed))), schemas=sister
            )

            assert berichten.parse(berichten.build(bericht, schemas=sister), schemas=sister) == bericht
            assert berichten.from_json(berichten.to_json(bericht, schemas=sister), schemas=sister).bericht == bericht
            assert hasattr(bericht.client or message.model, "gezagsdrager_bekend") or bericht.client is None


def test_sister_family_knows_its_kinds(sister: Schemas) -> None:
    """Names, standard, roles and pairs come from the schemas."""
    kinds = {m.soort.soort: m.soort for m in sister.messages}

    assert list(kinds) == ["JW305", "JW306"]
    assert kinds["JW305"].standaard == "ijw"
    assert (kinds["JW305"].retour, kinds["JW306"].heen) == ("JW306", "JW305")


def test_families_stay_apart(sister: Schemas) -> None:
    """An iJw message is not read as iWmo, and its value cannot be written with iWmo's schemas."""
    message = sister.messages[0]
    data = etree.tostring(random_message(message.schema, random.Random(1)))

    reading = berichten.read(data)

    assert (reading.soort, reading.release, reading.bericht) == ("JW305", "3.2", None)
    assert "iJw-bericht" in reading.findings[0].message
    with pytest.raises(TypeError, match="no message of these schemas"):
        berichten.build(berichten.parse(data, schemas=sister))


def test_publishers_own_layout_gives_the_same_messages(tmp_path: Path) -> None:
    """The same folder loaded from elsewhere makes classes with the same fields."""
    for path in OWN.glob("*.xsd"):
        (tmp_path / path.name).write_bytes(path.read_bytes())

    loaded = load_schemas(tmp_path)

    assert [m.soort for m in loaded.messages] == [m.soort for m in iwmo().messages]
    for mine, theirs in zip(iwmo().messages, loaded.messages, strict=True):
        assert mine.model.__struct_fields__ == theirs.model.__struct_fields__


def test_repeating_element_among_others_is_a_tuple(tmp_path: Path) -> None:
    """Not in iWmo 3.2, but the generator is not caught out by it, nor by a Python keyword as a name."""
    text = (OWN / "WMO319.xsd").read_text()
    more = (
        '<xs:element name="Class" type="iwmo:LDT_Nummer" maxOccurs="3"/>'
        '<xs:element name="Dagen" type="wmo319:Dagen" minOccurs="0"/>'
        '<xs:element name="ReferentieAanbieder"'
    )
    days = (
        '<xs:complexType name="Dagen"><xs:sequence><xs:element name="Dag" type="iwmo:LDT_Datum" maxOccurs="unbounded"/>'
        '</xs:sequence></xs:complexType><xs:complexType name="Antwoord"'
    )
    text = text.replace('<xs:element name="ReferentieAanbieder"', more).replace('<xs:complexType name="Antwoord"', days)
    (tmp_path / "WMO319.xsd").write_text(text)
    (tmp_path / "basisschema.xsd").write_bytes((OWN / "basisschema.xsd").read_bytes())
    schemas = load_schemas(tmp_path)
    (message,) = schemas.messages

    for seed in range(30):
        root = random_message(message.schema, random.Random(seed))
        bericht = berichten.parse(etree.tostring(root), schemas=schemas)

        assert [str(n) for n in bericht.antwoord.class_] == [n.text for n in root.iterfind(".//{*}Class")]
        assert [d.isoformat() for d in bericht.antwoord.dagen] == [n.text for n in root.iterfind(".//{*}Dag")]
        assert berichten.parse(berichten.build(bericht, schemas=schemas), schemas=schemas) == bericht


UNSUPPORTED = {
    "choice": ("<xs:sequence>", "<xs:choice>"),
    "attribute": ("</xs:sequence>", '</xs:sequence><xs:attribute name="a"/>'),
    "default": ('name="VerzoekAntwoord"', 'name="VerzoekAntwoord" default="1"'),
    "other facet": ('<xs:pattern value="482"/>', '<xs:pattern value="482"/><xs:length value="3"/>'),
    "other base type": ("iwmo:LDT_VerzoekAntwoord", "xs:boolean"),
    "two roots": (
        '<xs:element name="Bericht"',
        '<xs:element name="B" type="wmo319:Root"/>\n  <xs:element name="Bericht"',
    ),
    "no release": ("<iwmo:release>3.2</iwmo:release>", ""),
    "twice the same name": ('name="VerzoekAntwoord"', 'name="ReferentieAanbieder"'),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_construct_that_is_not_understood_is_refused_by_name(name: str, tmp_path: Path) -> None:
    """A family never loads half understood."""
    before, after = UNSUPPORTED[name]
    text = (OWN / "WMO319.xsd").read_text()
    assert before in text
    text = text.replace(before, after)
    (tmp_path / "WMO319.xsd").write_text(text.replace("</xs:sequence>", "</xs:choice>") if name == "choice" else text)
    (tmp_path / "basisschema.xsd").write_bytes((OWN / "basisschema.xsd").read_bytes())

    with pytest.raises(UnsupportedSchema, match=r"WMO319\.xsd"):
        read_schema(tmp_path / "WMO319.xsd")


def test_folder_without_schemas_is_refused(tmp_path: Path) -> None:
    """--schemas with a wrong folder."""
    with pytest.raises(UnsupportedSchema, match="no message schemas"):
        load_schemas(tmp_path)


def run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, cwd=OWN.parents[2])


def test_import_is_light() -> None:
    """`import gateway.berichten` pulls in no web, database, mail or schema packages (how long: `make bench`)."""
    run(f"import sys, gateway.berichten; heavy = {HEAVY | {'lxml'}} & set(sys.modules); assert not heavy, heavy")


def test_reading_and_writing_stay_light() -> None:
    """A WMO323 is handled with lxml and msgspec alone."""
    used = (
        "import sys; from gateway import berichten; berichten.read(b''); berichten.iwmo().by_soort('WMO323').validator"
    )

    run(f"{used}; heavy = {HEAVY} & set(sys.modules); assert not heavy, heavy")


def test_unknown_name_is_an_ordinary_attribute_error() -> None:
    """The lazy package behaves as any module."""
    with pytest.raises(AttributeError, match="nothing"):
        _ = berichten.nothing  # type: ignore[attr-defined]
    assert set(berichten.__all__) == {n for n in berichten.__all__ if getattr(berichten, n) is not None}


def test_the_models_of_this_package_are_kept_with_the_schemas_of_a_folder(tmp_path):
    """`[messages] schemas`: what is valid follows the folder, what a message is does not."""
    shutil.copy(OWN / "basisschema.xsd", tmp_path)
    strict = (OWN / "WMO305.xsd").read_text("utf-8").replace('value="3"', 'value="9"')
    (tmp_path / "WMO305.xsd").write_text(strict, "utf-8")
    known = berichten.iwmo_from(tmp_path)
    bericht = v.m305()
    data = berichten.build(bericht)
    assert berichten.read(data, schemas=known).findings
    assert berichten.read(data).bericht == bericht
    other = v.m301(v.toegewezen())
    assert berichten.parse(berichten.build(other), schemas=known) == other


def test_a_folder_with_messages_of_another_shape_is_refused(tmp_path):
    """One element more: our models cannot hold it."""
    shutil.copy(OWN / "basisschema.xsd", tmp_path)
    with pytest.raises(UnsupportedSchema, match="no message schemas"):
        berichten.iwmo_from(tmp_path)
    other = (OWN / "WMO305.xsd").read_text("utf-8").replace('name="StatusAanlevering"', 'name="Status"')
    (tmp_path / "WMO305.xsd").write_text(other, "utf-8")
    with pytest.raises(UnsupportedSchema, match=r"WMO305\.xsd"):
        berichten.iwmo_from(tmp_path)
