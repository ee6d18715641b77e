"""What keeps a partner's certificate from being used today, in words for who must mend it (SM-34, SM-51, SM-135)."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Final, Literal

import msgspec

from gateway import securemail
from gateway.domain.findings import Finding, Severity, has_errors
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.flows.partner_card import ReadCard
from gateway.securemail import PROFILES, Question, Verdict
from gateway.securemail.chains import Certificate, read_certificate
from gateway.securemail.keyrules import fits_profile
from gateway.securemail.material import unfit, usages

BOTH: Final = frozenset[Literal["sign", "encrypt"]]({"sign", "encrypt"})


def fitness(
    us: Surroundings, record: PartnerRecord, der: bytes, now: datetime, beside: tuple[bytes, ...] = ()
) -> tuple[Finding, ...]:
    """What is wrong with a certificate (DER) of this partner. An error: it can never be used; a warning: not yet.

    `beside` are authorities that stood in the same file: they are not kept, and may be what is missing.
    """
    found = unfit(der, BOTH, now)
    read = read_certificate(der)
    if has_errors(found) or not isinstance(read, Certificate):
        return found
    if any(one.code == "SM-34" for one in found) and record.agreements.usage_extension == "required":
        return (*found, *_binding(record, read), *_size(record, read, now))  # the chain would be refused for the same
    return (*found, *_binding(record, read), *_size(record, read, now), *_trust(us, record, read, now, beside))


def fit_card(read: ReadCard, now: datetime) -> tuple[ReadCard, tuple[Finding, ...]]:
    """The card without certificates that can never be used, with why; an error for the one that signed it."""
    said: list[Finding] = []
    kept = []
    for der in read.card.certificates:
        errors = [one for one in unfit(der, BOTH, now) if one.severity == "error"]
        if not errors:
            kept.append(der)
            continue
        sha256 = hashlib.sha256(der)
        severity: Severity = "error" if sha256.digest() == read.signer else "warning"
        said += [msgspec.structs.replace(one, severity=severity, path=sha256.hexdigest()) for one in errors]
    card = msgspec.structs.replace(read.card, certificates=tuple(kept))
    return ReadCard(card, read.signer), tuple(said)


def _binding(record: PartnerRecord, read: Certificate) -> Iterator[Finding]:
    """Whether it could belong to the partner, as was agreed (SM-51)."""
    if "sign" not in usages(read.parsed):
        return
    if record.binding == "san-email" and not set(read.emails) & set(record.addresses):
        named = ", ".join(read.emails) or "geen enkel adres"
        yield _warning(
            "SM-51",
            f"In het certificaat staat {named}, en niet het adres van de partner: zijn post wordt niet vertrouwd.",
            "Vraag een certificaat met het adres, of leg vast hoe het bij hem hoort: gateway partner agree "
            f"{record.code} --binding pinned (deze sleutel) of --binding oin --oin OIN.",
        )
    if record.binding == "oin" and read.subject_serial_number != record.oin:
        yield _warning(
            "SM-51", "Het certificaat noemt een ander OIN dan is vastgelegd.", "Vergelijk het OIN met de partner."
        )


def _size(record: PartnerRecord, read: Certificate, now: datetime) -> Iterator[Finding]:
    profile = PROFILES[record.profile_on(now.date())]
    if not fits_profile(read.facts, profile):
        text = f"De sleutel van {read.facts.bits} bits is te kort voor profiel {profile.name}."
        advice = (
            f"Vraag een certificaat met RSA-3072 of P-256, of spreek standard af: gateway partner agree {record.code}."
        )
        yield _warning("SM-121", text, advice)


def _trust(
    us: Surroundings, record: PartnerRecord, read: Certificate, now: datetime, beside: tuple[bytes, ...]
) -> Iterator[Finding]:
    partner = record.mail_partner(now.date())
    # A certificate of tomorrow is judged as it will be then.
    at = max(now, read.parsed.not_valid_before_utc)
    question = Question(partner=partner, trust=us.trust, revocation=us.revocation, at=at, now=now)
    for usage in sorted(usages(read.parsed)):
        verdict = securemail.check_certificate(read.der, usage, question, us.verdicts)
        if verdict.valid:
            continue
        if verdict.chain is None:
            yield _no_chain(us, record, read, question, beside)
        else:
            yield _objection(verdict, read)
        return


def _no_chain(
    us: Surroundings, record: PartnerRecord, read: Certificate, question: Question, beside: tuple[bytes, ...]
) -> Finding:
    issuer = read.parsed.issuer.rfc4514_string()
    helped = msgspec.structs.replace(question, carried=beside)
    for usage in usages(read.parsed):
        if securemail.check_certificate(read.der, usage, helped).chain is not None:
            return _warning(
                "SM-36",
                f"De tussenliggende uitgever ({issuer}) is hier niet bekend.",
                "Hij staat in hetzelfde bestand: voeg hem toe met gateway cert add --use anchor --certificate BESTAND.",
            )
    own = f" --partner {record.code}" if record.code in us.trust.own else ""
    return _warning(
        "SM-33",
        f"Geen uitgever die voor deze partner wordt vertrouwd gaf dit certificaat uit (uitgever: {issuer}).",
        f"Voeg zijn stamcertificaat en tussenliggende toe: gateway cert add --use anchor --certificate BESTAND{own}.",
    )


def _objection(verdict: Verdict, read: Certificate) -> Finding:
    if verdict.reason == "signer-revoked":
        text = "Het certificaat, of dat van zijn uitgever, is ingetrokken."
        return _warning("SM-38", text, "Bel de partner en vraag een nieuw certificaat.", "error")
    if verdict.reason == "revocation-unknown":
        text = f"Er is geen geldige intrekkingslijst van {read.parsed.issuer.rfc4514_string()}."
        advice = "gateway cert add --use crl --certificate BESTAND, of noem het adres bij [revocation]."
        return _warning("SM-39", text, advice)
    if verdict.reason == "signer-expired":
        text = "Een certificaat van een uitgever hierboven is verlopen of nog niet geldig."
        return _warning("SM-34", text, "Voeg het nieuwe certificaat van de uitgever toe.")
    return _warning(
        "SM-34",
        f"Het certificaat wordt niet aanvaard: {verdict.detail}.",
        "Vraag een certificaat dat mag worden gebruikt voor S/MIME, van een uitgever die wij vertrouwen.",
    )


def _warning(code: str, message: str, advice: str, severity: Severity = "warning") -> Finding:
    return Finding(code=code, severity=severity, message=message, advice=advice)
