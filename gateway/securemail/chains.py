"""Walk the chain of a certificate ourselves, within bounds, before certvalidator sees it (SM-121, SM-128).

certvalidator tries every order of same-named certificates: nine of them from a stranger cost it more than a minute.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

import msgspec
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.securemail.keyrules import BadCertificate, KeyFacts, certificate_facts
from gateway.securemail.partners import Anchor
from gateway.securemail.profiles import SIGNATURE_DIGESTS

MAX_DEPTH = 6
MAX_VERIFICATIONS = 20
_CHAIN_DIGESTS = {d.name for d in SIGNATURE_DIGESTS.values()}


class Certificate(msgspec.Struct, frozen=True):
    """A certificate, parsed once; its key keeps the rules."""

    der: bytes
    facts: KeyFacts
    parsed: x509.Certificate
    fingerprint: bytes  #: SHA-256
    asn1: asn1_x509.Certificate  #: the same for certvalidator and pyHanko
    issuer: bytes  #: DER Name
    key_identifier: bytes | None
    subject: str  #: RFC 4514
    emails: tuple[str, ...]  #: its rfc822Names, lower case

    @property
    def is_authority(self) -> bool:
        """Whether it may issue certificates (basicConstraints)."""
        try:
            return self.parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except (x509.ExtensionNotFound, ValueError):
            return False

    @property
    def subject_serial_number(self) -> str | None:
        """serialNumber of the subject; an OIN where the anchor says so."""
        found = self.parsed.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)
        value = found[0].value if len(found) == 1 else None
        return value if isinstance(value, str) else None

    @property
    def policies(self) -> tuple[str, ...]:
        """Certificate policies, dotted."""
        try:
            value = self.parsed.extensions.get_extension_for_class(x509.CertificatePolicies).value
        except (x509.ExtensionNotFound, ValueError):
            return ()
        return tuple(p.policy_identifier.dotted_string for p in value)

    @property
    def public_key_pin(self) -> bytes:
        """SHA-256 of the SubjectPublicKeyInfo."""
        spki = self.facts.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(spki).digest()


class Chain(msgspec.Struct, frozen=True):
    """A certificate, its intermediates from the leaf upwards, and the anchor that ends it."""

    leaf: Certificate
    intermediates: tuple[Certificate, ...]
    anchor: Anchor
    root: x509.Certificate

    @property
    def pairs(self) -> tuple[tuple[x509.Certificate, x509.Certificate], ...]:
        """Each certificate below the anchor with its issuer."""
        line = [self.leaf.parsed, *(c.parsed for c in self.intermediates), self.root]
        return tuple(pairwise(line))


def read_certificate(der: bytes) -> Certificate | BadCertificate:
    """Parse a certificate from anywhere; key rules included."""
    facts = certificate_facts(der)
    if isinstance(facts, BadCertificate):
        return facts
    parsed = x509.load_der_x509_certificate(der)
    try:
        # `cryptography` parses as late as it can: everything that is looked at later is looked at once here.
        _ = (parsed.subject, parsed.issuer, parsed.extensions, parsed.not_valid_before_utc, parsed.not_valid_after_utc)
        _ = (parsed.serial_number, parsed.signature_hash_algorithm)
        asn1 = asn1_x509.Certificate.load(der)
        issuer, identifier = asn1.issuer.dump(), asn1.key_identifier
        subject, emails = parsed.subject.rfc4514_string(), _emails(parsed)
    except Exception as unreadable:  # ValueError, DuplicateExtension, UnsupportedAlgorithm, ...
        return BadCertificate(f"certificaat onleesbaar ({type(unreadable).__name__})")
    return Certificate(
        der=der,
        facts=facts,
        parsed=parsed,
        fingerprint=hashlib.sha256(der).digest(),
        asn1=asn1,
        issuer=issuer,
        key_identifier=identifier,
        subject=subject,
        emails=emails,
    )


def _emails(parsed: x509.Certificate) -> tuple[str, ...]:
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(name.lower() for name in names.get_values_for_type(x509.RFC822Name))


def walk(
    leaf: Certificate,
    anchors: Sequence[Anchor],
    configured: Iterable[bytes],
    carried: Iterable[bytes],
    at: datetime | None = None,
) -> Chain | None:
    """A chain from *leaf* to one of *anchors*, or None.

    Intermediates that are valid at *at* are tried before others, and then configured ones before carried ones.
    """
    roots = [(a, x509.load_der_x509_certificate(a.certificate)) for a in anchors]
    return _Walk(roots, _candidates([*configured, *carried], at)).up(leaf, leaf, ())


def walk_bytes(leaf: bytes, anchors: Sequence[Anchor], intermediates: Iterable[bytes]) -> Chain | None:
    """`walk` from a certificate that is not read yet (DER); None if it breaks the key rules."""
    read = read_certificate(leaf)
    return walk(read, anchors, intermediates, ()) if isinstance(read, Certificate) else None


def _candidates(ders: Iterable[bytes], at: datetime | None) -> list[Certificate]:
    """One certificate per subject, key and issuer (cross-signed authorities have several), bad ones left out."""
    read = [one for der in ders if isinstance(one := read_certificate(der), Certificate)]
    if at is not None:
        read.sort(key=lambda one: not one.parsed.not_valid_before_utc <= at <= one.parsed.not_valid_after_utc)
    found: dict[tuple[bytes, bytes, bytes], Certificate] = {}
    for one in read:
        found.setdefault((one.parsed.subject.public_bytes(), one.public_key_pin, one.issuer), one)
    return list(found.values())


class _Walk:
    def __init__(self, roots: list[tuple[Anchor, x509.Certificate]], candidates: list[Certificate]) -> None:
        self.roots = roots
        self.candidates = candidates
        self.verifications = 0

    def up(self, leaf: Certificate, at: Certificate, above: tuple[Certificate, ...]) -> Chain | None:
        for anchor, root in self.roots:
            if self.issued(at.parsed, root):
                return Chain(leaf, above, anchor, root)
        if len(above) + 2 > MAX_DEPTH:
            return None
        for candidate in self.candidates:
            if candidate is at or candidate in above or not self.issued(at.parsed, candidate.parsed):
                continue
            if (chain := self.up(leaf, candidate, (*above, candidate))) is not None:
                return chain
        return None

    def issued(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Whether *issuer*'s key signed *certificate* with SHA-256 or better."""
        if certificate.issuer != issuer.subject or self.verifications >= MAX_VERIFICATIONS:
            return False
        self.verifications += 1
        try:
            digest = certificate.signature_hash_algorithm
            if digest is None or digest.name not in _CHAIN_DIGESTS:
                return False
            certificate.verify_directly_issued_by(issuer)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
            return False
        return True
