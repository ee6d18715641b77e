"""Whom we mail with, as values: partners, their certificates, trust anchors, our own mailboxes (sections 6 and 7)."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from gateway.securemail.keys import DecryptionKey
from gateway.securemail.profiles import ProfileName

_ONE_YEAR = timedelta(days=366)

#: Certificates for which the authority checked no more than who reads a mailbox (CA/Browser Forum S/MIME BR).
MAILBOX_VALIDATED = "2.23.140.1.5.1."


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """A trust anchor from configuration, and what it vouches for (SM-33, SM-135)."""

    certificate: bytes  #: DER
    policies: tuple[str, ...] = ()  #: accepted certificate policies; empty: any
    serial_number_is_oin: bool = False  #: subject serialNumber is an OIN (PKIoverheid organisation certificates)
    mailbox_validated: bool = True  #: also issues to whoever can read a mailbox (SM-134)

    @property
    def fingerprint(self) -> bytes:
        return hashlib.sha256(self.certificate).digest()


class Trust(msgspec.Struct, frozen=True):
    """Anchors that partners share, those for one partner only (SM-33), and intermediates (SM-36)."""

    anchors: tuple[Anchor, ...] = ()
    intermediates: tuple[bytes, ...] = ()  #: DER
    own: dict[str, tuple[Anchor, ...]] = {}  #: by the partner's id: these and no others vouch for it

    @property
    def every(self) -> tuple[Anchor, ...]:
        """All anchors, whomever they vouch for, each once."""
        return tuple(dict.fromkeys((*self.anchors, *(one for anchors in self.own.values() for one in anchors))))

    def anchors_of(self, partner: str) -> tuple[Anchor, ...]:
        """The anchors for the partner with this id."""
        return self.own.get(partner) or self.anchors


class KnownCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate of a partner that a person confirmed, or that was announced by a known one (SM-134, SM-136)."""

    certificate: bytes  #: DER
    address: str | None = None  #: the one address it belongs to; None: every address of the partner
    active_from: datetime | None = None  #: not encrypted to before this moment (SM-44)
    use: Literal["both", "sign", "encrypt"] = "both"  #: announced only: as signer now, to encrypt for later (SM-44)

    @property
    def fingerprint(self) -> bytes:
        return hashlib.sha256(self.certificate).digest()


class TransportOnly(msgspec.Struct, frozen=True):
    """A person's exception: signed but not encrypted mail over a secure route, for a year at most (SM-115)."""

    since: date
    until: date  #: last day
    reason: str

    def holds(self, today: date) -> bool:
        """Whether the exception is in force; one that was set for longer than 12 months never is."""
        return self.since <= today <= self.until <= self.since + _ONE_YEAR


class Agreements(msgspec.Struct, frozen=True, kw_only=True):
    """What a person set for a partner beside the profile; every default is the strictest."""

    header_protection: Literal["required", "if present"] = "required"  #: SM-57
    usage_extension: Literal["required", "if present"] = "required"  #: extKeyUsage absent is accepted (SM-34)
    signer_change: Literal["confirm", "auto"] = "confirm"  #: SM-134
    recipient_change: Literal["confirm", "auto"] = "confirm"  #: a new certificate to encrypt for (SM-44)
    shared_certificate: bool = False  #: its certificates may serve other partners too (SM-133)
    encrypt_receipts: bool = False
    receipts_expected: bool = True  #: only then is a missing receipt an alarm (SM-64)
    internet_route: bool = False  #: sealed mail may go outside the secure network (13.4)
    plain_return: bool = False  #: SM-107
    transport_only: TransportOnly | None = None
    max_message: int = 35_000_000  #: bytes the partner's mail system takes (SM-16)
    max_file: int = 25_000_000  #: bytes of one file before sealing (SM-16, OP179)


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A configured organisation."""

    id: str
    addresses: tuple[str, ...]  #: functional addresses
    certificates: tuple[KnownCertificate, ...] = ()
    anchors: tuple[Anchor, ...] = ()  #: empty: what `Trust` has for the partner
    profile: ProfileName = "standard"
    binding: Literal["san-email", "pinned", "oin"] = "san-email"  #: how a signer belongs to the partner (SM-51)
    pins: frozenset[bytes] = frozenset()  #: SHA-256 of the public key (SubjectPublicKeyInfo), for `pinned`
    oin: str | None = None
    agreements: Agreements = Agreements()

    def trusted_anchors(self, trust: Trust) -> tuple[Anchor, ...]:
        """The anchors for this partner."""
        return self.anchors or trust.anchors_of(self.id)

    def has(self, address: str | None) -> bool:
        """Whether *address* is one of the partner's, in whatever case."""
        return address is not None and address.lower() in (own.lower() for own in self.addresses)

    def knows(self, fingerprint: bytes) -> bool:
        """Whether what the certificate with this SHA-256 signs is believed: confirmed, or announced (SM-134)."""
        return any(c.fingerprint == fingerprint and c.use != "encrypt" for c in self.certificates)


class PartnerBook:
    """All partners, found by address and by certificate. Raises ValueError if two share an address (SM-133)."""

    def __init__(self, partners: Iterable[Partner]) -> None:
        self.partners = tuple(partners)
        by_address: dict[str, Partner] = {}
        by_certificate: dict[bytes, list[Partner]] = {}
        for partner in self.partners:
            for address in partner.addresses:
                if by_address.setdefault(address.lower(), partner) is not partner:
                    raise ValueError("an address belongs to one partner")
            for known in partner.certificates:
                by_certificate.setdefault(known.fingerprint, []).append(partner)
        self._by_address: Mapping[str, Partner] = by_address
        self._by_certificate: Mapping[bytes, list[Partner]] = by_certificate

    def at(self, address: str) -> Partner | None:
        """The partner of an address."""
        return self._by_address.get(address.lower())

    def using(self, fingerprint: bytes) -> tuple[Partner, ...]:
        """Every partner whose record holds the certificate."""
        return tuple(self._by_certificate.get(fingerprint, ()))


class Mailbox(msgspec.Struct, frozen=True):
    """One of our own mailboxes: the addresses that arrive there and the keys that decrypt its mail."""

    addresses: frozenset[str]
    keys: tuple[DecryptionKey, ...]

    def among(self, recipients: Iterable[str]) -> str | None:
        """The first of *recipients* that is one of our addresses, in whatever case."""
        ours = {own.lower() for own in self.addresses}
        return next((address for address in recipients if address.lower() in ours), None)
