"""Read delivery status notifications: unauthenticated, correlated by our secret ENVID (RFC 3464; SM-71 to SM-75)."""

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from gateway.securemail import payload, scanner
from gateway.securemail.addresses import is_message_id, parse_address
from gateway.securemail.conclusions import Evidence
from gateway.securemail.guard import parser
from gateway.securemail.kinds import classify
from gateway.securemail.limits import LIMITS
from gateway.securemail.payload import Part
from gateway.securemail.refusal import Refusal, malformed
from gateway.securemail.scanner import Header

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
# Gravest first: a report about several recipients counts as its worst one.
_EVIDENCE: dict[Action, Evidence] = {
    "failed": "dsn-failed",
    "delayed": "dsn-delayed",
    "relayed": "dsn-relayed",
    "expanded": "dsn-relayed",
    "delivered": "dsn-delivered",
}
_ANY_MESSAGE_ID = re.compile(rb"<[0-9a-f]{32}@[A-Za-z0-9.-]{1,200}>")
_SEARCHED = 65_536
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class Lookup(msgspec.Struct, frozen=True):
    """Two questions to the outbox; each answers with the Message-ID of a message of ours, or None."""

    by_envid: Callable[[str], str | None]
    by_message_id: Callable[[str], str | None]


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery status. It changes a state only if `matched`; otherwise it is a note for a person (SM-74)."""

    evidence: Evidence | None  #: row of the table of 9.3; None: not understood, or not matched
    matched: bool  #: its envelope id is one of ours
    message_id: str | None  #: of our message, as far as it can be told
    action: Action | None
    status: str | None  #: RFC 3463 code; the action decides, not its class (SM-73)
    recipient: str | None
    for_person: bool  #: not matched or not understood


def read_bounce(raw: bytes, lookup: Lookup) -> Bounce:
    """Read a bounce of whatever shape; never raises. What is no bounce at all has neither action nor message."""
    try:
        return _structured(raw, lookup)
    except Refusal:
        return _unstructured(raw, lookup)


class _Report(msgspec.Struct, frozen=True):
    envid: str | None
    action: Action
    status: str | None
    recipient: str | None
    returned_id: str | None


def _structured(raw: bytes, lookup: Lookup) -> Bounce:
    report = _read(raw)
    matched = lookup.by_envid(report.envid) if report.envid else None
    found = matched or (lookup.by_message_id(report.returned_id) if report.returned_id else None)
    return Bounce(
        evidence=_EVIDENCE[report.action] if matched else None,
        matched=matched is not None,
        message_id=found,
        action=report.action,
        status=report.status,
        recipient=report.recipient,
        for_person=matched is None,
    )


def _unstructured(raw: bytes, lookup: Lookup) -> Bounce:
    """No report structure: a null return path and our Message-ID anywhere in the first 64 KB (SM-75)."""
    found = None
    if classify(raw[:_SEARCHED]).null_sender:
        ids = dict.fromkeys(m.decode("ascii") for m in _ANY_MESSAGE_ID.findall(raw, 0, _SEARCHED))
        found = next((ours for ours in map(lookup.by_message_id, ids) if ours is not None), None)
    return Bounce(
        evidence=None,
        matched=False,
        message_id=found,
        action=None,
        status=None,
        recipient=None,
        for_person=found is not None,
    )


@parser
def _read(raw: bytes) -> _Report:
    if len(raw) > LIMITS.message:
        raise malformed("bericht te groot")
    root = scanner.read_entity(raw)
    if root.type.type != "multipart/report" or root.type.parameters.get("report-type", "").lower() != "delivery-status":
        raise malformed("geen afleverbericht")
    parts = payload.read_parts(root)
    statuses = [p for p in parts if p.type == "message/delivery-status"]
    if len(statuses) != 1:
        raise malformed("niet precies een melding")
    message, *recipients = _blocks(statuses[0].content)
    worst = min(recipients, key=lambda block: list(_EVIDENCE).index(_action(block)))
    status = _STATUS.match(worst.get("status") or "")
    return _Report(
        envid=message.get("original-envelope-id"),
        action=_action(worst),
        status=status[0] if status else None,
        recipient=parse_address((worst.get("final-recipient") or "").partition(";")[2]),
        returned_id=_returned_id(parts),
    )


def _blocks(content: bytes) -> list[Header]:
    """Per-message fields, then one block a recipient (RFC 3464 2.1)."""
    if len(content) > LIMITS.header_block:
        raise malformed("melding te groot")
    text = scanner.canonical_lines(content).strip(b"\r\n")
    return [scanner.parse_header(block) for block in re.split(rb"(?:\r\n){2,}", text)]


def _action(block: Header) -> Action:
    written = (block.get("action") or "").strip().lower()
    for action in _EVIDENCE:
        if written == action:
            return action
    raise malformed("melding zonder bekende actie")


def _returned_id(parts: tuple[Part, ...]) -> str | None:
    for part in parts:
        if part.type in ("text/rfc822-headers", "message/rfc822"):
            header = scanner.header_of(part.content)
            written = header.get("message-id") or ""
            return written if is_message_id(written) else None
    return None
