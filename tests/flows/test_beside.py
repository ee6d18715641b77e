"""Two processes that take in, send or destroy at the same moment, on one PostgreSQL: as if one came after the other."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import berichten
from gateway.flows import dossiers, intake, routes
from gateway.flows.dispatch import Letter, post_berichten, seal_berichten
from gateway.flows.dossiers import CLIENT
from gateway.flows.parties import Surroundings, add_partner, partners
from gateway.flows.sending import Made, Sent, send_made
from gateway.store import IllegalMove, InboxItem, MasterKey, Store, upkeep
from gateway.store.scratch import scratch
from tests.bench import world
from tests.securemail import world as mail
from tests.store.conftest import until_waiting

from .test_owed import US, answers, arrive, handle, orders, provider, sealed, waiting

pytestmark = pytest.mark.postgres

Both = tuple[Store, Store]


@pytest.fixture
def both(server: str) -> Iterator[tuple[Store, Store]]:
    """A provider's store as two processes have it open; it knows the municipality."""
    master = MasterKey.generate()
    with scratch(server) as new, Store.open(place := new(), master, node="a") as one:
        with one.unit(now=world.now(), actor="test") as unit:
            add_partner(unit, world.record("gemeente", world.EXAMPLE.header.afzender, mail.MUNICIPALITY))
        with Store.open(place, master, node="b") as other:
            yield one, other


def of_one_client(first: int, count: int) -> list[Any]:
    """Orders of different allocations, all for the same client."""
    client = orders(first, 1)[0].client
    return [
        msgspec.structs.replace(
            one, client=msgspec.structs.replace(client, toegewezen_producten=one.client.toegewezen_producten)
        )
        for one in orders(first, count)
    ]


def clients(store: Store) -> int:
    """How many dossiers were begun for a client."""
    with store.view(now=world.now()) as view:
        return len(view.records.list(CLIENT, dict))


def begin(store: Store, made: Sequence[Any]) -> list[str | None]:
    """What is done for messages that another application made."""
    with store.unit(now=world.now(), actor="test") as unit:
        return dossiers.of_messages(unit, made)


def begun(store: Store, one: tuple[InboxItem, bytes]) -> None:
    """A process has this message in hand."""
    with store.unit(now=world.now(), actor="test") as unit:
        unit.inbox.begin(one[0].id)


def judged(store: Store) -> list[tuple[str, str, list[bytes]]]:
    """Every message that came in: its name, where it stands, and the codes of the answer to it."""
    found = []
    with store.view(now=world.now()) as view:
        for row in view.berichten.list(richting="in"):
            (answer,) = view.berichten.answers(row.id)
            codes = re.findall(rb"etourCode>(\d+)<", view.berichten.xml(answer.id))
            found.append((row.identificatie, row.status, codes))
    return found


def test_a_client_whose_first_orders_two_processes_take_in_has_one_dossier(
    maker: world.Municipality, both: Both
) -> None:
    """`gateway inbox process` beside `gateway serve`: who comes second sees what the first one began."""
    one, other = both
    arrive(one, sealed(maker, of_one_client(3000, 3)))
    first, *_ = waiting(one)
    begun(one, first)
    with ThreadPoolExecutor(1) as pool:
        with intake.handler(one, US).together([first], world.now) as take_in:
            take_in(*first, world.now())
            rest = pool.submit(handle, other)
            until_waiting(one, 1)
        assert {each.state for each in rest.result(timeout=60)} == {"handled"}
    assert clients(one) == 1
    assert len(answers(one)) == 3


def test_a_client_of_whom_two_processes_send_for_the_first_time_has_one_dossier(both: Both) -> None:
    """In whatever order they name their clients: neither has to be undone."""
    one, other = both
    some, others = orders(3100, 3), orders(3101, 3)
    with ThreadPoolExecutor(1) as pool:
        with one.unit(now=world.now(), actor="test") as unit:
            made = dossiers.of_messages(unit, some)
            later = pool.submit(begin, other, [*reversed(others)])
            until_waiting(one, 1)
        named = later.result(timeout=60)
    assert [*reversed(named)][:2] == made[1:]
    assert len({*made, *named}) == clients(one) == 4


