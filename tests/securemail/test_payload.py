"""Parts of a message whose signer is known: leaves in order, nothing descended into, names are data."""

from datetime import UTC, datetime

import pytest

from gateway.securemail import payload, scanner
from gateway.securemail.kinds import arrived_at, classify
from gateway.securemail.limits import Limits
from gateway.securemail.refusal import Refusal


def entity(kind: str, body: bytes = b"x", extra: str = "") -> scanner.Entity:
    return scanner.read_entity(f"Content-Type: {kind}\r\n{extra}\r\n".encode() + body)


def nested(depth: int) -> bytes:
    inner = b"Content-Type: text/plain\r\n\r\nx"
    for level in range(depth):
        mark = b"b%d_" % level
        inner = b'Content-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n%s\r\n--%s--' % (mark, mark, inner, mark)
    return inner


def test_sm62_message_parts_are_leaves():
    """A forwarded message is kept as it is, never descended into."""
    forwarded = b"Content-Type: application/xml\r\n\r\n<a/>"
    (part,) = payload.read_parts(entity("message/rfc822", forwarded))

    assert (part.type, part.content) == ("message/rfc822", forwarded)


@pytest.mark.parametrize(
    "kind",
    [
        "message/partial",
        "message/external-body",
        "application/pkcs7-mime",
        "application/x-pkcs7-signature",
        "multipart/encrypted",
        "Multipart/Signed; boundary=b",
    ],
)
def test_sm62_parts_that_do_not_belong_inside_are_refused(kind):
    """Pieces, fetches from elsewhere, S/MIME and PGP."""
    with pytest.raises(Refusal) as refused:
        payload.read_parts(entity(kind))
    assert refused.value.reason == "structure"


def test_sm19_depth_and_number_of_parts_are_bounded():
    """Five levels, fifty parts over all levels."""
    assert len(payload.read_parts(scanner.read_entity(nested(5)))) == 1
    with pytest.raises(Refusal):
        payload.read_parts(scanner.read_entity(nested(6)))
    two = b"--b\r\n\r\nx\r\n--b\r\n\r\nx\r\n--b--"
    assert len(payload.read_parts(entity("multipart/mixed; boundary=b", two), Limits(parts=2))) == 2
    inner = b'Content-Type: multipart/mixed; boundary="%c"\r\n\r\n--%c\r\n\r\nx\r\n--%c\r\n\r\nx\r\n--%c--'
    both = b"--o\r\n" + inner % (*b"iiii",) + b"\r\n--o\r\n" + inner % (*b"jjjj",) + b"\r\n--o--"
    assert len(payload.read_parts(entity("multipart/mixed; boundary=o", both))) == 4
    with pytest.raises(Refusal):
        payload.read_parts(entity("multipart/mixed; boundary=o", both), Limits(parts=3))


@pytest.mark.parametrize(
    ("header", "name", "shown"),
    [
        ('Content-Disposition: attachment; filename="a.pdf"\r\n', "a.pdf", "a.pdf"),
        ("", "uit-type.pdf", "uit-type.pdf"),
        ('Content-Disposition: attachment; filename="../../etc/passwd"\r\n', "../../etc/passwd", "../../etc/passwd"),
        ("Content-Disposition: attachment; filename=" + "a" * 300 + "\r\n", "a" * 300, "a" * 100),
    ],
)
def test_sm142_a_file_name_is_data(header, name, shown):
    """As received, and for people cut at 100."""
    (part,) = payload.read_parts(entity('application/pdf; name="uit-type.pdf"', extra=header))

    assert (part.name, part.shown_name) == (name, shown)


def test_sm142_control_and_bidi_characters_are_escaped():
    """So that a name cannot pretend another extension."""
    part = payload.Part("factuur\u202efdp.exe\x07", "application/pdf", b"", "")

    assert part.shown_name == "factuur\\u202efdp.exe\\u0007"
    assert payload.Part(None, "text/plain", b"", "").shown_name == ""


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("application/pkcs7-mime; smime-type=enveloped-data", "encrypted"),
        ("application/x-pkcs7-mime", "encrypted"),
        ("application/pkcs7-mime; smime-type=signed-data", "signed"),
        ("multipart/signed; boundary=b", "signed"),
        ("multipart/report; report-type=delivery-status; boundary=b", "delivery-status"),
        ("multipart/report; report-type=disposition-notification; boundary=b", "disposition-notification"),
        ("multipart/report; boundary=b", "other"),
        ("text/plain", "other"),
        ("geen type", "unreadable"),
    ],
)
def test_the_kind_of_a_mail_follows_from_its_header(kind, expected):
    """Enough to decide whether to fetch the rest (SM-144)."""
    head = f"From: Zorg <Plan@zorg.example>\r\nMessage-ID: <a@b.example>\r\nContent-Type: {kind}\r\n\r\n".encode()

    found = classify(b"Return-Path: < >\r\nReceived: x\r\nReceived: y\r\n" + head)

    assert found.kind == expected
    if expected != "unreadable":
        assert (found.sender, found.message_id) == ("plan@zorg.example", "<a@b.example>")
        assert (found.null_sender, found.received) == (True, 2)


def test_a_mail_without_content_type_is_other():
    """And one that cannot be read says so."""
    assert classify(b"From: a@b.example\r\n\r\n").kind == "other"
    assert classify(b"geen kop").kind == "unreadable"


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        (b"Received: from a by b;\r\n Mon, 2 Mar 2026 10:00:00 +0100\r\nReceived: x; 1 Mar 2026 10:00:00 +0000\r\n", 9),
        (b"Received: from a by b; Mon, 2 Mar 2026 09:00:00 +0000 (UTC)\r\n", 9),
        (b"Received: from a by b; gisteren\r\nReceived: x; Mon, 2 Mar 2026 10:00:00 +0000\r\n", None),
        (b"Received: from a by b; Mon, 2 Mar 2026 09:00:00 -0000\r\n", None),
        (b"Received: from a by b; Fri, 31 Dec 9999 23:59:59 -2359\r\n", None),
        (b"Date: Mon, 2 Mar 2026 09:00:00 +0000\r\n", None),
    ],
    ids=["topmost", "comment", "no-date", "no-zone", "after-time", "no-field"],
)
def test_the_moment_of_arrival_is_in_the_topmost_received_field(header: bytes, moment: int | None) -> None:
    """SM-37: which the provider wrote; without a date that is one there, nothing is guessed from others."""
    expected = None if moment is None else datetime(2026, 3, 2, moment, tzinfo=UTC)
    assert arrived_at(header + b"From: a@b.example\r\n\r\nx") == expected
