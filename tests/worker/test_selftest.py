"""Killed at every numbered step of sending and receiving and started again: nothing lost, no second effect."""

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from gateway.domain.delivery import Outcome
from gateway.store import Store
from gateway.worker.selftest import RECEIVING, SENDING, Case, Step, crash_test


# A slice here; every step with -m slow and `gateway selftest crash`.
@pytest.mark.parametrize(("case", "every"), [(SENDING, 5), (RECEIVING, 16)], ids=["sending", "receiving"])
def test_a_kill_at_a_step_loses_nothing_and_doubles_nothing(tmp_path: Path, case: Case, every: int) -> None:
    """A seeded slice of the crash matrix, on SQLite."""
    report = crash_test(case, tmp_path, lambda n: str(tmp_path / f"{n}.db"), every=every, first=2)
    assert report.faults == ()
    assert report.kills >= 8


@pytest.mark.slow
@pytest.mark.parametrize("case", [SENDING, RECEIVING], ids=lambda case: case.name)
def test_every_single_step_survives_a_kill(tmp_path: Path, case: Case) -> None:
    """The whole matrix, on SQLite."""
    report = crash_test(case, tmp_path, lambda n: str(tmp_path / f"{n}.db"))
    assert report.faults == ()
    assert report.kills >= 40


def test_the_crash_test_sees_a_sender_that_notes_success_too_early(tmp_path: Path) -> None:
    """The proof can fail: a sender that commits `submitted` before it transmits loses a message to a kill between."""

    def careless(store: Store, home: Path, now: datetime, step: Step) -> None:
        with store.unit(now=now, actor="careless") as unit:
            claims = unit.attempts.claim(node="selftest", limit=9)
            unit.attempts.start_all(claims)
            unit.attempts.record_all([(c, Outcome(verdict="submitted", phase="data")) for c in claims])
        with (home / "arrived").open("a") as file:
            for claim in claims:
                step("before the message")
                file.write(f"{claim.shipment.message_id} {hashlib.sha256(claim.shipment.wire).hexdigest()}\n")
                file.flush()

    case = Case(name="careless", begin=SENDING.begin, work=careless, faults=SENDING.faults)
    report = crash_test(case, tmp_path, lambda n: str(tmp_path / f"{n}.db"))
    assert any("is lost" in fault for fault in report.faults)
