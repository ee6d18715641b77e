"""Seal a message for a partner and put it in the outbox, in the transaction of the change it belongs to."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from gateway import securemail
from gateway.berichten.historie import soort_van
from gateway.domain.findings import Finding
from gateway.flows import dossiers, routes
from gateway.flows.history import places
from gateway.flows.kop import Kop, entry, kop
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


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A message to be sent to a partner, and what it is about."""

    to: PartnerRecord
    message: Message
    kind: str
    reference: str | None = None
    dossier: str | None = None


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
    """`send_all` for one."""
    mail = Mail(to=to, message=message, kind=kind, reference=reference, dossier=dossier)
    return send_all(unit, us, [mail])[0]


def send_all(unit: Unit, us: Surroundings, mails: Sequence[Mail]) -> list[int]:
    """Decide the routes, and put messages in the outbox: sealed, or held with what is wrong; their numbers there.

    A held message is as good as sent for the flow: nothing of its work is lost, and it goes when the condition is
    mended (SM-3, SM-116). Raises Refused only for what no waiting mends: too large, or not fit to be written; then
    nothing of all this is sent. The route to a partner is decided once, for it depends on the partner and the moment.
    """
    return _post(unit, us, _seal(unit, us, mails))


Each = Callable[[Callable[["Mail"], "_Prepared"], Sequence["Mail"]], Iterable["_Prepared"]]


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    row: Outgoing
    evidence: routes.Evidence


def _seal(view: Unit, us: Surroundings, mails: Sequence[Mail], each: Each = map) -> list[_Prepared]:
    """What `send_all` does before it writes."""
    decisions: dict[tuple[str, str], routes.Decision] = {}
    for mail in mails:
        if (mail.to.code, mail.kind) not in decisions:
            decisions[mail.to.code, mail.kind] = routes.decide(view, us, mail.to, mail.kind)
    return list(each(lambda mail: _prepared(us, mail, decisions[mail.to.code, mail.kind], view.now), mails))


def _post(unit: Unit, us: Surroundings, mails: Sequence[_Prepared]) -> list[int]:
    numbers = unit.outbox.put_all([mail.row for mail in mails])
    dossiers.touch_all(unit, us, {mail.row.dossier for mail in mails if mail.row.dossier is not None})
    pairs = zip(numbers, mails, strict=True)
    routes.keep_first(unit, [(number, mail.row.partner, mail.evidence) for number, mail in pairs])
    return numbers


def _prepared(us: Surroundings, mail: Mail, decision: routes.Decision, now: datetime) -> _Prepared:
    """The row for the outbox; Refused for what no waiting mends."""
    to = mail.to
    message = msgspec.structs.replace(
        mail.message,
        message_id=mail.message.message_id or securemail.new_message_id(mail.message.sender),
        wants_receipt=mail.message.wants_receipt and to.agreements.receipts_expected,
    )
    if (too_large := securemail.check_size(message, to.agreements, relay_limit=us.largest)) is not None:
        raise Refused([too_large])
    made = routes.make(us, decision, message, now)
    evidence = decision.evidence
    if isinstance(made, Finding):
        if made.code != "SM-3":
            raise Refused([made])
        evidence = msgspec.structs.replace(evidence, action="hold", why=made.message)
    elif (too_large := securemail.check_size(message, to.agreements, made, us.largest)) is not None:
        raise Refused([too_large])
    return _Prepared(row=_outgoing(us, mail, message, made), evidence=evidence)


def _outgoing(us: Surroundings, mail: Mail, message: Message, made: Sealed | Finding) -> Outgoing:
    assert message.message_id is not None, "the message has its name before its route is known"
    row = Outgoing(
        message_id=message.message_id,
        kind=mail.kind,
        partner=mail.to.code,
        channel=us.channel,
        sender=us.ourselves.address,
        recipient=mail.to.address,
        wants_receipt=message.wants_receipt,
        reference=mail.reference,
        dossier=mail.dossier,
    )
    if isinstance(made, Finding):
        return msgspec.structs.replace(row, draft=msgspec.msgpack.encode(message), hold=made.message)
    return msgspec.structs.replace(row, wire=made.raw, content_key=made.content_key, mic=made.mic)


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


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """An iWmo message to be registered and sent. `answers` is the registered message that it answers."""

    to: PartnerRecord
    bericht: Any  # typed; its sender checked it by the rules of the standard
    xml: bytes  # as `berichten.build` made it of `bericht`
    reference: str | None = None
    dossier: str | None = None
    answers: int | None = None
    in_reply_to: str | None = None


def send_bericht(unit: Unit, us: Surroundings, letter: Letter) -> int:
    """Register an iWmo message and send it; its number in the register. Refused: nothing of this is done."""
    ((number, _),) = post_berichten(unit, us, seal_berichten(unit, us, [letter]))
    return number


class SealedLetter(msgspec.Struct, frozen=True):
    """A letter that needs only be written down; made by `seal_berichten`."""

    letter: Letter
    head: Kop
    mail: _Prepared


def seal_berichten(view: Unit, us: Surroundings, letters: Sequence[Letter], each: Each = map) -> list[SealedLetter]:
    """What `send_bericht` does before it writes: for many letters, in a view, so that nobody waits while it signs.

    Routes are decided by what the view shows; what changes before an attempt is found then, as always (SM-45).
    `each`: `map`, or that of an executor, for who seals in the turn to write.
    """
    heads = [kop(soort_van(letter.bericht), letter.bericht) for letter in letters]
    mails = _seal(view, us, [_mail(us, letter, head) for letter, head in zip(letters, heads, strict=True)], each)
    return [SealedLetter(*one) for one in zip(letters, heads, mails, strict=True)]


def in_dossier(one: SealedLetter, dossier: str, reference: str) -> SealedLetter:
    """A letter whose dossier is known only now; it goes after what was sent under that reference before (SM-90)."""
    row = msgspec.structs.replace(one.mail.row, dossier=dossier, reference=reference)
    letter = msgspec.structs.replace(one.letter, dossier=dossier)
    return SealedLetter(letter, one.head, msgspec.structs.replace(one.mail, row=row))


def post_berichten(unit: Unit, us: Surroundings, sealed: Sequence[SealedLetter]) -> list[tuple[int, int]]:
    """Register and send sealed letters; their numbers in the register and in the outbox."""
    sent = _post(unit, us, [one.mail for one in sealed])
    rows = [(_entry(one, number), places(one.letter.bericht)) for one, number in zip(sealed, sent, strict=True)]
    return list(zip(unit.berichten.add_all(rows), sent, strict=True))


def _entry(one: SealedLetter, outbox_id: int) -> BerichtIn:
    letter = one.letter
    return entry(
        "uit",
        one.head,
        letter.xml,
        "sent",
        antwoord_op=letter.answers,
        outbox_id=outbox_id,
        dossier=letter.dossier,
    )


def _mail(us: Surroundings, letter: Letter, head: Kop) -> Mail:
    message = securemail.iwmo_message(
        us.ourselves.address,
        letter.to.address,
        head.soort,
        head.identificatie,
        letter.xml,
        in_reply_to=letter.in_reply_to,
    )
    return Mail(to=letter.to, message=message, kind=head.soort, reference=letter.reference, dossier=letter.dossier)
