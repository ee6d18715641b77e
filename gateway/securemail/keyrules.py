"""What a key must be, for signer, recipient and every certificate of a chain (SM-121)."""

from typing import Literal

import msgspec
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.securemail import ber, profiles
from gateway.securemail.profiles import Profile
from gateway.securemail.refusal import Refusal

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


class KeyFacts(msgspec.Struct, frozen=True):
    """A public key that keeps the rules."""

    kind: Literal["rsa", "ec"]
    bits: int
    curve: str | None  #: secp256r1 or secp384r1
    public: PublicKey

    @property
    def to_be_phased_out(self) -> bool:
        """RSA below 3072 bits: accepted under `standard`, counted on the certificate screen (NCSC 2025-05)."""
        return self.kind == "rsa" and self.bits < 3072


class BadCertificate(msgspec.Struct, frozen=True):
    """Why certificate bytes cannot be used at all."""

    detail: str


def certificate_facts(der: bytes) -> KeyFacts | BadCertificate:
    """The key of a certificate, if it keeps the rules: RSA 2048-8192 with a plain exponent, or P-256 or P-384 by name.

    The curve is read from the bytes: `cryptography` loads explicit curve parameters as P-256 without a word.
    """
    try:
        ber.check(der)
        public = x509.load_der_x509_certificate(der).public_key()
        kind, named = _kind_of_key(der)
    except (ValueError, TypeError, KeyError, RecursionError, Refusal) as unreadable:
        return BadCertificate(f"certificaat onleesbaar ({type(unreadable).__name__})")
    except Exception as unsupported:  # cryptography raises UnsupportedAlgorithm and its own parse errors
        return BadCertificate(f"sleutel niet ondersteund ({type(unsupported).__name__})")
    if isinstance(public, rsa.RSAPublicKey):
        # `cryptography` reads a key for RSASSA-PSS alone as one for everything (RFC 4055 1.2).
        return _rsa_facts(public) if kind == "rsa" else BadCertificate("RSA-sleutel voor PSS alleen")
    if isinstance(public, ec.EllipticCurvePublicKey):
        if not named or public.curve.name not in profiles.CURVES:
            return BadCertificate("EC-sleutel op een andere kromme dan P-256 of P-384")
        return KeyFacts("ec", public.curve.key_size, public.curve.name, public)
    return BadCertificate("sleutel is geen RSA of EC")


def _rsa_facts(public: rsa.RSAPublicKey) -> KeyFacts | BadCertificate:
    bits = public.key_size
    if not profiles.STANDARD.rsa_min_bits <= bits <= profiles.RSA_MAX_BITS:
        return BadCertificate(f"RSA-sleutel van {bits} bits")
    if public.public_numbers().e not in profiles.RSA_EXPONENTS:
        return BadCertificate("RSA-sleutel met een ongebruikelijke exponent")
    return KeyFacts("rsa", bits, None, public)


def _kind_of_key(der: bytes) -> tuple[str, bool]:
    """The algorithm of the key, and whether a curve is named."""
    algorithm = asn1_x509.Certificate.load(der).public_key["algorithm"]
    kind = str(algorithm["algorithm"].native)
    return kind, kind == "ec" and algorithm["parameters"].name == "named"


def fits_profile(key: KeyFacts, profile: Profile) -> bool:
    """Whether the key is long enough for the profile (RSA 3072 under `strict`)."""
    return key.kind == "ec" or key.bits >= profile.rsa_min_bits
