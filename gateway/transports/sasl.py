"""How we make ourselves known, inside TLS: SASL mechanisms for SMTP, IMAP and POP3 alike (SM-80).

A mechanism answers challenges; who carries them there and back is the protocol's business.
"""

import base64
import hashlib
import hmac
import os
import stringprep
import unicodedata
from collections.abc import Callable
from typing import Final, Literal, Protocol

Auth = Literal["plain", "scram-sha-256", "xoauth2", "external"]
Secret = str | Callable[[], str]
"""A password or token, or what gives it at each log-in: a token is another one every hour. `NoSecret`."""

NAMES: Final[dict[Auth, str]] = {
    "plain": "PLAIN",
    "scram-sha-256": "SCRAM-SHA-256",
    "xoauth2": "XOAUTH2",
    "external": "EXTERNAL",
}
ROUNDS_MAX: Final = 1_000_000  # of a server that would have us reckon for hours
ROUNDS_MIN: Final = 4096  # RFC 7677 section 4
CHALLENGES_MAX: Final = 5
_HASH: Final = "sha256"


class NoSecret(OSError):
    """The file or command that gives the password or token does not. The text names no secret."""


class Impostor(OSError):
    """The server does not know the password that it let us in with, or breaks the rules of the mechanism."""


class Mechanism(Protocol):
    """One log-in."""

    def answer(self, challenge: bytes) -> bytes:
        """What to say to this; the first challenge is empty. Impostor."""
        ...

    def check_end(self) -> None:
        """The server says we are in. Impostor if it did not prove what it had to."""
        ...


def begin(auth: Auth, user: str, secret: Secret) -> Mechanism:
    """A log-in of this account. NoSecret."""
    if auth == "external":
        return _Once(user.encode())
    known = secret if isinstance(secret, str) else secret()
    if auth == "xoauth2":
        return _Once(f"user={user}\x01auth=Bearer {known}\x01\x01".encode())
    if auth == "plain":
        return _Once(f"\0{user}\0{known}".encode())
    return Scram(user, known)


class _Once:
    """One answer says all; to what follows (the reason why a token is refused) nothing is to be said."""

    def __init__(self, text: bytes) -> None:
        self._text: bytes | None = text

    def answer(self, challenge: bytes) -> bytes:
        text, self._text = self._text, None
        return text or b""

    def check_end(self) -> None:
        """The server proves nothing: its certificate did."""


class Scram:
    """SCRAM-SHA-256 (RFC 5802, RFC 7677): the password does not cross the line, and the server proves it has it."""

    def __init__(self, user: str, password: str, nonce: str | None = None) -> None:
        self._password = prepare(password).encode()
        self._nonce = nonce or base64.b64encode(os.urandom(18)).decode()
        name = prepare(user).replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={name},r={self._nonce}"
        self._steps = [self._first, self._final, self._verify]
        self._expected = b""
        self._proved = False

    def answer(self, challenge: bytes) -> bytes:
        """See `Mechanism`."""
        if not self._steps:
            raise Impostor("the server goes on after its last word")
        return self._steps.pop(0)(challenge)

    def check_end(self) -> None:
        """See `Mechanism`."""
        if not self._proved:
            raise Impostor("the server did not prove that it knows the password")

    def _first(self, _challenge: bytes) -> bytes:
        return f"n,,{self._bare}".encode()

    def _final(self, challenge: bytes) -> bytes:
        given = _fields(challenge)
        nonce, rounds = given.get("r", ""), given.get("i", "")
        if not nonce.startswith(self._nonce) or nonce == self._nonce or not rounds.isdigit() or len(rounds) > 7:
            raise Impostor("the server's first word is not right")
        if not ROUNDS_MIN <= int(rounds) <= ROUNDS_MAX:
            raise Impostor("the server wants too few or too many rounds")
        salted = hashlib.pbkdf2_hmac(_HASH, self._password, _decoded(given.get("s", "")), int(rounds))
        without = f"c=biws,r={nonce}"
        message = b",".join((self._bare.encode(), challenge, without.encode()))
        key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.new(_HASH, key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        self._expected = _hmac(_hmac(salted, b"Server Key"), message)
        return f"{without},p={base64.b64encode(proof).decode()}".encode()

    def _verify(self, challenge: bytes) -> bytes:
        if not hmac.compare_digest(_decoded(_fields(challenge).get("v", "")), self._expected):
            raise Impostor("the server did not prove that it knows the password")
        self._proved = True
        return b""


def prepare(text: str) -> str:
    """SASLprep (RFC 4013) of a name or password. NoSecret for what it does not allow."""
    mapped = "".join(" " if stringprep.in_table_c12(c) else c for c in text if not stringprep.in_table_b1(c))
    done = unicodedata.normalize("NFKC", mapped)
    if any(unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") for c in done):
        raise NoSecret("a name or password has a character that SCRAM does not allow")
    return done


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, _HASH)


def _fields(challenge: bytes) -> dict[str, str]:
    parts = challenge.decode("utf-8", "replace").split(",")
    return {name: value for name, found, value in (part.partition("=") for part in parts) if found}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Impostor("the server's word is no base64") from None


def decode(challenge: str | bytes) -> bytes:
    """A challenge as it stands on the line. Impostor."""
    return _decoded(challenge.decode("ascii", "replace") if isinstance(challenge, bytes) else challenge)