def test_a_client_of_whom_one_process_sends_what_another_takes_in_has_one_dossier(
    maker: world.Municipality, both: Both
) -> None:
    """Alone or in a group, in either order."""
    one, other = both
    made = orders(3200, 4)
    arrive(one, sealed(maker, made))
    items = waiting(one)
    with ThreadPoolExecutor(1) as pool:
        with one.unit(now=world.now(), actor="test") as unit:
            intake.take_in(unit, US, *items[0])
            sent = pool.submit(begin, other, made[:1])
            until_waiting(one, 1)
        sent.result(timeout=60)
        with one.unit(now=world.now(), actor="test") as unit:
            dossiers.of_messages(unit, made[1:])
            taken = pool.submit(handle, other)
            until_waiting(one, 1)
        assert {each.state for each in taken.result(timeout=60)} == {"handled"}
    assert clients(one) == 4


def test_a_message_that_two_processes_send_at_once_is_sent_by_one(server: str) -> None:
    """The first about its client: the other waits to begin a dossier, and finds the message there."""
    master, (order,) = MasterKey.generate(), orders(3250, 1)
    with scratch(server) as new:
        one = world.Municipality(place := new(), master, providers=1, node="a")
        one.introduce()
        other = world.Municipality(place, master, providers=1, node="b")
        with ThreadPoolExecutor(1) as pool:
            with one.store.unit(now=world.now(), actor="test") as unit:
                (dossier,) = dossiers.of_messages(unit, [order])
                later = pool.submit(send, other.store, other.us, order)
                until_waiting(one.store, 1)
                (to,) = partners(unit)
                letter = Letter(to=to, bericht=order, xml=berichten.build(order), dossier=dossier)
                ((_, number),) = post_berichten(unit, one.us, seal_berichten(unit, one.us, [letter]))
            assert later.result(timeout=60) == [Sent(result="already", outbox=number)]
        for process in (one, other):
            process.store.close()


@pytest.mark.parametrize("alone", [True, False], ids=["by itself", "in a group"])
def test_what_two_processes_take_in_is_judged_as_one_after_the_other(
    maker: world.Municipality, both: Both, tmp_path: Path, alone: bool
) -> None:
    """A number that another process let an order have a moment ago is not had by another client's."""
    one, other = both
    first, second = orders(3300 + 10 * alone, 2)
    same = first.client.toegewezen_producten
    second = msgspec.structs.replace(second, client=msgspec.structs.replace(second.client, toegewezen_producten=same))
    wires = [wire for order in (first, second) for wire in sealed(maker, [order])]
    with provider(tmp_path / "after.db") as store:
        for number, wire in enumerate(wires):
            arrive(store, [wire], f"{number}/")
            handle(store)
        expected = judged(store)
    arrive(one, wires)
    ours, theirs = waiting(one)
    begun(one, ours)
    with ThreadPoolExecutor(1) as pool:
        with intake.handler(one, US).together([ours], world.now) as take_in:
            take_in(*ours, world.now())
            if alone:
                later = pool.submit(intake.handler(other, US), *theirs, world.now())
            else:
                later = pool.submit(handle, other)
            until_waiting(one, 1)
        later.result(timeout=60)
    assert judged(one) == expected
    assert [status for _, status, _ in expected] == ["accepted", "rejected"]


def test_a_message_that_two_processes_have_in_hand_takes_effect_once(maker: world.Municipality, both: Both) -> None:
    """By hand while the running gateway is at it: who comes second changes nothing; what is not due is not begun."""
    one, other = both
    arrive(one, sealed(maker, orders(3400, 1)))
    (item,) = waiting(one)
    begun(one, item)
    assert handle(other) == []
    with one.unit(now=world.now(), actor="test") as unit:
        assert unit.inbox.begin_all([item[0].id]) == {}
    with ThreadPoolExecutor(1) as pool:
        with intake.handler(one, US).together([item], world.now) as take_in:
            take_in(*item, world.now())
            by_hand = pool.submit(intake.handler(other, US), *item, world.now())
            until_waiting(one, 1)
        with pytest.raises(IllegalMove):
            by_hand.result(timeout=60)
    assert len(answers(one)) == 1
    with one.view(now=world.now()) as view:
        assert view.inbox.get(item[0].id).state == "handled"


