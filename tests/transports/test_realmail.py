"""The transports against Postfix and Dovecot: submission, refusals, IMAP, POP3, and the pickup through a store."""

import asyncio
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from gateway.domain.delivery import Admission, Outcome, Shipment
from gateway.store import MasterKey, Place, Raw, Store
from gateway.transports import (
    ImapBell,
    ImapMailbox,
    ImapSettings,
    Mailbox,
    MailboxDown,
    MaildirMailbox,
    Pop3Mailbox,
    Pop3Settings,
    SmtpSettings,
    SmtpTransport,
    Unreadable,
    client_context,
)
from gateway.worker import Picked, pickup
from tests import realmail

from .pki import Authority

pytestmark = pytest.mark.real_mail

SENDER, RECIPIENT = realmail.USERS
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of these tests."""
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def mail(authority: Authority) -> Iterator[realmail.Mail]:
    """One mail system for all tests of this file."""
    if (reason := realmail.missing()) is not None:
        pytest.skip(reason)
    with realmail.system(*authority.server()) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An open store."""
    with Store.open(tmp_path / "gateway.db", MasterKey.generate()) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _empty(mail: realmail.Mail, authority: Authority) -> None:
    """Every test finds the recipient's mailbox empty."""
    with IMAPClient("127.0.0.1", mail.imaps, ssl_context=client_context(authority.pem)) as client:
        client.login(RECIPIENT, realmail.SECRET)
        for folder in [name for _, _, name in client.list_folders()]:
            client.select_folder(folder)
            if uids := client.search("ALL"):
                client.delete_messages(uids)
                client.expunge()


def shipment(number: int = 1, **changes: Any) -> Shipment:
    """One transmission."""
    values: dict[str, Any] = {
        "message_id": f"<{number}@zorg.example>",
        "sender": SENDER,
        "recipient": RECIPIENT,
        "envelope_id": f"{number:032x}",
        "wire": f"Message-ID: <{number}@zorg.example>\r\nSubject: [...]\r\n\r\n.dot {number}\r\n".encode(),
        "wants_dsn": True,
    }
    return Shipment(**(values | changes))


async def nothing() -> None:
    """Nothing to write down here."""


def submit(mail: realmail.Mail, authority: Authority, *shipments: Shipment, **changes: Any) -> list[Outcome]:
    """Hand these to Postfix."""
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": mail.submission,
        "tls": "starttls",
        "username": SENDER,
        "password": realmail.SECRET,
    }

    async def scenario() -> list[Outcome]:
        transport = SmtpTransport(SmtpSettings(**(values | changes)), client_context(authority.pem))
        try:
            return [await transport.deliver(each, nothing) for each in shipments]
        finally:
            await transport.close()

    return asyncio.run(scenario())


def wait_until(true: Callable[[], bool]) -> None:
    """Mail takes a moment."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not arrive"
        time.sleep(0.05)


def arrived(mail: realmail.Mail) -> int:
    """How many messages stand unseen in the recipient's maildir."""
    new = mail.maildir(RECIPIENT) / "new"
    return len(list(new.iterdir())) if new.is_dir() else 0


def test_postfix_takes_a_message_by_starttls_and_by_implicit_tls(mail: realmail.Mail, authority: Authority) -> None:
    """`submitted`, with the queue id; the bytes arrive behind Dovecot as they were sent."""
    (by_starttls,) = submit(mail, authority, shipment(1))
    (by_tls,) = submit(mail, authority, shipment(2), port=mail.submissions, tls="implicit")
    for outcome in (by_starttls, by_tls):
        assert (outcome.verdict, outcome.code, outcome.enhanced) == ("submitted", 250, "2.0.0")
        assert "queued as" in (outcome.text or "")
    wait_until(lambda: arrived(mail) == 2)

    async def read() -> list[bytes]:
        box = MaildirMailbox(mail.maildir(RECIPIENT), RECIPIENT)
        return [await box.fetch(listed.uid, 100_000) for listed in await box.list()]

    assert sorted(raw[-8:] for raw in asyncio.run(read())) == [b".dot 1\r\n", b".dot 2\r\n"]


