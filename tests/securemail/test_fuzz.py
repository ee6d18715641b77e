"""Whatever arrives is an answer: no input makes the readers raise (SM-20)."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import securemail as sm
from gateway.domain.findings import Finding
from gateway.securemail import profiles, scanner
from tests.securemail.forge import READER, SIGNER, entity, enveloped, fields, mail, signature, signed, with_signature
from tests.securemail.test_bounces import LOOKUP, REPORT
from tests.securemail.test_bounces import report as bounce
from tests.securemail.test_receipts import SENT, arrived, municipality
from tests.securemail.test_receipts import fields as notification_fields
from tests.securemail.world import MUNICIPALITY, NOW, decrypting, leaf, open_mail, partner, recipient

RSA = leaf(MUNICIPALITY, "rsa-2048")
KEYS = (decrypting(READER), decrypting(RSA))
RECORD = partner(SIGNER, agreements={"header_protection": "if present", "encrypt_receipts": True})
CACHE = sm.VerdictCache()
CONTENT = entity()
SAMPLES = [
    enveloped(signed(CONTENT), READER, RSA),
    enveloped(signed(CONTENT), RSA, profile=profiles.STRICT),
    with_signature(CONTENT, signature(CONTENT)),
]
BOUNDED = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def answer(raw: bytes) -> sm.Opened | sm.Refused:
    found = open_mail(raw, RECORD, *KEYS, cache=CACHE)
    assert isinstance(found, sm.Opened | sm.Refused)
    return found


def mutated(data: bytes, seed: int) -> bytes:
    """A few bytes changed, removed, doubled or moved, the same for the same seed."""
    rng = random.Random(seed)
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(out) or 1), rng.randint(1, 12)
        match rng.randrange(5):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del out[at : at + size]
            case 2:
                out[at:at] = out[at : at + size]
            case 3:
                out[at:at] = rng.choice(
                    [b"\r", b"\n", b"\x00", b"--", b'"', b";", b"=", b":", b"\x30\x80", b"\xff" * 3]
                )
            case 4:
                out[at : at + size] = bytes(rng.randrange(256) for _ in range(size))
    return bytes(out)


@given(st.binary(max_size=600))
@BOUNDED
def test_sm20_any_bytes(raw):
    """Random bytes, and random bytes behind a good header."""
    answer(raw)
    answer(mail(raw, fields()))


@given(st.integers(0, 2), st.integers(0, 2**32))
@BOUNDED
def test_sm20_mutated_mail(sample, seed):
    """Mutations of the text outside."""
    answer(mutated(SAMPLES[sample], seed))


@given(st.integers(0, 2), st.integers(0, 2**32))
@BOUNDED
def test_sm20_mutated_cms(sample, seed):
    """Mutations of the structure inside the base64, mostly in its head."""
    cms = scanner.decode_body(scanner.read_entity(SAMPLES[sample]))
    answer(mail(mutated(cms[:700], seed) + cms[700:], fields()))


@given(st.integers(0, 2**32))
@BOUNDED
def test_sm20_mutated_signature(seed):
    """Mutations of the signature under a good envelope."""
    answer(with_signature(CONTENT, mutated(signature(CONTENT), seed)))


@given(st.integers(0, 2**32))
@BOUNDED
def test_sm20_mutated_plaintext(seed):
    """Mutations of what was encrypted."""
    answer(enveloped(mutated(signed(CONTENT), seed)))


@given(st.integers(0, 2**32))
@BOUNDED
def test_sm20_mutated_entity_with_a_good_signature(seed):
    """A known partner signs nonsense: its protected header and parts are read after the signature."""
    answer(enveloped(signed(mutated(CONTENT, seed))))


@given(st.one_of(st.binary(max_size=300), st.integers(0, 2**32).map(lambda seed: mutated(bounce(), seed))))
@BOUNDED
def test_sm20_bounces(raw):
    """Random and mutated reports."""
    assert isinstance(sm.read_bounce(raw, LOOKUP), sm.Bounce)
    assert isinstance(sm.classify(raw), sm.Classified)
    assert isinstance(sm.read_unsigned_receipt(raw, lambda _: None), sm.ReceiptVerdict)


@given(st.integers(0, 2**32))
@BOUNDED
def test_sm20_receipts(seed):
    """Mutated notifications in a receipt that opened."""
    import msgspec

    content = mutated(notification_fields().encode(), seed)
    part = sm.Part(None, "message/disposition-notification", content, "")
    mail_read = msgspec.structs.replace(arrived(), partner=municipality(), parts=(part,))

    verdict = sm.read_receipt(mail_read, lambda _: SENT)

    assert verdict.state in (None, "received", "refused")


@given(st.binary(max_size=400))
@BOUNDED
def test_sm20_records_and_keys(data):
    """Domain book, certificates, keys, revocation data."""
    assert isinstance(sm.parse_domain_book(data), sm.DomainBook | Finding)
    assert not isinstance(sm.recipient(data), sm.Recipient)
    assert isinstance(sm.load_key(data, b"x"), Finding)
    assert sm.Revocation([data], [data]).unusable == 2


@given(st.integers(0, 2**32))
@BOUNDED
def test_sm20_mutated_certificates(seed):
    """As signer and as recipient."""
    data = mutated(SIGNER.der, seed)
    record = partner(SIGNER)
    question = sm.Question(
        partner=record, trust=sm.Trust(), revocation=sm.Revocation(), at=NOW, now=NOW, carried=(data, SIGNER.der)
    )
    assert isinstance(sm.check_certificate(data, "sign", question), sm.Verdict)
    sm.recipient(data)
    recipient(SIGNER)


def test_the_samples_are_good():
    """Unmutated they open, so the mutations above start from something that is read to its end."""
    assert all(isinstance(answer(s), sm.Opened) for s in SAMPLES)
    assert sm.read_bounce(bounce(), LOOKUP).matched
    assert REPORT
