"""Open messages before their turn to write: what is the same whenever it is done, for several of them at once.

Nothing is decided by it, and nothing here is ever written by itself. Whether a message came before is asked in its
turn: the one before it may be the same.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime
from operator import is_
from typing import TypeVar

import msgspec

from gateway import berichten, securemail
from gateway.berichten import Schemas
from gateway.flows import receipts
from gateway.flows.parties import Surroundings, known_partners
from gateway.flows.payload import NO_BERICHT, Payload, Unusable, payload_of
from gateway.securemail import Arrival, Mailbox, Opened, Opening, PartnerBook, Revocation, Sealed, SigningKey, Trust
from gateway.store import InboxItem, Unit

Basis = tuple[PartnerBook, Mailbox, Trust, Revocation, SigningKey, Schemas]

S = TypeVar("S")
T = TypeVar("T")


class Ahead(msgspec.Struct, frozen=True):
    """A message that was opened before its turn, with its receipt, and what that rests on."""

    opened: Opened
    payload: Payload | Unusable | None  # None: a receipt has none
    receipt: Sealed | None
    basis: Basis

    def holds(self, unit: Unit, us: Surroundings) -> bool:
        """Whether partners, trust, revocation, keys and schemas are still the same."""
        return all(map(is_, self.basis, basis_of(unit, us)))


def basis_of(unit: Unit, us: Surroundings) -> Basis:
    """What opening and reading rest on now."""
    return known_partners(unit, us), us.mailbox, us.trust, us.revocation, us.signer, us.schemas


def open_ahead(
    us: Surroundings, basis: Basis, some: Sequence[tuple[InboxItem, bytes]], now: datetime, pool: Executor
) -> dict[int, Ahead]:
    """By number, those that could be opened; the others are done whole in their turn, where it is told what is wrong.

    Private keys work in the pool, the rest is done here: of work in which Python and keys alternate, threads do no more
    beside each other than one after another, for want of the interpreter.
    """
    book, mailbox, trust, revocation, *_ = basis

    def begin(one: tuple[InboxItem, bytes]) -> Opening:
        item, raw = one
        arrival = Arrival(
            mailbox=mailbox,
            partners=book,
            trust=trust,
            revocation=revocation,
            received_at=item.received_at,
            now=now,
        )
        return Opening(raw, arrival)

    def decrypt(opening: Opening) -> Opening:
        opening.decrypt()
        return opening

    def read(opening: Opening) -> Ahead | None:
        opened = opening.finish(us.verdicts)
        if isinstance(opened, securemail.Refused):
            return None
        return Ahead(opened, None if opened.is_receipt else _read(us, opened), None, basis)

    def receipt(ahead: Ahead) -> Ahead:
        return msgspec.structs.replace(ahead, receipt=receipts.receipt_ahead(us, ahead.opened, now))

    begun = map(_unless_it_fails(begin), some)
    decrypted = pool.map(_unless_it_fails(decrypt), begun)
    made = pool.map(_unless_it_fails(receipt), list(map(_unless_it_fails(read), decrypted)))
    return {item.id: one for (item, _), one in zip(some, made, strict=True) if one is not None}


def _read(us: Surroundings, opened: Opened) -> Payload | Unusable:
    payload = payload_of(opened)
    if isinstance(payload, Unusable) or payload.kind in NO_BERICHT:
        return payload
    reading = berichten.read(payload.content, schemas=us.schemas, xml=payload.xml)
    return msgspec.structs.replace(payload, reading=reading, xml=None)


def _unless_it_fails(work: Callable[[S], T | None]) -> Callable[[S | None], T | None]:
    """None for what raises, and for None."""

    def answer(one: S | None) -> T | None:
        try:
            return None if one is None else work(one)
        except Exception:
            return None

    return answer
