"""Our schemas are the standard's: every particle and facet, and the same verdict on thousands of messages.

The standard's own schemas are a reference pack beside the checkout (../shared/reference/iwmo-3.2), or where
GATEWAY_REFERENCE says. By default a seeded slice runs; GATEWAY_FULL=1 runs thousands of mutations for each message.
"""

import csv
import os
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from lxml import etree

from gateway.berichten.schema_model import Element, SimpleType, read_schema
from gateway.berichten.schema_sets import iwmo
from tests.berichten.messages import random_message
from tests.berichten.mutations import mutate

OWN = Path(__file__).parents[2] / "xsd/iwmo/3.2"
REFERENCE = Path(
    os.environ.get("GATEWAY_REFERENCE") or Path(__file__).parents[2] / "../shared/reference/iwmo-3.2"
).resolve()
# The pack holds the schemas of the heenberichten; schemas of retour messages put beside them are compared as well.
OFFICIAL = sorted(path.stem for path in (REFERENCE / "xsd").glob("WMO*.xsd"))
ALL = [m.soort.soort for m in iwmo().messages]
MUTATIONS = 3000 if os.environ.get("GATEWAY_FULL") else 150
XS = "{http://www.w3.org/2001/XMLSchema}"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no reference pack in {REFERENCE}"),
]


@cache
def loaded(folder: Path, name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(folder / f"{name}.xsd"))


@cache
def rows() -> list[dict[str, str]]:
    with (REFERENCE / "retour-structures.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def particles(schema: xmlschema.XMLSchema) -> list[Any]:
    """Everything that decides validity, in document order, as plain values."""
    found: list[Any] = [("root", sorted(schema.elements), schema.target_namespace)]

    def visit(path: str, element: Any) -> None:
        kind = element.type
        found.append((path, element.name, element.min_occurs, element.max_occurs, element.nillable, kind.name))
        if kind.is_complex():
            found.append((path, kind.content.model, kind.mixed, sorted(map(str, kind.attributes))))
            for child in kind.content:
                visit(f"{path}/{child.local_name}", child)
        else:
            found.append((path, *facets(kind)))

    for name in schema.elements:
        visit(name, schema.elements[name])
    return found


def facets(kind: Any) -> tuple[Any, ...]:
    """The facets of a simple type with those that it inherits, in the order of derivation."""
    chain = []
    while kind is not None and kind.name != "{http://www.w3.org/2001/XMLSchema}anySimpleType":
        shown = {
            str(name): str(getattr(f, "regexps", None) or getattr(f, "value", None)) for name, f in kind.facets.items()
        }
        values = {k: v for k, v in shown.items() if k != f"{XS}enumeration"}
        chain.append((kind.name, tuple(sorted(values.items())), tuple(map(str, kind.enumeration or ()))))
        kind = kind.base_type
    return tuple(chain)


@pytest.mark.parametrize("name", OFFICIAL)
def test_every_particle_and_facet_is_the_standards(name: str) -> None:
    """Names, namespaces, order, cardinalities, types and facets, walked side by side."""
    assert particles(loaded(OWN, name)) == particles(loaded(REFERENCE / "xsd", name))


def test_basisschema_holds_the_same_types() -> None:
    """Also the types that no message uses."""
    mine, theirs = loaded(OWN, "basisschema"), loaded(REFERENCE / "xsd", "basisschema")

    assert list(mine.types) == list(theirs.types)
    for name in mine.types:
        if mine.types[name].is_simple():
            assert facets(mine.types[name]) == facets(theirs.types[name])


@pytest.mark.parametrize("name", [*OFFICIAL, "basisschema"])
def test_versions_in_appinfo_are_the_standards(name: str) -> None:
    """Release and versions of message and basisschema."""
    mine, theirs = (etree.parse(str(f / f"{name}.xsd")).getroot() for f in (OWN, REFERENCE / "xsd"))
    path = f"{XS}annotation/{XS}appinfo/*"

    assert [(e.tag, e.text) for e in mine.iterfind(path)] == [(e.tag, e.text) for e in theirs.iterfind(path)]


@pytest.mark.parametrize("name", ALL)
def test_structure_is_the_overview(name: str) -> None:
    """Retour messages and 325, whose schemas are not public, follow the standard's overview of structures."""
    schema = read_schema(OWN / f"{name}.xsd")
    expected = [r for r in rows() if r["message"] == name and r["parent_complexType"] != "(schema)"]

    made = [
        (kind.name, child.name, child.type.name, child.minimum, child.maximum, narrowing(child))
        for kind in schema.classes
        if kind.namespace == schema.namespace
        for child in kind.elements
    ]

    assert sorted(made, key=str) == sorted(map(as_particle, expected), key=str)
    for kind in schema.classes:
        order = sorted((r for r in expected if r["parent_complexType"] == kind.name), key=lambda r: int(r["order"]))
        if kind.namespace == schema.namespace:
            assert [e.name for e in kind.elements] == [r["element"] for r in order]


def narrowing(element: Element) -> str:
    """The pattern that an element adds to its type in place."""
    kind = element.type
    narrowed = {"BerichtCode", "BerichtVersie", "BerichtSubversie", "DeclaratieNummer"}
    return kind.patterns[-1] if isinstance(kind, SimpleType) and element.name in narrowed and kind.patterns else ""


def as_particle(row: dict[str, str]) -> tuple[str, str, str, int, int | None, str]:
    maximum = None if row["max"] == "unbounded" else int(row["max"])
    pattern = row["extra_facets"].removeprefix("pattern=")
    kind = row["type"].partition(":")[2]
    return row["parent_complexType"], row["element"], kind, int(row["min"]), maximum, pattern


@pytest.mark.parametrize("name", OFFICIAL)
def test_same_verdict_on_valid_and_mutated_messages(name: str) -> None:
    """Elements dropped, doubled, moved, renamed; values at and past every edge: 0 disagreements."""
    theirs = etree.XMLSchema(etree.parse(str(REFERENCE / "xsd" / f"{name}.xsd")))
    message = iwmo().by_soort(name)
    assert message is not None
    verdicts = {True: 0, False: 0}
    for seed in range(MUTATIONS):
        rng = random.Random(f"{name} {seed}")
        root = random_message(message.schema, rng, spelling=True)
        done = [mutate(root, message.schema, rng) for _ in range(rng.choice([0, 1, 1, 1, 2]))]
        tree = etree.fromstring(etree.tostring(root))

        verdict = message.validator.validate(tree)

        assert verdict == theirs.validate(tree), f"seed {seed}: {done}"
        verdicts[verdict] += 1
    assert min(verdicts.values()) > MUTATIONS / 10


def test_code_lists_belong_to_the_types_that_the_tables_name() -> None:
    """The list that our basisschema names at a type is the list whose codes the type allows."""
    with (REFERENCE / "codelists.csv").open(encoding="utf-8") as file:
        codes = [(r["data_element"], r["list_id"], r["code"]) for r in csv.DictReader(file)]
    leaves = {k.name: k for m in iwmo().messages for k in m.schema.leaves.values()}

    for kind in leaves.values():
        if kind.enumeration:
            assert set(kind.enumeration) == {c for element, _, c in codes if element == kind.name}
            assert {kind.code_list} == {name for element, name, _ in codes if element == kind.name}
