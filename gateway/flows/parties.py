"""Who we are and whom we exchange with: partner records in the store, and what the mail room needs of them."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.berichten import Codelijsten, Schemas
from gateway.plans.contract import Contractregel
from gateway.plans.formaat.model import Formaat
from gateway.reconcile.contract import Contract
from gateway.securemail import (
    Agreements,
    KnownCertificate,
    Mailbox,
    Partner,
    PartnerBook,
    Revocation,
    SigningKey,
    Trust,
    VerdictCache,
)
from gateway.securemail.profiles import ProfileName
from gateway.store import RetryPolicy, Unit

Role = Literal["gemeente", "aanbieder"]


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """Who compared a fingerprint with the partner, when, and over which channel other than mail (SM-136)."""

    by: str
    on: date
    channel: str  # telephone, in person …


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """Who said that a certificate is not to be used, whatever came before, and why."""

    by: str
    on: date
    reason: str


class PartnerCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate that somebody says is the partner's: *proposed*, and not used, until a person confirms it."""

    der: bytes
    proposed_on: date
    address: str | None = None  # the one address it belongs to; None: every address of the partner
    card: str | None = None  # SHA-256 (hex) of the certificate that signed the card it came on
    confirmed: Confirmation | None = None
    refused: Withdrawal | None = None  # over everything else
    announced_by: str | None = None  # SHA-256 of the confirmed certificate whose message carried it along
    active_from: datetime | None = None  # encrypted for from then on without a person, where that was agreed (SM-44)

    @property
    def state(self) -> Literal["proposed", "confirmed", "automatic", "refused"]:
        """What may be done with it, in a word."""
        if self.refused is not None:
            return "refused"
        if self.confirmed is not None:
            return "confirmed"
        return "proposed" if self.active_from is None else "automatic"

    @property
    def sha256(self) -> str:
        """Fingerprint of the certificate, hex."""
        return hashlib.sha256(self.der).hexdigest()


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """How mail is offered to a partner, where that is not as to all others."""

    window: tuple[time, time] | None = None  # from … until before …, by the Dutch clock, on one day
    waits: tuple[int, ...] = ()  # minutes after the first, second … attempt; the last one repeats
    give_up_hours: int | None = None
    at_once: int | None = None  # transmissions at a time
    per_minute: int | None = None  # attempts begun in a minute

    def policy(self, usual: RetryPolicy) -> RetryPolicy:
        """For the worker: what is agreed here over what is usual."""
        given: dict[str, Any] = {"window": self.window, "at_once": self.at_once, "per_minute": self.per_minute}
        if self.give_up_hours is not None:
            given["give_up_after"] = timedelta(hours=self.give_up_hours)
        if self.waits:
            *first, then = (timedelta(minutes=minutes) for minutes in self.waits)
            given |= {"first": tuple(first), "then": then}
        return msgspec.structs.replace(usual, **{name: value for name, value in given.items() if value is not None})


class PartnerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation we exchange with. `code` is its gemeentecode or AGB code: the sender in its messages (SM-130)."""

    code: str
    role: Role
    name: str
    addresses: tuple[str, ...]  # lower case; the first is where we send
    profile: ProfileName = "standard"
    profile_until: date | None = None  # last day of `standard`; after it the partner is `strict`
    binding: Literal["san-email", "pinned", "oin"] = "san-email"
    oin: str | None = None
    agreements: Agreements = Agreements()
    sending: Sending = Sending()
    formats: tuple[str, ...] = ()  # plan formats it says it reads, `id/versie`
    stated_by: str | None = None  # SHA-256 of the certificate whose card says the above; None: a person typed it
    certificates: tuple[PartnerCertificate, ...] = ()

    @property
    def address(self) -> str:
        """Where mail for this partner goes."""
        return self.addresses[0]

    @property
    def confirmed(self) -> tuple[PartnerCertificate, ...]:
        """The certificates that a person confirmed, and no person refused."""
        return tuple(c for c in self.certificates if c.state == "confirmed")

    @property
    def usable(self) -> tuple[PartnerCertificate, ...]:
        """The certificates that may be used: none while name and addresses are those of a card nobody confirmed."""
        confirmed = self.confirmed
        vouched = self.stated_by is None or any(c.sha256 == self.stated_by for c in confirmed)
        return confirmed if vouched else ()

    @property
    def announced(self) -> tuple[PartnerCertificate, ...]:
        """Those that a confirmed signer of the partner carried along: believed as signers without a person (SM-134).

        What these announce in turn waits for one.
        """
        trusted = {certificate.sha256 for certificate in self.usable}
        return tuple(c for c in self.certificates if c.state != "refused" and c.announced_by in trusted)

    @property
    def automatic(self) -> tuple[PartnerCertificate, ...]:
        """Those that are encrypted for from some moment on without a person, as long as that is agreed (SM-44)."""
        if self.agreements.recipient_change != "auto":
            return ()
        return tuple(c for c in self.announced if c.state == "automatic")

    def profile_on(self, day: date) -> ProfileName:
        """The profile that holds on a day: `standard` ends where an end was agreed."""
        return "strict" if self.profile_until is not None and day > self.profile_until else self.profile

    def mail_partner(self, day: date) -> Partner:
        """The partner as the mail room knows it on a day: with the certificates that may be used only."""
        known = tuple(KnownCertificate(certificate=c.der, address=c.address) for c in self.usable)
        known += tuple(KnownCertificate(certificate=c.der, address=c.address, use="sign") for c in self.announced)
        known += tuple(
            KnownCertificate(certificate=c.der, address=c.address, active_from=c.active_from, use="encrypt")
            for c in self.automatic
        )
        pins = frozenset(map(_pin, self.usable)) if self.binding == "pinned" else frozenset()
        return Partner(
            id=self.code,
            addresses=self.addresses,
            certificates=known,
            profile=self.profile_on(day),
            binding=self.binding,
            pins=pins,
            oin=self.oin,
            agreements=self.agreements,
        )


def _pin(certificate: PartnerCertificate) -> bytes:
    """SHA-256 of the public key (SM-51 `pinned`)."""
    key = x509.load_der_x509_certificate(certificate.der).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


class Ourselves(msgspec.Struct, frozen=True, kw_only=True):
    """This gateway as a party."""

    role: Role
    code: str
    name: str
    address: str


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """How long a dossier is kept after the last thing that happened in it."""

    dossier: timedelta
    declaration: timedelta


class Surroundings:
    """What flows need besides the store: who we are, our keys, trust, the region's format and the contract.

    Made once by the composition root; holds no state of a case.
    """

    def __init__(
        self,
        ourselves: Ourselves,
        *,
        signer: SigningKey,
        mailbox: Mailbox,
        trust: Trust,
        revocation: Revocation,
        formaat: Formaat,
        contract: Contract | None,
        products: tuple[Contractregel, ...],
        sources: Mapping[str, Any],
        schemas: Schemas,
        codelists: Codelijsten,
        channel: str,
        largest: int,
        keep: Keep,
        lost: frozenset[bytes] = frozenset(),
        rules: str = "",
        mapping: str = "",
        authserv_id: str | None = None,
    ) -> None:
        self.ourselves = ourselves
        self.signer = signer
        self.mailbox = mailbox
        self.trust = trust
        self.revocation = revocation
        self.revocation_stamp: object = None  # what it was made of, to see that there is newer
        self.formaat = formaat
        self.contract = contract  # tariffs: what declarations are judged by
        self.products = products  # which provider delivers which product: what decisions are judged by
        self.sources = sources  # dated lists of others, for the standard's rules of level 4
        self.schemas = schemas  # what iWmo messages are validated by, coming and going
        self.codelists = codelists  # for the rules of level 4 on a message of any municipality
        self.channel = channel
        self.keep = keep
        self.largest = largest  # bytes of a mail, coming and going
        self.lost = lost  # our own certificates (DER) whose key was reported lost (SM-141)
        self.rules = rules  # version of the rules that judge what comes in (SM-103)
        self.authserv_id = authserv_id  # under which our mail provider says where mail came from (SM-107)
        self.mapping = mapping  # changes with the schemas, lists, format and contract that payloads are read by
        self.book: tuple[object, PartnerBook] | None = None  # see `known_partners`
        self.verdicts = VerdictCache()  # SM-41: a chain is not validated for every message

    @property
    def may_sign(self) -> bool:
        """Whether there is a key to sign with that nobody reported lost."""
        return self.signer.certificate not in self.lost

    def find_format(self, id: str, versie: int) -> Formaat | None:
        """The region's format with this identity (PL-11)."""
        known = self.formaat.formaat
        return self.formaat if (known.id, known.versie) == (id, versie) else None


def add_partner(unit: Unit, record: PartnerRecord) -> None:
    """Write a partner record: a new one, or over the present one. AlreadyThere if an address is another's (SM-133)."""
    known = unit.partners.get(record.code, PartnerRecord)
    keys = [("address", address) for address in record.addresses]
    unit.partners.put(record.code, record, keys=keys, versie=None if known is None else known[1])
    unit.audit.write(action="partner_recorded", object=f"partner/{record.code}")


def partner(unit: Unit, code: str) -> PartnerRecord | None:
    """The partner with this gemeentecode or AGB code."""
    known = unit.partners.get(code, PartnerRecord)
    return None if known is None else known[0]


def find_partner(unit: Unit, party: str) -> PartnerRecord | None:
    """The partner with this code or this address."""
    return partner(unit, unit.partners.find("address", party.lower()) or party)


def partners(unit: Unit) -> list[PartnerRecord]:
    """All partners by code."""
    return [record for _, record in unit.partners.list(PartnerRecord)]


def sending_policies(unit: Unit, usual: RetryPolicy) -> dict[str, RetryPolicy]:
    """The partners to whom mail is offered in another way than usual."""
    return {p.code: p.sending.policy(usual) for p in partners(unit) if p.sending != Sending()}


def known_partners(unit: Unit, us: Surroundings) -> PartnerBook:
    """`partner_book`, made anew only when a partner changed or a day began."""
    stamp, kept = (unit.partners.stamp(), unit.now.date()), us.book
    if kept is None or kept[0] != stamp:
        kept = us.book = stamp, partner_book(unit)
    return kept[1]


def partner_book(unit: Unit) -> PartnerBook:
    """All partners, as the mail room knows them today."""
    return PartnerBook(record.mail_partner(unit.now.date()) for record in partners(unit))
