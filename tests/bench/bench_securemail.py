"""Secure mail: sealing and opening against the one private-key operation that neither can do without.

`python -m tests.bench securemail`. Messages carry 10 KB, each another one, as in a mailbox. The verdict on
the signer's chain is cached, as it is for every message but the first in an hour (SM-41); the first has a row of its
own. The large message has an attachment of 18 MB, 34 MB on the wire.
"""

import multiprocessing
import os
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from itertools import cycle
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7EnvelopeBuilder,
    PKCS7Options,
    PKCS7SignatureBuilder,
)
from pyhanko_certvalidator import CertificateValidator, ValidationContext

from gateway import securemail as sm
from gateway.demo import ca
from gateway.securemail import layout, profiles
from tests.bench.rows import Row
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    PROVIDER,
    START,
    crls,
    decrypting,
    good,
    issuing,
    leaf,
    mailbox,
    open_mail,
    opened,
    partner,
    plan,
    recipient,
    revocation,
    root,
    signing,
)

_MESSAGES = 300  # more than any memo of the room holds
_ENTRIES = 50_000


def rows() -> list[Row]:
    """Time of 10 KB against bare key operations, a long CRL, two processes, and time and memory of 18 MB."""
    return [*_small("rsa-2048", "standard"), *_small("rsa-3072", "strict"), *_long_crl(), _two(), *_large()]


def _message(size: int) -> sm.Message:
    document = sm.Attachment("ondersteuningsplan.pdf", "application/pdf", os.urandom(size))
    return plan(parts=(sm.Attachment("ondersteuningsplan.json", "application/json", b'{"plan": 1}'), document))


@cache
def _messages() -> list[sm.Message]:
    return [_message(10_000) for _ in range(_MESSAGES)]


class _Pair:
    """A provider that seals for a municipality that opens, both with a key of *kind*."""

    def __init__(self, kind: ca.KeyKind, profile: sm.ProfileName, data: sm.Revocation | None = None) -> None:
        self.ours, self.theirs, self.profile = leaf(PROVIDER, kind), leaf(MUNICIPALITY, kind), profile
        self.signer, self.to = signing(self.ours), [recipient(self.theirs)]
        self.record, self.cache, self.data = partner(self.ours, profile), sm.VerdictCache(), data or revocation()
        self.box, self.book = mailbox(decrypting(self.theirs)), sm.PartnerBook([self.record])
        # Sent one second after the other: nothing that a message says of its own is in two of them.
        self._to_seal = cycle([(m, NOW - timedelta(seconds=n)) for n, m in enumerate(_messages())])
        self.raws = [self.seal() for _ in _messages()]
        self._to_open = cycle(self.raws)
        for raw in self.raws[:2]:
            opened(self.open_one(raw, self.cache))

    def seal(self, signer: sm.SigningKey | None = None) -> bytes:
        message, now = next(self._to_seal)
        raw: bytes = good(sm.seal(message, signer or self.signer, self.to, self.profile, now)).raw
        return raw

    def open(self) -> object:
        return self.open_one(next(self._to_open), self.cache)

    def open_one(self, raw: bytes, known: sm.VerdictCache) -> Any:
        return sm.open(raw, self.box, self.book, sm.Trust(), self.data, NOW, NOW, cache=known)

    def sign_only(self) -> object:
        return self.signer.signer.sign(bytes(300), profiles.PROFILES[self.profile].rsa_signature, profiles.SHA256)

    def decrypt_only(self) -> Callable[[], object]:
        digest = profiles.SHA256.make
        oaep = padding.OAEP(padding.MGF1(digest()), digest(), None)
        scheme = padding.PKCS1v15() if self.profile == "standard" else oaep
        block = self.theirs.key.public_key().encrypt(bytes(32), scheme)
        return lambda: self.theirs.key.decrypt(block, scheme)

    def by_cryptography(self) -> bytes:
        """The same mail as a user of `cryptography` builds it, given the signed entity and the outer fields."""
        message, now = next(self._to_seal)
        message_id = layout.new_message_id(message.sender)
        outer = layout.outer_fields(message, message_id, now)
        entity = layout.signed_entity(message, layout.protected_fields(message, message_id, now), outer)
        builder = PKCS7SignatureBuilder().set_data(entity)
        builder = builder.add_signer(self.ours.certificate, self.ours.key, hashes.SHA256())
        builder = builder.add_certificate(issuing().certificate)
        signed = builder.sign(Encoding.SMIME, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])
        envelope = PKCS7EnvelopeBuilder().set_data(signed).add_recipient(self.theirs.certificate)
        envelope = envelope.set_content_encryption_algorithm(AES256)
        enclosed = envelope.encrypt(Encoding.SMIME, [PKCS7Options.Binary])
        return "".join(field.line for field in outer).encode("ascii") + enclosed


