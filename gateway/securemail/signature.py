"""Read and check a CMS signature (5.3: SM-27 to SM-31, SM-120).

pyHanko checks the value, everything before it is ours.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509

from gateway.securemail import algorithms, ber, der, profiles, scanner
from gateway.securemail.algorithms import Signing
from gateway.securemail.chains import Certificate
from gateway.securemail.cms_write import digest_of
from gateway.securemail.envelope import KeyName, key_name
from gateway.securemail.guard import PARSER_ERRORS, parser, remembered
from gateway.securemail.keyrules import fits_profile
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.profiles import Profile
from gateway.securemail.refusal import Refusal, malformed
from gateway.securemail.scanner import Entity, Span
from gateway.securemail.signer_info import Attribute, SignedAttributes, signer_info

_SIGNATURE_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
MIME_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")

# Fields of SignedData and SignerInfo (RFC 5652 5.1, 5.3).
_SIGNED_DATA = (der.INTEGER, der.SET, der.SEQUENCE, -0xA0, -0xA1, der.SET)
_SIGNER_INFO = (der.INTEGER, ber.ANY, der.SEQUENCE, -0xA0, der.SEQUENCE, ber.ANY, -0xA1)


class Signed(msgspec.Struct, frozen=True):
    """Bytes and a signature over them, taken apart but not yet checked."""

    entity: Span | None  #: the signed entity, header fields included; None: it is inside the CMS (opaque)
    cms: bytes


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature whose structure and algorithms are in order."""

    entity: Span
    digest: bytes  #: of the entity, under the digest of `signing`
    signer: KeyName
    signing: Signing
    certificates: tuple[bytes, ...]  #: DER, as carried: an unordered set
    info: Mapping[str, Any]  #: the fields of the SignerInfo that pyHanko reads
    signing_time: datetime | None  #: a claim (SM-37)
    names_certificate: bool  #: signingCertificateV2 is present
    capabilities: tuple[str, ...]  #: content ciphers of SMIMECapabilities that the table knows (SM-2)

    @property
    def algorithm(self) -> str:
        """Name for people and logs."""
        return f"{self.signing.kind}-{self.signing.digest.name}"


def split_signed(root: Entity, limits: Limits = LIMITS) -> Signed | None:
    """Take one signed entity apart: `multipart/signed` or opaque `signed-data`; None if it is something else.

    The text must have CRLF line ends already (`scanner.canonical_lines`).
    """
    if root.type.type == "multipart/signed":
        parts = scanner.parts_of(root.place, scanner.boundary_of(root.type), limits)
        if len(parts) != 2:
            raise malformed("multipart/signed heeft niet precies twee delen")
        signature = scanner.read_entity(parts[1], limits)
        if signature.type.type not in _SIGNATURE_TYPES:
            raise malformed("tweede deel van multipart/signed is geen handtekening")
        if root.type.parameters.get("protocol", "").lower() not in ("", *_SIGNATURE_TYPES):
            raise malformed("multipart/signed met een ander protocol")
        return Signed(parts[0], scanner.decode_body(signature))
    if root.type.type in MIME_TYPES and root.type.parameters.get("smime-type", "signed-data").lower() == "signed-data":
        return Signed(None, scanner.decode_body(root))
    return None


@parser
def read_signature(signed: Signed, limits: Limits = LIMITS) -> Signature:
    """Check structure and algorithms; `Refusal` signature, algorithm or malformed."""
    split = ber.read_cms(signed.cms, limits)
    content_type, body = algorithms.content_info(split.skeleton)
    if content_type != profiles.SIGNED_DATA:
        raise Refusal("structure", "CMS-vorm binnen de envelop niet toegestaan")
    _, _, encapsulated, carried, _, infos = ber.fields(body, *_SIGNED_DATA)
    inner_type, inside = ber.fields(encapsulated, der.OID, -0xA0)
    if algorithms.dotted(inner_type.contents) != profiles.DATA:
        raise Refusal("signature", "ondertekende inhoud van een ander soort")
    if (signed.entity is None) is (split.content is None):
        raise Refusal("signature", "handtekening los en omvattend door elkaar")
    if inside is not ber.ABSENT:
        ber.only(inside.contents)  # one string: several side by side are not what others read
    signers = ber.elements(infos.contents)
    if len(signers) != 1:
        raise Refusal("signature", "niet precies een ondertekenaar")
    certificates = _certificates(carried.contents)
    if len(certificates) > limits.certificates:
        raise malformed("te veel certificaten")
    _, sid, hashed, attributes, scheme, value, _ = ber.fields(signers[0], *_SIGNER_INFO)
    signed_attributes = SignedAttributes(attributes, limits)
    _check_attributes(signed_attributes.by_type)
    signing = algorithms.signing(hashed.whole, scheme.whole)
    entity = scanner.whole(bytes(split.content or b"")) if signed.entity is None else signed.entity
    return Signature(
        entity=entity,
        digest=digest_of(entity.view, signing.digest),
        signer=key_name(sid.whole),
        signing=signing,
        certificates=certificates,
        info=signer_info(hashed.whole, scheme.whole, signed_attributes, algorithms.octets(value)),
        signing_time=_signing_time(signed_attributes.by_type),
        names_certificate=profiles.SIGNING_CERTIFICATE_V2 in signed_attributes.by_type,
        capabilities=_capabilities(signed_attributes.by_type),
    )


