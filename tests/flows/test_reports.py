"""Delivery status and unsigned receipts: notes and tasks; only our secret envelope id moves a message."""

import pytest

from gateway.demo import story
from gateway.flows import tasks
from gateway.flows.tasks import Task

from .conftest import Pair
from .test_receipts import receipt

BOUNDARY = "9B2C41F.1740000000/mx.gemeente.example"


@pytest.fixture
def sent(pair: Pair) -> Pair:
    """The dispatch is with the relay; no receipt yet."""
    pair.run(story.dispatch_plan)
    pair.send("gemeente")
    return pair


def dsn(
    pair: Pair, action: str = "failed", *, envid: str | None = "", status: str = "5.1.1", message_id: str = ""
) -> bytes:
    """A report as Postfix writes it; `envid` empty: the true one; None: none."""
    item = pair.sent("gemeente", "plan")[0]
    with pair.gemeente.store.view(now=pair.clock()) as view:
        envid = view.outbox.attempts(item.id)[-1].envelope_id if envid == "" else envid
    lines = [
        "Return-Path: <>",
        "Received: by mx.gemeente.example (Postfix) id 9B2C41F; Mon, 17 Feb 2025 10:00:00 +0100 (CET)",
        "Date: Mon, 17 Feb 2025 10:00:00 +0100 (CET)",
        "From: MAILER-DAEMON@mx.gemeente.example (Mail Delivery System)",
        "Subject: Undelivered Mail Returned to Sender",
        "To: wmo@gemeente.example",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="{BOUNDARY}"',
        "Content-Transfer-Encoding: 8bit",
        "Message-Id: <20250217090000.9B2C41F@mx.gemeente.example>",
        "",
        "This is a MIME-encapsulated message.",
        "",
        f"--{BOUNDARY}",
        "Content-Description: Notification",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "This is the mail system at host mx.gemeente.example.",
        "",
        f"--{BOUNDARY}",
        "Content-Description: Delivery report",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.gemeente.example",
        *([f"Original-Envelope-Id: {envid}"] if envid else []),
        "X-Postfix-Queue-ID: 9B2C41F",
        "Arrival-Date: Mon, 17 Feb 2025 09:59:59 +0100 (CET)",
        "",
        f"Final-Recipient: rfc822; {item.recipient}",
        f"Original-Recipient: rfc822;{item.recipient}",
        f"Action: {action}",
        f"Status: {status}",
        "Remote-MTA: dns; mx.zorg.example",
        "Diagnostic-Code: smtp; 550 5.1.1 no such user",
        "",
        f"--{BOUNDARY}",
        "Content-Description: Undelivered Message Headers",
        "Content-Type: text/rfc822-headers",
        "",
        f"Message-ID: {message_id or item.message_id}",
        "From: wmo@gemeente.example",
        "",
        f"--{BOUNDARY}--",
        "",
    ]
    return "\r\n".join(lines).encode()


def state(pair: Pair) -> str:
    return pair.sent("gemeente", "plan")[0].state


def todo(pair: Pair) -> dict[str, Task]:
    """What waits for a person at the municipality."""
    with pair.gemeente.store.view(now=pair.clock()) as view:
        return {each.sleutel: each.body for each in tasks.open_tasks(view)}


def notes(pair: Pair) -> list[tuple[str, str | None]]:
    item = pair.sent("gemeente", "plan")[0]
    with pair.gemeente.store.view(now=pair.clock()) as view:
        return [(note.event, note.detail) for note in view.outbox.notes(item.id)]


def test_a_failure_with_our_envelope_id_makes_the_message_bounced_and_a_task(sent: Pair) -> None:
    """SM-72, SM-73, SM-106: the action decides, whatever class the status is of; nothing goes back (SM-67)."""
    item = sent.take_in("gemeente", dsn(sent, status="4.4.1"))
    assert (item.state, state(sent)) == ("handled", "bounced")
    (task,) = todo(sent).values()
    assert "niet worden afgeleverd" in task.sentence
    assert sent.outgoing("gemeente") == ["plan"]


