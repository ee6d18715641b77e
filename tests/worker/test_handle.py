"""Handling is tried a bounded number of times, and a poison message neither stops nor loops the intake."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest

from gateway.store import InboxItem, Place, Raw, Settled, Store, StoreDown
from gateway.worker import Handled, handle_inbox

from .conftest import NOW, HandClock


def arrive(store: Store, *messages: bytes) -> None:
    """Messages in the inbox."""
    with store.unit(now=NOW, actor="test") as unit:
        for number, data in enumerate(messages):
            place = Place(source="folder", account="a", folder="in", uid=str(number))
            unit.inbox.add(Raw(place=place, received_at=NOW, data=data))


def settling(store: Store, seen: list[bytes]) -> Callable[[InboxItem, bytes, datetime], None]:
    """A handler that accepts everything but poison."""

    def handler(item: InboxItem, raw: bytes, now: datetime) -> None:
        seen.append(raw)
        if raw == b"poison":
            raise ValueError("a name that must not be logged")
        with store.unit(now=now, actor="flow") as unit:
            unit.inbox.settle(Settled(item.id, "handled", partner="zorg", message_id="<1@zorg.example>", mic=bytes(32)))

    return handler


def test_every_message_is_handled_once(store: Store, clock: HandClock) -> None:
    """Oldest first; a settled message is not handed out again."""
    arrive(store, b"one", b"two")
    seen: list[bytes] = []
    done = asyncio.run(handle_inbox(store, settling(store, seen), clock))
    assert done == [Handled(id=1, state="handled"), Handled(id=2, state="handled")]
    assert asyncio.run(handle_inbox(store, settling(store, seen), clock)) == []
    assert seen == [b"one", b"two"]


def test_poison_goes_to_quarantine_after_three_tries_and_stops_nobody(store: Store, clock: HandClock) -> None:
    """The others are handled in the first round; the poison message stays whole, with its reason."""
    arrive(store, b"poison", b"two")
    seen: list[bytes] = []
    handler = settling(store, seen)
    first = asyncio.run(handle_inbox(store, handler, clock))
    assert [(h.state, h.error) for h in first] == [("new", "ValueError"), ("handled", None)]
    for _ in range(6):
        clock.forward(hours=1)
        asyncio.run(handle_inbox(store, handler, clock))
    assert seen.count(b"poison") == 3
    with store.view(now=clock()) as view:
        (item,) = view.inbox.list(states=["quarantined"])
        assert (item.reason, view.inbox.raw(item.id)) == ("crash", b"poison")


def test_a_message_that_kills_the_process_is_counted_before_it_is_tried(store: Store, clock: HandClock) -> None:
    """Nothing after the handler runs in a killed process, so the try is written first."""
    arrive(store, b"killer")

    def killer(item: InboxItem, raw: bytes, now: datetime) -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        try:
            asyncio.run(handle_inbox(store, killer, clock))
        except KeyboardInterrupt:
            clock.forward(hours=1)
    assert asyncio.run(handle_inbox(store, killer, clock)) == [Handled(id=1, state="quarantined")]


def test_a_database_that_fails_during_handling_puts_no_mail_in_quarantine(store: Store, clock: HandClock) -> None:
    """No room for an hour: each try ends the job, none is counted; with room again the message is handled."""
    arrive(store, b"one")
    seen: list[bytes] = []
    room = False

    def handler(item: InboxItem, raw: bytes, now: datetime) -> None:
        if not room:
            raise StoreDown("the database cannot be used now: database or disk is full")
        settling(store, seen)(item, raw, now)

    for _ in range(6):
        with pytest.raises(StoreDown):
            asyncio.run(handle_inbox(store, handler, clock))
        clock.forward(minutes=10)
    room = True
    assert asyncio.run(handle_inbox(store, handler, clock)) == [Handled(id=1, state="handled")]


def test_messages_that_were_never_tried_share_commits(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit costs more than handling a small message; one that fails undoes only what it did itself."""
    monkeypatch.setattr("gateway.worker.handle.TOGETHER", 10)
    arrive(store, *(f"{number}".encode() for number in range(12)), b"poison", *(b"more" * n for n in range(1, 8)))
    commits = []
    store.on_step(lambda step: commits.append(step) if step == "before commit" else None)
    done = asyncio.run(handle_inbox(store, settling(store, []), clock))
    assert [each.state for each in done].count("handled") == 19
    assert [each.error for each in done if each.state == "new"] == ["ValueError"]
    assert len(commits) == 4  # two for the tries, two for what came of them


def test_after_a_crash_in_the_midst_of_several_only_the_one_that_caused_it_comes_to_its_last_try(
    store: Store, clock: HandClock
) -> None:
    """What was done for the others before the crash is undone with it, and done again."""
    arrive(store, b"one", b"killer", b"two")
    seen: list[bytes] = []

    def handler(item: InboxItem, raw: bytes, now: datetime) -> None:
        if raw == b"killer":
            raise KeyboardInterrupt
        settling(store, seen)(item, raw, now)

    for _ in range(4):
        try:
            asyncio.run(handle_inbox(store, handler, clock))
        except KeyboardInterrupt:
            clock.forward(hours=1)
    with store.view(now=clock()) as view:
        assert [item.state for item in view.inbox.list()] == ["handled", "quarantined", "handled"]


def test_a_commit_that_fails_leaves_no_key_behind_that_was_made_in_it(store: Store, clock: HandClock) -> None:
    """The next unit of one commit may seal under a key that the first one made; later ones must make it anew."""
    with pytest.raises(ZeroDivisionError), store.together():
        for number in (1, 2):
            with store.unit(now=NOW, actor="test") as unit:
                unit.records.add("plan", f"{number}", {"n": number})
        raise ZeroDivisionError
    with store.unit(now=NOW, actor="test") as unit:
        unit.records.add("plan", "3", {"n": 3})
    with store.view(now=NOW) as view:
        assert [record.body for record in view.records.list("plan", dict)] == [{"n": 3}]
