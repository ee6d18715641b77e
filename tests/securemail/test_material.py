"""Files of certificates as people hand them over: read in every form, and answered when they are something else."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs7,
    pkcs12,
)

from gateway.demo import ca
from gateway.domain.findings import Finding
from gateway.securemail.material import FitOwn, fit_own, read_certificates, unfit, unfit_authority

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ADDRESS = "plan@zorg.example"
ROOT = ca.make_root("Uitgever", NOW - 30 * DAY)
BOTH = frozenset({"sign", "encrypt"})


def leaf(
    start: datetime = NOW - DAY, end: datetime | None = None, key: ca.PrivateKey | None = None, **options: object
) -> ca.Issued:
    """A certificate of the provider."""
    wanted = ca.LeafOptions(**{"emails": (ADDRESS,), **options})  # type: ignore[arg-type]
    return ca.make_leaf(ROOT, "Zorg", start, end or NOW + 300 * DAY, key=key, options=wanted)


def words(value: object) -> str:
    """The name of a case: what is said of it, for its bytes differ in every run."""
    return value if isinstance(value, str) else ""


GOOD = leaf()
P12 = pkcs12.serialize_key_and_certificates(
    b"n", GOOD.key, GOOD.certificate, [ROOT.certificate], BestAvailableEncryption(b"geheim")
)
OPEN_P12 = pkcs12.serialize_key_and_certificates(b"n", GOOD.key, GOOD.certificate, [], NoEncryption())
PKCS8 = GOOD.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim"))
REQUEST = x509.CertificateSigningRequestBuilder().subject_name(GOOD.certificate.subject).sign(GOOD.key, hashes.SHA256())
CRL = ca.make_crl(ROOT, NOW)


@pytest.mark.parametrize(
    "data",
    [
        GOOD.pem,
        b"\xef\xbb\xbfuit een mailtje:\r\n" + GOOD.pem,
        GOOD.der,
        pkcs7.serialize_certificates([GOOD.certificate], Encoding.PEM),
        pkcs7.serialize_certificates([GOOD.certificate], Encoding.DER),
        GOOD.pem + GOOD.pem,
    ],
    ids=["pem", "pem with words", "der", "p7b", "p7b der", "twice"],
)
def test_every_form_of_a_certificate_is_read(data: bytes) -> None:
    """PEM, DER and PKCS#7; the same certificate twice is one."""
    assert read_certificates(data) == (GOOD.der,)


def test_several_certificates_keep_their_order() -> None:
    """As a chain file has them."""
    assert read_certificates(ROOT.pem + GOOD.pem) == (ROOT.der, GOOD.der)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "leeg"),
        (b" \r\n", "leeg"),
        (b"hallo", "PEM noch DER"),
        (b"\x30" + os.urandom(200), "beschadigd"),
        (GOOD.der[:200], "beschadigd"),
        (GOOD.pem.replace(b"M", b"N", 9), "beschadigd"),
        (GOOD.key_pem(), "private sleutel"),
        (GOOD.key_pem(b"geheim"), "private sleutel"),
        (PKCS8, "private sleutel"),
        (P12, "private sleutel"),
        (OPEN_P12, "private sleutel"),
        (GOOD.pem + GOOD.key_pem(), "private sleutel"),
        (REQUEST.public_bytes(Encoding.PEM), "aanvraag"),
        (REQUEST.public_bytes(Encoding.DER), "aanvraag"),
        (CRL, "intrekkingslijst"),
        (x509.load_der_x509_crl(CRL).public_bytes(Encoding.PEM), "intrekkingslijst"),
        (GOOD.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "public key"),
        (GOOD.pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"), "OpenSSL"),
    ],
    ids=words,
)
def test_something_else_is_named_with_what_to_do(data: bytes, said: str) -> None:
    """No traceback, no guess: what the file is, and what is wanted."""
    found = read_certificates(data)
    assert isinstance(found, Finding)
    assert said in found.message
    assert found.advice


