"""Damage whatever arrives and read it (SM-20).

`python -m tests.securemail.fuzz [--seconds 600] [--seed 1] [TARGET…]`. The damage follows from the number of a case,
so one that fails is played again with `--seed`; the keys are new in each run. A case that takes more than ten seconds,
or makes the process half a gigabyte larger, ends the run. `test_fuzz` plays the first cases of every target each time.
"""

import argparse
import random
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path

import msgspec
from cryptography.utils import CryptographyDeprecationWarning

from gateway import securemail as sm
from gateway.domain.findings import Finding
from gateway.securemail import layout, profiles, scanner
from gateway.securemail.material import read_certificates
from gateway.securemail.revocation_check import Verified, read_list, read_response
from gateway.securemail.signed_files import read_signed_file, sign_file
from tests.securemail.forge import READER, SIGNER, entity, enveloped, fields, mail, signature, signed, with_signature
from tests.securemail.test_bounces import LOOKUP
from tests.securemail.test_bounces import report as bounce
from tests.securemail.test_nta7516 import RECORD as NTA
from tests.securemail.test_receipts import SENT, arrived, municipality
from tests.securemail.test_receipts import fields as notification_fields
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    crls,
    decrypting,
    issuing,
    leaf,
    open_mail,
    partner,
    root,
    signing,
)

RSA = leaf(MUNICIPALITY, "rsa-2048")
KEYS = (decrypting(READER), decrypting(RSA))
RECORD = partner(SIGNER, agreements={"header_protection": "if present", "encrypt_receipts": True})
CACHE = sm.VerdictCache()
CONTENT = entity()
SIGNATURE = signature(CONTENT)
SAMPLES = [
    enveloped(signed(CONTENT), READER, RSA),
    enveloped(signed(CONTENT), RSA, profile=profiles.STRICT),
    with_signature(CONTENT, SIGNATURE),
    layout.clear_mail(fields(), layout.multipart_signed(CONTENT, SIGNATURE, "sha-256")),
]
FILE = sign_file(b'{"kaart": 1}', "application/json", signing(SIGNER), NOW)
BOOK = b"domein\r\nzorg.example\r\ngemeente.example\r\n"
SPLICES = (b"\r", b"\n", b"\x00", b"--", b'"', b";", b"=", b":", b"\x30\x80", b"\xff" * 3, b"\x00\x00", b"\xa0\x80")


