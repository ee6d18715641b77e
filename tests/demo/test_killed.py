"""A demo that is killed and started again in the same folder: nothing lost, nothing twice."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import LONGEST, Played, command, environment, play

SLICE = 3  # kills in an ordinary run; GATEWAY_DEMO_KILLS asks for more
KILLS = int(os.environ.get("GATEWAY_DEMO_KILLS", SLICE))


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_demo_goes_on_and_ends_as_if_nothing_happened(tmp_path: Path, played: Played, seed: int) -> None:
    """SIGKILL after a number of steps and a little; the second run ends with the messages of an undisturbed one."""
    chance = random.Random(seed)
    folder = tmp_path / "demo"
    _kill_after(folder, steps=chance.randrange(1, 16), seconds=chance.random() / 4)
    again = play(folder)

    assert again.code == 0, again.lines[-1:] or again.errors
    assert _messages(folder) == _messages(played.folder)
    assert again.lines[-2]["what"] == played.lines[-2]["what"]  # the same euros


def _kill_after(folder: Path, steps: int, seconds: float) -> None:
    process = subprocess.Popen(command(folder, "--json"), stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    deadline = time.monotonic() + LONGEST
    for number, line in enumerate(process.stdout, 1):
        assert json.loads(line)["ok"]
        if number == steps or time.monotonic() > deadline:
            break
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()


def _messages(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Per side: each iWmo message with its status, each mail by kind and state, and how often something was refused."""
    found = {}
    for side in ("gemeente", "aanbieder"):
        with closing(sqlite3.connect(folder / side / "gateway.db")) as base, base:
            found[side] = [
                *base.execute(
                    "select richting, soort, status, count(*) from berichten group by 1, 2, 3 order by 1, 2, 3"
                ),
                *base.execute("select kind, state, count(*) from outbox group by 1, 2 order by 1, 2"),
                *base.execute("select state, reason, count(*) from inbox where state != 'duplicate' group by 1, 2"),
            ]
    return found
