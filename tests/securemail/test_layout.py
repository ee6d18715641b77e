"""The trees and header fields of section 8, as they leave."""

import base64

import pytest

from gateway import securemail as sm
from gateway.domain.findings import Finding
from gateway.securemail import layout, scanner
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    PLAN,
    PROVIDER,
    decrypting,
    good,
    leaf,
    open_mail,
    opened,
    partner,
    plan,
    recipient,
    signing,
    split_multipart,
)

OURS, THEIRS = leaf(PROVIDER), leaf(MUNICIPALITY)


def sealed(message: sm.Message, profile="standard") -> sm.Sealed:
    return good(sm.seal(message, signing(OURS), [recipient(THEIRS)], profile, NOW))


def signed_entity(message: sm.Message) -> scanner.Entity:
    root = scanner.read_entity(sealed(message).signed)
    assert root.type.type == "multipart/signed"
    assert root.type.parameters["protocol"] == "application/pkcs7-signature"
    assert root.type.parameters["micalg"] == "sha-256"
    entity, signature = split_multipart(root.body, scanner.boundary_of(root.type))
    assert scanner.read_entity(signature).type.type == "application/pkcs7-signature"
    return scanner.read_entity(entity)


def names(header: scanner.Header) -> list[str]:
    return [name for name, _ in header.fields]


def test_sm56_fields_outside_and_inside():
    """8.1: the same fields on both sides, neutral Subject outside, one HP-Outer for each outer field."""
    outside = scanner.header_of(sealed(plan()).raw)
    inside = signed_entity(plan()).header
    common = ["From", "To", "Date", "Message-ID", "Subject", "Auto-Submitted"]

    assert names(outside)[:6] == common
    assert outside.get("subject") == "[...]"
    assert outside.get("disposition-notification-to") is None
    assert [line.partition(":")[0] for line in inside.all("hp-outer")] == common
    assert inside.get("subject") == "Ondersteuningsplan 7f3a9c"
    assert inside.get("disposition-notification-to") == PROVIDER
    assert "hp-outer: subject: [...]" in [f"{n}: {v}".lower() for n, v in inside.fields]
    assert signed_entity(plan()).type.parameters["hp"] == "cipher"


@pytest.mark.parametrize(("profile", "kind"), [("standard", "enveloped-data"), ("strict", "authEnveloped-data")])
def test_the_envelope_is_named_by_its_kind(profile, kind):
    """smime-type enveloped-data or authEnveloped-data, smime.p7m."""
    mail = scanner.read_entity(sealed(plan(), profile).raw)

    assert mail.type.type == "application/pkcs7-mime"
    assert mail.type.parameters == {"smime-type": kind, "name": "smime.p7m"}


def test_sm59_one_fixed_readable_subject():
    """For a partner whose people need one."""
    outside = scanner.header_of(sealed(plan(outer_subject="Beveiligd bericht")).raw)

    assert outside.get("subject") == "Beveiligd bericht"


def test_sm63_a_plan_dispatch_is_text_json_and_documents():
    """In the order that is drawn."""
    parts = opened(open_mail(sealed(plan()).raw, partner(OURS), decrypting(THEIRS))).parts

    assert [(p.name, p.type) for p in parts] == [
        (None, "text/plain"),
        ("ondersteuningsplan.json", "application/json"),
        ("ondersteuningsplan-7f3a9c.pdf", "application/pdf"),
    ]
    assert parts[0].content == b"Bijgaand een ondersteuningsplan, kenmerk 7f3a9c.\r\n"


def test_a_return_answers_its_dispatch():
    """In-Reply-To and References are protected and stand outside too."""
    message = sm.plan_message(PROVIDER, MUNICIPALITY, "7f3a9c", PLAN, in_reply_to="<dispatch@gemeente.example>")
    mail = sealed(message)

    read = opened(open_mail(mail.raw, partner(OURS), decrypting(THEIRS)))

    assert read.headers.in_reply_to == "<dispatch@gemeente.example>"
    assert read.headers.subject == "Retour ondersteuningsplan 7f3a9c"
    outside = scanner.header_of(mail.raw)
    assert outside.get("references") == outside.get("in-reply-to") == "<dispatch@gemeente.example>"


def test_an_iwmo_message_is_one_xml_part_with_its_bytes():
    """Exactly one message; the Subject names its kind only (SM-58)."""
    xml = b'<?xml version="1.0" encoding="UTF-8"?><Bericht/>'
    message = sm.iwmo_message(PROVIDER, MUNICIPALITY, "WMO302", "123456789012", xml)

    read = opened(open_mail(sealed(message).raw, partner(OURS), decrypting(THEIRS)))

    assert [(p.name, p.type, p.content) for p in read.parts] == [("WMO302-123456789012.xml", "application/xml", xml)]
    assert read.headers.subject == "iWmo WMO302"


def test_sm58_nothing_outside_tells_what_is_inside():
    """Neither subject, names nor content can be found outside the envelope."""
    raw = sealed(plan()).raw

    for secret in (b"Ondersteuningsplan", b"ondersteuningsplan", b"7f3a9c", base64.b64encode(PLAN)):
        assert secret not in raw


def test_sm11_boundaries_are_random():
    """128 bits each, two in every message."""
    found = {signed_entity(plan()).type.parameters["boundary"] for _ in range(4)}

    assert len(found) == 4
    assert all(len(b) == 32 and set(b) <= set("0123456789abcdef") for b in found)


@pytest.mark.parametrize("size", [0, 1, 56, 57, 58, 57 * 64 - 3, 57 * 64 - 1, 57 * 64, 57 * 64 + 1, 200_000])
def test_sm10_base64_has_lines_of_76(size):
    """In blocks or not."""
    lines = layout.base64_lines(bytes(size)).split(b"\r\n")

    assert base64.b64decode(b"".join(lines)) == bytes(size)
    assert all(len(line) == 76 for line in lines[:-1])
    assert len(lines[-1]) <= 76


@pytest.mark.parametrize(
    ("file", "mail", "relay", "fault"),
    [
        (100, 1000, None, None),
        (25_000_001, 1000, None, "Een bestand"),
        (100, 35_000_001, None, "Het verzegelde bericht"),
        (100, 30_000_001, 30_000_000, "Het verzegelde bericht"),
        (100, 30_000_000, 30_000_000, None),
        (100, 30_000_000, 0, None),
    ],
)
def test_sm16_sizes_are_held_to_the_smaller_limit(file, mail, relay, fault):
    """Both numbers are named; nothing is sent."""
    message = plan(parts=(sm.Attachment("a.pdf", "application/pdf", bytes(file)),))
    made = sm.Sealed(bytes(mail), b"", b"", "<a@b.example>")

    answer = sm.check_size(message, sm.Agreements(), made, relay)

    assert (answer is None) is (fault is None)
    if fault:
        assert isinstance(answer, Finding)
        assert answer.message.startswith(fault)
        assert "grens is" in answer.message


def test_sm15_a_clear_message_has_no_outer_fields_to_seal_again():
    """Only what was made for an envelope gets a new one."""
    clear = good(sm.seal_clear(plan(), signing(OURS), "standard", NOW))

    assert isinstance(sm.reseal(clear, [recipient(THEIRS)], "standard"), Finding)
    assert isinstance(sm.reseal(sealed(plan()), [], "standard"), Finding)
    assert isinstance(sm.seal_clear(plan(parts=()), signing(OURS), "standard", NOW), Finding)
