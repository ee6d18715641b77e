"""What waits for a person: one record a subject, in plain Dutch, open until somebody says it is done (SM-106).

A task never names a client and quotes nothing of a message: it says what is wrong, whom it concerns and what to do.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from gateway.domain.workdays import WorkCalendar
from gateway.domain.zone import AMSTERDAM
from gateway.flows.cases import today
from gateway.store import Record, Unit

SOORT: Final = "taak"
OVERDUE_AFTER: Final = 5  # working days (SM-106)
CALENDAR: Final = WorkCalendar()

Weight = Literal["task", "warning", "alarm"]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Something a person must look at. Its key in the records is what it is about: `inbox/12`, `outbox/4`."""

    what: str  # what is wrong, one sentence
    who: str  # whom it concerns, one sentence
    advice: str  # what to do now, one sentence or more
    weight: Weight = "task"
    count: int = 1  # how often it happened
    state: Literal["open", "done"] = "open"
    outcome: str | None = None  # what was done, in the words of who did it
    since: datetime | None = None  # when it was opened, the last time; given by `raise_task`

    @property
    def sentence(self) -> str:
        """All of it, for a list."""
        return f"{self.what} {self.who} {self.advice}"


def raise_task(unit: Unit, about: str, task: Task) -> None:
    """Make the task about a subject. One that is open already takes the new words and counts; a done one opens again.

    So the same trouble again is the same task, and a list cannot be filled by repeating it.
    """
    known = unit.records.get(SOORT, about, Task)
    if known is None:
        unit.records.add(SOORT, about, _since(task, unit.now), keys={"state": "open"})
        unit.audit.write("task_made", f"task/{about}", detail={"weight": task.weight})
        return
    before = known.body
    again = before.state == "open"
    count = before.count + task.count if again else task.count
    body = _since(msgspec.structs.replace(task, count=count), before.since if again else unit.now)
    unit.records.save(SOORT, about, body, versie=known.versie, keys={"state": "open"})


def _since(task: Task, since: datetime | None) -> Task:
    return msgspec.structs.replace(task, since=since)


def keep_task(unit: Unit, about: str, task: Task) -> None:
    """Make the task about something that lasts, in the words of now; while these are the same nothing is written."""
    known = find(unit, about)
    if known is None or known.body.state == "done":
        raise_task(unit, about, task)
    elif (now := _since(task, known.body.since)) != known.body:
        unit.records.save(SOORT, about, now, versie=known.versie, keys={"state": "open"})


def done(unit: Unit, about: str, outcome: str) -> bool:
    """A person did it, or what it waited for happened; False if there is no such open task."""
    known = unit.records.get(SOORT, about, Task)
    if known is None or known.body.state == "done":
        return False
    body = msgspec.structs.replace(known.body, state="done", outcome=outcome)
    unit.records.save(SOORT, about, body, versie=known.versie, keys={"state": "done"})
    unit.audit.write("task_done", f"task/{about}", ground=outcome[:160])
    return True


def all_done(unit: Unit, abouts: Iterable[str], outcome: str) -> None:
    """`done` for each that there is a task about: of most there is none."""
    for about in unit.records.there(SOORT, abouts):
        done(unit, about, outcome)


def open_tasks(unit: Unit) -> list[Record[Task]]:
    """Everything that waits for a person, oldest first; `sleutel` is what it is about, `created_at` since when."""
    return list(unit.records.list(SOORT, Task, keys={"state": "open"}))


def find(unit: Unit, about: str) -> Record[Task] | None:
    """The task about a subject, open or done."""
    return unit.records.get(SOORT, about, Task)


def is_overdue(task: Record[Task], day: date) -> bool:
    """Whether an open task is older than five working days."""
    opened = opened_at(task).astimezone(AMSTERDAM).date()
    return task.body.state == "open" and CALENDAR.workdays_after(opened, day) > OVERDUE_AFTER


def opened_at(task: Record[Task]) -> datetime:
    """Since when it waits: one that was done and came back counts from then."""
    return task.body.since or task.created_at


def overdue(unit: Unit) -> list[Record[Task]]:
    """Open tasks older than five working days: to be listed every day until they are done (SM-106)."""
    day = today(unit)
    return [each for each in open_tasks(unit) if is_overdue(each, day)]
