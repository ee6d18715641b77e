"""Valid messages made from the schema: seeded, so that every failure can be repeated."""

import random
import re

from lxml import etree

from gateway.berichten.schema_model import Element, Schema, SimpleType

TEST_BSNS = ("999900006", "999900018", "999996770")
_TEXT = "abcXYZ 019-.,&<>\"'éñßÀỳŁ漢😀\t"


def random_message(schema: Schema, rng: random.Random, *, lists: int = 3, spelling: bool = False) -> etree._Element:
    """A valid message. `spelling` also uses legal but unusual spellings of numbers and times."""
    nsmap = {None: schema.namespace, schema.basis_prefix: schema.basis_namespace}
    root = etree.Element(schema.root.tag, nsmap=nsmap)
    _fill(root, schema.root, rng, lists, spelling)
    return root


def _fill(node: etree._Element, element: Element, rng: random.Random, lists: int, spelling: bool) -> None:
    if isinstance(element.type, SimpleType):
        node.text = TEST_BSNS[rng.randrange(3)] if element.name == "Bsn" else value(element.type, rng, spelling)
        return
    for child in element.type.elements:
        top = max(child.minimum, lists) if child.maximum is None else min(child.maximum, max(child.minimum, lists))
        for _ in range(rng.randint(child.minimum, top)):
            _fill(etree.SubElement(node, child.tag), child, rng, lists, spelling)


def value(kind: SimpleType, rng: random.Random, spelling: bool = False) -> str:
    """A value of the type, often at the edge of a facet."""
    if kind.base == "integer":
        return _integer(kind, rng, spelling)
    if kind.base == "date":
        return f"{rng.choice([1, 1900, 2024, 2026, 9999]):04}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    if kind.base == "time":
        text = f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}:{rng.randint(0, 59):02}"
        if spelling and rng.random() < 0.3:
            return rng.choice([text + ".500", "24:00:00", text + ".0"])
        return text + rng.choice(["", "", ".5", ".123456"])
    return rng.choice(kind.enumeration) if kind.enumeration else _string(kind, rng)


def _integer(kind: SimpleType, rng: random.Random, spelling: bool) -> str:
    if kind.patterns:
        return kind.patterns[-1]
    assert kind.min_inclusive is not None
    assert kind.max_inclusive is not None
    low, high = kind.min_inclusive, kind.max_inclusive
    text = str(rng.choice([low, high, rng.randint(low, high)]))
    return rng.choice(["+", "0", "000", " "]) + text if spelling and rng.random() < 0.2 else text


def _string(kind: SimpleType, rng: random.Random) -> str:
    longest = kind.max_length or 40
    length = rng.choice([max(kind.min_length, 1), longest, rng.randint(max(kind.min_length, 1), longest)])
    pattern = kind.patterns[-1] if kind.patterns else ""
    digits = re.fullmatch(r"\[0-9\]\{(\d+)\}", pattern)
    if digits:
        return "".join(rng.choices("0123456789", k=int(digits[1])))
    if pattern.isalnum():
        return pattern
    alphabets = {"[0-9]*": "0123456789", "([a-zA-Z0-9])+": "abzAZ09", "([a-zA-ZÀ-ỳ])+": "abzAZÀỳé"}
    if pattern in alphabets:
        return "".join(rng.choices(alphabets[pattern], k=length))
    if pattern.startswith("(0|"):
        return ".".join(rng.choice(["0", "1", "10", "207"]) for _ in range(3))
    more = "" if pattern.startswith(".*") else "\n\r"
    text = "".join(rng.choices(_TEXT + more, k=length))
    return text if text.strip() or not pattern else "x" * length