@pytest.mark.parametrize(
    ("changes", "settings", "expected"),
    [
        ({"recipient": "niemand@zorg.example"}, {}, ("failed", "rcpt", "address")),
        ({"sender": "ander@zorg.example"}, {}, ("failed", "rcpt", "policy")),
        ({"recipient": "x@elders.example"}, {}, ("failed", "rcpt", "policy")),
        ({"wire": b"a: b\r\n\r\n" + b"x" * 36_700_200 + b"\r\n"}, {}, ("failed", "mail", "too-large")),
        ({}, {"password": "wrong"}, ("channel", "auth", "auth")),
        ({"sender": "", "wants_dsn": False}, {}, ("submitted", "data", None)),
    ],
    ids=["unknown-user", "foreign-sender", "outside", "too-large", "wrong-password", "null-sender"],
)
def test_what_postfix_says_has_its_outcome(
    mail: realmail.Mail,
    authority: Authority,
    changes: dict[str, Any],
    settings: dict[str, Any],
    expected: tuple[str, str, str | None],
) -> None:
    """16.2: foreign sender 553 5.7.1 at RCPT, unknown user 550 5.1.1, size 552 5.3.4 at MAIL."""
    (outcome,) = submit(mail, authority, shipment(**changes), **settings)
    assert (outcome.verdict, outcome.phase, outcome.reason) == expected
    if outcome.verdict == "submitted":
        wait_until(lambda: arrived(mail) == 1)  # or the next test finds it


def test_a_message_that_cannot_be_delivered_comes_back_with_our_envelope_id(
    mail: realmail.Mail, authority: Authority
) -> None:
    """SM-71: `Original-Envelope-Id`, headers only; the bounce goes to the sender's mailbox."""
    envelope_id = "feedfacefeedfacefeedfacefeedface"
    submit(mail, authority, shipment(9, recipient=realmail.DEAD, envelope_id=envelope_id))
    inbox = mail.maildir(SENDER) / "new"

    def bounced() -> bool:
        reports = [f.read_text() for f in inbox.iterdir()] if inbox.is_dir() else []
        return any("Action: failed" in r and f"Original-Envelope-Id: {envelope_id}" in r for r in reports)

    wait_until(bounced)


def boxes(mail: realmail.Mail, authority: Authority) -> dict[str, Callable[[], Mailbox]]:
    """The recipient's mailbox, by each way of reading it."""
    context = client_context(authority.pem)
    imap = ImapSettings(host="127.0.0.1", port=mail.imaps, username=RECIPIENT, password=realmail.SECRET)
    pop3 = Pop3Settings(host="127.0.0.1", port=mail.pops, username=RECIPIENT, password=realmail.SECRET)
    return {
        "imap": lambda: ImapMailbox(imap, context),
        "pop3": lambda: Pop3Mailbox(pop3, context),
        "maildir": lambda: MaildirMailbox(mail.maildir(RECIPIENT), RECIPIENT),
    }