def forged(key: object) -> bytes:
    """A certificate of a kind of key that the small authority does not make."""
    name = GOOD.certificate.subject
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())  # type: ignore[attr-defined]
    builder = builder.serial_number(1).not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    return builder.sign(ROOT.key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("certificate", "code", "said"),
    [
        (leaf(end=NOW - timedelta(seconds=1)).der, "SM-43", "verlopen"),
        (leaf(key=ca.new_key("rsa-1024")).der, "SM-121", "1024 bits"),
        (forged(ec.generate_private_key(ec.SECP521R1())), "SM-121", "kromme"),
        (forged(ed25519.Ed25519PrivateKey.generate()), "SM-121", "geen RSA of EC"),
        (leaf(extended=("server",)).der, "SM-34", "niet bedoeld voor e-mail"),
        (ROOT.der, "SM-34", "uitgever"),
        (b"niets", "SM-121", "onleesbaar"),
    ],
    ids=words,
)
def test_what_can_never_be_used_is_an_error(certificate: bytes, code: str, said: str) -> None:
    """Dates, key rules, usage and purpose, one sentence each."""
    errors = [f for f in unfit(certificate, BOTH, NOW) if f.severity == "error"]
    assert errors[0].code == code
    assert said in errors[0].message
    assert errors[0].advice


def test_explicit_curve_parameters_are_refused(tmp_path: Path) -> None:
    """SM-121: `cryptography` would load them as P-256; made by openssl."""
    pem = tmp_path / "x.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]
    command = [
        "openssl",
        "req",
        "-x509",
        *curve,
        "-nodes",
        "-keyout",
        tmp_path / "x.key",
        "-out",
        pem,
        "-subj",
        "/CN=x",
    ]
    subprocess.run(command, check=True, capture_output=True)
    found = read_certificates(pem.read_bytes())
    assert not isinstance(found, Finding)
    assert "kromme" in unfit(found[0], BOTH, datetime.now(UTC))[0].message


def test_what_may_be_used_later_or_by_agreement_is_a_warning() -> None:
    """Valid from tomorrow, and without extended key usage."""
    for certificate, said in ((leaf(start=NOW + DAY), "pas vanaf 02-03-2026"), (leaf(extended=()), "noemt geen doel")):
        (only,) = unfit(certificate.der, BOTH, NOW)
        assert (only.severity, said in only.message) == ("warning", True)
    assert unfit(GOOD.der, BOTH, NOW) == ()


def test_usage_is_held_to_what_it_is_for() -> None:
    """A certificate to sign with cannot be encrypted for, and the other way round."""
    assert unfit(leaf(use="sign").der, frozenset({"sign"}), NOW) == ()
    (only,) = unfit(leaf(use="sign").der, frozenset({"encrypt"}), NOW)
    assert "voor te versleutelen" in only.message
    assert unfit(leaf(use="commit").der, frozenset({"sign"}), NOW) == ()


def test_our_own_certificate_is_found_by_its_key_in_any_order() -> None:
    """Authorities hand out the chain root first as well."""
    issuing = ca.make_issuing_ca(ROOT, "Tussen", NOW - 9 * DAY)
    own = ca.make_leaf(issuing, "Wij", NOW - DAY, options=ca.LeafOptions(emails=(ADDRESS,), use="sign"))
    fit = fit_own(own.key.public_key(), (ROOT.der, issuing.der, own.der), "sign", ADDRESS, NOW)
    assert isinstance(fit, FitOwn)
    assert (fit.chain[0], fit.findings) == (own.der, ())
    without = fit_own(own.key.public_key(), (own.der,), "sign", "iemand@anders.example", NOW)
    assert isinstance(without, FitOwn)
    assert [f.code for f in without.findings] == ["SM-51", "SM-7"]
    assert isinstance(fit_own(own.key.public_key(), (GOOD.der, ROOT.der), "sign", ADDRESS, NOW), Finding)


def test_an_authority_is_an_authority_and_not_expired() -> None:
    """SM-33: a partner's own certificate is not put among the anchors by mistake."""
    assert unfit_authority(ROOT.der, NOW) == ()
    assert "organisatie" in unfit_authority(GOOD.der, NOW)[0].message
    assert "verlopen" in unfit_authority(ROOT.der, NOW + 365 * 30 * DAY)[0].message
    assert "1024" in unfit_authority(ca.make_root("Oud", NOW, key=ca.new_key("rsa-1024")).der, NOW)[0].message
