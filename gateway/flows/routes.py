"""May this message go, and how? Decided before each dispatch, kept as evidence; what may not go waits (13.4).

Fail closed: a held message has no wire bytes at all until its condition is mended (SM-3, SM-114 to SM-116). It is kept
as what it will be made of, encrypted like everything else, and is signed and sealed when it goes: with the date of
that moment (SM-55), for the certificates of that moment.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from gateway import securemail
from gateway.domain.findings import Finding
from gateway.flows.parties import PartnerRecord, Surroundings, partner
from gateway.flows.secure_domains import in_domain_book, qualified_by
from gateway.securemail import Message, Recipient, Route, RouteInputs, Sealed
from gateway.store import Act, Damaged, OutboxItem, Store, Unit

EVIDENCE: Final = "route"  # records, by `outbox/NUMBER`
ACTOR: Final = "flow:routes"
WAITED_TOO_LONG: Final = timedelta(days=5)
_OTHERWISE: Final = "kan nu versleuteld worden verstuurd: annuleer dit bericht en verstuur het opnieuw"
_NO_SIGNER: Final = "onze sleutel om te ondertekenen is als verloren gemeld, en er is geen volgende (gateway cert add)"
UNSEALED_KINDS: Final = frozenset({"plan", "canary"})  # that an exception may send unencrypted: never iWmo (SM-115)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision was, and everything it was based on (SM-114)."""

    at: datetime
    action: Literal["seal", "sign", "hold"]
    why: str
    profile: str
    in_domain_book: bool
    nta_qualified: bool
    internet_route: bool
    transport_only: bool
    certificates: tuple[str, ...] = ()  # SHA-256 of those it is sealed for
    revocation: str = ""  # version of the revocation data
    dns: str = ""  # name of the DNS answers, see `dns_answers` (SM-111)
    signer: str = ""  # SHA-256 of our certificate that signs


class Decision(msgspec.Struct, frozen=True):
    """The route of one message to one partner at one moment."""

    route: Route
    recipients: tuple[Recipient, ...]
    evidence: Evidence


def decide(unit: Unit, us: Surroundings, to: PartnerRecord, kind: str) -> Decision:
    """The route to a partner, now."""
    today = unit.now.date()
    known = to.mail_partner(today)
    chosen = securemail.choose_certificates(known, to.address, us.trust, us.revocation, unit.now, us.verdicts)
    recipients = () if isinstance(chosen, Finding) else chosen
    domain = to.address.rpartition("@")[2]
    qualified, answers = qualified_by(unit, domain)
    inputs = RouteInputs(
        in_domain_book=in_domain_book(unit, domain),
        nta_qualified=qualified,
        active_certificate=bool(recipients),
        iwmo=kind not in UNSEALED_KINDS,
        agreements=to.agreements,
        today=today,
    )
    route = securemail.route(inputs)
    if not us.may_sign:
        route = Route("hold", _NO_SIGNER, inputs)
    why = f"{route.why}."
    if route.action == "hold" and isinstance(chosen, Finding):
        why = f"{why} {chosen.message}"
    exception = to.agreements.transport_only
    evidence = Evidence(
        at=unit.now,
        action=route.action,
        why=why,
        profile=known.profile,
        in_domain_book=inputs.in_domain_book,
        nta_qualified=inputs.nta_qualified,
        internet_route=to.agreements.internet_route,
        transport_only=exception is not None and exception.holds(today),
        certificates=tuple(hashlib.sha256(r.certificate).hexdigest() for r in recipients),
        revocation=us.revocation.version,
        dns=answers,
        signer=hashlib.sha256(us.signer.certificate).hexdigest(),
    )
    return Decision(route, recipients, evidence)


def make(us: Surroundings, decision: Decision, message: Message, now: datetime) -> Sealed | Finding:
    """The bytes for a message on this route; a finding says why there are none (nothing weaker is made)."""
    profile = securemail.PROFILES[decision.evidence.profile].name
    if decision.route.action == "seal":
        return securemail.seal(message, us.signer, decision.recipients, profile, now)
    if decision.route.action == "sign":
        return securemail.seal_clear(message, us.signer, profile, now)
    return Finding(code="SM-3", severity="error", message=decision.evidence.why)


def keep_evidence(unit: Unit, number: int, code: str, evidence: Evidence) -> None:
    """Store a decision with its inputs: the last as record of the message, every one in the audit trail."""
    kept = unit.records.get(EVIDENCE, f"outbox/{number}", Evidence)
    unit.records.put(EVIDENCE, f"outbox/{number}", evidence, kept)
    unit.audit.write_all([_act(number, code, evidence)])


def keep_first(unit: Unit, decisions: Sequence[tuple[int, str, Evidence]]) -> None:
    """`keep_evidence` for messages that are new: (number, partner, decision)."""
    unit.records.add_all(EVIDENCE, {f"outbox/{number}": evidence for number, _, evidence in decisions})
    unit.audit.write_all([_act(number, code, evidence) for number, code, evidence in decisions])


