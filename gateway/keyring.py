"""Our own keys on disk: those that the settings name, and the ones that follow them up (SM-46 to SM-49).

A following key lies beside the first, numbered: `signing.key` and `signing.pem`, then `signing-2.key` and
`signing-2.pem`. Every decryption key opens mail at once; one key signs, until it is the next one's turn. What a person
said of a key stands beside it: `.from` (sign with it from this day), `.serves` (profiles), `.lost` (SM-141).
"""

import hashlib
import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal

import msgspec
from cryptography import x509

from gateway.config.secret import mode_fault
from gateway.config.settings import Keys
from gateway.domain.findings import Finding
from gateway.securemail import PROFILES, DecryptionKey, ProfileName, SigningKey, decryption_key, load_key, signing_key
from gateway.securemail.keys import BOTH, PrivateKey
from gateway.securemail.material import read_certificates
from gateway.tokens import TokenKey, is_reference, open_key
from gateway.ways import CannotStart, Files, cannot

ANNOUNCED_FOR = timedelta(days=14)
"""Signing switches to the next key so long before the present certificate ends (6.4)."""


class Pair(msgspec.Struct, frozen=True):
    """A private key and its certificate, as files."""

    key: Path
    certificate: Path

    @property
    def switch_file(self) -> Path:
        """Holds the day from which a person wants this key to sign; without it the table of 6.4 says when."""
        return self.key.with_suffix(".from")

    @property
    def serves_file(self) -> Path:
        """Holds the one profile that this key decrypts for; without it both (SM-122)."""
        return self.key.with_suffix(".serves")

    @property
    def lost_file(self) -> Path:
        """There when a person reported the key lost: it signs nothing more and is not proposed to anybody (SM-141)."""
        return self.key.with_suffix(".lost")

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them, the private key first."""
        return (self.key, self.certificate, self.switch_file, self.serves_file, self.lost_file)


class Signers:
    """Our signing keys, oldest first, each with the moment from which it signs."""

    def __init__(self, turns: tuple[tuple[datetime, SigningKey], ...], lost: frozenset[bytes] = frozenset()) -> None:
        self.turns = turns
        self.lost = lost  # certificates (DER) of keys that were reported lost

    def on(self, now: datetime) -> SigningKey:
        """The one that signs now: the newest whose turn has come (SM-46).

        A lost one only if there is no other at all: the gateway then opens, and sends nothing (SM-141).
        """
        kept = [turn for turn in self.turns if turn[1].certificate not in self.lost] or list(self.turns)
        return [key for begin, key in kept if begin <= now or key is kept[0][1]][-1]


def pairs(folder: Path, key: str, certificate: str) -> list[Pair]:
    """The pair that the settings name, then the numbered ones beside it, in order."""
    first = Pair(folder / key, folder / certificate)
    numbered = re.compile(rf"{re.escape(first.key.stem)}-(\d+){re.escape(first.key.suffix)}\Z")
    found = [(int(match[1]), file) for file in first.key.parent.glob("*") if (match := numbered.match(file.name))]
    following = [Pair(file, _beside(first.certificate, number)) for number, file in sorted(found)]
    # The first may have been destroyed since (SM-47).
    return following if following and not first.key.exists() else [first, *following]


def next_pair(folder: Path, key: str, certificate: str) -> Pair:
    """Where the next key is to be put: where the settings say, if there is none at all yet."""
    there = pairs(folder, key, certificate)
    if len(there) == 1 and not there[0].key.exists():
        return there[0]
    last = there[-1].key.stem
    number = int(last.rpartition("-")[2]) + 1 if re.search(r"-\d+\Z", last) else 2
    return Pair(_beside(folder / key, number), _beside(folder / certificate, number))


def _beside(first: Path, number: int) -> Path:
    return first.with_name(f"{first.stem}-{number}{first.suffix}")


def read_signers(keys: Keys, files: Files) -> Signers:
    """Every signing key, each announcing the certificates that follow (SM-134)."""
    own = pairs(files.folder, keys.signing_key, keys.signing_certificate)
    opening = pairs(files.folder, keys.decryption_key, keys.decryption_certificate)
    proposed = [pair for pair in (*own[1:], *opening[1:]) if not pair.lost_file.exists()]
    following = [certificates(files, pair.certificate)[0] for pair in proposed]
    made = [_signer(pair, keys, files, following) for pair in own]
    turns, ends = [], None
    for pair, signer in zip(own, made, strict=True):
        parsed = x509.load_der_x509_certificate(signer.certificate)
        turns.append((_turn(pair, ends, parsed), signer))
        ends = parsed.not_valid_after_utc
    return Signers(tuple(turns), lost_certificates(keys, files))


class OwnKey(msgspec.Struct, frozen=True):
    """One of our keys on disk."""

    use: Literal["sign", "decrypt"]
    pair: Pair
    certificate: bytes  # DER

    @property
    def sha256(self) -> str:
        """Fingerprint of the certificate, hex."""
        return hashlib.sha256(self.certificate).hexdigest()


def own_keys(keys: Keys, files: Files) -> list[OwnKey]:
    """All of our keys, those that sign first."""
    uses: tuple[tuple[Literal["sign", "decrypt"], str, str], ...] = (
        ("sign", keys.signing_key, keys.signing_certificate),
        ("decrypt", keys.decryption_key, keys.decryption_certificate),
    )
    return [
        OwnKey(use, pair, certificates(files, pair.certificate)[0])
        for use, key, certificate in uses
        for pair in pairs(files.folder, key, certificate)
    ]


def stamp(keys: Keys, files: Files) -> tuple[tuple[str, int, int], ...]:
    """Changes when a key of ours is added or destroyed, when something is said of one, or who may read it changes.

    Names, times and sizes.
    """
    uses = ((keys.signing_key, keys.signing_certificate), (keys.decryption_key, keys.decryption_certificate))
    found = []
    for file in (file for names in uses for pair in pairs(files.folder, *names) for file in pair.files):
        with suppress(FileNotFoundError):  # not every pair has every file, and one may be destroyed at this moment
            known = file.stat()
            found.append((file.name, known.st_ctime_ns, known.st_size))
    return tuple(found)


def lost_certificates(keys: Keys, files: Files) -> frozenset[bytes]:
    """The certificates (DER) of keys that a person reported lost."""
    uses = ((keys.signing_key, keys.signing_certificate), (keys.decryption_key, keys.decryption_certificate))
    found = [pair for names in uses for pair in pairs(files.folder, *names) if pair.lost_file.exists()]
    return frozenset(certificates(files, pair.certificate)[0] for pair in found)


def _turn(pair: Pair, previous_ends: datetime | None, own: x509.Certificate) -> datetime:
    """From when a key signs: a person's day, else two weeks before the one before it ends; never before it is valid."""
    begin = own.not_valid_before_utc if previous_ends is None else previous_ends - ANNOUNCED_FOR
    if pair.switch_file.is_file():
        try:
            day = date.fromisoformat(pair.switch_file.read_text(encoding="ascii").strip())
        except ValueError:
            raise cannot("CFG-DAY", f"{pair.switch_file} holds no date (2026-03-31).", "keys.signing_key") from None
        begin = datetime.combine(day, time(), UTC)
    return max(begin, own.not_valid_before_utc)


