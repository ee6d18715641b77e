"""Logging in by each mechanism, with Postfix and Dovecot where they can, and with servers that cheat (SM-80)."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.domain.delivery import Outcome
from gateway.transports import (
    ImapMailbox,
    ImapSettings,
    MailboxDown,
    Pop3Mailbox,
    Pop3Settings,
    SmtpSettings,
    SmtpTransport,
    client_context,
)
from gateway.transports.sasl import Auth, Impostor, NoSecret, Scram, Secret, prepare
from tests import realmail

from .line_server import serving
from .pki import Authority

USER = realmail.USERS[1]
Send = Callable[[bytes], None]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of these tests."""
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def mail(authority: Authority) -> Iterator[realmail.Mail]:
    """A mail system that knows all mechanisms."""
    if (reason := realmail.missing()) is not None:
        pytest.skip(reason)
    with realmail.system(*authority.server(), authority.pem) as running:
        yield running


def own(authority: Authority, user: str = USER) -> ssl.SSLContext:
    """TLS with a client certificate of this user."""
    certificate, key = authority.server(user)
    return client_context(authority.pem, (), (str(certificate), str(key)))


def enters(mail: realmail.Mail, context: ssl.SSLContext, protocol: str, auth: Auth, secret: Secret) -> bool:
    """Whether the server lets us in."""

    async def scenario() -> bool:
        if protocol == "smtp":
            smtp = SmtpSettings(
                host="127.0.0.1", port=mail.submission, tls="starttls", username=USER, password=secret, auth=auth
            )
            return await SmtpTransport(smtp, context).probe() is None
        if protocol == "imap":
            box: Any = ImapMailbox(
                ImapSettings(host="127.0.0.1", port=mail.imaps, username=USER, password=secret, auth=auth), context
            )
        else:
            box = Pop3Mailbox(
                Pop3Settings(host="127.0.0.1", port=mail.pops, username=USER, password=secret, auth=auth), context
            )
        try:
            await box.uids()
        except MailboxDown:
            return False
        finally:
            await box.close()
        return True

    return asyncio.run(scenario())


@pytest.mark.real_mail
@pytest.mark.parametrize("protocol", ["smtp", "imap", "pop3"])
@pytest.mark.parametrize("auth", ["plain", "scram-sha-256", "xoauth2"])
def test_the_right_secret_enters_and_a_wrong_one_does_not(
    mail: realmail.Mail, authority: Authority, protocol: str, auth: Auth
) -> None:
    """SM-80: a password, or a token that is made anew at each log-in."""
    context = client_context(authority.pem)
    right: Secret = (lambda: realmail.token(USER)) if auth == "xoauth2" else realmail.SECRET
    wrong: Secret = realmail.token(USER, b"another key") if auth == "xoauth2" else "fout"
    assert enters(mail, context, protocol, auth, right)
    assert not enters(mail, context, protocol, auth, wrong)


@pytest.mark.real_mail
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_a_client_certificate_enters_without_a_password(
    mail: realmail.Mail, authority: Authority, protocol: str
) -> None:
    """SM-80: EXTERNAL; without the certificate it does not."""
    assert enters(mail, own(authority), protocol, "external", "")
    assert not enters(mail, client_context(authority.pem), protocol, "external", "")


def test_a_relay_that_knows_us_by_our_certificate_asks_no_more(authority: Authority) -> None:
    """SM-80: it offers no AUTH; TLS made us known already."""
    context = authority.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.pem)
    assert probe(authority, context, own(authority), "external", lambda *_: None) is None
    refused = probe(authority, context, client_context(authority.pem), "external", lambda *_: None)
    assert refused is not None
    assert refused.verdict == "channel"


def probe(
    authority: Authority,
    server: ssl.SSLContext,
    context: ssl.SSLContext,
    auth: Auth,
    challenge: Callable[[bytes, Send], None],
    offers: bytes = b"",
    secret: Secret = "geheim",
) -> Outcome | None:
    """What a relay under implicit TLS makes of us; `challenge` answers AUTH and what follows."""

    def answer(line: bytes, send: Send) -> None:
        if line.startswith(b"EHLO"):
            send(b"250-relay\r\n250" + (b"-AUTH " + offers + b"\r\n250" if offers else b"") + b" SIZE\r\n")
        elif line.startswith(b"QUIT"):
            send(b"221 bye\r\n")
        else:
            challenge(line, send)

    with serving(server, b"220 relay\r\n", answer) as port:
        smtp = SmtpSettings(host="127.0.0.1", port=port, tls="implicit", username="wmo", password=secret, auth=auth)
        return asyncio.run(SmtpTransport(smtp, context).probe())