def _act(number: int, code: str, evidence: Evidence) -> Act:
    action = "held" if evidence.action == "hold" else "sealed"
    detail = msgspec.to_builtins(evidence)
    return Act(action=action, object=f"outbox/{number}", partner=code, outcome=evidence.action, detail=detail)


def evidence_of(unit: Unit, number: int) -> Evidence | None:
    """The last decision about a message."""
    kept = unit.records.get(EVIDENCE, f"outbox/{number}", Evidence)
    return None if kept is None else kept.body


def release(unit: Unit, us: Surroundings, number: int) -> str | None:
    """A person lets a held message go; None if it goes, else the condition in the way, and it stays where it is.

    No person can send what no route allows: the exceptions are agreements, with a reason and an end (SM-115). One that
    a person held is sealed again if it waited for more than five days (SM-55).
    """
    before, item = evidence_of(unit, number), unit.outbox.get(number)
    if before is not None and before.action == "hold":
        return None if reconsider(unit, us, number) else (evidence_of(unit, number) or before).why
    to = partner(unit, item.partner)
    if before is not None and to is not None and is_stale(item, unit.now):
        decision = decide(unit, us, to, item.kind)
        fault = decision.evidence.why if decision.route.action != "seal" else _resealed(unit, us, item, decision)
        if fault is not None:
            return fault
        keep_evidence(unit, number, to.code, decision.evidence)
    unit.outbox.release(number)
    return None


# -- what waits -------------------------------------------------------------------------------------------------------


def reconsider_all(store: Store, us: Surroundings, now: datetime, code: str | None = None) -> list[int]:
    """Decide again about every message that a route holds (of one partner); the numbers of those that go.

    For an hourly job, and for whoever changed a partner, a certificate or the domain book (SM-116). Damaged if a
    decision cannot be read, after all the others were looked at.
    """
    with store.view(now=now) as view:
        numbers = [item.id for item in _held(view, code)]
    gone, damaged = [], []
    for number in numbers:
        try:
            with store.unit(now=now, actor=ACTOR) as unit:
                if reconsider(unit, us, number):
                    gone.append(number)
        except Damaged as error:
            damaged.append(f"message {number}: {error}")
    if damaged:
        more = "" if len(damaged) == 1 else f"; {len(damaged) - 1} more"
        raise Damaged(f"{len(gone)} held messages may go; {damaged[0]}{more}")
    return gone


def reconsider(unit: Unit, us: Surroundings, number: int) -> bool:
    """Decide again about one message; True if it goes. One that a person holds stays where it is."""
    item = unit.outbox.get(number)
    before, to = evidence_of(unit, number), partner(unit, item.partner)
    if item.state != "held" or before is None or before.action != "hold" or to is None:
        return False
    decision = decide(unit, us, to, item.kind)
    try:
        fault = None if decision.route.action == "hold" else _ready(unit, us, item, decision)
    except Damaged as error:
        fault = str(error)
    evidence = decision.evidence
    if fault is not None:
        evidence = msgspec.structs.replace(evidence, action="hold", why=fault)
    if evidence.action == "hold":
        if evidence.why != before.why:
            keep_evidence(unit, number, to.code, evidence)
            unit.outbox.note(number, "route", evidence.why)
        return False
    keep_evidence(unit, number, to.code, evidence)
    unit.outbox.release(number)
    return True


def _ready(unit: Unit, us: Surroundings, item: OutboxItem, decision: Decision) -> str | None:
    """Bring the bytes of a held message up to the decision; why not, if that cannot be."""
    draft = unit.outbox.draft(item.id)
    if draft is None:
        return _resealed(unit, us, item, decision)
    message = msgspec.msgpack.decode(draft, type=Message)
    to = partner(unit, item.partner)
    assert to is not None, "a decision was made for it"
    if message.recipient != to.address:
        # No other address is ever tried (SM-3): a person cancels, and sends again.
        return "de partner heeft sindsdien een ander adres"
    made = make(us, decision, message, unit.now)
    fault = made if isinstance(made, Finding) else securemail.check_size(message, to.agreements, made)
    if fault is not None or isinstance(made, Finding):
        return None if fault is None else fault.message
    unit.outbox.seal(item.id, made.raw, made.content_key, made.mic)
    return None


