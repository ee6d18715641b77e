"""Read a CMS envelope within limits and against a profile.

No key is touched here (SM-19, SM-21, SM-22, SM-24, SM-126).
"""

from typing import Literal

import msgspec
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509

from gateway.securemail import algorithms, ber, der, profiles
from gateway.securemail.ber import Element
from gateway.securemail.guard import parser, remembered
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.profiles import ContentCipher, Digest, KeyWrap, Profile
from gateway.securemail.refusal import Refusal, malformed

# Fields of the bodies (RFC 5652 6.1, RFC 5083 2.1): version, originatorInfo, recipientInfos, the content info,
# attributes, and what follows them.
_ENVELOPED = (der.INTEGER, -0xA0, der.SET, der.SEQUENCE, -0xA1)
_AUTHENTICATED = (der.INTEGER, -0xA0, der.SET, der.SEQUENCE, -0xA1, ber.ANY, -0xA2)
_AGREEMENT = 0xA1  # [1] of RecipientInfo
_KEY_IDENTIFIER = 0x80  # [0] of SignerIdentifier and RecipientIdentifier
_RECIPIENT_KEY_IDENTIFIER = 0xA0  # [0] of KeyAgreeRecipientIdentifier


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
    kind, body = algorithms.content_info(split.skeleton)
    if kind == profiles.SIGNED_DATA:
        raise Refusal("not-encrypted", "ondertekend maar niet versleuteld")
    if kind not in (profiles.ENVELOPED_DATA, profiles.AUTH_ENVELOPED_DATA):
        raise Refusal("algorithm", "CMS-vorm niet toegestaan")  # SM-26: compressedData among them
    authenticated = kind == profiles.AUTH_ENVELOPED_DATA
    places = _AUTHENTICATED if authenticated else _ENVELOPED
    _, _, recipients, content, attributes, *rest = ber.fields(body, *places)
    content_type, identifier, _ = ber.fields(content, der.OID, der.SEQUENCE, ber.ANY_OR_ABSENT)
    if algorithms.dotted(content_type.contents) != profiles.DATA or split.content is None:
        raise malformed("envelop zonder gewone inhoud")
    algorithm = algorithms.read(identifier.whole)
    cipher = algorithm.known_in(profiles.CONTENT_CIPHERS, "versleuteling van de inhoud")
    if (cipher.mode == "gcm") is not authenticated:
        raise malformed("versleuteling past niet bij de CMS-vorm")
    infos = ber.elements(recipients.contents)
    if not 1 <= len(infos) <= limits.recipients:
        raise malformed("geen of te veel ontvangers")
    keys = tuple(key for one in infos for key in _key_infos(one))
    _once_each(keys)
    if authenticated:
        return Envelope(
            cipher=cipher,
            iv=algorithms.gcm_nonce(algorithm.parameters),
            ciphertext=split.content,
            tag=_tag(rest[0]),
            associated=_associated(attributes),
            recipients=keys,
        )
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


def _tag(mac: Element) -> bytes:
    tag = algorithms.octets(mac)
    if len(tag) != 16:
        raise Refusal("algorithm", "waarmerk korter dan 16 bytes")
    return tag


def _associated(attributes: Element) -> bytes | None:
    if attributes is ber.ABSENT:
        return None
    # The tag covers the attributes with their universal SET tag (RFC 5083 2.2).
    retagged = b"\x31" + attributes.whole[1:]
    _ = cms.CMSAttributes.load(retagged, strict=True).native  # raises when they are no attributes
    return retagged


def _key_infos(one: Element) -> list[KeyInfo]:
    if one.tag == der.SEQUENCE:
        return [_transported(one)]
    if one.tag == _AGREEMENT:
        return _agreed(cms.RecipientInfo.load(one.whole, strict=True).chosen)
    raise Refusal("algorithm", "ontvanger met wachtwoord of gedeelde sleutel")


def _transported(info: Element) -> KeyInfo:
    _, rid, identifier, key = ber.fields(info, der.INTEGER, ber.ANY, der.SEQUENCE, ber.ANY)
    algorithm = algorithms.read(identifier.whole)
    name, encrypted = key_name(rid.whole), algorithms.octets(key)
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
    if algorithms.dotted(originator.chosen["algorithm"]["algorithm"].contents) != profiles.EC_PUBLIC_KEY:
        raise Refusal("algorithm", "sleutelafspraak met een ander soort sleutel")
    ukm = info["ukm"].native
    return [
        KeyInfo(
            name=key_name(one["rid"].dump()),
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


@remembered
def key_name(identifier: bytes) -> KeyName:
    """Read the name of a certificate in a RecipientInfo or SignerInfo (DER), whichever of its forms."""
    chosen = ber.only(identifier)
    if chosen.tag == der.SEQUENCE:
        issuer, serial = ber.fields(chosen, der.SEQUENCE, der.INTEGER)
        return KeyName(issuer.whole, int.from_bytes(serial.contents, "big", signed=True))
    if chosen.tag == _KEY_IDENTIFIER:
        return KeyName(identifier=chosen.contents)
    if chosen.tag == _RECIPIENT_KEY_IDENTIFIER:  # in a key agreement, perhaps with a date
        return KeyName(identifier=algorithms.octets(ber.elements(chosen.contents)[0]))
    raise malformed("naam van een certificaat onleesbaar")


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
