"""Read algorithm identifiers against the table.

An identifier without a row is refused before any key is used (SM-4, SM-120).
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, TypeVar

from asn1crypto import algos, core

from gateway.securemail import ber, der, profiles
from gateway.securemail.ber import Element
from gateway.securemail.guard import remembered
from gateway.securemail.profiles import Digest, SchemeKind
from gateway.securemail.refusal import Refusal, malformed

Row = TypeVar("Row")
_ARCS = re.compile(rb"(?:(?!\x80)[\x80-\xff]*[\x00-\x7f])+\Z")


class _GcmParameters(core.Sequence):  # type: ignore[misc]
    """RFC 5084 3.2; asn1crypto has none."""

    _fields = [("nonce", core.OctetString), ("tag_size", core.Integer, {"default": 12})]  # noqa: RUF012


@lru_cache(maxsize=256)  # `ber` lets none pass that is longer than 32 bytes
def dotted(contents: bytes) -> str:
    """The dotted form of the contents of an OID; asn1crypto works it out anew each time, and a message has thirty.

    It reads an arc that is not ended, or starts with zeros, as if that were not there: `Refusal` malformed.
    """
    if not _ARCS.match(contents):
        raise malformed("OID onleesbaar")
    return str(core.ObjectIdentifier(contents=contents).dotted)


def content_info(skeleton: bytes) -> tuple[str, Element]:
    """Content type and content of a ContentInfo."""
    kind, wrapped = ber.fields(ber.only(skeleton), der.OID, 0xA0)
    return dotted(kind.contents), ber.only(wrapped.contents)


def octets(element: Element) -> bytes:
    """The value of an OCTET STRING, in pieces or not."""
    if element.tag == der.OCTET_STRING:
        return element.contents
    return bytes(core.OctetString.load(element.whole, strict=True).native)


class Identifier(NamedTuple):
    """An algorithm identifier, split."""

    oid: str
    parameters: bytes | None  #: DER; None: absent

    def known_in(self, table: Mapping[str, Row], what: str) -> Row:
        """Its row, or `Refusal` algorithm."""
        row = table.get(self.oid)
        if row is None:
            raise Refusal("algorithm", f"{what} niet toegestaan")
        return row

    def without_parameters(self) -> None:
        """Refuse parameters other than absent or NULL."""
        if self.parameters not in (None, b"\x05\x00"):
            raise malformed("algoritme met onverwachte parameters")


def read(identifier: bytes) -> Identifier:
    """Split the DER of an AlgorithmIdentifier; asn1crypto's own table does not decide what we know."""
    oid, parameters = ber.fields(ber.only(identifier), der.OID, ber.ANY_OR_ABSENT)
    return Identifier(dotted(oid.contents), parameters.whole or None)


def digest(identifier: bytes, table: Mapping[str, Digest], what: str) -> Digest:
    """A digest algorithm from *table*."""
    found = read(identifier)
    found.without_parameters()
    return found.known_in(table, what)


class Oaep(NamedTuple):
    """Parameters of RSAES-OAEP; the label is empty."""

    digest: Digest
    mask: Digest


@remembered
def oaep(parameters: bytes | None) -> Oaep:
    """Read them (RFC 4055 4.1): absent means SHA-1 and MGF1 with SHA-1."""
    parsed = algos.RSAESOAEPParams.load(parameters or b"\x30\x00", strict=True)
    source = parsed["p_source_algorithm"]
    if dotted(source["algorithm"].contents) != profiles.P_SPECIFIED or bytes(source["parameters"].native or b""):
        raise Refusal("algorithm", "OAEP met een label")
    return Oaep(
        digest(parsed["hash_algorithm"].untag().dump(), profiles.DIGESTS, "OAEP-hash"),
        _mask(parsed["mask_gen_algorithm"].untag().dump()),
    )


def _mask(identifier: bytes) -> Digest:
    generator = read(identifier)
    if generator.oid != profiles.MGF1 or generator.parameters is None:
        raise Refusal("algorithm", "maskerfunctie niet toegestaan")
    return digest(generator.parameters, profiles.DIGESTS, "maskerhash")


def gcm_nonce(parameters: bytes | None) -> bytes:
    """The nonce of AES-GCM: 12 bytes, with a tag length of 16 said aloud (SM-24)."""
    parsed = _GcmParameters.load(parameters or b"", strict=True)
    nonce = parsed["nonce"].native
    if len(nonce) != 12 or parsed["tag_size"].native != 16:
        raise Refusal("algorithm", "GCM met een andere nonce of een kort waarmerk")
    return bytes(nonce)


def cbc_iv(parameters: bytes | None) -> bytes:
    """The initialisation vector of AES-CBC, 16 bytes."""
    iv = octets(ber.only(parameters or b""))
    if len(iv) != 16:
        raise malformed("initialisatievector van verkeerde lengte")
    return iv


class Signing(NamedTuple):
    """How a signature was made, one hash throughout."""

    kind: SchemeKind
    digest: Digest


@remembered
def signing(digest_identifier: bytes, signature_identifier: bytes) -> Signing:
    """Read both identifiers of a SignerInfo and hold them to one hash (SM-120)."""
    hashed = digest(digest_identifier, profiles.SIGNATURE_DIGESTS, "hash van de handtekening")
    found = read(signature_identifier)
    scheme = found.known_in(profiles.SIGNATURE_SCHEMES, "handtekeningalgoritme")
    if scheme.kind == "pss":
        _check_pss(found.parameters, hashed)
    else:
        found.without_parameters()
        if scheme.digest not in (None, hashed):
            raise Refusal("algorithm", "twee hashes in een handtekening")
    return Signing(scheme.kind, hashed)


def _check_pss(parameters: bytes | None, hashed: Digest) -> None:
    parsed = algos.RSASSAPSSParams.load(parameters or b"\x30\x00", strict=True)
    written = digest(parsed["hash_algorithm"].untag().dump(), profiles.DIGESTS, "PSS-hash")
    mask = _mask(parsed["mask_gen_algorithm"].untag().dump())
    trailer = parsed["trailer_field"]
    if (
        written is not hashed
        or mask is not hashed
        or not hashed.size <= parsed["salt_length"].native <= profiles.RSA_MAX_BITS // 8
        or int(trailer) != 1
    ):
        raise Refusal("algorithm", "PSS-parameters niet toegestaan")
