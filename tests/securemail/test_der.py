"""Our DER is read back by asn1crypto as it was meant (SM-9, SM-140)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from asn1crypto import core
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.securemail import der

LENGTHS = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**24]


@pytest.mark.parametrize("size", LENGTHS)
def test_sm140_lengths(size):
    """Short and long forms, each as short as can be; `header` agrees with `element`."""
    content = bytes(size)
    written = der.octets(content)
    read = core.OctetString.load(written, strict=True)

    assert read.native == content
    assert read.dump(force=True) == written == der.header(der.OCTET_STRING, size) + content


@given(st.integers(min_value=0, max_value=2**160))
@example(0)
@example(127)
@example(128)
@example(2**159)
def test_sm140_integers(value):
    """Serials of 1-20 bytes with the high bit set get a leading zero."""
    written = der.integer(value)

    assert core.Integer.load(written, strict=True).native == value
    assert core.Integer(value).dump() == written


@given(
    st.lists(st.integers(min_value=0, max_value=2**40), min_size=1, max_size=8),
    st.sampled_from([(1, 2), (2, 5), (0, 39), (2, 100)]),
)
def test_sm140_object_identifiers(arcs, first):
    """Base 128, the first two arcs together."""
    dotted = ".".join(map(str, (*first, *arcs)))
    written = der.oid(dotted)

    assert core.ObjectIdentifier.load(written, strict=True).dotted == dotted
    assert core.ObjectIdentifier(dotted).dump() == written


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
@example(datetime(2049, 12, 31, 23, 59, 59))  # noqa: DTZ001
@example(datetime(2050, 1, 1))  # noqa: DTZ001
def test_sm140_times_on_both_sides_of_2050(moment):
    """UTCTime up to 2049, GeneralizedTime from 2050; whole seconds, UTC."""
    aware = moment.replace(tzinfo=timezone(timedelta(hours=2)))
    written = der.time(aware)
    kind = core.UTCTime if aware.astimezone(UTC).year < 2050 else core.GeneralizedTime

    if aware.astimezone(UTC).year >= 1950:
        assert kind.load(written, strict=True).native == aware.replace(microsecond=0)


@given(st.lists(st.binary(max_size=6), max_size=6))
def test_sm140_a_set_of_is_sorted(values):
    """In the order of the encoded elements."""
    written = der.set_of(*map(der.octets, values))

    assert core.SetOf.load(written, spec=core.OctetString, strict=True).dump(force=True) == written


def test_tags():
    """Explicit, implicit, sequence and bit string."""
    assert der.explicit(1, der.NULL) == b"\xa1\x02\x05\x00"
    assert der.implicit(2, b"x") == b"\x82\x01x"
    assert der.sequence(der.NULL, der.NULL) == b"\x30\x04\x05\x00\x05\x00"
    assert der.bits(b"\xff") == b"\x03\x02\x00\xff"
