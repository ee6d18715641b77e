"""What a file of certificates holds, and what keeps one certificate from ever being used (SM-34, SM-121).

Files come from people: the wrong one, one with too much in it, or in another form than the one asked for. Each answer
says what it is and what to do; the content of a private key never comes back.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.domain.findings import Finding, Severity
from gateway.securemail.chains import Certificate, read_certificate
from gateway.securemail.guard import PARSER_ERRORS
from gateway.securemail.keyrules import BadCertificate, PublicKey
from gateway.securemail.keys import does_not_fit

Uses = frozenset[Literal["sign", "encrypt"]]

_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_CERTIFICATES: Final = ("CERTIFICATE", "X509 CERTIFICATE")
_ONLY_CERTIFICATES: Final = "Geef een bestand met alleen certificaten, als PEM of DER."
_NEW_KEY: Final = "Vraag een certificaat aan met een sleutel RSA-3072 of P-256."


def read_certificates(data: bytes) -> tuple[bytes, ...] | Finding:
    """The certificates of a file, DER, in its order: PEM with any number of them, DER, or PKCS#7 (.p7b).

    A finding says what the file is when it is something else, or holds a private key as well.
    """
    if not data.strip():
        return _wrong("Het bestand is leeg.", _ONLY_CERTIFICATES)
    labels = [label.decode("ascii") for label in _LABEL.findall(data)]
    if any("PRIVATE KEY" in label for label in labels):
        return _private()
    try:
        found = _from_pem(data, labels) if labels else _from_der(data)
    except PARSER_ERRORS:
        return _wrong("Het certificaat is beschadigd.", "Haal het bestand opnieuw op, zonder het te bewerken.")
    if isinstance(found, Finding):
        return found
    return tuple(dict.fromkeys(one.public_bytes(Encoding.DER) for one in found))


def _from_pem(data: bytes, labels: list[str]) -> list[x509.Certificate] | Finding:
    if any(label in _CERTIFICATES for label in labels):
        return x509.load_pem_x509_certificates(data)
    if any(label in ("PKCS7", "CMS") for label in labels):
        return pkcs7.load_pem_pkcs7_certificates(data)
    return _something_else(labels[0])


def _something_else(label: str) -> Finding:
    if label.endswith("CERTIFICATE REQUEST"):
        return _wrong("Dit is een aanvraag, geen certificaat.", "Geef het certificaat dat de uitgever teruggaf.")
    if label == "X509 CRL":
        return _wrong("Dit is een intrekkingslijst, geen certificaat.", "Gebruik gateway cert add --use crl.")
    if label == "TRUSTED CERTIFICATE":
        return _wrong(
            "Dit is een certificaat in een eigen vorm van OpenSSL.", "Zet het om: openssl x509 -in … -out … ."
        )
    return _wrong(f"Dit is geen certificaat, maar: {label.lower()}.", _ONLY_CERTIFICATES)


def _from_der(data: bytes) -> list[x509.Certificate] | Finding:
    if data[:1] != b"\x30":
        return _wrong("Dit is geen certificaat: het is PEM noch DER.", _ONLY_CERTIFICATES)
    try:
        return [x509.load_der_x509_certificate(data)]
    except PARSER_ERRORS:
        return _other_der(data)


def _other_der(data: bytes) -> list[x509.Certificate] | Finding:
    if _loads(lambda: x509.load_der_x509_crl(data)):
        return _something_else("X509 CRL")
    if _loads(lambda: x509.load_der_x509_csr(data)):
        return _something_else("CERTIFICATE REQUEST")
    if _loads(lambda: serialization.load_der_private_key(data, None)) or is_pkcs12(data):
        return _private()
    found = pkcs7.load_der_pkcs7_certificates(data)
    return found or _wrong("Het bestand bevat geen certificaat.", _ONLY_CERTIFICATES)


def is_pkcs12(data: bytes) -> bool:
    """Whether it is a PKCS#12 file (.p12, .pfx), whatever its password."""
    try:
        pkcs12.load_pkcs12(data, b"")
    except ValueError as refused:
        # The form is read before the password is tried.
        return "password" in str(refused).lower()
    except TypeError:
        return False
    return True


def _loads(load: Callable[[], object]) -> bool:
    try:
        load()
    except TypeError as refused:  # an encrypted key without its password
        return "password" in str(refused).lower()
    except Exception:  # whatever cryptography raises: then it is not that
        return False
    return True


def unfit(certificate: bytes, uses: Uses, now: datetime) -> tuple[Finding, ...]:
    """What is wrong with one certificate (DER) for any of *uses*, whoever trusts it; errors: it can never be used.

    Key rules (SM-121), dates, key usage and extended key usage (SM-34). Chain and revocation are `check_certificate`'s.
    """
    read = read_certificate(certificate)
    if isinstance(read, BadCertificate):
        return (_finding("SM-121", f"Het certificaat kan niet worden gebruikt: {read.detail}.", _NEW_KEY),)
    return tuple(_objections(read, uses, now))


def _objections(read: Certificate, uses: Uses, now: datetime) -> list[Finding]:
    parsed, found = read.parsed, []
    if read.is_authority:
        found.append(
            _finding(
                "SM-34",
                "Dit is het certificaat van een uitgever, niet van een organisatie.",
                "Een uitgever hoort bij de vertrouwde uitgevers: gateway cert add --use anchor.",
            )
        )
    if parsed.not_valid_after_utc < now:
        ended = f"{parsed.not_valid_after_utc:%d-%m-%Y %H:%M} UTC"
        found.append(_finding("SM-43", f"Het certificaat is verlopen op {ended}.", "Vraag een nieuw certificaat."))
    if parsed.not_valid_before_utc > now:
        begins = f"{parsed.not_valid_before_utc:%d-%m-%Y %H:%M} UTC"
        text = f"Het certificaat geldt pas vanaf {begins}."
        found.append(_finding("SM-43", text, "Tot dat moment wordt het niet gebruikt.", "warning"))
    if not read.is_authority and not uses & usages(parsed):
        wanted = " of ".join(_USE[use] for use in sorted(uses))
        advice = "Vraag een certificaat voor S/MIME, met het juiste gebruik (keyUsage)."
        found.append(_finding("SM-34", f"Het certificaat is niet bedoeld om {wanted}.", advice))
    if not read.is_authority:
        found.extend(_purposes(parsed))
    return found


