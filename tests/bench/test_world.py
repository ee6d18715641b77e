"""What the benchmarks of whole paths measure is what the gateway does: an order goes out, comes in and is answered."""

from pathlib import Path

from gateway.flows.intake import handler
from gateway.flows.parties import add_partner
from gateway.store import MasterKey, Place, Raw, Store
from tests.bench import world
from tests.securemail import world as mail


def test_orders_are_registered_sealed_and_taken_in_by_the_other_side(tmp_path: Path) -> None:
    """Each with its place in the register; the provider answers each with a WMO302 and a receipt."""
    ours = world.Municipality(tmp_path / "ours.db", MasterKey.generate(), providers=1)
    ours.introduce()
    ours.order(3)
    with ours.store.view(now=world.now()) as view:
        assert [row.soort for row in view.berichten.list()] == ["WMO301"] * 3
        wires = [view.outbox.wire(item.id) for item in view.outbox.list()]
    ours.store.close()
    us = world.surroundings("aanbieder", world.code(0), world.address(0))
    with Store.open(tmp_path / "theirs.db", MasterKey.generate()) as store:
        with store.unit(now=world.now(), actor="test") as unit:
            add_partner(unit, world.record("gemeente", world.EXAMPLE.header.afzender, mail.MUNICIPALITY))
            for number, wire in enumerate(wires):
                place = Place(source="test", account="a", folder="", uid=str(number))
                unit.inbox.add(Raw(place=place, received_at=world.now(), data=wire))
        with store.view(now=world.now()) as view:
            waiting = [(item, view.inbox.raw(item.id)) for item in view.inbox.due()]
        for item, raw in waiting:
            handler(store, us)(item, raw, world.now())
        with store.view(now=world.now()) as view:
            assert [item.state for item in view.inbox.list()] == ["handled"] * 3
            assert sorted(item.kind for item in view.outbox.list()) == ["WMO302"] * 3 + ["receipt"] * 3
