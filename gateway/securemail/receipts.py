"""Receipts: a signed disposition notification with the MIC of what was received (SM-64 to SM-70; RFC 3335, 8098)."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from gateway.domain.findings import Finding
from gateway.securemail import payload, scanner
from gateway.securemail.addresses import is_message_id, parse_address
from gateway.securemail.cms_write import Recipient
from gateway.securemail.guard import parser
from gateway.securemail.keys import SigningKey
from gateway.securemail.layout import Attachment, Message
from gateway.securemail.opening import Opened
from gateway.securemail.payload import Part
from gateway.securemail.refusal import Refusal, malformed
from gateway.securemail.scanner import Header
from gateway.securemail.sealing import Sealed, seal, seal_clear

Disposition = Literal["processed", "processed/error"]
_MODIFIERS: dict[Disposition, str] = {
    "processed": "processed",
    "processed/error": "processed/error: unexpected-processing-error",
}
_TEXTS: dict[Disposition, str] = {
    "processed": "Het bericht is ontvangen, gecontroleerd en opgeslagen.\r\n",
    "processed/error": "Het bericht is ontvangen en gecontroleerd, maar de inhoud kan niet worden verwerkt.\r\n",
}
_SHA256_NAMES = ("sha-256", "sha256")


class Reporter(msgspec.Struct, frozen=True):
    """How the gateway names itself in a receipt (Reporting-UA)."""

    host: str
    program: str


class Sent(msgspec.Struct, frozen=True):
    """A message of ours, as the outbox remembers it."""

    message_id: str
    partner: str  #: id
    recipient: str  #: address it went to
    mic: bytes


class ReceiptVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt proves (9.3). `state` None: nothing, it is a note and changes no state."""

    state: Literal["received", "refused"] | None
    message_id: str | None  #: of our message it speaks of, when that is known
    note: str = ""  #: why it does not count, Dutch
    task: bool = False  #: a person must look


def may_answer(mail: Opened) -> bool:
    """Whether a receipt is allowed: asked for.

    And the message is new or a harmless duplicate (SM-65, SM-67, SM-125).
    """
    return mail.wants_receipt and (mail.identity.state == "new" or mail.identity.receipt_again)


def make_receipt(
    mail: Opened,
    disposition: Disposition,
    reporter: Reporter,
    signer: SigningKey,
    now: datetime,
    *,
    recipients: Sequence[Recipient] = (),
    message_id: str | None = None,
) -> Sealed | Finding:
    """The receipt for a message that was accepted and committed; ask `may_answer` first.

    It goes, with a null envelope sender (SM-68), to the partner's address. *recipients* are needed only for a partner
    with `encrypt_receipts`. A duplicate is answered with the first receipt, byte for byte (SM-66): it is not made
    again.
    """
    to = mail.headers.receipt_to if mail.partner.has(mail.headers.receipt_to) else mail.headers.sender
    message = Message(
        sender=mail.address,
        recipient=to or mail.headers.sender,
        subject="Ontvangstbevestiging",
        parts=(
            Attachment(None, "text/plain; charset=utf-8", _TEXTS[disposition].encode()),
            Attachment(None, "message/disposition-notification", _fields(mail, disposition, reporter)),
        ),
        message_id=message_id,
        in_reply_to=mail.headers.message_id,
        root="report; report-type=disposition-notification",
        auto_submitted="auto-replied",
    )
    if mail.partner.agreements.encrypt_receipts:
        return seal(message, signer, recipients, mail.profile, now)
    return seal_clear(message, signer, mail.profile, now)


def _fields(mail: Opened, disposition: Disposition, reporter: Reporter) -> bytes:
    lines = (
        f"Reporting-UA: {reporter.host}; {reporter.program}",
        f"Final-Recipient: rfc822;{mail.address}",
        f"Original-Message-ID: {mail.headers.message_id}",
        f"Disposition: automatic-action/MDN-sent-automatically; {_MODIFIERS[disposition]}",
        f"Received-content-MIC: {base64.b64encode(mail.mic).decode()}, sha-256",
    )
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


