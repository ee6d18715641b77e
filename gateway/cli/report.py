"""A report on a fault of ours: where it happened, in which versions. No values, no messages, no arguments (SM-150)."""

import platform
import traceback
from pathlib import Path

from gateway import __version__


def report(error: BaseException) -> str:
    """Frames and exception types of the whole chain. Exception messages stay out: they may quote what was read."""
    lines = [
        f"gateway {__version__}",
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
    ]
    current: BaseException | None = error
    while current is not None:
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        for frame in traceback.extract_tb(current.__traceback__, limit=-30):
            lines.append(f"  {_short(frame.filename)}:{frame.lineno} {frame.name}")
        current = current.__cause__ or current.__context__
    return "\n".join(lines) + "\n"


def write_report(error: BaseException, path: str) -> None:
    """Write the report to `path`."""
    Path(path).write_text(report(error), encoding="utf-8")


def _short(filename: str) -> str:
    """Path from the package on: home folders carry people's names."""
    for anchor in ("site-packages/", "gateway/", "lib/python"):
        before, found, after = filename.partition(anchor)
        if found and before:
            return anchor + after if anchor == "gateway/" else after
    return Path(filename).name
