"""What pyHanko is given in place of a SignerInfo says what the SignerInfo says (SM-28, SM-30)."""

import tracemalloc

import pytest
from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from gateway.securemail import cms_write, der, profiles, signature
from gateway.securemail.guard import PARSER_ERRORS
from gateway.securemail.refusal import Refusal
from gateway.securemail.scanner import whole
from gateway.securemail.signature import Signed
from tests.securemail import forge
from tests.securemail.world import NOW, PROVIDER, leaf

CONTENT = forge.entity()
DIGEST = cms_write.digest_of(CONTENT, profiles.SHA256)
SIGNERS = {
    "RSA": (leaf(PROVIDER, "rsa-2048"), profiles.STANDARD),
    "PSS": (leaf(PROVIDER, "rsa-3072"), profiles.STRICT),
    "P-256": (leaf(PROVIDER), profiles.STANDARD),
}


def read(data: bytes) -> signature.Signature:
    return signature.read_signature(Signed(whole(CONTENT), data))


def plain(data: bytes) -> cms.SignerInfo:
    """The SignerInfo as asn1crypto reads it, nothing kept or filled in."""
    return cms.ContentInfo.load(data)["content"]["signer_infos"][0]


def verdict(info, certificate: bytes, digest: bytes = DIGEST) -> tuple[bool, bool]:
    try:
        return validate_sig_integrity(info, asn1_x509.Certificate.load(certificate), "data", digest)
    except (SignatureValidationError, *PARSER_ERRORS):
        return False, False


@pytest.mark.parametrize("name", SIGNERS)
def test_sm30_field_by_field(name):
    """Both identifiers, the bytes that were signed, type and values of every attribute, the value."""
    signer, profile = SIGNERS[name]
    data = forge.signature(CONTENT, signer, profile)
    info, expected = read(data).info, plain(data)

    for field in ("digest_algorithm", "signature_algorithm", "signature"):
        assert info[field].native == expected[field].native
    assert info["signed_attrs"].untag().dump() == expected["signed_attrs"].untag().dump()
    assert [(a["type"].native, [v.native for v in a["values"]]) for a in info["signed_attrs"]] == [
        (a["type"].native, [v.native for v in a["values"]]) for a in expected["signed_attrs"]
    ]
    assert verdict(info, signer.der) == (True, True)


@pytest.mark.parametrize("name", SIGNERS)
def test_sm30_another_content_and_another_certificate(name):
    """The digest of something else is not intact; the key of somebody else does not fit."""
    signer, profile = SIGNERS[name]
    info = read(forge.signature(CONTENT, signer, profile)).info

    assert verdict(info, signer.der, bytes(32)) == (False, True)
    assert verdict(info, leaf(PROVIDER, number=7).der) == (False, False)


@given(st.sampled_from(sorted(SIGNERS)), st.integers(1, 2_500), st.integers(0, 7))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_sm30_one_bit_changed_gives_the_same_verdict(name, back, bit):
    """pyHanko says the same of what we hand it and of the plain SignerInfo, or we refused before asking."""
    signer, profile = SIGNERS[name]
    data = bytearray(forge.signature(CONTENT, signer, profile))
    data[-min(back, len(data))] ^= 1 << bit
    try:
        ours = read(bytes(data)).info
    except Refusal:
        return

    try:
        theirs = verdict(plain(bytes(data)), signer.der)
    except PARSER_ERRORS:
        theirs = (False, False)
    assert verdict(ours, signer.der) == theirs


def attribute(oid: str, *values: bytes) -> bytes:
    return der.sequence(der.oid(oid), der.set_of(*values))


def with_attribute(changed: bytes, oid: str) -> bytes:
    """A signature of which one signed attribute is another, signed all the same."""
    return forge.signed_data(
        forge.signer_info(
            CONTENT, attributes=lambda listed: [changed if der.oid(oid) in one else one for one in listed]
        )
    )


@pytest.mark.parametrize(
    "changed",
    [
        (profiles.SIGNING_TIME, der.octets(b"260101000000Z")),
        (profiles.SIGNING_TIME, der.element(der.UTC_TIME, b"261331000000Z")),
        (profiles.MESSAGE_DIGEST, der.integer(1)),
    ],
    ids=["time of another type", "thirteenth month", "digest of another type"],
)
def test_sm28_an_attribute_of_another_type_is_refused(changed):
    """Signed by a known key, and still not read."""
    oid, value = changed
    with pytest.raises(Refusal):
        read(with_attribute(attribute(oid, value), oid))


@pytest.mark.parametrize("tag", [der.UTC_TIME, der.GENERALIZED_TIME])
def test_sm37_both_forms_of_time(tag):
    """Years up to 2049 are usually written short; nobody must."""
    text = NOW.strftime("%Y%m%d%H%M%SZ").encode()[2 if tag == der.UTC_TIME else 0 :]
    data = with_attribute(attribute(profiles.SIGNING_TIME, der.element(tag, text)), profiles.SIGNING_TIME)

    assert read(data).signing_time == NOW


def test_an_attribute_that_nobody_knows_is_passed_over():
    """Other mail software signs attributes of its own."""
    odd = attribute("1.3.6.1.4.1.311.16.4", der.octets(b"x"), der.element(0x16, b"\xff"))
    data = forge.signed_data(forge.signer_info(CONTENT, attributes=lambda listed: [*listed, odd]))
    info = read(data).info

    assert verdict(info, forge.SIGNER.der) == (True, True)
    assert isinstance(core.load(info["signed_attrs"].dump()), core.Set | core.SetOf)


def test_sm19_what_strangers_sign_is_not_kept_in_memory():
    """A large attribute takes megabytes once it is read, and anybody can write one under the name of a partner."""

    def odd(number: int) -> bytes:
        junk = der.sequence() * 1_500 + der.integer(number)
        return forge.signed_data(
            forge.signer_info(CONTENT, attributes=lambda listed: [*listed, attribute("1.2.3.4", junk)])
        )

    messages = [odd(number) for number in range(1, 9)]
    tracemalloc.start()
    try:
        for message in messages:
            read(message)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
