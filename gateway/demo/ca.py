"""A small certificate authority for the demo and the tests: pure functions, nothing is stored (not for production).

Dates come in; keys come from the operating system's generator. `Issued` holds a key with its certificate and chain.
"""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KeyKind = Literal["rsa-1024", "rsa-2048", "rsa-3072", "rsa-4096", "p256", "p384"]
Use = Literal["both", "sign", "encrypt", "commit"]  # commit: nonRepudiation only

_YEAR = timedelta(days=365)
_EKU = {
    "email": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
    "ocsp": ExtendedKeyUsageOID.OCSP_SIGNING,
}


class Issued(msgspec.Struct, frozen=True):
    """A private key, its certificate, and the certificates above it, issuer first, root last."""

    key: PrivateKey
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def intermediates(self) -> tuple[bytes, ...]:
        """What a message carries beside the certificate: the chain without the root, DER."""
        return tuple(c.public_bytes(serialization.Encoding.DER) for c in self.above if c.issuer != c.subject)

    @property
    def chain_pem(self) -> bytes:
        """Certificate and intermediates, as a TLS server wants them in one file."""
        rest = (c.public_bytes(serialization.Encoding.PEM) for c in self.above if c.issuer != c.subject)
        return b"".join((self.pem, *rest))

    def key_pem(self, password: bytes | None = None) -> bytes:
        """PKCS#8, encrypted if a password is given."""
        protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password is not None:
            protection = serialization.BestAvailableEncryption(password)
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)


class LeafOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a test wants different about a certificate."""

    emails: tuple[str, ...] = ()
    use: Use = "both"
    extended: tuple[str, ...] = ("email",)
    serial_number: str | None = None  #: subject serialNumber: an OIN in organisation certificates
    policies: tuple[str, ...] = ()
    ocsp_url: str | None = None  #: responder named in the certificate


def new_key(kind: KeyKind = "p256") -> PrivateKey:
    """A fresh private key (P-256 under 1 ms, RSA-3072 about 150 ms)."""
    if kind == "p256":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "p384":
        return ec.generate_private_key(ec.SECP384R1())
    return rsa.generate_private_key(65_537, int(kind.removeprefix("rsa-")))


def make_root(name: str, start: datetime, key: PrivateKey | None = None, years: int = 20) -> Issued:
    """A self-signed root."""
    key = key or new_key("p256")
    subject = _name(name)
    builder = _builder(subject, subject, key, start, start + years * _YEAR)
    builder = _authority(builder, key, None)
    return Issued(key, _signed(builder, key))


def make_issuing_ca(
    parent: Issued, name: str, start: datetime, key: PrivateKey | None = None, years: int = 10
) -> Issued:
    """An intermediate under *parent*."""
    key = key or new_key("p256")
    builder = _builder(_name(name), parent.certificate.subject, key, start, start + years * _YEAR)
    builder = _authority(builder, key, parent)
    return Issued(key, _signed(builder, parent.key), (parent.certificate, *parent.above))


def make_leaf(
    issuer: Issued,
    name: str,
    start: datetime,
    end: datetime | None = None,
    *,
    key: PrivateKey | None = None,
    options: LeafOptions | None = None,
) -> Issued:
    """An S/MIME certificate; *options* says whose addresses and which usage. One year unless *end* is given."""
    options = options or LeafOptions()
    key = key or new_key("p256")
    builder = _builder(_name(name, options.serial_number), issuer.certificate.subject, key, start, end or start + _YEAR)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_leaf_usage(key, options.use), critical=True)
    if options.extended:
        extended = [_EKU[e] for e in options.extended]
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if options.emails:
        names = [x509.RFC822Name(e) for e in options.emails]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if options.policies:
        policies = [x509.PolicyInformation(ObjectIdentifier(p), None) for p in options.policies]
        builder = builder.add_extension(x509.CertificatePolicies(policies), critical=False)
    if options.ocsp_url:
        responder = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, _uri(options.ocsp_url))
        builder = builder.add_extension(x509.AuthorityInformationAccess([responder]), critical=False)
    if "ocsp" in options.extended:
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    builder = _identifiers(builder, key, issuer)
    return Issued(key, _signed(builder, issuer.key), (issuer.certificate, *issuer.above))


def make_tls(
    issuer: Issued, start: datetime, hosts: Sequence[str] = ("localhost", "127.0.0.1"), end: datetime | None = None
) -> Issued:
    """A certificate for a TLS server on *hosts* (names or addresses)."""
    key = new_key("p256")
    builder = _builder(_name(hosts[0]), issuer.certificate.subject, key, start, end or start + _YEAR)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_leaf_usage(key, "sign"), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([_EKU["server"]]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName([_host(h) for h in hosts]), critical=False)
    builder = _identifiers(builder, key, issuer)
    return Issued(key, _signed(builder, issuer.key), (issuer.certificate, *issuer.above))


def make_crl(
    issuer: Issued,
    this_update: datetime,
    next_update: datetime | None = None,
    *,
    revoked: Sequence[x509.Certificate | int] = (),
    number: int = 1,
    revoked_at: datetime | None = None,
) -> bytes:
    """A CRL of *issuer*, DER; *revoked* are certificates or serial numbers. Good for a week by default."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(this_update)
        .next_update(next_update or this_update + timedelta(days=7))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    for item in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(item if isinstance(item, int) else item.serial_number)
            .revocation_date(revoked_at or this_update)
        )
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _name(common: str, serial_number: str | None = None) -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Proefomgeving"),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ]
    if serial_number:
        parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, serial_number))
    return x509.Name(parts)


def _uri(url: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(url)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _authority(builder: x509.CertificateBuilder, key: PrivateKey, parent: Issued | None) -> x509.CertificateBuilder:
    path_length = None if parent is None else 0
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    return _identifiers(builder, key, parent)


def _identifiers(builder: x509.CertificateBuilder, key: PrivateKey, issuer: Issued | None) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if issuer is not None:
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(above, critical=False)
    return builder


def _leaf_usage(key: PrivateKey, use: Use) -> x509.KeyUsage:
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    encrypts = use in ("both", "encrypt")
    return _usage(
        digital_signature=use in ("both", "sign"),
        content_commitment=use == "commit",
        key_encipherment=encrypts and is_rsa,
        key_agreement=encrypts and not is_rsa,
    )


def _usage(**on: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def _signed(builder: x509.CertificateBuilder, key: PrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256())
