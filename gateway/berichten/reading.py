"""From the bytes of a message to a typed value, or to everything that is wrong with it."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeVar, overload

import msgspec
from lxml import etree

from gateway.berichten.codec.leaves import Odd, Unholdable
from gateway.berichten.deel import Deel
from gateway.berichten.diagnosis import diagnose
from gateway.berichten.faults import Fault, Lang, Numbers, finding
from gateway.berichten.safe_xml import parse_xml
from gateway.berichten.schema_model import ComplexType, Element, Schema
from gateway.berichten.schema_sets import Message, Schemas, iwmo
from gateway.berichten.soorten import SOORTEN
from gateway.domain.findings import Finding

B = TypeVar("B", bound=Deel)
MOST_FAULTS = 10_000  # what a person may still sort through; a large file that is wrong throughout has far more

_NO_ODDITIES: Mapping[str, str] = MappingProxyType({})
_NAMESPACE = re.compile(r"http://www\.istandaarden\.nl/(\w+)/(\w+)/(\w+)/schema")
_FAMILIES = {"iwmo": "iWmo", "ijw": "iJw", "iwlz": "iWlz"}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a file gave. `bericht` is there exactly when there are no findings."""

    soort: str | None = None  # WMO301; also of a message that is known by name but cannot be read here
    release: str | None = None  # 3.2
    bericht: Deel | None = None
    findings: tuple[Finding, ...] = ()
    # Text as it stands in the file, by path, where it is not the canonical spelling of its value (0101, +7, 24:00:00).
    # Three rules compare spellings: TR101, TR358, TR416.
    oddities: Mapping[str, str] = _NO_ODDITIES


