"""A sealed message comes out whole, for both profiles and every kind of key."""

import hashlib
import os
from datetime import timedelta
from itertools import product

import msgspec
import pytest
from asn1crypto import cms

from gateway import securemail as sm
from gateway.domain.findings import Finding
from gateway.securemail import envelope, profiles, scanner
from tests.cost import peak
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    PLAN,
    PROVIDER,
    decrypting,
    good,
    leaf,
    mailbox,
    open_mail,
    opened,
    partner,
    plan,
    reason,
    recipient,
    revocation,
    signing,
    split_multipart,
)

COMBINATIONS = [
    *product(["standard"], ["rsa-2048", "rsa-3072", "p256", "p384"], ["rsa-2048", "p256"]),
    *product(["strict"], ["rsa-3072", "p256", "p384"], ["rsa-3072", "p384"]),
]


@pytest.mark.parametrize(("profile", "signer", "reader"), COMBINATIONS)
def test_sm5_what_is_sealed_is_opened(profile, signer, reader):
    """Parts, protected headers and MIC survive; the algorithms are those of the profile."""
    ours, theirs = leaf(PROVIDER, signer), leaf(MUNICIPALITY, reader)
    sealed = good(sm.seal(plan(), signing(ours), [recipient(theirs)], profile, NOW))

    mail = opened(open_mail(sealed.raw, partner(ours, profile), decrypting(theirs)))

    assert mail.mic == sealed.mic
    assert mail.headers.message_id == sealed.message_id
    assert mail.headers.subject == "Ondersteuningsplan 7f3a9c"
    assert [p.type for p in mail.parts] == ["text/plain", "application/json", "application/pdf"]
    assert mail.parts[1].content == PLAN
    assert mail.parts[1].sha256 == hashlib.sha256(PLAN).hexdigest()
    assert mail.algorithms.content == {"standard": "aes256-cbc", "strict": "aes256-gcm"}[profile]
    assert mail.is_cbc is (profile == "standard")
    assert mail.wants_receipt
    assert mail.identity == sm.Identity("new")


def test_messages_that_are_opened_step_by_step_are_opened_the_same():
    """The step between, which other threads may take, is the work of the private key and no other."""
    ours, theirs = leaf(PROVIDER, "rsa-2048"), leaf(MUNICIPALITY, "rsa-2048")
    key, tried = decrypting(theirs), []

    class Counting:
        def __getattr__(self, name):
            tried.append(name)
            return getattr(key.decrypter, name)

    counting = msgspec.structs.replace(key, decrypter=Counting())
    made = [good(sm.seal(plan(), signing(ours), [recipient(theirs)], "standard", NOW)).raw for _ in range(2)]
    raws = [*made, made[0].replace(b"MII", b"AAA", 1), b"From: a@b.example\r\n\r\n"]
    arrival = sm.Arrival(
        mailbox=mailbox(counting),
        partners=sm.PartnerBook((partner(ours),)),
        trust=sm.Trust(),
        revocation=revocation(),
        received_at=NOW + timedelta(days=20),  # a clock that is ahead: judged by ours
        now=NOW,
    )

    begun = [sm.Opening(raw, arrival) for raw in raws]
    assert not tried
    for each in reversed(begun):
        each.decrypt()
    assert tried == ["unwrap_pkcs1"] * 2
    answers = [each.finish(sm.VerdictCache()) for each in begun]

    assert len(tried) == 2
    assert answers == [open_mail(raw, partner(ours), key) for raw in raws]
    assert [type(answer) for answer in answers] == [sm.Opened, sm.Opened, sm.Refused, sm.Refused]


def test_sm10_lines_are_short_ascii_with_crlf():
    """Every line of the raw mail is 7-bit, ends in CRLF and has at most 76 characters in the body."""
    ours, theirs = leaf(PROVIDER), leaf(MUNICIPALITY)
    sealed = good(sm.seal(plan(), signing(ours), [recipient(theirs)], "standard", NOW))

    for text in (sealed.raw, sealed.signed):
        assert text.isascii()
        assert text.count(b"\n") == text.count(b"\r\n") == text.count(b"\r")
        body = scanner.read_entity(text).body
        lines = [line for line in body.split(b"\r\n") if not line.startswith((b"Content-", b"Disposition-", b"HP-"))]
        assert max(map(len, lines)) <= 76


def test_sm6_sealing_reads_no_clock():
    """Date and signingTime are the moment that was given, to the second."""
    ours, theirs = leaf(PROVIDER), leaf(MUNICIPALITY)
    sealed = good(sm.seal(plan(), signing(ours), [recipient(theirs)], "standard", NOW.replace(microsecond=999)))

    mail = opened(open_mail(sealed.raw, partner(ours), decrypting(theirs)))

    assert mail.headers.date == mail.signing_time == NOW


def sent() -> sm.Sealed:
    return good(sm.seal(plan(), signing(leaf(PROVIDER)), [recipient(leaf(MUNICIPALITY))], "standard", NOW))


