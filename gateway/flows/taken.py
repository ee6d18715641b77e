"""What became of one message that came in."""

from typing import Literal

import msgspec

from gateway.domain.findings import Finding
from gateway.securemail import Opened
from gateway.store import NewIdentity, Settled
from gateway.store.states import InEvent


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `intake.take_in`."""

    state: Literal["handled", "duplicate", "quarantined"]
    kind: str | None = None  # plan, receipt, WMO301 …; None if it was not opened
    reason: str | None = None  # of section 12 of the secure-mail specification
    findings: tuple[Finding, ...] = ()


def settled(
    number: int,
    event: InEvent,
    opened: Opened,
    dossier: str | None,
    *,
    reason: str | None = None,
    detail: str | None = None,
    rules: str | None = None,
) -> Settled:
    """The end of inbox row `number`, whose message could be opened."""
    return Settled(
        number,
        event,
        reason=reason,
        detail=detail,
        partner=opened.partner.id,
        message_id=opened.headers.message_id,
        mic=opened.mic,
        dossier=dossier,
        rules=rules,
    )


def new_identity(number: int, opened: Opened, outcome: str, receipt: int | None = None) -> NewIdentity:
    """The identity of the message in inbox row `number`, by which it is known when it comes again."""
    return NewIdentity(
        opened.partner.id,
        opened.headers.message_id,
        opened.mic,
        outcome=outcome,
        cms_sha256=opened.cms_sha256,
        inbox_id=number,
        receipt_id=receipt,
    )