@remembered
def _certificates(contents: bytes) -> tuple[bytes, ...]:
    """The X.509 certificates of a set, DER; every message of a partner carries the same set."""
    choices = cms.CertificateSet.load(der.element(der.SET, contents))
    return tuple(c.chosen.dump() for c in choices if c.name == "certificate")


def _check_attributes(by_type: Mapping[str, Attribute]) -> None:
    for oid in (profiles.CONTENT_TYPE, profiles.MESSAGE_DIGEST):
        if oid not in by_type or len(by_type[oid].values) != 1:
            raise Refusal("signature", "verplicht attribuut ontbreekt")
    (content_type,) = by_type[profiles.CONTENT_TYPE].values
    if content_type.tag != der.OID or algorithms.dotted(content_type.contents) != profiles.DATA:
        raise Refusal("signature", "attribuut noemt andere inhoud")


def _signing_time(by_type: Mapping[str, Attribute]) -> datetime | None:
    attribute = by_type.get(profiles.SIGNING_TIME)
    if attribute is None:
        return None
    if len(attribute.values) != 1:
        raise Refusal("signature", "ondertekentijd niet precies een keer")
    claimed = attribute.fields["values"][0].native
    return claimed.astimezone(UTC) if isinstance(claimed, datetime) else None


def _capabilities(by_type: Mapping[str, Attribute]) -> tuple[str, ...]:
    attribute = by_type.get(profiles.SMIME_CAPABILITIES)
    if attribute is None or len(attribute.values) != 1:
        return ()
    return _ciphers(attribute.values[0].whole)


@remembered
def _ciphers(listed: bytes) -> tuple[str, ...]:
    """The content ciphers among SMIMECapabilities; every message of a partner lists the same."""
    oids = [algorithms.read(item.dump()).oid for item in core.SequenceOf.load(listed, spec=core.Any)]
    return tuple(profiles.CONTENT_CIPHERS[oid].name for oid in oids if oid in profiles.CONTENT_CIPHERS)


def check_profile(signature: Signature, certificate: Certificate, profile: Profile) -> None:
    """Hold the signature to the key and the profile (SM-1, SM-120); `Refusal` algorithm."""
    facts, signing = certificate.facts, signature.signing
    if (signing.kind == "ecdsa") is not (facts.kind == "ec"):
        raise Refusal("algorithm", "soort sleutel past niet bij de handtekening")
    if facts.curve is not None:
        allowed = {profiles.CURVES[facts.curve][1].name, profiles.SHA512.name}
        fitting = signing.digest.name in allowed
    else:
        fitting = signing.kind in profile.rsa_schemes
    if not fitting or not fits_profile(facts, profile):
        raise Refusal("algorithm", f"handtekening valt buiten profiel {profile.name}")
    if profile.signing_certificate_required and not signature.names_certificate:
        raise Refusal("algorithm", f"profiel {profile.name} vraagt signingCertificateV2")


def check_value(signature: Signature, certificate: Certificate) -> None:
    """Check digest and signature value with pyHanko; both must be right (SM-30); `Refusal` signature."""
    # Imported here: it takes as long as everything else of the gateway, and only opening a message needs it.
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    try:
        verdict = validate_sig_integrity(signature.info, certificate.asn1, "data", signature.digest)
    except (SignatureValidationError, *PARSER_ERRORS):
        verdict = (False, False)
    if verdict != (True, True):
        raise Refusal("signature", "handtekening klopt niet met de inhoud")


def find_certificate(name: KeyName, candidates: tuple[bytes, ...]) -> bytes | None:
    """The candidate that *name* means, never by position (SM-29)."""
    return next((one for one in candidates if (names := _names(one)) is not None and name.means(*names)), None)


@remembered
def _names(certificate: bytes) -> tuple[bytes, int, bytes | None] | None:
    """Issuer, serial and key identifier of a certificate; None if it cannot be read."""
    try:
        ber.check(certificate)
        parsed = asn1_x509.Certificate.load(certificate)
        return parsed.issuer.dump(), parsed.serial_number, parsed.key_identifier
    except (Refusal, *PARSER_ERRORS):
        return None
