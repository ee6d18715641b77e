"""Files that go in and come out of commands; what cannot be read or written is a sentence (`Surroundings`)."""

import os
import sys
import tempfile
from pathlib import Path

from gateway.cli.output import Surroundings


def read(path: Path) -> bytes:
    """The bytes of a file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Surroundings(f"{path} kan niet gelezen worden: {error.strerror}.") from None


def write(path: Path | None, data: bytes) -> None:
    """To a file, whole or not at all; to standard output when there is no path."""
    if path is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(name, 0o600)  # a message holds personal data
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise Surroundings(f"{path} kan niet geschreven worden: {error.strerror}.") from None


def expand(given: list[Path], suffix: str) -> list[Path]:
    """Files as named; of a folder every file below it with this suffix, in order of name."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() == suffix and p.is_file())
            if not inside:
                raise Surroundings(f"In de map {path} staat geen bestand dat op {suffix} eindigt.")
            found.extend(inside)
        elif path.exists():
            found.append(path)
        else:
            raise Surroundings(f"{path} bestaat niet.")
    return found
