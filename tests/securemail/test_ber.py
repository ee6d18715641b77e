"""The linear pass before asn1crypto: limits hold, content is joined once, the rest keeps its bytes (SM-21, SM-126)."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from asn1crypto import cms
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.securemail import ber, der, profiles
from gateway.securemail.limits import Limits
from gateway.securemail.refusal import Refusal
from tests.cost import is_linear

DATA = der.oid(profiles.DATA)


def indefinite(tag: int, *items: bytes) -> bytes:
    return bytes((tag, 0x80)) + b"".join(items) + b"\x00\x00"


def envelope(content: bytes, *, recipients: bytes = b"", wrap=der.sequence) -> bytes:
    """The shape of EnvelopedData with *content* as the whole [0]."""
    info = wrap(DATA, der.sequence(der.oid(profiles.AES256_CBC.oid), der.octets(bytes(16))), content)
    return wrap(
        der.oid(profiles.ENVELOPED_DATA), der.explicit(0, wrap(der.integer(0), der.element(der.SET, recipients), info))
    )


def test_content_is_cut_out_of_definite_lengths():
    """One primitive string, no copy; the skeleton is what an empty content would be."""
    cms = ber.read_cms(envelope(der.implicit(0, b"geheim")))

    assert bytes(cms.content) == b"geheim"
    assert cms.skeleton == envelope(der.implicit(0, b""))


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=20), st.booleans(), st.booleans())
@settings(max_examples=80)
def test_sm21_segments_are_joined(segments, indefinite_content, indefinite_rest):
    """Constructed, nested, definite or indefinite: the content is the joined segments, the skeleton definite.

    It says no more of them than whether there are several side by side.
    """
    pieces = [der.octets(s) for s in segments]
    pieces[0] = indefinite(0x24, pieces[0])
    content = indefinite(0xA0, *pieces) if indefinite_content else der.explicit(0, b"".join(pieces))
    wrap = (lambda *items: indefinite(0x30, *items)) if indefinite_rest else der.sequence

    cms = ber.read_cms(envelope(content, wrap=wrap))

    assert bytes(cms.content) == b"".join(segments)
    assert cms.skeleton == envelope(der.explicit(0, der.octets(b"") * min(len(pieces), 2)))


def test_certificates_keep_their_bytes():
    """A definite element inside an indefinite one is copied as it is, also with a length in long form."""
    odd = b"\x30\x81\x03\x02\x01\x05"  # not DER: the length could be shorter
    cms = ber.read_cms(envelope(der.implicit(0, b"x"), recipients=odd, wrap=lambda *items: indefinite(0x30, *items)))

    assert odd in cms.skeleton


DEEP = b"\x05\x00"
for _ in range(18):
    DEEP = der.sequence(DEEP)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x05\x05\x00",  # longer than what is there
        b"\x30\x80\x05\x00",  # no end
        b"\x30\x80\x05\x00\x00",
        b"\x04\x80\x00\x00",  # indefinite primitive
        b"\x30\x86\x00\x00\x00\x00\x00\x00",
        b"\x3f\x81\x01\x00",  # high tag
        b"\x30\x84\xff\xff\xff\xff",
        b"\x05\x00\x05\x00",  # something after it
        b"\x30\x00\x00",
        der.sequence(der.element(der.OID, b"\x2a" * 33)),
        der.sequence(der.element(der.INTEGER, b"\x01" * 1101)),
        der.sequence(b"\x05\x00" * 5001),
        der.sequence(der.octets(bytes(262_145))),
        DEEP,
    ],
)
def test_sm126_every_limit_refuses(data):
    """Depth, elements, size, OID, INTEGER, lengths and tags."""
    for read in (ber.check, ber.read_cms):
        with pytest.raises(Refusal):
            read(data)


def test_sm19_limits_are_inclusive():
    """What is exactly at the limit passes."""
    ber.check(der.sequence(der.element(der.OID, b"\x2a" * 32), der.element(der.INTEGER, b"\x01" * 1100)))
    ber.check(der.sequence(b"\x05\x00" * 4999))
    ber.check(DEEP[2:])


@pytest.mark.parametrize(
    "content",
    [
        der.explicit(0, der.integer(1)),
        der.explicit(0, der.octets(b"x") + b"\x04"),
        indefinite(0xA0, der.octets(b"x"))[:-1],
        der.implicit(0, b"a") + der.implicit(0, b"b"),
        b"\xa0\x80" + b"\x24\x80" * 20,
    ],
)
def test_content_that_is_no_octet_string_is_refused(content):
    """Other segments, cut off, twice, or nested too deep."""
    with pytest.raises(Refusal):
        ber.read_cms(envelope(content))


def test_sm19_too_many_segments():
    """100 000 at most."""
    with pytest.raises(Refusal):
        ber.read_cms(envelope(der.explicit(0, b"\x04\x01x" * 11)), Limits(segments=10))
    assert bytes(ber.read_cms(envelope(der.explicit(0, b"\x04\x01x" * 10)), Limits(segments=10)).content) == b"x" * 10


@pytest.mark.parametrize(
    "data",
    [
        der.sequence(der.element(der.OID, b"\x2a" * 400_000)),
        envelope(der.implicit(0, b"x"), recipients=b"\x30\x00" * 3_000_000),
        envelope(der.explicit(0, b"\x04\x01x" * 1_000_000)),
        b"\x30\x80" * 500_000,
    ],
    ids=["long OID", "3 million recipients", "1 million segments", "nesting"],
)
def test_sm126_what_costs_asn1crypto_seconds_is_refused_at_once(data, monkeypatch):
    """An OID of 400 KB takes it 22 s: the pass over tags and lengths refuses before asn1crypto sees a byte."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("asn1crypto was asked")

    monkeypatch.setattr(cms.ContentInfo, "load", never)
    with pytest.raises(Refusal):
        ber.read_cms(data)


