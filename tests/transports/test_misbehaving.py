"""Mailboxes that misbehave in the midst of a message: nothing hangs, nothing is lost, nothing is there twice."""

import asyncio
import re
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from gateway.store import MasterKey, Store
from gateway.transports import (
    ImapMailbox,
    ImapSettings,
    Mailbox,
    MailboxDown,
    Pop3Mailbox,
    Pop3Settings,
    bounded,
    client_context,
)
from gateway.worker import Picked, pickup

from .line_server import serving
from .pki import Authority

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
GOOD, BAD = b"Subject: goed\r\n\r\ngoed\r\n", b"Subject: kwaad\r\n\r\nkwaad\r\n"
Send = Callable[[bytes], None]
Spoil = Callable[[bytes, Send], bool]
"""Gets the tag of a fetch of the bad message; whether it answered, in its own way."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of these tests."""
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An open store."""
    with Store.open(tmp_path / "gateway.db", MasterKey.generate()) as opened:
        yield opened


class ImapServer:
    """Two messages: 1 is the bad one, 2 the good one. `spoil` answers a fetch of the bad one's bytes."""

    def __init__(self, spoil: Spoil, *, search: bytes = b"1 2", describe: bytes = b"1 2") -> None:
        self.spoil, self.search, self.describe = spoil, search, describe
        self.here = {1: BAD, 2: GOOD}
        self.validity = 7
        self.fetches = count()

    def answer(self, line: bytes, send: Send) -> None:
        """IMAP as far as it is asked for."""
        tag, _, verb = line.partition(b" ")
        if verb.startswith(b"CAPABILITY"):
            send(b"* CAPABILITY IMAP4rev1 MOVE UIDPLUS\r\n")
        elif verb.startswith(b"SELECT"):
            send(b"* 2 EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n" % self.validity)
        elif verb.startswith(b"UID SEARCH"):
            there = [n for n in self.search.split() if int(n) in self.here]
            send(b"* SEARCH " + b" ".join(there) + b"\r\n")
        elif verb.startswith(b"UID MOVE"):
            for number in re.findall(rb"\d+", verb.split()[2]):
                self.here.pop(int(number), None)
        elif verb.startswith(b"UID FETCH") and b"INTERNALDATE" in verb:
            for number in (int(n) for n in self.describe.split() if int(n) in self.here):
                send(
                    b'* %d FETCH (UID %d INTERNALDATE "01-Mar-2026 08:00:00 +0000" RFC822.SIZE 30)\r\n'
                    % (number, number)
                )
        elif verb.startswith(b"UID FETCH"):
            next(self.fetches)
            numbers = [int(number) for number in verb.split()[2].split(b",")]
            if 1 in numbers and self.spoil(tag, send):
                return
            for number in numbers:
                if number in self.here:
                    self.give(number, send)
        send(tag + b" OK done\r\n")

    def give(self, number: int, send: Send) -> None:
        """A message, as it should be."""
        data = self.here[number]
        send(b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n" % (number, number, len(data)) + data + b")\r\n")


def imap(authority: Authority, port: int) -> Mailbox:
    """The mailbox on this port."""
    settings = ImapSettings(host="127.0.0.1", port=port, username="wmo", password="geheim")
    return ImapMailbox(settings, client_context(authority.pem))


def looks(authority: Authority, store: Store, server: ImapServer, times: int = 1) -> list[Picked]:
    """So many looks at this server; in none does the mailbox go down."""
    with serving(authority.server_context(), b"* OK hello\r\n", server.answer) as port:
        return [asyncio.run(pickup(store, imap(authority, port), lambda: NOW, size_max=1000)) for _ in range(times)]


def kept(store: Store) -> list[bytes]:
    """The messages in the inbox."""
    with store.view(now=NOW) as view:
        return [view.inbox.raw(item.id) for item in view.inbox.list()]


def _huge(tag: bytes, send: Send) -> bool:
    send(b"* 1 FETCH (UID 1 BODY[]<0> {99999999999}\r\n" + BAD)
    return True


def _endless_literal(tag: bytes, send: Send) -> bool:
    send(b"* 1 FETCH (UID 1 BODY[]<0> {900000000}\r\n")
    for _ in range(1000):
        send(b"x" * 65_536)
    return True


