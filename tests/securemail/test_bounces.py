"""Delivery reports: correlated by ENVID, otherwise a note for a person."""

import pytest

from gateway import securemail as sm

ENVID = "0123456789abcdef0123456789abcdef"
MESSAGE_ID = "<aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb@gemeente.example>"

LOOKUP = sm.Lookup(
    by_envid={ENVID: MESSAGE_ID}.get,
    by_message_id={MESSAGE_ID: MESSAGE_ID}.get,
)

# As Postfix 3.7 writes it.
REPORT = """Return-Path: <>
From: MAILER-DAEMON@mail.zorg.example (Mail Delivery System)
To: wmo@gemeente.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4B2.1700000000/mail.zorg.example"
Message-Id: <20261122120000.4B2@mail.zorg.example>

This is a MIME-encapsulated message.

--4B2.1700000000/mail.zorg.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.zorg.example.

--4B2.1700000000/mail.zorg.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.zorg.example
Original-Envelope-Id: %(envid)s
X-Postfix-Queue-ID: 4B2
Arrival-Date: Sun, 22 Nov 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; dood@zorg.example
Original-Recipient: rfc822;dood@zorg.example
Action: %(action)s
Status: %(status)s
Diagnostic-Code: X-Postfix; connect to 127.0.0.1[127.0.0.1]:1: Connection
    refused

--4B2.1700000000/mail.zorg.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <wmo@gemeente.example>
Message-ID: %(message_id)s
Subject: [...]

--4B2.1700000000/mail.zorg.example--
"""


def report(action="failed", status="4.4.1", envid=ENVID, message_id=MESSAGE_ID) -> bytes:
    values = {"action": action, "status": status, "envid": envid, "message_id": message_id}
    return (REPORT % values).replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("action", "evidence"),
    [
        ("failed", "dsn-failed"),
        ("delayed", "dsn-delayed"),
        ("relayed", "dsn-relayed"),
        ("expanded", "dsn-relayed"),
        ("Delivered", "dsn-delivered"),
    ],
)
def test_sm73_the_action_decides_not_the_class_of_the_status(action, evidence):
    """Postfix reports a given-up message as failed with status 4.4.1."""
    bounce = sm.read_bounce(report(action), LOOKUP)

    assert (bounce.evidence, bounce.matched, bounce.message_id) == (evidence, True, MESSAGE_ID)
    assert bounce.status == "4.4.1"
    assert bounce.recipient == "dood@zorg.example"
    assert not bounce.for_person


def test_sm72_without_envid_the_returned_message_id_names_the_message():
    """Anyone can write such a report, so it is a note for a person."""
    bounce = sm.read_bounce(report(envid="iets-anders"), LOOKUP)

    assert (bounce.evidence, bounce.matched, bounce.message_id) == (None, False, MESSAGE_ID)
    assert bounce.for_person


def test_sm72_a_report_about_an_unknown_message_goes_to_a_person():
    """Neither envelope id nor Message-ID is ours."""
    bounce = sm.read_bounce(report(envid="x", message_id="<x@y.example>"), LOOKUP)

    assert (bounce.message_id, bounce.action, bounce.for_person) == (None, "failed", True)


def test_sm73_of_several_recipients_the_worst_counts():
    """One group is delivered, the other failed: failed."""
    extra = b"Diagnostic-Code: x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    raw = report("delivered").replace(b"Diagnostic-Code: X-Postfix", extra + b"X-Rest: x")

    assert sm.read_bounce(raw, LOOKUP).action == "failed"


def test_sm75_another_shape_is_known_by_null_sender_and_message_id():
    """An HTML bounce that quotes our Message-ID goes to a person."""
    html = f"Return-Path: <>\r\nContent-Type: text/html\r\n\r\n<p>{MESSAGE_ID}</p>".encode()

    bounce = sm.read_bounce(html, LOOKUP)

    assert (bounce.message_id, bounce.for_person, bounce.evidence) == (MESSAGE_ID, True, None)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Return-Path: <>\r\n\r\nniets",
        f"Return-Path: <iemand@x.example>\r\n\r\n{MESSAGE_ID}".encode(),
        b"Return-Path: <>\r\n\r\n" + b" " * 70_000 + MESSAGE_ID.encode(),
    ],
)
def test_sm75_other_mail_is_no_bounce(raw):
    """Without both marks, or beyond 64 KB, nothing is concluded."""
    assert sm.read_bounce(raw, LOOKUP).message_id is None


def test_sm20_a_report_of_a_million_blocks_is_not_taken_apart():
    """Anybody can write one: more than a header block may hold is no delivery status."""
    raw = report().replace(b"Status: 4.4.1", b"Status: 4.4.1" + b"\r\n\r\nAction: failed" * 4_000)

    assert sm.read_bounce(raw, LOOKUP).evidence is None


@pytest.mark.parametrize(
    ("change", "into"),
    [
        (b"Action: failed", b"Action: onbekend"),
        (b"Action: failed", b""),
        (b"message/delivery-status", b"text/plain"),
        (b"Reporting-MTA: dns;", b"Reporting MTA dns"),
        (b"--4B2.1700000000/mail.zorg.example--", b""),
    ],
)
def test_sm74_a_damaged_report_changes_no_state(change, into):
    """It is still linked to the message it quotes, for a person."""
    bounce = sm.read_bounce(report().replace(change, into), LOOKUP)

    assert (bounce.evidence, bounce.message_id, bounce.for_person) == (None, MESSAGE_ID, True)
