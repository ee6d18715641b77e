"""The roots that are trusted, and what each vouches for: `anchors.pem`, with `anchors.toml` beside it (SM-33, SM-135).

A root that the second file does not name is trusted for every partner and read as strictly as can be: any policy, a
serialNumber is no OIN, and it may issue to whoever can read a mailbox.

    ["SHA-256 of the root, 64 hex digits"]
    partners = ["99990001"]             # for these partners only, and these trust no other root; left out: for all
    policies = ["2.16.528.1.1003.1.2.5.4"]  # one of these in every certificate below it; left out: any
    serial_number_is_oin = true         # PKIoverheid organisation certificates
    mailbox_validated = false           # it never issues to whoever can read a mailbox
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography import x509

from gateway.config.settings import Keys
from gateway.domain.ids import is_agb, is_gemeentecode
from gateway.keyring import certificates
from gateway.securemail import Anchor, Trust
from gateway.ways import Files, cannot

_FINGERPRINT = re.compile(r"[0-9a-f]{64}\Z")
_POLICY = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+\Z")


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a root vouches for."""

    partners: tuple[str, ...] = ()  # codes; empty: every partner
    policies: tuple[str, ...] = ()  # dotted; empty: any
    serial_number_is_oin: bool = False
    mailbox_validated: bool = True


def terms_file(anchors: Path) -> Path:
    """Where it stands what the roots in `anchors` vouch for."""
    return anchors.with_suffix(".toml")


def read_trust(keys: Keys, files: Files) -> Trust:
    """Roots that we trust, and the certificates of authorities below them that partners' chains need (SM-36).

    CannotStart for a file that cannot be read, and for terms of a root that is not there: a mistake in them must not
    make anybody more trusted than was meant.
    """
    found = certificates(files, keys.anchors)
    terms = read_terms(files.folder / keys.anchors)
    roots = [der for der in found if is_root(der)]
    anchors = [_anchor(der, terms) for der in roots]
    there = {anchor.fingerprint.hex() for anchor in anchors}
    for sha256 in terms:
        if sha256 not in there:
            raise _wrong(files.folder / keys.anchors, f"no root in it has the SHA-256 {sha256}")
    own: dict[str, tuple[Anchor, ...]] = {}
    shared = []
    for anchor in anchors:
        named = terms.get(anchor.fingerprint.hex(), Terms()).partners
        if not named:
            shared.append(anchor)
        for code in named:
            own[code] = (*own.get(code, ()), anchor)
    return Trust(tuple(shared), tuple(der for der in found if not is_root(der)), own)


def read_terms(anchors: Path) -> dict[str, Terms]:
    """What stands in the file beside the roots, by fingerprint; nothing without it. CannotStart if it is wrong."""
    file = terms_file(anchors)
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        terms = msgspec.convert(document, dict[str, Terms])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _wrong(anchors, error.strerror or "it cannot be read") from None
    except (ValueError, msgspec.ValidationError) as wrong:  # TOMLDecodeError is a ValueError
        raise _wrong(anchors, str(wrong)) from None
    for sha256, one in terms.items():
        if (fault := fault_in(sha256, one)) is not None:
            raise _wrong(anchors, fault)
    return terms


def fault_in(sha256: str, terms: Terms) -> str | None:
    """What is wrong with the terms of one root, in a sentence without its end."""
    if _FINGERPRINT.match(sha256) is None:
        return f"[{sha256!r}] is no SHA-256 fingerprint: 64 hex digits in small letters, in quotes"
    if wrong := [code for code in terms.partners if not (is_agb(code) or is_gemeentecode(code))]:
        return f"{wrong[0]!r} is no gemeentecode or AGB code"
    if wrong := [oid for oid in terms.policies if _POLICY.match(oid) is None]:
        return f"{wrong[0]!r} is no policy: numbers with dots"
    return None


def write_terms(terms: Mapping[str, Terms]) -> bytes:
    """The file, as `read_terms` reads it."""
    lines = [
        "# What each root in the .pem file beside this one vouches for (docs/partners.md). Made by gateway cert add."
    ]
    for sha256, one in sorted(terms.items()):
        lines += ["", f'["{sha256}"]']
        for name, value in msgspec.to_builtins(one).items():
            # Codes, numbers with dots and truth values: JSON writes them as TOML does.
            lines.append(f"{name} = {msgspec.json.encode(value).decode()}")
    return ("\n".join(lines) + "\n").encode()


def is_root(der: bytes) -> bool:
    """Whether a certificate names itself as its issuer."""
    certificate = x509.load_der_x509_certificate(der)
    return certificate.issuer == certificate.subject


def _anchor(der: bytes, terms: Mapping[str, Terms]) -> Anchor:
    anchor = Anchor(certificate=der)
    one = terms.get(anchor.fingerprint.hex(), Terms())
    return Anchor(
        certificate=der,
        policies=one.policies,
        serial_number_is_oin=one.serial_number_is_oin,
        mailbox_validated=one.mailbox_validated,
    )


def _wrong(anchors: Path, what: str) -> Exception:
    return cannot("CFG-ANCHORS", f"{terms_file(anchors)}: {what}.", "keys.anchors")
