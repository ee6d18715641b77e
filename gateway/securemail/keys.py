"""Our own keys: loaded from bytes, checked once, prepared so that sealing encodes nothing twice (SM-46 to 50, SM-139).

A key on a token (PKCS#11) enters as an object with `sign`, or with `unwrap_oaep` and `agree`; for the rest of the
room there is no difference, but that it never decrypts PKCS#1 v1.5: a token reports padding errors itself.
"""

import hashlib
import os
from collections.abc import Sequence
from typing import Protocol

import msgspec
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12

from gateway.domain.findings import Finding
from gateway.securemail import der, profiles
from gateway.securemail.keyrules import BadCertificate, KeyFacts, certificate_facts
from gateway.securemail.profiles import Digest, ProfileName, SchemeKind

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
BOTH: frozenset[ProfileName] = frozenset({"standard", "strict"})


class Signer(Protocol):
    """Makes a signature value."""

    def sign(self, data: bytes, kind: SchemeKind, digest: Digest) -> bytes: ...


class Decrypter(Protocol):
    """Recovers a content key or a shared secret. Raises ValueError when the input does not fit."""

    def unwrap_pkcs1(self, encrypted: bytes) -> bytes: ...

    def unwrap_oaep(self, encrypted: bytes, digest: Digest, mask: Digest) -> bytes: ...

    def agree(self, point: bytes) -> bytes: ...


class SoftwareKey:
    """A private key in memory."""

    def __init__(self, private: PrivateKey) -> None:
        self._private = private

    def sign(self, data: bytes, kind: SchemeKind, digest: Digest) -> bytes:
        key = self._private
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(data, ec.ECDSA(digest.make()))
        if kind == "pss":
            return key.sign(data, padding.PSS(padding.MGF1(digest.make()), digest.size), digest.make())
        return key.sign(data, padding.PKCS1v15(), digest.make())

    def unwrap_pkcs1(self, encrypted: bytes) -> bytes:
        return self._rsa().decrypt(encrypted, padding.PKCS1v15())

    def unwrap_oaep(self, encrypted: bytes, digest: Digest, mask: Digest) -> bytes:
        return self._rsa().decrypt(encrypted, padding.OAEP(padding.MGF1(mask.make()), digest.make(), None))

    def agree(self, point: bytes) -> bytes:
        if not isinstance(self._private, ec.EllipticCurvePrivateKey):
            raise ValueError("not an EC key")
        peer = ec.EllipticCurvePublicKey.from_encoded_point(self._private.curve, point)
        return self._private.exchange(ec.ECDH(), peer)

    def _rsa(self) -> rsa.RSAPrivateKey:
        if not isinstance(self._private, rsa.RSAPrivateKey):
            raise ValueError("not an RSA key")
        return self._private


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key that signs, with everything about its certificate that every signature repeats, encoded once."""

    signer: Signer
    facts: KeyFacts
    certificate: bytes  #: DER
    issuer_serial: bytes  #: DER IssuerAndSerialNumber, bytes copied from the certificate
    certificate_set: bytes  #: certificate, intermediates and announced certificates, sorted and joined
    signing_certificate: bytes  #: the attribute signingCertificateV2, DER


class DecryptionKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key that decrypts. Several are valid at once; the message says which (SM-46)."""

    decrypter: Decrypter
    facts: KeyFacts
    certificate: bytes  #: DER
    issuer: bytes  #: DER Name, as in the certificate
    serial: int
    key_identifier: bytes | None
    profiles: frozenset[ProfileName] = BOTH  #: which it serves (SM-122)
    pkcs1: bool = True  #: whether PKCS#1 v1.5 may be tried (SM-139)

    @property
    def identity(self) -> str:
        """SHA-256 of the certificate, hex."""
        return _sha256(self.certificate).hex()


class KeyMaterial(msgspec.Struct, frozen=True):
    """What a key file held."""

    private: PrivateKey
    certificate: bytes | None = None  #: DER; a PKCS#8 file has none
    chain: tuple[bytes, ...] = ()  #: further certificates, DER


