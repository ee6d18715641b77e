"""A signed file: content in the form of a clear-signed mail, so that every S/MIME program can check it.

`openssl cms -verify -in FILE -CAfile ROOTS -purpose smimesign` does. The signature says that the content is whole and
who holds the key; whether that key belongs to whom the content names is for people to compare (SM-136).
"""

from datetime import datetime

import msgspec

from gateway.securemail import layout, scanner, signature
from gateway.securemail.chains import Certificate, read_certificate
from gateway.securemail.keyrules import fits_profile
from gateway.securemail.keys import SigningKey
from gateway.securemail.limits import LIMITS
from gateway.securemail.profiles import STANDARD, STRICT, ProfileName
from gateway.securemail.refusal import Refusal, Refused, malformed
from gateway.securemail.sealing import sign_entity

MAX_SIZE = 1_000_000


class SignedFile(msgspec.Struct, frozen=True, kw_only=True):
    """Content whose signature is right; nothing is said about trust in the signer."""

    type: str  #: media type, lower case
    content: bytes
    signer: Certificate
    carried: tuple[bytes, ...]  #: certificates in the signature, DER
    signed_at: datetime | None  #: a claim


def best_profile(signer: SigningKey) -> ProfileName:
    """The strongest profile that our own key meets."""
    return "strict" if fits_profile(signer.facts, STRICT) else "standard"


def sign_file(content: bytes, media_type: str, signer: SigningKey, now: datetime) -> bytes:
    """*content* signed at *now*, CRLF text in base64."""
    entity = f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode("ascii")
    signed, _ = sign_entity(entity + layout.base64_lines(content) + b"\r\n", signer, best_profile(signer), now)
    return b"MIME-Version: 1.0\r\n" + signed


def read_signed_file(data: bytes) -> SignedFile | Refused:
    """Take a signed file apart and check its signature; every fault is an answer."""
    try:
        return _read(data)
    except Refusal as refusal:
        return Refused(reason=refusal.reason, detail=refusal.detail)


def _read(data: bytes) -> SignedFile:
    if len(data) > MAX_SIZE:
        raise Refusal("too-large", "ondertekend bestand is groter dan 1 MB")
    root = scanner.read_entity(scanner.canonical_lines(data))
    if root.type.type != "multipart/signed" or (parts := signature.split_signed(root)) is None:
        raise Refusal("not-signed", "bestand is niet ondertekend")
    checked = signature.read_signature(parts)
    der = signature.find_certificate(checked.signer, checked.certificates[: LIMITS.certificates])
    certificate = None if der is None else read_certificate(der)
    if not isinstance(certificate, Certificate):
        raise malformed("certificaat van de ondertekenaar ontbreekt of is onbruikbaar")
    signature.check_profile(checked, certificate, STANDARD)
    signature.check_value(checked, certificate)
    inside = scanner.read_entity(checked.entity)
    return SignedFile(
        type=inside.type.type,
        content=scanner.decode_body(inside),
        signer=certificate,
        carried=checked.certificates,
        signed_at=checked.signing_time,
    )