@pytest.mark.parametrize("kind", ["imap", "pop3", "maildir"])
def test_a_mailbox_is_emptied_into_the_inbox_and_read_once(
    mail: realmail.Mail, authority: Authority, store: Store, kind: str
) -> None:
    """SM-92, SM-94, SM-97, SM-101: fetched, committed, moved, marked; nothing is there twice."""
    make = boxes(mail, authority)[kind]
    submit(mail, authority, *(shipment(n) for n in range(1, 6)))
    wait_until(lambda: arrived(mail) == 5)
    assert asyncio.run(pickup(store, make(), lambda: NOW)) == Picked(new=5, moved=5)
    assert asyncio.run(pickup(store, make(), lambda: NOW)) == Picked()
    with store.view(now=NOW) as view:
        raw = [view.inbox.raw(item.id) for item in view.inbox.list()]
    assert sorted(data[-8:] for data in raw) == [f".dot {n}\r\n".encode() for n in range(1, 6)]
    assert all(b"\n" not in data.replace(b"\r\n", b"") for data in raw)


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_nothing_of_a_message_or_a_password_is_written_out_for_a_log(
    mail: realmail.Mail, authority: Authority, store: Store, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """SM-150: also where the libraries' own logs are kept in full; and of a mail of 50 MB that would be 100 MB more."""
    caplog.set_level(logging.DEBUG)
    submit(mail, authority, shipment(1, wire=b"Message-ID: <1@zorg.example>\r\n\r\nvan een client\r\n"))
    wait_until(lambda: arrived(mail) == 1)
    assert asyncio.run(pickup(store, boxes(mail, authority)[kind](), lambda: NOW)).new == 1
    assert "van een client" not in caplog.text
    assert realmail.SECRET not in caplog.text


@pytest.mark.parametrize("kind", ["imap", "pop3", "maildir"])
def test_an_oversize_message_is_not_fetched_but_recorded(
    mail: realmail.Mail, authority: Authority, store: Store, kind: str
) -> None:
    """SM-93."""
    make = boxes(mail, authority)[kind]
    big = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * 2000
    submit(mail, authority, shipment(1), shipment(2, wire=big))
    wait_until(lambda: arrived(mail) == 2)
    assert asyncio.run(pickup(store, make(), lambda: NOW, size_max=2000)) == Picked(new=1, oversize=1, moved=2)
    with store.view(now=NOW) as view:
        (item,) = view.inbox.list(reason="too-large")
        assert b"Subject: big" in view.inbox.raw(item.id)
        assert len(view.inbox.raw(item.id)) < 2000


def test_the_same_message_by_two_ways_is_one(mail: realmail.Mail, authority: Authority, store: Store) -> None:
    """SM-95: recognised by its bytes when another protocol, or a new UIDVALIDITY, gives it another name."""
    submit(mail, authority, shipment(1))
    wait_until(lambda: arrived(mail) == 1)

    async def twice() -> Picked:
        by_imap = boxes(mail, authority)["imap"]()
        (listed,) = await by_imap.list()
        data = await by_imap.fetch(listed.uid, 100_000)
        with pytest.raises(Unreadable):
            await by_imap.fetch("1/999999", 100)
        await by_imap.close()
        place = Place(source="imap", account=RECIPIENT, folder="INBOX", uid=f"old/{listed.uid}")
        with store.unit(now=NOW, actor="test") as unit:
            unit.inbox.add(Raw(place=place, received_at=NOW, data=data))
            unit.places.moved([place])
        return await pickup(store, boxes(mail, authority)["pop3"](), lambda: NOW)

    assert asyncio.run(twice()) == Picked(known=1, moved=1)


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_mailbox_whose_certificate_is_not_ours_is_not_read(
    mail: realmail.Mail, tmp_path: Path, store: Store, kind: str
) -> None:
    """SM-79: the libraries' defaults would connect without any verification."""
    make = boxes(mail, Authority(tmp_path))[kind]
    with pytest.raises(MailboxDown, match="SSLCertVerificationError"):
        asyncio.run(pickup(store, make(), lambda: NOW))


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_wrong_password_is_a_mailbox_that_is_down(
    mail: realmail.Mail, authority: Authority, store: Store, kind: str
) -> None:
    """And the password is in no text."""
    context = client_context(authority.pem)
    box: Mailbox
    if kind == "imap":
        box = ImapMailbox(ImapSettings(host="127.0.0.1", port=mail.imaps, username=SENDER, password="fout"), context)
    else:
        pop3 = Pop3Settings(host="127.0.0.1", port=mail.pops, username=SENDER, password="fout")
        assert "fout" not in repr(pop3)
        box = Pop3Mailbox(pop3, context)
    with pytest.raises(MailboxDown) as caught:
        asyncio.run(pickup(store, box, lambda: NOW))
    assert "fout" not in str(caught.value)


class NoStrangers:
    """Of mail whose subject says so only the header is kept."""

    def by_headers(self, headers: Sequence[bytes]) -> Sequence[Admission]:
        return ["header" if b"vreemd" in header else "whole" for header in headers]

    def by_report(self, _raw: bytes) -> Admission:
        raise AssertionError("nothing was to be looked at")

    def stamp(self) -> object:
        return None


@pytest.mark.parametrize("kind", ["imap", "pop3", "maildir"])
def test_mail_read_by_its_header_goes_to_a_folder_of_its_own(
    mail: realmail.Mail, authority: Authority, store: Store, kind: str
) -> None:
    """SM-97, SM-144: a stranger's mail and what is too large, to the quarantine folder; by POP3 they stay, whole."""
    make = boxes(mail, authority)[kind]
    big = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * 2000
    submit(mail, authority, shipment(1), shipment(2, wire=big), shipment(3, wire=b"Subject: vreemd\r\n\r\n.dot 3\r\n"))
    wait_until(lambda: arrived(mail) == 3)

    async def look() -> Picked:
        return await pickup(store, make(), lambda: NOW, size_max=2000, welcome=NoStrangers())

    assert asyncio.run(look()) == Picked(new=1, oversize=1, strangers=1, moved=3)
    assert asyncio.run(look()) == Picked()
    with IMAPClient("127.0.0.1", mail.imaps, ssl_context=client_context(authority.pem)) as client:
        client.login(RECIPIENT, realmail.SECRET)
        aside = "INBOX" if kind == "pop3" else "Quarantaine"
        client.select_folder(aside)
        found = client.fetch(client.search("ALL"), ["BODY.PEEK[]"])
        assert sorted(len(parts[b"BODY[]"]) > 4000 for parts in found.values()) == [False, True]


@pytest.mark.parametrize("kind", ["imap", "pop3", "maildir"])
def test_mail_that_was_set_aside_is_fetched_whole_on_request(
    mail: realmail.Mail, authority: Authority, store: Store, kind: str
) -> None:
    """SM-144: found again in the quarantine folder by time, size and header; afterwards it is processed mail."""
    make = boxes(mail, authority)[kind]
    same = b"Subject: vreemd\r\nMessage-ID: <x@y.example>\r\n\r\n"
    wires = [same + b"een\r\n", same + b"twee\r\n"]
    submit(mail, authority, *(shipment(n, wire=wire) for n, wire in enumerate(wires)))
    wait_until(lambda: arrived(mail) == 2)

    async def look() -> Picked:
        return await pickup(store, make(), lambda: NOW, welcome=NoStrangers())

    assert asyncio.run(look()).strangers == 2
    with store.unit(now=NOW, actor="jansen") as unit:
        assert all(unit.inbox.want(item.id) for item in unit.inbox.list())
    assert asyncio.run(look()).new == 2
    with store.view(now=NOW) as view:
        bodies = [view.inbox.raw(item.id).rpartition(b"\r\n\r\n")[2] for item in view.inbox.list()]
    assert sorted(bodies) == [b"een\r\n", b"twee\r\n"]
    with IMAPClient("127.0.0.1", mail.imaps, ssl_context=client_context(authority.pem)) as client:
        client.login(RECIPIENT, realmail.SECRET)
        left = {name: client.folder_status(name, ["MESSAGES"])[b"MESSAGES"] for _, _, name in client.list_folders()}
    assert (left["INBOX"], left.get("Quarantaine", 0)) == (0, 0)
    assert left.get("Verwerkt", 0) == (0 if kind == "pop3" else 2)


def test_the_folder_of_processed_mail_is_emptied_after_its_time(
    mail: realmail.Mail, authority: Authority, store: Store
) -> None:
    """SM-97: Dovecot tells when a message was put there (SAVEDATE); what is younger stays."""
    submit(mail, authority, shipment(1), shipment(2))
    wait_until(lambda: arrived(mail) == 2)

    async def scenario() -> list[int]:
        box = boxes(mail, authority)["imap"]()
        await pickup(store, box, lambda: NOW)
        now = datetime.now(UTC)
        removed = [await box.purge(now - timedelta(days=1)), await box.purge(now + timedelta(days=2))]
        removed.append(len(await box.uids()))
        await box.close()
        return removed

    assert asyncio.run(scenario()) == [0, 2, 0]


def test_pop3_mail_is_removed_only_after_the_time_of_keeping(
    mail: realmail.Mail, authority: Authority, store: Store
) -> None:
    """SM-37, SM-96: not fetched twice meanwhile; its arrival is what Postfix wrote on it."""
    make, keep = boxes(mail, authority)["pop3"], timedelta(days=30)
    submit(mail, authority, shipment(1))
    wait_until(lambda: arrived(mail) == 1)
    begin = datetime.now(UTC)
    assert asyncio.run(pickup(store, make(), lambda: begin + timedelta(hours=9), keep=keep)) == Picked(new=1)
    assert asyncio.run(pickup(store, make(), lambda: begin + timedelta(days=20), keep=keep)) == Picked()
    assert asyncio.run(pickup(store, make(), lambda: begin + timedelta(days=40), keep=keep)) == Picked(moved=1)
    with store.view(now=begin) as view:
        (item,) = view.inbox.list()
    assert abs(item.received_at - begin) < timedelta(minutes=1)


def test_pop3_reads_lines_that_no_mail_server_should_make(
    mail: realmail.Mail, authority: Authority, store: Store
) -> None:
    """SM-100: poplib dies of a line over 2 048 bytes, and its connection with it; we read it, and what comes after."""
    maildir = mail.maildir(RECIPIENT)
    long = b"Subject: long\n\n" + b"x" * 200_000 + b"\n.\n..\n"
    path = maildir / "new" / "1700000000.M1P1.host"
    path.write_bytes(long)
    shutil.chown(path, "nobody")
    submit(mail, authority, shipment(1))
    wait_until(lambda: arrived(mail) == 2)
    assert asyncio.run(pickup(store, boxes(mail, authority)["pop3"](), lambda: NOW)) == Picked(new=2, moved=2)
    with store.view(now=NOW) as view:
        assert long.replace(b"\n", b"\r\n") in [view.inbox.raw(item.id) for item in view.inbox.list()]


def test_dovecot_rings_when_mail_arrives_and_not_when_it_leaves(mail: realmail.Mail, authority: Authority) -> None:
    """SM-98: on connecting, and for each message; our own move to another folder is silent."""
    settings = ImapSettings(host="127.0.0.1", port=mail.imaps, username=RECIPIENT, password=realmail.SECRET)

    async def scenario() -> None:
        bell = ImapBell(settings, client_context(authority.pem))
        assert await bell.wait()
        for number in range(1, 3):
            ringing = asyncio.create_task(bell.wait())
            await asyncio.sleep(0.7)  # Dovecot reports with half a second's delay
            assert not ringing.done()
            await asyncio.to_thread(submit, mail, authority, shipment(number))
            assert await asyncio.wait_for(ringing, 60)
            box = ImapMailbox(settings, client_context(authority.pem))
            assert len(await box.release([each.uid for each in await box.list()])) == 1
            await box.close()
        await bell.close()
        bell = ImapBell(settings, client_context(authority.pem), renew=0.2)
        assert [await bell.wait() for _ in range(3)] == [True] * 3  # Dovecot takes DONE and IDLE again and again
        await bell.close()

    asyncio.run(scenario())


def test_a_bell_that_may_not_log_in_says_so(mail: realmail.Mail, authority: Authority) -> None:
    """MailboxDown, and the connection is not kept."""
    settings = ImapSettings(host="127.0.0.1", port=mail.imaps, username=RECIPIENT, password="fout")
    with pytest.raises(MailboxDown):
        asyncio.run(ImapBell(settings, client_context(authority.pem)).wait())
