"""SPKI pins: on plain sockets (mailboxes) and on asyncio (submission)."""

import asyncio
from pathlib import Path

import pytest
from cryptography import x509

from gateway.transports import (
    ImapBell,
    ImapSettings,
    MailboxDown,
    Pop3Mailbox,
    Pop3Settings,
    SmtpSettings,
    SmtpTransport,
    client_context,
    pin_of,
)

from .line_server import serving
from .pki import Authority
from .relay import PASSWORD, USER, Relay, running
from .test_mailboxes import Idler, Pop3Server

OTHER = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A certificate authority of these tests."""
    return Authority(tmp_path)


def pin(tmp_path: Path) -> str:
    """Of the server that the authority last made."""
    return pin_of(x509.load_pem_x509_certificate((tmp_path / "127.0.0.1.crt").read_bytes()))


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
def test_a_relay_whose_key_is_not_pinned_is_a_broken_channel(
    authority: Authority, tmp_path: Path, implicit: bool
) -> None:
    """SM-79: also with a certificate that is right in all else; nothing is said to it within TLS."""
    relay = Relay(authority.server_context(), implicit=implicit)

    async def scenario(pins: list[str]) -> tuple[str, str | None] | None:
        async with running(relay):
            tls = "implicit" if implicit else "starttls"
            settings = SmtpSettings(host="127.0.0.1", port=relay.port, tls=tls, username=USER, password=PASSWORD)
            trouble = await SmtpTransport(settings, client_context(authority.pem, pins)).probe()
            return None if trouble is None else (trouble.phase, trouble.reason)

    assert asyncio.run(scenario([OTHER])) == ("tls", "certificate")
    assert not any(command.startswith("AUTH") for command in relay.commands)
    assert asyncio.run(scenario([OTHER, pin(tmp_path)])) is None


def test_a_mailbox_whose_key_is_not_pinned_gets_no_password(authority: Authority, tmp_path: Path) -> None:
    """SM-79, POP3 and IMAP."""
    server, context = Pop3Server(b".\r\n"), authority.server_context()
    right, wrong = client_context(authority.pem, [pin(tmp_path)]), client_context(authority.pem, [OTHER])
    with serving(context, b"+OK\r\n", server.answer) as port:
        pop3 = Pop3Settings(host="127.0.0.1", port=port, username="wmo", password="geheim")
        with pytest.raises(MailboxDown, match="SSLCertVerificationError"):
            asyncio.run(Pop3Mailbox(pop3, wrong).list())
        assert server.commands == []

        async def look() -> int:
            box = Pop3Mailbox(pop3, right)
            found = len(await box.list())
            await box.close()
            return found

        assert asyncio.run(look()) == 1
    with serving(context, b"* OK\r\n", Idler().answer) as port:
        imap = ImapSettings(host="127.0.0.1", port=port, username="wmo", password="geheim")
        with pytest.raises(MailboxDown, match="SSLCertVerificationError"):
            asyncio.run(ImapBell(imap, wrong).wait())
