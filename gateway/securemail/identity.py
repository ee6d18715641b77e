"""Whether a message came before: identity, duplicates, conflicts, loops (SM-76, SM-77, SM-125, SM-131)."""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from gateway.securemail.refusal import Refusal


class Accepted(msgspec.Struct, frozen=True):
    """A message that was accepted before; registered only in the transaction that accepted it."""

    message_id: str
    mic: bytes
    cms_sha256: bytes  #: of the CMS bytes first accepted


def _nothing(partner: str, message_id: str, mic: bytes) -> Sequence[Accepted]:
    return ()


def _no_message_of_ours(message_id: str) -> bool:
    return False


class Identities(msgspec.Struct, frozen=True):
    """What the caller remembers: two questions to its store."""

    #: accepted messages of the partner with this Message-ID or this MIC
    accepted: Callable[[str, str, bytes], Sequence[Accepted]] = _nothing
    #: whether the Message-ID is one that we made ourselves
    ours: Callable[[str], bool] = _no_message_of_ours


NOTHING_SEEN = Identities()


class Identity(msgspec.Struct, frozen=True):
    """How a message relates to earlier ones."""

    state: Literal["new", "duplicate"]
    #: a duplicate that may get the first receipt again: the same CMS bytes, or an envelope that cannot be an oracle
    receipt_again: bool = False


def identify(
    identities: Identities, partner: str, message_id: str, mic: bytes, cms_sha256: bytes, *, is_cbc: bool
) -> Identity:
    """`Refusal` conflict for a known Message-ID with another content, loop for a Message-ID of our own."""
    if identities.ours(message_id):
        raise Refusal("loop", "eigen bericht kwam terug")
    earlier = identities.accepted(partner, message_id, mic)
    same = [a for a in earlier if a.mic == mic]
    if same:
        return Identity("duplicate", receipt_again=not is_cbc or any(a.cms_sha256 == cms_sha256 for a in same))
    if any(a.message_id == message_id for a in earlier):
        raise Refusal("conflict", "zelfde Message-ID met andere inhoud")
    return Identity("new")
