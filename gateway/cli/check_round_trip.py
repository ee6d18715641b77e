"""The part of `gateway check` that sends one sealed mail to ourselves and waits for it in the mailbox."""

import asyncio
import secrets
import time
from collections.abc import Iterator

from gateway.cli.check import Check, Surround, failed
from gateway.domain.delivery import Outcome, Shipment
from gateway.domain.findings import Finding
from gateway.transports import Mailbox, MailboxDown, Transport, Unreadable

NAME = "round trip"
WAIT = 60.0  # seconds; a mail to oneself at the same provider takes one or two
LOOK = 1.0  # seconds between two looks
SIZE_MAX = 1_000_000


def check_round_trip(around: Surround, way: Transport, box: Mailbox) -> Iterator[Check]:
    """Out by the relay, in by the mailbox, and the same bytes."""
    shipment = _shipment(around)
    if isinstance(shipment, Finding):
        yield failed(NAME, shipment)
        return
    yield asyncio.run(_travel(shipment, way, box))


def _shipment(around: Surround) -> Shipment | Finding:
    """A sealed mail of ours to ourselves, which says nothing."""
    from gateway import securemail
    from gateway.flows.welcome import SELF_CHECK
    from gateway.keyring import read_decrypters, read_signers
    from gateway.securemail.cms_write import recipient
    from gateway.ways import CannotStart, Files

    own, files = around.settings.gateway.address, Files(around.folder, around.environ)
    try:
        signer = read_signers(around.settings.keys, files).on(around.now)
        opener = read_decrypters(around.settings.keys, files)[0]
    except CannotStart as fault:
        return fault.findings[0]
    ours = recipient(opener.certificate)
    if not isinstance(ours, securemail.Recipient):
        return Finding(code="CFG-PEM", severity="error", message="Our own certificate is not fit to be sealed for.")
    domain = own.rpartition("@")[2]
    message = securemail.Message(
        sender=own,
        recipient=own,
        subject="Check",
        parts=(securemail.Attachment(None, "text/plain; charset=utf-8", b"gateway check\r\n"),),
        message_id=f"<{SELF_CHECK}{secrets.token_hex(16)}@{domain}>",
    )
    made = securemail.seal(message, signer, (ours,), "standard", around.now)
    if isinstance(made, Finding):
        return made
    return Shipment(
        message_id=made.message_id,
        sender=own,
        recipient=own,
        envelope_id=secrets.token_hex(16),
        wire=made.raw,
        wants_dsn=False,
    )


async def _travel(shipment: Shipment, way: Transport, box: Mailbox) -> Check:
    began = time.monotonic()
    try:
        outcome = await way.deliver(shipment, _nothing)
        if outcome.verdict != "submitted":
            return _refused(outcome)
        arrived = await _arrival(shipment, box, began + WAIT)
    finally:
        await way.close()
        await box.close()
    if arrived is None:
        advice = f"Is mail to {shipment.recipient} delivered to this mailbox? See its other folders, such as spam."
        return Check(check=NAME, ok=False, what=f"taken by the relay, not arrived in {WAIT:.0f} s", advice=advice)
    if _content(arrived) != _content(shipment.wire):
        advice = "Ask the provider to leave S/MIME alone: a footer or a scanner makes it unreadable."
        return Check(check=NAME, ok=False, what="a sealed mail to ourselves arrives altered", advice=advice)
    seconds = time.monotonic() - began
    return Check(check=NAME, ok=True, what=f"a sealed mail to ourselves arrived unaltered in {seconds:.0f} s")


async def _nothing() -> None:
    """There is no row to write before DATA."""


def _refused(outcome: Outcome) -> Check:
    said = " ".join(str(part) for part in (outcome.reason, outcome.code, outcome.text) if part)
    advice = "The relay does not take mail of gateway.address: see relay.user, and what the provider lets it send."
    return Check(check=NAME, ok=False, what=f"refused at {outcome.phase}: {said}", advice=advice)


async def _arrival(shipment: Shipment, box: Mailbox, until: float) -> bytes | None:
    """The mail as it stands in the mailbox, which then lets go of it; None if it does not come in time."""
    seen: set[str] = set()
    while time.monotonic() < until:
        try:
            for uid in reversed([uid for uid in await box.uids() if uid not in seen]):
                seen.add(uid)
                if shipment.message_id.encode() in await box.header(uid):
                    found = await box.fetch(uid, SIZE_MAX)
                    await box.release([uid])
                    return found
        except (MailboxDown, Unreadable):
            pass  # the running gateway may be looking too: one reader at a time where it is POP3
        await box.close()  # a session sees what was there when it began
        await asyncio.sleep(LOOK)
    return None


def _content(raw: bytes) -> bytes:
    """The sealed content, however its lines are broken."""
    return b"".join(raw.partition(b"\r\n\r\n")[2].split())
