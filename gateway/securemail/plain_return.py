"""Mail of a provider without S/MIME: what its own mail provider says of where it came from (SM-107, RFC 8601).

Good enough to offer a form to a person who compares it; never a proof of origin, and never enough to act on.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.securemail.addresses import parse_address
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.payload import Part, read_parts
from gateway.securemail.refusal import Refusal
from gateway.securemail.scanner import Header, header_of, read_entity

_BY = re.compile(r"(?:^|\s)by\s+([A-Za-z0-9.-]+)", re.IGNORECASE)
_AROUND = re.compile(r"\s*([=./])\s*")
_UNSAFE = re.compile(r"[\s;=()]")


class Result(NamedTuple):
    """One statement: `dkim=pass header.d=zorg.example`."""

    method: str
    result: str
    properties: dict[str, str]


def vouched(raw: bytes, addresses: Sequence[str], authserv_id: str, limits: Limits = LIMITS) -> bool:
    """Whether our mail provider says that this mail is of the domain of its From, one of *addresses*.

    Counted is the one Authentication-Results of *authserv_id* that stands above the first `Received` of another host:
    what stands below it anybody can have written. DMARC must have passed, and a DKIM signature of that domain.
    """
    try:
        header = header_of(raw, limits)
    except Refusal:
        return False
    sender = parse_address(header.get("from") or "")
    if sender is None or "from" in header.repeated() or sender not in (each.lower() for each in addresses):
        return False
    ours = _ours(header, authserv_id.lower())
    if len(ours) != 1 or ours[0] is None:
        return False
    domain = sender.rpartition("@")[2]
    dmarc = [each for each in ours[0] if each.method == "dmarc"]
    if len(dmarc) != 1 or dmarc[0].result != "pass" or dmarc[0].properties.get("header.from", domain) != domain:
        return False
    return any(each.method == "dkim" and each.result == "pass" and _aligned(each, domain) for each in ours[0])


def attached(raw: bytes, limits: Limits = LIMITS) -> tuple[Part, ...]:
    """The parts of such a mail; none if it cannot be read strictly."""
    try:
        return read_parts(read_entity(raw, limits), limits)
    except Refusal:
        return ()


def _ours(header: Header, authserv_id: str) -> "list[list[Result] | None]":
    """The statements of our provider, above what came in from elsewhere; None for one that cannot be read."""
    found: list[list[Result] | None] = []
    for name, value in header.fields:
        lowered = name.lower()
        if lowered == "received" and not _is_own(value, authserv_id):
            break
        if lowered != "authentication-results":
            continue
        bare = _bare(value)
        if bare is None:
            found.append(None)
            continue
        first, *rest = bare.split(";")
        if (first.split() or [""])[0].lower() == authserv_id:
            found.append([result for part in rest if (result := _result(part)) is not None])
    return found


def _is_own(received: str, authserv_id: str) -> bool:
    """Whether a host of our provider wrote it: the one that judged, or another of the same domain."""
    written = _BY.search(received)
    if written is None:
        return False
    host = written[1].lower()
    parent = authserv_id.partition(".")[2]
    domain = parent if "." in parent else authserv_id
    return host in (authserv_id, domain) or host.endswith("." + domain)


def _bare(value: str) -> str | None:
    """Without comments, and with quoted strings made harmless; None if either does not end."""
    out, depth, quoted, skip = [], 0, False, False
    for c in value:
        if skip:
            skip = False
            if quoted:
                out.append(_UNSAFE.sub("_", c))
        elif c == "\\" and (quoted or depth):
            skip = True
        elif quoted:
            quoted = c != '"'
            if quoted:
                out.append(_UNSAFE.sub("_", c))
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            if depth < 0:
                return None
        elif depth:
            continue
        elif c == '"':
            quoted = True
        else:
            out.append(c)
    return None if depth or quoted or skip else "".join(out)


def _result(part: str) -> Result | None:
    words = _AROUND.sub(r"\1", part.strip()).lower().split()
    if not words or "=" not in words[0]:
        return None
    method, _, result = words[0].partition("=")
    pairs = [word.partition("=") for word in words[1:] if "=" in word]
    names = [name for name, _, _ in pairs]
    properties = {name: text for name, _, text in pairs if names.count(name) == 1}
    return Result(method.partition("/")[0], result, properties)


def _aligned(dkim: Result, domain: str) -> bool:
    """The signing domain is the sender's, or one above or below it (RFC 7489 relaxed; DMARC judged how far)."""
    signing = dkim.properties.get("header.d") or dkim.properties.get("header.i", "").rpartition("@")[2]
    if signing.count(".") < 1:
        return False
    return signing == domain or domain.endswith("." + signing) or signing.endswith("." + domain)
