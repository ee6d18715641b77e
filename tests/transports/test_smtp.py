"""Every outcome of one attempt (secure-mail table 10.2), against a relay that misbehaves over real sockets and TLS."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from gateway.domain.delivery import Outcome, Shipment
from gateway.transports import SmtpSettings, SmtpTransport, client_context, smtp
from gateway.transports.replies import EXCEPTIONS, clean, outcome_of
from gateway.transports.smtp import xtext

from .pki import Authority
from .relay import PASSWORD, USER, Relay, running

LONGEST = 30.0  # seconds
WIRE = b"Message-ID: <1@zorg.example>\r\n\r\n.begins with a dot\r\n..two\r\nend\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of these tests."""
    return Authority(tmp_path_factory.mktemp("pki"))


def shipment(**changes: Any) -> Shipment:
    """One transmission."""
    values: dict[str, Any] = {
        "message_id": "<1@zorg.example>",
        "sender": USER,
        "recipient": "wmo@gemeente.example",
        "envelope_id": "0123456789abcdef0123456789abcdef",
        "wire": WIRE,
        "wants_dsn": True,
    }
    return Shipment(**(values | changes))


async def nothing() -> None:
    """Before DATA there is nothing to write down here."""


def settings(relay: Relay, **changes: Any) -> SmtpSettings:
    """How to reach the relay; short waits, because some relays never answer."""
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": relay.port,
        "tls": "implicit" if relay.implicit else "starttls",
        "username": USER,
        "password": PASSWORD,
        "command_timeout": 0.3,
        "data_timeout": 0.3,
    }
    return SmtpSettings(**(values | changes))


def attempts(authority: Authority, relay: Relay, *shipments: Shipment, **changes: Any) -> list[Outcome]:
    """Deliver these one after the other over one transport."""

    async def scenario() -> list[Outcome]:
        async with running(relay):
            transport = SmtpTransport(settings(relay, **changes), client_context(authority.pem))
            try:
                return [await transport.deliver(each, nothing) for each in shipments]
            finally:
                await transport.close()

    return asyncio.run(scenario())


def attempt(authority: Authority, relay: Relay, **changes: Any) -> Outcome:
    """Deliver one message."""
    return attempts(authority, relay, shipment(), **changes)[0]


def relay_with(authority: Authority, **faults: str) -> Relay:
    """A relay with these faults."""
    return Relay(authority.server_context(), faults=faults)


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
def test_a_delivered_message_arrives_byte_for_byte(authority: Authority, implicit: bool) -> None:
    """250 after the dot is `submitted`; the reply with the queue id, the TLS version and the relay are kept."""
    relay = Relay(authority.server_context(), implicit=implicit)
    outcome = attempt(authority, relay)
    assert (outcome.verdict, outcome.code, outcome.enhanced) == ("submitted", 250, "2.0.0")
    assert "queued as 4F2A" in (outcome.text or "")
    assert (outcome.tls or "").startswith("TLSv1.3 ")
    assert outcome.remote == f"127.0.0.1:{relay.port}"
    assert relay.messages == [WIRE]


