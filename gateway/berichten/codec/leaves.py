"""The values at the ends of the tree: text, whole numbers, dates, times, and what of their spelling is unusual.

The readers run on a tree that the XSD has accepted, so that they need no checks of their own.
"""

from collections.abc import Callable
from datetime import date, time
from typing import Any, TypeAlias, TypeVar

from lxml.etree import _Element

Node: TypeAlias = _Element
Odd: TypeAlias = list[_Element]  # elements whose text is not the canonical spelling of their value
T = TypeVar("T")
_from_iso = date.fromisoformat
_time_from_iso = time.fromisoformat


class Unholdable(ValueError):
    """A date that XSD allows and no calendar of ours holds: before year 1 or after year 9999."""

    def __init__(self, node: Node) -> None:
        super().__init__("date outside the years 1-9999")
        self.node = node


def parts(node: Node, tags: tuple[str | None, ...]) -> list[Any]:
    """The children, one for each of `tags`; None where an optional one is absent.

    `tags` holds the tag of an optional child and None for a required one: on a tree that the schema accepts a required
    child needs no look at its tag, which is the slow part, and nor does any child once nothing more can be absent.
    """
    kids: list[Any] = node[:]
    absent = len(tags) - len(kids)
    if not absent:
        return kids
    kids.append(None)
    found: list[Any] = []
    place = 0
    for tag in tags:
        kid = kids[place]
        if absent and tag is not None and (kid is None or kid.tag != tag):
            found.append(None)
            absent -= 1
        else:
            found.append(kid)
            place += 1
    return found


def but_one(node: Node, count: int, optional: int) -> list[Any]:
    """The children where one alone may be absent: their number tells whether it is, no tag needs to be looked at."""
    kids: list[Any] = node[:]
    if len(kids) < count:
        kids.insert(optional, None)
    return kids


def groups(node: Node, tags: tuple[str, ...]) -> list[Any]:
    """The children in a list for each tag, where a sequence holds a repeating element among others."""
    found: dict[Any, list[Node]] = {}
    for kid in node:
        found.setdefault(kid.tag, []).append(kid)
    return [found.get(tag, []) for tag in tags]


def many(read: Callable[[Node, Odd], T], node: Node | None, odd: Odd) -> tuple[T, ...]:
    """The parts in a list wrapper; nothing when the wrapper is absent."""
    return () if node is None else tuple([read(kid, odd) for kid in node[:]])


def texts(node: Node | None) -> tuple[str, ...]:
    """The texts in a list wrapper."""
    return () if node is None else tuple([kid.text or "" for kid in node[:]])


def whole(node: Node, odd: Odd) -> int:
    """xs:integer; +7, 007 and spaces around it are legal spellings of 7."""
    text = node.text or ""
    value = int(text)
    # Only a text that starts with 0, a sign or a blank, or ends in a blank, can be unusual.
    if (text[0] < "1" or text[-1] < "0") and str(value) != text:
        odd.append(node)
    return value


def day(node: Node, odd: Odd) -> date:
    """xs:date without time zone."""
    text = node.text or ""
    try:
        value = _from_iso(text)
    except ValueError:
        try:
            value = _from_iso(text.strip())
        except ValueError:
            raise Unholdable(node) from None
    if len(text) != 10:
        odd.append(node)
    return value


def moment(node: Node, odd: Odd) -> time:
    """xs:time without time zone; 24:00:00 is midnight, digits beyond microseconds are cut off."""
    text = node.text or ""
    if len(text) == 8 and text < "24":  # the usual spelling
        return _time_from_iso(text)
    clean = text.strip()
    if clean.startswith("24:"):
        clean = "00:00:00"
    value = _time_from_iso(clean[:15])
    if clock(value) != text:
        odd.append(node)
    return value


def clock(value: time) -> str:
    """A time in its canonical spelling: no zeros at the end of a fraction."""
    text = value.isoformat()
    return text.rstrip("0") if value.microsecond and value.tzinfo is None else text


def escape(text: str) -> str:
    """Text as XML character data. A carriage return is written as a reference, for a parser would drop it."""
    if text.isalnum():
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;") if "\r" in text else text
