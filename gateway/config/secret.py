"""Secrets: files that only their owner may read, or environment variables. Never in gateway.toml, never shown."""

import stat
from collections.abc import Mapping
from pathlib import Path

from gateway.domain.findings import Finding


def mode_fault(file: Path, key: str) -> Finding | None:
    """The finding if others than the owner may read or change `file`, or if it is not there (SM-145)."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        return Finding(
            code="CFG-FILE",
            severity="error",
            path=key,
            message=f"{file} cannot be read: {error.strerror}.",
            advice=f"Make the file with mode 0600, or name another one at {key}.",
        )
    if mode & 0o077:
        return Finding(
            code="CFG-MODE",
            severity="error",
            path=key,
            message=f"{file} has mode {mode:04o}: others than its owner can reach a secret.",
            advice=f"chmod 600 {file}",
        )
    return None


def read_secret(file: Path, key: str, environ: Mapping[str, str], variable: str) -> str | Finding:
    """The secret itself: from `variable` if it is set, else the first line of `file`; or why it cannot be had."""
    if variable in environ:
        return environ[variable]
    fault = mode_fault(file, key)
    if fault is not None:
        return fault
    return file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
