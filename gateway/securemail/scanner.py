"""The one strict reader of header blocks and multiparts, outside and inside alike (SM-123, SM-127).

No two parsers may disagree about a message: whatever mail software reads in different ways is refused here, and no
byte may stand where it changes nothing. Everything raises `Refusal`; `opening` turns that into the answer.
"""

import binascii
import re
from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

import msgspec
import pybase64

from gateway.securemail.guard import remembered
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.refusal import malformed

#: Fields whose value decides something: 8-bit, a control character or an empty folded line in one refuses the block.
USED = frozenset(
    {
        *("from", "to", "cc", "date", "message-id", "in-reply-to", "references", "auto-submitted", "hp-outer"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition"),
        *("return-path", "received", "disposition-notification-to", "disposition-notification-options"),
    }
)
#: Fields of which a block has at most one, beside every Content-* field (section 5.1, step 2).
SINGLE = frozenset(
    {
        *("from", "sender", "reply-to", "to", "cc", "date", "subject", "auto-submitted", "mime-version"),
        *("message-id", "in-reply-to", "references"),
    }
)

# A field with its folded lines, and a whole block of them. Possessive: what is no block fails in linear time; in all
# their parts, for Python before 3.11.5 (Debian 12 has 3.11.2) goes wrong where a part may step back (gh-106052).
_VALUE = r"[^\r\n\x00]*+(?:\r?+\n[ \t][^\r\n\x00]*+)*+"
_FIELD = re.compile(rf"([!-9;-~]++):({_VALUE})")
_BLOCK = re.compile(rf"[!-9;-~]++:{_VALUE}(?:\r?+\n[!-9;-~]++:{_VALUE})*+\Z")
_TOKEN = r"[!#$%&'*+.^_`{|}~0-9A-Za-z-]+"
_TYPE = re.compile(rf"\s*({_TOKEN})/({_TOKEN})\s*")
_DISPOSITION = re.compile(rf"\s*({_TOKEN})\s*")
_PARAMETER = re.compile(rf';\s*({_TOKEN})=("(?:[^"\\\x00-\x1f]|\\[ -~])*"|[!#$%&\'*+.^_`{{|}}~0-9A-Za-z/:@=?,-]+)\s*')
_FILE_NAME_PARAMETER = re.compile(r"(?:file)?name\*(?:\d{1,2}\*?)?\Z")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]\Z")
_BLANK = b" \t\r\n"
_AT_ONCE = 262_144  # bytes of base64
_NO_BASE64 = "base64 bevat vreemde tekens of is afgebroken"
_PREAMBLE = re.compile(rb"[\x20-\x7e\t\r\n]*\Z")
# What is looked for is the fault: an expression for the whole body keeps a hundred bytes for each of its own.
_NO_QUOTED_PRINTABLE = re.compile(rb"[^\t\r\n -~]|=(?![0-9A-Fa-f]{2}|[ \t]*+\r?\n)")
_ESCAPED = re.compile(r"\\(.)")
_SHORT_BLOCK = 300
# Control characters pass for blanks here, for text there.
_TEXT = b"\t\r\n" + bytes(range(32, 127))
_NO_TEXT = re.compile(r"[^\t -~]")
_LONE_CR = re.compile(rb"\r(?!\n)")


class Header:
    """A header block: names as written, values unfolded, in order."""

    __slots__ = ("_by_name", "fields")

    def __init__(self, fields: tuple[tuple[str, str], ...]) -> None:
        self.fields = fields
        self._by_name: dict[str, list[str]] = {}
        for name, value in fields:
            self._by_name.setdefault(name.lower(), []).append(value)

    def all(self, name: str) -> Sequence[str]:
        """Every value of the field *name* (lower case), stripped."""
        return self._by_name.get(name, ())

    def get(self, name: str) -> str | None:
        """The first value of a field that stands at most once, or None."""
        values = self._by_name.get(name)
        return values[0] if values else None

    def repeated(self) -> Sequence[str]:
        """Names (lower case) that stand more than once."""
        return [name for name, values in self._by_name.items() if len(values) > 1]


class ContentType(msgspec.Struct, frozen=True):
    """A media type, lower case, with its parameters (names lower case, values as written)."""

    type: str
    parameters: dict[str, str]


class Span(NamedTuple):
    """Bytes where they stand in others: a message of 34 MB is not copied once for each part in it."""

    data: bytes
    start: int
    stop: int

    def cut(self) -> bytes:
        """The bytes themselves."""
        return self.data[self.start : self.stop]

    @property
    def view(self) -> memoryview:
        """The bytes, not copied."""
        return memoryview(self.data)[self.start : self.stop]


def whole(data: bytes) -> Span:
    """All of *data*."""
    return Span(data, 0, len(data))


class Entity(msgspec.Struct, frozen=True):
    """A MIME entity: its header and where its body stands."""

    header: Header
    place: Span  #: of the body
    type: ContentType
    encoding: str  #: 7bit, 8bit, quoted-printable or base64

    @property
    def body(self) -> bytes:
        """The body, cut out anew each time."""
        return self.place.cut()


