"""The strict reader of header blocks and multiparts: where mail software disagrees, it refuses (SM-123, SM-127)."""

import binascii
import re
import sys
from collections.abc import Iterator
from re._constants import BRANCH, MAX_REPEAT, MIN_REPEAT, POSSESSIVE_REPEAT
from re._parser import SubPattern, parse
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.securemail import scanner
from gateway.securemail.limits import Limits
from gateway.securemail.refusal import Refusal
from tests.cost import calls, peak
from tests.securemail.world import split_multipart


def header(block: bytes) -> dict[str, str]:
    return dict(scanner.parse_header(block).fields)


def test_a_block_is_unfolded_and_kept_in_order():
    """Continuations join with their blank."""
    block = b"From: a@b.example\r\nSubject: een\r\n twee\r\nX-Leeg:\r\n"

    assert scanner.parse_header(block).fields == (("From", "a@b.example"), ("Subject", "een twee"), ("X-Leeg", ""))


@pytest.mark.parametrize(
    "block",
    [
        b"A: x\rB: y",  # `email` reads two fields
        b"From : z@y.example",  # `email` drops it
        b"From\t: z@y.example",
        b"geen veld",  # `email` ends the header here
        b": waarde",
        b" vervolg zonder veld",
        b"A: x\x00y",
        b"A: x\r\n y\x00",
        b"From: a@b.example\r\n \r\n x",
        b"From: \xc3\xa9@b.example",
        b"Content-Type:\x0btext/plain",  # `email` reads no type here
        b"Content-Transfer-Encoding: base64\x1c",
        b"Content-Type: text/plain;\x0cname=x",
        b"\xc3\xa9: x",
        b"A: x\r\n\rB: y",
        b"From: a@b.example\r\nFROM: c@d.example",
        b"Message-ID: <a@b>\r\nmessage-id: <c@d>",
        b"Content-Type: text/plain\r\nContent-type: text/html",
        b"Content-Foo: 1\r\nContent-Foo: 2",
        b"MIME-Version: 1.0\r\nMIME-Version: 1.0",
    ],
)
def test_sm127_a_block_that_others_read_differently_is_refused(block):
    """Lone CR, NUL, blank before the colon, other lines, double fields, 8-bit or controls where it counts."""
    with pytest.raises(Refusal):
        scanner.parse_header(block)


def test_sm127_fields_that_decide_nothing_may_be_odd():
    """8-bit in a Subject or a double Received is mail as it is."""
    block = b"Subject: caf\xe9\r\nReceived: a\r\nReceived: b\r\nX-Spam: \xff\r\n \r\n x"

    assert len(scanner.parse_header(block).fields) == 4


def test_sm19_a_block_has_limits():
    """64 KB and 200 fields."""
    scanner.parse_header(b"A: x\r\n" * 200)
    with pytest.raises(Refusal):
        scanner.parse_header(b"A: x\r\n" * 201)
    with pytest.raises(Refusal):
        scanner.header_of(b"A: " + b"x" * 70_000)
    with pytest.raises(Refusal):
        scanner.header_of(b"A: " + b"x" * 70_000 + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"A: x\r\n\r\nbody", b"body"),
        (b"A: x\n\nbody", b"body"),
        (b"A: x\r\n\r\n\r\nbody", b"\r\nbody"),
        (b"\r\nbody", b"body"),
        (b"\nbody", b"body"),
        (b"A: x\r\n", b""),
        (b"A: x", b""),
        (b"A: x\r\n\r\n", b""),
    ],
)
def test_the_body_starts_after_the_first_empty_line(data, body):
    """With CRLF or LF; a part may be a header only, or a body only."""
    assert scanner.read_entity(data).body == body


@pytest.mark.parametrize(
    ("value", "kind", "parameters"),
    [
        ("text/plain", "text/plain", {}),
        (" Text/PLAIN ; Charset=UTF-8", "text/plain", {"charset": "UTF-8"}),
        ('a/b; name="x \\" ; y"; q=1', "a/b", {"name": 'x " ; y', "q": "1"}),
        ("a/b; name*=utf-8''x%20y", "a/b", {"name*": "utf-8''x%20y"}),
        ("a/b; filename*0=x; filename*1*=y", "a/b", {"filename*0": "x", "filename*1*": "y"}),
        ("a/b;", "a/b", {}),
    ],
)
def test_content_types_are_read(value, kind, parameters):
    """Types lower case, quoted strings, RFC 2231 for file names."""
    read = scanner.parse_content_type(value)

    assert (read.type, read.parameters) == (kind, parameters)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "text",
        "text/plain (commentaar)",
        "text/plain; a=1; a=2",
        "text/plain; A=1; a=2",
        "multipart/mixed; boundary*0=a; boundary*1=b",
        "multipart/mixed; boundary*=utf-8''a",
        "text/plain; a",
        'text/plain; a="x',
        "text/plain; a=x y",
        "text/plain charset=x",
    ],
)
def test_sm127_content_types_that_others_read_differently_are_refused(value):
    """Comments, double or continued parameters, missing values."""
    with pytest.raises(Refusal):
        scanner.parse_content_type(value)