class _Notification(msgspec.Struct, frozen=True):
    """The fields of a disposition notification that count."""

    message_id: str
    recipient: str
    type: str  #: lower case: processed, displayed, ...
    modifier: str  #: lower case, may be empty
    mic: bytes | None


def read_receipt(mail: Opened, sent: Callable[[str], Sent | None]) -> ReceiptVerdict:
    """Judge an opened receipt; *sent* finds a message of ours by Message-ID. Never raises."""
    try:
        notification = _read(mail.parts)
    except Refusal:
        return ReceiptVerdict(state=None, message_id=None, note="ontvangstbevestiging is onleesbaar")
    ours = sent(notification.message_id)
    if ours is None:
        return ReceiptVerdict(state=None, message_id=None, note="noemt geen bericht van ons")
    if ours.partner != mail.partner.id:
        return _note(ours, "ondertekend door een andere partner dan de ontvanger")
    if notification.recipient != ours.recipient:
        return _note(ours, "noemt een ander adres dan waar het bericht heen ging")
    if notification.mic != ours.mic:
        return _note(ours, "controlegetal wijkt af van wat wij verzonden", task=True)
    return _conclude(notification, ours)


def _conclude(notification: _Notification, ours: Sent) -> ReceiptVerdict:
    if notification.type != "processed":
        return _note(ours, "zegt niet dat het bericht is verwerkt")
    if not notification.modifier:
        return ReceiptVerdict(state="received", message_id=ours.message_id)
    if notification.modifier in ("error", "failure"):
        return ReceiptVerdict(
            state="refused", message_id=ours.message_id, note="partner kan de inhoud niet verwerken", task=True
        )
    return _note(ours, "verwerkt met een waarschuwing")


def read_unsigned_receipt(raw: bytes, sent: Callable[[str], Sent | None]) -> ReceiptVerdict:
    """A disposition notification without a signature, such as a mail program makes: never more than a note (SM-70)."""
    try:
        ours = sent(_read(_parts_of(raw)).message_id)
    except Refusal:
        ours = None
    note = "ontvangstbevestiging zonder handtekening bewijst niets"
    return ReceiptVerdict(state=None, message_id=ours.message_id if ours else None, note=note)


def _note(ours: Sent, note: str, *, task: bool = False) -> ReceiptVerdict:
    return ReceiptVerdict(state=None, message_id=ours.message_id, note=note, task=task)


@parser
def _parts_of(raw: bytes) -> tuple[Part, ...]:
    return payload.read_parts(scanner.read_entity(raw))


@parser
def _read(parts: tuple[Part, ...]) -> _Notification:
    reports = [p for p in parts if p.type == "message/disposition-notification"]
    if len(reports) != 1:
        raise malformed("niet precies een melding")
    header = scanner.parse_header(reports[0].content.strip(b"\r\n"))
    kind, _, modifier = _one(header, "disposition").partition(";")[2].partition("/")
    message_id = _one(header, "original-message-id")
    recipient = parse_address(_one(header, "final-recipient").partition(";")[2])
    if not is_message_id(message_id) or recipient is None:
        raise malformed("melding noemt geen bericht of adres")
    return _Notification(
        message_id=message_id,
        recipient=recipient,
        type=kind.partition(":")[0].strip().lower(),
        modifier=modifier.partition(":")[0].partition(",")[0].strip().lower(),
        mic=_mic(header),
    )


def _one(header: Header, name: str) -> str:
    values = header.all(name)
    if len(values) != 1:
        raise malformed("veld van de melding niet precies een keer")
    return values[0]


def _mic(header: Header) -> bytes | None:
    """The MIC as bytes; None if it is absent, of another algorithm or unreadable."""
    if not header.all("received-content-mic"):
        return None
    value, _, algorithm = _one(header, "received-content-mic").partition(",")
    if algorithm.strip().lower() not in _SHA256_NAMES:
        return None
    try:
        return base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        return None
