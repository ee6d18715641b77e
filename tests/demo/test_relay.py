"""The demo's relay, spoken to with the standard library's client: what it asks before it takes a message."""

import smtplib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.demo import ca
from gateway.demo.relay import HOST, Account, Relay

NOW = datetime(2025, 2, 17, 9, tzinfo=UTC)
ALICE, BOB = "wmo@gemeente.example", "plan@aanbieder.example"
MAIL = b"From: wmo@gemeente.example\r\nTo: plan@aanbieder.example\r\n\r\n.een punt vooraan\r\n"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For the relay and for who calls it, under one authority."""
    root = ca.make_root("Proef", NOW)
    leaf = ca.make_tls(root, NOW, end=datetime(2100, 1, 1, tzinfo=UTC))
    folder = tmp_path_factory.mktemp("tls")
    (folder / "chain.pem").write_bytes(leaf.chain_pem)
    (folder / "key.pem").write_bytes(leaf.key_pem())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    return server, ssl.create_default_context(cadata=root.pem.decode())


@pytest.fixture
def relay(tmp_path: Path, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> Iterator[Relay]:
    """Two mailboxes; the first message for one of them is put off."""
    accounts = (Account(ALICE, "geheim"), Account(BOB, "anders"))
    with Relay(tmp_path, accounts, tls[0], lambda: NOW, refuse_once=frozenset({BOB})) as relay:
        yield relay


@pytest.fixture
def client(relay: Relay) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(HOST, relay.port, timeout=10) as client:
        client.ehlo()
        yield client


def test_nothing_is_taken_before_starttls(client: smtplib.SMTP) -> None:
    """530 for a message in clear; AUTH is not even offered."""
    assert client.mail(ALICE)[0] == 530
    assert not client.has_extn("auth")


def test_nothing_is_taken_before_auth(client: smtplib.SMTP, tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """530 after STARTTLS without a login."""
    client.starttls(context=tls[1])
    client.ehlo()
    assert client.mail(ALICE)[0] == 530


@pytest.mark.parametrize(("user", "password"), [(ALICE, "anders"), ("niemand@gemeente.example", "geheim")])
def test_a_wrong_login_is_refused(
    client: smtplib.SMTP, tls: tuple[ssl.SSLContext, ssl.SSLContext], user: str, password: str
) -> None:
    """535: another's password, an account that is not there."""
    client.starttls(context=tls[1])
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        client.login(user, password)
    assert refused.value.smtp_code == 535


def test_put_off_once_and_then_delivered_byte_for_byte(
    relay: Relay, client: smtplib.SMTP, tls: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """451 the first time, 250 the second, in the life of the folder; 550 for an address that has no mailbox."""
    client.starttls(context=tls[1])
    client.login(ALICE, "geheim")
    client.mail(ALICE)
    assert client.rcpt("niemand@aanbieder.example")[0] == 550
    assert client.rcpt(BOB)[0] == 451
    assert list((relay.maildir(BOB) / "new").iterdir()) == []

    assert client.rcpt(BOB)[0] == 250
    assert client.data(MAIL)[0] == 250
    [kept] = (relay.maildir(BOB) / "new").iterdir()
    assert kept.read_bytes() == MAIL
    assert kept.stat().st_mtime == NOW.timestamp()
