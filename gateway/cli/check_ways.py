"""The part of `gateway check` that talks to servers: greeted, logged in to, and left; then the round trip."""

import asyncio
from collections.abc import Iterator

from gateway.cli.check import Check, Surround, failed
from gateway.cli.check_round_trip import NAME as ROUND_TRIP
from gateway.cli.check_round_trip import check_round_trip
from gateway.domain.delivery import Outcome
from gateway.transports import Mailbox, MailboxDown, SmtpTransport
from gateway.ways import SYSTEM, CannotStart, Files, mailbox, relay

CLOSING = 0.05  # seconds that the event loop gets to let go of a connection that ended badly

_ANYTHING = "See [mailbox]: host, port, user and password."
_TROUBLE = (  # what MailboxDown says, and what to do
    ("SSLCertVerification", "The certificate must be of mailbox.host, by a root of mailbox.authority."),
    ("SSL", "The server does not speak TLS 1.2 or better there: see mailbox.port (993 for imap, 995 for pop3)."),
    ("error_proto", "See mailbox.user, its password, and mailbox.auth."),
    ("Login", "See mailbox.user, its password, and mailbox.auth."),
    ("NoSecret", "See mailbox.password_command, or the file with the password."),
    ("Impostor", "The server does not know our password, yet lets us in: is it the right server?"),
    ("Refused", "Nobody listens there: see mailbox.host and mailbox.port, and whether a firewall is in between."),
    ("gaierror", "There is no server of that name: see mailbox.host."),
)

_PHASES = {
    "connect": "See relay.host and relay.port, and whether a firewall is in between.",
    "tls": "See relay.tls; the certificate must be of relay.host, by a root of relay.authority.",
    "auth": "See relay.user and its password.",
}


def check_ways(around: Surround) -> Iterator[Check]:
    """Out, in, and if both work a mail to ourselves that goes the whole way."""
    files = Files(around.folder, around.environ)
    out, into = _relay(around, files), _mailbox(around, files)
    yield from (out, into)
    if around.settings.relay is None or around.settings.mailbox is None or not around.round_trip:
        return
    if around.settings.relay.kind == "folder" or around.settings.mailbox.kind == "folder":
        return  # a broker's folders do not lead to each other
    if not (out.ok and into.ok):
        yield Check(check=ROUND_TRIP, ok=False, what="not tried", advice="Mend relay and mailbox first.")
        return
    way, box = relay(around.settings, files), mailbox(around.settings, files)
    assert way is not None, "the settings have one"
    assert box is not None, "the settings have one"
    yield from check_round_trip(around, way, box)


def _relay(around: Surround, files: Files) -> Check:
    """Greeting, encryption, log-in: everything before a message."""
    try:
        way = relay(around.settings, files)
    except CannotStart as fault:
        return failed("relay", fault.findings[0])
    out = around.settings.relay
    if way is None or out is None:
        return Check(check="relay", ok=True, what="none: nothing can be sent", advice="Fill in [relay].")
    if not isinstance(way, SmtpTransport):
        there = around.path(out.path or "").is_dir()
        what = "the folder is there" if there else f"there is no folder {out.path}"
        return Check(check="relay", ok=there, what=what, advice=None if there else "Make it, or see relay.path.")
    trouble = asyncio.run(_greet(way))
    if trouble is None:
        what = f"{out.host}:{out.port} greets, encrypts and knows us{_by(out.authority)}"
        return Check(check="relay", ok=True, what=what)
    said = " ".join(str(part) for part in (trouble.reason, trouble.code, trouble.text) if part)
    what = f"{out.host}:{out.port} fails at {trouble.phase}: {said}"
    return Check(check="relay", ok=False, what=what, advice=_PHASES.get(trouble.phase))


def _mailbox(around: Surround, files: Files) -> Check:
    """Log-in and a look at how many messages wait."""
    try:
        way = mailbox(around.settings, files)
    except CannotStart as fault:
        return failed("mailbox", fault.findings[0])
    box = around.settings.mailbox
    if way is None or box is None:
        return Check(check="mailbox", ok=True, what="none: nothing is picked up", advice="Fill in [mailbox].")
    try:
        waiting = asyncio.run(_look(way))
    except MailboxDown as down:
        advice = next((words for sign, words in _TROUBLE if sign in str(down)), _ANYTHING)
        return Check(check="mailbox", ok=False, what=str(down), advice=advice)
    return Check(check="mailbox", ok=True, what=f"opens; {waiting} messages wait{_by(box.authority)}")


def _by(authority: str | None) -> str:
    """Who vouches for the server, where that is the whole list of the machine (SM-79)."""
    return "; any authority of this machine may vouch for it" if authority == SYSTEM else ""


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
