"""A small world for the tests: one authority, two organisations, everything needed to seal and open."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zlib import crc32

import msgspec

from gateway import securemail as sm
from gateway.demo import ca
from gateway.domain.findings import Finding
from gateway.securemail import scanner

NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(days=30)
PROVIDER = "plan@zorg.example"
MUNICIPALITY = "wmo@gemeente.example"
PLAN = b'{"plan": "7f3a9c"}'


@cache
def key(kind: ca.KeyKind, number: int = 0) -> ca.PrivateKey:
    """A key of a kind, made once per test session; *number* tells several apart."""
    return ca.new_key(kind)


@cache
def root() -> ca.Issued:
    return ca.make_root("Stam", START, key("p256", 100))


@cache
def issuing() -> ca.Issued:
    return ca.make_issuing_ca(root(), "Uitgever", START, key("p256", 101))


@cache
def other_root() -> ca.Issued:
    return ca.make_root("Vreemde stam", START, key("p256", 102))


@cache
def leaf(
    address: str = PROVIDER,
    kind: ca.KeyKind = "p256",
    number: int = 0,
    *,
    issuer: ca.Issued | None = None,
    start: datetime = START,
    end: datetime | None = None,
    **options: Any,
) -> ca.Issued:
    """A certificate with its key; one per arguments and session."""
    chosen = ca.LeafOptions(**{"emails": (address,), **options})
    return ca.make_leaf(
        issuer or issuing(),
        f"{address} {kind}",
        start,
        end,
        key=key(kind, crc32(address.encode()) + number),
        options=chosen,
    )


def crls(revoked: tuple[Any, ...] = (), *, start: datetime = START, end: datetime | None = None) -> tuple[bytes, ...]:
    """CRLs of root and issuing authority, good until tomorrow."""
    until = end or NOW + timedelta(days=1)
    return (ca.make_crl(root(), start, until), ca.make_crl(issuing(), start, until, revoked=revoked))


@cache
def revocation() -> sm.Revocation:
    return sm.Revocation(crls())


def good(value: Any) -> Any:
    """The value, when it is not a finding."""
    assert not isinstance(value, Finding), value
    return value


def signing(issued: ca.Issued) -> sm.SigningKey:
    return good(sm.signing_key(issued.key, issued.der, issued.intermediates))


def decrypting(issued: ca.Issued, serves: frozenset[Any] = frozenset({"standard", "strict"})) -> sm.DecryptionKey:
    return good(sm.decryption_key(issued.key, issued.der, serves))


def recipient(issued: ca.Issued) -> sm.Recipient:
    found = sm.recipient(issued.der)
    assert isinstance(found, sm.Recipient), found
    return found


def plan(**changes: Any) -> sm.Message:
    """A plan dispatch from the provider to the municipality."""
    message = sm.plan_message(
        PROVIDER,
        MUNICIPALITY,
        "7f3a9c",
        PLAN,
        [sm.Attachment("ondersteuningsplan-7f3a9c.pdf", "application/pdf", b"%PDF-1.7 " + bytes(range(256)) * 30)],
    )
    return msgspec.structs.replace(message, **changes)


def partner(signer: ca.Issued, profile: sm.ProfileName = "standard", **changes: Any) -> sm.Partner:
    """The provider, as the municipality has it on record; `agreements` may be given as a dict."""
    agreements = sm.Agreements(**changes.pop("agreements", {}))
    record = sm.Partner(
        id="zorg",
        addresses=(PROVIDER,),
        certificates=(sm.KnownCertificate(certificate=signer.der),),
        anchors=(sm.Anchor(certificate=root().der),),
        profile=profile,
        agreements=agreements,
    )
    return msgspec.structs.replace(record, **changes)


def mailbox(*keys: sm.DecryptionKey) -> sm.Mailbox:
    return sm.Mailbox(frozenset({MUNICIPALITY}), keys)


def open_mail(
    raw: bytes,
    known: sm.Partner,
    *keys: sm.DecryptionKey,
    others: tuple[sm.Partner, ...] = (),
    received_at: datetime = NOW,
    now: datetime = NOW,
    data: sm.Revocation | None = None,
    trust: sm.Trust | None = None,
    **options: Any,
) -> sm.Opened | sm.Refused:
    """`open` as the municipality, with everything that a test does not care about filled in."""
    return sm.open(
        raw,
        mailbox(*keys),
        sm.PartnerBook((known, *others)),
        trust or sm.Trust(),
        data or revocation(),
        received_at,
        now,
        **options,
    )


def opened(value: sm.Opened | sm.Refused) -> sm.Opened:
    assert isinstance(value, sm.Opened), value
    return value


def reason(value: sm.Opened | sm.Refused) -> str:
    assert isinstance(value, sm.Refused), "the message was accepted"
    return value.reason


def split_multipart(body: bytes, boundary: str) -> tuple[bytes, ...]:
    """The parts of a multipart, cut out."""
    return tuple(part.cut() for part in scanner.parts_of(scanner.whole(body), boundary))
