"""Write mail: header fields, MIME trees, header protection (section 8, SM-10, SM-11, SM-56, SM-58 to SM-61).

Everything written is 7-bit ASCII with CRLF line ends; bodies are base64 in lines of 76. Boundaries and Message-IDs
are 128 random bits, so no content is searched for them.
"""

import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import cache, lru_cache
from struct import Struct
from typing import Literal

import msgspec
import pybase64

from gateway.securemail.addresses import domain_of, is_address, is_message_id

CRLF = b"\r\n"
NEUTRAL_SUBJECT = "[...]"  # RFC 9788's obscured subject; a partner may want one fixed text instead (SM-59)

_BLOCK = 57 * 64  # bytes of which the base64 lines are made at once

_VALUE = re.compile(r"[\x20-\x7e]{0,900}\Z")
_FILE_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}\Z")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}(?:; charset=utf-8)?\Z")


class Attachment(msgspec.Struct, frozen=True):
    """One part of a message: bytes as they are, with the media type and name under which they travel."""

    name: str | None  #: `[A-Za-z0-9._-]{1,100}`; None: a part without a name
    type: str  #: media type, lower case
    content: bytes


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message to seal. Subject, names and references are neutral: never a person's data (SM-58)."""

    sender: str  #: our address, an addr-spec
    recipient: str  #: the partner's one address (SM-13)
    subject: str  #: protected: kind and opaque reference
    parts: tuple[Attachment, ...]
    message_id: str | None = None  #: `<…@…>`, made by the caller once; None: made here
    in_reply_to: str | None = None
    outer_subject: str = NEUTRAL_SUBJECT
    wants_receipt: bool = False
    #: multipart subtype of the root with its parameters; a receipt is `report; report-type=…`
    root: Literal["mixed", "report; report-type=disposition-notification"] = "mixed"
    auto_submitted: Literal["auto-generated", "auto-replied"] = "auto-generated"


class Field(msgspec.Struct, frozen=True):
    """One header field as written."""

    name: str
    value: str

    @property
    def line(self) -> str:
        return f"{self.name}: {self.value}\r\n"


def plan_message(
    sender: str,
    recipient: str,
    reference: str,
    plan: bytes,
    documents: Sequence[Attachment] = (),
    *,
    message_id: str | None = None,
    in_reply_to: str | None = None,
    wants_receipt: bool = True,
) -> Message:
    """A plan dispatch, or its return if *in_reply_to* is given: text, the plan as JSON, then the PDF documents (8.2).

    *reference* is opaque and random; *plan* is JSON in UTF-8.
    """
    is_return = in_reply_to is not None
    sentence = "Bijgaand het ingevulde ondersteuningsplan" if is_return else "Bijgaand een ondersteuningsplan"
    text = f"{sentence}, kenmerk {reference}.\r\n".encode()
    return Message(
        sender=sender,
        recipient=recipient,
        subject=f"{'Retour ondersteuningsplan' if is_return else 'Ondersteuningsplan'} {reference}",
        parts=(
            Attachment(None, "text/plain; charset=utf-8", text),
            Attachment("ondersteuningsplan.json", "application/json", plan),
            *documents,
        ),
        message_id=message_id,
        in_reply_to=in_reply_to,
        wants_receipt=wants_receipt,
    )


def iwmo_message(
    sender: str,
    recipient: str,
    bericht: str,
    identificatie: str,
    xml: bytes,
    *,
    message_id: str | None = None,
    in_reply_to: str | None = None,
    wants_receipt: bool = True,
) -> Message:
    """One iWmo message, its bytes as validated.

    *bericht* is its code (WMO301), *identificatie* its BerichtIdentificatie.
    """
    return Message(
        sender=sender,
        recipient=recipient,
        subject=f"iWmo {bericht}",
        parts=(Attachment(f"{bericht}-{identificatie}.xml", "application/xml", xml),),
        message_id=message_id,
        in_reply_to=in_reply_to,
        wants_receipt=wants_receipt,
    )


def new_message_id(address: str) -> str:
    """A Message-ID under the domain of *address*: 128 random bits (SM-11)."""
    return f"<{os.urandom(16).hex()}@{domain_of(address)}>"


def problems(message: Message) -> tuple[str, ...]:
    """What may not be written, as neutral sentences; empty when the message can be sealed (SM-60, SM-61)."""
    checks = (
        (is_address(message.sender), "afzenderadres is geen gewoon ASCII-adres"),
        (is_address(message.recipient), "ontvangeradres is geen gewoon ASCII-adres"),
        (_VALUE.match(message.subject), "onderwerp bevat andere tekens dan zichtbaar ASCII"),
        (_VALUE.match(message.outer_subject), "buitenste onderwerp bevat andere tekens dan zichtbaar ASCII"),
        (message.message_id is None or is_message_id(message.message_id), "Message-ID heeft niet de vorm <…@…>"),
        (message.in_reply_to is None or is_message_id(message.in_reply_to), "In-Reply-To heeft niet de vorm <…@…>"),
        (message.parts, "bericht zonder onderdelen"),
        (all(p.name is None or _FILE_NAME.match(p.name) for p in message.parts), "bestandsnaam met andere tekens"),
        (all(_MEDIA_TYPE.match(p.type) for p in message.parts), "mediatype onbekend van vorm"),
    )
    return tuple(text for good, text in checks if not good)


