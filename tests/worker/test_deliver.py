"""Delivery by the worker: what is due goes out, in order, and every outcome is kept."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.delivery import Outcome
from gateway.store import Claim, Store, StoreDown, StoreError, Unit
from gateway.store.attempts import Attempts
from gateway.transports import FolderTransport
from gateway.worker import Delivery, deliver_due
from gateway.worker.scribe import Owed

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


def test_heavy_messages_are_taken_a_few_at_a_time_and_keep_no_other_waiting(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is claimed is in memory: after a relay was away forty mails of 35 MB may be due. Each goes at last."""
    monkeypatch.setattr("gateway.store.attempts.HEAVY", 100)
    monkeypatch.setattr("gateway.worker.deliver.HEAVY", 100)
    monkeypatch.setattr("gateway.worker.deliver.HEAVY_MAX", 250)
    sizes = [100, 100, 100, 100, 600, 600, 20, 20, 20, 20]
    for number, size in enumerate(sizes):
        put(store, number, partner=f"p{number}", wire=b"x" * size)
    under_way: list[int] = []
    seen: list[tuple[int, ...]] = []

    class Slow(Obedient):
        async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
            under_way.append(size := len(shipment.wire))
            seen.append(tuple(sorted(under_way)))
            if size >= 100:
                await asyncio.sleep(0.02)
            try:
                return await super().deliver(shipment, before_data)
            finally:
                under_way.remove(size)

    made = deliver(store, Slow(), clock)
    assert [each.state for each in made] == ["submitted"] * len(sizes)
    heavy = [[size for size in some if size >= 100] for some in seen]
    assert max(map(len, heavy)) == 3  # the third begins within the bound
    assert all(sum(some) - max(some) < 250 for some in heavy if some)
    assert [600] in heavy


def test_many_heavy_messages_hide_no_other(store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a relay was away hundreds of plans may be due before an order: it goes among the first of them."""
    monkeypatch.setattr("gateway.store.attempts.HEAVY", 100)
    monkeypatch.setattr("gateway.worker.deliver.HEAVY", 100)
    monkeypatch.setattr("gateway.worker.deliver.HEAVY_MAX", 250)
    for number in range(60):
        put(store, number, partner=f"p{number % 20}", wire=b"x" * 100)
    put(store, 60, partner="other", wire=b"order")
    ended: list[bytes] = []

    class Slow(Obedient):
        async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
            outcome = await super().deliver(shipment, before_data)
            ended.append(shipment.wire)
            return outcome

    assert len(deliver(store, Slow(), clock)) == 61
    assert b"order" in ended[:10]


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


def test_what_falls_due_while_only_a_dead_partner_is_waited_for_goes_out(store: Store, clock: HandClock) -> None:
    """A relay may be silent about one recipient for minutes: nobody else's message waits for the end of that."""
    put(store, 1, partner="dead")

    class Silent(Obedient):
        async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
            if not self.handed:
                self.handed.append(shipment)
                await asyncio.Event().wait()
            return await super().deliver(shipment, before_data)

    out = Silent()

    async def scenario() -> None:
        round_ = asyncio.create_task(deliver_due(store, {"out": out}, clock))
        while not out.handed:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(put, store, 2, partner="living")
        while len(out.handed) < 2:
            await asyncio.sleep(0.01)
        round_.cancel()
        await asyncio.gather(round_, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scenario(), 20))
    assert [shipment.wire for shipment in out.handed] == [f"Subject: {n}\r\n\r\n".encode() for n in (1, 2)]


def test_a_round_of_so_many_attempts_leaves_the_rest_for_the_next(store: Store, clock: HandClock) -> None:
    """Under a load that never ends a round must end, and let go of what it remembers."""
    for number in range(1, 8):
        put(store, number, partner=f"partner-{number}")
    out = Obedient()
    assert [len(asyncio.run(deliver_due(store, {"out": out}, clock, attempts_max=3))) for _ in range(4)] == [3, 3, 1, 0]
    assert len(out.handed) == 7


def test_promises_of_many_transmissions_share_commits(store: Store, clock: HandClock) -> None:
    """A commit waits for the disk; what others want written meanwhile goes with the next one."""
    for number in range(1, 41):
        put(store, number, partner=f"partner-{number}")
    commits = []
    store.on_step(lambda step: commits.append(step) if step == "before commit" else None)
    assert len(asyncio.run(deliver_due(store, {"out": Obedient()}, clock))) == 40
    assert len(commits) < 20  # 40 starts and 40 outcomes


