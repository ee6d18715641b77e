"""The algorithms we produce and accept, in one table (SM-1 to SM-4, SM-120 to SM-122).

Sealing, opening, key rules, documentation and tests read these rows; an object identifier that is not here is refused
before any key is used. A profile belongs to a partner and is set by a person; nothing in a message changes it.
"""

from functools import cache
from typing import Literal

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.securemail import der

ProfileName = Literal["standard", "strict"]

# Content types (RFC 5652, RFC 5083).
DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
ENVELOPED_DATA = "1.2.840.113549.1.7.3"
AUTH_ENVELOPED_DATA = "1.2.840.113549.1.9.16.1.23"

# Attributes of a signature.
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
SMIME_CAPABILITIES = "1.2.840.113549.1.9.15"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"

# Keys and the algorithms whose parameters need reading.
RSA = "1.2.840.113549.1.1.1"
RSA_OAEP = "1.2.840.113549.1.1.7"
MGF1 = "1.2.840.113549.1.1.8"
P_SPECIFIED = "1.2.840.113549.1.1.9"
RSA_PSS = "1.2.840.113549.1.1.10"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"


class Digest(msgspec.Struct, frozen=True):
    """A hash function: its name, identifier and implementation."""

    name: str
    oid: str
    make: type[hashes.HashAlgorithm]

    @property
    def size(self) -> int:
        """Length of its value in bytes."""
        return self.make().digest_size


SHA1 = Digest("sha1", "1.3.14.3.2.26", hashes.SHA1)
SHA224 = Digest("sha224", "2.16.840.1.101.3.4.2.4", hashes.SHA224)
SHA256 = Digest("sha256", "2.16.840.1.101.3.4.2.1", hashes.SHA256)
SHA384 = Digest("sha384", "2.16.840.1.101.3.4.2.2", hashes.SHA384)
SHA512 = Digest("sha512", "2.16.840.1.101.3.4.2.3", hashes.SHA512)
DIGESTS = {d.oid: d for d in (SHA1, SHA224, SHA256, SHA384, SHA512)}

#: Digests of a signature; MD5, SHA-1 and SHA-224 have no row.
SIGNATURE_DIGESTS = {d.oid: d for d in (SHA256, SHA384, SHA512)}

SchemeKind = Literal["pkcs1", "pss", "ecdsa"]


class Scheme(msgspec.Struct, frozen=True):
    """How a signature value is made. `digest` None: the parameters (PSS) or the digest algorithm say it."""

    kind: SchemeKind
    digest: Digest | None


SIGNATURE_SCHEMES = {
    RSA: Scheme("pkcs1", None),
    "1.2.840.113549.1.1.11": Scheme("pkcs1", SHA256),
    "1.2.840.113549.1.1.12": Scheme("pkcs1", SHA384),
    "1.2.840.113549.1.1.13": Scheme("pkcs1", SHA512),
    RSA_PSS: Scheme("pss", None),
    "1.2.840.10045.4.3.2": Scheme("ecdsa", SHA256),
    "1.2.840.10045.4.3.3": Scheme("ecdsa", SHA384),
    "1.2.840.10045.4.3.4": Scheme("ecdsa", SHA512),
}


class ContentCipher(msgspec.Struct, frozen=True):
    """Encryption of the content."""

    name: str
    oid: str
    key_size: int  #: bytes
    mode: Literal["cbc", "gcm"]


AES256_CBC = ContentCipher("aes256-cbc", "2.16.840.1.101.3.4.1.42", 32, "cbc")
AES256_GCM = ContentCipher("aes256-gcm", "2.16.840.1.101.3.4.1.46", 32, "gcm")
CONTENT_CIPHERS = {
    c.oid: c
    for c in (
        ContentCipher("aes128-cbc", "2.16.840.1.101.3.4.1.2", 16, "cbc"),
        ContentCipher("aes192-cbc", "2.16.840.1.101.3.4.1.22", 24, "cbc"),
        AES256_CBC,
        ContentCipher("aes128-gcm", "2.16.840.1.101.3.4.1.6", 16, "gcm"),
        AES256_GCM,
    )
}


class KeyWrap(msgspec.Struct, frozen=True):
    """AES key wrap (RFC 3394)."""

    name: str
    oid: str
    key_size: int  #: bytes


AES256_WRAP = KeyWrap("aes256-wrap", "2.16.840.1.101.3.4.1.45", 32)
KEY_WRAPS = {
    w.oid: w
    for w in (
        KeyWrap("aes128-wrap", "2.16.840.1.101.3.4.1.5", 16),
        KeyWrap("aes192-wrap", "2.16.840.1.101.3.4.1.25", 24),
        AES256_WRAP,
    )
}