def outer_fields(message: Message, message_id: str, now: datetime) -> tuple[Field, ...]:
    """The fields outside the envelope, structural ones left out (8.1)."""
    return _common(message, message_id, now, message.outer_subject)


def protected_fields(message: Message, message_id: str, now: datetime) -> tuple[Field, ...]:
    """The fields on the root of the signed entity, structural ones and HP-Outer left out."""
    fields = _common(message, message_id, now, message.subject)
    if not message.wants_receipt:
        return fields
    protocol = "signed-receipt-protocol=optional,pkcs7-signature; signed-receipt-micalg=optional,sha-256"
    return (
        *fields,
        Field("Disposition-Notification-To", message.sender),
        Field("Disposition-Notification-Options", protocol),
    )


def _common(message: Message, message_id: str, now: datetime, subject: str) -> tuple[Field, ...]:
    fields = (
        Field("From", message.sender),
        Field("To", message.recipient),
        Field("Date", _date(now)),
        Field("Message-ID", message_id),
        Field("Subject", subject),
        Field("Auto-Submitted", message.auto_submitted),
    )
    if message.in_reply_to is None:
        return fields
    return (*fields, Field("In-Reply-To", message.in_reply_to), Field("References", message.in_reply_to))


@lru_cache(maxsize=8)  # a message says it twice, inside and outside
def _date(now: datetime) -> str:
    return format_datetime(now.replace(microsecond=0))


def signed_entity(message: Message, protected: Sequence[Field], outer: Sequence[Field] | None) -> bytes:
    """The MIME part that is signed: protected fields on its root, then the parts (SM-5, SM-56).

    *outer* None: no envelope will follow, `hp="clear"` and no HP-Outer.
    """
    boundary = new_boundary()
    hp = "clear" if outer is None else "cipher"
    head = f'Content-Type: multipart/{message.root}; boundary="{boundary}"; hp="{hp}"\r\n'
    head += "".join(f.line for f in protected)
    head += "".join(f"HP-Outer: {f.line}" for f in outer or ())
    pieces = [head.encode("ascii"), CRLF]
    delimiter = f"--{boundary}\r\n".encode("ascii")
    for part in message.parts:
        pieces += (delimiter, _part_header(part), *_body(part), CRLF)
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return b"".join(pieces)


def _part_header(part: Attachment) -> bytes:
    name = "" if part.name is None else f'; name="{part.name}"'
    lines = f"Content-Type: {part.type}{name}\r\n"
    if part.type != "message/disposition-notification":  # RFC 8098 3.1 forbids encoding it
        lines += "Content-Transfer-Encoding: base64\r\n"
    if part.name is not None:
        lines += f'Content-Disposition: attachment; filename="{part.name}"\r\n'
    return (lines + "\r\n").encode("ascii")


def _body(part: Attachment) -> Iterable[bytes]:
    return (part.content,) if part.type == "message/disposition-notification" else _base64_blocks(part.content)


def multipart_signed(entity: bytes, signature: bytes, micalg: str) -> bytes:
    """`multipart/signed` with its header: the signed entity and the detached signature (RFC 8551 3.5.3)."""
    boundary = new_boundary()
    head = (
        'Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
        f' micalg={micalg}; boundary="{boundary}"\r\n\r\n--{boundary}\r\n'
    )
    middle = (
        f"\r\n--{boundary}\r\n"
        'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
    )
    tail = f"\r\n--{boundary}--\r\n"
    return b"".join(
        (head.encode("ascii"), entity, middle.encode("ascii"), base64_lines(signature), tail.encode("ascii"))
    )


def enveloped_mail(fields: Sequence[Field], envelope: bytes, *, authenticated: bool) -> bytes:
    """The mail around a CMS envelope."""
    kind = "authEnveloped-data" if authenticated else "enveloped-data"
    head = "".join(f.line for f in fields) + (
        "MIME-Version: 1.0\r\n"
        f'Content-Type: application/pkcs7-mime; smime-type={kind}; name="smime.p7m"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="smime.p7m"\r\n\r\n'
    )
    mail = io.BytesIO()  # joined as it grows: a list of all blocks would be the whole mail once more
    mail.write(head.encode("ascii"))
    for block in _base64_blocks(envelope):
        mail.write(block)
    mail.write(CRLF)
    return mail.getvalue()


def clear_mail(fields: Sequence[Field], signed: bytes) -> bytes:
    """The mail around a `multipart/signed` without an envelope (receipts, SM-115)."""
    head = "".join(f.line for f in fields) + "MIME-Version: 1.0\r\n"
    return head.encode("ascii") + signed


def new_boundary() -> str:
    """128 random bits in hex (SM-11)."""
    return os.urandom(16).hex()


def base64_lines(data: bytes) -> bytes:
    """Base64 in CRLF lines of 76 characters, the last without a line end."""
    return b"".join(_base64_blocks(data))


def _base64_blocks(data: bytes) -> Iterator[bytes]:
    """The same a block at a time: all lines at once as objects would cost more memory than the message."""
    for at in range(0, len(data), _BLOCK):
        encoded = pybase64.b64encode(data[at : at + _BLOCK])
        number, rest = divmod(len(encoded), 76)
        lines = _lines(number).unpack_from(encoded)  # half the time of slicing
        yield CRLF.join((*lines, encoded[-rest:]) if rest else lines)
        if at + _BLOCK < len(data):
            yield CRLF


@cache
def _lines(number: int) -> Struct:
    """So many lines of base64, at most those of a block."""
    return Struct("76s" * number)