def test_sm21_18_mb_in_4_kb_segments_are_joined_in_linear_time():
    """asn1crypto's own join takes seconds."""

    def reading(segments: int) -> Callable[[], object]:
        data = envelope(indefinite(0xA0, *[der.octets(bytes(4096))] * segments))
        return lambda: ber.read_cms(data)

    assert (
        len(ber.read_cms(envelope(indefinite(0xA0, *[der.octets(bytes(4096))] * 4_400))).content or b"") == 4096 * 4_400
    )
    assert is_linear(reading, 2_200)


@given(st.binary(max_size=120))
@settings(max_examples=200)
def test_sm20_any_bytes_are_read_or_refused(data):
    """Nothing else is raised."""
    for read in (ber.check, ber.read_cms):
        with suppress(Refusal):
            read(data)


INDEFINITE = b"\x30\x80\x00\x00"
SEQUENCE = der.sequence(der.integer(5), der.explicit(0, der.octets(b"x")), der.octets(b"y"))


def test_fields_are_found_by_their_place():
    """What may be left out is `ABSENT`; what may be of any type is taken as it is."""
    whole = ber.only(SEQUENCE)

    assert [f.whole for f in ber.fields(whole, der.INTEGER, -0xA0, ber.ANY, -0xA1)] == [
        der.integer(5),
        der.explicit(0, der.octets(b"x")),
        der.octets(b"y"),
        b"",
    ]
    assert ber.fields(whole, der.INTEGER, -0xA0, der.OCTET_STRING, ber.ANY_OR_ABSENT)[3] is ber.ABSENT


@pytest.mark.parametrize(
    "places",
    [
        (der.INTEGER,),
        (der.INTEGER, -0xA1, der.OCTET_STRING),
        (der.OCTET_STRING, -0xA0, der.OCTET_STRING),
        (der.INTEGER, -0xA0, der.OCTET_STRING, ber.ANY),
    ],
    ids=["two too many", "another optional one", "another type", "one missing"],
)
def test_fields_of_another_structure_are_refused(places):
    """Each in its place and nothing beside them."""
    with pytest.raises(Refusal):
        ber.fields(ber.only(SEQUENCE), *places)


@pytest.mark.parametrize("tag", [der.SET, 0xA0, 0x10])
def test_fields_are_those_of_a_sequence(tag):
    """Whatever else has the same contents is not one."""
    with pytest.raises(Refusal):
        ber.fields(ber.only(der.element(tag, der.integer(5))), der.INTEGER)


@pytest.mark.parametrize(
    "data", [b"", SEQUENCE * 2, SEQUENCE[:-1], SEQUENCE + b"\x00", b"\x30\x80\x00\x00", b"\x3f\x01"]
)
def test_one_whole_element_and_nothing_beside_it(data):
    """Cut off, doubled, followed by something, of indefinite length, with a long tag."""
    with pytest.raises(Refusal):
        ber.only(data)


@given(st.lists(st.tuples(st.integers(0, 30), st.binary(max_size=300))))
@settings(max_examples=100, deadline=None)
def test_elements_come_back(pairs):
    """Tag and contents of each, in order, every byte of them."""
    data = b"".join(der.element(tag, contents) for tag, contents in pairs)

    found = ber.elements(data)

    assert [(e.tag, e.contents) for e in found] == pairs
    assert b"".join(e.whole for e in found) == data
