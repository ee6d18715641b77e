"""What is held, given up or not answered becomes one task a partner, in time, and is done by itself (9.3, SM-116)."""

from datetime import datetime

import pytest

from gateway.flows import tasks, waiting
from gateway.flows.tasks import Task
from gateway.store import Outgoing

from .conftest import Pair


def put(pair: Pair, number: int, *, hold: str | None = None, answer: bool = True) -> int:
    """A message of the municipality."""
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        return unit.outbox.put(
            Outgoing(
                message_id=f"<{number:032x}@gemeente.example>",
                kind="canary",
                partner="12345678",
                channel="relay",
                sender="wmo@gemeente.example",
                recipient="plan@aanbieder.example",
                wire=b"Subject: x\r\n\r\nx\r\n",
                wants_receipt=answer,
                mic=b"m" * 32,
                hold=hold,
            )
        )


def told(pair: Pair) -> dict[str, Task]:
    """The open tasks after a round."""
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        waiting.tell(unit)
        return {each.sleutel: each.body for each in tasks.open_tasks(unit)}


def test_a_held_message_warns_at_once_and_is_a_task_after_a_working_day(pair: Pair) -> None:
    """SM-116: one task for all to the partner; gone when they are."""
    numbers = [put(pair, number, hold="geen veilige route") for number in (1, 2)]
    assert [(t.weight, t.count) for t in [told(pair)["held/12345678"]]] == [("warning", 2)]
    pair.later(days=4)
    assert told(pair)["held/12345678"].weight == "task"
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        for number in numbers:
            unit.outbox.cancel(number, "langs een andere weg")
    assert told(pair) == {}


def test_a_missing_receipt_is_a_warning_after_four_hours_and_a_task_after_a_working_day(pair: Pair) -> None:
    """Table 9.3; a message that asked for none is never late, and a receipt ends it."""
    number = put(pair, 1)
    put(pair, 2, answer=False)
    pair.send("gemeente")
    assert told(pair) == {}
    pair.later(hours=5)
    task = told(pair)["silent/12345678"]
    assert (task.weight, task.count) == ("warning", 1)
    pair.later(days=4)
    assert told(pair)["silent/12345678"].weight == "task"
    assert told(pair)["silent/12345678"].count == 1
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        unit.outbox.receipt(number, accepted=True)
    assert told(pair) == {}


def test_what_was_given_up_is_a_task_until_it_goes_or_is_laid_away(pair: Pair) -> None:
    """Also after five days without an answer."""
    number = put(pair, 1)
    pair.send("gemeente")
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        unit.outbox.expire(number, "no receipt within 5 days")
    assert told(pair)["given-up/12345678"].weight == "task"


@pytest.mark.parametrize(
    ("sent", "now", "meaning"),
    [
        ("2026-03-02T10:00", "2026-03-02T13:59", None),
        ("2026-03-02T10:00", "2026-03-02T14:00", "silence-warning"),
        ("2026-03-02T10:00", "2026-03-03T23:00", "silence-warning"),
        ("2026-03-02T10:00", "2026-03-04T00:30", "silence-task"),
        ("2026-03-06T10:00", "2026-03-09T12:00", "silence-warning"),  # a Friday; the working day is Monday
        ("2026-03-06T10:00", "2026-03-10T00:30", "silence-task"),
    ],
)
def test_silence_means_something_by_the_dutch_calendar(sent: str, now: str, meaning: str | None) -> None:
    """Table 9.3: four hours, then a whole working day after the day of sending."""
    assert waiting.silence(*(datetime.fromisoformat(f"{each}+01:00") for each in (sent, now))) == meaning
