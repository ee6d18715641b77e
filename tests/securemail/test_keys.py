"""Keys and certificates of our own: loaded from files, checked once (SM-50, SM-139, SM-141)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gateway import securemail as sm
from gateway.demo import ca
from gateway.domain.findings import Finding
from gateway.securemail.keys import KeyMaterial, SoftwareKey
from tests.securemail.oracles import PASSWORD, pkcs12_of
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    PROVIDER,
    decrypting,
    good,
    leaf,
    open_mail,
    opened,
    partner,
    plan,
    recipient,
    signing,
)

ISSUED = leaf(PROVIDER)


@pytest.mark.parametrize("kind", ["rsa-2048", "p256"])
def test_sm50_an_encrypted_pkcs8_key_is_loaded(kind):
    """PEM or DER, with its pass phrase."""
    issued = leaf(PROVIDER, kind)
    der = issued.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim"))

    for data in (issued.key_pem(b"geheim"), der):
        material = sm.load_key(data, b"geheim")
        assert isinstance(material, KeyMaterial)
        assert material.private.private_numbers() == issued.key.private_numbers()
        assert material.certificate is None


def test_sm50_a_pkcs12_file_brings_certificate_and_chain():
    """As authorities deliver it."""
    material = sm.load_key(pkcs12_of(ISSUED), PASSWORD)

    assert isinstance(material, KeyMaterial)
    assert material.certificate == ISSUED.der
    assert set(ISSUED.intermediates) <= set(material.chain)
    assert isinstance(sm.signing_key(material.private, material.certificate, material.chain), sm.SigningKey)


ED25519 = ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"geen sleutel",
        ISSUED.key_pem(),
        ISSUED.key_pem(b"ander wachtwoord"),
        ISSUED.pem,
        ED25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim")),
        ED25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ],
)
def test_sm50_other_key_files_are_a_finding(data):
    """Unencrypted, wrong pass phrase, no key, another kind of key."""
    answer = sm.load_key(data, b"geheim")

    assert isinstance(answer, Finding)
    assert answer.advice


def test_sm139_a_key_that_does_not_fit_its_certificate_is_a_finding():
    """Signing and verifying once shows it."""
    for other in (leaf(MUNICIPALITY), leaf(PROVIDER, "rsa-2048"), leaf(PROVIDER, "p384")):
        assert isinstance(sm.signing_key(ISSUED.key, other.der), Finding)
        assert isinstance(sm.decryption_key(ISSUED.key, other.der), Finding)


def test_sm121_our_own_certificates_keep_the_key_rules():
    """Neither for signing nor for decrypting."""
    weak = ca.make_leaf(
        ca.make_root("Zwak", NOW), "zwak", NOW, key=ca.new_key("rsa-1024"), options=ca.LeafOptions(emails=(PROVIDER,))
    )

    assert isinstance(sm.signing_key(weak.key, weak.der), Finding)
    assert isinstance(sm.decryption_key(weak.key, weak.der), Finding)
    assert not isinstance(sm.recipient(weak.der), sm.Recipient)


def test_sm7_the_signature_carries_signer_and_intermediates_but_no_root():
    """Announced certificates travel along (SM-134)."""
    announced = leaf(PROVIDER, "p384")
    signer = good(
        sm.signing_key(ISSUED.key, ISSUED.der, [c.public_bytes(Encoding.DER) for c in ISSUED.above], [announced.der])
    )
    theirs = leaf(MUNICIPALITY)
    sealed = good(sm.seal(plan(), signer, [recipient(theirs)], "standard", NOW))

    carried = opened(open_mail(sealed.raw, partner(ISSUED), decrypting(theirs))).carried

    assert sorted(carried) == sorted([ISSUED.der, *ISSUED.intermediates, announced.der])


class Token:
    """A key on a token: an object with the operations it offers."""

    def __init__(self, issued: ca.Issued) -> None:
        self.software = SoftwareKey(issued.key)

    def sign(self, data, kind, digest):
        return self.software.sign(data, kind, digest)

    def unwrap_pkcs1(self, encrypted):
        raise AssertionError("a token is never asked for PKCS#1 v1.5")

    def unwrap_oaep(self, encrypted, digest, mask):
        return self.software.unwrap_oaep(encrypted, digest, mask)

    def agree(self, point):
        return self.software.agree(point)


def test_sm50_a_token_signs_and_decrypts_but_never_pkcs1():
    """OAEP or ECDH only: a token reports padding errors itself."""
    ours, rsa, ec = leaf(PROVIDER), leaf(MUNICIPALITY, "rsa-3072"), leaf(MUNICIPALITY)
    signer = good(sm.signing_key(Token(ours), ours.der, ours.intermediates))
    keys = [good(sm.decryption_key(Token(i), i.der)) for i in (rsa, ec)]

    for issued, profile in ((rsa, "strict"), (ec, "strict"), (ec, "standard")):
        sealed = good(sm.seal(plan(), signer, [recipient(issued)], profile, NOW))
        assert opened(open_mail(sealed.raw, partner(ours, profile), *keys))
    sealed = good(sm.seal(plan(), signer, [recipient(rsa)], "standard", NOW))
    refused = open_mail(sealed.raw, partner(ours), *keys)
    assert isinstance(refused, sm.Refused)
    assert refused.reason == "no-key"


def test_operations_of_the_other_kind_of_key_raise():
    """They become the substitute key of SM-23."""
    from gateway.securemail.profiles import SHA256

    with pytest.raises(ValueError, match="not an RSA key"):
        SoftwareKey(ISSUED.key).unwrap_oaep(b"", SHA256, SHA256)
    with pytest.raises(ValueError, match="not an EC key"):
        SoftwareKey(leaf(PROVIDER, "rsa-2048").key).agree(b"")


def test_a_key_does_not_print_itself():
    """Nothing private in a repr that might reach a log."""
    number = str(leaf(PROVIDER, "rsa-2048").key.private_numbers().d)

    assert number not in repr(decrypting(leaf(PROVIDER, "rsa-2048")))
    assert number not in repr(signing(leaf(PROVIDER, "rsa-2048")))


def test_sm139_without_implicit_rejection_pkcs1_is_off(monkeypatch):
    """A build of OpenSSL that raises on bad padding is noticed at loading."""

    def raises(self, encrypted):
        return self._rsa().decrypt(encrypted, padding.OAEP(padding.MGF1(SHA1()), SHA1(), None))

    from cryptography.hazmat.primitives.hashes import SHA1

    monkeypatch.setattr(SoftwareKey, "unwrap_pkcs1", raises)

    assert not decrypting(leaf(MUNICIPALITY, "rsa-2048")).pkcs1