def load_key(data: bytes, password: bytes) -> KeyMaterial | Finding:
    """Read an encrypted PKCS#8 key (PEM or DER) or a PKCS#12 file; a finding says what to mend, never the content."""
    if not data.strip():
        return _finding("Het sleutelbestand is leeg.", "Geef de private sleutel: PKCS#8 of PKCS#12.")
    if b"-----BEGIN" in data and b"PRIVATE KEY-----" not in data:
        return _finding("Dit is geen private sleutel.", "Geef de private sleutel: PKCS#8 (PEM, DER) of PKCS#12.")
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            return _material(serialization.load_pem_private_key(data, password))
        try:
            bundle = pkcs12.load_pkcs12(data, password)
        except ValueError:
            return _material(serialization.load_der_private_key(data, password))
        chain = tuple(_der(c.certificate) for c in bundle.additional_certs)
        return _material(bundle.key, _der(bundle.cert.certificate) if bundle.cert else None, chain)
    except TypeError:  # cryptography: a password was given and the key is not encrypted
        return _finding("De sleutel is niet versleuteld.", "Sla hem op als versleutelde PKCS#8 of als PKCS#12.")
    except Exception:  # wrong password, damaged file, unsupported algorithm: cryptography has a class for each
        return _finding("Het sleutelbestand kan niet worden gelezen.", "Controleer wachtwoord en bestandsvorm.")


def _material(key: object, certificate: bytes | None = None, chain: tuple[bytes, ...] = ()) -> KeyMaterial | Finding:
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return _finding("De sleutel is geen RSA- of EC-sleutel.", "Maak een sleutel RSA-3072 of P-256.")
    return KeyMaterial(key, certificate, chain)


def signing_key(
    private: PrivateKey | Signer, certificate: bytes, chain: Sequence[bytes] = (), announced: Sequence[bytes] = ()
) -> SigningKey | Finding:
    """Prepare a signing key. *chain*: intermediates without the root; *announced*: our next certificates (SM-134).

    A finding if the certificate breaks the key rules or does not belong to the key.
    """
    facts = certificate_facts(certificate)
    if isinstance(facts, BadCertificate):
        return _finding(f"Het certificaat is niet bruikbaar: {facts.detail}.", "Vraag een nieuw certificaat aan.")
    signer = SoftwareKey(private) if isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else private
    if not _signs_for(signer, facts):
        return does_not_fit()
    parsed = asn1_x509.Certificate.load(certificate)
    without_root = [c for c in (certificate, *chain, *announced) if not _is_self_signed(c)]
    kept = sorted(dict.fromkeys(without_root)) or [certificate]
    # ESSCertIDv2 with its default hash, SHA-256, left out as DER asks (RFC 5035 4).
    identifier = der.sequence(der.sequence(der.sequence(der.octets(_sha256(certificate)))))
    return SigningKey(
        signer=signer,
        facts=facts,
        certificate=certificate,
        issuer_serial=issuer_and_serial(parsed),
        certificate_set=b"".join(kept),
        signing_certificate=der.sequence(der.oid(profiles.SIGNING_CERTIFICATE_V2), der.set_of(identifier)),
    )


