"""What an opened message carries, for the flow that owns its kind."""

from typing import Final

import msgspec

from gateway import berichten
from gateway.berichten import Reading
from gateway.domain.findings import Finding
from gateway.flows import canary
from gateway.flows.dispatch import Letter
from gateway.plans.exchange import SCHEMA
from gateway.securemail import Part

DECLARED: Final = frozenset({"application/json", "application/xml", "text/xml"})
_FAMILY: Final = SCHEMA.rpartition("/")[0]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The one payload of a message and the parts beside it."""

    kind: str  # plan, or the kind of an iWmo message
    content: bytes
    rest: tuple[Part, ...] = ()
    reading: Reading | None = None  # of an iWmo message that was read already


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The payload took effect, in this dossier; None if it is about no client."""

    dossier: str | None = None
    reply: Letter | None = None  # the return message that is owed for it


class Unusable(msgspec.Struct, frozen=True, kw_only=True):
    """The payload cannot be used; nothing of it took effect."""

    findings: tuple[Finding, ...]
    dossier: str | None = None  # whose it is, where that could be read
    early: bool = False  # nothing is wrong with it but the moment: kept, and the sender learns it was received (PL-73)


class _Named(msgspec.Struct, frozen=True):
    """A JSON document that says what it is."""

    schema: str


def kind_of(content: bytes) -> str | None:
    """What a part says it is, by its own bytes: `plan`, `canary`, the kind of an iWmo message; None for anything else.

    The root's namespace or the JSON schema decides, never a name or a media type (SM-62).
    """
    begin = content.lstrip(b" \t\r\n")[:1]
    if begin == b"<":
        return berichten.soort_of(content)
    if begin != b"{":
        return None
    if canary.is_canary(content):
        return canary.KIND
    try:
        named = msgspec.json.decode(content, type=_Named)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return "plan" if named.schema.rpartition("/")[0] == _FAMILY else None
