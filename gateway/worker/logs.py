"""What a log line may say of an exception: where and what kind; its text and variables may hold a person's data."""

import traceback
from pathlib import Path

FRAMES = 3  # the innermost ones say where


def where(error: BaseException) -> str:
    """`files.py:31 in _read < pickup.py:88 in _fetch: OSError` (SM-150)."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in reversed(frames))
    return f"{places}: {type(error).__name__}"
