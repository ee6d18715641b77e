"""One linear pass over tag and length bytes, before asn1crypto sees anything (SM-21, SM-126).

The pass enforces the limits, joins a constructed content string once, and hands on a *skeleton*: the same structure
with definite lengths and an empty content. So asn1crypto only ever reads a small, bounded, definite-length structure,
and 18 MB of content are not copied once a level. Elements that already had a definite length are copied byte for
byte: certificates and names keep the bytes over which signatures and comparisons go.
"""

import msgspec

from gateway.securemail import der
from gateway.securemail.guard import remembered
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.refusal import malformed

_CONSTRUCTED = 0x20
_CERTIFICATES = 0xA0  # [0] of SignedData
_CONTEXT_0 = 0x80  # without the constructed bit
# ContentInfo / [0] / body / EncryptedContentInfo or EncapsulatedContentInfo: only there content is looked for.
_CONTENT_INFO_DEPTH = 3
_CONTENT_DEPTH = 4
_TOO_MUCH = "te veel ASN.1 buiten de inhoud"
_TOO_DEEP = "ASN.1 te diep genest"


class Element(msgspec.Struct, frozen=True, gc=False):
    """One element of a structure that `read_cms` has passed."""

    tag: int  #: the one tag byte; 0: left out (`ABSENT`)
    whole: bytes  #: tag and length included
    contents: bytes


ABSENT = Element(0, b"", b"")


def elements(contents: bytes) -> list[Element]:
    """The elements of definite length that stand one after another in *contents*; `Refusal` malformed."""
    found: list[Element] = []
    pos, end = 0, len(contents)
    while pos < end:
        tag, size = contents[pos], contents[pos + 1] if pos + 1 < end else 0x80
        start = pos + 2
        stop = start + size
        if size >= 0x80 or tag & 0x1F == 0x1F or stop > end:
            tag, start, stop = _head(contents, pos, end)
            if stop < 0:
                raise malformed("onbepaalde lengte waar die niet mag staan")
        found.append(Element(tag, contents[pos:stop], contents[start:stop]))
        pos = stop
    return found


#: Places in `fields`, beside tags.
ANY, ANY_OR_ABSENT = 0, -1


def only(contents: bytes) -> Element:
    """The one element in *contents*; `Refusal` malformed if there are others or none."""
    found = elements(contents)
    if len(found) != 1:
        raise malformed("niet precies een ASN.1-element")
    return found[0]


def fields(sequence: Element, *places: int) -> list[Element]:
    """The fields of a SEQUENCE, one for each of *places*: a tag, or minus the tag of a field that may be `ABSENT`.

    `Refusal` malformed for a field that is missing, of another type, or too many.
    """
    if sequence.tag != der.SEQUENCE:
        raise malformed("CMS-veld is geen SEQUENCE")
    found: list[Element] = []
    present = elements(sequence.contents)
    number, at = len(present), 0
    for place in places:
        if at < number and (place in (ANY, ANY_OR_ABSENT) or present[at].tag == abs(place)):
            found.append(present[at])
            at += 1
        elif place < 0:
            found.append(ABSENT)
        else:
            raise malformed("CMS-veld ontbreekt of is van een ander soort")
    if at < number:
        raise malformed("CMS-veld te veel")
    return found


class Cms(msgspec.Struct, frozen=True):
    """A CMS structure, split."""

    skeleton: bytes  #: the structure without its content
    content: bytes | memoryview | None  #: joined contents of the content string; None if there is none


def read_cms(data: bytes, limits: Limits = LIMITS) -> Cms:
    """Split *data*, one ContentInfo in BER or DER and nothing after it; `Refusal` malformed past a limit."""
    walk = _Walk(data, limits, wants_content=True)
    return Cms(walk.skeleton(), walk.content)


def check(data: bytes, limits: Limits = LIMITS) -> None:
    """Hold a certificate, CRL or OCSP response to the limits; `Refusal` malformed past one."""
    _Walk(data, limits).skeleton()