def test_a_forged_failure_is_a_note_and_a_task(sent: Pair) -> None:
    """SM-74: our Message-ID without our envelope id proves nothing."""
    assert sent.take_in("gemeente", dsn(sent, envid="0" * 32)).state == "handled"
    assert state(sent) == "submitted"
    assert ("bounce", "failed 5.1.1") in notes(sent)
    (task,) = todo(sent).values()
    assert "niet vaststaat" in task.what


def test_a_delay_is_a_warning_and_a_relayed_report_only_a_note(sent: Pair) -> None:
    """Table 9.3."""
    sent.take_in("gemeente", dsn(sent, "relayed", status="2.0.0"))
    assert todo(sent) == {}
    sent.take_in("gemeente", dsn(sent, "delayed", status="4.4.1"))
    assert state(sent) == "submitted"
    assert [event for event, _ in notes(sent)] == ["dsn-relayed", "dsn-delayed"]
    assert [task.weight for task in todo(sent).values()] == ["warning"]


@pytest.mark.parametrize("receipt_first", [True, False])
def test_a_valid_receipt_overrules_a_bounce_in_either_order(sent: Pair, receipt_first: bool) -> None:
    """SM-74: and the task about the bounce is done by itself."""
    mails = [dsn(sent), receipt(sent)]
    for raw in reversed(mails) if receipt_first else mails:
        sent.take_in("gemeente", raw)
    assert state(sent) == "received"
    assert todo(sent) == {}


def test_a_report_of_nothing_of_ours_is_one_task_a_day(sent: Pair) -> None:
    """SM-72, SM-106: the reference is unknown; anybody can write such mail."""
    for number in range(3):
        raw = dsn(sent, envid=None, message_id=f"<{number:032x}@elders.example>")
        assert sent.take_in("gemeente", raw).reason == "report"
    (task,) = todo(sent).values()
    assert task.count == 3
    assert state(sent) == "submitted"


def test_a_bounce_without_form_goes_to_a_person(sent: Pair) -> None:
    """SM-75: null return path and our Message-ID in the text."""
    message_id = sent.sent("gemeente", "plan")[0].message_id
    raw = (
        "Return-Path: <>\r\nFrom: postmaster@x.example\r\nMessage-ID: <1@x.example>\r\nContent-Type: text/html\r\n\r\n"
        f"<p>Undeliverable: {message_id}</p>\r\n"
    )
    assert sent.take_in("gemeente", raw.encode()).state == "handled"
    assert state(sent) == "submitted"
    assert notes(sent) == [("bounce", "melding zonder vaste vorm")]
    assert len(todo(sent)) == 1


@pytest.mark.parametrize("ours", [True, False])
def test_an_unsigned_receipt_is_a_note(sent: Pair, ours: bool) -> None:
    """SM-70: such as a mail program makes; it never moves a message, and is never answered."""
    message_id = sent.sent("gemeente", "plan")[0].message_id if ours else "<1@elders.example>"
    raw = (
        "From: plan@aanbieder.example\r\nTo: wmo@gemeente.example\r\nMessage-ID: <2@aanbieder.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n'
        "\r\n--b\r\nContent-Type: text/plain\r\n\r\ngelezen\r\n"
        "--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        f"Final-Recipient: rfc822;plan@aanbieder.example\r\nOriginal-Message-ID: {message_id}\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n"
    )
    item = sent.take_in("gemeente", raw.encode())
    assert item.state == ("handled" if ours else "quarantined")
    assert state(sent) == "submitted"
    assert [event for event, _ in notes(sent)] == (["receipt"] if ours else [])
    assert sent.outgoing("gemeente") == ["plan"]


def test_a_receipt_that_says_error_is_a_task(sent: Pair) -> None:
    """Table 9.3: the partner has it and cannot use it."""
    sent.take_in("gemeente", receipt(sent, "processed/error"))
    (task,) = todo(sent).values()
    assert "kan de inhoud niet verwerken" in task.what


def test_a_receipt_over_other_bytes_is_a_task(sent: Pair) -> None:
    """Table 9.3: a note, and a person hears that the bytes differ."""
    sent.take_in("gemeente", receipt(sent, mic=bytes(32)))
    (task,) = todo(sent).values()
    assert "controlegetal" in task.what
