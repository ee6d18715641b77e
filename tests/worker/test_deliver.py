"""Delivery by the worker: what is due goes out, in order, and every outcome is kept."""

import asyncio
from pathlib import Path

import pytest

from gateway.store import Store
from gateway.transports import FolderTransport
from gateway.worker import Delivery, deliver_due

from .conftest import NOW, HandClock, Obedient, put


def deliver(store: Store, transport: Obedient | FolderTransport, clock: HandClock) -> list[Delivery]:
    """One round."""
    return asyncio.run(deliver_due(store, {"out": transport}, clock))


def test_a_refusal_defers_and_the_next_round_after_its_time_delivers(store: Store, clock: HandClock) -> None:
    """The demo's second step: deferred, then submitted, the same bytes."""
    number = put(store)
    out = Obedient("deferred")
    assert [d.state for d in deliver(store, out, clock)] == ["deferred"]
    assert deliver(store, out, clock) == []
    clock.forward(minutes=1)
    (delivery,) = deliver(store, out, clock)
    assert (delivery.id, delivery.state) == (number, "submitted")
    assert deliver(store, out, clock) == []
    assert len(out.handed) == 1


def test_messages_of_one_reference_go_out_in_order_within_one_round(store: Store, clock: HandClock) -> None:
    """SM-90."""
    for number in range(1, 6):
        put(store, number, reference="toewijzing-1")
    out = Obedient()
    deliver(store, out, clock)
    assert [s.wire for s in out.handed] == [f"Subject: {n}\r\n\r\n".encode() for n in range(1, 6)]


def test_only_the_channels_at_hand_are_used(store: Store, clock: HandClock) -> None:
    """A message for another way out waits for it."""
    put(store, channel="elsewhere")
    assert deliver(store, Obedient(), clock) == []


def test_a_bug_in_a_transport_stops_nobody_and_loses_nothing(store: Store, clock: HandClock) -> None:
    """Before DATA the message waits and its channel goes on; after it nobody knows: uncertain."""
    put(store, 1)
    put(store, 2)
    states = {d.id: d.state for d in deliver(store, Obedient("crash", "crash-in-data"), clock)}
    assert states == {1: "deferred", 2: "uncertain"}
    clock.forward(minutes=10)
    assert {d.id: d.state for d in deliver(store, Obedient(), clock)} == {1: "submitted", 2: "submitted"}


def test_a_message_cancelled_during_the_dialogue_is_not_sent(store: Store, clock: HandClock) -> None:
    """The person wins as long as DATA has not begun; the attempt is closed in the record."""
    number = put(store)
    out = Obedient()

    def cancel() -> None:
        with store.unit(now=NOW, actor="jansen") as unit:
            unit.outbox.cancel(number, "wrong partner")

    out.during = cancel
    assert deliver(store, out, clock) == []
    assert out.handed == []
    with store.view(now=NOW) as view:
        assert view.outbox.get(number).state == "cancelled"
        assert view.outbox.attempts(number)[0].reason == "called off"


def test_an_outcome_that_comes_after_a_receipt_changes_nothing(store: Store, clock: HandClock) -> None:
    """The partner's receipt overtakes the relay's reply."""
    number = put(store, wants_receipt=True)

    class Fast(Obedient):
        async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
            await before_data()
            with store.unit(now=NOW, actor="flow") as unit:
                unit.outbox.receipt(number, accepted=True)
            return await Obedient("deferred").deliver(shipment, before_data)

    (delivery,) = deliver(store, Fast(), clock)
    assert delivery.state == "received"


def test_a_folder_gets_whole_files_under_the_message_id(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """Written under another name, then renamed; a second attempt replaces the first."""
    drop = tmp_path / "uit"
    put(store)
    assert [d.outcome.reason for d in deliver(store, FolderTransport(drop), clock)] == ["no-folder"]
    drop.mkdir()
    clock.forward(minutes=1)
    assert [d.state for d in deliver(store, FolderTransport(drop), clock)] == ["submitted"]
    (file,) = drop.iterdir()
    assert file.name == f"{1:032x}_gemeente.example.eml"
    assert file.read_bytes() == b"Subject: 1\r\n\r\n"


def test_a_dead_partner_does_not_slow_the_others(store: Store, clock: HandClock) -> None:
    """One of fifty never answers: it holds its own places, the others are done while it is waited for."""
    for number in range(1, 21):
        put(store, number, partner="dood", recipient="x@dood.example")
    for number in range(21, 121):
        put(store, number, partner=f"partner-{number % 49}")

    class OneDead(Obedient):
        async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
            if shipment.recipient == "x@dood.example":
                await silence.wait()
            return await super().deliver(shipment, before_data)

    silence, out = asyncio.Event(), OneDead()

    async def scenario() -> int:
        delivering = asyncio.create_task(deliver_due(store, {"out": out}, clock))
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if len(out.handed) == 100:
                break
        before = len(out.handed)
        silence.set()
        assert len(await delivering) == 120
        return before

    assert asyncio.run(scenario()) == 100


def test_promises_of_many_transmissions_share_commits(store: Store, clock: HandClock) -> None:
    """A commit waits for the disk; what others want written meanwhile goes with the next one."""
    for number in range(1, 41):
        put(store, number, partner=f"partner-{number}")
    commits = []
    store.on_step(lambda step: commits.append(step) if step == "before commit" else None)
    assert len(asyncio.run(deliver_due(store, {"out": Obedient()}, clock))) == 40
    assert len(commits) < 20  # 40 starts and 40 outcomes


def test_a_store_that_fails_before_data_stops_the_transmission(store: Store, clock: HandClock) -> None:
    """What cannot be written down is not sent; the attempt is taken back later."""
    put(store)
    out = Obedient()

    def gone() -> None:
        store._engine.dispose()
        store.on_step(lambda _: (_ for _ in ()).throw(OSError("disk full")))

    out.during = gone
    with pytest.raises(OSError, match="disk full"):
        deliver(store, out, clock)
    assert out.handed == []
