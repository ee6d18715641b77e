"""One linear pass over tag and length bytes, before asn1crypto sees anything (SM-21, SM-126).

The pass enforces the limits, joins a constructed content string once, and hands on a *skeleton*: the same structure
with definite lengths and an empty content. So asn1crypto only ever reads a small, bounded, definite-length structure,
and 18 MB of content are not copied once a level. Elements that already had a definite length are copied byte for
byte: certificates and names keep the bytes over which signatures and comparisons go.
"""

import msgspec

from gateway.securemail import der
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.refusal import malformed

_CONSTRUCTED = 0x20
_CONTEXT_0 = 0x80  # without the constructed bit
_CONTENT_DEPTH = 4  # ContentInfo / [0] / body / EncryptedContentInfo or EncapsulatedContentInfo / [0]


class Cms(msgspec.Struct, frozen=True):
    """A CMS structure, split."""

    skeleton: bytes  #: the structure without its content
    content: bytes | memoryview | None  #: joined contents of the content string; None if there is none


def read_cms(data: bytes, limits: Limits = LIMITS) -> Cms:
    """Split *data*, one ContentInfo in BER or DER and nothing after it; `Refusal` malformed past a limit."""
    walker = _Walker(data, limits, wants_content=True)
    return Cms(walker.whole(), walker.content)


def check(data: bytes, limits: Limits = LIMITS) -> None:
    """Hold a certificate, CRL or OCSP response to the limits; `Refusal` malformed past one."""
    _Walker(data, limits, wants_content=False).whole()


class _Walker:
    """The pass itself: one instance per structure."""

    def __init__(self, data: bytes, limits: Limits, *, wants_content: bool) -> None:
        self.raw = data
        self.view = memoryview(data)
        self.limits = limits
        self.wants_content = wants_content
        self.content: bytes | memoryview | None = None
        self.count = 0
        self.outside = 0

    def whole(self) -> bytes:
        end, piece = self.walk(0, len(self.raw), 0, in_body=False)
        if end != len(self.raw):
            raise malformed("bytes na het einde van de ASN.1-structuur")
        return self.raw if piece is None else piece

    def head(self, at: int, end: int) -> tuple[int, int, int | None]:
        """Tag byte, start of the contents and their size (None: indefinite) of the element at *at*."""
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
                return tag, start, None
            width = size & 0x7F
            if width > 5 or start + width > end:
                raise malformed("ASN.1-lengte onleesbaar")
            size = int.from_bytes(raw[start : start + width], "big")
            start += width
        if start + size > end:
            raise malformed("ASN.1-element loopt buiten zijn omhulsel")
        return tag, start, size

    def walk(self, at: int, end: int, depth: int, *, in_body: bool) -> tuple[int, bytes | None]:
        """Where the element at *at* ends, and its replacement; None: the bytes as they stand."""
        limits = self.limits
        self.enter()
        tag, start, size = self.head(at, end)
        if in_body and tag & ~_CONSTRUCTED == _CONTEXT_0:
            return self.take_content(tag, start, size, end, depth)
        if tag & _CONSTRUCTED:
            return self.constructed(tag, at, start, size, end, depth)
        assert size is not None  # head() refuses an indefinite primitive
        self.outside += size + start - at
        if self.outside > limits.structure:
            raise malformed("te veel ASN.1 buiten de inhoud")
        if (tag == der.OID and size > limits.oid) or (tag == der.INTEGER and size > limits.integer):
            raise malformed("OID of getal te lang")
        return start + size, None

    def enter(self) -> None:
        self.count += 1
        if self.count > self.limits.elements:
            raise malformed("te veel ASN.1-elementen")

    def constructed(
        self, tag: int, at: int, start: int, size: int | None, end: int, depth: int
    ) -> tuple[int, bytes | None]:
        if depth > self.limits.ber_depth:
            raise malformed("ASN.1 te diep genest")
        stop = end if size is None else start + size
        # Only among the children of the content info of the body may the content string stand.
        in_body = self.wants_content and depth == _CONTENT_DEPTH - 1 and tag == der.SEQUENCE
        pieces: list[bytes | memoryview] = []
        changed = size is None
        pos = kept = start
        while not (self.at_end_mark(pos, stop) if size is None else pos == stop):
            after, replacement = self.walk(pos, stop, depth + 1, in_body=in_body)
            if replacement is not None:
                pieces += (self.view[kept:pos], replacement)
                kept = after
                changed = True
            pos = after
        after = pos + 2 if size is None else pos
        if not changed:
            return after, None
        pieces.append(self.view[kept:pos])
        return after, der.element(tag, b"".join(pieces))

    def at_end_mark(self, pos: int, stop: int) -> bool:
        """Whether the two zero bytes that close an indefinite length stand at *pos*."""
        if pos + 2 > stop:
            raise malformed("einde van een ASN.1-element ontbreekt")
        return self.raw[pos] == 0 and self.raw[pos + 1] == 0

    def take_content(self, tag: int, start: int, size: int | None, end: int, depth: int) -> tuple[int, bytes]:
        """[0] of the content info: implicit string in an envelope, explicit around one in signed data."""
        if self.content is not None:
            raise malformed("tweede inhoud in de CMS-structuur")
        if not tag & _CONSTRUCTED:
            assert size is not None
            self.content = self.view[start : start + size]
            return start + size, b"\x80\x00"
        segments: list[memoryview] = []
        stop = end if size is None else start + size
        pos = self.join(segments, start, stop, depth + 1, indefinite=size is None)
        self.content = segments[0] if len(segments) == 1 else b"".join(segments)
        return pos, b"\xa0\x02\x04\x00"

    def join(self, into: list[memoryview], pos: int, stop: int, depth: int, *, indefinite: bool) -> int:
        """Collect the segments of a constructed string; where it ends."""
        if depth > self.limits.ber_depth:
            raise malformed("ASN.1 te diep genest")
        while not (self.at_end_mark(pos, stop) if indefinite else pos == stop):
            tag, start, size = self.head(pos, stop)
            if tag & ~_CONSTRUCTED != der.OCTET_STRING:
                raise malformed("inhoud is geen octet string")
            if tag & _CONSTRUCTED:
                self.enter()
                inner = stop if size is None else start + size
                pos = self.join(into, start, inner, depth + 1, indefinite=size is None)
            else:
                assert size is not None
                pos = start + size
                into.append(self.view[start:pos])
                if len(into) > self.limits.segments:
                    raise malformed("inhoud in te veel stukken")
        return pos + 2 if indefinite else pos