def taken_apart(sealed: sm.Sealed) -> tuple[bytes, cms.SignedData]:
    """Signed entity and SignedData."""
    root = scanner.read_entity(sealed.signed)
    entity, signature = split_multipart(root.body, scanner.boundary_of(root.type))
    return entity, cms.ContentInfo.load(scanner.decode_body(scanner.read_entity(signature)))["content"]


def test_sm8_six_signed_attributes_in_der_order():
    """Content type, digest, time, certificate, algorithm protection, capabilities; both sets sorted."""
    _, signed = taken_apart(sent())
    attributes = signed["signer_infos"][0]["signed_attrs"]
    encoded = [a.dump() for a in attributes]
    certificates = [c.dump() for c in signed["certificates"]]

    assert {a["type"].dotted for a in attributes} == {
        profiles.CONTENT_TYPE,
        profiles.MESSAGE_DIGEST,
        profiles.SIGNING_TIME,
        profiles.SIGNING_CERTIFICATE_V2,
        profiles.ALGORITHM_PROTECTION,
        profiles.SMIME_CAPABILITIES,
    }
    assert encoded == sorted(encoded)
    assert certificates == sorted(certificates)
    assert len(certificates) == 2


def test_sm69_the_mic_is_the_digest_that_was_signed():
    """SHA-256 over the signed entity, header fields included."""
    sealed = sent()
    entity, signed = taken_apart(sealed)
    digests = [a["values"][0].native for a in signed["signer_infos"][0]["signed_attrs"]]

    assert entity.startswith(b"Content-Type: multipart/mixed")
    assert sealed.mic == hashlib.sha256(entity).digest()
    assert sealed.mic in digests


def test_sm12_key_iv_and_ephemeral_key_are_new_for_each_envelope():
    """The same stored message, sealed again."""
    first = sent()
    readers = [recipient(leaf(MUNICIPALITY)), recipient(leaf(MUNICIPALITY, "rsa-2048"))]
    found = [
        envelope.read_envelope(
            scanner.decode_body(scanner.read_entity(good(sm.reseal(first, readers, "standard")).raw))
        )
        for _ in range(2)
    ]

    assert found[0].iv != found[1].iv
    assert bytes(found[0].ciphertext) != bytes(found[1].ciphertext)
    points = {k.point for e in found for k in e.recipients if k.point}
    assert len(points) == 2
    assert len({k.encrypted for e in found for k in e.recipients}) == 4


def test_sm14_a_message_is_encrypted_to_the_given_certificates_and_nobody_else():
    """The sender is no recipient; it keeps its copy in its own store. One address stands outside (SM-13)."""
    mail = scanner.read_entity(sent().raw)
    found = envelope.read_envelope(scanner.decode_body(mail))

    assert [len(mail.header.all(name)) for name in ("to", "cc", "bcc")] == [1, 0, 0]
    assert "," not in (mail.header.get("to") or "")
    assert [k.name.serial for k in found.recipients] == [leaf(MUNICIPALITY).certificate.serial_number]


def test_sm64_a_receipt_is_asked_for_inside():
    """To our own address, signed, with SHA-256."""
    header = scanner.read_entity(taken_apart(sent())[0]).header

    assert header.get("disposition-notification-to") == PROVIDER
    assert header.get("disposition-notification-options") == (
        "signed-receipt-protocol=optional,pkcs7-signature; signed-receipt-micalg=optional,sha-256"
    )


def test_sm11_a_message_id_made_by_the_outbox_is_kept():
    """The caller may give the Message-ID; otherwise it is 128 random bits under the sender's domain."""
    ours, theirs = leaf(PROVIDER), leaf(MUNICIPALITY)
    given = plan(message_id="<0123456789abcdef0123456789abcdef@zorg.example>")

    made = {good(sm.seal(plan(), signing(ours), [recipient(theirs)], "standard", NOW)).message_id for _ in range(3)}
    kept = good(sm.seal(given, signing(ours), [recipient(theirs)], "standard", NOW)).message_id

    assert kept == given.message_id
    assert len(made) == 3
    assert all(len(m) == len("<>@zorg.example") + 32 for m in made)


def test_sm15_a_new_envelope_keeps_identity_and_mic():
    """After the recipient's certificate changed only the envelope differs."""
    ours, old, new = leaf(PROVIDER), leaf(MUNICIPALITY), leaf(MUNICIPALITY, "rsa-2048")
    first = good(sm.seal(plan(), signing(ours), [recipient(old)], "standard", NOW))

    second = good(sm.reseal(first, [recipient(new)], "standard"))

    assert (second.mic, second.message_id, second.signed) == (first.mic, first.message_id, first.signed)
    assert reason(open_mail(second.raw, partner(ours), decrypting(old))) == "no-key"
    mail = opened(open_mail(second.raw, partner(ours), decrypting(new)))
    assert mail.headers.message_id == first.message_id


