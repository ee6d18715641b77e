"""The knowledge in a folder of XSDs, as values: which elements, in which order, how often, of which type.

One source for each fact: the generator of models and codec, the diagnosis of invalid messages and the tests all read
this model. It knows the part of XSD 1.0 that the iStandaarden use (sequences of elements, restrictions of string,
integer, date and time) and refuses the rest by name, so that a new family never loads half understood.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
Base: TypeAlias = Literal["string", "integer", "date", "time"]
_BASES: dict[str, Base] = {"string": "string", "integer": "integer", "date": "date", "time": "time"}
_FACETS = {"enumeration", "pattern", "minLength", "maxLength", "minInclusive", "maxInclusive"}


class UnsupportedSchema(ValueError):
    """The schema uses a construct that this model does not know, or is not one of a standard's messages."""


class SimpleType(msgspec.Struct, frozen=True, kw_only=True):
    """A data type (LDT) with its facets. `name` is the named type, also where an element narrows it in place."""

    name: str
    base: Base
    enumeration: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()  # XSD regular expressions; all must match
    min_length: int = 0
    max_length: int | None = None
    min_inclusive: int | None = None
    max_inclusive: int | None = None
    code_list: str | None = None  # WMO757: the list that the enumeration is
    documentation: str = ""


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """An element at its place in a sequence; `maximum` None means unbounded."""

    name: str
    namespace: str
    type: "SimpleType | ComplexType"
    minimum: int = 1
    maximum: int | None = 1
    documentation: str = ""

    @property
    def tag(self) -> str:
        """The name as lxml writes it: {namespace}Name."""
        return f"{{{self.namespace}}}{self.name}"

    @property
    def repeats(self) -> bool:
        """True if the element may occur more than once, so that a path needs an index."""
        return self.maximum is None or self.maximum > 1

    @property
    def is_list(self) -> bool:
        """True for a wrapper around one repeating element (ToegewezenProducten), which the models flatten.

        An optional wrapper that may be empty would lose the difference between empty and absent, so it stays.
        """
        return self.item is not None and not self.repeats and (self.minimum == 1 or self.item.minimum > 0)

    @property
    def item(self) -> "Element | None":
        """The one repeating element inside, if there is nothing else inside."""
        if isinstance(self.type, ComplexType) and len(self.type.elements) == 1 and self.type.elements[0].repeats:
            return self.type.elements[0]
        return None


class ComplexType(msgspec.Struct, frozen=True, kw_only=True):
    """A class of the standard (ToegewezenProduct) or a shared group of elements (CDT_Omvang): a sequence."""

    name: str
    namespace: str
    elements: tuple[Element, ...]
    documentation: str = ""


