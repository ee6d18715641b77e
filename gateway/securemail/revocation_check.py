"""Verify fetched revocation data before anybody believes them, and say which of two is the newer (SM-137)."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from gateway.securemail import ber
from gateway.securemail.guard import PARSER_ERRORS
from gateway.securemail.keyrules import PublicKey
from gateway.securemail.limits import CRL_LIMITS
from gateway.securemail.profiles import SIGNATURE_DIGESTS
from gateway.securemail.refusal import Refusal
from gateway.securemail.revocation import SKEW, key_hash

Fault = Literal["unreadable", "delta", "no-next-update", "from-the-future", "signer", "other-certificate", "no-answer"]
_DIGESTS = {d.name for d in SIGNATURE_DIGESTS.values()}
_ODD = (Refusal, *PARSER_ERRORS)


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A list or response that its authority signed. `about` is the same for the ones that follow each other."""

    about: str  # SHA-256, hex
    der: bytes
    this_update: datetime
    next_update: datetime
    number: int | None = None  # of a list


def read_list(data: bytes, authorities: Iterable[bytes], now: datetime) -> Verified | Fault:
    """A whole CRL, DER or PEM, signed by one of these certificates (DER) that may sign lists."""
    try:
        der = x509.load_pem_x509_crl(data).public_bytes(Encoding.DER) if data.startswith(b"-----") else data
        ber.check(der, CRL_LIMITS)
        crl = x509.load_der_x509_crl(der)
        until, extensions = crl.next_update_utc, {type(e.value): e.value for e in crl.extensions}
        if x509.DeltaCRLIndicator in extensions:
            return "delta"
        if until is None:
            return "no-next-update"
        if crl.last_update_utc > now + SKEW:
            return "from-the-future"
        signer = _signer_of(crl, authorities)
    except _ODD:
        return "unreadable"
    if signer is None:
        return "signer"
    scope = extensions.get(x509.IssuingDistributionPoint)
    number = extensions.get(x509.CRLNumber)
    return Verified(
        about=_digest(_spki(signer), crl.issuer.public_bytes(), b"" if scope is None else scope.public_bytes()),
        der=der,
        this_update=crl.last_update_utc,
        next_update=until,
        number=number.crl_number if isinstance(number, x509.CRLNumber) else None,
    )


def is_newer(found: Verified, kept: Verified) -> bool:
    """Whether *found* may take the place of *kept*: an old one that is still valid is a replay (SM-137)."""
    if found.number is not None and kept.number is not None and found.number < kept.number:
        return False
    return found.this_update > kept.this_update


def _signer_of(crl: x509.CertificateRevocationList, authorities: Iterable[bytes]) -> x509.Certificate | None:
    digest = crl.signature_hash_algorithm
    if digest is None or digest.name not in _DIGESTS:
        return None
    for der in authorities:
        authority = x509.load_der_x509_certificate(der)
        public = authority.public_key()
        named = authority.subject == crl.issuer and isinstance(public, PublicKey) and _signs_lists(authority)
        if named and crl.is_signature_valid(public):  # type: ignore[arg-type]
            return authority
    return None


def _signs_lists(authority: x509.Certificate) -> bool:
    try:
        return authority.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


# -- OCSP ----------------------------------------------------------------------------------------------------------


def responders(certificate: x509.Certificate) -> tuple[str, ...]:
    """The OCSP addresses that a certificate names: to be asked only where configured (SM-36)."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, *_ODD):
        return ()
    return tuple(
        one.access_location.value
        for one in access
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    )


def make_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The question about one certificate, DER. With SHA-1 names, which every responder knows (RFC 5019 2.1.1)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())
    return builder.build().public_bytes(Encoding.DER)


def about_certificate(certificate: x509.Certificate) -> str:
    """What a response about this certificate is kept under."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def read_response(
    data: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> Verified | Fault:
    """A response about *certificate*, signed by its issuer or a responder of that issuer (RFC 6960 4.2.2.2)."""
    try:
        ber.check(data)
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return "no-answer"
        same = response.serial_number == certificate.serial_number
        if not same or response.issuer_key_hash != key_hash(issuer, response):
            return "other-certificate"
        if response.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            return "no-answer"
        if response.next_update_utc is None:
            return "no-next-update"
        if response.this_update_utc > now + SKEW:
            return "from-the-future"
        if not any(_signed(response, one) for one in _responders_of(response, issuer, now)):
            return "signer"
    except _ODD:
        return "unreadable"
    return Verified(
        about=about_certificate(certificate),
        der=data,
        this_update=response.this_update_utc,
        next_update=response.next_update_utc,
    )


def _responders_of(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> list[x509.Certificate]:
    return [issuer, *(one for one in response.certificates[:5] if _may_respond(one, issuer, now))]


def _may_respond(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, x509.ExtensionNotFound, *_ODD):
        return False
    valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    return valid and ExtendedKeyUsageOID.OCSP_SIGNING in purposes


def _signed(response: ocsp.OCSPResponse, by: x509.Certificate) -> bool:
    public, digest = by.public_key(), response.signature_hash_algorithm
    if digest is None or digest.name not in _DIGESTS:
        return False
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), digest)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
