"""A test that is left out is named; in CI it is a failure, unless the list says why it may be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SUITE = """
import pytest

def test_runs():
    pass

@pytest.mark.reference
def test_listed():
    pytest.skip("reference pack not found")

{extra}
"""
MISSING = """
def test_missing():
    pytest.skip("Postfix is missing: apt-get install postfix")
"""


def run(folder: Path, extra: str, ci: bool) -> subprocess.CompletedProcess[str]:
    """A small suite under this project's own conftest."""
    tests = folder / "tests"
    tests.mkdir()
    for name in ("conftest.py", "allowed-skips.txt"):
        (tests / name).write_text((HERE.parent / name).read_text())
    (tests / "test_it.py").write_text(SUITE.format(extra=extra))
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = reference: x\n")
    env = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith(("PYTEST", "COV"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "tests"]
    return subprocess.run(
        command, cwd=folder, env=env | ({"CI": "true"} if ci else {}), capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("ci", "code"), [(False, 0), (True, 1)])
def test_a_test_that_is_left_out_fails_in_ci_only(tmp_path: Path, ci: bool, code: int) -> None:
    """Both name the test and what is missing."""
    done = run(tmp_path, MISSING, ci)
    assert done.returncode == code, done.stdout
    assert "Postfix is missing: apt-get install postfix: 1" in done.stdout
    assert "tests/test_it.py::test_missing" in done.stdout
    assert (tmp_path / ".coverage.left-out").exists() is not ci


def test_a_listed_one_may_be_left_out_in_ci(tmp_path: Path) -> None:
    """The list is short, and each line has its reason."""
    done = run(tmp_path, "", ci=True)
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
