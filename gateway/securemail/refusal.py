"""Why a message is refused: a value for the caller, an exception only between the steps of this room.

The reasons are exactly those of section 12 of the secure-mail specification. `Refused` is what callers get.
`Refusal` carries one from the depth of a parser to `opening`, which turns it into the value; it never leaves the room.
"""

from typing import Literal, get_args

import msgspec

Reason = Literal[
    "too-large",
    "malformed",
    "structure",
    "not-smime",
    "not-encrypted",
    "not-signed",
    "algorithm",
    "no-key",
    "decrypt",
    "signature",
    "signer-untrusted",
    "sender",
    "signer-expired",
    "signer-revoked",
    "revocation-unknown",
    "headers",
    "not-for-us",
    "date",
    "conflict",
    "loop",
    "payload",
]
REASONS: frozenset[str] = frozenset(get_args(Reason))


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The message goes to quarantine; nothing in it may be believed."""

    reason: Reason
    detail: str = ""  #: for people, Dutch; empty where a detail would help an attacker (SM-23)
    partner: str | None = None  #: whose address stands in the outer From; a claim, not a proof
    message_id: str | None = None  #: of the outer header; a claim as well


class Refusal(Exception):
    """Carries a reason from inside a step to the function that answers."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason: Reason = reason
        self.detail = detail


def malformed(detail: str) -> Refusal:
    """The most common refusal, short to write."""
    return Refusal("malformed", detail)
