"""The operations log goes to a file, as it does in a running gateway: writing it is part of the work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from gateway import logs


@contextmanager
def logs_in(path: Path) -> Iterator[None]:
    """Log into this file."""
    with path.open("w", encoding="utf-8") as file:
        logs.configure(file)
        try:
            yield
        finally:
            structlog.reset_defaults()