@pytest.mark.parametrize(
    ("step", "fault", "expected"),
    [
        # connect, TLS, EHLO, AUTH: our way out is broken
        ("connect", "close", ("channel", "connect", "refused")),
        ("connect", "421 4.3.2 later", ("channel", "connect", "refused")),
        ("connect", "554 5.3.2 no", ("channel", "connect", "refused")),
        ("connect", "garbage", ("channel", "connect", "refused")),
        ("ehlo", "close", ("channel", "ehlo", "lost")),
        ("ehlo", "silence", ("channel", "ehlo", "timeout")),
        ("ehlo", "421 4.3.2 later", ("channel", "ehlo", "refused")),
        ("starttls", "454 4.7.0 no TLS now", ("channel", "tls", "tls")),
        ("starttls", "close", ("channel", "tls", "lost")),
        ("auth", "535 5.7.8 wrong", ("channel", "auth", "auth")),
        ("auth", "454 4.7.0 later", ("channel", "auth", "auth")),
        ("auth", "530 5.7.0 must", ("channel", "auth", "auth")),
        ("auth", "close", ("channel", "auth", "lost")),
        # MAIL, RCPT
        ("mail", "451 4.3.0 later", ("deferred", "mail", None)),
        ("rcpt", "450 4.2.0 later", ("deferred", "rcpt", None)),
        ("rcpt", "452 4.2.2 full", ("deferred", "rcpt", None)),
        ("rcpt", "552 5.2.2 full", ("deferred", "rcpt", "mailbox-full")),
        ("mail", "550 5.0.0 no", ("failed", "mail", None)),
        ("rcpt", "550 5.1.1 unknown", ("failed", "rcpt", "address")),
        ("rcpt", "550 5.7.1 refused", ("failed", "rcpt", "policy")),
        ("mail", "552 5.3.4 too large", ("failed", "mail", "too-large")),
        ("mail", "501 5.5.4 syntax", ("failed", "mail", "protocol")),
        ("rcpt", "550 4.1.1 class differs", ("failed", "rcpt", None)),
        ("mail", "530 5.7.0 authenticate", ("channel", "mail", "account")),
        ("rcpt", "530 authenticate", ("channel", "rcpt", "account")),
        ("mail", "553 5.1.8 sender", ("channel", "mail", "account")),
        ("mail", "553 5.1.7 sender", ("channel", "mail", "account")),
        ("mail", "close", ("channel", "mail", "lost")),
        ("rcpt", "close", ("deferred", "rcpt", "lost")),
        ("rcpt", "silence", ("deferred", "rcpt", "timeout")),
        ("rcpt", "garbage", ("deferred", "rcpt", "garbage")),
        # DATA and content
        ("data", "451 4.3.0 later", ("deferred", "data", None)),
        ("data", "554 5.0.0 no", ("failed", "data", None)),
        ("data", "close", ("uncertain", "data", "lost")),
        ("data", "silence", ("uncertain", "data", "timeout")),
        ("data", "garbage", ("uncertain", "data", "garbage")),
        ("dot", "451 4.3.0 later", ("deferred", "data", None)),
        ("dot", "421 4.3.2 closing", ("deferred", "data", None)),
        ("dot", "554 5.6.0 content", ("failed", "data", None)),
        ("dot", "552 5.2.2 full", ("deferred", "data", "mailbox-full")),
        ("dot", "close", ("uncertain", "data", "lost")),
        ("dot", "silence", ("uncertain", "data", "timeout")),
        ("dot", "garbage", ("uncertain", "data", "garbage")),
        ("dot", "252 2.0.0 taken", ("submitted", "data", None)),
    ],
)
def test_every_fault_has_its_outcome(
    authority: Authority, step: str, fault: str, expected: tuple[str, str, str | None]
) -> None:
    """Table 10.2, line by line (SM-85)."""
    outcome = attempt(authority, relay_with(authority, **{step: fault}))
    assert (outcome.verdict, outcome.phase, outcome.reason) == expected


LARGE = b"Message-ID: <1@zorg.example>\r\n\r\n" + b"".join(b".%05d\r\n..\r\n" % n for n in range(3_000))


@pytest.mark.parametrize("piece", [1, 7, 1_000, 100_000])
def test_a_large_message_arrives_byte_for_byte(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """In pieces of whole lines, whatever their size; the connection is good for the next one."""
    monkeypatch.setattr(smtp, "PIECE", piece)
    relay, wire = relay_with(authority), LARGE if piece > 7 else LARGE[:2_000].rpartition(b"\r\n")[0] + b"\r\n"
    outcomes = attempts(authority, relay, shipment(wire=wire), shipment(), data_timeout=LONGEST)
    assert [outcome.verdict for outcome in outcomes] == ["submitted", "submitted"]
    assert relay.messages == [wire, WIRE]
    assert relay.connections == 1


class Impatient(Relay):
    """Says something after the first line of a message, and goes on reading what comes."""

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, "data", "354 end with dot")
        await reader.readuntil(b"\r\n")
        await self._say(writer, "early", "552 5.3.4 too large")
        while await reader.read(65_536):
            pass


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("552 5.3.4 too large", ("failed", "data", "too-large")),
        ("451 4.3.0 later", ("deferred", "data", None)),
        ("250 2.0.0 queued", ("uncertain", "data", "garbage")),
        ("close", ("uncertain", "data", "lost")),
    ],
)
def test_a_relay_that_answers_before_the_end_is_not_sent_the_rest(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, said: str, expected: tuple[str, str, str | None]
) -> None:
    """What it says counts, but no promise for a part; what we say next it would take for the message."""
    monkeypatch.setattr(smtp, "PIECE", 1_000)
    relay = Impatient(authority.server_context(), faults={"early": said})
    outcome, again = attempts(
        authority, relay, shipment(wire=LARGE * 200), shipment(wire=LARGE * 200), data_timeout=LONGEST
    )
    assert (outcome.verdict, outcome.phase, outcome.reason) == expected
    assert again.verdict == outcome.verdict
    assert relay.connections == 2
    assert relay.messages == []


