"""The part of `gateway check` that talks to servers: greeted, logged in to, and left. Nothing is sent or fetched."""

import asyncio
from collections.abc import Iterator

from gateway.cli.check import Check, Surround, failed
from gateway.domain.delivery import Outcome
from gateway.transports import FolderTransport, Mailbox, MailboxDown, SmtpTransport
from gateway.ways import CannotStart, Files, mailbox, relay

CLOSING = 0.05  # seconds that the event loop gets to let go of a connection that ended badly

_PHASES = {
    "connect": "See relay.host and relay.port, and whether a firewall is in between.",
    "tls": "See relay.tls; the certificate must be of relay.host, by a root of relay.authority.",
    "auth": "See relay.user and its password.",
}


def check_relay(around: Surround) -> Iterator[Check]:
    """Greeting, encryption, log-in: everything before a message."""
    try:
        way = relay(around.settings, Files(around.folder, around.environ))
    except CannotStart as fault:
        yield failed("relay", fault.findings[0])
        return
    out = around.settings.relay
    if isinstance(way, FolderTransport):
        there = (around.folder / (out.path or "") if out else around.folder).is_dir()
        what = "the folder is there" if there else f"there is no folder {out.path if out else ''}"
        yield Check(check="relay", ok=there, what=what, advice=None if there else "Make it, or see relay.path.")
        return
    if not isinstance(way, SmtpTransport) or out is None:
        yield Check(check="relay", ok=True, what="none: nothing can be sent", advice="Fill in [relay].")
        return
    trouble = asyncio.run(_greet(way))
    if trouble is None:
        yield Check(check="relay", ok=True, what=f"{out.host}:{out.port} greets, encrypts and knows us")
        return
    said = " ".join(str(part) for part in (trouble.reason, trouble.code, trouble.text) if part)
    what = f"{out.host}:{out.port} fails at {trouble.phase}: {said}"
    yield Check(check="relay", ok=False, what=what, advice=_PHASES.get(trouble.phase))


def check_mailbox(around: Surround) -> Iterator[Check]:
    """Log-in and a look at how many messages wait."""
    try:
        way = mailbox(around.settings, Files(around.folder, around.environ))
    except CannotStart as fault:
        yield failed("mailbox", fault.findings[0])
        return
    if way is None:
        yield Check(check="mailbox", ok=True, what="none: nothing is picked up", advice="Fill in [mailbox].")
        return
    try:
        waiting = asyncio.run(_look(way))
    except MailboxDown as down:
        yield Check(check="mailbox", ok=False, what=str(down), advice="See [mailbox]: host, port, user and password.")
        return
    yield Check(check="mailbox", ok=True, what=f"opens; {waiting} messages wait")


async def _greet(way: SmtpTransport) -> Outcome | None:
    """What went wrong, if anything."""
    trouble = await way.probe()
    await asyncio.sleep(CLOSING)
    return trouble


async def _look(box: Mailbox) -> int:
    """How many messages stand there."""
    waiting = len(await box.uids())
    await box.close()
    return waiting
