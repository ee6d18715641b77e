"""Revocation data as a value: CRLs and OCSP responses that a job fetched and verified (SM-36 to SM-39, SM-137).

certvalidator judges signatures and scope of the data; here is what it cannot say: which data is usable for which
certificate, whether the newest lists it as revoked whatever the date, and whether it is fresh enough for today.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from asn1crypto.keys import PublicKeyInfo
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from gateway.securemail import ber
from gateway.securemail.keyrules import PublicKey
from gateway.securemail.limits import CRL_LIMITS
from gateway.securemail.refusal import Refusal

GRACE = timedelta(hours=24)
_SKEW = timedelta(minutes=10)  # a clock of a CA may run ahead


class Evidence(NamedTuple):
    """What the data at hand say about one certificate."""

    revoked: bool
    fresh_until: datetime | None  #: nextUpdate of the newest usable data, before grace; None: nothing usable
    crl: bytes | None  #: for certvalidator
    ocsp: bytes | None


class _Crl(NamedTuple):
    der: bytes
    parsed: x509.CertificateRevocationList
    this_update: datetime
    next_update: datetime


class _Ocsp(NamedTuple):
    der: bytes
    parsed: ocsp.OCSPResponse
    this_update: datetime
    next_update: datetime


class Revocation:
    """All revocation data of one moment. `version` changes with any byte of it (SM-41).

    Data that cannot be read, or carry no nextUpdate, are left out (SM-137) and counted in `unusable`.
    """

    def __init__(self, crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = (), grace: timedelta = GRACE) -> None:
        crl_bytes, ocsp_bytes = tuple(crls), tuple(ocsps)
        digest = hashlib.sha256()
        for item in (*crl_bytes, *ocsp_bytes):
            digest.update(hashlib.sha256(item).digest())
        self.version = digest.hexdigest()
        self.grace = grace
        self._crls: dict[x509.Name, list[_Crl]] = {}
        self._ocsps: dict[int, list[_Ocsp]] = {}
        self.unusable = 0
        for der in crl_bytes:
            self._take_crl(der)
        for der in ocsp_bytes:
            self._take_ocsp(der)
        for crls_of_issuer in self._crls.values():
            crls_of_issuer.sort(key=lambda item: item.this_update, reverse=True)
        for about_serial in self._ocsps.values():
            about_serial.sort(key=lambda item: item.this_update, reverse=True)

    def _take_crl(self, der: bytes) -> None:
        try:
            ber.check(der, CRL_LIMITS)
            parsed = x509.load_der_x509_crl(der)
            until = parsed.next_update_utc
            if until is None:
                raise ValueError("no nextUpdate")
            self._crls.setdefault(parsed.issuer, []).append(_Crl(der, parsed, parsed.last_update_utc, until))
        except (ValueError, TypeError, Refusal):
            self.unusable += 1

    def _take_ocsp(self, der: bytes) -> None:
        try:
            ber.check(der)
            parsed = ocsp.load_der_ocsp_response(der)
            until = parsed.next_update_utc
            if until is None:
                raise ValueError("no nextUpdate")
            self._ocsps.setdefault(parsed.serial_number, []).append(_Ocsp(der, parsed, parsed.this_update_utc, until))
        except (ValueError, TypeError, Refusal):
            self.unusable += 1

    def about(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Evidence:
        """What is known about *certificate*, issued by *issuer*, at *now*."""
        crls = self._crls_of(certificate, issuer)
        ocsps = self._ocsps_about(certificate, issuer)
        revoked = bool(crls and crls[0].parsed.get_revoked_certificate_by_serial_number(certificate.serial_number))
        revoked |= bool(ocsps and ocsps[0].parsed.certificate_status is ocsp.OCSPCertStatus.REVOKED)
        # Data made after the certificate expired prove nothing: authorities drop expired entries (SM-137).
        expiry = certificate.not_valid_after_utc
        crl = next((c for c in crls if c.this_update <= min(expiry, now + _SKEW)), None)
        response = next((o for o in ocsps if o.this_update <= min(expiry, now + _SKEW)), None)
        found = [item.next_update for item in (crl, response) if item is not None]
        return Evidence(
            revoked=revoked,
            fresh_until=max(found, default=None),
            crl=crl.der if crl else None,
            ocsp=response.der if response else None,
        )

    def is_fresh(self, evidence: Evidence, certificate: x509.Certificate, now: datetime) -> bool:
        """Whether the data reach today, or the end of the certificate if that came first, with grace (SM-39)."""
        if evidence.fresh_until is None:
            return False
        return evidence.fresh_until + self.grace >= min(now, certificate.not_valid_after_utc)

    def _crls_of(self, certificate: x509.Certificate, issuer: x509.Certificate) -> list[_Crl]:
        public = issuer.public_key()
        if not isinstance(public, PublicKey):
            return []
        named = self._crls.get(certificate.issuer, [])
        return [c for c in named if c.parsed.is_signature_valid(public)]

    def _ocsps_about(self, certificate: x509.Certificate, issuer: x509.Certificate) -> list[_Ocsp]:
        same_serial = self._ocsps.get(certificate.serial_number, [])
        return [o for o in same_serial if o.parsed.issuer_key_hash == _key_hash(issuer, o.parsed)]


def _key_hash(issuer: x509.Certificate, response: ocsp.OCSPResponse) -> bytes:
    """Hash of the issuer's key bits, as the CertID of the response has it (RFC 6960 4.1.1)."""
    spki = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    bits = PublicKeyInfo.load(spki)["public_key"].contents[1:]
    return hashlib.new(response.hash_algorithm.name, bits).digest()
