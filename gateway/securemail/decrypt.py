"""Decrypt an envelope with our keys; every failure looks the same (SM-22, SM-23, SM-24, SM-122)."""

import os
from collections.abc import Iterator, Sequence
from io import BytesIO

import msgspec
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from gateway.securemail import envelope as envelopes
from gateway.securemail import profiles
from gateway.securemail.cms_write import derive_key
from gateway.securemail.envelope import Envelope, KeyInfo
from gateway.securemail.keys import DecryptionKey
from gateway.securemail.refusal import Refusal

MAX_TRIES = 3
_AT_ONCE = 262_144  # bytes


class Plaintext(msgspec.Struct, frozen=True):
    """What one of our keys made of the content; hostile until the signature inside verifies (SM-25)."""

    data: bytes
    whole: bool  #: padding and tag were right; if not, `data` is garbage that is read all the same (SM-23)
    key: DecryptionKey
    algorithm: str  #: key management


def matching(envelope: Envelope, keys: Sequence[DecryptionKey]) -> list[tuple[KeyInfo, DecryptionKey]]:
    """Our keys that the envelope names, in its order, each once, at most three.

    `Refusal` no-key if none may be used.
    """
    found: list[tuple[KeyInfo, DecryptionKey]] = []
    for info in envelope.recipients:
        for key in keys:
            taken = any(key is other for _, other in found)
            if (
                not taken
                and info.name.means(key.issuer, key.serial, key.key_identifier)
                and _may_use(envelope, info, key)
            ):
                found.append((info, key))
    if not found:
        raise Refusal("no-key", "geen eigen sleutel past bij de envelop")
    return found[:MAX_TRIES]


def _may_use(envelope: Envelope, info: KeyInfo, key: DecryptionKey) -> bool:
    """The kind fits, and a key for `strict` only never meets PKCS#1 v1.5 or CBC, whoever the message names (SM-122)."""
    if (info.kind == "ecdh") is not (key.facts.kind == "ec"):
        return False
    if info.kind == "pkcs1" and not key.pkcs1:
        return False
    return "standard" in key.profiles or envelopes.fits(envelope, profiles.STRICT)


def plaintexts(envelope: Envelope, pairs: Sequence[tuple[KeyInfo, DecryptionKey]]) -> Iterator[Plaintext]:
    """Decrypt with each pair in turn. Never raises: a wrong key gives a Plaintext that is not `whole`."""
    for info, key in pairs:
        data, whole = with_content_key(envelope, _unwrap(envelope, info, key))
        yield Plaintext(data, whole, key, info.algorithm)


def with_content_key(envelope: Envelope, key: bytes) -> tuple[bytes, bool]:
    """What a content key of the right length makes of the content, and whether padding or tag were right."""
    return _gcm(envelope, key) if envelope.cipher.mode == "gcm" else _cbc(envelope, key)


def _unwrap(envelope: Envelope, info: KeyInfo, key: DecryptionKey) -> bytes:
    """The content key, or a random one of the right length when anything at all is wrong with it (RFC 3218)."""
    size = envelope.cipher.key_size
    substitute = os.urandom(size)
    try:
        unwrapped = _key_bytes(info, key)
    except (ValueError, TypeError, InvalidUnwrap, UnsupportedAlgorithm):
        return substitute
    return unwrapped if len(unwrapped) == size else substitute


def _key_bytes(info: KeyInfo, key: DecryptionKey) -> bytes:
    if info.kind == "pkcs1":
        return key.decrypter.unwrap_pkcs1(info.encrypted)
    if info.oaep is not None:
        return key.decrypter.unwrap_oaep(info.encrypted, info.oaep.digest, info.oaep.mask)
    assert info.kdf is not None  # an `ecdh` KeyInfo has both
    assert info.wrap is not None
    if len(info.point) != 1 + 2 * ((key.facts.bits + 7) // 8) or info.point[:1] != b"\x04":
        raise ValueError("point is compressed or on another curve")
    secret = key.decrypter.agree(info.point)
    wrapping = derive_key(secret, info.kdf, info.wrap_identifier, info.wrap.key_size, info.ukm)
    return aes_key_unwrap(wrapping, info.encrypted)


def _gcm(envelope: Envelope, key: bytes) -> tuple[bytes, bool]:
    """The tag is checked over the whole before a byte is released."""
    decryptor = Cipher(AES(key), GCM(envelope.iv, envelope.tag)).decryptor()
    if envelope.associated is not None:
        decryptor.authenticate_additional_data(envelope.associated)
    data = _decrypted(decryptor, envelope.ciphertext)
    try:
        decryptor.finalize()
    except InvalidTag:
        return b"", False
    return data.getvalue(), True


def _cbc(envelope: Envelope, key: bytes) -> tuple[bytes, bool]:
    decryptor = Cipher(AES(key), CBC(envelope.iv)).decryptor()
    data = _decrypted(decryptor, envelope.ciphertext)
    data.write(decryptor.finalize())
    with data.getbuffer() as view:
        fill = view[-1]
        padded = 1 <= fill <= 16 and bytes(view[-fill:]) == bytes([fill]) * fill
    if padded:
        data.truncate(data.tell() - fill)
    return data.getvalue(), padded


def _decrypted(decryptor: CipherContext, ciphertext: bytes | memoryview) -> BytesIO:
    """In pieces: an update takes twice the room of what it gives."""
    data = BytesIO()
    for at in range(0, len(ciphertext), _AT_ONCE):
        data.write(decryptor.update(ciphertext[at : at + _AT_ONCE]))
    return data
