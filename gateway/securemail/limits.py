"""The limits that hold before anything is parsed (SM-19, SM-126)."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on one received message; each is configurable, the defaults are those of SM-19."""

    message: int = 50_000_000  #: bytes of the raw message
    header_block: int = 65_536  #: bytes of one header block
    header_fields: int = 200
    received_fields: int = 30  #: more is a mail loop (SM-77)
    parts: int = 50  #: leaf parts of the signed entity
    part_depth: int = 5
    preamble: int = 1_024  #: bytes before the first boundary (SM-123)
    recipients: int = 50
    certificates: int = 10
    attributes: int = 64
    ber_depth: int = 16  #: constructed elements below the outermost (CAdES attributes need them all)
    segments: int = 100_000  #: of a constructed content string
    elements: int = 5_000  #: tag-length-value elements outside the content
    structure: int = 262_144  #: bytes outside the content
    oid: int = 32  #: bytes
    integer: int = 1_100  #: bytes


LIMITS = Limits()

#: A fetched CRL: up to a million entries of at most eight elements each (SM-126).
CRL_LIMITS = Limits(elements=8_000_000, structure=100_000_000)
