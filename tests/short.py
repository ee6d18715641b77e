"""A temporary folder for a program that puts unix sockets in it: their paths end at 107 bytes."""

import os
import tempfile
from pathlib import Path

ROOM = 50  # bytes for the folder of temporary folders; programs put theirs two folders down


def folder(prefix: str) -> Path:
    """A new one, of nobody else; in /tmp where the system's place for them is far away."""
    usual = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix=prefix, dir=usual if len(os.fsencode(usual)) <= ROOM else "/tmp"))
