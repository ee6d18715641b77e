"""Words, tables and bars: where they go, and that they are plain when nobody looks at a terminal."""

import os
import pty
import subprocess
import sys

import pytest

from gateway.cli import output

TERMINAL = """
from gateway.cli import output
output.table(("een", "twee"), [("a", None), ("b", 2)])
assert list(output.progress(iter([1, 2, 3]), 3, "Bezig")) == [1, 2, 3]
"""


def test_a_bar_does_not_change_what_passes() -> None:
    """No terminal: no bar, the same items."""
    assert list(output.progress(iter("abc"), 3, "Bezig")) == ["a", "b", "c"]


def test_a_table_is_tab_separated_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """An absent value is an empty cell."""
    output.table(("een", "twee"), [("a", None)])
    assert capsys.readouterr().out == "een\ttwee\na\t\n"


def test_on_a_terminal_there_are_columns_and_a_bar() -> None:
    """A real terminal (pty): no tabs."""
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", TERMINAL], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, check=False
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.returncode == 0, shown
    assert "een" in shown
    assert "\t" not in shown
    assert "Bezig" in shown