def _too_short(tag: bytes, send: Send) -> bool:
    send(b"* 1 FETCH (UID 1 BODY[]<0> {5}\r\n" + BAD + b")\r\n" + tag + b" OK done\r\n")
    return True


def _bye(tag: bytes, send: Send) -> bool:
    send(b"* 1 FETCH (UID 1 BODY[]<0> {500}\r\n" + BAD + b"* BYE\r\n")
    raise ConnectionAbortedError


def _other_uid(tag: bytes, send: Send) -> bool:
    send(b"* 1 FETCH (UID 9 BODY[]<0> {%d}\r\n" % len(GOOD) + GOOD + b")\r\n" + tag + b" OK done\r\n")
    return True


def _other_validity(tag: bytes, send: Send) -> bool:
    send(b"* OK [UIDVALIDITY 8] renewed\r\n")
    return False


def _endless_lines(tag: bytes, send: Send) -> bool:
    for _ in range(100_000):
        send(b"* OK still busy\r\n" * 1000)
    return True


def _endless_line(tag: bytes, send: Send) -> bool:
    for _ in range(1000):
        send(b"* OK " + b"x" * 65_536)
    return True


def _garbage(tag: bytes, send: Send) -> bool:
    send(b"\x00\xff what is this\r\n")
    return True


def _number_without_end(tag: bytes, send: Send) -> bool:
    send(b"* 1 FETCH (UID 1 BODY[]<0> {" + b"9" * 5000 + b"}\r\n")
    return True


def _refusal(tag: bytes, send: Send) -> bool:
    send(tag + b" NO not now\r\n")
    return True


SPOILED = [
    _huge,
    _endless_literal,
    _too_short,
    _bye,
    _other_uid,
    _other_validity,
    _endless_lines,
    _endless_line,
    _garbage,
    _number_without_end,
    _refusal,
]


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda spoil: spoil.__name__.strip("_"))
def test_imap_one_message_that_is_given_wrongly_costs_no_other(
    authority: Authority, store: Store, monkeypatch: pytest.MonkeyPatch, spoil: Spoil
) -> None:
    """SM-93, SM-100: it stays where it is, three times tried; the good one is there once."""
    monkeypatch.setattr(bounded, "ANSWER_MAX", 1_000_000)
    server = ImapServer(spoil)
    found = looks(authority, store, server, 5)
    assert [each.new for each in found] == [1, 0, 0, 0, 0]
    assert [each.unreadable for each in found] == [1, 1, 1, 0, 0]
    assert kept(store) == [GOOD]
    assert server.here == {1: BAD}


def test_imap_what_others_do_meanwhile_does_not_matter(authority: Authority, store: Store) -> None:
    """EXPUNGE, EXISTS and flags of other messages within our fetch; a second answer about the same message."""

    def busy(tag: bytes, send: Send) -> bool:
        send(b"* 3 EXPUNGE\r\n* 9 EXISTS\r\n* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 FLAGS ())\r\n")
        return False

    assert looks(authority, store, ImapServer(busy)) == [Picked(new=2, moved=2)]
    assert kept(store) == [BAD, GOOD]


def test_imap_a_message_that_others_remove_meanwhile_is_gone_and_no_alarm(authority: Authority, store: Store) -> None:
    """It is not looked for again."""

    def gone(tag: bytes, send: Send) -> bool:
        server.here.pop(1, None)
        send(tag + b" OK done\r\n")
        return True

    server = ImapServer(gone)
    assert [each.unreadable for each in looks(authority, store, server, 3)] == [1, 0, 0]
    assert kept(store) == [GOOD]
    with store.view(now=NOW) as view:
        assert view.places.given_up() == 0


@pytest.mark.parametrize("search", [b"1 1 2 2 2", b"2 1"])
def test_imap_a_number_that_is_said_twice_is_one_message(authority: Authority, store: Store, search: bytes) -> None:
    """In whatever order."""
    assert looks(authority, store, ImapServer(lambda *_: False, search=search)) == [Picked(new=2, moved=2)]


def test_imap_a_message_that_is_not_described_is_left_with_an_alarm(authority: Authority, store: Store) -> None:
    """Without a time of arrival it cannot be judged."""
    server = ImapServer(lambda *_: False, describe=b"2")
    assert [each.unreadable for each in looks(authority, store, server, 4)] == [1, 1, 1, 0]
    with store.view(now=NOW) as view:
        assert view.places.given_up() == 1