class OneAtATime(Obedient):
    """A way out with one place: the others stand in line."""

    def __init__(self, breaks_after: int = 1_000) -> None:
        super().__init__()
        self._place, self._breaks_after = asyncio.Semaphore(1), breaks_after

    async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
        async with self._place:
            if len(self.handed) == self._breaks_after:
                return Outcome(verdict="channel", phase="connect", reason="lost")
            return await super().deliver(shipment, before_data)


def test_the_next_in_line_are_written_in_the_commit_of_the_one_before_them(store: Store, clock: HandClock) -> None:
    """A connection does not stand still for a commit before each DATA."""
    for number in range(1, 21):
        put(store, number, partner=f"partner-{number}")
    commits = []
    store.on_step(lambda step: commits.append(step) if step == "before commit" else None)
    assert len(deliver(store, OneAtATime(), clock)) == 20
    assert len(commits) < 14


def test_who_was_next_in_line_when_the_way_out_broke_waits_and_is_sent_once(store: Store, clock: HandClock) -> None:
    """SM-89: nothing of it was sent, so it is not uncertain, and the attempt does not count."""
    for number in range(1, 11):
        put(store, number, partner=f"partner-{number}")
    states = [delivery.state for delivery in deliver(store, OneAtATime(breaks_after=3), clock)]
    assert states.count("submitted") == 3
    assert set(states) == {"submitted", "deferred"}  # none of them `uncertain`
    with store.view(now=clock()) as view:
        waiting = view.outbox.list(states=["new", "deferred"])
        assert [item.attempts for item in waiting] == [0] * 7
    with store.unit(now=clock(), actor="jansen") as unit:
        unit.channels.resume("out")
    out = Obedient()
    assert {delivery.state for delivery in deliver(store, out, clock)} == {"submitted"}
    assert len(out.handed) == 7


def test_what_may_have_arrived_is_not_written_before_its_turn(store: Store, clock: HandClock) -> None:
    """SM-86: were it not sent after all, nobody would know any more that it may be there already."""
    for number in range(1, 4):
        put(store, number, partner=f"partner-{number}")
    deliver(store, Obedient("uncertain", "uncertain", "uncertain"), clock)
    clock.forward(minutes=10)
    deliver(store, OneAtATime(breaks_after=1), clock)
    with store.view(now=clock()) as view:
        assert sorted(item.state for item in view.outbox.list()) == ["submitted", "uncertain", "uncertain"]


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


# -- a database that is away for a while -----------------------------------------------------------------------------


class Away:
    """A database that fails around chosen commits: before they are made, or so that their answer is lost."""

    def __init__(self, store: Store) -> None:
        self.mode: str | None = None
        self._unit = store.unit
        store.unit = self.unit  # type: ignore[method-assign]

    @contextmanager
    def unit(self, **options: Any) -> Iterator[Unit]:
        """A unit that cannot be committed, or that is without anybody being told."""
        with self._unit(**options) as unit:
            yield unit
            if self.mode == "before":
                raise StoreDown("the database cannot be used now: gone")
        if self.mode == "after":
            self.mode = "before"
            raise StoreDown("the database cannot be used now: gone")


def test_leave_to_send_that_was_had_ahead_is_asked_for_again_after_a_sleep(store: Store, clock: HandClock) -> None:
    """A machine that slept, or was stopped: another took what was next in line for uncertain, and a person held it."""
    last = [put(store, number, partner=f"p{number}") for number in (1, 2, 3)][-1]

    class OneLine(Obedient):
        line = asyncio.Lock()

        async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
            async with self.line:
                if len(self.handed) == 2:
                    for _ in range(500):  # until it is written as next in line
                        if state() == "sending":
                            break
                        await asyncio.sleep(0.01)
                    assert state() == "sending"
                    clock.forward(minutes=3)
                    with store.unit(now=clock(), actor="person:jansen") as unit:
                        assert unit.attempts.recover(node="node-a")
                        unit.outbox.hold(last, "wait")
                return await super().deliver(shipment, before_data)

    def state() -> str:
        with store.view(now=clock()) as view:
            return view.outbox.get(last).state

    out = OneLine()
    assert [made.state for made in deliver(store, out, clock)] == ["submitted", "submitted"]
    assert (len(out.handed), state()) == (2, "held")


