"""Write CMS: SignedData, EnvelopedData, AuthEnvelopedData (RFC 5652, 5083, 5753; appendix A of the specification).

Only the forms of the profiles' "we produce" column; algorithms come from `profiles`.
"""

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import msgspec
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.securemail import der, profiles
from gateway.securemail.keyrules import BadCertificate, KeyFacts, certificate_facts
from gateway.securemail.keys import SigningKey, issuer_and_serial
from gateway.securemail.profiles import Digest, Profile, SchemeKind


class Recipient(msgspec.Struct, frozen=True):
    """A certificate to encrypt to, encoded once."""

    facts: KeyFacts
    issuer_serial: bytes
    certificate: bytes


def recipient(certificate: bytes) -> Recipient | BadCertificate:
    """Prepare a DER certificate as recipient; whether it may be used today is `choose_certificates`' question."""
    facts = certificate_facts(certificate)
    if isinstance(facts, BadCertificate):
        return facts
    return Recipient(facts, issuer_and_serial(asn1_x509.Certificate.load(certificate)), certificate)


# Parts that every message repeats, encoded once.
_OID_DATA = der.oid(profiles.DATA)
_ATTRIBUTE_CONTENT_TYPE = der.sequence(der.oid(profiles.CONTENT_TYPE), der.set_of(_OID_DATA))
_ATTRIBUTE_CAPABILITIES = der.sequence(
    der.oid(profiles.SMIME_CAPABILITIES),
    der.set_of(
        der.sequence(
            der.sequence(der.oid(profiles.AES256_GCM.oid)),
            der.sequence(der.oid(profiles.AES256_CBC.oid)),
        )
    ),
)
_OID_MESSAGE_DIGEST = der.oid(profiles.MESSAGE_DIGEST)
_OID_SIGNING_TIME = der.oid(profiles.SIGNING_TIME)
_VERSION_1 = der.integer(1)
_NO_CONTENT = der.sequence(_OID_DATA)
_OID_PROTECTION = der.oid(profiles.ALGORITHM_PROTECTION)
_TRANSPORT = {kind: profiles.transport_identifier(kind) for kind in ("pkcs1", "oaep")}
_WRAP = der.sequence(der.oid(profiles.AES256_WRAP.oid))
_EC_POINT_ALGORITHM = der.sequence(der.oid(profiles.EC_PUBLIC_KEY))


def signature_algorithm(key: KeyFacts, profile: Profile) -> tuple[SchemeKind, Digest]:
    """Scheme and digest that *key* signs with for *profile*."""
    if key.curve is not None:
        return "ecdsa", profiles.CURVES[key.curve][1]
    return profile.rsa_signature, profiles.SHA256


def signed_data(digest_value: bytes, key: SigningKey, profile: Profile, now: datetime) -> bytes:
    """A detached signature: ContentInfo with SignedData and no content (SM-7, SM-8).

    *digest_value* is that of the signed entity under the digest of `signature_algorithm`.
    """
    kind, digest = signature_algorithm(key.facts, profile)
    digest_identifier = profiles.digest_identifier(digest)
    signature_identifier = profiles.signature_identifier(kind, digest)
    attributes = der.set_of(
        _ATTRIBUTE_CONTENT_TYPE,
        _ATTRIBUTE_CAPABILITIES,
        der.sequence(_OID_MESSAGE_DIGEST, der.set_of(der.octets(digest_value))),
        der.sequence(_OID_SIGNING_TIME, der.set_of(der.time(now))),
        key.signing_certificate,
        _protection(kind, digest),
    )
    signer_info = der.sequence(
        _VERSION_1,
        key.issuer_serial,
        digest_identifier,
        b"\xa0" + attributes[1:],  # [0] IMPLICIT in place of the SET tag that was signed (RFC 5652 5.4)
        signature_identifier,
        der.octets(key.signer.sign(attributes, kind, digest)),
    )
    body = der.sequence(
        _VERSION_1,
        der.set_of(digest_identifier),
        _NO_CONTENT,
        der.explicit(0, key.certificate_set),
        der.set_of(signer_info),
    )
    return der.sequence(der.oid(profiles.SIGNED_DATA), der.explicit(0, body))


@cache
def _protection(kind: SchemeKind, digest: Digest) -> bytes:
    """The attribute CMSAlgorithmProtection (RFC 6211)."""
    signature = der.explicit(1, _contents(profiles.signature_identifier(kind, digest)))
    return der.sequence(_OID_PROTECTION, der.set_of(der.sequence(profiles.digest_identifier(digest), signature)))


