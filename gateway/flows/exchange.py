"""An iWmo message that came in: registered, judged by the standard's rules, answered with its return message."""

from collections.abc import Callable

from gateway import berichten
from gateway.berichten import SOORTEN
from gateway.berichten.retour import Answer, controleer, retour
from gateway.domain.findings import Finding, has_errors
from gateway.flows import allocation, declaration, delivery
from gateway.flows.dispatch import send_bericht
from gateway.flows.history import earlier
from gateway.flows.incoming import Incoming
from gateway.flows.kop import Kop, kop
from gateway.flows.orders import AMSTERDAM
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.flows.payload import Payload, Unusable
from gateway.securemail import Opened
from gateway.store import BerichtIn, Unit


def take_bericht(
    unit: Unit, us: Surroundings, sender: PartnerRecord, opened: Opened, payload: Payload
) -> Unusable | None:
    """Handle one iWmo message; Unusable when it breaks its schema or is not from this sender to us."""
    reading = berichten.read(payload.content)
    if reading.bericht is None or reading.soort is None:
        return Unusable(findings=reading.findings)
    head = kop(reading.soort, reading.bericht)
    if (head.afzender, head.ontvanger) != (sender.code, us.ourselves.code):
        return Unusable(findings=(_other_party(),))
    known = unit.berichten.find("in", head.soort, head.afzender, head.identificatie)
    if known is not None and unit.berichten.xml(known.id) == payload.content:
        return None  # the same message in another mail: it had its effect and its answer (IV028)
    kind = SOORTEN[head.soort]
    # Read before this message is registered: it may not be its own history.
    before = earlier(unit, sender.code)
    if kind.is_retour and head.soort != "WMO325" and has_errors(faults := controleer(reading.bericht, before)):
        return Unusable(findings=faults)
    incoming = Incoming(
        head=head,
        bericht=reading.bericht,
        xml=payload.content,
        reading=reading,
        message_id=opened.headers.message_id,
        number=None if known is not None else _register(unit, head, payload.content),
    )
    if kind.is_retour:
        return _take_answer(unit, us, sender, incoming)
    if kind.retour == "WMO325":
        return declaration.take_declaratie(unit, us, sender, incoming)
    answer = retour(
        payload.content,
        today=unit.now.astimezone(AMSTERDAM).date(),
        earlier=before,
        own=(us.ourselves.code,),
        sources=us.sources,
    )
    return _answer(unit, us, sender, incoming, answer)


def _register(unit: Unit, head: Kop, xml: bytes) -> int:
    return unit.berichten.add(
        BerichtIn(
            richting="in",
            soort=head.soort,
            versie="3.2",
            afzender=head.afzender,
            ontvanger=head.ontvanger,
            identificatie=head.identificatie,
            dagtekening=head.dagtekening,
            xml=xml,
        )
    )


Effect = Callable[[Unit, Surroundings, PartnerRecord, Incoming], None]
_ON_ACCEPTED: dict[str, Effect] = {"WMO301": allocation.order_received, "WMO305": delivery.start_received}
_ON_ANSWER: dict[str, Callable[[Unit, Surroundings, PartnerRecord, Incoming, bool], None]] = {
    "WMO302": allocation.order_answered
}


def _answer(unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming, answer: Answer) -> Unusable | None:
    """Send the return message and let an accepted message take effect, together."""
    if answer.data is None:
        return Unusable(findings=answer.findings)
    accepted = answer.oordeel in ("goedgekeurd", "onbeslist")
    if incoming.number is not None:
        unit.berichten.set_status(incoming.number, "accepted" if accepted else "rejected")
    send_bericht(unit, us, sender, answer.data, answers=incoming.number, in_reply_to=incoming.message_id)
    if accepted and (effect := _ON_ACCEPTED.get(incoming.head.soort)) is not None:
        effect(unit, us, sender, incoming)
    return None


def _take_answer(unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming) -> Unusable | None:
    """A return message: the message it answers gets its status, once."""
    head = incoming.head
    if head.soort == "WMO325":
        return declaration.take_antwoord(unit, us, sender, incoming)
    sent = unit.berichten.find("uit", head.heen_soort or "", us.ourselves.code, head.heen_identificatie or "")
    if sent is None:
        return Unusable(findings=(_never_sent(),))
    accepted = not incoming.bericht.header.retour_codes
    unit.berichten.set_status(sent.id, "accepted" if accepted else "rejected")
    if (effect := _ON_ANSWER.get(head.soort)) is not None:
        effect(unit, us, sender, incoming, accepted)
    return None


def _other_party() -> Finding:
    return Finding(
        code="SM-130",
        severity="error",
        message="Afzender of ontvanger in het bericht is niet de partij die het stuurde of die het kreeg.",
        advice="Vraag de afzender waarom zijn bericht namens een ander spreekt.",
    )


def _never_sent() -> Finding:
    return Finding(
        code="IV028",
        severity="error",
        message="Dit is een antwoord op een bericht dat wij niet hebben verstuurd.",
        advice="Neem contact op met de afzender; verwerk het niet.",
    )