def multipart(*parts: bytes, preamble: bytes = b"", epilogue: bytes = b"\r\n") -> bytes:
    return preamble + b"".join(b"--b\r\n" + p + b"\r\n" for p in parts) + b"--b--" + epilogue


@given(
    st.lists(st.binary(max_size=60).filter(lambda p: b"--b" not in p and not p.endswith(b"\r")), min_size=1, max_size=5)
)
@settings(max_examples=60, deadline=None)
def test_parts_come_out_as_they_went_in(parts):
    """Exactly the bytes between the boundary lines."""
    assert split_multipart(multipart(*parts), "b") == tuple(parts)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b\r\nx",
        b"--b\r\nx\r\n--b",
        b"--b--\r\n",
        multipart(b"x", epilogue=b"\r\nmeer"),
        multipart(b"x", epilogue=b"\r\n\x00"),
        multipart(b"x", epilogue=b"-"),
        multipart(b"x", preamble=b"\xff\r\n"),
        multipart(b"x", preamble=b"a" * 1025 + b"\r\n"),
        multipart(b"x\r\n--bc\r\ny"),
        multipart(b"x\r\n--b x\r\ny"),
        multipart(*[b"x"] * 51),
    ],
)
def test_sm123_multiparts_with_bytes_in_odd_places_are_refused(body):
    """No closing line, something after it, before the first, or behind a boundary; too many parts."""
    with pytest.raises(Refusal):
        split_multipart(body, "b")


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (b"--b\r\n\r\n--b--", (b"",)),
        (b"--b\r\n--b--", (b"",)),
        (b"--b \t\r\nx\r\n--b-- \r\n \r\n", (b"x",)),
        (b"--b\nx\n--b--\n", (b"x",)),
        (b"--b\r\nx\n\r\n--b--", (b"x\n",)),
        (b"tekst\r\n--b\r\nx--b\r\n--b--", (b"x--b",)),
    ],
)
def test_boundaries_stand_at_the_start_of_a_line(body, parts):
    """Blanks may follow them; the line end before them is theirs."""
    assert split_multipart(body, "b") == parts


@pytest.mark.parametrize(
    ("boundary", "enclosing"),
    [("", ()), ("a" * 71, ()), ("a ", ()), ("a%b", ()), ("abc", ("ab",)), ("ab", ("abc",)), ("ab", ("ab",))],
)
def test_sm127_boundaries_that_can_be_mistaken_are_refused(boundary, enclosing):
    """1-70 characters of the RFC's set, none a prefix of an enclosing one."""
    with pytest.raises(Refusal):
        scanner.boundary_of(scanner.ContentType("multipart/mixed", {"boundary": boundary}), enclosing)


@pytest.mark.parametrize("encoding", ["uuencode", "x-uuencode", "binary", "7bit 8bit"])
def test_sm127_other_transfer_encodings_are_refused(encoding):
    """7bit, 8bit, quoted-printable, base64."""
    with pytest.raises(Refusal):
        scanner.read_entity(b"Content-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\nx")


def test_sm127_a_multipart_is_not_encoded():
    """7bit or 8bit only."""
    block = b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: "
    scanner.read_entity(block + b"8BIT\r\n\r\n")
    with pytest.raises(Refusal):
        scanner.read_entity(block + b"base64\r\n\r\n")


@given(st.binary(max_size=300), st.integers(1, 500))
def test_base64_comes_back(data, at_once):
    """With line ends and blanks in between, whole or in pieces of any size."""
    from gateway.securemail.layout import base64_lines

    assert decode_base64(base64_lines(data), at_once) == data