def test_imap_a_folder_that_is_made_anew_between_two_looks_is_read_again(authority: Authority, store: Store) -> None:
    """SM-95: recognised by its bytes."""
    server = ImapServer(lambda *_: False)
    with serving(authority.server_context(), b"* OK hello\r\n", server.answer) as port:
        asyncio.run(pickup(store, imap(authority, port), lambda: NOW))
        server.validity, server.here = 8, {1: GOOD, 2: BAD}
        assert asyncio.run(pickup(store, imap(authority, port), lambda: NOW)) == Picked(known=2, moved=2)
    assert len(kept(store)) == 2


def test_a_mailbox_that_goes_down_with_a_message_does_not_count_against_it(authority: Authority, store: Store) -> None:
    """SM-100: three bad nights of the line must not leave a good message behind."""
    nights = count()

    def answer(line: bytes, send: Send) -> None:
        if b"BODY" in line and next(nights) < 5:
            up.clear()
            raise ConnectionAbortedError
        if not up:
            raise ConnectionAbortedError
        server.answer(line, send)

    up, server = [True], ImapServer(lambda *_: False)
    with serving(authority.server_context(), b"* OK hello\r\n", answer) as port:
        for _ in range(5):
            up[:] = [True]
            with pytest.raises(MailboxDown):
                asyncio.run(pickup(store, imap(authority, port), lambda: NOW))
        up[:] = [True]
        assert asyncio.run(pickup(store, imap(authority, port), lambda: NOW)) == Picked(new=2, moved=2)


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_server_that_sends_a_byte_now_and_then_is_left_in_time(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """No single wait is long; all of them together are."""
    monkeypatch.setattr(bounded, "CALL_MAX", 0.3)
    monkeypatch.setattr(bounded.Bounds.begin, "__defaults__", (0, 0.3))

    def drip(_line: bytes, send: Send) -> None:
        pause = Event()
        for _ in range(200):
            send(b"x")
            pause.wait(0.02)

    with serving(authority.server_context(), b"* OK hello\r\n" if kind == "imap" else b"+OK\r\n", drip) as port:
        box = imap(authority, port) if kind == "imap" else pop3(authority, port)
        with pytest.raises(MailboxDown):
            asyncio.run(box.uids())


# -- POP3 -------------------------------------------------------------------------------------------------------------


class Pop3Server:
    """Messages by number; what it says in UIDL and LIST is given."""

    def __init__(
        self, uidl: bytes, *, sizes: bytes = b"1 20\r\n2 20\r\n", messages: dict[int, bytes] | None = None
    ) -> None:
        self.uidl, self.sizes = uidl, sizes
        self.messages = {1: BAD, 2: GOOD} if messages is None else messages
        self.deleted: set[int] = set()

    def answer(self, command: bytes, send: Send) -> None:
        """POP3 as far as it is asked for."""
        verb, _, number = command.partition(b" ")
        if verb == b"CAPA":
            send(b"+OK\r\nUIDL\r\n.\r\n")
        elif verb in (b"UIDL", b"LIST"):
            lines = (self.uidl if verb == b"UIDL" else self.sizes).splitlines(keepends=True)
            there = [line for line in lines if line.partition(b" ")[0] not in map(b"%d".__mod__, self.deleted)]
            send(b"+OK\r\n" + b"".join(there) + b".\r\n")
        elif verb == b"RETR" and int(number) in self.messages:
            send(b"+OK\r\n" + self.messages[int(number)] + b".\r\n")
        elif verb == b"RETR" or (verb == b"DELE" and int(number) in self.deleted):
            send(b"-ERR\r\n")
        elif verb == b"DELE":
            self.deleted.add(int(number))
            send(b"+OK\r\n")
        else:
            send(b"+OK\r\n")


def pop3(authority: Authority, port: int) -> Mailbox:
    """The mailbox on this port."""
    settings = Pop3Settings(host="127.0.0.1", port=port, username="wmo", password="geheim")
    return Pop3Mailbox(settings, client_context(authority.pem))


def popped(authority: Authority, store: Store, server: Pop3Server) -> Picked:
    """One look."""
    with serving(authority.server_context(), b"+OK\r\n", server.answer) as port:
        return asyncio.run(pickup(store, pop3(authority, port), lambda: NOW, size_max=1000))


@pytest.mark.parametrize(
    "uidl",
    [
        b"1 same\r\n2 same\r\n",
        b"1 a\r\n1 b\r\n2 c\r\n",
        b"2 b\r\n1 a\r\n",
        b"1 \x00\xff\r\n2 \x01\r\n",
        b"1 " + b"u" * 100_000 + b"\r\n2 " + b"v" * 100_000 + b"\r\n",
        b"geen nummer\r\n1 a\r\n\x00\r\n2 b\r\n99999999999999999999999 c\r\n",
    ],
    ids=["one-name-for-two", "two-names-for-one", "out-of-order", "no-text", "long", "garbage-between"],
)
def test_pop3_names_of_any_kind_lose_no_message(authority: Authority, store: Store, uidl: bytes) -> None:
    """SM-101: each message is fetched once and deleted once."""
    server = Pop3Server(uidl)
    assert popped(authority, store, server).new == 2
    assert sorted(kept(store)) == [GOOD, BAD]
    assert server.deleted == {1, 2}


def test_pop3_a_name_that_is_used_again_is_another_message(authority: Authority, store: Store) -> None:
    """What was deleted cannot stand there any more: by its bytes it is known, or it is new."""
    assert popped(authority, store, Pop3Server(b"1 same\r\n", messages={1: BAD})) == Picked(new=1, moved=1)
    assert popped(authority, store, Pop3Server(b"1 same\r\n", messages={1: GOOD})) == Picked(new=1, moved=1)
    assert popped(authority, store, Pop3Server(b"1 same\r\n", messages={1: GOOD})) == Picked(known=1, moved=1)
    assert len(kept(store)) == 2


@pytest.mark.parametrize("sizes", [b"", b"1 0\r\n2 0\r\n", b"1 -5\r\n2 veel\r\n", b"1 " + b"9" * 5000 + b"\r\n"])
def test_pop3_sizes_that_are_not_true_change_nothing(authority: Authority, store: Store, sizes: bytes) -> None:
    """SM-93: a hint; what counts is what comes."""
    assert popped(authority, store, Pop3Server(b"1 a\r\n2 b\r\n", sizes=sizes)) == Picked(new=2, moved=2)


def test_pop3_a_message_that_is_refused_costs_no_other(authority: Authority, store: Store) -> None:
    """SM-100."""
    server = Pop3Server(b"1 a\r\n2 b\r\n", messages={2: GOOD})
    assert [popped(authority, store, server).unreadable for _ in range(4)] == [1, 1, 1, 0]
    assert kept(store) == [GOOD]


@pytest.mark.parametrize("verb", [b"UIDL", b"LIST", b"CAPA", b"USER"])
def test_pop3_an_answer_without_end_is_left_in_time(
    authority: Authority, store: Store, monkeypatch: pytest.MonkeyPatch, verb: bytes
) -> None:
    """Lines without end, or one line without end: a mailbox that is down."""
    monkeypatch.setattr(bounded, "ANSWER_MAX", 1_000_000)
    server = Pop3Server(b"1 a\r\n")

    def answer(command: bytes, send: Send) -> None:
        if not command.startswith(verb):
            return server.answer(command, send)
        send(b"+OK\r\n" if verb != b"USER" else b"+OK ")
        for _ in range(1000):
            send(b"1 x\r\n" * 10_000 if verb != b"USER" else b"x" * 50_000)
        return None

    with serving(authority.server_context(), b"+OK\r\n", answer) as port, pytest.raises(MailboxDown):
        asyncio.run(pickup(store, pop3(authority, port), lambda: NOW))


def test_a_connection_that_ends_without_a_goodbye_of_tls_is_no_end_of_a_message(
    authority: Authority, store: Store
) -> None:
    """A cut looks like an end to who does not wait for the last line: half a message is none."""
    server = Pop3Server(b"1 a\r\n")

    def answer(command: bytes, send: Send) -> None:
        if not command.startswith(b"RETR"):
            return server.answer(command, send)
        send(b"+OK\r\n" + BAD[:-3])
        raise ssl.SSLError

    with serving(authority.server_context(), b"+OK\r\n", answer) as port:
        assert asyncio.run(pickup(store, pop3(authority, port), lambda: NOW)).unreadable == 1
    assert kept(store) == []
