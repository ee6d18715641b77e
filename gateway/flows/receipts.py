"""Receipts: made in the transaction that accepts a message, and taken as proof only when they are (secure-mail 9)."""

from datetime import datetime, timedelta

from gateway import __version__, securemail
from gateway.domain.findings import Finding
from gateway.flows import reports, routes, tasks
from gateway.flows.cases import offer, told_by, traject_of_plan
from gateway.flows.dispatch import PLAN
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.flows.taken import Taken, new_identity, settled
from gateway.flows.tasks import Task
from gateway.securemail import Opened, Recipient, Reporter, Sealed
from gateway.securemail.receipts import Disposition, ReceiptVerdict
from gateway.store import IllegalMove, InboxItem, OutboxItem, Outgoing, Unit

RECEIPT = "receipt"
REPLIES_MAX = 60  # replies to one partner that its message is of no use …
REPLIES_WITHIN = timedelta(hours=1)  # … in this time; more looks like a loop (SM-77, decision 0015)


def receipt_for(
    unit: Unit,
    us: Surroundings,
    to: PartnerRecord,
    opened: Opened,
    *,
    failed: bool = False,
    dossier: str | None = None,
    made: Sealed | Finding | None = None,
) -> Outgoing | None:
    """The receipt for an opened message, for the outbox; None if none may be sent (SM-65, SM-67).

    With a null envelope sender and without asking for a receipt (SM-68). A receipt that cannot be made, say because the
    partner wants it encrypted and has no certificate left, is a row in the trail: the message itself was accepted.
    `made`: by `receipt_ahead`.
    """
    if not securemail.may_answer(opened):
        return None
    if made is None or failed:
        recipients: tuple[Recipient, ...] = ()
        if opened.partner.agreements.encrypt_receipts:
            recipients = routes.decide(unit, us, to, RECEIPT).recipients
        made = _made(us, opened, "processed/error" if failed else "processed", recipients, unit.now)
    if isinstance(made, Finding) or not us.may_sign:
        detail = {"code": made.code if isinstance(made, Finding) else "SM-141"}
        unit.audit.write(
            "receipt_not_made", f"message/{opened.mic.hex()}", partner=to.code, outcome="no", detail=detail
        )
        return None
    return Outgoing(
        message_id=made.message_id,
        kind=RECEIPT,
        partner=to.code,
        channel=us.channel,
        sender="",
        recipient=to.address,
        wire=made.raw,
        content_key=made.content_key,
        mic=made.mic,
        dossier=dossier,
        hold=_too_many(unit, to) if failed else None,
    )


def receipt_ahead(us: Surroundings, opened: Opened, now: datetime) -> Sealed | None:
    """The receipt for a message that is likely to take effect; None if it gets none or it is better made in its turn.

    It says nothing until it is sent, and that is in the transaction of the effect.
    """
    if not us.may_sign or opened.is_receipt or not opened.wants_receipt or opened.partner.agreements.encrypt_receipts:
        return None
    made = _made(us, opened, "processed", (), now)
    return None if isinstance(made, Finding) else made


def _made(
    us: Surroundings, opened: Opened, disposition: Disposition, recipients: tuple[Recipient, ...], now: datetime
) -> Sealed | Finding:
    reporter = Reporter(us.ourselves.address.rpartition("@")[2], f"wmo-gateway {__version__}")
    return securemail.make_receipt(opened, disposition, reporter, us.signer, now, recipients=recipients)


def _too_many(unit: Unit, to: PartnerRecord) -> str | None:
    """Why a reply must wait for a person: two machines may be answering each other (SM-77).

    Messages that took effect are no loop, however many: a municipality orders for hundreds of clients in an hour.
    """
    if unit.inbox.refused_since(unit.now - REPLIES_WITHIN, ("payload",), partner=to.code) < REPLIES_MAX:
        return None
    task = Task(
        what=f"Er gingen in een uur {REPLIES_MAX} afwijzende antwoorden naar één partner; de volgende wachten.",
        who=f"Het gaat om partner {to.code}.",
        advice="Bel de partner; laat de wachtende antwoorden gaan als de berichten echt zijn.",
        weight="alarm",
    )
    tasks.raise_task(unit, f"replies/{to.code}", task)
    return "te veel automatische antwoorden in een uur"


def take_receipt(unit: Unit, us: Surroundings, item: InboxItem, opened: Opened) -> Taken:
    """What a signed receipt proves of a message of ours: `received`, `refused`, or nothing but a note (SM-70)."""
    verdict = securemail.read_receipt(opened, lambda message_id: reports.sent_message(unit, message_id))
    sent = unit.outbox.by_message_id(verdict.message_id) if verdict.message_id else None
    if sent is not None and verdict.state is not None:
        try:
            unit.outbox.receipt(sent.id, accepted=verdict.state == "received")
            if verdict.state == "received":
                tasks.done(unit, f"outbox/{sent.id}", "de partner heeft de ontvangst bevestigd")  # SM-74
                if sent.state != "received":
                    _delivered(unit, us, sent, opened)
        except IllegalMove:
            # A second receipt, or one for a message that a person has put away: it proves nothing new.
            unit.outbox.note(sent.id, "receipt", "een tweede ontvangstbevestiging")
    elif sent is not None:
        unit.outbox.note(sent.id, "receipt", verdict.note)
    if sent is not None:
        _tell(unit, sent.id, opened.partner.id, verdict)
    partner = opened.partner.id
    dossier = None if sent is None else sent.dossier
    unit.inbox.settle(settled(item.id, "handled", opened, dossier))
    unit.identities.register(new_identity(item.id, opened, "receipt"))
    by = {"certificate": opened.signer.fingerprint}  # SM-138
    subject = unit.dossiers.pseudonym(dossier) if dossier else None
    outcome = verdict.state or "note"
    unit.audit.write("receipt_read", f"inbox/{item.id}", subject=subject, partner=partner, outcome=outcome, detail=by)
    return Taken(state="handled", kind="receipt")


def _tell(unit: Unit, number: int, partner: str, verdict: ReceiptVerdict) -> None:
    """What table 9.3 leaves to a person: the partner cannot use it, or vouches for other bytes than ours."""
    if not verdict.task or unit.outbox.get(number).state == "received":
        return
    task = Task(
        what=f"Ontvangstbevestiging: {verdict.note}.",
        who=f"Het bericht ging naar partner {partner}.",
        advice="Bel de partner en ga na wat er is aangekomen.",
    )
    tasks.raise_task(unit, f"outbox/{number}", task)


def _delivered(unit: Unit, us: Surroundings, sent: OutboxItem, opened: Opened) -> None:
    """Event 6 at the municipality: the provider's gateway has the request."""
    kind, _, plan_id = (sent.reference or "").partition("/")
    case = traject_of_plan(unit, plan_id) if kind == PLAN else None
    if case is not None:
        by, message_id = opened.partner.id, opened.headers.message_id
        offer(unit, us, case, told_by(unit, "uitvraag_bezorgd", "S", by, message_id, uitvraag=plan_id))
