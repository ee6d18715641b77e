"""Seal a message for a partner and put it in the outbox, in the transaction of the change it belongs to."""

from collections.abc import Sequence

from gateway import berichten, securemail
from gateway.domain.findings import Finding
from gateway.flows.history import places
from gateway.flows.kop import kop
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.securemail import Attachment, Message
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
    """Seal `message` with the partner's profile and put it in the outbox; its number there.

    Raises Refused if the profile cannot be met: nothing weaker is ever sent (SM-3).
    """
    mail_partner = to.mail_partner(unit.now.date())
    chosen = securemail.choose_certificates(mail_partner, to.address, us.trust, us.revocation, unit.now, us.verdicts)
    if isinstance(chosen, Finding):
        raise Refused([chosen])
    sealed = securemail.seal(message, us.signer, chosen, mail_partner.profile, unit.now)
    if isinstance(sealed, Finding):
        raise Refused([sealed])
    number = unit.outbox.put(
        Outgoing(
            message_id=sealed.message_id,
            kind=kind,
            partner=to.code,
            channel=us.channel,
            sender=us.ourselves.address,
            recipient=to.address,
            wire=sealed.raw,
            signed_entity=sealed.signed,
            mic=sealed.mic,
            wants_receipt=message.wants_receipt,
            reference=reference,
            dossier=dossier,
        )
    )
    unit.audit.write("sealed", f"outbox/{number}", partner=to.code, detail={"kind": kind})
    return number


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
    reading = berichten.read(xml)
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
