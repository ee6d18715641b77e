"""Getting to know a partner: facts are taken, certificates are proposed, a person confirms them (SM-136).

Functions from record to record; `record_partner` writes what changed, with who did it, in the audit trail.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import msgspec

from gateway.domain.findings import Finding
from gateway.flows import tasks
from gateway.flows.parties import (
    Confirmation,
    PartnerCertificate,
    PartnerRecord,
    Surroundings,
    Withdrawal,
    add_partner,
    partner,
)
from gateway.flows.partner_card import Card, ReadCard
from gateway.securemail import Opened, announced
from gateway.securemail.chains import walk_bytes
from gateway.securemail.material import usages
from gateway.store import Unit

ACTIVE_AFTER: Final = timedelta(hours=24)  # a stolen signing key must not silently add a reader (SM-44)
_NOT_HEX = re.compile(r"[^0-9a-f]")


class Compared(msgspec.Struct, frozen=True):
    """A fingerprint that a person compared with the partner, as he typed it, and how."""

    fingerprint: str  # SHA-256 in hex; colons, blanks and capitals do not matter
    confirmation: Confirmation

    @property
    def sha256(self) -> str:
        """The fingerprint as 64 hex digits, or something that equals none."""
        return _NOT_HEX.sub("", self.fingerprint.lower())


def propose(
    record: PartnerRecord, certificates: Iterable[bytes], today: date, card: str | None = None
) -> PartnerRecord:
    """The record with these certificates (DER) as proposals; those it knows stay as they are.

    `card` is the SHA-256 of the certificate that signed the card they came on. A known proposal that comes again on
    a card keeps that card: it is then confirmed with it.
    """
    kept = {certificate.der: certificate for certificate in record.certificates}
    for der in certificates:
        seen = kept.get(der)
        if seen is None:
            kept[der] = PartnerCertificate(der=der, proposed_on=today, card=card)
        elif seen.confirmed is None and card is not None:
            kept[der] = msgspec.structs.replace(seen, card=card)
    return msgspec.structs.replace(record, certificates=tuple(kept.values()))


def confirm(record: PartnerRecord, compared: Compared) -> PartnerRecord | Finding:
    """The record after a person compared a fingerprint: of one certificate, or of the one that signed its card.

    The latter confirms every certificate on that card: whoever holds the key vouched for them. A finding when the
    record has no certificate with that fingerprint; then nothing is confirmed.
    """
    wanted = compared.sha256
    if not any(wanted == certificate.sha256 for certificate in record.certificates):
        return Finding(
            code="SM-136",
            severity="error",
            message=f"Geen certificaat van partner {record.code} heeft deze vingerafdruk; er is niets bevestigd.",
            advice="Vergelijk alle 64 tekens opnieuw met de partner, niet per e-mail.",
        )
    after = tuple(
        msgspec.structs.replace(certificate, confirmed=compared.confirmation, refused=None)
        if _is_meant(certificate, wanted)
        else certificate
        for certificate in record.certificates
    )
    return msgspec.structs.replace(record, certificates=after)


def _is_meant(certificate: PartnerCertificate, wanted: str) -> bool:
    """One that was refused comes back only by its own fingerprint, not with a card."""
    if certificate.state == "refused":
        return wanted == certificate.sha256
    return certificate.confirmed is None and wanted in (certificate.sha256, certificate.card)


def refuse(record: PartnerRecord, fingerprint: str, withdrawal: Withdrawal) -> PartnerRecord | Finding:
    """The record without one certificate in use: the partner lost its key, or it was never his.

    It stays in the record, so that it is not proposed again. A finding when the record has no such certificate.
    """
    wanted = _NOT_HEX.sub("", fingerprint.lower())
    if not any(wanted == certificate.sha256 for certificate in record.certificates):
        there = ", ".join(certificate.sha256 for certificate in record.certificates) or "geen"
        return Finding(
            code="SM-136",
            severity="error",
            message=f"Geen certificaat van partner {record.code} heeft deze vingerafdruk; er is niets veranderd.",
            advice=f"Kies uit: {there}.",
        )
    after = tuple(
        msgspec.structs.replace(one, refused=withdrawal) if one.sha256 == wanted else one for one in record.certificates
    )
    return msgspec.structs.replace(record, certificates=after)


def introduce(
    known: PartnerRecord | None, read: ReadCard, today: date, compared: Compared | None = None
) -> PartnerRecord | Finding:
    """The record after a card came in, and perhaps its fingerprint was compared.

    Facts of a partner that has confirmed certificates change only by a card of a confirmed signer: a card is a file,
    and anybody can make one in another's name.
    """
    card, signer = read.card, read.signer.hex()
    if known is not None and known.role != card.role:
        return _not_him("Deze kaart is van een andere rol dan de partner met die code.")
    record = propose(known or _stated(card), card.certificates, today, signer)
    if compared is not None:
        confirmed = confirm(record, compared)
        if isinstance(confirmed, Finding):
            return confirmed
        record = confirmed
    trusted = signer in {certificate.sha256 for certificate in record.confirmed}
    if known is None or trusted or not known.confirmed:
        return _with_facts(record, card, signer)
    return record


def _stated(card: Card) -> PartnerRecord:
    return PartnerRecord(code=card.code, role=card.role, name=card.name, addresses=card.addresses, profile=card.profile)


def _with_facts(record: PartnerRecord, card: Card, signer: str) -> PartnerRecord:
    terms: dict[str, object] = {"max_message": card.limits.max_message, "max_file": card.limits.max_file}
    if record.stated_by is None:
        terms["header_protection"] = "required"  # who makes a card runs a gateway, and those protect headers (SM-57)
    return msgspec.structs.replace(
        record,
        name=card.name,
        addresses=card.addresses,
        profile=card.profile,
        formats=card.plan_formats,
        stated_by=signer,
        agreements=msgspec.structs.replace(record.agreements, **terms),
    )


def record_partner(unit: Unit, record: PartnerRecord) -> None:
    """Write the record if it differs from the present one; each new proposal and confirmation is in the trail."""
    before = partner(unit, record.code)
    if before == record:
        return
    add_partner(unit, record)
    known = {} if before is None else {c.der: c for c in before.certificates}
    for certificate in record.certificates:
        old = known.get(certificate.der)
        detail = {"sha256": certificate.sha256}
        if old is None:
            unit.audit.write("certificate_proposed", f"partner/{record.code}", partner=record.code, detail=detail)
        if certificate.confirmed is not None and (old is None or old.confirmed is None):
            unit.audit.write(
                "certificate_confirmed",
                f"partner/{record.code}",
                partner=record.code,
                ground=f"vingerafdruk vergeleken: {certificate.confirmed.channel}"[:160],
                detail=detail | {"on": certificate.confirmed.on.isoformat()},
            )
        if certificate.refused is not None and (old is None or old.refused is None):
            ground = certificate.refused.reason[:160]
            unit.audit.write(
                "certificate_refused", f"partner/{record.code}", partner=record.code, ground=ground, detail=detail
            )
        if certificate.active_from is not None and (old is None or old.active_from is None):
            detail |= {"from": certificate.active_from.isoformat(), "announcedBy": certificate.announced_by or ""}
            unit.audit.write("certificate_activates", f"partner/{record.code}", partner=record.code, detail=detail)
    if before is not None and _agreed(before) != _agreed(record):
        unit.audit.write("agreements_changed", f"partner/{record.code}", partner=record.code, detail=_agreed(record))


def keep_announced(unit: Unit, us: Surroundings, opened: Opened) -> None:
    """Certificates that a confirmed signer carried along: for the same address and by the same authority, they may sign
    for the partner from now on (SM-134). To encrypt for they are proposals: a person decides, or, where that was
    agreed, they are used after 24 hours (SM-44). A person is told in either case.

    Reading a mailbox is not enough to add one: the message was signed with a key that a person confirmed.
    """
    if not opened.partner.knows(bytes.fromhex(opened.signer.fingerprint)):
        return
    new = announced(opened.headers.sender, opened.partner, opened.carried)
    record = partner(unit, opened.partner.id) if new else None
    if record is not None:
        record = propose(record, new, unit.now.date())
        record_partner(unit, _announce(unit, us, record, opened, new))


def _announce(
    unit: Unit, us: Surroundings, record: PartnerRecord, opened: Opened, new: Iterable[bytes]
) -> PartnerRecord:
    """The record in which those of *new* that have the signer's anchor say who announced them, and when they begin."""
    anchors, between = us.trust.anchors_of(record.code), us.trust.intermediates
    signed = walk_bytes(opened.signer.certificate, anchors, (*between, *opened.carried))
    after = []
    for one in record.certificates:
        chain = walk_bytes(one.der, anchors, between) if one.der in new and one.state == "proposed" else None
        if chain is not None and signed is not None and chain.anchor == signed.anchor:
            facts: dict[str, object] = {"announced_by": opened.signer.fingerprint, "address": opened.headers.sender}
            if record.agreements.recipient_change == "auto" and "encrypt" in usages(chain.leaf.parsed):
                facts["active_from"] = unit.now + ACTIVE_AFTER
            one = msgspec.structs.replace(one, **facts)
            tasks.raise_task(unit, f"certificate/new/{one.sha256[:16]}", _announcement(record, one))
        after.append(one)
    return msgspec.structs.replace(record, certificates=tuple(after))