@remembered
def _measure(certificates: bytes, limits: Limits) -> tuple[int, int] | None:
    """Elements and primitive bytes of a certificate set; None if it cannot stay as it is.

    Remembered, because every message of a partner carries the same set and walking it is the larger part of the pass.
    """
    walk = _Walk(certificates, msgspec.structs.replace(limits, ber_depth=limits.ber_depth - _CONTENT_INFO_DEPTH))
    return (walk.elements, walk.outside) if walk.skeleton() is certificates else None


def _head(raw: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag byte, start of the contents and where they stop (-1: indefinite) of the element at *at* of *raw*."""
    if at + 2 > end:
        raise malformed("ASN.1-element afgebroken")
    tag, size = raw[at], raw[at + 1]
    if tag & 0x1F == 0x1F:
        raise malformed("ASN.1-tag van meer dan een byte")
    start = at + 2
    if size >= 0x80:
        if size == 0x80:
            if not tag & _CONSTRUCTED:
                raise malformed("onbepaalde lengte op een enkelvoudig element")
            return tag, start, -1
        width = size & 0x7F
        if width > 5 or start + width > end:
            raise malformed("ASN.1-lengte onleesbaar")
        size = int.from_bytes(raw[start : start + width], "big")
        start += width
    if start + size > end:
        raise malformed("ASN.1-element loopt buiten zijn omhulsel")
    return tag, start, start + size


class _Change:
    """How the contents of an open element differ from the bytes as received: pieces, up to a position."""

    __slots__ = ("kept", "pieces")

    def __init__(self, start: int) -> None:
        self.kept = start  # contents up to here are in pieces
        self.pieces: list[bytes | memoryview] = []


class _Walk:
    """The pass itself, one instance per structure; without recursion, so that depth costs nothing."""

    def __init__(self, data: bytes, limits: Limits, *, wants_content: bool = False) -> None:
        self.raw = data
        self.view = memoryview(data)
        self.limits = limits
        self.wants_content = wants_content
        self.content: bytes | memoryview | None = None
        self.elements = 0
        self.outside = 0  # bytes of primitive elements outside the content
        self.changes: dict[int, _Change] = {}  # by depth of the open element
        self.strings = 0  # side by side in the content

    def skeleton(self) -> bytes:
        """Walk to the end; the structure with definite lengths and without content."""
        raw, limits = self.raw, self.limits
        # The innermost open element: where it and its contents start, where it stops (the stop of what surrounds it
        # if its own length is indefinite). At depth 0 that is the data as a whole.
        at, start, stop, indefinite = 0, 0, len(raw), False
        surrounding: list[tuple[int, int, int, bool]] = []
        depth = pos = 0
        while True:
            while self.at_end_mark(pos, stop) if indefinite else pos == stop:
                if not depth:
                    return self.finish()
                if depth in self.changes:
                    self.close(depth, at, pos, surrounding[-1][1], indefinite=indefinite)
                if indefinite:
                    pos += 2
                at, start, stop, indefinite = surrounding.pop()
                depth -= 1
            if pos and not depth:
                raise malformed("bytes na het einde van de ASN.1-structuur")
            # Inlined from _head(): nearly every element has a short length, and this loop is the cost of the pass.
            tag, size = raw[pos], raw[pos + 1] if pos + 1 < stop else 0x80
            inside = pos + 2
            end = inside + size
            if size >= 0x80 or tag & 0x1F == 0x1F or end > stop:
                tag, inside, end = _head(raw, pos, stop)
            if tag & 0xDF == _CONTEXT_0 and depth == _CONTENT_DEPTH and self.wants_content and raw[at] == der.SEQUENCE:
                pos = self.take_content(depth, start, pos, inside, end, stop)
                continue
            self.elements += 1
            if tag & _CONSTRUCTED:
                if tag == _CERTIFICATES and depth == _CONTENT_INFO_DEPTH and self.passed_over(pos, end):
                    pos = end
                    continue
                if self.elements > limits.elements:
                    raise malformed(_TOO_MUCH)
                if depth > limits.ber_depth:
                    raise malformed(_TOO_DEEP)
                surrounding.append((at, start, stop, indefinite))
                at, start, indefinite = pos, inside, end < 0
                depth += 1
                pos = inside
                if indefinite:
                    self.changes[depth] = _Change(start)
                else:
                    stop = end
                continue
            self.outside += end - pos
            if self.elements > limits.elements or self.outside > limits.structure:
                raise malformed(_TOO_MUCH)
            if (tag == der.OID and end - inside > limits.oid) or (tag == der.INTEGER and end - inside > limits.integer):
                raise malformed("OID of getal te lang")
            pos = end

    def finish(self) -> bytes:
        if not self.raw:
            raise malformed("lege ASN.1-structuur")
        change = self.changes.get(0)
        return self.raw if change is None else b"".join((*change.pieces, self.view[change.kept :]))

    def replace(self, depth: int, start: int, at: int, after: int, piece: bytes) -> None:
        """In the open element at *depth*, contents from *start*, put *piece* in place of the bytes *at* to *after*."""
        change = self.changes.get(depth)
        if change is None:
            change = self.changes[depth] = _Change(start)
        change.pieces += (self.view[change.kept : at], piece)
        change.kept = after

    def close(self, depth: int, at: int, pos: int, start: int, *, indefinite: bool) -> None:
        """End the changed element at *depth*, of which the contents stop at *pos*; *start* as in what surrounds it."""
        change = self.changes.pop(depth)
        contents = b"".join((*change.pieces, self.view[change.kept : pos]))
        self.replace(depth - 1, start, at, pos + 2 if indefinite else pos, der.element(self.raw[at], contents))

    def count(self, elements: int, size: int) -> None:
        self.elements += elements
        self.outside += size
        if self.elements > self.limits.elements or self.outside > self.limits.structure:
            raise malformed(_TOO_MUCH)

    def passed_over(self, pos: int, end: int) -> bool:
        """Whether the element is a certificate set that was measured as a whole."""
        if not self.wants_content or end < 0:
            return False
        measured = _measure(self.raw[pos:end], self.limits)
        if measured is None:
            return False
        self.count(measured[0] - 1, measured[1])  # the set itself is counted
        return True

    def at_end_mark(self, pos: int, stop: int) -> bool:
        """Whether the two zero bytes that close an indefinite length stand at *pos*."""
        if pos + 2 > stop:
            raise malformed("einde van een ASN.1-element ontbreekt")
        return self.raw[pos] == 0 and self.raw[pos + 1] == 0

    def take_content(self, depth: int, start: int, at: int, inside: int, end: int, stop: int) -> int:
        """[0] of the content info: implicit string in an envelope, explicit around one in signed data."""
        if self.content is not None:
            raise malformed("tweede inhoud in de CMS-structuur")
        if not self.raw[at] & _CONSTRUCTED:
            self.content = self.view[inside:end]
            self.replace(depth, start, at, end, b"\x80\x00")
            return end
        segments: list[memoryview] = []
        after = self.join(segments, inside, stop if end < 0 else end, depth, indefinite=end < 0)
        self.content = segments[0] if len(segments) == 1 else b"".join(segments)
        # Empty strings in their place, of more than two only two: who wants one string sees that there are others.
        self.replace(depth, start, at, after, der.element(0xA0, b"\x04\x00" * min(self.strings, 2)))
        return after

    def join(self, into: list[memoryview], pos: int, stop: int, depth: int, *, indefinite: bool) -> int:
        """Collect the segments of a constructed string; where it ends."""
        self.count(1, 0)
        if depth > self.limits.ber_depth:
            raise malformed(_TOO_DEEP)
        while not (self.at_end_mark(pos, stop) if indefinite else pos == stop):
            tag, start, end = _head(self.raw, pos, stop)
            if tag & ~_CONSTRUCTED != der.OCTET_STRING:
                raise malformed("inhoud is geen octet string")
            self.strings += depth == _CONTENT_DEPTH
            if tag & _CONSTRUCTED:
                pos = self.join(into, start, stop if end < 0 else end, depth + 1, indefinite=end < 0)
            else:
                pos = end
                into.append(self.view[start:end])
                if len(into) > self.limits.segments:
                    raise malformed("inhoud in te veel stukken")
        return pos + 2 if indefinite else pos
