"""Receipts: only a signed one, from the right partner, with the right MIC, changes a state."""

import msgspec
import pytest

from gateway import securemail as sm
from gateway.securemail import layout, scanner
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    PROVIDER,
    crls,
    decrypting,
    good,
    leaf,
    open_mail,
    opened,
    partner,
    plan,
    reason,
    recipient,
    root,
    signing,
    split_multipart,
)

REPORTER = sm.Reporter("poort.gemeente.example", "wmo-gateway")
OURS = leaf(PROVIDER)
THEIRS = leaf(MUNICIPALITY)
SEALED = good(sm.seal(plan(), signing(OURS), [recipient(THEIRS)], "standard", NOW))
SENT = sm.Sent(SEALED.message_id, "gemeente", MUNICIPALITY, SEALED.mic)


def arrived(**agreements) -> sm.Opened:
    """The message as the municipality opened it."""
    return opened(open_mail(SEALED.raw, partner(OURS, agreements=agreements), decrypting(THEIRS)))


def municipality(**changes) -> sm.Partner:
    """The municipality as the provider has it on record."""
    record = sm.Partner(
        id="gemeente",
        addresses=(MUNICIPALITY,),
        certificates=(sm.KnownCertificate(certificate=THEIRS.der),),
        anchors=(sm.Anchor(certificate=root().der),),
    )
    return msgspec.structs.replace(record, **changes)


def back(raw: bytes, book: tuple[sm.Partner, ...] = ()) -> sm.Opened | sm.Refused:
    """Open mail that came back at the provider."""
    return sm.open(
        raw,
        sm.Mailbox(frozenset({PROVIDER}), (decrypting(OURS),)),
        sm.PartnerBook(book or (municipality(),)),
        sm.Trust(),
        sm.Revocation(crls()),
        NOW,
        NOW,
    )


def answer(mail: sm.Opened, disposition="processed", **changes) -> sm.Sealed:
    return good(sm.make_receipt(mail, disposition, REPORTER, signing(THEIRS), NOW, **changes))


def sent(message_id: str) -> sm.Sent | None:
    return SENT if message_id == SENT.message_id else None


def test_sm70_a_signed_receipt_with_our_mic_means_received():
    """The whole way: message, opened, receipt, opened, received."""
    receipt = opened(back(answer(arrived()).raw))

    assert receipt.is_receipt
    assert not receipt.encrypted
    assert not receipt.wants_receipt
    assert sm.read_receipt(receipt, sent) == sm.ReceiptVerdict(state="received", message_id=SEALED.message_id)


def test_sm66_processed_error_means_refused():
    """The partner has the message and cannot use its payload."""
    verdict = sm.read_receipt(opened(back(answer(arrived(), "processed/error").raw)), sent)

    assert (verdict.state, verdict.task) == ("refused", True)


def test_sm65_a_receipt_goes_to_the_configured_address_and_answers_the_message():
    """Addresses are swapped, In-Reply-To is ours, Auto-Submitted says auto-replied, nothing asks for a receipt."""
    header = scanner.header_of(answer(arrived()).raw)

    assert header.get("from") == MUNICIPALITY
    assert header.get("to") == PROVIDER
    assert header.get("in-reply-to") == header.get("references") == SEALED.message_id
    assert header.get("auto-submitted") == "auto-replied"
    assert header.get("disposition-notification-to") is None


def test_sm132_an_encrypted_receipt_is_read_as_well():
    """With `encrypt_receipts` the receipt travels in an envelope."""
    mail = arrived(encrypt_receipts=True)
    raw = answer(mail, recipients=[recipient(OURS)]).raw

    receipt = opened(back(raw, (municipality(agreements=sm.Agreements(encrypt_receipts=True)),)))

    assert receipt.encrypted
    assert sm.read_receipt(receipt, sent).state == "received"


@pytest.mark.parametrize(
    ("changes", "task"),
    [
        ({"mic": bytes(32)}, True),
        ({"partner": "iemand-anders"}, False),
        ({"recipient": "ander@gemeente.example"}, False),
    ],
)
def test_sm70_another_mic_signer_or_address_changes_nothing(changes, task):
    """Such a receipt is a note; a wrong MIC also makes a task."""
    other = msgspec.structs.replace(SENT, **changes)

    verdict = sm.read_receipt(opened(back(answer(arrived()).raw)), lambda _: other)

    assert (verdict.state, verdict.task) == (None, task)


def test_sm70_a_receipt_for_an_unknown_message_changes_nothing():
    """Original-Message-ID must name a message of ours."""
    verdict = sm.read_receipt(opened(back(answer(arrived()).raw)), lambda _: None)

    assert (verdict.state, verdict.message_id) == (None, None)


