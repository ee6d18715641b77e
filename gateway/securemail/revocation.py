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
from gateway.securemail.guard import PARSER_ERRORS
from gateway.securemail.keyrules import PublicKey
from gateway.securemail.limits import CRL_LIMITS
from gateway.securemail.refusal import Refusal

GRACE = timedelta(hours=24)
SKEW = timedelta(minutes=10)  # a clock of a CA may run ahead


class Evidence(NamedTuple):
    """What the data at hand say about one certificate."""

    revoked: bool
    fresh_until: datetime | None  #: nextUpdate of the newest usable data, before grace; None: nothing usable
    crls: tuple[bytes, ...]  #: for certvalidator
    ocsp: bytes | None


class _Crl(NamedTuple):
    der: bytes
    parsed: x509.CertificateRevocationList
    this_update: datetime
    next_update: datetime
    scope: bytes  # issuing distribution point, DER: an authority may split its list


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

    @property
    def newest_lists(self) -> tuple[tuple[str, datetime], ...]:
        """For each issuer (RFC 4514 name) when its newest list says the next one comes."""
        return tuple((issuer.rfc4514_string(), lists[0].next_update) for issuer, lists in self._crls.items())

    def _take_crl(self, der: bytes) -> None:
        try:
            ber.check(der, CRL_LIMITS)
            parsed = x509.load_der_x509_crl(der)
            until = parsed.next_update_utc
            if until is None or _extension(parsed, x509.DeltaCRLIndicator):
                raise ValueError("without end, or only the changes to another list")
            scope = _extension(parsed, x509.IssuingDistributionPoint)
            self._crls.setdefault(parsed.issuer, []).append(_Crl(der, parsed, parsed.last_update_utc, until, scope))
        except (Refusal, *PARSER_ERRORS):
            self.unusable += 1

    def _take_ocsp(self, der: bytes) -> None:
        try:
            ber.check(der)
            parsed = ocsp.load_der_ocsp_response(der)
            until = parsed.next_update_utc
            if until is None:
                raise ValueError("no nextUpdate")
            self._ocsps.setdefault(parsed.serial_number, []).append(_Ocsp(der, parsed, parsed.this_update_utc, until))
        except (Refusal, *PARSER_ERRORS):
            self.unusable += 1

    def about(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Evidence:
        """What is known about *certificate*, issued by *issuer*, at *now*."""
        crls = self._crls_of(certificate, issuer)
        ocsps = self._ocsps_about(certificate, issuer)
        serial = certificate.serial_number
        revoked = any(c.parsed.get_revoked_certificate_by_serial_number(serial) for c in _newest_of_each_scope(crls))
        revoked |= bool(ocsps and ocsps[0].parsed.certificate_status is ocsp.OCSPCertStatus.REVOKED)
        # Data made after the certificate expired prove nothing: authorities drop expired entries (SM-137).
        latest = min(certificate.not_valid_after_utc, now + SKEW)
        usable = _newest_of_each_scope([c for c in crls if c.this_update <= latest])
        response = next((o for o in ocsps if o.this_update <= latest), None)
        # Of a split list any part may be the one that matters: the first to end counts.
        ends = [min(c.next_update for c in usable)] if usable else []
        return Evidence(
            revoked=revoked,
            fresh_until=max([*ends, *([response.next_update] if response else [])], default=None),
            crls=tuple(c.der for c in usable),
            ocsp=response.der if response else None,
        )

    def revoked_since(self, certificate: x509.Certificate, issuer: x509.Certificate) -> datetime | None:
        """From when the newest data say that *certificate* was not to be trusted; None: they do not (SM-138).

        The invalidity date where the authority gives one, else the date of revocation.
        """
        serial, ocsps = certificate.serial_number, self._ocsps_about(certificate, issuer)
        entries = [
            crl.parsed.get_revoked_certificate_by_serial_number(serial)
            for crl in _newest_of_each_scope(self._crls_of(certificate, issuer))
        ]
        found = [_from_when(entry) for entry in entries if entry is not None]
        if ocsps and (told := ocsps[0].parsed.revocation_time_utc) is not None:
            found.append(told)
        return min(found, default=None)

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
        return [o for o in same_serial if o.parsed.issuer_key_hash == key_hash(issuer, o.parsed)]


def _from_when(entry: x509.RevokedCertificate) -> datetime:
    try:
        invalid = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return entry.revocation_date_utc
    return min(invalid, entry.revocation_date_utc)


def _newest_of_each_scope(newest_first: list[_Crl]) -> list[_Crl]:
    found: dict[bytes, _Crl] = {}
    for crl in newest_first:
        found.setdefault(crl.scope, crl)
    return list(found.values())


def _extension(crl: x509.CertificateRevocationList, kind: type[x509.ExtensionType]) -> bytes:
    """DER of an extension; empty if there is none."""
    found = [e.value for e in crl.extensions if isinstance(e.value, kind)]
    return found[0].public_bytes() if found else b""


def key_hash(issuer: x509.Certificate, response: ocsp.OCSPResponse) -> bytes:
    """Hash of the issuer's key bits, as the CertID of the response has it (RFC 6960 4.1.1)."""
    spki = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    bits = PublicKeyInfo.load(spki)["public_key"].contents[1:]
    return hashlib.new(response.hash_algorithm.name, bits).digest()
