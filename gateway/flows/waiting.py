"""What people are told of outgoing messages that do not get on: held, given up, or not answered (9.3, SM-116).

One task a partner and kind, in the words of now, done by itself when nothing waits any more: two hundred messages to
one silent gateway are one thing to do.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from gateway.domain.zone import AMSTERDAM
from gateway.flows import tasks
from gateway.flows.tasks import Task, Weight
from gateway.securemail import CONCLUSIONS
from gateway.securemail.conclusions import Evidence
from gateway.store import OutboxItem, Unit
from gateway.store.states import OutState

SILENCE_WARNING: Final = timedelta(hours=4)  # table 9.3; after a working day it is a task
_AT_ONCE: Final = 10_000
_GIVEN_UP: Final[tuple[OutState, ...]] = ("failed", "expired")
_SUBJECTS: Final = ("held", "silent", "given-up")


def a_working_day_ago(moment: datetime, now: datetime) -> bool:
    """True once a whole working day has passed since the day of `moment` (table 9.3)."""
    day, today = moment.astimezone(AMSTERDAM).date(), now.astimezone(AMSTERDAM).date()
    return tasks.CALENDAR.nth_workday_after(day, 1) < today


def silence(sent_at: datetime, now: datetime) -> Evidence | None:
    """What it means that a receipt has not come; None: it is too early to mean anything."""
    if a_working_day_ago(sent_at, now):
        return "silence-task"
    return "silence-warning" if now - sent_at >= SILENCE_WARNING else None


def tell(unit: Unit) -> int:
    """Bring the tasks about outgoing messages up to date; how many are open. For a job every minute."""
    found = dict(_found(unit))
    for about, task in found.items():
        tasks.keep_task(unit, about, task)
    for known in tasks.open_tasks(unit):
        subject = known.sleutel.partition("/")[0]
        if subject in _SUBJECTS and known.sleutel not in found:
            tasks.done(unit, known.sleutel, "er wacht niets meer")
    return len(found)


def _found(unit: Unit) -> Iterator[tuple[str, Task]]:
    for code, items in _by_partner(_all(unit, ["held"])).items():
        yield f"held/{code}", _held(code, items, unit.now)
    late = unit.outbox.unanswered(unit.now - SILENCE_WARNING, limit=_AT_ONCE)
    for code, items in _by_partner(late).items():
        yield f"silent/{code}", _silent(code, items, unit.now)
    for code, items in _by_partner(_all(unit, list(_GIVEN_UP))).items():
        yield f"given-up/{code}", _given_up(code, items)


def _all(unit: Unit, states: list[OutState]) -> list[OutboxItem]:
    found: list[OutboxItem] = []
    while batch := unit.outbox.list(states=states, after=found[-1].id if found else 0, limit=1000):
        found += batch
    return found


def _by_partner(items: Sequence[OutboxItem]) -> dict[str, list[OutboxItem]]:
    found: dict[str, list[OutboxItem]] = defaultdict(list)
    for item in items:
        found[item.partner].append(item)
    return found


def _held(code: str, items: list[OutboxItem], now: datetime) -> Task:
    """At once a warning; a task after a working day (SM-116)."""
    oldest = items[0]
    return Task(
        what=f"Er worden berichten vastgehouden: {len(items)}; het oudste is uitgaand bericht {oldest.id}.",
        who=f"Zij zijn voor partner {code}.",
        advice="Kijk met `gateway outbox show` wat eraan ontbreekt; kies anders een andere weg en trek het bericht in.",
        weight=_weight(a_working_day_ago(oldest.changed_at, now)),
        count=len(items),
    )


def _silent(code: str, items: list[OutboxItem], now: datetime) -> Task:
    """The row of table 9.3 for the message that waits longest."""
    oldest = min(items, key=lambda item: item.submitted_at or now)
    evidence = silence(oldest.submitted_at or now, now)
    return Task(
        what=f"Van {len(items)} berichten is de ontvangst niet bevestigd; het oudste is uitgaand bericht {oldest.id}.",
        who=f"Zij gingen naar partner {code}.",
        advice="Bel de partner als dit aanhoudt: draait zijn software, en kwam het bericht aan?",
        weight=_weight(evidence is not None and CONCLUSIONS[evidence].task),
        count=len(items),
    )


def _given_up(code: str, items: list[OutboxItem]) -> Task:
    return Task(
        what=f"Er zijn {len(items)} berichten opgegeven; het oudste is uitgaand bericht {items[0].id}.",
        who=f"Zij waren voor partner {code}.",
        advice="Herstel de oorzaak en verstuur met `gateway outbox retry`, of leg weg met `gateway outbox cancel`.",
        count=len(items),
    )


def _weight(is_task: bool) -> Weight:
    return "task" if is_task else "warning"