def _announcement(record: PartnerRecord, one: PartnerCertificate) -> tasks.Task:
    if one.active_from is not None:
        begins = f"Om voor te versleutelen gaat het vanzelf in op {one.active_from:%d-%m-%Y om %H:%M} UTC."
    else:
        begins = "Om voor te versleutelen wacht het op een mens (gateway partner add --confirm)."
    return tasks.Task(
        what=f"Een partner kondigde een nieuw certificaat aan ({one.sha256[:16]}…).",
        who=f"Voor partner {record.code} geldt het van nu af als ondertekenaar. {begins}",
        advice=f"Klopt het niet: gateway partner refuse {record.code} {one.sha256} --by NAAM --reason REDEN.",
        weight="warning",
    )


def disown(unit: Unit, record: PartnerRecord, sha256: str) -> None:
    """What a certificate announced that turns out revoked is a mere proposal again."""
    after = tuple(
        msgspec.structs.replace(one, active_from=None, announced_by=None) if one.announced_by == sha256 else one
        for one in record.certificates
    )
    record_partner(unit, msgspec.structs.replace(record, certificates=after))


def _agreed(record: PartnerRecord) -> dict[str, object]:
    until = None if record.profile_until is None else record.profile_until.isoformat()
    agreements: dict[str, object] = msgspec.to_builtins(record.agreements)
    return {
        "profile": record.profile,
        "profileUntil": until,
        "binding": record.binding,
        "sending": msgspec.to_builtins(record.sending),
        **agreements,
    }


def _not_him(message: str) -> Finding:
    return Finding(code="SM-136", severity="error", message=message, advice="Ga na van wie de kaart is.")
