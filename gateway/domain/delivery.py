"""What one attempt to hand a message to the next machine needs, and what it gave (secure-mail 9.3, 10.2).

Transports make an `Outcome`, the store keeps it; neither knows the other, so the words stand here.
"""

from typing import Literal

import msgspec

Phase = Literal["connect", "tls", "ehlo", "auth", "mail", "rcpt", "data"]
"""How far the dialogue came. `data` is everything from the DATA command to the reply after the final dot (SM-86)."""

Verdict = Literal["submitted", "deferred", "failed", "uncertain", "channel"]
"""What the attempt means for the message; `channel`: our own way out is broken, the message is untouched (SM-89)."""

TEXT_MAX = 200  # characters kept of a reply: enough for a queue id or a reason, bounded against a hostile relay


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """One transmission: the envelope and exactly these bytes."""

    message_id: str  # the Message-ID inside `wire`; stays the same over all attempts
    sender: str  # envelope sender; empty for receipts (SM-68)
    recipient: str  # the one envelope recipient (SM-13)
    envelope_id: str  # 32 hex, new for each transmission: what a bounce is correlated by (SM-71)
    wire: bytes  # the sealed message, CRLF line ends (SM-91)
    wants_dsn: bool  # ask for delivery status; never for receipts (SM-68)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one attempt. `text` is the other side's: cut, escaped, masked, never interpreted (SM-85, SM-151)."""

    verdict: Verdict
    phase: Phase  # where it ended
    reason: str | None = None  # our own short word: address, policy, too-large, protocol, auth, tls, timeout …
    code: int | None = None  # SMTP reply code
    enhanced: str | None = None  # RFC 3463, if its class equals the first digit of the code
    text: str | None = None  # reply text, holds the relay's queue id when submitted
    remote: str | None = None  # host:port spoken to
    tls: str | None = None  # version and cipher
    recipient: str | None = None  # who it was for; a run of policy refusals is counted over different recipients


Admission = Literal["whole", "look", "header", "leave"]
"""How far a message is fetched from a mailbox: whole, whole to be judged again, header, not (SM-144)."""
