"""Read a CMS envelope within limits and against a profile.

No key is touched here (SM-19, SM-21, SM-22, SM-24, SM-126).
"""

from typing import Literal

import msgspec
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509

from gateway.securemail import algorithms, ber, profiles
from gateway.securemail.guard import parser
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.profiles import ContentCipher, Digest, KeyWrap, Profile
from gateway.securemail.refusal import Refusal, malformed


class KeyName(msgspec.Struct, frozen=True):
    """How a RecipientInfo or SignerInfo names a certificate: by issuer and serial, or by key identifier."""

    issuer: bytes | None = None  #: DER Name
    serial: int | None = None
    identifier: bytes | None = None

    def means(self, issuer: bytes, serial: int, identifier: bytes | None) -> bool:
        """Whether a certificate with these is the one; names are compared as bytes, then as decoded names (SM-22)."""
        if self.identifier is not None:
            return self.identifier == identifier
        if self.serial != serial or self.issuer is None:
            return False
        return self.issuer == issuer or _normalised(self.issuer) == _normalised(issuer)


@parser
def _normalised(name: bytes) -> str:
    """A DER Name as asn1crypto compares it, whatever string types its writer chose."""
    return str(asn1_x509.Name.load(name).hashable)


class KeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The content key for one recipient."""

    name: KeyName
    kind: Literal["pkcs1", "oaep", "ecdh"]
    encrypted: bytes
    oaep: algorithms.Oaep | None = None
    kdf: Digest | None = None
    wrap: KeyWrap | None = None
    wrap_identifier: bytes = b""  #: as received: it enters the key derivation (SM-24)
    point: bytes = b""  #: of the sender's ephemeral key, uncompressed
    ukm: bytes | None = None

    @property
    def algorithm(self) -> str:
        """Name for people and logs."""
        if self.kind == "ecdh" and self.kdf and self.wrap:
            return f"ecdh-{self.kdf.name}-{self.wrap.name}"
        return f"oaep-{self.oaep.digest.name}" if self.oaep else self.kind


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """EnvelopedData or AuthEnvelopedData, ready for a key."""

    cipher: ContentCipher
    iv: bytes  #: or nonce
    ciphertext: bytes | memoryview
    tag: bytes  #: GCM only
    associated: bytes | None  #: authAttrs as SET OF; None: none
    recipients: tuple[KeyInfo, ...]

    @property
    def is_cbc(self) -> bool:
        return self.cipher.mode == "cbc"


@parser
def read_envelope(data: bytes, limits: Limits = LIMITS) -> Envelope:
    """Parse CMS bytes, DER or BER. `Refusal` malformed, algorithm, or structure for CMS that is no envelope."""
    split = ber.read_cms(data, limits)
    info = cms.ContentInfo.load(split.skeleton, strict=True)
    kind = algorithms.dotted(info["content_type"])
    if kind == profiles.SIGNED_DATA:
        raise Refusal("not-encrypted", "ondertekend maar niet versleuteld")
    if kind not in (profiles.ENVELOPED_DATA, profiles.AUTH_ENVELOPED_DATA):
        raise Refusal("algorithm", "CMS-vorm niet toegestaan")  # SM-26: compressedData among them
    authenticated = kind == profiles.AUTH_ENVELOPED_DATA
    body = info["content"]
    content = body["auth_encrypted_content_info" if authenticated else "encrypted_content_info"]
    if algorithms.dotted(content["content_type"]) != profiles.DATA or split.content is None:
        raise malformed("envelop zonder gewone inhoud")
    algorithm = algorithms.read(content["content_encryption_algorithm"].dump())
    cipher = algorithm.known_in(profiles.CONTENT_CIPHERS, "versleuteling van de inhoud")
    if (cipher.mode == "gcm") is not authenticated:
        raise malformed("versleuteling past niet bij de CMS-vorm")
    recipients = body["recipient_infos"]
    if not 1 <= len(recipients) <= limits.recipients:
        raise malformed("geen of te veel ontvangers")
    keys = tuple(key for one in recipients for key in _key_infos(one))
    _once_each(keys)
    if authenticated:
        return _authenticated(body, cipher, algorithm, split.content, keys)
    if not split.content or len(split.content) % 16:
        raise malformed("versleutelde inhoud van onmogelijke lengte")
    return Envelope(
        cipher=cipher,
        iv=algorithms.cbc_iv(algorithm.parameters),
        ciphertext=split.content,
        tag=b"",
        associated=None,
        recipients=keys,
    )


def _authenticated(
    body: cms.AuthEnvelopedData,
    cipher: ContentCipher,
    algorithm: algorithms.Identifier,
    content: bytes | memoryview,
    keys: tuple[KeyInfo, ...],
) -> Envelope:
    tag = bytes(body["mac"].native)
    if len(tag) != 16:
        raise Refusal("algorithm", "waarmerk korter dan 16 bytes")
    attributes = body["auth_attrs"]
    dumped = attributes.dump() if attributes.native is not None else b""
    return Envelope(
        cipher=cipher,
        iv=algorithms.gcm_nonce(algorithm.parameters),
        ciphertext=content,
        tag=tag,
        # The tag covers the attributes with their universal SET tag (RFC 5083 2.2).
        associated=b"\x31" + dumped[1:] if dumped else None,
        recipients=keys,
    )


def _key_infos(one: cms.RecipientInfo) -> list[KeyInfo]:
    if one.name == "ktri":
        return [_transported(one.chosen)]
    if one.name == "kari":
        return _agreed(one.chosen)
    raise Refusal("algorithm", "ontvanger met wachtwoord of gedeelde sleutel")


def _transported(info: cms.KeyTransRecipientInfo) -> KeyInfo:
    algorithm = algorithms.read(info["key_encryption_algorithm"].dump())
    name, encrypted = key_name(info["rid"]), bytes(info["encrypted_key"].native)
    if algorithm.oid == profiles.RSA:
        algorithm.without_parameters()
        return KeyInfo(name=name, kind="pkcs1", encrypted=encrypted)
    if algorithm.oid == profiles.RSA_OAEP:
        return KeyInfo(name=name, kind="oaep", encrypted=encrypted, oaep=algorithms.oaep(algorithm.parameters))
    raise Refusal("algorithm", "sleuteltransport niet toegestaan")


def _agreed(info: cms.KeyAgreeRecipientInfo) -> list[KeyInfo]:
    algorithm = algorithms.read(info["key_encryption_algorithm"].dump())
    kdf = algorithm.known_in(profiles.KEY_AGREEMENTS, "sleutelafspraak")
    if algorithm.parameters is None:
        raise malformed("sleutelafspraak zonder verpakking")
    wrapping = algorithms.read(algorithm.parameters)
    wrapping.without_parameters()
    originator = info["originator"]
    if originator.name != "originator_key":
        raise Refusal("algorithm", "sleutelafspraak zonder eenmalige sleutel")
    if algorithms.dotted(originator.chosen["algorithm"]["algorithm"]) != profiles.EC_PUBLIC_KEY:
        raise Refusal("algorithm", "sleutelafspraak met een ander soort sleutel")
    ukm = info["ukm"].native
    return [
        KeyInfo(
            name=key_name(one["rid"]),
            kind="ecdh",
            encrypted=bytes(one["encrypted_key"].native),
            kdf=kdf,
            wrap=wrapping.known_in(profiles.KEY_WRAPS, "sleutelverpakking"),
            wrap_identifier=algorithm.parameters,
            point=_whole_bits(originator.chosen["public_key"].contents),
            ukm=None if ukm is None else bytes(ukm),
        )
        for one in info["recipient_encrypted_keys"]
    ]


def _whole_bits(contents: bytes) -> bytes:
    """The bytes of a BIT STRING without unused bits."""
    if contents[:1] != b"\x00":
        raise malformed("bitreeks van halve bytes")
    return contents[1:]


def key_name(choice: cms.RecipientIdentifier | cms.SignerIdentifier | cms.KeyAgreementRecipientIdentifier) -> KeyName:
    """Read the name of a certificate, whichever of its forms."""
    chosen = choice.chosen
    if choice.name == "issuer_and_serial_number":
        issuer = chosen["issuer"]
        return KeyName(issuer.dump(), chosen["serial_number"].native)
    if choice.name == "r_key_id":
        chosen = chosen["subject_key_identifier"]
    return KeyName(identifier=bytes(chosen.native))


def _once_each(keys: tuple[KeyInfo, ...]) -> None:
    names = [(k.name.issuer, k.name.serial, k.name.identifier) for k in keys]
    if len(set(names)) != len(names):
        raise malformed("ontvanger staat er twee keer in")
    if len(keys) > LIMITS.recipients:
        raise malformed("te veel ontvangers")


def check_envelope(envelope: Envelope, profile: Profile) -> None:
    """Hold an envelope to the profile's "we accept" column (SM-1); `Refusal` algorithm."""
    if not fits(envelope, profile):
        raise Refusal("algorithm", f"versleuteling valt buiten profiel {profile.name}")


def fits(envelope: Envelope, profile: Profile) -> bool:
    """Whether content cipher and every recipient's key management are in the profile."""
    return envelope.cipher.name in profile.content_ciphers and all(_fits(key, profile) for key in envelope.recipients)


def _fits(key: KeyInfo, profile: Profile) -> bool:
    if key.kind not in profile.transports:
        return False
    if key.oaep is not None:
        return key.oaep.digest.name in profile.oaep_digests and key.oaep.mask.name in profile.oaep_digests
    if key.kdf is not None and key.wrap is not None:
        return key.kdf.name in profile.kdf_digests and key.wrap.name in profile.key_wraps
    return True
