"""The master key: 32 random bytes in a file that only its owner reads, or printed by a command (SM-145)."""

import os
import secrets
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .errors import KeyRefused

KEY_BYTES = 32
COMMAND_TIMEOUT = 30  # seconds; a key service that does not answer must not hang the start


class MasterKey:
    """Opens every other key; never stored in the database, never printed."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise KeyRefused(f"a master key is {KEY_BYTES} bytes, this one has {len(key)}")
        self._key = key

    def __repr__(self) -> str:
        return "MasterKey(…)"

    @property
    def secret(self) -> bytes:
        """The 32 bytes."""
        return self._key

    @classmethod
    def generate(cls) -> "MasterKey":
        """A new random key."""
        return cls(secrets.token_bytes(KEY_BYTES))

    @classmethod
    def create(cls, path: Path) -> "MasterKey":
        """A new key in a new file with mode 0600; KeyRefused if the file is there already."""
        key = cls.generate()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise KeyRefused(f"{path}: there is a master key already, it is not overwritten") from None
        except OSError as error:
            raise KeyRefused(f"{path}: the master key cannot be written ({error.strerror})") from None
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.secret.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        return key

    @classmethod
    def from_file(cls, path: Path) -> "MasterKey":
        """The key in `path`: 64 hex digits. Refused if group or others may touch the file."""
        try:
            mode = path.stat().st_mode
            text = path.read_text(encoding="ascii")
        except OSError as error:
            raise KeyRefused(f"{path}: the master key cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise KeyRefused(f"{path}: not a master key (64 hex digits expected)") from None
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyRefused(f"{path}: others can reach the master key; run: chmod 600 {path}")
        return cls._parse(text, str(path))

    @classmethod
    def from_command(cls, command: Sequence[str]) -> "MasterKey":
        """The key that `command` prints (64 hex digits), run without a shell."""
        try:
            done = subprocess.run(command, capture_output=True, timeout=COMMAND_TIMEOUT, check=True, text=True)
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
            raise KeyRefused(f"the command for the master key failed: {type(error).__name__}") from None
        return cls._parse(done.stdout, "the command for the master key")

    @classmethod
    def _parse(cls, text: str, source: str) -> "MasterKey":
        try:
            return cls(bytes.fromhex(text.strip()))
        except (ValueError, KeyRefused):
            raise KeyRefused(f"{source}: not a master key (64 hex digits expected)") from None