def _resealed(unit: Unit, us: Surroundings, item: OutboxItem, decision: Decision) -> str | None:
    """Sealed for today's certificates: a new envelope around the same signature (SM-15).

    One that waited for more than five days without any attempt is signed again too, with today's date (SM-55).
    """
    key = unit.outbox.content_key(item.id)
    if key is None or item.mic is None:
        return "het bericht zit niet in een envelop"
    old = securemail.reopen(unit.outbox.wire(item.id), key, bytes.fromhex(item.mic), item.message_id)
    if isinstance(old, Finding):
        return old.message
    old = msgspec.structs.replace(old, raw=b"")  # as large as what is made in its place, and not needed for it
    profile = securemail.PROFILES[decision.evidence.profile].name
    lost = _signed_with_lost(us, item, evidence_of(unit, item.id))
    if lost or is_stale(item, unit.now):
        made = securemail.redate(old, us.signer, decision.recipients, profile, unit.now)
        why = "opnieuw ondertekend: de vorige sleutel is verloren" if lost else "nieuwe datum na lang wachten"
    else:
        made = securemail.reseal(old, decision.recipients, profile)
        why = "certificaten van de ontvanger zijn veranderd"
    if isinstance(made, Finding):
        return made.message
    unit.outbox.reseal(item.id, made.raw, made.content_key, made.mic, why)
    return None


def _signed_with_lost(us: Surroundings, item: OutboxItem, before: Evidence | None) -> bool:
    """Whether a message that cannot have left was signed with a key that was reported lost since (SM-141)."""
    lost = {hashlib.sha256(der).hexdigest() for der in us.lost}
    return item.first_try_at is None and before is not None and before.signer in lost


def is_stale(item: OutboxItem, now: datetime) -> bool:
    """Whether a message waited too long for its date to be believed, and nothing of it can have left (SM-55)."""
    return item.first_try_at is None and now - item.created_at > WAITED_TOO_LONG


def _held(unit: Unit, code: str | None) -> list[OutboxItem]:
    found: list[OutboxItem] = []
    while batch := unit.outbox.list(states=["held"], partner=code, after=found[-1].id if found else 0, limit=1000):
        found += batch
    return found


# -- before each attempt ----------------------------------------------------------------------------------------------


class _LastDecision(msgspec.Struct, frozen=True):
    """What was decided for a partner when its waiting messages were last looked at."""

    action: str
    profile: str
    certificates: tuple[str, ...]
    lost: int = 0  # keys of ours that were reported lost


def recheck(unit: Unit, us: Surroundings) -> None:
    """Certificates and routes are looked at before every attempt too (SM-45): hold or reseal what no longer fits.

    Costs a decision for each partner for whom something waits; its messages are walked only when that changed. Nodes do
    it one after the other: what one held, or sealed again, is as it should be for the next.
    """
    unit.alone_at("recheck")
    for code in unit.outbox.waiting_partners():
        try:
            _recheck_partner(unit, us, code)
        except Damaged as error:
            # Nothing goes to a partner of whom this cannot be read; the others are not kept waiting for it.
            for item in _waiting(unit, code):
                unit.outbox.hold(item.id, str(error))


def _recheck_partner(unit: Unit, us: Surroundings, code: str) -> None:
    to = partner(unit, code)
    if to is None:
        return
    evidence = decide(unit, us, to, "").evidence
    now = _LastDecision(evidence.action, evidence.profile, evidence.certificates, len(us.lost))
    kept = unit.records.get(EVIDENCE, f"partner/{code}", _LastDecision)
    if kept is not None and kept.body == now:
        return
    for item in _waiting(unit, code):
        try:
            _recheck_one(unit, us, to, item)
        except Damaged as error:
            unit.outbox.hold(item.id, str(error))
    unit.records.put(EVIDENCE, f"partner/{code}", now, kept)


def _waiting(unit: Unit, code: str) -> Iterator[OutboxItem]:
    after = 0
    while batch := unit.outbox.list(states=["new", "deferred", "uncertain"], partner=code, after=after, limit=1000):
        yield from batch
        after = batch[-1].id


def _recheck_one(unit: Unit, us: Surroundings, to: PartnerRecord, item: OutboxItem) -> None:
    before = evidence_of(unit, item.id)
    if before is None:  # a receipt: no route is decided for it, it holds no personal data (8.2)
        return
    decision = decide(unit, us, to, item.kind)
    now = decision.evidence
    differs = now.certificates != before.certificates or _signed_with_lost(us, item, before)
    if now.action != before.action:
        # A copy that was signed only does not go in the open once it can be sealed: it waits for a person.
        held = now if now.action == "hold" else msgspec.structs.replace(now, action="hold", why=_OTHERWISE)
        unit.outbox.hold(item.id, held.why)
        keep_evidence(unit, item.id, to.code, held)
    elif differs and now.action == "seal" and item.state != "uncertain":
        # What may have arrived already is sent again byte for byte or not at all (SM-86).
        fault = _resealed(unit, us, item, decision)
        if fault is not None:
            unit.outbox.hold(item.id, fault)
            now = msgspec.structs.replace(now, action="hold", why=fault)
        keep_evidence(unit, item.id, to.code, now)
