"""Small wrongs done to a valid message: elements dropped, doubled, moved, renamed; values at and past every edge."""

import random
from collections.abc import Callable

from lxml import etree

from gateway.berichten.reading import walk
from gateway.berichten.schema_model import Schema, SimpleType

XSI = "http://www.w3.org/2001/XMLSchema-instance"


def mutate(root: etree._Element, schema: Schema, rng: random.Random) -> str:
    """One mutation somewhere in the message, described; half of them in a value."""
    known = [(path, node, schema.leaves.get(_plain(path))) for path, node in walk(root, schema)]
    values = [(path, node, kind) for path, node, kind in known if kind is not None]
    others = [node for node in root.iter("*") if node is not root]
    if not others:
        return "nothing left"
    if values and rng.random() < 0.5:
        path, leaf, kind = rng.choice(values)
        leaf.text = rng.choice(edges(kind))
        return f"{path} = {leaf.text!r}"
    node = rng.choice(others)
    change = rng.choice(_CHANGES)
    name = etree.QName(node).localname
    change(node, rng)
    return f"{change.__name__} {name}"


def _plain(path: str) -> str:
    return "/".join(step.partition("[")[0] for step in path.split("/"))


def edges(kind: SimpleType) -> list[str]:
    """Values at, just inside and just past every facet, good and bad ones."""
    values = ["", " ", "x", "0", "-1", "1.5", "é", "\n", "\t1", "9" * 30, "a\nb", "\u00a0"]
    if kind.enumeration:
        values += [
            kind.enumeration[0],
            kind.enumeration[-1],
            kind.enumeration[0] + " ",
            kind.enumeration[0].lower(),
            "ZZ",
        ]
    for bound in (kind.min_inclusive, kind.max_inclusive):
        if bound is not None:
            values += [
                str(bound - 1),
                str(bound),
                str(bound + 1),
                f"+{bound}",
                f"000{bound}",
                f" {bound} ",
                f"-{bound}",
            ]
    for length in (kind.min_length, kind.max_length):
        for step in (-1, 0, 1):
            size = max(0, (length or 1) + step)
            values += ["a" * size, "7" * size, "é" * size]
    if kind.base == "date":
        values += ["2026-01-01", "2026-02-29", "2024-02-29", "2026-1-1", "2026-01-01Z", "2026-01-01+01:00", "20260101"]
        values += ["10000-01-01", "-0001-01-01", "0000-01-01", " 2026-01-01 "]
    if kind.base == "time":
        values += ["00:00:00", "24:00:00", "23:59:60", "12:00", "12:00:00Z", "12:00:00+01:00", "12:00:00.000000001"]
    values += ["1.0.0", "1.0", "01.0.0", "1234", "12345678", "123456789", "A1b2", "A-1", "414", "03", "3", "+3"]
    return values


def drop(node: etree._Element, rng: random.Random) -> None:
    parent(node).remove(node)


def double(node: etree._Element, rng: random.Random) -> None:
    copy = etree.fromstring(etree.tostring(node, with_tail=False))
    node.addnext(copy)


def move(node: etree._Element, rng: random.Random) -> None:
    home = parent(node)
    home.remove(node)
    home.insert(rng.randint(0, len(home)), node)


def rename(node: etree._Element, rng: random.Random) -> None:
    other = rng.choice(list(node.getroottree().getroot().iter("*")))
    node.tag = rng.choice([str(other.tag), f"{{{etree.QName(node).namespace}}}Verkeerd", f"{node.tag}s"])


def rehome(node: etree._Element, rng: random.Random) -> None:
    spaces = ["urn:x", "", *{etree.QName(n).namespace or "" for n in node.getroottree().getroot().iter("*")}]
    space, name = rng.choice(spaces), etree.QName(node).localname
    node.tag = f"{{{space}}}{name}" if space else name


def attribute(node: etree._Element, rng: random.Random) -> None:
    names = ["x", f"{{{XSI}}}nil", f"{{{XSI}}}schemaLocation", "{http://www.w3.org/XML/1998/namespace}lang"]
    name = rng.choice(names)
    node.set(name, "urn:a b" if name.endswith("schemaLocation") else rng.choice(["true", "nl"]))


def mixed(node: etree._Element, rng: random.Random) -> None:
    node.tail = rng.choice(["x", " ", "\n\t"])


def nest(node: etree._Element, rng: random.Random) -> None:
    etree.SubElement(node, rng.choice(["x", str(node.tag)]))


def swap(node: etree._Element, rng: random.Random) -> None:
    other = node.getnext()
    if other is not None:
        other.addnext(node)


def parent(node: etree._Element) -> etree._Element:
    found = node.getparent()
    assert found is not None
    return found


_CHANGES: list[Callable[[etree._Element, random.Random], None]] = [
    drop,
    double,
    move,
    rename,
    rehome,
    attribute,
    mixed,
    nest,
    swap,
]
