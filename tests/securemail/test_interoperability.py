"""What we write is read by other programs, and what they write is read by us: the matrix of section 2.2."""

import os
import shutil
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7
from pyhanko.sign.validation import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

from gateway import securemail as sm
from gateway.securemail import layout, scanner
from gateway.securemail.layout import Field
from tests.securemail.oracles import GpgSm, Nss, OpenSsl, ToolError
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    PLAN,
    PROVIDER,
    crls,
    decrypting,
    good,
    issuing,
    leaf,
    open_mail,
    opened,
    partner,
    plan,
    reason,
    recipient,
    root,
    signing,
    split_multipart,
)

needs_gpgsm = pytest.mark.skipif(not shutil.which("gpgsm"), reason="gpgsm is not installed")
needs_nss = pytest.mark.skipif(not shutil.which("cmsutil"), reason="NSS tools are not installed")


@pytest.fixture
def openssl(tmp_path):
    return OpenSsl(tmp_path, root())


@pytest.fixture(scope="module")
def gpgsm():
    with closing(GpgSm(root())) as tool:
        tool.take(leaf(PROVIDER, "rsa-2048"))
        tool.take(leaf(MUNICIPALITY, "rsa-2048"))
        yield tool


@pytest.fixture(scope="module")
def nss(tmp_path_factory):
    tool = Nss(tmp_path_factory.mktemp("nss"), root())
    for kind in ("rsa-2048", "rsa-3072", "p256", "p384"):
        tool.take(leaf(PROVIDER, kind), f"zorg-{kind}")
    tool.take(leaf(MUNICIPALITY, "rsa-2048"), "gemeente")
    return tool


def taken_apart(sealed: sm.Sealed) -> tuple[bytes, bytes]:
    """Signed entity and CMS signature."""
    rooted = scanner.read_entity(sealed.signed)
    entity, signature = split_multipart(rooted.body, scanner.boundary_of(rooted.type))
    return entity, scanner.decode_body(scanner.read_entity(signature))


def clear(kind: str, profile: sm.ProfileName = "standard") -> sm.Sealed:
    return good(sm.seal_clear(plan(), signing(leaf(PROVIDER, kind)), profile, NOW))


SIGNERS = [
    ("rsa-2048", "standard"),
    ("rsa-3072", "standard"),
    ("rsa-3072", "strict"),
    ("p256", "standard"),
    ("p384", "strict"),
]


@pytest.mark.parametrize(("kind", "profile"), SIGNERS)
def test_sm9_openssl_verifies_our_signatures(openssl, kind, profile):
    """PKCS#1 v1.5, PSS and ECDSA."""
    sealed = clear(kind, profile)

    assert b"ondersteuningsplan.json" in openssl.verify(sealed.signed)


@needs_gpgsm
@pytest.mark.parametrize("profile", ["standard", "strict"])
def test_sm9_gpgsm_verifies_our_signatures(gpgsm, profile):
    """RSA, both schemes."""
    entity, signature = taken_apart(clear("rsa-3072", profile))

    gpgsm.verify(signature, entity)
    with pytest.raises(ToolError):
        gpgsm.verify(signature, entity + b" ")


@needs_nss
@pytest.mark.parametrize(("kind", "profile"), SIGNERS)
def test_sm9_nss_verifies_our_signatures(nss, kind, profile):
    """The engine behind Thunderbird."""
    entity, signature = taken_apart(clear(kind, profile))

    nss.verify(signature, entity)
    with pytest.raises(ToolError):
        nss.verify(signature, entity + b" ")


@pytest.mark.parametrize(("kind", "profile"), SIGNERS)
def test_sm9_pyhanko_verifies_our_signatures(kind, profile):
    """The full validation with chain and revocation, as a second opinion."""
    from asn1crypto import cms
    from asn1crypto import x509 as asn1_x509

    entity, signature = taken_apart(clear(kind, profile))
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root().der)], crls=list(crls()), revocation_mode="require"
    )
    signed = cms.ContentInfo.load(signature)["content"]
    check = async_validate_detached_cms(
        entity, signed, signer_validation_context=context, key_usage_settings=usage_settings()
    )
    status = run_to_end(check)

    assert status.intact
    assert status.valid
    assert status.trusted