class OngeldigBericht(ValueError):
    """The message is not valid; `findings` says why. The text names rules and places, never a value."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(f"{f.code} {f.path or ''}: {f.message}" for f in findings[:5]))
        self.findings = findings


Xml = etree._Element | Fault
"""A file as a tree, or why it cannot be: for who asks more than one thing about it."""


def xml_of(data: bytes) -> Xml:
    """The tree, for `soort_of` and `read` to look at instead of parsing once more. Never raises for bad data."""
    return parse_xml(data)


def soort_of(data: bytes, schemas: Schemas | None = None, *, xml: Xml | None = None) -> str | None:
    """The kind of message that the namespace of the root names; None if it is none of ours, or no XML."""
    root = parse_xml(data) if xml is None else xml
    if isinstance(root, Fault):
        return None
    message = (schemas or iwmo()).by_namespace(etree.QName(root).namespace or "")
    return None if message is None else message.soort.soort


def read(
    data: bytes,
    *,
    schemas: Schemas | None = None,
    lang: Lang = "nl",
    numbers: Numbers | None = None,
    xml: Xml | None = None,
) -> Reading:
    """The message in `data`, or every fault of it as XML and against its schema (control level 1).

    Never raises for bad data. `numbers` gives a fault the number of the rule that says the same as its facet, by data
    type and facet: {("LDT_Gemeente", "pattern"): "RS..."}. They are numbers of iWmo 3.2: a message of another standard
    or release, which may use the same data types, keeps XSD. `xml`: `xml_of` these data, if that was made.
    """
    known = schemas or iwmo()
    root = parse_xml(data) if xml is None else xml
    if isinstance(root, Fault):
        return Reading(findings=(finding(root, lang, numbers),))
    message = known.by_namespace(etree.QName(root).namespace or "")
    if message is None:
        return _stranger(root, known, lang)
    ours = SOORTEN.get(message.soort.soort)
    if ours is None or ours.namespace != message.soort.namespace:
        numbers = None
    faults = check(root, message)
    if not faults:
        odd: Odd = []
        try:
            bericht = message.read(root, odd)
        except Unholdable as beyond:
            name, where = etree.QName(beyond.node).localname, paths(root, message.schema, [beyond.node])
            faults = [Fault(kind="calendar", path=w, line=beyond.node.sourceline, words={"name": name}) for w in where]
        else:
            oddities = {path: node.text or "" for path, node in paths(root, message.schema, odd).items()}
            return Reading(soort=message.soort.soort, release=message.soort.release, bericht=bericht, oddities=oddities)
    found = tuple(finding(fault, lang, numbers) for fault in faults)
    return Reading(soort=message.soort.soort, release=message.soort.release, findings=found)


@overload
def parse(data: bytes, *, schemas: Schemas | None = None) -> Deel: ...
@overload
def parse(data: bytes, kind: type[B], *, schemas: Schemas | None = None) -> B: ...
def parse(data: bytes, kind: type[Deel] = Deel, *, schemas: Schemas | None = None) -> Deel:
    """The message in `data`: an instance of the class `Bericht` of its module; of `kind` (wmo301.Bericht) if given.

    Raises OngeldigBericht, also for a good message of another kind.
    """
    reading = read(data, schemas=schemas)
    if isinstance(reading.bericht, kind):
        return reading.bericht
    expected = kind.__module__.rpartition(".")[2].upper()
    other = Fault(kind="other kind", path="/Bericht", words={"soort": reading.soort, "expected": expected})
    raise OngeldigBericht(reading.findings or (finding(other),))


def check(root: etree._Element, message: Message) -> list[Fault]:
    """Every fault against the schema; nothing for a valid message."""
    if message.validator.validate(root):
        return []
    # The walk explains what libxml2 rejects. Should it ever find nothing, the rejection still stands.
    found = diagnose(root, message.schema) or [Fault(kind="schema", path=f"/{message.schema.root.name}", line=1)]
    if len(found) <= MOST_FAULTS:
        return found
    more = Fault(kind="more", path=f"/{message.schema.root.name}", words={"count": len(found) - MOST_FAULTS})
    return [*found[:MOST_FAULTS], more]


def locate(data: bytes, wanted: list[str], *, schemas: Schemas | None = None) -> dict[str, int]:
    """Lines of the elements at these paths, for findings that rules make on values. Unknown paths are left out."""
    known = schemas or iwmo()
    root = parse_xml(data)
    message = None if isinstance(root, Fault) else known.by_namespace(etree.QName(root).namespace or "")
    if message is None or isinstance(root, Fault):
        return {}
    asked = set(wanted)
    lines = ((path, node.sourceline) for path, node in walk(root, message.schema))
    return {path: line for path, line in lines if path in asked and line is not None}


def paths(root: etree._Element, schema: Schema, nodes: list[etree._Element]) -> dict[str, etree._Element]:
    """The given elements of a valid message by path, in one walk however many there are."""
    if not nodes:
        return {}
    asked = set(nodes)
    return {path: node for path, node in walk(root, schema) if node in asked}


def walk(root: etree._Element, schema: Schema) -> Iterator[tuple[str, etree._Element]]:
    """Every element that the schema knows, with its path: index from 1 where the element may repeat."""

    def visit(node: etree._Element, element: Element, path: str) -> Iterator[tuple[str, etree._Element]]:
        yield path, node
        if not isinstance(element.type, ComplexType):
            return
        known = {e.tag: e for e in element.type.elements}
        seen: dict[str, int] = {}
        for kid in node:
            child = known.get(str(kid.tag))
            if child is not None:
                seen[child.name] = seen.get(child.name, 0) + 1
                index = f"[{seen[child.name]}]" if child.repeats else ""
                yield from visit(kid, child, f"{path}/{child.name}{index}")

    return visit(root, schema.root, f"/{schema.root.name}")


def _stranger(root: etree._Element, known: Schemas, lang: Lang) -> Reading:
    """A message that these schemas do not hold: said by name as far as its namespace tells."""
    name = etree.QName(root)
    match = _NAMESPACE.fullmatch(name.namespace or "")
    standards = sorted({m.soort.standaard for m in known.messages})
    if match is None:
        fault = Fault(kind="unknown", path=f"/{name.localname}", line=root.sourceline)
        return Reading(findings=(finding(fault, lang),))
    standaard, release, soort = match[1], match[2].replace("_", "."), match[3].upper()
    releases = sorted({m.soort.release for m in known.messages if m.soort.standaard == standaard})
    words: dict[str, object] = {"soort": soort, "release": release, "family": _family(standaard)}
    words["known"] = ", ".join(releases or map(_family, standards))
    kind = "family" if not releases else "kind" if release in releases else "release"
    fault = Fault(kind=kind, path=f"/{name.localname}", line=root.sourceline, words=words)
    return Reading(soort=soort, release=release, findings=(finding(fault, lang),))


def _family(standaard: str) -> str:
    return _FAMILIES.get(standaard, standaard)