_USE: Final = {"sign": "mee te ondertekenen", "encrypt": "voor te versleutelen"}


def _purposes(parsed: x509.Certificate) -> list[Finding]:
    try:
        purposes = parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        text = "Het certificaat noemt geen doel (extKeyUsage), ook geen e-mail."
        advice = "Het geldt alleen waar dat is afgesproken: gateway partner agree --usage-extension 'if present'."
        return [_finding("SM-34", text, advice, "warning")]
    if ExtendedKeyUsageOID.EMAIL_PROTECTION in purposes:
        return []
    text = "Het certificaat is niet bedoeld voor e-mail (extKeyUsage emailProtection ontbreekt)."
    return [_finding("SM-34", text, "Vraag een certificaat voor S/MIME; een servercertificaat volstaat niet.")]


def usages(certificate: x509.Certificate) -> Uses:
    """`sign`, `encrypt` or both; a certificate without key usage may do both."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset({"sign", "encrypt"})
    found: set[Literal["sign", "encrypt"]] = set()
    if usage.digital_signature or usage.content_commitment:
        found.add("sign")
    if usage.key_encipherment or usage.key_agreement:
        found.add("encrypt")
    return frozenset(found)


def _private() -> Finding:
    return _wrong(
        "Het bestand bevat een private sleutel.",
        "Geef alleen het certificaat. Kwam dit van een partner, dan is zijn sleutel gelekt: bel hem.",
    )


def _wrong(message: str, advice: str) -> Finding:
    return Finding(code="SM-136", severity="error", message=message, advice=advice)


def _finding(code: str, message: str, advice: str, severity: Severity = "error") -> Finding:
    return Finding(code=code, severity=severity, message=message, advice=advice)


class FitOwn(msgspec.Struct, frozen=True):
    """Our own certificate, first, then the ones that lead up to its root; and what to know about it."""

    chain: tuple[bytes, ...]  #: DER
    findings: tuple[Finding, ...]


def fit_own(
    public: PublicKey,
    offered: Sequence[bytes],
    use: Literal["sign", "encrypt"],
    address: str,
    now: datetime,
    authorities: Sequence[bytes] = (),
) -> FitOwn | Finding:
    """Find, among certificates in any order, the one of this key, and what is wrong with it for *use*.

    *address* is ours; *authorities* are those that everybody has, so that they need not come along.

    A finding if none belongs to the key; errors among the findings: it cannot be used for this.
    """
    wanted = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    own = next((der for der in offered if _spki(der) == wanted), None)
    if own is None:
        return does_not_fit()
    found = list(unfit(own, frozenset({use}), now))
    read = read_certificate(own)
    if isinstance(read, Certificate) and not any(f.severity == "error" for f in found):
        found += _advice(read, (*offered, *authorities), address)
    rest = [der for der in offered if der != own]
    return FitOwn((own, *rest), tuple(found))


def _advice(read: Certificate, above_it: Sequence[bytes], address: str) -> list[Finding]:
    found = []
    if address.lower() not in read.emails:
        text = f"Ons adres {address} staat niet in het certificaat."
        advice = "Partners die op adres controleren weigeren onze post; vraag een certificaat met het adres."
        found.append(_finding("SM-51", text, advice, "warning"))
    issuer, parsed = read.parsed.issuer, read.parsed
    above = [one for der in above_it if isinstance(one := read_certificate(der), Certificate)]
    if issuer != parsed.subject and not any(one.parsed.subject == issuer for one in above):
        text = f"Het certificaat van de uitgever ({issuer.rfc4514_string()}) zit er niet bij."
        advice = "Is dat geen stamcertificaat, zet het er dan bij: anders kan een partner de keten niet volgen."
        found.append(_finding("SM-7", text, advice, "warning"))
    if read.facts.to_be_phased_out:
        text = f"Een RSA-sleutel van {read.facts.bits} bits wordt uitgefaseerd (NCSC)."
        found.append(_finding("SM-121", text, _NEW_KEY, "warning"))
    return found


def unfit_authority(certificate: bytes, now: datetime) -> tuple[Finding, ...]:
    """What keeps a certificate (DER) from being one of an authority that is trusted."""
    read = read_certificate(certificate)
    if isinstance(read, BadCertificate):
        advice = "Vraag de uitgever om zijn huidige certificaat."
        return (_finding("SM-121", f"Het certificaat kan niet worden gebruikt: {read.detail}.", advice),)
    found = []
    if not read.is_authority:
        text = "Dit certificaat is van een organisatie, niet van een uitgever."
        advice = "Geef het stamcertificaat van de uitgever; dat van een partner gaat met gateway partner add."
        found.append(_finding("SM-33", text, advice))
    if read.parsed.not_valid_after_utc < now:
        text = f"Het certificaat van de uitgever is verlopen op {read.parsed.not_valid_after_utc:%d-%m-%Y}."
        found.append(_finding("SM-34", text, "Vraag de uitgever om zijn huidige certificaat."))
    return tuple(found)


def _spki(der: bytes) -> bytes | None:
    try:
        public = x509.load_der_x509_certificate(der).public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception:  # a kind of key that cryptography does not know has an error of its own
        return None