def lets_everybody_in(line: bytes, send: Send) -> None:
    """A relay that knows no password."""
    send(b"235 welcome\r\n")


def test_a_server_that_does_not_prove_that_it_knows_the_password_is_left(authority: Authority) -> None:
    """SCRAM works both ways: who lets everybody in is not our relay."""
    context = client_context(authority.pem)
    outcome = probe(
        authority, authority.server_context(), context, "scram-sha-256", lets_everybody_in, offers=b"SCRAM-SHA-256"
    )
    assert outcome is not None
    assert (outcome.verdict, outcome.phase, outcome.reason) == ("channel", "auth", "impostor")


def test_no_other_mechanism_is_taken_than_the_one_of_the_settings(authority: Authority) -> None:
    """What a server offers must not lead to a password in the open."""
    said: list[bytes] = []
    context = client_context(authority.pem)
    outcome = probe(
        authority,
        authority.server_context(),
        context,
        "scram-sha-256",
        lambda line, _: said.append(line),
        offers=b"PLAIN LOGIN",
    )
    assert outcome is not None
    assert (outcome.verdict, outcome.reason, said) == ("channel", "unsupported", [])


def test_a_secret_that_cannot_be_had_is_said_and_nothing_is_sent(authority: Authority) -> None:
    """The message waits: it is the channel that fails."""

    def fails() -> str:
        raise NoSecret("relay.password_command fails: CalledProcessError")

    context = client_context(authority.pem)
    outcome = probe(
        authority, authority.server_context(), context, "plain", lets_everybody_in, offers=b"PLAIN", secret=fails
    )
    assert outcome is not None
    assert (outcome.verdict, outcome.phase, outcome.reason) == ("channel", "auth", "secret")


def test_a_server_that_challenges_without_end_is_left(authority: Authority) -> None:
    """After a few."""
    asked: list[bytes] = []

    def endless(line: bytes, send: Send) -> None:
        asked.append(line)
        send(b"334 " + base64.b64encode(b"more") + b"\r\n")

    context = client_context(authority.pem)
    outcome = probe(authority, authority.server_context(), context, "xoauth2", endless, offers=b"XOAUTH2")
    assert outcome is not None
    assert (outcome.verdict, outcome.reason) == ("channel", "auth")
    assert len(asked) < 10


# -- SCRAM ------------------------------------------------------------------------------------------------------------

SERVER_FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
SERVER_FINAL = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def scram() -> Scram:
    """The client of the RFC's example, after its first word."""
    client = Scram("user", "pencil", "rOprNGfwEbeRWgbNEkqO")
    assert client.answer(b"") == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    return client


def test_the_example_of_the_rfc() -> None:
    """RFC 7677 section 3."""
    client = scram()
    nonce = b"rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    assert client.answer(SERVER_FIRST) == b"c=biws,r=" + nonce + b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    assert client.answer(SERVER_FINAL) == b""
    client.check_end()
    with pytest.raises(Impostor):
        client.answer(b"once more")


@pytest.mark.parametrize(
    "first",
    [
        SERVER_FIRST.replace(b"rOpr", b"xOpr"),
        b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        SERVER_FIRST.replace(b"i=4096", b"i=1"),
        SERVER_FIRST.replace(b"i=4096", b"i=999999999"),
        SERVER_FIRST.replace(b"W22ZaJ", b"!!"),
        b"",
        b"\xff\x00",
    ],
    ids=["other-nonce", "no-nonce-of-its-own", "few-rounds", "many-rounds", "no-base64", "nothing", "garbage"],
)
def test_a_first_word_that_is_not_right_ends_the_log_in(first: bytes) -> None:
    """Too few rounds make the password cheap to guess; too many hold us up."""
    with pytest.raises(Impostor):
        scram().answer(first)


def test_a_last_word_that_proves_nothing_ends_the_log_in() -> None:
    """Or none at all."""
    client = scram()
    client.answer(SERVER_FIRST)
    with pytest.raises(Impostor):
        client.check_end()
    with pytest.raises(Impostor):
        client.answer(b"v=" + base64.b64encode(b"x" * 32))


def test_names_and_passwords_are_prepared_as_the_standard_says() -> None:
    """RFC 4013 section 3; a comma or equals sign in a name is written otherwise (RFC 5802)."""
    assert [prepare(text) for text in ("I\u00adX", "user", "\u00aa", "\u2168", "a\u00a0b")] == [
        "IX",
        "user",
        "a",
        "IX",
        "a b",
    ]
    with pytest.raises(NoSecret):
        prepare("a\x07b")
    assert b"n=a=2Cb=3Dc," in Scram("a,b=c", "x").answer(b"")