def damaged(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, removed, doubled or moved, or only a bit or two turned, which keeps every length."""
    out = bytearray(data)
    if rng.random() < 0.4:
        for _ in range(rng.randint(1, 2)):
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
        return bytes(out)
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(out) or 1), rng.randint(1, 12)
        match rng.randrange(6):
            case 0:
                out[at : at + 1] = rng.randbytes(1)
            case 1:
                del out[at : at + size]
            case 2:
                out[at:at] = out[at : at + size]
            case 3:
                out[at:at] = rng.choice(SPLICES)
            case 4:
                out[at : at + size] = rng.randbytes(size)
            case 5:  # the same again and again, as in a bomb
                out[at:at] = out[at : at + size] * rng.choice((50, 2_000))
    return bytes(out)


def opened(raw: bytes) -> sm.Opened | sm.Refused:
    found = open_mail(raw, RECORD, *KEYS, cache=CACHE)
    assert isinstance(found, sm.Opened | sm.Refused)
    return found


def _bytes(rng: random.Random) -> None:
    raw = rng.randbytes(rng.randrange(2_000))
    opened(raw)
    opened(mail(raw, fields()))


def _mail(rng: random.Random) -> None:
    opened(damaged(rng.choice(SAMPLES), rng))


def _cms(rng: random.Random) -> None:
    cms = scanner.decode_body(scanner.read_entity(rng.choice(SAMPLES[:3])))
    at = rng.choice((100, 700, len(cms)))
    opened(mail(damaged(cms[:at], rng) + cms[at:], fields()))


def _signature(rng: random.Random) -> None:
    opened(with_signature(CONTENT, damaged(SIGNATURE, rng)))


def _plaintext(rng: random.Random) -> None:
    opened(enveloped(damaged(signed(CONTENT), rng)))


def _entity(rng: random.Random) -> None:
    """A known partner signs nonsense: its protected header and parts are read after the signature."""
    at = rng.choice((700, len(CONTENT)))
    opened(enveloped(signed(damaged(CONTENT[:at], rng) + CONTENT[at:])))


def _bounce(rng: random.Random) -> None:
    raw = damaged(bounce(), rng)
    assert isinstance(sm.read_bounce(raw, LOOKUP), sm.Bounce)
    assert isinstance(sm.classify(raw), sm.Classified)
    assert isinstance(sm.read_unsigned_receipt(raw, lambda _: SENT), sm.ReceiptVerdict)


def _receipt(rng: random.Random) -> None:
    """A notification in a receipt that opened."""
    part = sm.Part(None, "message/disposition-notification", damaged(notification_fields().encode(), rng), "")
    read = msgspec.structs.replace(_arrived(), parts=(part,))
    assert sm.read_receipt(read, lambda _: SENT).state in (None, "received", "refused")


@cache
def _arrived() -> sm.Opened:
    return msgspec.structs.replace(arrived(), partner=municipality())


def _nta(rng: random.Random) -> None:
    texts = [damaged(NTA.encode(), rng).decode("latin-1") for _ in range(rng.randint(1, 3))]
    assert isinstance(sm.parse_nta_record(texts, date(2026, 11, 22)), sm.NtaRecord | Finding)


def _book(rng: random.Random) -> None:
    assert isinstance(sm.parse_domain_book(damaged(BOOK, rng)), sm.DomainBook | Finding)


def _certificate(rng: random.Random) -> None:
    """As signer, as recipient, and as a file that somebody hands over."""
    data = damaged(SIGNER.der, rng)
    question = sm.Question(
        partner=RECORD, trust=sm.Trust(), revocation=sm.Revocation(), at=NOW, now=NOW, carried=(data, SIGNER.der)
    )
    assert isinstance(sm.check_certificate(data, "sign", question), sm.Verdict)
    sm.recipient(data)
    assert isinstance(read_certificates(data), tuple | Finding)
    assert isinstance(sm.load_key(data, b"x"), Finding)


def _lists(rng: random.Random) -> None:
    data = damaged(crls()[1], rng)
    assert isinstance(read_list(data, [root().der, issuing().der], NOW), Verified | str)
    assert isinstance(read_response(data, SIGNER.certificate, issuing().certificate, NOW), Verified | str)
    revocation = sm.Revocation([data], [damaged(data, rng)])
    opened_with = open_mail(SAMPLES[1], RECORD, *KEYS, data=revocation)
    assert isinstance(opened_with, sm.Opened | sm.Refused)


def _file(rng: random.Random) -> None:
    read_signed_file(damaged(FILE, rng))


TARGETS: dict[str, Callable[[random.Random], None]] = {
    "bytes": _bytes,
    "mail": _mail,
    "cms": _cms,
    "signature": _signature,
    "plaintext": _plaintext,
    "entity": _entity,
    "bounce": _bounce,
    "receipt": _receipt,
    "nta": _nta,
    "book": _book,
    "certificate": _certificate,
    "lists": _lists,
    "file": _file,
}


def play(target: str, seed: int) -> None:
    """One case of a target; raises when the answer is none."""
    TARGETS[target](random.Random(f"{target} {seed}"))


def run(targets: list[str], first: int, seconds: float) -> int:
    """Play case after case, the targets in turn; how many. Raises at the first that fails, its number as a note."""
    _limit_memory()
    until = time.monotonic() + seconds
    played = 0
    for seed in count(first):
        for target in targets:
            signal.alarm(10)
            try:
                play(target, seed)
            except BaseException as failed:
                failed.add_note(f"again with: python -m tests.securemail.fuzz --seed {seed} --seconds 0 {target}")
                raise
            finally:
                signal.alarm(0)
            played += 1
        if time.monotonic() >= until:
            break
    return played


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 500_000_000, resource.RLIM_INFINITY))
    signal.signal(signal.SIGALRM, _too_long)


def _too_long(_number: int, _frame: object) -> None:
    raise TimeoutError("more than ten seconds for one case")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.securemail.fuzz", description="Damage and read.")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None, help="number of the first case; without it a new one")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    given = parser.parse_args(arguments)
    if unknown := set(given.targets) - set(TARGETS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)  # a damaged serial number may be negative
    first = random.randrange(10**9) if given.seed is None else given.seed
    played = run(given.targets or list(TARGETS), first, given.seconds)
    sys.stdout.write(f"{played} cases from {first}: every answer was one\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
