"""What mail servers and programs report of our messages: unproven, never answered, never opened (SM-71 … SM-75)."""

from gateway import securemail
from gateway.flows import quarantine, tasks
from gateway.flows.taken import Taken
from gateway.flows.tasks import Task
from gateway.securemail import CONCLUSIONS, Bounce, Lookup, Sent
from gateway.store import IllegalMove, InboxItem, OutboxItem, Settled, Unit

_LOOK = "Ga na of het bericht bij de partner is; verstuur het zo nodig opnieuw, nooit naar een ander adres."


def take_report(unit: Unit, item: InboxItem, raw: bytes) -> Taken | None:
    """Handle a report about a message of ours; None if this mail is no report, by its header (5.1 step 3)."""
    seen = securemail.classify(raw)
    if seen.kind == "disposition-notification":
        return _take_unsigned_receipt(unit, item, raw)
    if seen.kind == "delivery-status" or (seen.kind == "other" and seen.null_sender):
        return _take_bounce(unit, item, raw, known=seen.kind == "delivery-status")
    return None


def sent_message(unit: Unit, message_id: str) -> Sent | None:
    """What we sent under this Message-ID, as a receipt is compared with it."""
    row = unit.outbox.by_message_id(message_id)
    if row is None or row.mic is None:
        return None
    return Sent(row.message_id, row.partner, row.recipient, bytes.fromhex(row.mic))


def _take_bounce(unit: Unit, item: InboxItem, raw: bytes, *, known: bool) -> Taken | None:
    bounce = securemail.read_bounce(raw, _lookup(unit))
    sent = unit.outbox.by_message_id(bounce.message_id) if bounce.message_id else None
    if sent is None:
        return _of_nothing(unit, item) if known else None
    if bounce.matched:
        _conclude(unit, sent, bounce)
    else:
        # Anybody can write a Message-ID; only the envelope id is ours and the mail servers' (SM-74).
        unit.outbox.note(sent.id, "bounce", _described(bounce))
        task = Task(
            what="Er kwam een melding over een bericht van ons waarvan niet vaststaat dat zij echt is.",
            who=f"Het bericht ging naar partner {sent.partner}.",
            advice=_LOOK,
        )
        tasks.raise_task(unit, f"outbox/{sent.id}/melding", task)
    _settle(unit, item, "delivery-status", sent, bounce.evidence or "note")
    return Taken(state="handled", kind="delivery-status")


def _conclude(unit: Unit, sent: OutboxItem, bounce: Bounce) -> None:
    """The row of table 9.3. A signed receipt that came first stands (SM-74)."""
    assert bounce.evidence is not None, "a matched report has an action"
    conclusion = CONCLUSIONS[bounce.evidence]
    if conclusion.state != "bounced":
        unit.outbox.note(sent.id, bounce.evidence, _described(bounce))
        if conclusion.warning and sent.state == "submitted":
            _tell(unit, sent, "Een bericht is nog niet afgeleverd; mailservers proberen het nog.", "warning")
        return
    try:
        state = unit.outbox.bounce(sent.id, _described(bounce))
    except IllegalMove:
        unit.outbox.note(sent.id, "bounce", _described(bounce))
        return
    if state == "bounced":
        _tell(unit, sent, "Een bericht kon niet worden afgeleverd.", "task")


def _tell(unit: Unit, sent: OutboxItem, what: str, weight: tasks.Weight) -> None:
    who = f"Het ging naar partner {sent.partner}."
    tasks.raise_task(unit, f"outbox/{sent.id}", Task(what=what, who=who, advice=_LOOK, weight=weight))


def _take_unsigned_receipt(unit: Unit, item: InboxItem, raw: bytes) -> Taken:
    """Such as a person's mail program makes: never more than a note (SM-70)."""
    verdict = securemail.read_unsigned_receipt(raw, lambda message_id: sent_message(unit, message_id))
    sent = unit.outbox.by_message_id(verdict.message_id) if verdict.message_id else None
    if sent is None:
        return _of_nothing(unit, item)
    unit.outbox.note(sent.id, "receipt", verdict.note)
    _settle(unit, item, "disposition-notification", sent, "note")
    return Taken(state="handled", kind="disposition-notification")


def _of_nothing(unit: Unit, item: InboxItem) -> Taken:
    """A report of no message of ours: kept, and one task a day for all of them, since anybody can write one."""
    unit.inbox.settle(Settled(item.id, "quarantined", reason="report", detail="melding noemt geen bericht van ons"))
    unit.audit.write("quarantined", f"inbox/{item.id}", detail={"reason": "report"})
    quarantine.tell(unit, item.id, "report", None)
    return Taken(state="quarantined", reason="report")


def _settle(unit: Unit, item: InboxItem, kind: str, sent: OutboxItem, outcome: str) -> None:
    unit.inbox.settle(Settled(item.id, "handled", detail=f"{kind} over outbox/{sent.id}", dossier=sent.dossier))
    subject = unit.dossiers.pseudonym(sent.dossier) if sent.dossier else None
    detail = {"kind": kind, "about": f"outbox/{sent.id}"}
    unit.audit.write("report_read", f"inbox/{item.id}", subject=subject, outcome=outcome, detail=detail)


def _described(bounce: Bounce) -> str:
    return " ".join(part for part in (bounce.action, bounce.status) if part) or "melding zonder vaste vorm"


def _lookup(unit: Unit) -> Lookup:
    def by_envid(envelope_id: str) -> str | None:
        found = unit.outbox.by_envelope_id(envelope_id)
        return None if found is None else found.message_id

    def by_message_id(message_id: str) -> str | None:
        found = unit.outbox.by_message_id(message_id)
        return None if found is None else found.message_id

    return Lookup(by_envid=by_envid, by_message_id=by_message_id)
