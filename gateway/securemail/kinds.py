"""What kind of mail is this, from its header alone (section 5.1 step 3, SM-62)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from gateway.securemail.addresses import is_message_id, parse_address
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.protected import read_date
from gateway.securemail.refusal import Refusal
from gateway.securemail.scanner import ContentType, Header, header_of, parse_content_type

Kind = Literal["encrypted", "signed", "delivery-status", "disposition-notification", "other", "unreadable"]

_MIME_TYPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_REPORTS: dict[str, Kind] = {
    "delivery-status": "delivery-status",
    "disposition-notification": "disposition-notification",
}


class Classified(msgspec.Struct, frozen=True, kw_only=True):
    """What the header says, all of it unproven: enough to decide whether to fetch the rest (SM-144)."""

    kind: Kind
    sender: str | None  #: addr-spec of the one From, lower case
    message_id: str | None
    in_reply_to: str | None
    null_sender: bool  #: `Return-Path: <>`
    auto_submitted: str | None
    received: int  #: number of Received fields; more than 30 is a loop (SM-77)


def classify(raw: bytes, limits: Limits = LIMITS) -> Classified:
    """Read the header block of *raw* (the whole message or its first 64 KB); never raises.

    A signed receipt is `signed`: that it is a receipt shows only inside, after its signature has been checked.
    """
    try:
        header = header_of(raw, limits)
        kind = kind_of(header)
    except Refusal:
        header, kind = Header(()), "unreadable"
    message_id, in_reply_to = header.get("message-id") or "", header.get("in-reply-to") or ""
    return Classified(
        kind=kind,
        sender=parse_address(header.get("from") or ""),
        message_id=message_id if is_message_id(message_id) else None,
        in_reply_to=in_reply_to if is_message_id(in_reply_to) else None,
        null_sender=(header.get("return-path") or "").replace(" ", "") == "<>",
        auto_submitted=header.get("auto-submitted"),
        received=len(header.all("received")),
    )


def arrived_at(raw: bytes, limits: Limits = LIMITS) -> datetime | None:
    """When the provider's server took the message in, by the topmost `Received` field, which it wrote (SM-37).

    For mailboxes that do not tell (POP3). None if there is no such field, or no date with a zone in it.
    """
    try:
        header = header_of(raw, limits)
        first = next(iter(header.all("received")), "")
        moment = parsedate_to_datetime(first.rpartition(";")[2].strip())
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (Refusal, ValueError, OverflowError):
        return None


def written_at(raw: bytes, limits: Limits = LIMITS) -> datetime | None:
    """The `Date` of the header block: a claim. None if there is none that can be read."""
    try:
        header = header_of(raw, limits)
        return read_date(header.get("date"))
    except Refusal:
        return None


def kind_of(header: Header) -> Kind:
    """The kind by Content-Type; `Refusal` malformed if that cannot be read."""
    written = header.get("content-type")
    if written is None:
        return "other"
    return kind_of_type(parse_content_type(written))


def kind_of_type(content_type: ContentType) -> Kind:
    """The kind of an entity of this type."""
    if content_type.type in _MIME_TYPES:
        return "signed" if content_type.parameters.get("smime-type", "").lower() == "signed-data" else "encrypted"
    if content_type.type == "multipart/signed":
        return "signed"
    if content_type.type == "multipart/report":
        return _REPORTS.get(content_type.parameters.get("report-type", "").lower(), "other")
    return "other"
