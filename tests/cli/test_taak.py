"""`gateway taak` and the alarms in `gateway status`: what waits for a person is seen, and done by name (SM-106)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.app import App
from gateway.cli.output import BROKEN, GOOD, NO
from gateway.flows import tasks
from gateway.flows.parties import partner
from gateway.flows.partners import record_partner
from gateway.flows.tasks import Task
from gateway.jobs import list_overdue
from gateway.securemail.partners import TransportOnly
from tests.cli.conftest import Answer, lines
from tests.cli.test_outbox import state

Gateway = Callable[..., Answer]
NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=14)


@pytest.fixture
def folder(pair: Path) -> Path:
    """A municipality's gateway with an old task and an alarm of now."""
    old = Task(what="Er is iets.", who="Het gaat om partner 99990001.", advice="Kijk ernaar.")
    alarm = Task(what="Er is alarm.", who="Het gaat om ons.", advice="Bel.", weight="alarm")
    with state(pair / "gemeente") as store:
        with store.unit(now=OLD, actor="test") as unit:
            tasks.raise_task(unit, "inbox/1", old)
        with store.unit(now=NOW, actor="test") as unit:
            tasks.raise_task(unit, "alarm/opening/2026-03-02", alarm)
    return pair / "gemeente"


def test_the_list_has_alarms_first_and_says_what_waits_too_long(gateway: Gateway, folder: Path) -> None:
    """A line a task, with the sentence of SM-106; --overdue is the list of the day."""
    code, out, _ = gateway("taak", "list", "--dir", folder, "--json")
    assert code == GOOD
    assert [(t["about"], t["weight"], t["overdue"]) for t in lines(out)] == [
        ("alarm/opening/2026-03-02", "alarm", False),
        ("inbox/1", "task", True),
    ]
    assert [t["about"] for t in lines(gateway("taak", "list", "--overdue", "--dir", folder, "--json")[1])] == [
        "inbox/1"
    ]
    assert "inbox/1\ttask\t14 d 0 u\t1\tEr is iets." in gateway("taak", "list", "--dir", folder)[1]
    words = gateway("taak", "show", "inbox/1", "--dir", folder)[1]
    assert all(part in words for part in ("Er is iets.", "Het gaat om partner 99990001.", "Kijk ernaar."))


def test_a_task_is_done_by_somebody_for_a_reason(gateway: Gateway, folder: Path) -> None:
    """In the trail; a second time changes nothing; one that comes back is not late at once."""
    done = ("taak", "done", "inbox/1", "--reason", "gebeld", "--by", "J. de Tester", "--dir", folder, "--json")
    assert [lines(gateway(*done)[1])[0]["result"] for _ in range(2)] == ["done", "already"]
    with state(folder) as store, store.unit(now=NOW, actor="test") as unit:
        (row,) = [r for r in unit.audit.list(object="task/inbox/1") if r.action == "task_done"]
        assert (row.actor, row.ground) == ("person:J. de Tester", "gebeld")
        tasks.raise_task(unit, "inbox/1", Task(what="Weer.", who="Het.", advice="Kijk."))
        assert tasks.overdue(unit) == []
    assert gateway("taak", "done", "inbox/9", "--reason", "x", "--dir", folder)[0] == BROKEN
    assert gateway("taak", "show", "inbox/9", "--dir", folder)[0] == BROKEN


def test_status_shows_alarms_until_somebody_says_they_are_done(gateway: Gateway, folder: Path) -> None:
    """Exit code 1 while one is open."""
    code, out, _ = gateway("status", "--dir", folder)
    assert code == NO
    assert "ALARM alarm/opening/2026-03-02" in out
    assert "taken: 2, waarvan 1 ouder dan vijf werkdagen" in out
    gateway("taak", "done", "alarm/opening/2026-03-02", "--reason", "uitgezocht", "--dir", folder)
    code, out, _ = gateway("status", "--dir", folder, "--json")
    assert (code, json.loads(out)["tasks"]) == (GOOD, {"open": 1, "overdue": 1, "alarms": []})


def test_status_names_every_exception_while_it_holds(gateway: Gateway, folder: Path) -> None:
    """SM-115: to whom plans may go signed only, until when and why."""
    today = NOW.date()
    exception = TransportOnly(today - timedelta(days=1), today + timedelta(days=30), "software wordt vervangen")
    with state(folder) as store, store.unit(now=NOW, actor="test") as unit:
        record = partner(unit, "99990001")
        assert record is not None
        agreed = msgspec.structs.replace(record.agreements, transport_only=exception)
        record_partner(unit, msgspec.structs.replace(record, agreements=agreed))
    (shown,) = json.loads(gateway("status", "--dir", folder, "--json")[1])["exceptions"]
    assert (shown["partner"], shown["until"]) == ("99990001", exception.until.isoformat())
    assert "onversleuteld aan partner 99990001" in gateway("status", "--dir", folder)[1]


def test_what_waits_too_long_is_in_the_log_of_every_day(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """SM-106: listed daily, by its subject; no sentence of it."""
    with App.open(folder, {}) as app:
        assert list_overdue(app, NOW) == "1 older than 5 working days"
    assert "task_overdue" in capsys.readouterr().out
