"""Read the header fields that count: the protected ones (RFC 9788, SM-56, SM-57, SM-132)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Literal

import msgspec

from gateway.securemail import scanner
from gateway.securemail.addresses import is_message_id, parse_address, parse_addresses
from gateway.securemail.refusal import Refusal, malformed
from gateway.securemail.scanner import Entity, Header

Protection = Literal["cipher", "clear", "wrapped", "none"]


class Headers(msgspec.Struct, frozen=True, kw_only=True):
    """What the header of a message says.

    Believed only if `protection` is not `none`, and then because it was signed.
    """

    message_id: str
    sender: str  #: the one addr-spec of From, lower case
    recipients: tuple[str, ...]  #: addresses in To
    date: datetime | None
    subject: str
    in_reply_to: str | None
    auto_submitted: str | None
    receipt_to: str | None  #: address of Disposition-Notification-To
    receipt_signed: bool  #: a signed receipt was asked for
    protection: Protection


def read_headers(header: Header, protection: Protection) -> Headers:
    """Read the fields that decide; `Refusal` malformed if From, Message-ID or Date is not exactly what it must be."""
    sender = parse_address(header.get("from") or "")
    if sender is None:
        raise malformed("From is niet precies een adres")
    message_id = header.get("message-id") or ""
    if not is_message_id(message_id):
        raise malformed("Message-ID ontbreekt of is onleesbaar")
    in_reply_to = header.get("in-reply-to")
    options = header.get("disposition-notification-options") or ""
    return Headers(
        message_id=message_id,
        sender=sender,
        recipients=parse_addresses(header.get("to") or ""),
        date=read_date(header.get("date")),
        subject=header.get("subject") or "",
        in_reply_to=in_reply_to if in_reply_to and is_message_id(in_reply_to) else None,
        auto_submitted=header.get("auto-submitted"),
        receipt_to=parse_address(header.get("disposition-notification-to") or ""),
        receipt_signed="pkcs7-signature" in options,
        protection=protection,
    )


def read_date(value: str | None) -> datetime | None:
    """The moment in a Date field, in UTC; None if there is no field. `Refusal` malformed."""
    return None if value is None else _moment(value)


@lru_cache(maxsize=64)  # a message says it twice, inside and outside
def _moment(value: str) -> datetime:
    try:
        moment = parsedate_to_datetime(value)
        # "-0000" and a missing zone come back naive: RFC 5322 4.3 reads both as UTC.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise malformed("Date onleesbaar") from None


def check_protection(entity: Entity, outer: Header, *, enveloped: bool, receipt: bool) -> None:
    """Hold the `hp` parameter and the recorded outer fields to what arrived (SM-56, SM-132); `Refusal` headers.

    *receipt*: an encrypted receipt (`encrypt_receipts`) may say `clear` inside its envelope.
    """
    hp = entity.type.parameters.get("hp")
    fitting = {"cipher", "clear"} if enveloped and receipt else {"cipher" if enveloped else "clear"}
    if hp not in fitting:
        raise Refusal("headers", "de beschermde kop past niet bij de envelop")
    recorded = {name.lower(): value for name, value in outer_lines(entity.header)}
    for name in ("from", "message-id"):
        expected = recorded.get(name) if hp == "cipher" else entity.header.get(name)
        if expected is None or not _same(expected, outer.get(name) or ""):
            raise Refusal("headers", f"buitenste {name} verschilt van wat de afzender schreef")


def changed_on_the_way(signed: Header, outer: Header) -> tuple[str, ...]:
    """Names of recorded outer fields that arrived with another value; From and Message-ID are judged elsewhere."""
    return tuple(name for name, value in outer_lines(signed) if not _same(value, outer.get(name.lower()) or ""))


def outer_lines(header: Header) -> tuple[tuple[str, str], ...]:
    """The fields recorded as HP-Outer, in order; a name twice is refused."""
    pairs = []
    for line in header.all("hp-outer"):
        name, colon, value = line.partition(":")
        if not colon:
            raise malformed("HP-Outer onleesbaar")
        pairs.append((name.strip(), value.strip(" \t")))
    names = [name.lower() for name, _ in pairs]
    if len(set(names)) != len(names):
        raise malformed("HP-Outer noemt een veld twee keer")
    return tuple(pairs)


def recorded_outer_fields(signed: bytes) -> tuple[tuple[str, str], ...] | None:
    """The outer fields that our own stored `multipart/signed` records; None if it was not made for an envelope."""
    return outer_lines(scanner.read_entity(signed_place(signed)).header) or None


def signed_place(signed: bytes) -> scanner.Span:
    """Where what was signed stands in our own `multipart/signed` around it."""
    root = scanner.read_entity(signed)
    return scanner.parts_of(root.place, scanner.boundary_of(root.type))[0]


def _same(value: str, other: str) -> bool:
    """Whether two values differ at most in folding."""
    return value == other or value.split() == other.split()
