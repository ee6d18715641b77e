"""Mailbox servers that misbehave: sizes that are not true, lines without end, a log-in that nobody asked for."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest

from gateway.transports import (
    ImapBell,
    ImapMailbox,
    ImapSettings,
    MailboxDown,
    Pop3Mailbox,
    Pop3Settings,
    Unreadable,
    client_context,
)

from .line_server import serving
from .pki import Authority

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
Send = Callable[[bytes], None]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of these tests."""
    return Authority(tmp_path_factory.mktemp("pki"))


def pop3(authority: Authority, port: int) -> Pop3Mailbox:
    """The mailbox on this port."""
    settings = Pop3Settings(host="127.0.0.1", port=port, username="wmo", password="geheim")
    return Pop3Mailbox(settings, client_context(authority.pem))


def imap(port: int) -> ImapSettings:
    """How to reach the server on this port."""
    return ImapSettings(host="127.0.0.1", port=port, username="wmo", password="geheim")


class Pop3Server:
    """One message, `lines` as its answer to RETR; it says the message has 10 bytes."""

    def __init__(self, *lines: bytes, uidl: bool = True) -> None:
        self.lines, self.uidl = lines, uidl
        self.commands: list[bytes] = []

    def answer(self, command: bytes, send: Send) -> None:
        """POP3 as far as it is asked for."""
        self.commands.append(command)
        if command == b"CAPA":
            send(b"+OK\r\n" + (b"UIDL\r\n" if self.uidl else b"") + b".\r\n")
        elif command == b"UIDL":
            send(b"+OK\r\n1 first\r\n.\r\n")
        elif command == b"LIST":
            send(b"+OK\r\n1 10\r\n.\r\n")
        elif command.startswith(b"RETR"):
            send(b"+OK\r\n")
            for line in self.lines:
                send(line)
        else:
            send(b"+OK\r\n")


def fetched(authority: Authority, server: Pop3Server, limit: int) -> bytes:
    """The one message."""

    async def scenario(port: int) -> bytes:
        box = pop3(authority, port)
        try:
            (listed,) = await box.list()
            data = await box.fetch(listed.uid, limit)
            assert await box.list() == [listed]  # whatever happened, the mailbox can be used
            return data
        finally:
            await box.close()

    with serving(authority.server_context(), b"+OK\r\n", server.answer) as port:
        return asyncio.run(scenario(port))


def test_pop3_reading_stops_at_the_limit_whatever_size_was_said(authority: Authority) -> None:
    """SM-93: bytes are counted while they come; an answer of a hundred megabytes is left after 64 KB."""
    sent = count()

    def endless() -> bytes:
        next(sent)
        return b"x" * 998 + b"\r\n"

    class Endless(Pop3Server):
        def answer(self, command: bytes, send: Send) -> None:
            if not command.startswith(b"RETR"):
                return super().answer(command, send)
            send(b"+OK\r\n")
            for _ in range(100_000):
                send(endless())
            return None

    assert len(fetched(authority, Endless(), 64_000)) == 64_001
    assert next(sent) < 20_000  # what the sockets hold, not the whole answer


@pytest.mark.parametrize("limit", [9, 10, 11])
def test_pop3_a_message_of_exactly_the_limit_is_whole(authority: Authority, limit: int) -> None:
    """One byte more than the limit is how the caller sees that it is too large."""
    assert fetched(authority, Pop3Server(b"12345678\r\n", b".\r\n"), limit) == b"12345678\r\n"[: limit + 1]


def test_pop3_lines_of_any_length_and_with_dots_arrive_as_they_were(authority: Authority) -> None:
    """SM-100, SM-101: poplib itself dies of a line over 2 048 bytes; a dot within a long line ends nothing."""
    long = b"x" * 65_536 + b".\r\n"
    server = Pop3Server(b"a\r\n", b"..\r\n", b"...b\r\n", long, b"\r\n", b".\r\n")
    assert fetched(authority, server, 1_000_000) == b"a\r\n.\r\n..b\r\n" + long + b"\r\n"


@pytest.mark.parametrize("refusal", [b"-ERR no such message\r\n", b"\x00 garbage\r\n"])
def test_pop3_a_refused_message_is_unreadable_and_the_mailbox_goes_on(authority: Authority, refusal: bytes) -> None:
    """SM-100."""

    class Refuses(Pop3Server):
        def answer(self, command: bytes, send: Send) -> None:
            return send(refusal) if command.startswith(b"RETR") else super().answer(command, send)

    with pytest.raises(Unreadable):
        fetched(authority, Refuses(), 100)


def test_pop3_without_uidl_is_not_read(authority: Authority) -> None:
    """SM-101: without names that last, a message could be taken twice or not at all."""
    with pytest.raises(MailboxDown):
        fetched(authority, Pop3Server(uidl=False), 100)


