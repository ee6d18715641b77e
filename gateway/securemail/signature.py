"""Read and check a CMS signature (5.3: SM-27 to SM-31, SM-120).

pyHanko checks the value, everything before it is ours.
"""

from datetime import UTC, datetime

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
from gateway.securemail.scanner import Entity

_SIGNATURE_TYPES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
MIME_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")


class Signed(msgspec.Struct, frozen=True):
    """Bytes and a signature over them, taken apart but not yet checked."""

    entity: bytes  #: the signed entity, header fields included
    cms: bytes


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature whose structure and algorithms are in order."""

    entity: bytes
    signer: KeyName
    signing: Signing
    certificates: tuple[bytes, ...]  #: DER, as carried: an unordered set
    info: cms.SignerInfo
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
        parts = scanner.split_multipart(root.body, scanner.boundary_of(root.type), limits)
        if len(parts) != 2:
            raise malformed("multipart/signed heeft niet precies twee delen")
        signature = scanner.read_entity(parts[1], limits)
        if signature.type.type not in _SIGNATURE_TYPES:
            raise malformed("tweede deel van multipart/signed is geen handtekening")
        if root.type.parameters.get("protocol", "").lower() not in ("", *_SIGNATURE_TYPES):
            raise malformed("multipart/signed met een ander protocol")
        return Signed(parts[0], scanner.decode_body(signature))
    if root.type.type in MIME_TYPES and root.type.parameters.get("smime-type", "signed-data").lower() == "signed-data":
        return Signed(b"", scanner.decode_body(root))
    return None


@parser
def read_signature(signed: Signed, limits: Limits = LIMITS) -> Signature:
    """Check structure and algorithms; `Refusal` signature, algorithm or malformed."""
    split = ber.read_cms(signed.cms, limits)
    info = cms.ContentInfo.load(split.skeleton, strict=True)
    if algorithms.dotted(info["content_type"]) != profiles.SIGNED_DATA:
        raise Refusal("structure", "CMS-vorm binnen de envelop niet toegestaan")
    body = info["content"]
    if algorithms.dotted(body["encap_content_info"]["content_type"]) != profiles.DATA:
        raise Refusal("signature", "ondertekende inhoud van een ander soort")
    detached = bool(signed.entity)
    if detached is (split.content is not None):
        raise Refusal("signature", "handtekening los en omvattend door elkaar")
    entity = signed.entity if detached else bytes(split.content or b"")
    infos = body["signer_infos"]
    if len(infos) != 1:
        raise Refusal("signature", "niet precies een ondertekenaar")
    carried = body["certificates"]
    certificates = () if isinstance(carried, core.Void) else _certificates(carried.contents)
    if len(certificates) > limits.certificates:
        raise malformed("te veel certificaten")
    one = infos[0]
    attributes = _attributes(one, limits)
    return Signature(
        entity=entity,
        signer=key_name(one["sid"]),
        signing=algorithms.signing(one["digest_algorithm"].dump(), one["signature_algorithm"].dump()),
        certificates=certificates,
        info=one,
        signing_time=_signing_time(attributes),
        names_certificate=profiles.SIGNING_CERTIFICATE_V2 in attributes,
        capabilities=_capabilities(attributes),
    )


@remembered
def _certificates(contents: bytes) -> tuple[bytes, ...]:
    """The X.509 certificates of a set, DER; every message of a partner carries the same set."""
    choices = cms.CertificateSet.load(der.element(der.SET, contents))
    return tuple(c.chosen.dump() for c in choices if c.name == "certificate")


def _attributes(one: cms.SignerInfo, limits: Limits) -> dict[str, cms.CMSAttribute]:
    """Signed attributes by type, present and each once (SM-28: their absence opens the confusion attack)."""
    written = one["signed_attrs"]
    if isinstance(written, core.Void) or not len(written):
        raise Refusal("signature", "geen ondertekende attributen")
    if len(written) > limits.attributes:
        raise malformed("te veel attributen")
    found: dict[str, cms.CMSAttribute] = {}
    for attribute in written:
        oid = algorithms.dotted(attribute["type"])
        if oid in found:
            raise Refusal("signature", "attribuut staat er twee keer in")
        found[oid] = attribute
    for oid in (profiles.CONTENT_TYPE, profiles.MESSAGE_DIGEST):
        if oid not in found or len(found[oid]["values"]) != 1:
            raise Refusal("signature", "verplicht attribuut ontbreekt")
    if algorithms.dotted(found[profiles.CONTENT_TYPE]["values"][0]) != profiles.DATA:
        raise Refusal("signature", "attribuut noemt andere inhoud")
    return found


def _signing_time(attributes: dict[str, cms.CMSAttribute]) -> datetime | None:
    attribute = attributes.get(profiles.SIGNING_TIME)
    if attribute is None:
        return None
    if len(attribute["values"]) != 1:
        raise Refusal("signature", "ondertekentijd niet precies een keer")
    claimed = attribute["values"][0].native
    return claimed.astimezone(UTC) if isinstance(claimed, datetime) else None


def _capabilities(attributes: dict[str, cms.CMSAttribute]) -> tuple[str, ...]:
    attribute = attributes.get(profiles.SMIME_CAPABILITIES)
    if attribute is None or len(attribute["values"]) != 1:
        return ()
    return _ciphers(attribute["values"][0].dump())


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

    actual = digest_of(signature.entity, signature.signing.digest)
    try:
        verdict = validate_sig_integrity(signature.info, certificate.asn1, "data", actual)
    except (SignatureValidationError, *PARSER_ERRORS):
        verdict = (False, False)
    if verdict != (True, True):
        raise Refusal("signature", "handtekening klopt niet met de inhoud")


def find_certificate(name: KeyName, candidates: tuple[bytes, ...]) -> bytes | None:
    """The candidate that *name* means, never by position (SM-29)."""
    return next((one for one in candidates if _means(name, one)), None)


def _means(name: KeyName, certificate: bytes) -> bool:
    try:
        ber.check(certificate)
        parsed = asn1_x509.Certificate.load(certificate)
        return name.means(parsed.issuer.dump(), parsed.serial_number, parsed.key_identifier)
    except (Refusal, *PARSER_ERRORS):
        return False
