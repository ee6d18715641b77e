"""Take in one message: open it, know who sent it, hand its payload to the flow that owns it, answer.

One unit of work: what the message changes, its identity, its replies and the state of its inbox row are committed
together or not at all. Whatever cannot be handled goes to quarantine, whole, with its reason (SM-103).
"""

from collections.abc import Callable
from datetime import datetime

from gateway import securemail
from gateway.domain.findings import Finding
from gateway.flows import canary, dossiers, exchange, plain_return, plan_in, quarantine, receipts, reports, tasks
from gateway.flows.capabilities import keep_capabilities
from gateway.flows.parties import PartnerRecord, Surroundings, known_partners, partner
from gateway.flows.partners import keep_announced
from gateway.flows.payload import DECLARED, Payload, Placed, Unusable, kind_of
from gateway.flows.taken import Taken
from gateway.securemail import Accepted, Identities, Opened
from gateway.store import InboxItem, Store, Unit

ACTOR = "flow:intake"


def handler(store: Store, us: Surroundings) -> Callable[[InboxItem, bytes, datetime], None]:
    """The function that the worker calls for each message that came in."""

    def handle(item: InboxItem, raw: bytes, now: datetime) -> None:
        with store.unit(now=now, actor=ACTOR) as unit:
            take_in(unit, us, item, raw)

    return handle


def take_in(unit: Unit, us: Surroundings, item: InboxItem, raw: bytes) -> Taken:
    """Open and handle one message within `unit`; settles its inbox row."""
    if (reported := reports.take_report(unit, item, raw)) is not None:
        return reported
    opened = securemail.open(
        raw,
        us.mailbox,
        known_partners(unit, us),
        us.trust,
        us.revocation,
        item.received_at,
        unit.now,
        identities=_identities(unit),
        cache=us.verdicts,
    )
    if isinstance(opened, securemail.Refused):
        return _quarantine(unit, us, item, raw, opened, opened.partner or quarantine.claimed(unit, raw))
    if opened.identity.state == "duplicate":
        return _duplicate(unit, item, opened)
    if opened.is_receipt:
        return receipts.take_receipt(unit, us, item, opened)
    sender = partner(unit, opened.partner.id)
    assert sender is not None, "an opened message is of a partner in the book"
    payload = _payload(opened)
    if isinstance(payload, Unusable):
        return _unusable(unit, us, item, opened, sender, payload)
    handled = _hand_over(unit, us, sender, opened, payload)
    if isinstance(handled, Unusable):
        return _unusable(unit, us, item, opened, sender, handled)
    dossier = handled.dossier
    receipt = receipts.send_receipt(unit, us, sender, opened, dossier=dossier) if opened.wants_receipt else None
    _register(unit, item, opened, "handled", receipt)
    keep_announced(unit, us, opened)
    keep_capabilities(unit, opened)
    unit.inbox.settle(
        item.id,
        "handled",
        partner=sender.code,
        message_id=opened.headers.message_id,
        mic=opened.mic,
        dossier=dossier,
    )
    tasks.done(unit, f"inbox/{item.id}", "het bericht is alsnog verwerkt")
    # What was accepted with a certificate that turns out revoked is found by it (SM-138).
    by = {"kind": payload.kind, "certificate": opened.signer.fingerprint}
    subject = None if dossier is None else dossiers.touch(unit, us, dossier)
    unit.audit.write("opened", f"inbox/{item.id}", subject=subject, partner=sender.code, detail=by)
    return Taken(state="handled", kind=payload.kind)


def _payload(opened: Opened) -> Payload | Unusable:
    """Exactly one payload, known by its bytes and not by its name or media type; others are kept, never executed.

    Where no part says by itself what it is, the one that is declared to be data counts: its faults are told (SM-62).
    """
    parts = [(part, kind_of(part.content)) for part in opened.parts]
    found = [one for one in parts if one[1] is not None] or [one for one in parts if one[0].type in DECLARED]
    if len(found) != 1:
        return Unusable(findings=(_fault("PAYLOAD", "Het bericht bevat niet precies één plan of iWmo-bericht."),))
    part, known = found[0]
    rest = tuple(p for p in opened.parts if p is not part)
    kind = known or ("plan" if part.type == "application/json" else "iwmo")
    return Payload(kind=kind, content=part.content, rest=rest)


def _hand_over(
    unit: Unit, us: Surroundings, sender: PartnerRecord, opened: Opened, payload: Payload
) -> Unusable | Placed:
    if payload.kind == canary.KIND:
        return Placed()  # nothing is to be done but to answer
    if payload.kind == "plan":
        return plan_in.take_plan(unit, us, sender, opened, payload)
    return exchange.take_bericht(unit, us, sender, opened, payload)


def _unusable(
    unit: Unit, us: Surroundings, item: InboxItem, opened: Opened, sender: PartnerRecord, why: Unusable
) -> Taken:
    """A genuine message whose payload cannot be used: quarantine, and the sender is told (SM-66 `processed/error`).
    One that only came at the wrong moment is kept as well, and its sender learns no more than that (PL-73).

    Its identity is not registered: nothing of it took effect, so the same message may be handled again after mending.
    """
    codes = ", ".join(dict.fromkeys(f.code for f in why.findings))
    again = item.reason == "payload"
    if opened.wants_receipt:
        receipts.send_receipt(unit, us, sender, opened, failed=not why.early, dossier=why.dossier)
    unit.inbox.settle(
        item.id,
        "quarantined",
        reason="payload",
        detail=codes,
        partner=sender.code,
        message_id=opened.headers.message_id,
        mic=opened.mic,
        dossier=why.dossier,
        rules=us.rules,
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
    unit.inbox.settle(item.id, "quarantined", reason=why.reason, detail=why.detail or None, rules=us.rules)
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
    unit.inbox.settle(
        item.id,
        "duplicate",
        partner=opened.partner.id,
        message_id=opened.headers.message_id,
        mic=opened.mic,
        dossier=None if first is None else first.dossier,
    )
    if first is None:
        unit.inbox.forget(item.id)  # its dossier was destroyed: a repeat must not bring it back (SM-147)
    unit.audit.write("duplicate", f"inbox/{item.id}", partner=opened.partner.id)
    return Taken(state="duplicate")


def _register(unit: Unit, item: InboxItem, opened: Opened, outcome: str, receipt: int | None) -> None:
    unit.identities.register(
        opened.partner.id,
        opened.headers.message_id,
        opened.mic,
        outcome=outcome,
        cms_sha256=opened.cms_sha256,
        inbox_id=item.id,
        receipt_id=receipt,
    )


def _identities(unit: Unit) -> Identities:
    def accepted(code: str, message_id: str, mic: bytes) -> list[Accepted]:
        first = unit.identities.look_up(code, message_id, mic).first
        return (
            []
            if first is None
            else [Accepted(first.message_id, bytes.fromhex(first.mic), bytes.fromhex(first.cms_sha256 or ""))]
        )

    return Identities(accepted=accepted, ours=unit.outbox.is_ours)


def _fault(code: str, message: str) -> Finding:
    return Finding(code=code, severity="error", message=message, advice="Neem contact op met de afzender.")
