"""Secure mail: sealing and opening against the one private-key operation each cannot do without.

`python -m tests.bench securemail`. Messages carry 10 KB; the signer's chain verdict is cached, as it is for every
message but the first in an hour (SM-41). The large message is 18 MB on the wire.
"""

import os
import time
import tracemalloc
from collections.abc import Callable

from gateway import securemail as sm
from gateway.securemail import profiles
from tests.bench.rows import Row
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    PROVIDER,
    decrypting,
    good,
    leaf,
    mailbox,
    open_mail,
    opened,
    partner,
    plan,
    recipient,
    revocation,
    signing,
)


def rows() -> list[Row]:
    """Time of 10 KB against bare key operations, and time and memory of 18 MB."""
    return [*_small("rsa-2048", "standard"), *_small("rsa-3072", "strict"), *_large()]


def _message(size: int) -> sm.Message:
    document = sm.Attachment("ondersteuningsplan.pdf", "application/pdf", os.urandom(size))
    return plan(parts=(sm.Attachment("ondersteuningsplan.json", "application/json", b'{"plan": 1}'), document))


def _small(kind: str, profile: sm.ProfileName) -> list[Row]:
    """Signed with a key of this kind and encrypted to RSA-3072, the size that new keys have."""
    ours, theirs = leaf(PROVIDER, kind), leaf(MUNICIPALITY, "rsa-3072")
    signer, to, key, cache = signing(ours), [recipient(theirs)], decrypting(theirs), sm.VerdictCache()
    message, record = _message(10_000), partner(ours, profile)
    raw = good(sm.seal(message, signer, to, profile, NOW)).raw
    box, book, trust, data = mailbox(key), sm.PartnerBook([record]), sm.Trust(), revocation()
    opened(open_mail(raw, record, key, cache=cache))
    scheme = profiles.PROFILES[profile].rsa_signature
    block = theirs.key.public_key().encrypt(bytes(32), _padding(profile))
    signature, decryption, seal, unseal = _in_turn(
        25,
        lambda: signer.signer.sign(bytes(300), scheme, profiles.SHA256),
        lambda: theirs.key.decrypt(block, _padding(profile)),
        lambda: sm.seal(message, signer, to, profile, NOW),
        lambda: sm.open(raw, box, book, trust, data, NOW, NOW, cache=cache),
    )
    return [
        Row(
            name=f"seal 10 KB, {profile}",
            measured=seal,
            reference=signature,
            against=f"bare {kind.upper()} signature",
            target=2.1,
        ),
        Row(
            name=f"open 10 KB, {profile}",
            measured=unseal,
            reference=decryption,
            against="bare RSA-3072 decryption",
            target=4.5,
        ),
    ]


def _padding(profile: sm.ProfileName):
    from cryptography.hazmat.primitives.asymmetric import padding

    if profile == "standard":
        return padding.PKCS1v15()
    digest = profiles.SHA256.make
    return padding.OAEP(padding.MGF1(digest()), digest(), None)


def _large() -> list[Row]:
    ours, theirs = leaf(PROVIDER, "rsa-2048"), leaf(MUNICIPALITY, "rsa-2048")
    signer, to, key, cache, record = (
        signing(ours),
        [recipient(theirs)],
        decrypting(theirs),
        sm.VerdictCache(),
        partner(ours),
    )
    small, large = _message(950_000), _message(9_500_000)
    raws = [good(sm.seal(m, signer, to, "standard", NOW)).raw for m in (small, large)]
    seal_small, seal_large, open_small, open_large = _in_turn(
        1,
        lambda: sm.seal(small, signer, to, "standard", NOW),
        lambda: sm.seal(large, signer, to, "standard", NOW),
        lambda: open_mail(raws[0], record, key, cache=cache),
        lambda: open_mail(raws[1], record, key, cache=cache),
    )
    seal_bytes = _peak(lambda: sm.seal(large, signer, to, "standard", NOW))
    open_bytes = _peak(lambda: open_mail(raws[1], record, key, cache=cache))
    size = len(raws[1])
    ten, own = "ten times the time of 1.8 MB", "size of the message"
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


def _in_turn(number: int, *calls: Callable[[], object]) -> list[float]:
    """The best processor time of each in ms, in turn, so that a busy moment of the machine hits all alike."""

    def cpu_ms(call: Callable[[], object]) -> float:
        start = time.process_time()
        for _ in range(number):
            call()
        return (time.process_time() - start) / number * 1000

    rounds = [[cpu_ms(call) for call in calls] for _ in range(9)]
    return [min(times) for times in zip(*rounds, strict=True)]


def _peak(call: Callable[[], object]) -> float:
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
