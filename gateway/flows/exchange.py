"""An iWmo message that came in: registered, judged by the standard's rules, answered with its return message."""

import hashlib
from collections.abc import Callable
from functools import partial

import msgspec

from gateway import berichten
from gateway.berichten import SOORTEN
from gateway.berichten.historie import History, gaat_over_ander, is_afkeuring
from gateway.berichten.retour import Answer, controleer, retour
from gateway.domain.findings import Finding, has_errors
from gateway.flows import allocation, declaration, delivery, dossiers
from gateway.flows.cases import today
from gateway.flows.dispatch import Letter
from gateway.flows.history import earlier, places
from gateway.flows.incoming import Incoming
from gateway.flows.kop import entry, kop
from gateway.flows.owed import Owed
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.flows.payload import Payload, Placed, Unusable
from gateway.securemail import Opened
from gateway.store import Unit
from gateway.store.berichten import Status

_OTHER_PARTY = Finding(
    code="SM-130",
    severity="error",
    message="Afzender of ontvanger in het bericht is niet de partij die het stuurde of die het kreeg.",
    advice="Vraag de afzender waarom zijn bericht namens een ander spreekt.",
)
_NEVER_SENT = Finding(
    code="IV028",
    severity="error",
    message="Dit is een antwoord op een bericht dat wij niet hebben verstuurd.",
    advice="Neem contact op met de afzender; verwerk het niet.",
)
_DESTROYED = Finding(
    code="SM-147",
    severity="error",
    message="Het bericht waarop dit een antwoord is, hoort bij een dossier dat is vernietigd.",
    advice="Verwerk het niet; vraag de afzender waarom zijn antwoord zo laat komt.",
)
_NAME_USED = Finding(
    code="TR056",
    severity="error",
    message="Onder deze identificatie is al een ander antwoord ontvangen.",
    advice="Neem contact op met de afzender; het eerste antwoord geldt.",
)
_ANSWERED_BEFORE = Finding(
    code="IV028",
    severity="error",
    message="Op deze declaratie is al een ander antwoord ontvangen.",
    advice="Neem contact op met de gemeente; het eerste antwoord geldt.",
)


def take_bericht(
    unit: Unit, us: Surroundings, sender: PartnerRecord, opened: Opened, payload: Payload, owed: Owed
) -> Unusable | Placed:
    """Handle one iWmo message; Unusable when it breaks its schema or is not from this sender to us.

    `owed` is what may still have to be written of others, where this one asks for it.
    """
    reading = payload.reading or berichten.read(payload.content, schemas=us.schemas, xml=payload.xml)
    if reading.bericht is None or reading.soort is None:
        return Unusable(findings=reading.findings)
    head = kop(reading.soort, reading.bericht)
    if head.soort not in dossiers.OF_ONE_CLIENT:
        owed.write_register(unit)  # for an answer, or a declaration, which is judged by answers to others
    if (head.afzender, head.ontvanger) != (sender.code, us.ourselves.code):
        return Unusable(findings=(_OTHER_PARTY,))
    known = owed.named(unit, head)
    if known is not None and known.sha256 == hashlib.sha256(payload.content).hexdigest():
        # The same message in another mail: it had its effect and its answer (IV028).
        return Placed(dossier=known.dossier)
    # Read before this message is registered: it may not be its own history.
    before = earlier(unit, sender.code, reading.bericht, partial(owed.under, unit))
    incoming = Incoming(
        head=head,
        bericht=reading.bericht,
        xml=payload.content,
        reading=reading,
        message_id=opened.headers.message_id,
        known=known is not None,
    )
    if SOORTEN[head.soort].is_retour:
        taken = _take_answer(unit, us, sender, incoming, before)
    else:
        taken = _take_message(unit, us, sender, incoming, before, owed)
    if isinstance(taken, Unusable):
        known_by = owed.place(unit, reading.bericht)
        return msgspec.structs.replace(taken, dossier=None if known_by.begins else known_by.dossier)
    return taken


Effect = Callable[[Unit, Surroundings, PartnerRecord, Incoming], None]
_ON_ACCEPTED: dict[str, Effect] = {"WMO301": allocation.order_received, "WMO305": delivery.start_received}
_ON_A_CASE_OF_ITS_CLIENT = frozenset({"WMO301"})  # and a client who had no dossier has no case to look for
_ON_ANSWER: dict[str, Callable[[Unit, Surroundings, PartnerRecord, Incoming, bool], None]] = {
    "WMO302": allocation.order_answered,
    "WMO306": delivery.start_answered,
}


