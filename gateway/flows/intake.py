"""Take in one message: open it, know who sent it, hand its payload to the flow that owns it, answer.

One unit of work: what the message changes, its identity, its replies and the state of its inbox row are committed
together or not at all. Whatever cannot be handled goes to quarantine, whole, with its reason (SM-103).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from gateway import securemail
from gateway.flows import canary, dossiers, exchange, plain_return, plan_in, quarantine, receipts, reports
from gateway.flows.ahead import Ahead, basis_of, open_ahead
from gateway.flows.looked import look
from gateway.flows.owed import Owed, Took
from gateway.flows.parties import PartnerRecord, Surroundings, known_partners, partner
from gateway.flows.partners import keep_announced
from gateway.flows.payload import Payload, Placed, Unusable, payload_of
from gateway.flows.taken import Taken, settled
from gateway.securemail import (
    Accepted,
    Identities,
    Opened,
    PartnerBook,
)
from gateway.store import InboxItem, Settled, Store, Unit
from gateway.store.turns import INTAKE

ACTOR = "flow:intake"


class Intake:
    """Takes in messages of one gateway."""

    def __init__(self, store: Store, us: Surroundings) -> None:
        self._store, self._us = store, us

    def __call__(self, item: InboxItem, raw: bytes, now: datetime) -> None:
        """Take one in, in one unit of work."""
        with self._store.unit(now=now, actor=ACTOR) as unit:
            take_in(unit, self._us, item, raw)

    @contextmanager
    def together(
        self, some: Sequence[tuple[InboxItem, bytes]], clock: Callable[[], datetime]
    ) -> Iterator[Callable[[InboxItem, bytes, datetime], None]]:
        """What takes in each of several messages, all in one commit at the end.

        They are opened before it begins. What one raises undoes the effect of that one, and no answer of another; what
        comes of writing their answers undoes all.
        """
        with ThreadPoolExecutor(2, "intake") as pool:  # private keys and XML leave room for Python
            with self._store.view(now=clock()) as view:
                basis, moment = basis_of(view, self._us), view.now
            opened = open_ahead(self._us, basis, some, moment, pool)
            with self._store.unit(now=clock(), actor=ACTOR) as unit:
                unit.alone_at(INTAKE)
                owed = Owed(self._us, pool.map, look(unit, opened.values()))

                def one(item: InboxItem, raw: bytes, _: datetime) -> None:
                    mark = owed.mark()
                    try:
                        with unit.part():
                            _take_in(unit, self._us, item, raw, owed, opened.pop(item.id, None))
                    except BaseException:
                        owed.back_to(mark)
                        raise

                yield one
                owed.write(unit)


def _open(
    us: Surroundings, book: PartnerBook, item: InboxItem, raw: bytes, now: datetime, identities: Identities
) -> Opened | securemail.Refused:
    return securemail.open(
        raw,
        us.mailbox,
        book,
        us.trust,
        us.revocation,
        item.received_at,
        now,
        identities=identities,
        cache=us.verdicts,
    )


def handler(store: Store, us: Surroundings) -> Intake:
    """What the worker calls for each message that came in."""
    return Intake(store, us)


def take_in(unit: Unit, us: Surroundings, item: InboxItem, raw: bytes) -> Taken:
    """Open and handle one message within `unit`; settles its inbox row.

    Each is judged by what was judged before it, so of all processes one at a time does so.
    """
    unit.alone_at(INTAKE)
    owed = Owed(us)
    taken = _take_in(unit, us, item, raw, owed, None)
    owed.write(unit)
    return taken


def _take_in(unit: Unit, us: Surroundings, item: InboxItem, raw: bytes, owed: Owed, ahead: Ahead | None) -> Taken:
    """`take_in`, but for the answers, which are `owed`.

    What was done `ahead` counts only if partners, trust, revocation, keys and schemas are still the same.
    """
    if ahead is not None and not ahead.holds(unit, us):
        ahead = None
    # What could be opened is no report.
    if ahead is None and (reported := reports.take_report(unit, item, raw)) is not None:
        return reported
    if ahead is None:
        opened = _open(us, known_partners(unit, us), item, raw, unit.now, _identities(unit, owed))
    else:
        opened = securemail.identified(ahead.opened, _identities(unit, owed))
    if isinstance(opened, securemail.Refused):
        return _quarantine(unit, us, item, raw, opened, opened.partner or quarantine.claimed(unit, raw))
    if opened.identity.state == "duplicate":
        return _duplicate(unit, item, opened)
    if opened.is_receipt:
        owed.ask_again("names", "contents")  # it is registered by itself
        return receipts.take_receipt(unit, us, item, opened)
    sender = partner(unit, opened.partner.id)
    assert sender is not None, "an opened message is of a partner in the book"
    payload = (None if ahead is None else ahead.payload) or payload_of(opened)
    if isinstance(payload, Unusable):
        return _unusable(unit, us, item, opened, sender, payload)
    handled = _hand_over(unit, us, sender, opened, payload, owed)
    if isinstance(handled, Unusable):
        return _unusable(unit, us, item, opened, sender, handled)
    made = None if ahead is None else ahead.receipt
    receipt = receipts.receipt_for(unit, us, sender, opened, dossier=handled.dossier, made=made)
    owed.add(Took(inbox_id=item.id, opened=opened, kind=payload.kind, placed=handled, receipt=receipt))
    keep_announced(unit, us, opened)
    return Taken(state="handled", kind=payload.kind)


def _hand_over(
    unit: Unit, us: Surroundings, sender: PartnerRecord, opened: Opened, payload: Payload, owed: Owed
) -> Unusable | Placed:
    if payload.kind == canary.KIND:
        return Placed()  # nothing is to be done but to answer
    if payload.kind == "plan":
        owed.ask_again("without_dossier")  # it may begin one
        return plan_in.take_plan(unit, us, sender, opened, payload)
    return exchange.take_bericht(unit, us, sender, opened, payload, owed)


def _unusable(
    unit: Unit, us: Surroundings, item: InboxItem, opened: Opened, sender: PartnerRecord, why: Unusable
) -> Taken:
    """A genuine message whose payload cannot be used: quarantine, and the sender is told (SM-66 `processed/error`).
    One that only came at the wrong moment is kept as well, and its sender learns no more than that (PL-73).

    Its identity is not registered: nothing of it took effect, so the same message may be handled again after mending.
    """
    codes = ", ".join(dict.fromkeys(f.code for f in why.findings))
    again = item.reason == "payload"
    receipt = receipts.receipt_for(unit, us, sender, opened, failed=not why.early, dossier=why.dossier)
    if receipt is not None:
        unit.outbox.put(receipt)
    unit.inbox.settle(
        settled(item.id, "quarantined", opened, why.dossier, reason="payload", detail=codes, rules=us.rules)
    )
    if not again:
        subject = None if why.dossier is None else dossiers.touch(unit, us, why.dossier)
        detail = {"reason": "payload"}
        unit.audit.write("quarantined", f"inbox/{item.id}", subject=subject, partner=sender.code, detail=detail)
        quarantine.tell(unit, item.id, "payload", sender.code, proven=True)
    return Taken(state="quarantined", reason="payload", findings=why.findings)


def _quarantine(
    unit: Unit, us: Surroundings, item: InboxItem, raw: bytes, why: securemail.Refused, claimed: str | None
) -> Taken:
    """Not authenticated: no reply of any kind (SM-67). The partner is only a claim, so it is not recorded as a fact.

    One that was opened again and is refused for the same reason is no news: nobody is told twice (SM-104).
    """
    unit.inbox.settle(Settled(item.id, "quarantined", reason=why.reason, detail=why.detail or None, rules=us.rules))
    if item.reason != why.reason:
        unit.audit.write("quarantined", f"inbox/{item.id}", detail={"reason": why.reason, "claimed": claimed or ""})
        offered = why.reason == plain_return.REASON and plain_return.is_offered(unit, us, raw, claimed)
        quarantine.tell(unit, item.id, why.reason, claimed, advice=plain_return.OFFER if offered else None)
    return Taken(state="quarantined", reason=why.reason)


def _duplicate(unit: Unit, item: InboxItem, opened: Opened) -> Taken:
    """Nothing changes; the first receipt goes again where that tells nobody anything (SM-66, SM-125)."""
    seen = unit.identities.look_up(opened.partner.id, opened.headers.message_id, opened.mic)
    if opened.identity.receipt_again and seen.first is not None:
        unit.identities.repeat_receipt(seen.first.id)
    first = None if seen.first is None or seen.first.inbox_id is None else unit.inbox.get(seen.first.inbox_id)
    unit.inbox.settle(settled(item.id, "duplicate", opened, None if first is None else first.dossier))
    if first is None:
        unit.inbox.forget(item.id)  # its dossier was destroyed: a repeat must not bring it back (SM-147)
    unit.audit.write("duplicate", f"inbox/{item.id}", partner=opened.partner.id)
    return Taken(state="duplicate")


def _identities(unit: Unit, owed: Owed) -> Identities:
    def accepted(code: str, message_id: str, mic: bytes) -> list[Accepted]:
        first = owed.accepted(unit, code, message_id, mic)
        return (
            []
            if first is None
            else [Accepted(first.message_id, bytes.fromhex(first.mic), bytes.fromhex(first.cms_sha256 or ""))]
        )

    return Identities(accepted=accepted, ours=partial(owed.is_ours, unit))