def usage_settings():
    from pyhanko.sign.validation import KeyUsageConstraints

    return KeyUsageConstraints(key_usage={"digital_signature"}, extd_key_usage={"email_protection"})


def run_to_end(coroutine):
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("suspended")


READERS = [
    ("rsa-2048", "standard"),
    ("rsa-3072", "strict"),
    ("p256", "standard"),
    ("p256", "strict"),
    ("p384", "strict"),
]


@pytest.mark.parametrize(("kind", "profile"), READERS)
def test_sm9_openssl_opens_what_we_seal(openssl, kind, profile):
    """Every content cipher and key management of the produced column; then it verifies the signature inside."""
    theirs = leaf(MUNICIPALITY, kind)
    sealed = good(sm.seal(plan(), signing(leaf(PROVIDER, "rsa-3072")), [recipient(theirs)], profile, NOW))

    plaintext = openssl.decrypt(sealed.raw, theirs)

    assert plaintext.replace(b"\r\n", b"\n") == sealed.signed.replace(b"\r\n", b"\n")
    assert openssl.verify(plaintext)


def envelope_of(sealed: sm.Sealed) -> bytes:
    return scanner.decode_body(scanner.read_entity(sealed.raw))


@needs_gpgsm
def test_sm9_gpgsm_opens_what_we_seal_under_standard(gpgsm):
    """AES-256-CBC with PKCS#1 v1.5 is what everybody reads."""
    theirs = leaf(MUNICIPALITY, "rsa-2048")
    sealed = good(sm.seal(plan(), signing(leaf(PROVIDER)), [recipient(theirs)], "standard", NOW))

    assert gpgsm.decrypt(envelope_of(sealed)) == sealed.signed


@needs_nss
def test_sm9_nss_opens_what_we_seal_under_standard(nss):
    """AES-256-CBC with PKCS#1 v1.5 is what everybody reads."""
    theirs = leaf(MUNICIPALITY, "rsa-2048")
    sealed = good(sm.seal(plan(), signing(leaf(PROVIDER)), [recipient(theirs)], "standard", NOW))

    assert nss.decrypt(envelope_of(sealed)) == sealed.signed


def test_sm9_cryptography_opens_what_we_seal_under_standard():
    """A second reader of the same form."""
    theirs = leaf(MUNICIPALITY, "rsa-2048")
    sealed = good(sm.seal(plan(), signing(leaf(PROVIDER)), [recipient(theirs)], "standard", NOW))

    assert pkcs7.pkcs7_decrypt_der(envelope_of(sealed), theirs.certificate, theirs.key, []) == sealed.signed


# What others write


def entity(message_id: str = "<0123456789abcdef@zorg.example>") -> tuple[bytes, list[Field]]:
    """A signed entity with protected headers, and the outer fields that go with it."""
    message = plan(message_id=message_id)
    outer = layout.outer_fields(message, message_id, NOW)
    return layout.signed_entity(message, layout.protected_fields(message, message_id, NOW), outer), list(outer)


def mail(cms: bytes, fields: list[Field]) -> bytes:
    return layout.enveloped_mail(fields, cms, authenticated=False)


