"""A message without content that shows whether a partner can open what we seal, and answers (SM-64, SM-70).

Its signed receipt is the proof: the partner decrypted, verified and stored exactly these bytes.
"""

import secrets
from typing import Final

import msgspec

from gateway.flows.dispatch import send
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.securemail import Attachment, Message
from gateway.store import OutboxItem, Unit

KIND: Final = "canary"


class _Canary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole content: a random number."""

    proefbericht: str


def send_canary(unit: Unit, us: Surroundings, to: PartnerRecord) -> int:
    """Put a canary for a partner in the outbox; its number there. It takes the same route as everything else."""
    number = secrets.token_hex(16)
    message = Message(
        sender=us.ourselves.address,
        recipient=to.address,
        subject=f"Proefbericht {number[:8]}",
        parts=(
            Attachment(None, "text/plain; charset=utf-8", b"Proefbericht: u hoeft niets te doen.\r\n"),
            Attachment("proefbericht.json", "application/json", msgspec.json.encode(_Canary(number))),
        ),
        wants_receipt=True,
    )
    return send(unit, us, to, message, kind=KIND)


def is_canary(content: bytes) -> bool:
    """Whether a JSON payload is a canary: then nothing is to be done but to answer."""
    try:
        msgspec.json.decode(content, type=_Canary)
    except msgspec.DecodeError:
        return False
    return True


def last_canary(unit: Unit, code: str) -> OutboxItem | None:
    """The newest canary for a partner; `received` means that the partner proved it can open our mail."""
    return unit.outbox.last(partner=code, kind=KIND)
