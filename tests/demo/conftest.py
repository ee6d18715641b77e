"""The demo, played once for all tests that look at what it leaves."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 120  # seconds; the demo itself takes about ten


class Played(NamedTuple):
    """A run of `gateway demo --json`."""

    folder: Path
    code: int
    lines: list[dict[str, Any]]
    errors: str


def command(folder: Path, *options: str) -> list[str]:
    """The command line of a demo in `folder`."""
    return [sys.executable, "-m", "gateway", "demo", "--dir", str(folder), *options]


def environment() -> dict[str, str]:
    """As a person has it: no setting of a gateway in it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GATEWAY_")}
    return kept | {"PYTHONPATH": str(ROOT)}


def play(folder: Path) -> Played:
    """Play the demo to its end."""
    done = subprocess.run(
        command(folder, "--json"), capture_output=True, text=True, timeout=LONGEST, env=environment(), check=False
    )
    return Played(folder, done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr)


def play_here(here: Path) -> Played:
    """Play the demo as a person does who names no folder: in outbox/demo below `here`."""
    words = [sys.executable, "-m", "gateway", "demo", "--json"]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=LONGEST, env=environment(), cwd=here, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return Played(here / "outbox" / "demo", done.returncode, lines, done.stderr)


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One whole run, not to be changed.

    Played once for all processes of the suite. Each looks at a copy of its own: a database that is open has files
    beside it, which come and go while another process copies the folder.
    """
    ours = tmp_path_factory.getbasetemp()
    shared = ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours
    told = shared / "demo.json"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            _, *said = play(shared / "demo")
            told.write_text(json.dumps(said))
    folder = tmp_path_factory.mktemp("demo") / "demo"
    shutil.copytree(shared / "demo", folder)
    return Played(folder, *json.loads(told.read_text()))