@pytest.mark.parametrize("profile", ["standard", "strict"])
def test_sm15_what_was_signed_is_read_back_from_the_mail_with_its_content_key(profile: str):
    """CBC and GCM alike: the signed entity need not be kept beside the envelope that it is in."""
    ours, theirs = leaf(PROVIDER), leaf(MUNICIPALITY)
    made = good(sm.seal(plan(), signing(ours), [recipient(theirs)], profile, NOW))

    assert sm.reopen(made.raw, made.content_key, made.mic, made.message_id) == made
    again = good(sm.reseal(made, [recipient(theirs)], profile))
    assert again.content_key != made.content_key
    assert sm.reopen(again.raw, again.content_key, made.mic, made.message_id) == again
    for wrong in (made.content_key, *(bytes([n]) * 32 for n in range(256))):  # one in 256 leaves CBC's padding right
        assert sm.reopen(again.raw, wrong, made.mic, made.message_id).code == "SM-15"
    assert good(sm.seal_clear(plan(), signing(ours), profile, NOW)).content_key is None


def test_sm48_a_message_goes_to_every_active_certificate():
    """With two recipient certificates either key opens it, RSA and EC mixed."""
    ours, rsa, ec = leaf(PROVIDER), leaf(MUNICIPALITY, "rsa-3072"), leaf(MUNICIPALITY)
    sealed = good(sm.seal(plan(), signing(ours), [recipient(rsa), recipient(ec)], "strict", NOW))

    assert opened(open_mail(sealed.raw, partner(ours, "strict"), decrypting(rsa))).mic == sealed.mic
    assert opened(open_mail(sealed.raw, partner(ours, "strict"), decrypting(ec))).mic == sealed.mic


@pytest.mark.parametrize(
    ("signer", "readers", "profile"),
    [
        ("rsa-2048", ["rsa-3072"], "strict"),
        ("rsa-3072", ["rsa-2048"], "strict"),
        ("p256", [], "standard"),
        ("p256", ["p256"] * 4, "standard"),
    ],
)
def test_sm3_a_profile_that_cannot_be_met_gives_a_finding(signer, readers, profile):
    """A short key, no recipient or too many: nothing is sealed, nothing weaker is tried."""
    recipients = [recipient(leaf(MUNICIPALITY, kind)) for kind in readers]

    answer = sm.seal(plan(), signing(leaf(PROVIDER, signer)), recipients, profile, NOW)

    assert isinstance(answer, Finding)
    assert answer.code == "SM-3"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "a\nBcc: x@y.example"},
        {"subject": "é"},
        {"sender": "plan@zörg.example"},
        {"recipient": "a@b.example, c@d.example"},
        {"in_reply_to": "<a@b> <c@d>"},
        {"message_id": "zonder haken"},
        {"parts": (sm.Attachment("../../etc/passwd", "application/pdf", b""),)},
        {"parts": (sm.Attachment("a.pdf", 'application/pdf"; x="', b""),)},
        {"parts": ()},
    ],
)
def test_sm60_sm61_values_with_other_characters_are_refused_where_they_enter(changes):
    """Header values, addresses, names and types outside the allowed sets give a finding."""
    answer = sm.seal(plan(**changes), signing(leaf(PROVIDER)), [recipient(leaf(MUNICIPALITY))], "standard", NOW)

    assert isinstance(answer, Finding)
    assert answer.code == "SM-60"


@pytest.mark.parametrize("profile", ["standard", "strict"])
def test_sm19_opening_takes_less_than_twice_the_size_in_memory(profile):
    """Of 50 MB at most: the envelope beside what is in it, then what was signed beside its parts, and no other copy."""
    ours, theirs = leaf(PROVIDER), leaf(MUNICIPALITY)
    large = plan(parts=(*plan().parts, sm.Attachment("groot.pdf", "application/pdf", os.urandom(3_000_000))))
    raw = good(sm.seal(large, signing(ours), [recipient(theirs)], profile, NOW)).raw
    opened: list[sm.Opened | sm.Refused] = []

    def work() -> None:
        opened.append(open_mail(raw, partner(ours, profile), decrypting(theirs)))

    work()  # what every message repeats is read once
    assert isinstance(opened[0], sm.Opened), opened
    opened.clear()
    most = peak(work)
    assert most < 1.9 * len(raw), most / len(raw)


@pytest.mark.parametrize("profile", ["standard", "strict"])
def test_sm15_a_new_envelope_takes_three_times_the_size_in_memory_at_most(profile):
    """What waits for a route is read back, and sealed or signed again: of 50 MB at most, beside the other work."""
    ours, theirs = leaf(PROVIDER), leaf(MUNICIPALITY)
    large = plan(parts=(*plan().parts, sm.Attachment("groot.pdf", "application/pdf", os.urandom(3_000_000))))
    made = good(sm.seal(large, signing(ours), [recipient(theirs)], profile, NOW))
    kept = {
        1.7: lambda: sm.reopen(made.raw, made.content_key, made.mic, made.message_id),
        2.0: lambda: sm.reseal(made, [recipient(theirs)], profile),
        2.8: lambda: sm.redate(made, signing(ours), [recipient(theirs)], profile, NOW),
    }
    for times, work in kept.items():
        good(work())
        assert peak(work) < times * len(made.raw), times
