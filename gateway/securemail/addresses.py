"""Mail addresses and Message-IDs, read strictly (SM-52, SM-60, SM-61)."""

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDR_SPEC = rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+\Z")
_PLAIN = re.compile(rf"({_ADDR_SPEC})\Z")
_NAMED = re.compile(rf'(?:"(?:[^"\\\x00-\x1f]|\\[ -~])*"|[^"<>@,;:()\\\x00-\x1f]*)\s*<({_ADDR_SPEC})>\Z')
_COMMENT = re.compile(r"\([^()\\\x00-\x1f]*\)")
# A quoted string that is not closed takes the rest: tried anew at each quote inside it, 64 KB would take a minute.
_QUOTED_OR_COMMA = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|,')
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>\Z")
_MAX_ADDRESS = 254


def parse_address(value: str) -> str | None:
    """The one addr-spec in a `From` value, lower case; None for anything but exactly one.

    Display name and comments are ignored. Groups, lists, encoded words in the address, quoted local parts, non-ASCII
    and control characters give None: whoever reads such a field leniently may read another address than we do.
    """
    if not value.isascii() or len(value) > 998:
        return None
    # A comment may not hide inside a quoted name: with quotes present nothing is removed.
    text = (value if '"' in value else _COMMENT.sub(" ", value)).strip(" \t")
    found = _PLAIN.match(text) or _NAMED.match(text)
    if found is None:
        return None
    address = found[1]
    if "=?" in address or len(address) > _MAX_ADDRESS:
        return None
    return address.lower()


def parse_addresses(value: str) -> tuple[str, ...]:
    """The addresses in a `To` or `Cc` value; entries that are not one plain address are left out."""
    pieces, start = [], 0
    for found in _QUOTED_OR_COMMA.finditer(value):
        if found[0] == ",":
            pieces.append(value[start : found.start()])
            start = found.end()
    pieces.append(value[start:])
    return tuple(a for a in map(parse_address, pieces) if a is not None)


def is_address(value: str) -> bool:
    """Whether *value* is one bare addr-spec, as configuration and envelopes hold it."""
    return _PLAIN.match(value) is not None and "=?" not in value and len(value) <= _MAX_ADDRESS


def is_domain(value: str) -> bool:
    """Whether *value* is an ASCII domain name of at least two labels."""
    return len(value) <= 253 and _DOMAIN.match(value) is not None


def domain_of(address: str) -> str:
    """The domain of an addr-spec, lower case."""
    return address.rpartition("@")[2].lower()


def is_message_id(value: str) -> bool:
    """Whether *value* is one Message-ID, angle brackets included (RFC 5322 3.6.4, without the obsolete forms)."""
    return _MESSAGE_ID.match(value) is not None