def enveloped(content: bytes, recipients: Sequence[Recipient], profile: Profile, key: bytes) -> bytes:
    """Encrypt *content* to *recipients*.

    EnvelopedData (CBC) or AuthEnvelopedData (GCM), as the profile says (SM-12). *key* is random, of the size that the
    profile's cipher wants, and used for no other content.
    """
    cipher = profile.content
    infos = der.set_of(*(_recipient_info(r, key, profile) for r in recipients))
    if cipher.mode == "gcm":
        nonce = os.urandom(12)
        sealed = AESGCM(key).encrypt(nonce, content, None)
        parameters = der.sequence(der.octets(nonce), der.integer(16))
        tail, size, tag = der.octets(sealed[-16:]), len(sealed) - 16, sealed
        encrypted: bytes | memoryview = memoryview(tag)[:size]
        version, outer = 0, profiles.AUTH_ENVELOPED_DATA
    else:
        iv = os.urandom(16)
        encryptor = Cipher(AES256(key), CBC(iv)).encryptor()
        fill = 16 - len(content) % 16
        encrypted = encryptor.update(content + bytes([fill]) * fill) + encryptor.finalize()
        parameters, tail, size = der.octets(iv), b"", len(encrypted)
        version, outer = (0 if all(r.facts.kind == "rsa" for r in recipients) else 2), profiles.ENVELOPED_DATA
    algorithm = der.sequence(der.oid(cipher.oid), parameters)
    # Lengths first, so that the large content is joined exactly once.
    before = der.integer(version) + infos
    info_head = _OID_DATA + algorithm + der.header(0x80, size)
    info = der.header(der.SEQUENCE, len(info_head) + size)
    body = der.header(der.SEQUENCE, len(before) + len(info) + len(info_head) + size + len(tail))
    wrapped_size = len(body) + len(before) + len(info) + len(info_head) + size + len(tail)
    front = der.oid(outer) + der.header(0xA0, wrapped_size)
    whole = der.header(der.SEQUENCE, len(front) + wrapped_size)
    return b"".join((whole, front, body, before, info, info_head, encrypted, tail))


def _recipient_info(to: Recipient, key: bytes, profile: Profile) -> bytes:
    if isinstance(to.facts.public, rsa.RSAPublicKey):
        return _key_transport(to, to.facts.public, key, profile)
    return _key_agreement(to, to.facts.public, key)


def _key_transport(to: Recipient, public: rsa.RSAPublicKey, key: bytes, profile: Profile) -> bytes:
    sha256 = profiles.SHA256.make
    scheme: padding.AsymmetricPadding = (
        padding.PKCS1v15() if profile.rsa_transport == "pkcs1" else padding.OAEP(padding.MGF1(sha256()), sha256(), None)
    )
    return der.sequence(
        der.integer(0), to.issuer_serial, _TRANSPORT[profile.rsa_transport], der.octets(public.encrypt(key, scheme))
    )


def _key_agreement(to: Recipient, public: ec.EllipticCurvePublicKey, key: bytes) -> bytes:
    assert to.facts.curve is not None  # KeyFacts of an EC key always names it
    digest = profiles.CURVES[to.facts.curve][1]
    ephemeral = ec.generate_private_key(public.curve)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = ephemeral.exchange(ec.ECDH(), public)
    wrapped = aes_key_wrap(derive_key(secret, digest, _WRAP, profiles.AES256_WRAP.key_size), key)
    originator = der.explicit(0, der.explicit(1, _EC_POINT_ALGORITHM + der.bits(point)))
    agreement = der.sequence(der.oid(profiles.KEY_AGREEMENT_OIDS[digest.name]), _WRAP)
    encrypted_keys = der.sequence(der.sequence(to.issuer_serial, der.octets(wrapped)))
    return der.explicit(1, der.integer(3) + originator + agreement + encrypted_keys)


def derive_key(secret: bytes, digest: Digest, wrap_identifier: bytes, size: int, ukm: bytes | None = None) -> bytes:
    """The key that wraps the content key: X9.63 over ECC-CMS-SharedInfo (RFC 5753 7.2)."""
    shared = [wrap_identifier]
    if ukm is not None:
        shared.append(der.explicit(0, der.octets(ukm)))
    shared.append(der.explicit(2, der.octets((8 * size).to_bytes(4, "big"))))
    return X963KDF(digest.make(), size, der.sequence(*shared)).derive(secret)


def digest_of(data: bytes | memoryview, digest: Digest) -> bytes:
    """Hash of *data*."""
    return hashlib.new(digest.name, data).digest()


def _contents(element: bytes) -> bytes:
    """Contents of a short element (below 128 bytes of contents, or one or two length bytes)."""
    return element[2:] if element[1] < 0x80 else element[2 + (element[1] & 0x7F) :]