@cache
def _pair(kind: ca.KeyKind, profile: sm.ProfileName) -> _Pair:
    return _Pair(kind, profile)


def _small(kind: ca.KeyKind, profile: sm.ProfileName) -> list[Row]:
    pair, ec = _pair(kind, profile), signing(leaf(PROVIDER, "p256"))
    name, key = f"10 KB, {profile}, {kind.upper()}", kind.upper()
    signature, seal, ec_seal, decryption, unseal = _in_turn(
        15, pair.sign_only, pair.seal, lambda: pair.seal(ec), pair.decrypt_only(), pair.open
    )
    found = [
        Row(name=f"seal {name}", measured=seal, reference=signature, against=f"bare {key} signature", target=2.1),
        Row(name=f"open {name}", measured=unseal, reference=decryption, against=f"bare {key} decryption", target=4.5),
    ]
    if profile == "strict":  # `cryptography` writes neither PSS nor GCM in S/MIME
        return found
    opened(pair.open_one(pair.by_cryptography(), pair.cache))
    theirs, again = _in_turn(15, pair.by_cryptography, pair.seal)
    return [
        *found,
        Row(name=f"seal {name}", measured=again, reference=theirs, against="cryptography's S/MIME", target=0.45),
        Row(name="seal the same, P-256 signer", measured=ec_seal, reference=seal, against=f"seal, {key}", target=0.5),
    ]


def _long_crl() -> list[Row]:
    """A chain whose authority revoked many others: what the first message pays, and that no other does."""
    serials = range(10**15, 10**15 + _ENTRIES)
    long = (crls()[0], ca.make_crl(issuing(), START, NOW + timedelta(days=1), revoked=tuple(serials)))
    short, pair = _pair("rsa-2048", "standard"), _Pair("rsa-2048", "standard", sm.Revocation(long))
    first, bare = _in_turn(
        1, lambda: pair.open_one(pair.raws[0], sm.VerdictCache()), lambda: _validate(pair.ours, long), rounds=5
    )
    reading, parsing = _in_turn(1, lambda: sm.Revocation(long), lambda: _parse(long[1]), rounds=5)
    next_one, without = _in_turn(15, pair.open, short.open)
    what = f"CRL of {_ENTRIES:,} entries".replace(",", " ")
    return [
        Row(name=f"{what}: first open", measured=first, reference=bare, against="bare certvalidator", target=2),
        Row(name=f"{what}: next open", measured=next_one, reference=without, against="CRL without", target=1.2),
        Row(name=f"{what}: taken in", measured=reading, reference=parsing, against="asn1crypto reads", target=1),
    ]


def _validate(signer: ca.Issued, lists: tuple[bytes, ...]) -> None:
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root().der)],
        other_certs=[asn1_x509.Certificate.load(issuing().der)],
        crls=list(lists),
        revocation_mode="require",
        moment=NOW,
    )
    validator = CertificateValidator(asn1_x509.Certificate.load(signer.der), validation_context=context)
    check = validator.async_validate_usage({"digital_signature"})
    try:
        check.send(None)
    except StopIteration:
        return
    raise AssertionError("suspended")


