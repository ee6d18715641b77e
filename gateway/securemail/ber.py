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


class _Open:
    """A constructed element that is being walked."""

    __slots__ = ("at", "indefinite", "kept", "pieces", "stop", "tag")

    def __init__(self, tag: int, at: int, start: int, stop: int, *, indefinite: bool) -> None:
        self.tag = tag
        self.at = at  # of its tag
        self.stop = stop  # of its contents; of what surrounds it if its own length is indefinite
        self.indefinite = indefinite
        self.pieces: list[bytes | memoryview] | None = [] if indefinite else None  # None: nothing changed inside
        self.kept = start  # contents up to here are in pieces

    def replace(self, view: memoryview, at: int, after: int, piece: bytes) -> None:
        """Put *piece* in place of the bytes from *at* to *after*."""
        self.pieces = self.pieces or []
        self.pieces += (view[self.kept : at], piece)
        self.kept = after


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

    def head(self, at: int, end: int) -> tuple[int, int, int]:
        """Tag byte, start of the contents and where they stop (-1: indefinite) of the element at *at*."""
        raw = self.raw
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

    def skeleton(self) -> bytes:
        """Walk to the end; the structure with definite lengths and without content."""
        raw, limits = self.raw, self.limits
        outermost = _Open(der.SEQUENCE, 0, 0, len(raw), indefinite=False)
        top, stack = outermost, [outermost]
        pos = 0
        while True:
            while pos == top.stop if not top.indefinite else self.at_end_mark(pos, top.stop):
                if top is outermost:
                    return self.finish(outermost)
                pos = self.close(stack, pos)
                top = stack[-1]
            if top is outermost and pos:
                raise malformed("bytes na het einde van de ASN.1-structuur")
            # Inlined from head(): nearly every element has a short length, and this loop is the cost of the pass.
            tag, size = raw[pos], raw[pos + 1] if pos + 1 < top.stop else 0x80
            start = pos + 2
            stop = start + size
            if size >= 0x80 or tag & 0x1F == 0x1F or stop > top.stop:
                tag, start, stop = self.head(pos, top.stop)
            if tag & _CONSTRUCTED or tag == _CONTEXT_0:
                if tag & ~_CONSTRUCTED == _CONTEXT_0 and self.is_content_place(stack):
                    pos = self.take_content(top, tag, pos, start, stop, len(stack) - 1)
                    continue
                if tag & _CONSTRUCTED:
                    if tag == _CERTIFICATES and stop > 0 and self.passed_over(pos, stop, len(stack) - 1):
                        pos = stop
                        continue
                    self.enter(len(stack) - 1)
                    top = _Open(tag, pos, start, top.stop if stop < 0 else stop, indefinite=stop < 0)
                    stack.append(top)
                    pos = start
                    continue
            self.count(1, stop - pos)
            if (tag == der.OID and stop - start > limits.oid) or (tag == der.INTEGER and stop - start > limits.integer):
                raise malformed("OID of getal te lang")
            pos = stop

    def finish(self, outermost: _Open) -> bytes:
        if not self.raw:
            raise malformed("lege ASN.1-structuur")
        if outermost.pieces is None:
            return self.raw
        return b"".join((*outermost.pieces, self.view[outermost.kept :]))

    def enter(self, depth: int) -> None:
        """Count a constructed element, *depth* levels below the outermost."""
        self.count(1, 0)
        if depth > self.limits.ber_depth:
            raise malformed("ASN.1 te diep genest")

    def count(self, elements: int, size: int) -> None:
        self.elements += elements
        self.outside += size
        if self.elements > self.limits.elements or self.outside > self.limits.structure:
            raise malformed("te veel ASN.1 buiten de inhoud")

    def passed_over(self, pos: int, stop: int, depth: int) -> bool:
        """Whether the element is a certificate set that was measured as a whole."""
        if not self.wants_content or depth != _CONTENT_INFO_DEPTH:
            return False
        measured = _measure(bytes(self.view[pos:stop]), self.limits)
        if measured is not None:
            self.count(*measured)
        return measured is not None

    def close(self, stack: list[_Open], pos: int) -> int:
        """End the innermost element; where the next one starts."""
        done = stack.pop()
        after = pos + 2 if done.indefinite else pos
        if done.pieces is not None:
            contents = b"".join((*done.pieces, self.view[done.kept : pos]))
            stack[-1].replace(self.view, done.at, after, der.element(done.tag, contents))
        return after

    def at_end_mark(self, pos: int, stop: int) -> bool:
        """Whether the two zero bytes that close an indefinite length stand at *pos*."""
        if pos + 2 > stop:
            raise malformed("einde van een ASN.1-element ontbreekt")
        return self.raw[pos] == 0 and self.raw[pos + 1] == 0

    def is_content_place(self, stack: list[_Open]) -> bool:
        return self.wants_content and len(stack) == _CONTENT_INFO_DEPTH + 2 and stack[-1].tag == der.SEQUENCE

    def take_content(self, top: _Open, tag: int, at: int, start: int, stop: int, depth: int) -> int:
        """[0] of the content info: implicit string in an envelope, explicit around one in signed data."""
        if self.content is not None:
            raise malformed("tweede inhoud in de CMS-structuur")
        if not tag & _CONSTRUCTED:
            self.content = self.view[start:stop]
            top.replace(self.view, at, stop, b"\x80\x00")
            return stop
        segments: list[memoryview] = []
        after = self.join(segments, start, top.stop if stop < 0 else stop, depth, indefinite=stop < 0)
        self.content = segments[0] if len(segments) == 1 else b"".join(segments)
        top.replace(self.view, at, after, b"\xa0\x02\x04\x00")
        return after

    def join(self, into: list[memoryview], pos: int, stop: int, depth: int, *, indefinite: bool) -> int:
        """Collect the segments of a constructed string; where it ends."""
        self.enter(depth)
        while not (self.at_end_mark(pos, stop) if indefinite else pos == stop):
            tag, start, end = self.head(pos, stop)
            if tag & ~_CONSTRUCTED != der.OCTET_STRING:
                raise malformed("inhoud is geen octet string")
            if tag & _CONSTRUCTED:
                pos = self.join(into, start, stop if end < 0 else end, depth + 1, indefinite=end < 0)
            else:
                pos = end
                into.append(self.view[start:end])
                if len(into) > self.limits.segments:
                    raise malformed("inhoud in te veel stukken")
        return pos + 2 if indefinite else pos