class _Head(NamedTuple):
    """What the header block of an entity says."""

    header: Header
    type: ContentType
    encoding: str


def read_entity(data: bytes | Span, limits: Limits = LIMITS) -> Entity:
    """Split *data* into header and body and read the structural fields. Default type text/plain (RFC 2045 5.2)."""
    block, body = _split(data if isinstance(data, Span) else whole(data), limits)
    head = _read_repeated(block, limits) if len(block) <= _SHORT_BLOCK else _read_head(block, limits)
    return Entity(head.header, body, head.type, head.encoding)


def _read_head(block: bytes, limits: Limits) -> _Head:
    header = parse_header(block, limits)
    written = header.get("content-type")
    content_type = ContentType("text/plain", {}) if written is None else parse_content_type(written)
    encoding = (header.get("content-transfer-encoding") or "7bit").strip().lower()
    if encoding not in ("7bit", "8bit", "quoted-printable", "base64"):
        raise malformed("onbekende Content-Transfer-Encoding")
    if content_type.type.startswith("multipart/") and encoding not in ("7bit", "8bit"):
        raise malformed("Content-Transfer-Encoding op een multipart")
    return _Head(header, content_type, encoding)


#: The heads of parts: every message of a kind repeats them.
_read_repeated = remembered(_read_head)


def header_of(data: bytes, limits: Limits = LIMITS) -> Header:
    """The header block, without what follows its empty line."""
    return parse_header(_split(whole(data), limits)[0], limits)


def _split(span: Span, limits: Limits) -> tuple[bytes, Span]:
    """The bytes of the header block, and where those after its empty line stand."""
    data, start, stop = span
    if data.startswith((b"\r\n", b"\n"), start, stop):
        return b"", Span(data, data.index(b"\n", start) + 1, stop)
    end = _end_of_header(data, start, min(stop, start + limits.header_block + 4))
    if end >= 0:
        return data[start:end], Span(data, data.index(b"\n", end + 1) + 1, stop)
    if stop - start > limits.header_block:
        raise malformed("kop te groot")
    # A part may consist of a header only.
    return span.cut(), Span(data, stop, stop)


def _end_of_header(data: bytes, start: int, stop: int) -> int:
    """Where the line end before the first empty line stands (its LF), before *stop*; -1: nowhere."""
    crlf = data.find(b"\n\r\n", start, stop)
    lf = data.find(b"\n\n", start, crlf + 1 if crlf >= 0 else stop)
    return lf if lf >= 0 else crlf


def parse_header(block: bytes, limits: Limits = LIMITS) -> Header:
    """Read a header block without its closing empty line."""
    if len(block) > limits.header_block:
        raise malformed("kop te groot")
    text = block.removesuffix(b"\n").removesuffix(b"\r").decode("latin-1")
    if block and _BLOCK.match(text) is None:
        raise malformed("kopregel is niet van de vorm naam: waarde")
    found = _FIELD.findall(text)
    if len(found) > limits.header_fields:
        raise malformed("te veel kopvelden")
    header = Header(tuple((name, _unfold(name, value)) for name, value in found))
    if any(name in SINGLE or name.startswith("content-") for name in header.repeated()):
        raise malformed("kopveld staat er twee keer in")
    if block.translate(None, _TEXT) and any(_NO_TEXT.search(v) for name in USED for v in header.all(name)):
        raise malformed("8-bits tekens of stuurtekens in een kopveld dat telt")
    return header


def _unfold(name: str, value: str) -> str:
    """The value on one line: line ends, and the blanks before them, taken out."""
    if "\n" not in value:
        return value.strip(" \t")
    first, *more = (line.rstrip(" \t\r") for line in value.split("\n"))
    if name.lower() in USED and any(not line.strip(" \t") for line in more):
        raise malformed("lege vervolgregel")
    return "".join((first, *more)).strip(" \t")


def parse_content_type(value: str) -> ContentType:
    """Read a Content-Type strictly: no comments, each parameter once, RFC 2231 forms only for file names."""
    found = _TYPE.match(value)
    if found is None:
        raise malformed("Content-Type onleesbaar")
    return ContentType(f"{found[1]}/{found[2]}".lower(), _parameters(value, found.end()))


def parse_disposition(value: str) -> dict[str, str]:
    """The parameters of a Content-Disposition, read as strictly."""
    found = _DISPOSITION.match(value)
    if found is None:
        raise malformed("Content-Disposition onleesbaar")
    return _parameters(value, found.end())


def _parameters(value: str, at: int) -> dict[str, str]:
    parameters: dict[str, str] = {}
    while at < len(value):
        found = _PARAMETER.match(value, at)
        if found is None:
            if value[at:].strip(" \t") == ";":
                break
            raise malformed("parameter onleesbaar")
        name, text = found[1].lower(), found[2]
        if name in parameters or ("*" in name and not _FILE_NAME_PARAMETER.match(name)):
            raise malformed("parameter dubbel of in stukken")
        parameters[name] = _unquote(text) if text.startswith('"') else text
        at = found.end()
    return parameters