def test_what_is_sent_while_its_dossier_is_destroyed_begins_another(server: str) -> None:
    """In the old one it would go when that is destroyed again, as listed: at the next start, sent or not (SM-148)."""
    master, (first, second) = MasterKey.generate(), of_one_client(3600, 2)
    with scratch(server) as new:
        one = world.Municipality(place := new(), master, providers=1, node="a")
        one.introduce()
        assert [sent.result for sent in send(one.store, one.us, first)] == ["queued"]
        with one.store.view(now=world.now()) as view:
            (row,) = view.berichten.list()
        other = Store.open(place, master, node="b")
        assert row.dossier is not None
        with ThreadPoolExecutor(1) as pool:
            with one.store.unit(now=world.now(), actor="archivaris") as unit:
                unit.dossiers.destroy(row.dossier)
                later = pool.submit(send, other, one.us, second)
                until_waiting(one.store, 1)
            assert [sent.result for sent in later.result(timeout=60)] == ["queued"]
        with other.view(now=world.now()) as view:
            assert view.dossiers.known([row.dossier]) == []
            (_, now) = view.berichten.list()
            assert now.dossier is not None
            assert view.outbox.is_kept(now.outbox_id or 0)
        one.store.close()
        other.close()


def send(store: Store, us: Surroundings, order: Any) -> list[Sent]:
    """As another application has it sent."""
    return [*send_made(store, us, [Made(bericht=order, xml=berichten.build(order))], world.now(), actor="test")]


def test_a_repeat_that_is_taken_in_while_its_dossier_is_destroyed_leaves_no_bytes(
    maker: world.Municipality, both: Both, tmp_path: Path
) -> None:
    """It belongs to the dossier of the first, which is known only when it was opened (SM-147)."""
    one, other = both
    (wire,) = sealed(maker, orders(3500, 1))
    arrive(one, [wire])
    handle(one)
    arrive(one, [b"Received: from elsewhere\r\n" + wire], "again")
    (item,) = waiting(one)
    with one.view(now=world.now()) as view:
        (dossier,) = {row.dossier for row in view.berichten.list()}
    assert dossier is not None
    with ThreadPoolExecutor(1) as pool:
        with one.unit(now=world.now(), actor="test") as unit:
            assert intake.take_in(unit, US, *item).state == "duplicate"
            how = {"now": world.now(), "actor": "archivaris", "ground": "term is over"}
            gone = pool.submit(upkeep.destroy, other, [dossier], tmp_path / "destroyed.txt", **how)
            until_waiting(one, 1)
        assert [each.incoming for each in gone.result(timeout=60)] == [2]
    with one.view(now=world.now()) as view:
        assert view.inbox.list() == []
        assert view.dossiers.known([dossier]) == []


def test_two_nodes_that_find_a_partner_changed_hold_its_messages_once(server: str) -> None:
    """Each looks before it sends, at the same moment (SM-45): the second finds it done, and nothing fails."""
    master = MasterKey.generate()
    with scratch(server) as new:
        one = world.Municipality(place := new(), master, providers=1, node="a")
        one.introduce()
        one.order(2)
        other = Store.open(place, master, node="b")
        with one.store.unit(now=world.now(), actor="test") as unit:
            routes.recheck(unit, one.us)
            (to,) = partners(unit)
            agreed = msgspec.structs.replace(to.agreements, internet_route=False)
            add_partner(unit, msgspec.structs.replace(to, agreements=agreed))
        with ThreadPoolExecutor(1) as pool:
            with one.store.unit(now=world.now(), actor="test") as unit:
                routes.recheck(unit, one.us)
                later = pool.submit(recheck, other, one.us)
                until_waiting(one.store, 1)
            later.result(timeout=60)
        with other.view(now=world.now()) as view:
            items = view.outbox.list()
            assert [item.state for item in items] == ["held", "held"]
            assert [[n.event for n in view.outbox.notes(item.id)] for item in items] == [["hold"]] * 2
        one.store.close()
        other.close()


def recheck(store: Store, us: Surroundings) -> None:
    """As a node does in each round."""
    with store.unit(now=world.now(), actor="test") as unit:
        routes.recheck(unit, us)
