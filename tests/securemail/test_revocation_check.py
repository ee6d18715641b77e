"""Fetched revocation data: what is believed, and what is newer (SM-36, SM-38, SM-137, SM-138)."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from gateway import securemail as sm
from gateway.demo import ca
from gateway.securemail.revocation_check import Verified, is_newer, make_request, read_list, read_response, responders
from tests.securemail.world import NOW, START, crls, issuing, key, leaf, other_root, root

DAY = timedelta(days=1)
AUTHORITIES = (root().der, issuing().der)
ASKED = leaf(number=31, ocsp_url="http://ocsp.example/")
LIST = ca.make_crl(issuing(), START)


def without_end() -> bytes:
    """asn1crypto's own writer leaves nextUpdate out; `cryptography` refuses to."""
    from asn1crypto import crl as asn1

    parsed = asn1.CertificateList.load(LIST)
    parsed["tbs_cert_list"]["next_update"] = None
    return parsed.dump(force=True)


def delta() -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuing().certificate.subject)
        .last_update(START)
        .next_update(NOW + DAY)
        .add_extension(x509.DeltaCRLIndicator(1), critical=True)
    )
    return builder.sign(issuing().key, hashes.SHA256()).public_bytes(Encoding.DER)


def verified(data: bytes) -> Verified:
    found = read_list(data, AUTHORITIES, NOW)
    assert isinstance(found, Verified), found
    return found


def test_a_list_is_believed_when_its_authority_signed_it():
    """SM-137: DER and PEM alike; it keeps its dates and number."""
    pem = x509.load_der_x509_crl(LIST).public_bytes(Encoding.PEM)
    found = verified(LIST)
    assert (found.der, found.this_update, found.number) == (LIST, START, 1)
    assert verified(pem) == found
    assert verified(ca.make_crl(root(), START)).about != found.about


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (ca.make_crl(other_root(), START), "signer"),
        (ca.make_crl(ca.Issued(key("p256", 900), issuing().certificate), START), "signer"),
        (ca.make_crl(issuing(), NOW + DAY), "from-the-future"),
        (LIST[:-30], "unreadable"),
        (b"<html>maintenance</html>", "unreadable"),
        (b"-----BEGIN X509 CRL-----", "unreadable"),
        (b"", "unreadable"),
        (LIST.replace(b"\x02\x01\x01", b"\x02\x01\x21", 1), "unreadable"),
        (without_end(), "no-next-update"),
        (delta(), "delta"),
    ],
    ids=["stranger", "wrong-key", "future", "torn", "html", "pem", "empty", "version", "no-end", "delta"],
)
def test_other_lists_are_not(data, why):
    """SM-137: each with its reason; a leaf certificate signs no lists either."""
    assert read_list(data, AUTHORITIES, NOW) == why


def test_a_certificate_that_may_not_sign_lists_does_not():
    """RFC 5280 6.3.3: cRLSign."""
    own = leaf(number=32)
    assert read_list(ca.make_crl(own, START), (own.der,), NOW) == "signer"


def test_only_a_newer_list_takes_the_place_of_another():
    """SM-137: by thisUpdate, and never with a lower number: an old, still valid one is a replay."""
    old, new = verified(LIST), verified(ca.make_crl(issuing(), START + DAY, number=2))
    lower = verified(ca.make_crl(issuing(), START + 2 * DAY, number=1))
    assert is_newer(new, old)
    assert not is_newer(old, new)
    assert not is_newer(new, new)
    assert not is_newer(lower, new)


RESPONDER = ca.make_leaf(
    issuing(), "OCSP", START, key=key("p256", 64), options=ca.LeafOptions(use="sign", extended=("ocsp",))
)
OLD_RESPONDER = ca.make_leaf(
    issuing(), "OCSP oud", START, NOW - DAY, key=key("p256", 65), options=ca.LeafOptions(use="sign", extended=("ocsp",))
)
RSA_RESPONDER = ca.make_leaf(
    issuing(), "OCSP rsa", START, key=key("rsa-2048", 66), options=ca.LeafOptions(use="sign", extended=("ocsp",))
)


