"""A socket that is read within bounds, whatever the server sends: so long, so many bytes a call (SM-93, SM-100).

imaplib and poplib bound a line and the wait for the next byte; a server that sends a byte a minute, or lines without
end, holds them for ever or fills the memory.
"""

import io
import socket
import time
from typing import Any

CALL_MAX = 600.0  # seconds for one call: also a large message over a slow line
ANSWER_MAX = 16_000_000  # bytes of a call that asks for no message: a listing of 100 000
WAIT_MAX = 60.0  # seconds for a connection, or for the next byte


class TooMuch(OSError):
    """The server sent more than was asked for, or took longer than any honest one."""


class Bounds:
    """What may still be read in the present call."""

    def __init__(self) -> None:
        self.left = ANSWER_MAX
        self._until: float | None = None
        self.begin()

    def begin(self, size: int = 0, seconds: float | None = CALL_MAX) -> None:
        """A new call, which asks for `size` bytes of messages. `seconds` None: the caller minds the time (IDLE)."""
        self.left = ANSWER_MAX + size
        self._until = None if seconds is None else time.monotonic() + seconds

    def before(self, sock: Any) -> None:
        """Look at the time, and let the next read wait no longer than it may."""
        if self._until is None:
            return
        left = self._until - time.monotonic()
        if left <= 0:
            raise TooMuch("the server takes too long")
        sock.settimeout(min(WAIT_MAX, left))

    def after(self, size: int) -> None:
        """Count."""
        self.left -= size
        if self.left < 0:
            raise TooMuch("the server says too much")


class _Reader(io.RawIOBase):
    """The reading side."""

    def __init__(self, sock: Any, bounds: Bounds) -> None:
        self._sock, self._bounds = sock, bounds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._bounds.before(self._sock)
        size: int = self._sock.recv_into(buffer)
        self._bounds.after(size)
        return size


class BoundedSocket:
    """A socket for imaplib and poplib, whose file is read within `bounds`."""

    def __init__(self, sock: socket.socket, bounds: Bounds) -> None:
        self._sock, self._bounds = sock, bounds

    def makefile(self, _mode: str) -> io.BufferedReader:
        """For reading."""
        return io.BufferedReader(_Reader(self._sock, self._bounds))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)