def _unquote(text: str) -> str:
    inner = text[1:-1]
    return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner


def boundary_of(content_type: ContentType, enclosing: Sequence[str] = ()) -> str:
    """The boundary of a multipart; refused if it could be mistaken for an enclosing one."""
    boundary = content_type.parameters.get("boundary", "")
    if not _BOUNDARY.match(boundary):
        raise malformed("scheidingsregel ontbreekt of is onbruikbaar")
    if any(boundary.startswith(b) or b.startswith(boundary) for b in enclosing):
        raise malformed("scheidingsregel lijkt op een omsluitende")
    return boundary


def parts_of(body: Span, boundary: str, limits: Limits = LIMITS) -> tuple[Span, ...]:
    """The parts of a multipart, each exactly the bytes between its boundary lines.

    The line end before a boundary belongs to the boundary (RFC 2046 5.1.1). The preamble is short printable text, the
    epilogue only blanks and line ends, the closing line present (SM-123).
    """
    data, start, stop = body
    mark = b"--" + boundary.encode("ascii")
    parts: list[Span] = []
    part_at: int | None = None
    line = start if data.startswith(mark, start, stop) else _next_line(body, mark, start)
    while line >= 0:
        after = line + len(mark)
        closing = data.startswith(b"--", after, stop)
        end = _line_end(body, after + 2 if closing else after)
        if part_at is None:
            _check_preamble(Span(data, start, line), limits)
        else:
            parts.append(Span(data, part_at, max(part_at, _before_line_end(data, line))))
        if len(parts) > limits.parts:
            raise malformed("te veel onderdelen")
        if closing:
            if part_at is None or data[end:stop].strip(_BLANK):
                raise malformed("bytes na het laatste onderdeel")
            return tuple(parts)
        part_at = end
        line = end if data.startswith(mark, end, stop) else _next_line(body, mark, end)
    raise malformed("afsluitende scheidingsregel ontbreekt")


def _next_line(body: Span, mark: bytes, at: int) -> int:
    # The line end that precedes the mark may be the last byte before *at*.
    found = body.data.find(b"\n" + mark, max(at - 1, body.start), body.stop)
    return found + 1 if found >= 0 else -1


def _before_line_end(data: bytes, line: int) -> int:
    return line - 2 if data[line - 2 : line] == b"\r\n" else line - 1


def _line_end(body: Span, at: int) -> int:
    """Where the line after a boundary starts; anything but blanks behind the boundary is refused."""
    newline = body.data.find(b"\n", at, body.stop)
    if body.data[at : body.stop if newline < 0 else newline].strip(b" \t\r"):
        raise malformed("tekens achter een scheidingsregel")
    return body.stop if newline < 0 else newline + 1


def _check_preamble(preamble: Span, limits: Limits) -> None:
    if preamble.stop - preamble.start > limits.preamble or not _PREAMBLE.match(preamble.cut()):
        raise malformed("bytes voor het eerste onderdeel")


def decode_body(entity: Entity) -> bytes:
    """The content of a leaf part."""
    if entity.encoding == "base64":
        return decode_base64(entity.place)
    if entity.encoding == "quoted-printable":
        if _NO_QUOTED_PRINTABLE.search(*entity.place):
            raise malformed("quoted-printable onleesbaar")
        return binascii.a2b_qp(entity.body)
    return entity.body


def decode_base64(place: Span) -> bytes:
    """Base64 with blanks and line ends, padding at the end, nothing else and nothing after (SM-123).

    In pieces: of a large message no more is in memory than its bytes and what they are read as.
    """
    data, start, stop = place
    decoded, packed = BytesIO(), b""
    for at in range(start, stop, _AT_ONCE):
        packed += data[at : min(at + _AT_ONCE, stop)].translate(None, _BLANK)
        if (last := (len(packed) - 1) // 4 * 4) > 0:  # four characters that may be the last, with padding, wait
            if packed.endswith(b"=", 0, last):
                raise malformed(_NO_BASE64)
            decoded.write(_decode_packed(packed[:last]))
            packed = packed[last:]
    decoded.write(_decode_packed(packed))
    return decoded.getvalue()


def _decode_packed(packed: bytes) -> bytes:
    try:
        data = pybase64.b64decode(packed, validate=True)
    except ValueError:
        raise malformed(_NO_BASE64) from None
    # The unused bits before the padding are zero: other values would be bytes that change nothing.
    if packed.endswith(b"=") and pybase64.b64encode(data[-(len(data) % 3) :]) != packed[-4:]:
        raise malformed("base64 eindigt niet op zijn vaste vorm")
    return data


def canonical_lines(text: bytes) -> bytes:
    """Each lone LF made CRLF, once; a lone CR is refused (SM-27)."""
    if _LONE_CR.search(text):
        raise malformed("los CR-teken")
    # No CR stands alone: with as many of both, no LF does either.
    if text.count(b"\r") == text.count(b"\n"):
        return text
    return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
