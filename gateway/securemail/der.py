"""Write DER (X.690), the few types that CMS needs (SM-9, SM-140, appendix A of the secure-mail specification).

Every function takes contents and returns one complete element, tag and length included. There is no
reader here: what came in is read by `ber` and asn1crypto.
"""

from datetime import UTC, datetime
from functools import lru_cache

NULL = b"\x05\x00"

SEQUENCE, SET = 0x30, 0x31
INTEGER, BIT_STRING, OCTET_STRING, OID = 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18


def element(tag: int, contents: bytes) -> bytes:
    """One element with a one-byte tag; the length in as few bytes as possible (X.690 10.1)."""
    size = len(contents)
    if size < 0x80:
        return bytes((tag, size)) + contents
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + contents


def header(tag: int, size: int) -> bytes:
    """Tag and length only, for contents that are joined later (one copy fewer of 18 MB)."""
    if size < 0x80:
        return bytes((tag, size))
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length


def sequence(*items: bytes) -> bytes:
    return element(SEQUENCE, b"".join(items))


def set_of(*items: bytes) -> bytes:
    """SET OF, its elements sorted as DER asks (X.690 11.6)."""
    return element(SET, b"".join(sorted(items)))


def integer(value: int) -> bytes:
    """INTEGER, two's complement; a non-negative value with its high bit set gets a leading zero byte."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    return element(OCTET_STRING, value)


def bits(value: bytes) -> bytes:
    """BIT STRING of whole bytes."""
    return element(BIT_STRING, b"\x00" + value)


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return element(OID, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(arc: int) -> bytes:
    out = [arc & 0x7F]
    while arc := arc >> 7:
        out.append(0x80 | (arc & 0x7F))
    return bytes(reversed(out))


def time(moment: datetime) -> bytes:
    """UTCTime up to and including 2049, GeneralizedTime from 2050 (RFC 5652 11.3); whole seconds, UTC."""
    utc = moment.astimezone(UTC)
    if 1950 <= utc.year < 2050:
        return element(UTC_TIME, utc.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return element(GENERALIZED_TIME, f"{utc.year:04d}{utc:%m%d%H%M%S}Z".encode("ascii"))


def explicit(number: int, contents: bytes) -> bytes:
    """[number] EXPLICIT, or IMPLICIT over a constructed type whose contents are given."""
    return element(0xA0 | number, contents)


def implicit(number: int, contents: bytes) -> bytes:
    """[number] IMPLICIT over a primitive type."""
    return element(0x80 | number, contents)
