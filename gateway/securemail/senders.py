"""Who is the sender: signer, partner and From belong together (section 7)."""

from collections.abc import Iterable
from functools import lru_cache

from gateway.securemail.certificates import Verdict
from gateway.securemail.chains import Certificate, read_certificate
from gateway.securemail.partners import MAILBOX_VALIDATED, Anchor, Partner, PartnerBook
from gateway.securemail.refusal import Refusal


def check_sender(certificate: Certificate, verdict: Verdict, address: str, partner: Partner, book: PartnerBook) -> None:
    """Hold the signer to the partner's binding and record; `Refusal` sender.

    *address* is the protected From. The certificate is known to be valid (`check_certificate`).
    """
    assert verdict.chain is not None  # a valid verdict has a chain
    if not partner.has(address):
        raise Refusal("sender", "afzender is geen adres van deze partner")
    if not _is_bound(certificate, verdict.chain.anchor, address, partner):
        raise Refusal("sender", "certificaat hoort niet bij deze partner")
    if not partner.knows(certificate.fingerprint) and not _may_change(certificate, verdict.chain.anchor, partner):
        raise Refusal("sender", "nieuw certificaat van deze partner wacht op bevestiging")
    sharing = {p.id: p for p in (partner, *book.using(certificate.fingerprint))}
    if len(sharing) > 1 and not all(p.agreements.shared_certificate for p in sharing.values()):
        raise Refusal("sender", "certificaat staat ook bij een andere partner")


_read = lru_cache(maxsize=256)(read_certificate)  # a partner's messages carry the same ones each time


def announced(mail_from: str, partner: Partner, carried: Iterable[bytes]) -> tuple[bytes, ...]:
    """End-entity certificates that a known signer of the partner carried along and the record does not hold yet (DER).

    They count when they are for the address that sent them; the partner record says for what, and from when (SM-44,
    SM-134).
    """
    found = []
    for der in carried:
        certificate = _read(der)
        if (
            isinstance(certificate, Certificate)
            and mail_from in certificate.emails
            and not certificate.is_authority
            and not partner.knows(certificate.fingerprint)
        ):
            found.append(der)
    return tuple(found)


def _is_bound(certificate: Certificate, anchor: Anchor, address: str, partner: Partner) -> bool:
    """SM-51, SM-135."""
    if partner.binding == "san-email":
        return address in certificate.emails
    if partner.binding == "pinned":
        return certificate.public_key_pin in partner.pins
    return anchor.serial_number_is_oin and partner.oin is not None and certificate.subject_serial_number == partner.oin


def _may_change(certificate: Certificate, anchor: Anchor, partner: Partner) -> bool:
    """Whether a certificate not seen before is taken without a person.

    Never where reading a mailbox obtains one (SM-134).
    """
    if partner.agreements.signer_change != "auto" or anchor.mailbox_validated:
        return False
    return not any(p.startswith(MAILBOX_VALIDATED) for p in certificate.policies)
