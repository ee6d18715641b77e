"""Is this text a value of that data type, and if not, which facet does it break?

Patterns, dates and times are judged by libxml2, in a schema of one element: so the diagnosis can never disagree with
the validation, and XSD's regular expressions (some of them exponential in Python's `re`) need no translation.
"""

import functools
import re
from typing import NamedTuple

from lxml import etree

from gateway.berichten.schema_model import SimpleType

_SPACES = re.compile(r"[ \t\r\n]+")
_ANYTHING = r"(\s|\S)*"  # libxml2 allows blanks around a date only in a type that has a facet
_INTEGER = re.compile(r"[+-]?[0-9]+")


class Broken(NamedTuple):
    """A facet that a text breaks."""

    kind: str  # key of faults.TEXTS
    facet: str  # enumeration, maxLength, pattern, ..., or the base type
    words: dict[str, object]


def broken_facet(kind: SimpleType, text: str) -> Broken | None:
    """The first facet of `kind` that `text` breaks, the most telling one first; None for a good value."""
    if kind.base == "string":
        found = _string(kind, text)
    elif kind.base == "integer":
        found = _integer(kind, text)
    else:
        found = _calendar(kind, text)
    return found or _pattern(kind, text)


def _string(kind: SimpleType, text: str) -> Broken | None:
    if kind.enumeration:
        if text in kind.enumeration:
            return None
        too_long = kind.max_length is not None and len(text) > kind.max_length  # then it breaks RS008 or RS009 as well
        facet = "maxLength" if too_long else "enumeration"
        return Broken("code", facet, {"list": kind.code_list or kind.name})
    if len(text) < kind.min_length:
        return Broken("short" if text else "blank", "minLength", {"length": len(text), "bound": kind.min_length})
    if kind.max_length is not None and len(text) > kind.max_length:
        return Broken("long", "maxLength", {"length": len(text), "bound": kind.max_length})
    if text.isspace() and not _allows(kind, text):
        return Broken("blank", "pattern", {})
    return None


def _integer(kind: SimpleType, text: str) -> Broken | None:
    digits = _SPACES.sub(" ", text).strip(" ")
    if not digits:
        return Broken("blank", "integer", {})
    if not _INTEGER.fullmatch(digits):
        return Broken("integer", "integer", {})
    # A number of thousands of digits is beyond every bound, and int() would refuse it.
    significant = digits.lstrip("+-").lstrip("0")[:30] or "0"
    number = -int(significant) if digits.startswith("-") else int(significant)
    if kind.min_inclusive is not None and number < kind.min_inclusive:
        return Broken("small", "minInclusive", {"bound": kind.min_inclusive})
    if kind.max_inclusive is not None and number > kind.max_inclusive:
        return Broken("large", "maxInclusive", {"bound": kind.max_inclusive})
    return None


def _calendar(kind: SimpleType, text: str) -> Broken | None:
    if not text.strip():
        return Broken("blank", kind.base, {})
    if not _accepts(kind.base, (_ANYTHING,), text):
        return Broken(kind.base, kind.base, {})
    return None if _allows(kind, text) else Broken("zone", "pattern", {})


def _pattern(kind: SimpleType, text: str) -> Broken | None:
    if _allows(kind, text):
        return None
    pattern = next((p for p in kind.patterns if not _accepts(kind.base, (p,), text)), "")
    if pattern.isalnum():  # <xs:pattern value="414"/>: one value is possible
        return Broken("fixed", "pattern", {"pattern": pattern})
    words: dict[str, object] = {"type": kind.name, "pattern": pattern, "documentation": kind.documentation}
    return Broken("pattern", "pattern", words)


def _allows(kind: SimpleType, text: str) -> bool:
    return not kind.patterns or _accepts(kind.base, kind.patterns, text)


@functools.lru_cache(maxsize=4096)
def _accepts(base: str, patterns: tuple[str, ...], text: str) -> bool:
    node = etree.Element("v")
    node.text = text
    return _validator(base, patterns).validate(node)


@functools.cache
def _validator(base: str, patterns: tuple[str, ...]) -> etree.XMLSchema:
    space = "http://www.w3.org/2001/XMLSchema"
    kind = f"xs:{base}"
    schema = etree.Element(f"{{{space}}}schema", nsmap={"xs": space})
    for number, pattern in enumerate(patterns):
        simple = etree.SubElement(schema, f"{{{space}}}simpleType", name=f"t{number}")
        rule = etree.SubElement(simple, f"{{{space}}}restriction", base=kind)
        etree.SubElement(rule, f"{{{space}}}pattern", value=pattern)
        kind = f"t{number}"
    etree.SubElement(schema, f"{{{space}}}element", name="v", type=kind)
    return etree.XMLSchema(schema)