def _parse(data: bytes) -> int:
    entries = asn1_crl.CertificateList.load(data)["tbs_cert_list"]["revoked_certificates"]
    return len({entry["user_certificate"].native for entry in entries})


def _two() -> Row:
    """Sealing and opening in two processes at once, in messages per second of processor time.

    Processor time, because on a machine with other work a second process waits for the processor, not for the first.
    """
    _pair("rsa-2048", "standard")
    rounds = [(_rate(1), _rate(2)) for _ in range(5)]
    one, two = (max(rates) for rates in zip(*rounds, strict=True))
    name = "seal + open, two processes"
    return Row(name=name, measured=two, reference=one, against="one process", target=1.7, better="higher", unit="/s")


def _rate(processes: int) -> float:
    context = multiprocessing.get_context("fork")
    start, times = context.Barrier(processes), context.SimpleQueue()
    started = [context.Process(target=_work, args=(start, times)) for _ in range(processes)]
    for process in started:
        process.start()
    rates = [100 / times.get() for _ in started]
    for process in started:
        process.join()
    return sum(rates)


def _work(start: Any, times: Any) -> None:
    pair = _pair("rsa-2048", "standard")
    start.wait(60)
    began = time.process_time()
    for _ in range(100):
        pair.seal()
        pair.open()
    times.put(time.process_time() - began)


def _large() -> list[Row]:
    ours, theirs = leaf(PROVIDER, "rsa-2048"), leaf(MUNICIPALITY, "rsa-2048")
    signer, to, key, cache, record = (
        signing(ours),
        [recipient(theirs)],
        decrypting(theirs),
        sm.VerdictCache(),
        partner(ours),
    )
    small, large = _message(1_800_000), _message(18_000_000)
    raws = [good(sm.seal(m, signer, to, "standard", NOW)).raw for m in (small, large)]
    seal_small, seal_large, open_small, open_large = _in_turn(
        1,
        lambda: sm.seal(small, signer, to, "standard", NOW),
        lambda: sm.seal(large, signer, to, "standard", NOW),
        lambda: open_mail(raws[0], record, key, cache=cache),
        lambda: open_mail(raws[1], record, key, cache=cache),
        rounds=9,
    )
    seal_bytes = _peak(lambda: sm.seal(large, signer, to, "standard", NOW))
    open_bytes = _peak(lambda: open_mail(raws[1], record, key, cache=cache))
    size = 18_000_000
    # Quadratic would be 10; what no longer fits the processor's cache costs a third as much again.
    ten, own = "ten times the time of 1.8 MB", "size of the attachment"
    return [
        Row(name="seal 18 MB: linear", measured=seal_large, reference=10 * seal_small, against=ten, target=1.5),
        Row(name="open 18 MB: linear", measured=open_large, reference=10 * open_small, against=ten, target=1.5),
        Row(
            name="seal 18 MB: peak memory", measured=seal_bytes, reference=size / 1e6, against=own, target=6, unit="MB"
        ),
        Row(
            name="open 18 MB: peak memory", measured=open_bytes, reference=size / 1e6, against=own, target=6, unit="MB"
        ),
    ]


def _in_turn(number: int, *calls: Callable[[], object], rounds: int = 50) -> list[float]:
    """The best processor time of each in ms, in turn, so that a busy moment of the machine hits all alike.

    Many short series: other work that takes the processor in between leaves cold caches behind.
    """

    def cpu_ms(call: Callable[[], object]) -> float:
        start = time.process_time()
        for _ in range(number):
            call()
        return (time.process_time() - start) / number * 1000

    measured = [[cpu_ms(call) for call in calls] for _ in range(rounds)]
    return [min(times) for times in zip(*measured, strict=True)]


def _peak(call: Callable[[], object]) -> float:
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