def test_sm27_signed_and_encrypted_by_openssl_in_mixed_line_ends(openssl):
    """OpenSSL frames with LF what has CRLF inside; each lone LF becomes CRLF once, before the entity is cut."""
    content, fields = entity()
    signer, theirs = leaf(PROVIDER, "rsa-2048"), leaf(MUNICIPALITY, "rsa-2048")
    signed = openssl.sign(content, signer)
    assert b"\r\n" in signed
    assert signed.count(b"\n") > signed.count(b"\r\n")

    read = opened(
        open_mail(mail(openssl.encrypt(signed, theirs, "aes-256-cbc"), fields), partner(signer), decrypting(theirs))
    )

    assert read.parts[1].content == PLAN


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("rsa-2048", []),
        ("rsa-3072", ["-keyopt", "rsa_padding_mode:pss"]),
        ("rsa-3072", ["-keyopt", "rsa_padding_mode:pss", "-md", "sha512"]),
        ("rsa-2048", ["-md", "sha384"]),
        ("rsa-2048", ["-md", "sha512"]),
        ("rsa-2048", ["-keyid"]),
        ("rsa-2048", ["-cades"]),
        ("p256", []),
        ("p256", ["-md", "sha512"]),
        ("p384", ["-md", "sha384"]),
        ("rsa-2048", ["-nodetach"]),
        ("rsa-2048", ["-nodetach", "-stream"]),
        ("p256", ["-nodetach", "-stream", "-keyid"]),
        ("rsa-2048", ["-nocerts"]),
    ],
)
def test_signatures_by_openssl_are_read(openssl, kind, options):
    """SM-29, SM-32: detached and opaque, DER and BER, every scheme and name of a signer."""
    content, fields = entity()
    signer, theirs = leaf(PROVIDER, kind), leaf(MUNICIPALITY)
    signed = openssl.sign(content, signer, *options)
    trust = sm.Trust(intermediates=(issuing().der,))

    answer = open_mail(
        mail(openssl.encrypt(signed, theirs, "aes-256-cbc"), fields), partner(signer), decrypting(theirs), trust=trust
    )

    assert opened(answer).parts[1].content == PLAN


@pytest.mark.parametrize("options", [["-md", "sha1"], ["-md", "md5"], ["-md", "sha224"], ["-noattr"]])
def test_sm120_weak_signatures_by_openssl_are_refused(openssl, options):
    """MD5, SHA-1, SHA-224, and a signature without signed attributes."""
    content, fields = entity()
    signer, theirs = leaf(PROVIDER, "rsa-2048"), leaf(MUNICIPALITY)
    signed = openssl.sign(content, signer, *options)

    answer = open_mail(
        mail(openssl.encrypt(signed, theirs, "aes-256-cbc"), fields), partner(signer), decrypting(theirs)
    )

    assert reason(answer) == ("signature" if options == ["-noattr"] else "algorithm")


OAEP = ["-keyopt", "rsa_padding_mode:oaep"]


@pytest.mark.parametrize(
    ("kind", "cipher", "options", "strict"),
    [
        ("rsa-2048", "aes-128-cbc", [], False),
        ("rsa-2048", "aes-192-cbc", [], False),
        ("rsa-2048", "aes-256-cbc", [], False),
        ("rsa-2048", "aes-256-cbc", ["-stream"], False),
        ("rsa-2048", "aes-256-cbc", ["-keyid"], False),
        ("rsa-2048", "aes-256-cbc", OAEP, False),
        ("rsa-3072", "aes-256-cbc", [*OAEP, "-keyopt", "rsa_oaep_md:sha256"], False),
        ("rsa-3072", "aes-256-gcm", [*OAEP, "-keyopt", "rsa_oaep_md:sha256"], True),
        ("rsa-3072", "aes-128-gcm", [*OAEP, "-keyopt", "rsa_oaep_md:sha512", "-stream"], True),
        ("rsa-3072", "aes-256-gcm", [*OAEP, "-keyopt", "rsa_oaep_md:sha1"], False),
        ("rsa-2048", "aes-256-gcm", [], False),
        ("p256", "aes-256-cbc", [], False),
        ("p256", "aes-128-cbc", ["-keyopt", "ecdh_kdf_md:sha224"], False),
        ("p256", "aes-256-gcm", ["-keyopt", "ecdh_kdf_md:sha256"], True),
        ("p384", "aes-256-gcm", ["-keyopt", "ecdh_kdf_md:sha384", "-keyid"], True),
        ("p384", "aes-128-gcm", ["-keyopt", "ecdh_kdf_md:sha512", "-stream"], True),
        ("p256", "aes-256-gcm", ["-keyopt", "ecdh_cofactor_mode:0", "-keyopt", "ecdh_kdf_md:sha1"], False),
    ],
)
def test_sm1_envelopes_by_openssl_are_read(openssl, kind, cipher, options, strict):
    """All of 2.2 under `standard`; under `strict` only AES-GCM with OAEP or ECDH over SHA-256 or better."""
    content, fields = entity()
    signer, theirs = leaf(PROVIDER, "p256"), leaf(MUNICIPALITY, kind)
    sealed_by_us = good(sm.seal_clear(plan(), signing(signer), "standard", NOW)).signed
    signed = layout.multipart_signed(content, resigned(content, signer), "sha-256")
    assert sealed_by_us
    raw = mail(openssl.encrypt(signed, theirs, cipher, *options), fields)

    assert opened(open_mail(raw, partner(signer), decrypting(theirs))).parts[1].content == PLAN
    answer = open_mail(raw, partner(signer, "strict"), decrypting(theirs))
    if strict:
        assert opened(answer).algorithms.content == cipher.replace("aes-", "aes")
    else:
        assert reason(answer) == "algorithm"


