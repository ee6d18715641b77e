"""One running process a folder: a second start is refused with a sentence, and a crash leaves no lock behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class AlreadyRunning(Exception):
    """Another process runs this gateway."""


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock file; AlreadyRunning names the process that has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyRunning(f"{path.parent}: a gateway runs here already (process {other})") from None
        os.ftruncate(descriptor, 0)
        with suppress(OSError):  # no room: who holds it is only for people to read
            os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        yield
    finally:
        os.close(descriptor)
