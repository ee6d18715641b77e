"""Seal a message for a partner and put it in the outbox, in the transaction of the change it belongs to."""

from collections.abc import Sequence

import msgspec

from gateway import berichten, securemail
from gateway.domain.findings import Finding
from gateway.flows import routes
from gateway.flows.history import places
from gateway.flows.kop import kop
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.securemail import Attachment, Message, Sealed
from gateway.store import BerichtIn, Outgoing, Unit

PLAN = "plan"  # kind of a mail that carries a plan, and the first word of its reference


class Refused(Exception):
    """A flow may not go on. `findings` say why and what to do; the unit of work is rolled back, so nothing happened."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("; ".join(finding.code for finding in findings))
        self.findings = tuple(findings)


def refuse(code: str, message: str, advice: str | None = None) -> Refused:
    """One finding as a refusal, for the flow to raise."""
    return Refused([Finding(code=code, severity="error", message=message, advice=advice)])


def send(
    unit: Unit,
    us: Surroundings,
    to: PartnerRecord,
    message: Message,
    *,
    kind: str,
    reference: str | None = None,
    dossier: str | None = None,
) -> int:
    """Decide the route, and put `message` in the outbox: sealed, or held with what is wrong; its number there.

    A held message is as good as sent for the flow: nothing of its work is lost, and it goes when the condition is
    mended (SM-3, SM-116). Raises Refused only for what no waiting mends: too large, or not fit to be written.
    """
    message = msgspec.structs.replace(
        message,
        message_id=message.message_id or securemail.new_message_id(message.sender),
        wants_receipt=message.wants_receipt and to.agreements.receipts_expected,
    )
    if (too_large := securemail.check_size(message, to.agreements, relay_limit=us.largest)) is not None:
        raise Refused([too_large])
    decision = routes.decide(unit, us, to, kind)
    made = routes.make(us, decision, message, unit.now)
    evidence = decision.evidence
    if isinstance(made, Finding):
        if made.code != "SM-3":
            raise Refused([made])
        evidence = msgspec.structs.replace(evidence, action="hold", why=made.message)
    elif (too_large := securemail.check_size(message, to.agreements, made, us.largest)) is not None:
        raise Refused([too_large])
    number = unit.outbox.put(_outgoing(us, to, message, made, kind=kind, reference=reference, dossier=dossier))
    routes.keep_evidence(unit, number, to.code, evidence)
    return number


def _outgoing(
    us: Surroundings,
    to: PartnerRecord,
    message: Message,
    made: Sealed | Finding,
    *,
    kind: str,
    reference: str | None,
    dossier: str | None,
) -> Outgoing:
    assert message.message_id is not None, "the message has its name before its route is known"
    row = Outgoing(
        message_id=message.message_id,
        kind=kind,
        partner=to.code,
        channel=us.channel,
        sender=us.ourselves.address,
        recipient=to.address,
        wants_receipt=message.wants_receipt,
        reference=reference,
        dossier=dossier,
    )
    if isinstance(made, Finding):
        return msgspec.structs.replace(row, draft=msgspec.msgpack.encode(message), hold=made.message)
    return msgspec.structs.replace(row, wire=made.raw, signed_entity=made.signed, mic=made.mic)


def send_plan(
    unit: Unit,
    us: Surroundings,
    to: PartnerRecord,
    plan: bytes,
    documents: Sequence[Attachment],
    *,
    plan_id: str,
    in_reply_to: str | None = None,
    dossier: str | None = None,
) -> int:
    """A plan dispatch, or its return if `in_reply_to` is given."""
    message = securemail.plan_message(
        us.ourselves.address, to.address, plan_id[:8], plan, documents, in_reply_to=in_reply_to
    )
    return send(unit, us, to, message, kind=PLAN, reference=f"{PLAN}/{plan_id}", dossier=dossier)


def send_bericht(
    unit: Unit,
    us: Surroundings,
    to: PartnerRecord,
    xml: bytes,
    *,
    reference: str | None = None,
    dossier: str | None = None,
    answers: int | None = None,
    in_reply_to: str | None = None,
) -> int:
    """Register an iWmo message and send it; its number in the register. `xml` is as `berichten.build` made it.

    `answers` is the registered message that this one answers.
    """
    reading = berichten.read(xml, schemas=us.schemas)
    if reading.bericht is None or reading.soort is None:
        raise Refused(reading.findings)
    head = kop(reading.soort, reading.bericht)
    message = securemail.iwmo_message(
        us.ourselves.address, to.address, head.soort, head.identificatie, xml, in_reply_to=in_reply_to
    )
    outbox_id = send(unit, us, to, message, kind=head.soort, reference=reference, dossier=dossier)
    return unit.berichten.add(
        BerichtIn(
            richting="uit",
            soort=head.soort,
            versie="3.2",
            afzender=head.afzender,
            ontvanger=head.ontvanger,
            identificatie=head.identificatie,
            dagtekening=head.dagtekening,
            xml=xml,
            status="sent",
            antwoord_op=answers,
            outbox_id=outbox_id,
            dossier=dossier,
        ),
        places(reading.bericht),
    )
