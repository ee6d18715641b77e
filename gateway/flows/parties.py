"""Who we are and whom we exchange with: partner records in the store, and what the mail room needs of them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import msgspec

from gateway.plans.contract import Contractregel
from gateway.plans.formaat.model import Formaat
from gateway.reconcile.contract import Contract
from gateway.securemail import (
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
from gateway.store import Unit

Role = Literal["gemeente", "aanbieder"]


class ConfirmedCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's certificate, and who compared its fingerprint over another channel (SM-136)."""

    der: bytes
    confirmed_by: str
    confirmed_on: date
    channel: str  # telephone, in person, the partner's card …


class PartnerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation we exchange with. `code` is its gemeentecode or AGB code: the sender in its messages (SM-130)."""

    code: str
    role: Role
    name: str
    address: str
    profile: ProfileName = "standard"
    certificates: tuple[ConfirmedCertificate, ...] = ()

    def mail_partner(self) -> Partner:
        """The partner as the mail room knows it."""
        known = tuple(KnownCertificate(certificate=c.der, address=self.address) for c in self.certificates)
        return Partner(id=self.code, addresses=(self.address,), certificates=known, profile=self.profile)


class Ourselves(msgspec.Struct, frozen=True, kw_only=True):
    """This gateway as a party."""

    role: Role
    code: str
    name: str
    address: str


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
        channel: str,
    ) -> None:
        self.ourselves = ourselves
        self.signer = signer
        self.mailbox = mailbox
        self.trust = trust
        self.revocation = revocation
        self.formaat = formaat
        self.contract = contract  # tariffs: what declarations are judged by
        self.products = products  # which provider delivers which product: what decisions are judged by
        self.sources = sources  # dated lists of others, for the standard's rules of level 4
        self.channel = channel
        self.verdicts = VerdictCache()  # SM-41: a chain is not validated for every message

    def find_format(self, id: str, versie: int) -> Formaat | None:
        """The region's format with this identity (PL-11)."""
        known = self.formaat.formaat
        return self.formaat if (known.id, known.versie) == (id, versie) else None


def add_partner(unit: Unit, record: PartnerRecord) -> None:
    """Write a partner record: a new one, or over the present one."""
    known = unit.partners.get(record.code, PartnerRecord)
    unit.partners.put(
        record.code, record, keys=[("address", record.address)], versie=None if known is None else known[1]
    )
    unit.audit.write(action="partner_recorded", object=f"partner/{record.code}")


def partner(unit: Unit, code: str) -> PartnerRecord | None:
    """The partner with this gemeentecode or AGB code."""
    known = unit.partners.get(code, PartnerRecord)
    return None if known is None else known[0]


def partner_book(unit: Unit) -> PartnerBook:
    """All partners, as the mail room knows them."""
    return PartnerBook(record.mail_partner() for _, record in unit.partners.list(PartnerRecord))
