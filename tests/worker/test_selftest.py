"""Killed at every numbered step of sending and receiving and started again: nothing lost, no second effect."""

from pathlib import Path

import pytest

from gateway.worker.selftest import RECEIVING, SENDING, Case, crash_test

SLICE = 6  # every sixth step here; all of them with -m slow and `gateway selftest crash`


@pytest.mark.parametrize("case", [SENDING, RECEIVING], ids=lambda case: case.name)
def test_a_kill_at_a_step_loses_nothing_and_doubles_nothing(tmp_path: Path, case: Case) -> None:
    """A seeded slice of the crash matrix, on SQLite."""
    report = crash_test(case, tmp_path, lambda n: str(tmp_path / f"{n}.db"), every=SLICE, first=2)
    assert report.faults == ()
    assert report.kills >= 10


@pytest.mark.slow
@pytest.mark.parametrize("case", [SENDING, RECEIVING], ids=lambda case: case.name)
def test_every_single_step_survives_a_kill(tmp_path: Path, case: Case) -> None:
    """The whole matrix, on SQLite."""
    report = crash_test(case, tmp_path, lambda n: str(tmp_path / f"{n}.db"))
    assert report.faults == ()
    assert report.kills >= 60