def _take_message(
    unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming, before: History, owed: Owed
) -> Unusable | Placed:
    """Let an accepted message take effect; its place in the register and the return message are owed."""
    if SOORTEN[incoming.head.soort].retour == "WMO325":
        declared = dossiers.declaration(unit, incoming.bericht)
        number = register(unit, incoming, dossier=declared)
        declaration.take_declaratie(unit, us, sender, incoming, number, declared)
        return Placed(dossier=declared)
    answer = retour(
        incoming.xml,
        today=today(unit),
        earlier=before,
        own=(us.ourselves.code,),
        sources=us.sources,
        schemas=us.schemas,
        codelists=us.codelists,
        reading=incoming.reading,
    )
    if answer.data is None:
        return Unusable(findings=answer.findings)
    placing = owed.place(unit, incoming.bericht)
    if answer.herhaling or (incoming.known and _answered(unit, answer, owed)):
        return Placed(dossier=placing.dossier, begins=placing.begins)  # the same in other bytes: it had its answer
    accepted = answer.oordeel in ("goedgekeurd", "onbeslist")
    letter = Letter(
        to=sender, bericht=answer.retour, xml=answer.data, in_reply_to=incoming.message_id, dossier=placing.dossier
    )
    soort = incoming.head.soort
    no_case = placing.begins is not None and soort in _ON_A_CASE_OF_ITS_CLIENT
    if accepted and not no_case and (effect := _ON_ACCEPTED.get(soort)) is not None:
        effect(unit, us, sender, incoming)
    status: Status = "accepted" if accepted else "rejected"
    row = None if incoming.known else entry("in", incoming.head, incoming.xml, status, dossier=placing.dossier)
    return Placed(
        dossier=placing.dossier,
        begins=placing.begins,
        entry=row,
        keys=places(incoming.bericht),
        reply=letter,
    )


def _answered(unit: Unit, answer: Answer, owed: Owed) -> bool:
    """Whether this very answer was given before, to a message that is not in the register: another has its name.

    An answer is named after the content of what it answers.
    """
    assert answer.soort is not None, "an answer has a kind"
    head = kop(answer.soort, answer.retour)
    owed.write(unit)
    return unit.berichten.find("uit", head.soort, head.afzender, head.identificatie) is not None


def _take_answer(
    unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming, before: History
) -> Unusable | Placed:
    """A return message: the message it answers gets its status, once."""
    head = incoming.head
    sent = unit.berichten.find("uit", head.heen_soort or "", us.ourselves.code, head.heen_identificatie or "")
    if sent is None or sent.ontvanger != sender.code:
        return Unusable(findings=(_NEVER_SENT,))
    if incoming.known:
        return Unusable(findings=(_NAME_USED,))
    if not unit.berichten.is_kept(sent.id):
        return Unusable(findings=(_DESTROYED,))
    placed = Placed(dossier=sent.dossier)
    if head.soort == "WMO325":
        if sent.status == "answered":
            return Unusable(findings=(_ANSWERED_BEFORE,))
        register(unit, incoming, answers=sent.id, dossier=sent.dossier)
        unit.berichten.set_status(sent.id, "answered")
        return placed
    if has_errors(faults := controleer(incoming.bericht, before)):
        return Unusable(findings=faults)
    register(unit, incoming, answers=sent.id, dossier=sent.dossier)
    if gaat_over_ander(incoming.bericht):
        return placed  # it refuses another message under the same name; this one stands as it stood (9056)
    accepted = not is_afkeuring(incoming.bericht)
    unit.berichten.set_status(sent.id, "accepted" if accepted else "rejected")
    if (effect := _ON_ANSWER.get(head.soort)) is not None:
        effect(unit, us, sender, incoming, accepted)
    return placed


def register(
    unit: Unit, incoming: Incoming, status: Status = "new", *, answers: int | None = None, dossier: str | None
) -> int | None:
    """Write the message in the register; its number, or None if another message had its name first (TR056)."""
    if incoming.known:
        return None
    row = entry("in", incoming.head, incoming.xml, status, antwoord_op=answers, dossier=dossier)
    return unit.berichten.add(row, places(incoming.bericht))