def response(
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    *,
    start: datetime = NOW - DAY,
    end: datetime | None = NOW + DAY,
    signer: ca.Issued | None = None,
    about: ca.Issued = ASKED,
) -> bytes:
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    by = signer or issuing()
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about.certificate,
        issuer=issuing().certificate,
        algorithm=hashes.SHA1(),
        cert_status=status,
        this_update=start,
        next_update=end,
        revocation_time=start if revoked else None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate).certificates([by.certificate])
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("signer", [issuing(), RESPONDER, RSA_RESPONDER], ids=["issuer", "responder", "rsa"])
def test_a_response_is_believed_from_the_issuer_or_its_responder(signer):
    """RFC 6960 4.2.2.2."""
    found = read_response(response(signer=signer), ASKED.certificate, issuing().certificate, NOW)
    assert isinstance(found, Verified)
    assert found.next_update == NOW + DAY


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (response(signer=leaf(number=14)), "signer"),
        (response(signer=OLD_RESPONDER), "signer"),
        (response(signer=other_root()), "signer"),
        (response(about=leaf(number=13)), "other-certificate"),
        (response(end=None), "no-next-update"),
        (response(start=NOW + DAY / 2), "from-the-future"),
        (response(ocsp.OCSPCertStatus.UNKNOWN), "no-answer"),
        (
            ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER),
            "no-answer",
        ),
        (b"onzin", "unreadable"),
    ],
    ids=["leaf", "expired", "stranger", "other", "no-end", "future", "unknown", "later", "unreadable"],
)
def test_other_responses_are_not(data, why):
    """SM-40, SM-137: no data, whatever came instead."""
    assert read_response(data, ASKED.certificate, issuing().certificate, NOW) == why


def test_a_question_names_the_certificate_and_its_responder():
    """SM-36: the address comes from the certificate, and whether it is asked is the caller's."""
    asked = ocsp.load_der_ocsp_request(make_request(ASKED.certificate, issuing().certificate))
    assert asked.serial_number == ASKED.certificate.serial_number
    assert responders(ASKED.certificate) == ("http://ocsp.example/",)
    assert responders(root().certificate) == ()


def test_since_when_a_certificate_was_not_to_be_trusted():
    """SM-138: the date of revocation, by list or by response; None while nothing says so."""
    certificate, issuer = ASKED.certificate, issuing().certificate
    listed = ca.make_crl(issuing(), NOW - DAY, revoked=(certificate,), revoked_at=NOW - 3 * DAY)
    told = response(ocsp.OCSPCertStatus.REVOKED, start=NOW - 5 * DAY)
    assert sm.Revocation(crls(), [response()]).revoked_since(certificate, issuer) is None
    assert sm.Revocation([listed]).revoked_since(certificate, issuer) == NOW - 3 * DAY
    assert sm.Revocation([listed], [told]).revoked_since(certificate, issuer) == NOW - 5 * DAY


def test_an_invalidity_date_goes_before_the_date_of_revocation():
    """SM-138, RFC 5280 5.3.2: the key may have been out of control for longer."""
    entry = (
        x509.RevokedCertificateBuilder()
        .serial_number(ASKED.certificate.serial_number)
        .revocation_date(NOW - DAY)
        .add_extension(x509.InvalidityDate((NOW - 9 * DAY).replace(tzinfo=None)), critical=False)
    )
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuing().certificate.subject)
        .last_update(NOW - DAY)
        .next_update(NOW + DAY)
        .add_revoked_certificate(entry.build())
    )
    listed = builder.sign(issuing().key, hashes.SHA256()).public_bytes(Encoding.DER)
    assert sm.Revocation([listed]).revoked_since(ASKED.certificate, issuing().certificate) == NOW - 9 * DAY