#: Ephemeral-static ECDH with the X9.63 key derivation (RFC 5753): the digest of the derivation.
KEY_AGREEMENTS = {
    "1.3.133.16.840.63.0.2": SHA1,
    "1.3.132.1.11.0": SHA224,
    "1.3.132.1.11.1": SHA256,
    "1.3.132.1.11.2": SHA384,
    "1.3.132.1.11.3": SHA512,
}
KEY_AGREEMENT_OIDS = {digest.name: oid for oid, digest in KEY_AGREEMENTS.items()}

#: Curves by name as `cryptography` gives it: identifier and the digest that goes with it.
CURVES = {
    "secp256r1": ("1.2.840.10045.3.1.7", SHA256),
    "secp384r1": ("1.3.132.0.34", SHA384),
}
CURVE_TYPES: dict[str, type[ec.EllipticCurve]] = {"secp256r1": ec.SECP256R1, "secp384r1": ec.SECP384R1}


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is produced for and accepted from a partner; section 3 of the specification, row by row."""

    name: ProfileName
    # produced
    rsa_signature: SchemeKind
    content: ContentCipher
    rsa_transport: Literal["pkcs1", "oaep"]
    # accepted
    rsa_schemes: frozenset[str]
    rsa_min_bits: int
    content_ciphers: frozenset[str]  #: names
    transports: frozenset[str]
    oaep_digests: frozenset[str]
    kdf_digests: frozenset[str]
    key_wraps: frozenset[str]
    signing_certificate_required: bool
    header_protection_required: bool


STANDARD = Profile(
    name="standard",
    rsa_signature="pkcs1",
    content=AES256_CBC,
    rsa_transport="pkcs1",
    rsa_schemes=frozenset({"pkcs1", "pss"}),
    rsa_min_bits=2048,
    content_ciphers=frozenset({"aes128-cbc", "aes192-cbc", "aes256-cbc", "aes128-gcm", "aes256-gcm"}),
    transports=frozenset({"pkcs1", "oaep", "ecdh"}),
    oaep_digests=frozenset({"sha1", "sha256", "sha384", "sha512"}),
    kdf_digests=frozenset({"sha1", "sha224", "sha256", "sha384", "sha512"}),
    key_wraps=frozenset({"aes128-wrap", "aes192-wrap", "aes256-wrap"}),
    signing_certificate_required=False,
    header_protection_required=False,
)
STRICT = Profile(
    name="strict",
    rsa_signature="pss",
    content=AES256_GCM,
    rsa_transport="oaep",
    rsa_schemes=frozenset({"pss"}),
    rsa_min_bits=3072,
    content_ciphers=frozenset({"aes128-gcm", "aes256-gcm"}),
    transports=frozenset({"oaep", "ecdh"}),
    oaep_digests=frozenset({"sha256", "sha384", "sha512"}),
    kdf_digests=frozenset({"sha256", "sha384", "sha512"}),
    key_wraps=frozenset({"aes128-wrap", "aes256-wrap"}),
    signing_certificate_required=True,
    header_protection_required=True,
)
PROFILES: dict[str, Profile] = {p.name: p for p in (STANDARD, STRICT)}

RSA_MAX_BITS = 8192
RSA_EXPONENTS = range(65_537, 2**32 + 1, 2)  # odd


# Algorithm identifiers as we write them. Parameters absent or NULL as each algorithm's RFC says (SM-140).


@cache
def digest_identifier(digest: Digest) -> bytes:
    """AlgorithmIdentifier of a digest; parameters absent (RFC 5754 2)."""
    return der.sequence(der.oid(digest.oid))


def _hash_with_null(digest: Digest) -> bytes:
    # RFC 4055 2.1 wants NULL accepted and, inside PSS and OAEP parameters, it is what everybody writes.
    return der.sequence(der.oid(digest.oid), der.NULL)


def _mgf(digest: Digest) -> bytes:
    return der.sequence(der.oid(MGF1), _hash_with_null(digest))


_OID_OF_SCHEME = {(s.kind, s.digest.name): oid for oid, s in SIGNATURE_SCHEMES.items() if s.digest}


@cache
def signature_identifier(kind: SchemeKind, digest: Digest) -> bytes:
    """AlgorithmIdentifier of a signature (RFC 4055, RFC 5754)."""
    if kind == "pss":
        parameters = der.sequence(
            der.explicit(0, _hash_with_null(digest)),
            der.explicit(1, _mgf(digest)),
            der.explicit(2, der.integer(digest.size)),
        )
        return der.sequence(der.oid(RSA_PSS), parameters)
    oid = der.oid(_OID_OF_SCHEME[kind, digest.name])
    return der.sequence(oid, der.NULL) if kind == "pkcs1" else der.sequence(oid)


def transport_identifier(kind: Literal["pkcs1", "oaep"]) -> bytes:
    """AlgorithmIdentifier of RSA key transport; OAEP with SHA-256 throughout."""
    if kind == "pkcs1":
        return der.sequence(der.oid(RSA), der.NULL)
    parameters = der.sequence(der.explicit(0, _hash_with_null(SHA256)), der.explicit(1, _mgf(SHA256)))
    return der.sequence(der.oid(RSA_OAEP), parameters)
