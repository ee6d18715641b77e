"""What the command line says and where: JSON on standard output, words for people on standard error.

`docs/commands.md`: `--json` prints only JSON on standard output; exit codes 0 (good), 1 (the answer is "no"), 2 (usage,
unreadable files, surroundings). No colour and no bar when the output is not a terminal: rich sees to that.
"""

import sys
from typing import Any

import msgspec

GOOD, NO, BROKEN = 0, 1, 2


class Surroundings(Exception):
    """The surroundings do not work: a file that cannot be read, a port taken. The text says what to do; exit code 2."""


def emit(value: Any) -> None:
    """One JSON document on one line of standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()  # a reader of the lines sees each one when it is made


def say(text: str) -> None:
    """A line for people, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """A line of the answer itself, for people, on standard output."""
    sys.stdout.write(text + "\n")
