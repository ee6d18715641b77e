"""Our own keys on a token (PKCS#11): an HSM, a smart card, or SoftHSM (SM-50).

The file of a key then holds one line instead of a key: `pkcs11:token=LABEL;object=LABEL` (RFC 7512). What a token does
is signing, RSA-OAEP and ECDH; never PKCS#1 v1.5 decryption: a token reports padding errors itself. The module and the
PIN are settings; a session is opened once and shared, one call at a time.
"""

import hashlib
import re
import threading
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from gateway.config.settings import Keys
from gateway.securemail.profiles import Digest, SchemeKind
from gateway.ways import Files, cannot

SCHEME: Final = b"pkcs11:"
_PART = re.compile(r"(token|object)=([A-Za-z0-9._~%+@:/ -]+)\Z")
#: What says nothing about the message: the token itself cannot be used now.
_GONE: Final = (
    "CryptokiNotInitialized",
    "DeviceError",
    "DeviceMemory",
    "DeviceRemoved",
    "HostMemory",
    "KeyHandleInvalid",
    "ObjectHandleInvalid",
    "SessionClosed",
    "SessionHandleInvalid",
    "TokenNotPresent",
    "UserNotLoggedIn",
)


class TokenGone(Exception):
    """The token cannot be used now. Not an answer about a message: what was to be done is to be tried again."""


def is_reference(data: bytes) -> bool:
    """Whether the file of a key names one on a token."""
    return data.lstrip()[: len(SCHEME)] == SCHEME


def open_key(data: bytes, keys: Keys, files: Files) -> "TokenKey":
    """The key that a file names. CannotStart says what is missing: the extra, the module, the PIN, the object."""
    token, label = _names(data)
    if keys.pkcs11_module is None:
        raise cannot(
            "CFG-TOKEN", "A key is on a token, and keys.pkcs11_module names no PKCS#11 library.", "keys.pkcs11_module"
        )
    pin = files.secret(keys.pkcs11_pin_file, "keys.pkcs11_pin_file", "GATEWAY_PKCS11_PIN")
    try:
        import pkcs11
    except ImportError:
        what = "Keys on a token want the extra `token`: pip install 'wmo-gateway[token]'."
        raise cannot("CFG-TOKEN", what, "keys.pkcs11_module") from None
    module = str(files.folder / keys.pkcs11_module)
    try:
        return TokenKey(_session(module, token, pin), label)
    except RuntimeError as wrong:  # PKCS11Error is one, and so is a library that cannot be loaded
        said = str(wrong) or type(wrong).__name__
        what = f"The key {label} on token {token} cannot be used ({said})."
        if isinstance(wrong, pkcs11.exceptions.NoSuchKey):
            what = f"Token {token} holds no private key with the label {label}."
        raise cannot("CFG-TOKEN", what, "keys.pkcs11_module", "Look with: pkcs11-tool --list-objects.") from None


def _names(data: bytes) -> tuple[str, str]:
    parts = data.strip().removeprefix(SCHEME).decode("ascii", "replace").split(";")
    found = {match[1]: unquote(match[2]) for part in parts if (match := _PART.match(part))}
    if len(found) != len(parts) or set(found) != {"token", "object"}:
        what = "A key on a token is named pkcs11:token=LABEL;object=LABEL, and nothing more."
        raise cannot("CFG-TOKEN", what, "keys.pkcs11_module")
    return found["token"], found["object"]


@lru_cache(maxsize=8)
def _session(module: str, token: str, pin: str) -> Any:
    """One session a token: logging in is slow, and many tokens allow it once."""
    import pkcs11

    found = pkcs11.lib(module).get_token(token_label=token)
    try:
        return found.open(user_pin=pin)
    except pkcs11.exceptions.UserAlreadyLoggedIn:  # by an earlier session of this process: all share the login
        return found.open()


class TokenKey:
    """A private key that never leaves its token. `Signer` and `Decrypter` of the mail room."""

    _turn = threading.Lock()  # a session serves one call at a time

    def __init__(self, session: Any, label: str) -> None:
        from pkcs11 import Attribute, KeyType, ObjectClass

        self._key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label)
        self._is_ec = self._key.key_type == KeyType.EC
        self.label = label
        self.size = 0 if self._is_ec else len(self._key[Attribute.MODULUS])  # bytes

    def sign(self, data: bytes, kind: SchemeKind, digest: Digest) -> bytes:
        """A signature value; ValueError if the key is of another kind."""
        from pkcs11 import MGF, Mechanism

        if (kind == "ecdsa") is not self._is_ec:
            raise ValueError("another kind of key")
        if kind == "ecdsa":
            raw = self._ask(lambda: self._key.sign(hashlib.new(digest.name, data).digest(), mechanism=Mechanism.ECDSA))
            half = len(raw) // 2
            return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
        name = digest.name.upper()
        if kind == "pss":
            parameters = (Mechanism[name], MGF[name], digest.size)
            mechanism = Mechanism[f"{name}_RSA_PKCS_PSS"]
            return self._ask(lambda: self._key.sign(data, mechanism=mechanism, mechanism_param=parameters))
        return self._ask(lambda: self._key.sign(data, mechanism=Mechanism[f"{name}_RSA_PKCS"]))

    def unwrap_pkcs1(self, encrypted: bytes) -> bytes:
        """Never: a token says whether the padding was right."""
        raise ValueError("PKCS#1 v1.5 is not decrypted on a token")

    def unwrap_oaep(self, encrypted: bytes, digest: Digest, mask: Digest) -> bytes:
        """A content key; ValueError when the input does not fit, or the token does not know the digest."""
        from pkcs11 import MGF, Mechanism

        if self._is_ec:
            raise ValueError("not an RSA key")
        hashed = {"sha1": "SHA_1"}.get(digest.name, digest.name.upper())
        parameters = (Mechanism[hashed], MGF[mask.name.upper()], None)
        return self._ask(
            lambda: self._key.decrypt(encrypted, mechanism=Mechanism.RSA_PKCS_OAEP, mechanism_param=parameters)
        )

    def agree(self, point: bytes) -> bytes:
        """A shared secret; ValueError when the point does not fit."""
        from pkcs11 import KDF, Attribute, KeyType, Mechanism

        if not self._is_ec:
            raise ValueError("not an EC key")
        readable = {Attribute.TOKEN: False, Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True}

        def derive() -> bytes:
            secret = self._key.derive_key(
                KeyType.GENERIC_SECRET,
                (len(point) - 1) // 2 * 8,
                mechanism=Mechanism.ECDH1_DERIVE,
                mechanism_param=(KDF.NULL, None, point),
                template=readable,
            )
            return bytes(secret[Attribute.VALUE])

        return self._ask(derive)

    def _ask(self, work: Any) -> bytes:
        from pkcs11.exceptions import PKCS11Error

        with self._turn:
            try:
                return bytes(work())
            except AttributeError:  # python-pkcs11 leaves out what the key's own attributes do not allow
                raise ValueError("the token does not allow this use of the key") from None
            except PKCS11Error as refused:
                kind = type(refused).__name__
                if kind in _GONE:
                    _session.cache_clear()
                    raise TokenGone(
                        f"the token with key {self.label} cannot be used ({kind}); restart the gateway"
                    ) from None
                raise ValueError(f"the token refused ({kind})") from None