def report(fields: str) -> sm.Opened:
    """A signed receipt with a disposition notification of our choosing."""
    message = sm.Message(
        sender=MUNICIPALITY,
        recipient=PROVIDER,
        subject="Ontvangstbevestiging",
        parts=(
            sm.Attachment(None, "text/plain; charset=utf-8", b"."),
            sm.Attachment(None, "message/disposition-notification", fields.encode()),
        ),
        root="report; report-type=disposition-notification",
        auto_submitted="auto-replied",
    )
    return opened(back(good(sm.seal_clear(message, signing(THEIRS), "standard", NOW)).raw))


def fields(disposition="processed", mic=None, algorithm="sha-256") -> str:
    import base64

    value = base64.b64encode(SEALED.mic).decode() if mic is None else mic
    return (
        f"Final-Recipient: rfc822; {MUNICIPALITY.upper()}\r\nOriginal-Message-ID: {SEALED.message_id}\r\n"
        f"Disposition: automatic-action/MDN-sent-automatically; {disposition}\r\n"
        f"Received-content-MIC: {value}, {algorithm}\r\n"
    )


@pytest.mark.parametrize(
    ("disposition", "state"),
    [
        ("processed", "received"),
        ("Processed", "received"),
        ("processed/error: unexpected-processing-error", "refused"),
        ("processed/Failure: unsupported format", "refused"),
        ("processed/warning: duplicate-document", None),
        ("displayed", None),
        ("deleted", None),
        ("dispatched", None),
        ("denied", None),
        ("failed", None),
        ("failed/failure: x", None),
        ("", None),
    ],
)
def test_sm70_only_processed_counts(disposition, state):
    """A human mail program's `displayed` is a note."""
    assert sm.read_receipt(report(fields(disposition)), sent).state == state


@pytest.mark.parametrize("algorithm", ["sha-256", "sha256", "SHA-256", "SHA256"])
def test_sm70_names_of_the_digest_are_read_in_every_case(algorithm):
    """Digests are compared as bytes, their names loosely."""
    assert sm.read_receipt(report(fields(algorithm=algorithm)), sent).state == "received"


@pytest.mark.parametrize(
    ("mic", "algorithm"), [(None, "sha1"), (None, "md5"), ("geen base64", "sha-256"), ("", "sha-256")]
)
def test_sm70_another_digest_proves_nothing(mic, algorithm):
    """A MIC that is not a SHA-256 of ours is no MIC."""
    verdict = sm.read_receipt(report(fields(mic=mic, algorithm=algorithm)), sent)

    assert (verdict.state, verdict.task) == (None, True)


@pytest.mark.parametrize(
    "text",
    ["", "onzin", fields() + "Disposition: a/b; processed\r\n", fields().replace("<", ""), "Final-Recipient: x\r\n"],
)
def test_sm20_an_unreadable_notification_is_a_note(text):
    """Missing, double or damaged fields give a note, never an exception."""
    assert sm.read_receipt(report(text), sent).state is None


def test_sm70_an_unsigned_notification_is_at_most_a_note():
    """What a mail program sends is recognised, linked to the message, and changes nothing."""
    protected = scanner.header_of(answer(arrived()).raw)
    signed = scanner.read_entity(answer(arrived()).signed)
    entity = split_multipart(signed.body, scanner.boundary_of(signed.type))[0]
    raw = b"Return-Path: <>\r\n" + entity.replace(b"<unknown>", b"")

    assert sm.classify(raw).kind == "disposition-notification"
    assert reason(back(raw)) == "not-smime"
    verdict = sm.read_unsigned_receipt(raw, sent)
    assert (verdict.state, verdict.message_id) == (None, SEALED.message_id)
    assert sm.read_unsigned_receipt(b"geen mail", sent).message_id is None
    assert protected.get("subject") == layout.NEUTRAL_SUBJECT


@pytest.mark.parametrize(
    ("identity", "wants", "allowed"),
    [
        (sm.Identity("new"), True, True),
        (sm.Identity("new"), False, False),
        (sm.Identity("duplicate", True), True, True),
        (sm.Identity("duplicate", False), True, False),
    ],
)
def test_sm125_a_receipt_is_for_new_messages_and_harmless_duplicates(identity, wants, allowed):
    """A duplicate in another CBC envelope gets no answer."""
    mail = msgspec.structs.replace(arrived(), identity=identity, wants_receipt=wants)

    assert sm.may_answer(mail) is allowed