def resigned(content: bytes, signer, profile: sm.ProfileName = "standard") -> bytes:
    """A CMS signature of ours over *content*."""
    from gateway.securemail import cms_write, profiles

    digest = cms_write.digest_of(content, profiles.SHA256)
    return cms_write.signed_data(digest, signing(signer), profiles.PROFILES[profile], NOW)


@needs_gpgsm
def test_signed_and_encrypted_by_gpgsm_is_read(gpgsm):
    """AES-128-CBC and BER."""
    content, fields = entity()
    signer, theirs = leaf(PROVIDER, "rsa-2048"), leaf(MUNICIPALITY, "rsa-2048")
    signed = layout.multipart_signed(content, gpgsm.sign(content, signer), "sha-256")

    read = opened(open_mail(mail(gpgsm.encrypt(signed, theirs), fields), partner(signer), decrypting(theirs)))

    assert read.parts[1].content == PLAN
    assert read.algorithms.content == "aes128-cbc"


@needs_nss
@pytest.mark.parametrize("kind", ["rsa-2048", "p256", "p384"])
@pytest.mark.parametrize("detached", [True, False])
def test_signed_and_encrypted_by_nss_is_read(nss, kind, detached):
    """Detached, and opaque in BER."""
    content, fields = entity()
    signer, theirs = leaf(PROVIDER, kind), leaf(MUNICIPALITY, "rsa-2048")
    cms = nss.sign(content, f"zorg-{kind}", detached=detached)
    if detached:
        signed = layout.multipart_signed(content, cms, "sha-256")
    else:
        signed = (
            b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + layout.base64_lines(cms)
        )

    answer = open_mail(mail(nss.encrypt(signed, MUNICIPALITY), fields), partner(signer), decrypting(theirs))

    if kind == "p384":  # NSS signs with SHA-256 here, which the table has for P-256 only
        assert reason(answer) == "algorithm"
    else:
        assert opened(answer).parts[1].content == PLAN


def test_signed_by_cryptography_is_read():
    """PKCS7SignatureBuilder, inside our envelope."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    content, fields = entity()
    signer, theirs = leaf(PROVIDER, "rsa-2048"), leaf(MUNICIPALITY)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    builder = builder.add_certificate(issuing().certificate)
    signed = layout.multipart_signed(content, builder.sign(Encoding.DER, options), "sha-256")
    from gateway.securemail import cms_write, profiles

    raw = mail(cms_write.enveloped(signed, [recipient(theirs)], profiles.STANDARD, os.urandom(32)), fields)

    assert opened(open_mail(raw, partner(signer), decrypting(theirs))).parts[1].content == PLAN
