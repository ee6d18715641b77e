"""Why a message breaks its schema: every fault at once, by our own walk of tree and schema.

libxml2 decides whether a message is valid; this module says what is wrong, for a person. It runs on invalid messages
only. libxml2 itself stops at the first fault in a sequence and speaks of facets and expanded names.
"""

import difflib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from lxml import etree

from gateway.berichten.faults import Fault
from gateway.berichten.schema_model import ComplexType, Element, Schema, SimpleType
from gateway.berichten.values import broken_facet

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_HARMLESS = {f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"}


def diagnose(root: etree._Element, schema: Schema) -> list[Fault]:
    """Every fault of an invalid message, in order of its lines. The root has the message's own namespace."""
    if etree.QName(root).localname != schema.root.name:
        name = etree.QName(root).localname
        words: dict[str, object] = {"name": name, "root": schema.root.name, "soort": schema.soort}
        return [Fault(kind="root", path=f"/{name}", line=root.sourceline, words=words)]
    return sorted(_element(root, schema.root, f"/{schema.root.name}"), key=lambda f: f.line or 0)


def _element(node: etree._Element, element: Element, path: str) -> Iterator[Fault]:
    if any(name not in _HARMLESS for name in node.attrib):
        yield Fault(kind="attribute", path=path, line=node.sourceline, words={"name": element.name})
    if isinstance(element.type, SimpleType):
        yield from _value(node, element, element.type, path)
    else:
        yield from _sequence(node, element, element.type, path)


def _value(node: etree._Element, element: Element, kind: SimpleType, path: str) -> Iterator[Fault]:
    if len(node):
        yield Fault(kind="children", path=path, line=node.sourceline, words={"name": element.name})
        return
    text = node.text or ""
    broken = broken_facet(kind, text)
    if broken is not None:
        yield Fault(
            kind=broken.kind,
            path=path,
            line=node.sourceline,
            value=text if kind.enumeration or broken.kind == "fixed" else None,
            type=kind.name,
            facet=broken.facet,
            words={"name": element.name, **broken.words},
        )


def _sequence(node: etree._Element, element: Element, kind: ComplexType, path: str) -> Iterator[Fault]:
    places = {e.name: i for i, e in enumerate(kind.elements)}
    kids = [(kid, etree.QName(kid).localname) for kid in node if isinstance(kid.tag, str)]
    known = [(kid, name) for kid, name in kids if name in places]
    if any(text and text.strip() for text in (node.text, *(kid.tail for kid in node))):
        yield Fault(kind="text", path=path, line=node.sourceline, words={"name": element.name})
    yield from _strangers(kids, element, kind, path)
    yield from _counts(node, known, element, kind, path)
    yield from _order(known, element, kind, places, path)
    seen: Counter[str] = Counter()
    for kid, name in known:
        seen[name] += 1
        child = kind.elements[places[name]]
        index = f"[{seen[name]}]" if child.repeats else ""
        yield from _element(kid, child, f"{path}/{name}{index}")


def _strangers(
    kids: list[tuple[etree._Element, str]], element: Element, kind: ComplexType, path: str
) -> Iterator[Fault]:
    """Elements that do not belong here, and the first one whose name is right but whose namespace is not."""
    names = {e.name: e for e in kind.elements}
    astray = False
    for kid, name in kids:
        words: dict[str, object] = {"name": name, "parent": element.name, "namespace": kind.namespace}
        if name not in names:
            words["hint"] = _hint(name, list(names))
            yield Fault(kind="unexpected", path=f"{path}/{name}", line=kid.sourceline, words=words)
        elif kid.tag != names[name].tag and not astray:
            astray = True
            yield Fault(kind="namespace", path=f"{path}/{name}", line=kid.sourceline, words=words)


def _hint(name: str, names: list[str]) -> tuple[str, str]:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    if close:
        return f"Bedoeld is misschien `{close[0]}`.", f"Perhaps `{close[0]}` is meant."
    return "Verwijder het element.", "Remove the element."


def _counts(
    node: etree._Element, known: list[tuple[etree._Element, str]], element: Element, kind: ComplexType, path: str
) -> Iterator[Fault]:
    counts = Counter(name for _, name in known)
    for position, child in enumerate(kind.elements):
        count = counts[child.name]
        words: dict[str, object] = {"name": child.name, "parent": element.name}
        if count < child.minimum:
            words["place"] = _place(kind, position, counts, element.name)
            yield Fault(kind="missing", path=f"{path}/{child.name}", line=node.sourceline, words=words)
        elif child.maximum is not None and count > child.maximum:
            extra = [kid for kid, name in known if name == child.name][child.maximum]
            words |= {"count": count, "maximum": child.maximum}
            yield Fault(kind="too many", path=f"{path}/{child.name}", line=extra.sourceline, words=words)


def _order(
    known: list[tuple[etree._Element, str]], element: Element, kind: ComplexType, places: dict[str, int], path: str
) -> Iterator[Fault]:
    """The fewest elements that must move: those outside the longest run that is in order."""
    counts = Counter(name for _, name in known)
    for index in sorted(set(range(len(known))) - _longest_run([places[name] for _, name in known])):
        kid, name = known[index]
        maximum = kind.elements[places[name]].maximum
        if maximum is not None and counts[name] > maximum:
            continue  # already reported: it occurs too often
        place = _place(kind, places[name], counts, element.name)
        words: dict[str, object] = {"name": name, "parent": element.name, "place": place}
        yield Fault(kind="order", path=f"{path}/{name}", line=kid.sourceline, words=words)


def _place(kind: ComplexType, position: int, present: Counter[str], parent: str) -> tuple[str, str]:
    """Where an element belongs: after its nearest predecessor that is there."""
    for before in reversed(kind.elements[:position]):
        if present[before.name]:
            return f"na `{before.name}`", f"after `{before.name}`"
    return f"aan het begin van `{parent}`", f"at the start of `{parent}`"


def _longest_run(positions: list[int]) -> set[int]:
    """Indexes of a longest non-decreasing subsequence."""
    tails: list[int] = []  # last index of the best run of each length
    values: list[int] = []
    previous: list[int] = []
    for index, position in enumerate(positions):
        length = bisect_right(values, position)
        previous.append(tails[length - 1] if length else -1)
        if length == len(tails):
            tails.append(index)
            values.append(position)
        else:
            tails[length], values[length] = index, position
    run: set[int] = set()
    index = tails[-1] if tails else -1
    while index >= 0:
        run.add(index)
        index = previous[index]
    return run
