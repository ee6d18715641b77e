"""What an opened message carries, for the flow that owns its kind."""

import msgspec

from gateway.domain.findings import Finding
from gateway.securemail import Part


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The one payload of a message and the parts beside it."""

    kind: str  # plan, or the kind of an iWmo message
    content: bytes
    rest: tuple[Part, ...] = ()


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The payload took effect, in this dossier; None if it is about no client."""

    dossier: str | None = None


class Unusable(msgspec.Struct, frozen=True, kw_only=True):
    """The payload cannot be used; nothing of it took effect."""

    findings: tuple[Finding, ...]
    dossier: str | None = None  # whose it is, where that could be read
    early: bool = False  # nothing is wrong with it but the moment: kept, and the sender learns it was received (PL-73)