class Schema(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One message of a standard: WMO301 of iwmo 3.2."""

    standaard: str  # iwmo
    soort: str  # WMO301
    release: str  # 3.2
    root: Element
    basis_namespace: str
    basis_prefix: str
    xsd_versie: str  # BerichtXsdVersie
    basis_xsd_versie: str  # BasisschemaXsdVersie

    @property
    def namespace(self) -> str:
        """Target namespace of the message."""
        return self.root.namespace

    @cached_property
    def classes(self) -> tuple[ComplexType, ...]:
        """Every complex type in use, each once, parts before the whole."""
        found: dict[tuple[str, str], ComplexType] = {}

        def visit(kind: SimpleType | ComplexType) -> None:
            if isinstance(kind, ComplexType):
                for element in kind.elements:
                    visit(element.type)
                found.setdefault((kind.namespace, kind.name), kind)

        visit(self.root.type)
        return tuple(found.values())

    @cached_property
    def leaves(self) -> dict[str, SimpleType]:
        """The data type of every value by its path without indexes: /Bericht/Client/Geslacht -> LDT_Geslacht."""
        found: dict[str, SimpleType] = {}

        def visit(element: Element, parent: str) -> None:
            path = f"{parent}/{element.name}"
            if isinstance(element.type, SimpleType):
                found[path] = element.type
            else:
                for child in element.type.elements:
                    visit(child, path)

        visit(self.root, "")
        return found


def read_schema(path: Path) -> Schema:
    """The message that the XSD at `path` describes; imported schemas are looked for beside it.

    Raises UnsupportedSchema for constructs outside this model, OSError where a file is missing.
    """
    return _Reader(path).schema()


def message_files(folder: Path) -> list[Path]:
    """The XSDs of a folder that describe a message, so not the basisschema, in order of name."""
    return sorted(p for p in folder.glob("*.xsd") if "basisschema" not in p.stem.lower())


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.main = _load(path)
        self.documents = {_namespace(self.main): self.main}
        for item in self.main.findall(f"{XS}import"):
            other = _load(path.parent / str(item.get("schemaLocation")))
            self.documents[_namespace(other)] = other
        self.simple: dict[etree.QName, SimpleType] = {}
        self.complex: dict[etree.QName, ComplexType] = {}

    def schema(self) -> Schema:
        roots = self.main.findall(f"{XS}element")
        if len(roots) != 1:
            raise UnsupportedSchema(f"{self.path.name}: one global element expected, {len(roots)} found")
        info = {
            etree.QName(e).localname: (e.text or "").strip()
            for e in self.main.iterfind(f"{XS}annotation/{XS}appinfo/*")
        }
        basis = next((ns for ns in self.documents if ns != _namespace(self.main)), _namespace(self.main))
        try:
            return Schema(
                standaard=info["standaard"],
                soort=info["bericht"].upper(),
                release=info["release"],
                root=self.element(roots[0], _namespace(self.main)),
                basis_namespace=basis,
                basis_prefix=next((p for p, ns in self.main.nsmap.items() if ns == basis and p), "basis"),
                xsd_versie=info["BerichtXsdVersie"],
                basis_xsd_versie=info["BasisschemaXsdVersie"],
            )
        except KeyError as missing:
            raise UnsupportedSchema(f"{self.path.name}: appinfo has no {missing}") from None

    def element(self, node: etree._Element, namespace: str) -> Element:
        self.only(node, {"annotation", "simpleType"}, {"name", "type", "minOccurs", "maxOccurs"})
        maximum = node.get("maxOccurs", "1")
        inline = node.find(f"{XS}simpleType")
        kind = self.restriction(inline, "") if inline is not None else self.type(self.qname(node, "type"))
        return Element(
            name=str(node.get("name")),
            namespace=namespace,
            type=kind,
            minimum=int(node.get("minOccurs", "1")),
            maximum=None if maximum == "unbounded" else int(maximum),
            documentation=_documentation(node),
        )

    def type(self, name: etree.QName) -> SimpleType | ComplexType:
        if name.namespace == XS[1:-1] and name.localname in _BASES:
            return SimpleType(name=name.localname, base=_BASES[name.localname])
        document = self.documents.get(name.namespace or "")
        for node in document if document is not None else ():
            if node.get("name") == name.localname and node.tag == f"{XS}complexType":
                return self.complex_type(node, name)
            if node.get("name") == name.localname and node.tag == f"{XS}simpleType":
                if name not in self.simple:
                    self.simple[name] = self.restriction(node, name.localname)
                return self.simple[name]
        raise UnsupportedSchema(f"{self.path.name}: no type {name.localname} that this model knows")

    def complex_type(self, node: etree._Element, name: etree.QName) -> ComplexType:
        if name not in self.complex:
            self.only(node, {"annotation", "sequence"}, {"name"})
            namespace = str(name.namespace)
            sequence = node.find(f"{XS}sequence")
            nodes = [] if sequence is None else [e for e in sequence if isinstance(e.tag, str)]
            if sequence is not None:
                self.only(sequence, {"element"}, set())
            elements = tuple(self.element(e, namespace) for e in nodes)
            if len({e.name for e in elements}) != len(elements):
                raise UnsupportedSchema(f"{self.path.name}: {name.localname} names an element twice")
            self.complex[name] = ComplexType(
                name=name.localname, namespace=namespace, elements=elements, documentation=_documentation(node)
            )
        return self.complex[name]

    def restriction(self, node: etree._Element, name: str) -> SimpleType:
        self.only(node, {"annotation", "restriction"}, {"name"})
        rule = node.find(f"{XS}restriction")
        if rule is None:
            raise UnsupportedSchema(f"{self.path.name}: a simple type without restriction")
        self.only(rule, _FACETS, {"base"})
        base = self.type(self.qname(rule, "base"))
        if not isinstance(base, SimpleType):
            raise UnsupportedSchema(f"{self.path.name}: a restriction of a complex type")
        return _narrowed(base, name or base.name, node, rule)

    def qname(self, node: etree._Element, attribute: str) -> etree.QName:
        prefix, _, local = str(node.get(attribute)).rpartition(":")
        return etree.QName(node.nsmap.get(prefix or None, ""), local)

    def only(self, node: etree._Element, children: set[str], attributes: set[str]) -> None:
        strange = [etree.QName(c).localname for c in node if isinstance(c.tag, str)]
        strange = [c for c in strange if c not in children] + [a for a in map(str, node.attrib) if a not in attributes]
        if strange:
            raise UnsupportedSchema(f"{self.path.name}, line {node.sourceline}: {', '.join(strange)} is not supported")


def _narrowed(base: SimpleType, name: str, node: etree._Element, rule: etree._Element) -> SimpleType:
    text = node.find(f"{XS}annotation/{XS}documentation")
    facets: dict[str, list[str]] = {}
    for facet in rule:
        if isinstance(facet.tag, str):
            facets.setdefault(etree.QName(facet).localname, []).append(str(facet.get("value")))

    def number(facet: str, inherited: int | None) -> int | None:
        return int(facets[facet][0]) if facet in facets else inherited

    # Patterns of one restriction are alternatives, patterns of successive restrictions must all match.
    patterns = ("|".join(facets["pattern"]),) if "pattern" in facets else ()
    return SimpleType(
        name=name,
        base=base.base,
        enumeration=tuple(facets.get("enumeration", base.enumeration)),
        patterns=base.patterns + patterns,
        min_length=number("minLength", base.min_length) or 0,
        max_length=number("maxLength", base.max_length),
        min_inclusive=number("minInclusive", base.min_inclusive),
        max_inclusive=number("maxInclusive", base.max_inclusive),
        code_list=base.code_list if text is None else text.get("source") or base.code_list,
        documentation=_documentation(node) or base.documentation,
    )


def _load(path: Path) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        return etree.fromstring(path.read_bytes(), parser)
    except etree.XMLSyntaxError as wrong:
        raise UnsupportedSchema(f"{path.name}: no XML, line {wrong.lineno}") from None


def _namespace(root: etree._Element) -> str:
    return root.get("targetNamespace", "")


def _documentation(node: etree._Element) -> str:
    return " ".join((node.findtext(f"{XS}annotation/{XS}documentation") or "").split())


_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(name: str) -> str:
    """The field name of an element: a word starts at a capital, digits stay with their word.

    >>> snake("ToewijzingNummer"), snake("Telefoon01"), snake("XsdVersieRetour")
    ('toewijzing_nummer', 'telefoon01', 'xsd_versie_retour')
    """
    return _WORD_START.sub("_", name).lower()