def test_pop3_what_was_read_by_its_header_only_is_never_deleted(authority: Authority) -> None:
    """SM-144: POP3 has no folders; it stays there, whole."""
    server = Pop3Server(b".\r\n")

    async def scenario(port: int) -> None:
        box = pop3(authority, port)
        await box.list()
        assert await box.set_aside(["first"]) == {"first"}
        assert not any(command.startswith(b"DELE") for command in server.commands)
        await box.release(["first"])
        assert b"DELE 1" in server.commands

    with serving(authority.server_context(), b"+OK\r\n", server.answer) as port:
        asyncio.run(scenario(port))


def test_imap_a_greeting_that_says_we_are_known_already_is_an_error(authority: Authority) -> None:
    """SM-143: with PREAUTH the server, or who stands between, decided whose mailbox this is."""
    commands: list[bytes] = []

    def answer(command: bytes, send: Send) -> None:
        commands.append(command)
        send(b"* CAPABILITY IMAP4rev1 IDLE\r\n" + command.split(b" ")[0] + b" OK done\r\n")

    async def scenario(port: int) -> None:
        context = client_context(authority.pem)
        with pytest.raises(MailboxDown):
            await ImapMailbox(imap(port), context).list()
        with pytest.raises(MailboxDown):
            await ImapBell(imap(port), context).wait()

    with serving(authority.server_context(), b"* PREAUTH welcome back\r\n", answer) as port:
        asyncio.run(scenario(port))
    assert not any(word in command for command in commands for word in (b"LOGIN", b"SELECT", b"EXAMINE", b"FETCH"))


class Idler:
    """An IMAP server that says what it is told when idled to."""

    def __init__(self, *said: bytes, offers: bytes = b"IDLE") -> None:
        self.said, self.offers = list(said), offers
        self.idled = 0
        self._tag = b""

    def answer(self, command: bytes, send: Send) -> None:
        """IMAP as far as it is asked for."""
        if command == b"DONE":
            return send(self._tag + b" OK done\r\n")
        tag, _, verb = command.partition(b" ")
        if verb.startswith(b"IDLE"):
            self._tag, self.idled = tag, self.idled + 1
            send(b"+ idling\r\n")
            time.sleep(0.05)  # what comes together with it the client does not hear
            return send(self.said.pop(0)) if self.said else None
        if verb.startswith(b"CAPABILITY"):
            send(b"* CAPABILITY IMAP4rev1 " + self.offers + b"\r\n")
        return send(tag + b" OK done\r\n")


def rings(authority: Authority, server: Idler, times: int, renew: float = 0.05) -> list[bool]:
    """What the bell says."""

    async def scenario(port: int) -> list[bool]:
        bell = ImapBell(imap(port), client_context(authority.pem), renew)
        try:
            return [await bell.wait() for _ in range(times)]
        finally:
            await bell.close()

    with serving(authority.server_context(), b"* OK done\r\n", server.answer) as port:
        return asyncio.run(scenario(port))


def test_the_bell_rings_for_mail_long_before_its_time(authority: Authority) -> None:
    """SM-98: what arrives while IDLE lasts."""
    server = Idler(b"* OK Still here\r\n* 2 EXISTS\r\n")
    assert rings(authority, server, 2, renew=60) == [True, True]
    assert server.idled == 1


def test_what_is_no_mail_wakes_nobody_and_idle_is_begun_anew_in_time(authority: Authority) -> None:
    """SM-98: a server that is still there, or mail that left; a new IDLE is followed by a look."""
    server = Idler(b"* OK Still here\r\n* 1 EXPUNGE\r\n* 0 RECENT\r\n")
    assert rings(authority, server, 3, renew=0.3) == [True, True, True]
    assert server.idled == 3


def test_without_idle_there_is_no_bell(authority: Authority) -> None:
    """The look by the clock is enough."""
    assert rings(authority, Idler(offers=b""), 1) == [False]


def test_a_bell_whose_connection_ends_says_so(authority: Authority) -> None:
    """And the next wait connects anew, which is a reason to look."""

    async def scenario(port: int) -> list[bool]:
        bell = ImapBell(imap(port), client_context(authority.pem))
        rung = [await bell.wait()]
        with pytest.raises(MailboxDown):
            await bell.wait()
        rung.append(await bell.wait())
        await bell.close()
        return rung

    server = Idler(b"* BYE\r\n* not \xff what it should be\r\n")

    def answer(command: bytes, send: Send) -> None:
        server.answer(command, send)
        if b"IDLE" in command and server.idled == 1:
            raise ConnectionAbortedError

    with serving(authority.server_context(), b"* OK done\r\n", answer) as port:
        assert asyncio.run(scenario(port)) == [True, True]


def test_waiting_that_is_cancelled_ends_at_once(authority: Authority) -> None:
    """A stop of the gateway does not wait nine minutes."""

    async def scenario(port: int) -> None:
        bell = ImapBell(imap(port), client_context(authority.pem))
        assert await bell.wait()
        waiting = asyncio.create_task(bell.wait())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    async def bounded(port: int) -> None:
        await asyncio.wait_for(scenario(port), 30)

    with serving(authority.server_context(), b"* OK done\r\n", Idler().answer) as port:
        asyncio.run(bounded(port))  # ends only when the thread has
