"""The JSON form of a message: {"bericht": "WMO301", "release": "3.2", "header": {...}, "client": {...}}.

Names are the elements' names in lowerCamelCase, list wrappers are arrays, dates and times strings, numbers integers;
what is absent is left out. The XSD is not judged here but when the value is built.
"""

from collections.abc import Iterator
from datetime import date, time
from typing import Any

import msgspec

from gateway.berichten.deel import Deel
from gateway.berichten.faults import Fault, Lang, finding
from gateway.berichten.reading import Reading
from gateway.berichten.schema_model import ComplexType, Element
from gateway.berichten.schema_sets import Schemas, iwmo
from gateway.domain.findings import Finding

_CALENDAR = {"date": date, "time": time}
_EXPECTED: dict[str, tuple[str, str]] = {
    "string": ("een tekst", "a text"),
    "integer": ("een geheel getal", "a whole number"),
    "date": ("een datum als tekst (jjjj-mm-dd)", "a date as text (yyyy-mm-dd)"),
    "time": ("een tijdstip als tekst (uu:mm:ss)", "a time as text (hh:mm:ss)"),
    "list": ("een lijst", "a list"),
    "object": ("een object", "an object"),
}


def to_json(bericht: Deel, *, schemas: Schemas | None = None) -> bytes:
    """The message as one JSON document in UTF-8."""
    soort = (schemas or iwmo()).by_value(bericht).soort
    head = msgspec.json.encode({"bericht": soort.soort, "release": soort.release})
    return head[:-1] + b"," + msgspec.json.encode(bericht)[1:]


def from_json(data: bytes, *, schemas: Schemas | None = None, lang: Lang = "nl") -> Reading:
    """The message in a JSON document, or every fault in its structure. Never raises for bad data."""
    known = schemas or iwmo()
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Reading(findings=(finding(Fault(kind="json"), lang),))
    names = (document.pop("bericht", None), document.pop("release", None)) if isinstance(document, dict) else None
    message = known.by_soort(*names) if names and all(isinstance(n, str) for n in names) else None
    if message is None:
        return Reading(findings=(finding(Fault(kind="json soort"), lang),))
    soort = message.soort
    try:
        bericht = msgspec.convert(document, message.model)
    except msgspec.ValidationError:
        root = message.schema.root
        faults = list(_faults(document, root, f"/{root.name}")) or [Fault(kind="json", path=f"/{root.name}")]
        return Reading(soort=soort.soort, release=soort.release, findings=_findings(faults, lang))
    return Reading(soort=soort.soort, release=soort.release, bericht=bericht)


def _findings(faults: list[Fault], lang: Lang) -> tuple[Finding, ...]:
    return tuple(finding(fault, lang) for fault in faults)


def _faults(value: Any, element: Element, path: str) -> Iterator[Fault]:
    """Every place where the JSON does not have the structure of the schema."""
    if element.is_list and element.item is not None:
        yield from _items(value, element.item, path)
    elif not isinstance(element.type, ComplexType):
        if not _is(value, element.type.base):
            yield _wrong(element.name, path, element.type.base)
    elif not isinstance(value, dict):
        yield _wrong(element.name, path, "object")
    else:
        yield from _members(value, element.type, element.name, path)


def _items(value: Any, item: Element, path: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield _wrong(path.rpartition("/")[2], path, "list")
        return
    for number, entry in enumerate(value, 1):
        yield from _faults(entry, item, f"{path}/{item.name}[{number}]")


def _members(value: dict[str, Any], kind: ComplexType, parent: str, path: str) -> Iterator[Fault]:
    names = {_camel(e.name): e for e in kind.elements}
    for name in value.keys() - names.keys():
        hint = ("Verwijder het, of schrijf de naam zoals het schema.", "Remove it, or spell the name as the schema.")
        yield Fault(kind="unexpected", path=path, words={"name": name, "parent": parent, "hint": hint})
    for name, element in names.items():
        if name in value and not (value[name] is None and element.minimum == 0):
            yield from _faults(value[name], element, f"{path}/{element.name}")
        elif element.minimum:
            place = (f"in `{parent}`", f"in `{parent}`")
            yield Fault(kind="missing", path=f"{path}/{element.name}", words={"name": element.name, "place": place})


def _is(value: Any, base: str) -> bool:
    if base == "string":
        return isinstance(value, str)
    if base == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    try:
        msgspec.convert(value, _CALENDAR[base])
    except msgspec.ValidationError:
        return False
    return True


def _wrong(name: str, path: str, expected: str) -> Fault:
    return Fault(kind="json type", path=path, words={"name": name, "expected": _EXPECTED[expected]})


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]