def decode_base64(body: bytes, at_once: int) -> bytes:
    """In pieces of so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "_AT_ONCE", at_once)
        return scanner.decode_base64(scanner.whole(body))


@pytest.mark.parametrize(
    "body", [b"QUF", b"QUFB=", b"=QUFB", b"QUFB====", b"QUE=QUE=", b"QUF-", b"QU\x00FB", b"QUF=", b"QR=="]
)
@pytest.mark.parametrize("at_once", [1, 3, 4, 5, 1000])
def test_sm123_base64_with_anything_else_is_refused(body, at_once):
    """Foreign characters, padding in the middle, missing, too much, or bits that change nothing."""
    with pytest.raises(Refusal):
        decode_base64(body, at_once)


@pytest.mark.parametrize(
    ("body", "content"),
    [(b"a=3Db", b"a=b"), (b"a=\r\nb", b"ab"), (b"een twee", b"een twee"), (b"a=20\r\n", b"a \r\n")],
)
def test_quoted_printable_is_decoded(body, content):
    """As RFC 2045 writes it."""
    entity = scanner.read_entity(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + body)

    assert scanner.decode_body(entity) == content


@pytest.mark.parametrize("body", [b"a=3", b"a=ZZ", b"\xe9", b"a=b", b"a\x00"])
def test_quoted_printable_with_anything_else_is_refused(body):
    """`=` is followed by two hex digits or a line end; no 8-bit."""
    entity = scanner.read_entity(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + body)

    with pytest.raises(Refusal):
        scanner.decode_body(entity)


@pytest.mark.parametrize(
    ("text", "canonical"), [(b"a\nb\r\nc", b"a\r\nb\r\nc"), (b"a\r\n", b"a\r\n"), (b"\n\n", b"\r\n\r\n"), (b"", b"")]
)
def test_sm27_lone_line_feeds_become_crlf(text, canonical):
    """Once, and nothing else changes."""
    assert scanner.canonical_lines(text) == canonical


@pytest.mark.parametrize("text", [b"a\rb", b"\r", b"\r\r\n", b"a\r;\nb", b"\n\r"])
def test_sm27_a_lone_cr_is_refused(text):
    """It is no line end."""
    with pytest.raises(Refusal):
        scanner.canonical_lines(text)


@given(
    st.binary(max_size=40).map(binascii.b2a_base64),
    st.integers(0, 60),
    st.sampled_from(b"=A/+-_Zz~ \n\r\t\x00\x80"),
    st.booleans(),
    st.integers(1, 100),
)
@settings(max_examples=400, deadline=None)
def test_sm123_as_strict_as_the_standard_library(text, at, odd, instead, at_once):
    """One character put in or changed: read exactly if the standard library's strict reader gives these bytes back."""
    body = text[:at] + bytes([odd]) + text[at + instead :]
    packed = bytes(c for c in body if c not in b" \t\r\n")
    try:
        expected = binascii.a2b_base64(packed, strict_mode=True)
    except binascii.Error:
        expected = None
    if expected is None or binascii.b2a_base64(expected, newline=False) != packed:
        with pytest.raises(Refusal):
            decode_base64(body, at_once)
    else:
        assert decode_base64(body, at_once) == expected


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a"])).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_sm27_line_ends_of_every_kind(text):
    """Byte by byte: refused for a CR that no LF follows, otherwise every LF has its CR and the rest is as it was."""
    if b"\r" in text.replace(b"\r\n", b""):
        with pytest.raises(Refusal):
            scanner.canonical_lines(text)
    else:
        assert scanner.canonical_lines(text) == text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_sm20_any_bytes_are_an_entity_or_a_refusal(data):
    """Nothing else is raised."""
    try:
        entity = scanner.read_entity(data, Limits())
        scanner.decode_body(entity)
        split_multipart(data, "b")
    except Refusal:
        pass


def test_sm127_five_megabytes_of_empty_parts_cost_little():
    """`email` takes seconds; the limit of 50 parts ends it."""
    data = b"--b\r\n\r\n" * 700_000

    def split() -> None:
        with pytest.raises(Refusal):
            split_multipart(data, "b")

    assert calls(split) < 5_000


@pytest.mark.parametrize(
    "read",
    [
        lambda size: lambda: scanner.canonical_lines(b"\n" * size),
        lambda size: (
            lambda: scanner.decode_body(
                scanner.read_entity(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=20" * (size // 3))
            )
        ),
        lambda size: lambda: scanner.decode_base64(scanner.whole(b"A" * (size - size % 4))),
    ],
    ids=["line ends", "quoted-printable", "base64"],
)
def test_sm19_reading_takes_a_few_times_the_size_in_memory(read):
    """A stranger chooses these bytes; an expression that remembers each of its steps takes a hundred times as much."""
    assert peak(read(300_000)) < 5 * 300_000


def stepping_back(parsed: Any, within: bool = False) -> Iterator[object]:
    """What may match in more than one way inside a possessive repeat of a group."""
    for op, argument in parsed:
        if within and (op is BRANCH or (op in (MAX_REPEAT, MIN_REPEAT) and argument[0] != argument[1])):
            yield op
        groups = argument if isinstance(argument, tuple | list) else [argument]
        inner = [each for group in groups for each in (group if isinstance(group, list) else [group])]
        for each in inner:
            if isinstance(each, SubPattern):
                yield from stepping_back(each, within or op is POSSESSIVE_REPEAT)


def test_possessive_repeats_hold_nothing_that_may_step_back() -> None:
    """Python before 3.11.5 matches that wrongly (gh-106052); on Debian 12, with 3.11.2, no header was read at all."""
    assert list(stepping_back(parse(r"(?:\r?\n)*+"))) == [MAX_REPEAT]
    assert list(stepping_back(parse(r"(?:a|bc)*+"))) == [BRANCH]
    assert list(stepping_back(parse(r"(?:\r?+\n[^a]*+)*+(?:a|bc)*"))) == []
    modules = [module for name, module in sys.modules.items() if name.startswith("gateway.")]
    patterns = {each for module in modules for each in vars(module).values() if isinstance(each, re.Pattern)}
    assert any("*+" in str(each.pattern) for each in patterns)
    assert [each for each in patterns if list(stepping_back(parse(each.pattern, each.flags)))] == []