class Stalled(Relay):
    """Takes nothing of a message but the first line."""

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, "data", "354 end with dot")
        await reader.readuntil(b"\r\n")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        try:
            await asyncio.sleep(LONGEST)
        finally:
            writer.transport.abort()


def test_no_more_of_a_message_is_handed_over_than_the_relay_takes(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 50 MB all that waits would be in memory several times: the message, its TLS records, what the loop holds."""
    pieces, taken = smtp._stuffed, [0]

    def counted(wire: bytes) -> Iterator[bytes]:
        for piece in pieces(wire):
            taken[0] += len(piece)
            yield piece

    monkeypatch.setattr(smtp, "_stuffed", counted)
    wire = LARGE * 1_000  # many times what the kernel holds for a connection
    outcome = attempts(authority, Stalled(authority.server_context(), extensions=()), shipment(wire=wire))[0]
    assert (outcome.verdict, outcome.phase, outcome.reason) == ("uncertain", "data", "timeout")
    assert taken[0] < len(wire) / 2


def test_closed_after_the_dot_the_message_arrived_though_the_client_saw_an_error(authority: Authority) -> None:
    """Why `uncertain` is a state of its own (SM-86)."""
    relay = relay_with(authority, dot="close")
    assert attempt(authority, relay).verdict == "uncertain"
    assert relay.messages == [WIRE]


def test_without_starttls_nothing_but_ehlo_is_sent(authority: Authority) -> None:
    """SM-78: a stripped offer is a broken channel, never plain text."""
    relay = Relay(authority.server_context(), offers_starttls=False)
    outcome = attempt(authority, relay)
    assert (outcome.verdict, outcome.phase, outcome.reason) == ("channel", "tls", "unsupported")
    assert {command.split(" ")[0] for command in relay.in_clear} == {"EHLO"}


def test_before_tls_only_ehlo_and_starttls_are_sent(authority: Authority) -> None:
    """SM-80: AUTH, addresses and content only after TLS."""
    relay = relay_with(authority)
    attempt(authority, relay)
    assert {command.split(" ")[0] for command in relay.in_clear} == {"EHLO", "STARTTLS"}


def test_a_relay_that_goes_on_in_clear_after_the_220_of_starttls_is_left(authority: Authority) -> None:
    """SM-143: no handshake, no mail."""
    relay = relay_with(authority, starttls="no-tls")
    outcome = attempt(authority, relay)
    assert (outcome.verdict, outcome.phase, outcome.reason) == ("channel", "tls", "tls")
    assert relay.messages == []


def test_a_reply_injected_before_tls_is_not_read_as_one_within(authority: Authority) -> None:
    """RFC 3207 section 6: what came in clear is thrown away, also the extensions it claims."""
    relay = relay_with(authority, starttls="220 2.0.0 go\r\n250-relay\r\n250 REQUIRETLS")
    assert attempt(authority, relay).verdict == "submitted"
    assert not any("REQUIRETLS" in command for command in relay.commands)


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
def test_a_certificate_of_another_name_is_refused(authority: Authority, implicit: bool) -> None:
    """SM-79."""
    relay = Relay(authority.server_context("elsewhere.example"), implicit=implicit)
    outcome = attempt(authority, relay)
    assert (outcome.verdict, outcome.phase, outcome.reason) == ("channel", "tls", "certificate")
    assert not any(command.startswith(("AUTH", "MAIL")) for command in relay.commands)


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "implicit"])
def test_a_certificate_of_another_authority_is_refused(authority: Authority, tmp_path: Path, implicit: bool) -> None:
    """SM-79."""
    relay = Relay(Authority(tmp_path).server_context(), implicit=implicit)
    outcome = attempt(authority, relay)
    assert (outcome.verdict, outcome.phase, outcome.reason) == ("channel", "tls", "certificate")


def test_a_relay_that_is_not_there_is_a_channel_failure(authority: Authority) -> None:
    """Connection refused."""

    async def scenario() -> Outcome:
        async with running(relay_with(authority)) as gone:
            nobody = settings(gone)
        return await SmtpTransport(nobody, client_context(authority.pem)).deliver(shipment(), nothing)

    outcome = asyncio.run(scenario())
    assert (outcome.verdict, outcome.phase, outcome.reason) == ("channel", "connect", "refused")


def test_a_reply_in_pieces_is_one_reply_and_a_long_one_is_cut(authority: Authority) -> None:
    """SM-151: 200 characters are kept."""
    assert attempt(authority, relay_with(authority, mail="split 250 2.1.0 ok")).verdict == "submitted"
    outcome = attempt(authority, relay_with(authority, rcpt="450 4.2.0 " + "x" * 400))
    assert outcome.verdict == "deferred"
    assert len(outcome.text or "") == 200
    outcome = attempt(authority, relay_with(authority, dot="250 2.0.0 " + "x" * 5000))
    assert (outcome.verdict, len(outcome.text or "")) == ("submitted", 200)
    outcome = attempt(authority, relay_with(authority, dot="250 2.0.0 " + "x" * 90000))
    assert outcome.verdict == "uncertain"  # longer than the client reads: it cannot be taken for a promise


def test_the_envelope_says_what_the_relay_offers(authority: Authority) -> None:
    """SM-71, SM-83, SM-84: SIZE always, RET, ENVID, NOTIFY and ORCPT with DSN, REQUIRETLS if offered."""
    relay = Relay(authority.server_context(), extensions=("SIZE 100000", "DSN", "REQUIRETLS"))
    attempt(authority, relay)
    mail = next(command for command in relay.commands if command.startswith("MAIL"))
    rcpt = next(command for command in relay.commands if command.startswith("RCPT"))
    assert mail == f"MAIL FROM:<{USER}> SIZE={len(WIRE)} REQUIRETLS RET=HDRS ENVID=0123456789abcdef0123456789abcdef"
    assert rcpt == "RCPT TO:<wmo@gemeente.example> NOTIFY=FAILURE,DELAY ORCPT=rfc822;wmo@gemeente.example"


def test_a_receipt_has_a_null_sender_and_asks_for_nothing(authority: Authority) -> None:
    """SM-68."""
    relay = relay_with(authority)
    (outcome,) = attempts(authority, relay, shipment(sender="", wants_dsn=False))
    assert outcome.verdict == "submitted"
    assert f"MAIL FROM:<> SIZE={len(WIRE)}" in relay.commands
    assert "RCPT TO:<wmo@gemeente.example>" in relay.commands


def test_a_message_over_the_relays_limit_is_not_offered(authority: Authority) -> None:
    """SM-16: nothing is sent."""
    relay = Relay(authority.server_context(), extensions=("SIZE 10",))
    outcome = attempt(authority, relay)
    assert (outcome.verdict, outcome.reason) == ("failed", "too-large")
    assert not any(command.startswith("MAIL") for command in relay.commands)


def test_connections_are_used_again_and_closed_after_trouble(authority: Authority) -> None:
    """SM-82: one connection carries many messages, also after a refusal in good order; none after a lost reply."""
    relay = relay_with(authority)
    assert [o.verdict for o in attempts(authority, relay, *[shipment()] * 5)] == ["submitted"] * 5
    assert relay.connections == 1
    relay = relay_with(authority, rcpt="450 4.2.0 later")
    attempts(authority, relay, *[shipment()] * 3)
    assert relay.connections == 1
    assert relay.commands.count("RSET") == 3
    relay = relay_with(authority, dot="garbage")
    attempts(authority, relay, *[shipment()] * 3)
    assert relay.connections == 3


def test_the_waiting_times_are_those_of_the_standard() -> None:
    """SM-81: the reply after the last dot may take ten minutes; who waits shorter makes duplicates."""
    settings = SmtpSettings(host="127.0.0.1", port=25, tls="starttls")
    assert (settings.command_timeout, settings.data_timeout) == (300, 600)
    assert (smtp.CONNECT_TIMEOUT, smtp.IDLE_MAX) == (30, 30)


def test_an_idle_connection_that_the_relay_closed_costs_the_message_nothing(authority: Authority) -> None:
    """The second message finds the first connection closed and takes a new one."""
    relay = relay_with(authority)

    async def scenario() -> list[Outcome]:
        async with running(relay):
            transport = SmtpTransport(settings(relay), client_context(authority.pem))
            outcomes = [await transport.deliver(shipment(), nothing)]
            relay.faults["mail"] = "421 4.4.2 idle too long"

            async def mend() -> None:
                while relay.connections < 2:
                    await asyncio.sleep(0.001)
                del relay.faults["mail"]

            mending = asyncio.create_task(mend())
            outcomes.append(await transport.deliver(shipment(), nothing))
            await mending
            await transport.close()
            return outcomes

    assert [o.verdict for o in asyncio.run(scenario())] == ["submitted", "submitted"]
    assert relay.connections == 2


def test_what_the_store_refuses_before_data_stops_the_transmission(authority: Authority) -> None:
    """A message cancelled while the connection was made is not sent."""
    relay = relay_with(authority)

    async def cancelled() -> None:
        raise LookupError("cancelled")

    async def scenario() -> None:
        async with running(relay):
            transport = SmtpTransport(settings(relay), client_context(authority.pem))
            with pytest.raises(LookupError):
                await transport.deliver(shipment(), cancelled)

    asyncio.run(scenario())
    assert "DATA" not in relay.commands
    assert relay.messages == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recipient": "a@b.example>\r\nRCPT TO:<c@d.example"}, "address"),
        ({"recipient": "no-at-sign"}, "address"),
        ({"recipient": "é@gemeente.example"}, "address"),
        ({"recipient": ""}, "address"),
        ({"sender": "x y@zorg.example"}, "address"),
        # SMTP smuggling: forged ends of data
        ({"wire": b"a\r\n\r\nx\n.\nMAIL FROM:<x>\r\n"}, "protocol"),
        ({"wire": b"a\r\n\r\nx\n.\r\nMAIL FROM:<x>\r\n"}, "protocol"),
        ({"wire": b"a\r\n\r\nx\r\n.\nMAIL FROM:<x>\r\n"}, "protocol"),
        ({"wire": b"a\r\n\r\nx\r.\rMAIL FROM:<x>\r\n"}, "protocol"),
        ({"wire": b"a\r\n\r\nx\r.\r\n"}, "protocol"),
        ({"wire": b"a\r\n\r\nno end of line"}, "protocol"),
        ({"wire": b"a\r\n\r\n\0\r\n"}, "protocol"),
    ],
)
def test_what_could_be_read_as_another_message_never_reaches_the_relay(
    authority: Authority, changes: dict[str, Any], reason: str
) -> None:
    """SM-91: checked again at the last moment; no connection is made."""
    relay = relay_with(authority)
    (outcome,) = attempts(authority, relay, shipment(**changes))
    assert (outcome.verdict, outcome.reason) == ("failed", reason)
    assert relay.connections == 0


def test_a_lone_dot_inside_the_message_stays_inside(authority: Authority) -> None:
    """SM-91: dots are stuffed; one message goes in, one comes out."""
    wire = b"a: b\r\n\r\n.\r\n..\r\nMAIL FROM:<x@y.example>\r\n.\r\n"
    relay = relay_with(authority)
    attempts(authority, relay, shipment(wire=wire))
    assert relay.messages == [wire]


def test_every_exception_of_the_library_has_an_outcome() -> None:
    """Habit 7: the map of foreign exceptions is complete, before DATA and in it."""
    made: dict[type[Exception], Callable[[], Exception]] = {
        aiosmtplib.SMTPSenderRefused: lambda: aiosmtplib.SMTPSenderRefused(550, "no", "a"),
        aiosmtplib.SMTPRecipientRefused: lambda: aiosmtplib.SMTPRecipientRefused(550, "no", "a"),
        aiosmtplib.SMTPRecipientsRefused: lambda: aiosmtplib.SMTPRecipientsRefused([]),
    }
    for name in aiosmtplib.errors.__all__:
        kind = getattr(aiosmtplib.errors, name)
        if kind in made:
            error = made[kind]()
        elif issubclass(kind, aiosmtplib.SMTPResponseException):
            error = kind(450, "4.3.0 later")
        else:
            error = kind("no")
        assert outcome_of(error, "rcpt").verdict in ("deferred", "failed", "channel"), name
        assert outcome_of(error, "data").verdict in ("deferred", "failed", "uncertain"), name


def test_a_bug_of_ours_is_not_taken_for_the_relays() -> None:
    """What is none of the surroundings' making goes up as it is."""
    with pytest.raises(KeyError):
        outcome_of(KeyError("x"), "mail")
    assert all(issubclass(kind, Exception) for kind, _ in EXCEPTIONS)


def test_texts_from_outside_are_escaped_and_masked() -> None:
    """SM-151: control characters escaped, a run of digits that could be a BSN masked, cut at 200."""
    assert clean("a\r\nb\x1b[31m 999900006 \ud800") == "a\\x0d\\x0ab\\x1b[31m ********* \\xd800"
    assert len(clean("\n" * 300)) == 200


def test_xtext_hides_what_would_end_a_parameter() -> None:
    """RFC 3461 section 4."""
    assert xtext("a+b=c d@e") == "a+2Bb+3Dc+20d@e"


def test_the_context_has_only_strong_suites_and_checks_names() -> None:
    """SM-79, SM-143."""
    context = client_context(None)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED
    names = {suite["name"] for suite in context.get_ciphers()}
    assert all(("GCM" in name or "CHACHA20" in name) for name in names)
    assert context.options & ssl.OP_NO_RENEGOTIATION


@pytest.mark.parametrize(
    ("step", "fault", "expected"),
    [
        # A reply too many, in one piece with the right one: what follows would be off by one.
        ("mail", "250 2.1.0 ok\r\n250 2.1.5 early", ("channel", "mail", "garbage")),
        ("rcpt", "250 2.1.5 ok\r\n354 early\r\n250 2.0.0 queued", ("deferred", "rcpt", "garbage")),
        ("data", "354 go\r\n250 2.0.0 queued before it came", ("uncertain", "data", "garbage")),
        # A promise for what was never sent.
        ("data", "250 2.0.0 queued", ("uncertain", "data", "garbage")),
        # Lines without end.
        ("mail", "250-" + "\r\n250-".join("x" * 70 for _ in range(2000)), ("channel", "mail", "garbage")),
        ("dot", "250-" + "\r\n250-".join("x" * 70 for _ in range(2000)), ("uncertain", "data", "garbage")),
        ("dot", "250 " + "x" * 50_000_000, ("uncertain", "data", "garbage")),
    ],
    ids=["twice-at-mail", "twice-at-rcpt", "early-promise", "promise-for-data", "endless-mail", "endless-dot", "huge"],
)
def test_a_relay_that_says_more_than_was_asked_is_believed_in_nothing(
    authority: Authority, step: str, fault: str, expected: tuple[str, str, str | None]
) -> None:
    """No reply is taken for the answer to another question: a message is handed over only by its own (SM-85)."""
    relay = relay_with(authority, **{step: fault})
    outcome = attempt(authority, relay)
    assert (outcome.verdict, outcome.phase, outcome.reason) == expected
    if step != "dot":
        assert relay.messages == []