def _signer(pair: Pair, keys: Keys, files: Files, following: list[bytes]) -> SigningKey:
    leaf, *chain = certificates(files, pair.certificate)
    made = signing_key(private_key(pair.key, "keys.signing_key", keys, files), leaf, chain, following)
    if isinstance(made, Finding):
        raise CannotStart((made,))
    return made


def read_decrypters(keys: Keys, files: Files) -> tuple[DecryptionKey, ...]:
    """Every decryption key; the message says which opens it (SM-46)."""
    made = []
    for pair in pairs(files.folder, keys.decryption_key, keys.decryption_certificate):
        private = private_key(pair.key, "keys.decryption_key", keys, files)
        one = decryption_key(private, certificates(files, pair.certificate)[0], serves(pair))
        if isinstance(one, Finding):
            raise CannotStart((one,))
        made.append(one)
    return tuple(made)


def serves(pair: Pair) -> frozenset[ProfileName]:
    """The profiles that a decryption key serves (SM-122)."""
    try:
        said = pair.serves_file.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return BOTH
    if said not in PROFILES:
        raise cannot("CFG-SERVES", f"{pair.serves_file} holds no profile: standard or strict.", "keys.decryption_key")
    return frozenset({PROFILES[said].name})


def private_key(file: Path, key: str, keys: Keys, files: Files) -> PrivateKey | TokenKey:
    """A private key, opened with the password of the keys; refused if others can read its file. Or one on a token."""
    if (fault := mode_fault(file, key)) is not None:
        raise CannotStart((fault,))
    data = files.read(file, key)
    if is_reference(data):
        return open_key(data, keys, files)
    material = load_key(data, password_of(keys, files))
    if isinstance(material, Finding):
        raise CannotStart((material,))
    return material.private


def password_of(keys: Keys, files: Files) -> bytes:
    """The password of our private keys."""
    return files.secret(keys.password_file, "keys.password_file", "GATEWAY_KEYS_PASSWORD").encode()


def certificates(files: Files, name: str | Path) -> list[bytes]:
    """Certificates of a file (PEM, DER or PKCS#7), in its order, DER."""
    found = read_certificates(files.read(name, "keys"))
    if isinstance(found, Finding):
        raise cannot("CFG-PEM", f"{files.folder / name}: {found.message}", "keys", found.advice)
    return list(found)
