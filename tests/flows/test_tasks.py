"""Tasks: one a subject, counted, done by a person or by what it waited for."""

from gateway.flows import quarantine, tasks
from gateway.flows.tasks import Task
from gateway.securemail.refusal import REASONS
from gateway.store import Settled

from .conftest import PARTY, Pair, plan_part

TASK = Task(what="Er is iets.", who="Het gaat om partner 0957.", advice="Kijk ernaar.")


def about(pair: Pair) -> dict[str, Task]:
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        return {each.sleutel: each.body for each in tasks.open_tasks(view)}


def test_the_same_trouble_again_is_the_same_task_until_it_is_done(pair: Pair) -> None:
    """SM-106: a list cannot be filled by repetition; what comes back after it was done opens again, counted anew."""
    store = pair.aanbieder.store
    with store.unit(now=pair.clock(), actor="jansen") as unit:
        tasks.raise_task(unit, "inbox/1", TASK)
        tasks.raise_task(unit, "inbox/1", TASK)
    assert about(pair)["inbox/1"].count == 2
    with store.unit(now=pair.clock(), actor="jansen") as unit:
        assert tasks.done(unit, "inbox/1", "gebeld")
        assert not tasks.done(unit, "inbox/1", "gebeld")
        assert not tasks.done(unit, "inbox/9", "gebeld")
    assert about(pair) == {}
    with store.unit(now=pair.clock(), actor="jansen") as unit:
        tasks.raise_task(unit, "inbox/1", TASK)
    assert about(pair)["inbox/1"].count == 1


def test_a_task_is_overdue_after_five_working_days(pair: Pair) -> None:
    """SM-106: listed every day until it is done."""
    store = pair.aanbieder.store
    with store.unit(now=pair.clock(), actor="jansen") as unit:
        tasks.raise_task(unit, "inbox/1", TASK)
        assert tasks.overdue(unit) == []
    pair.later(days=10)
    with store.view(now=pair.clock()) as view:
        assert [each.sleutel for each in tasks.overdue(view)] == ["inbox/1"]


def test_every_reason_has_words_for_a_person() -> None:
    """SM-106: what, and what now."""
    for reason in {*REASONS, "crash", "stranger", "report"}:
        words = quarantine.words_of(reason)
        assert words.what.endswith(".")
        assert words.advice.endswith(".")


def test_a_message_in_quarantine_makes_one_task(pair: Pair) -> None:
    """SM-106: with the partner it comes from; a partner's address on unproven mail is a claim."""
    good = pair.take_in("aanbieder", pair.seal("gemeente", plan_part(b"no json")).raw)
    claimed = (
        f"From: {PARTY['gemeente'].address}\r\nMessage-ID: <1@x.example>\r\nContent-Type: text/plain\r\n\r\nhallo\r\n"
    )
    told = pair.take_in("aanbieder", claimed.encode())
    found = about(pair)
    assert "Het komt van partner 0957." in found[f"inbox/{good.id}"].sentence
    assert "De afzender zegt partner 0957 te zijn." in found[f"inbox/{told.id}"].sentence


def test_strangers_make_one_task_a_day(pair: Pair) -> None:
    """SM-106."""
    for number in range(3):
        mail = (
            f"From: x@elders.example\r\nMessage-ID: <{number}@elders.example>\r\nContent-Type: text/plain\r\n\r\nx\r\n"
        )
        pair.take_in("aanbieder", mail.encode())
    ((key, task),) = about(pair).items()
    assert key.startswith("strangers/")
    assert task.count == 3


def test_many_messages_that_cannot_be_opened_make_an_alarm(pair: Pair) -> None:
    """SM-106: more than twenty in 24 hours."""
    store = pair.aanbieder.store
    for number in range(21):
        item = pair.put("aanbieder", b"From: x@x.example\r\n\r\n%d" % number)
        with store.unit(now=pair.clock(), actor="test") as unit:
            unit.inbox.settle(Settled(item, "quarantined", reason="signature"))
            quarantine.tell(unit, item, "signature", "0957")
    alarms = [task for task in about(pair).values() if task.weight == "alarm"]
    assert len(alarms) == 1
    assert "21" in alarms[0].what