def test_what_the_relay_took_while_the_database_was_away_is_not_sent_again(store: Store, clock: HandClock) -> None:
    """The outcome is kept and written by the next round: one transmission."""
    number, away, owed = put(store), Away(store), Owed()

    class Then(Obedient):
        async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
            outcome = await super().deliver(shipment, before_data)
            away.mode = "before"
            return outcome

    out = Then()
    with pytest.raises(StoreDown):
        asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed))
    with pytest.raises(StoreDown):
        asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed))
    away.mode = None
    clock.forward(hours=2)  # the lease ran out, and the watch took it for dead
    with store.unit(now=clock(), actor="watch") as unit:
        assert unit.attempts.recover() == 1
    assert asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed)) == []
    assert len(out.handed) == 1
    with store.view(now=clock()) as view:
        assert view.outbox.get(number).state == "submitted"


def test_an_outcome_that_cannot_be_written_loses_no_other_of_the_same_commit(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the relay took is not sent again because of what another message brought."""
    bad, good = put(store), put(store, 2)
    record_all, together = Attempts.record_all, asyncio.Barrier(2)
    refused = []

    def refuses(self: Attempts, made: list[tuple[Claim, Outcome]]) -> Any:
        if bad in [claim.id for claim, _ in made]:
            refused.append(len(made))
            raise StoreError("the database refused: a value too long")
        return record_all(self, made)

    class Both(Obedient):
        async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
            outcome = await super().deliver(shipment, before_data)
            await together.wait()
            return outcome

    monkeypatch.setattr(Attempts, "record_all", refuses)
    out, owed = Both(), Owed()
    with pytest.raises(StoreError):
        asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed))
    clock.forward(hours=2)
    with store.unit(now=clock(), actor="watch") as unit:
        assert unit.attempts.recover() == 2
    assert asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed)) == []
    assert refused == [2, 1]
    assert owed.outcomes == {}
    with store.view(now=clock()) as view:
        assert (view.outbox.get(bad).state, view.outbox.get(good).state) == ("uncertain", "submitted")


def test_a_promise_of_data_whose_answer_was_lost_is_not_kept(store: Store, clock: HandClock) -> None:
    """`sending` was committed and nobody was told: nothing goes on the wire; the message waits a minute, no hour."""
    number, away, owed = put(store), Away(store), Owed()
    out = Obedient()
    out.during = lambda: setattr(away, "mode", "after")
    with pytest.raises(StoreDown):
        asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed))
    away.mode = None
    with store.view(now=clock()) as view:
        assert view.outbox.get(number).state == "sending"
    assert (asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed)), out.handed) == ([], [])
    clock.forward(minutes=1)
    out.during = None
    assert [d.state for d in asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed))] == ["submitted"]


def test_a_claim_whose_answer_was_lost_is_taken_back_by_the_next_round(store: Store, clock: HandClock) -> None:
    """Committed, but the connection died with the answer: the message waits a minute, not for its lease to run out."""
    put(store)
    away, owed, out = Away(store), Owed(), Obedient()
    away.mode = "after"
    with pytest.raises(StoreDown):
        asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed))
    away.mode = None
    clock.forward(minutes=1)
    assert [d.state for d in asyncio.run(deliver_due(store, {"out": out}, clock, owed=owed))] == ["submitted"]


def test_trouble_with_the_database_cuts_off_nothing_that_a_relay_is_taking(store: Store, clock: HandClock) -> None:
    """One transmission is in DATA when the next claim fails: it ends in good order, and its outcome is kept."""
    put(store, 1, partner="traag")
    put(store, 2, partner="snel")
    away, owed = Away(store), Owed()
    cut: list[bool] = []
    taking = asyncio.Event()

    class Slow(Obedient):
        async def deliver(self, shipment, before_data):  # type: ignore[no-untyped-def]
            if shipment.message_id.startswith(f"<{2:032x}"):
                await taking.wait()
                away.mode = "before"
                return await super().deliver(shipment, before_data)
            await before_data()
            taking.set()
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                cut.append(True)
                raise
            return Outcome(verdict="submitted", phase="data")

    with pytest.raises(StoreDown):
        asyncio.run(deliver_due(store, {"out": Slow()}, clock, owed=owed))
    assert cut == []
    assert "submitted" in {outcome.verdict for _, outcome in owed.outcomes.values()}