def decryption_key(
    private: PrivateKey | Decrypter, certificate: bytes, serves: frozenset[ProfileName] = BOTH
) -> DecryptionKey | Finding:
    """Prepare a decryption key; *serves* names the profiles it may decrypt for (SM-122).

    A finding if the certificate breaks the key rules or does not belong to the key.
    """
    facts = certificate_facts(certificate)
    if isinstance(facts, BadCertificate):
        return _finding(f"Het certificaat is niet bruikbaar: {facts.detail}.", "Vraag een nieuw certificaat aan.")
    software = isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    decrypter: Decrypter = SoftwareKey(private) if software else private  # type: ignore[arg-type, assignment]
    opens = BOTH if software and _signs_for(decrypter, facts) else _opens(decrypter, facts)  # type: ignore[arg-type]
    if not opens and software:
        return does_not_fit()
    if not opens:
        what = "De sleutel op het token hoort niet bij het certificaat, of mag er niet mee ontcijferen."
        return _finding(what, "Kijk naar CKA_DERIVE (EC) of CKA_DECRYPT (RSA), of kies het andere certificaat.")
    if not (serves := serves & opens):
        what = "Het token kan RSA-OAEP alleen met SHA-1: de sleutel kan strict niet dienen."
        return _finding(what, "Gebruik een EC-sleutel op het token, of laat deze standard dienen.")
    parsed = asn1_x509.Certificate.load(certificate)
    return DecryptionKey(
        decrypter=decrypter,
        facts=facts,
        certificate=certificate,
        issuer=parsed.issuer.dump(),
        serial=parsed.serial_number,
        key_identifier=parsed.key_identifier,
        profiles=serves,
        pkcs1=software and facts.kind == "rsa" and _rejects_implicitly(decrypter, facts),
    )


def issuer_and_serial(parsed: asn1_x509.Certificate) -> bytes:
    """DER IssuerAndSerialNumber; both parts are the certificate's own bytes, never encoded again (SM-140)."""
    tbs = parsed["tbs_certificate"]
    return der.sequence(tbs["issuer"].dump(), tbs["serial_number"].dump())


def _signs_for(signer: Signer, facts: KeyFacts) -> bool:
    """Sign and verify once (SM-139)."""
    probe = os.urandom(32)
    try:
        if isinstance(facts.public, rsa.RSAPublicKey):
            value = signer.sign(probe, "pkcs1", profiles.SHA256)
            facts.public.verify(value, probe, padding.PKCS1v15(), profiles.SHA256.make())
        else:
            value = signer.sign(probe, "ecdsa", profiles.SHA256)
            facts.public.verify(value, probe, ec.ECDSA(profiles.SHA256.make()))
    except (InvalidSignature, ValueError, TypeError, AttributeError):
        return False
    return True


def _opens(decrypter: Decrypter, facts: KeyFacts) -> frozenset[ProfileName]:
    """For which profiles a key of the certificate can decrypt, tried once (SM-139); none: it is another's key.

    Some tokens know RSA-OAEP with SHA-1 only, which `strict` does not take.
    """
    if isinstance(facts.public, ec.EllipticCurvePublicKey):
        once = ec.generate_private_key(facts.public.curve)
        point = once.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        try:
            return BOTH if decrypter.agree(point) == once.exchange(ec.ECDH(), facts.public) else frozenset()
        except ValueError:
            return frozenset()
    tried: tuple[tuple[Digest, frozenset[ProfileName]], ...] = (
        (profiles.SHA256, BOTH),
        (profiles.SHA1, frozenset({"standard"})),
    )
    for digest, opened in tried:
        probe = os.urandom(32)
        way = padding.OAEP(padding.MGF1(digest.make()), digest.make(), None)
        try:
            if decrypter.unwrap_oaep(facts.public.encrypt(probe, way), digest, digest) == probe:
                return opened
        except ValueError:
            continue
    return frozenset()


def _rejects_implicitly(decrypter: Decrypter, facts: KeyFacts) -> bool:
    """Whether a bad PKCS#1 v1.5 block gives bytes instead of an error (OpenSSL 3.2 and later)."""
    block = b"\x00" + os.urandom(facts.bits // 8 - 1)  # below the modulus; a valid padding has odds of 1 in 65 536
    try:
        decrypter.unwrap_pkcs1(block)
    except ValueError:
        return False
    return True


def _is_self_signed(certificate: bytes) -> bool:
    parsed = x509.load_der_x509_certificate(certificate)
    return parsed.subject == parsed.issuer


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def does_not_fit() -> Finding:
    """The answer where key and certificate are not a pair."""
    return _finding(
        "De sleutel hoort niet bij het certificaat.", "Kies het certificaat dat bij deze sleutel is uitgegeven."
    )


def _finding(message: str, advice: str) -> Finding:
    return Finding(code="SM-139", severity="error", message=message, advice=advice)
