"""An operator sees what is open, since when, and with whom."""

from datetime import timedelta

from gateway.store import Depth, Place, Raw, Settled, Store

from .conftest import NOW
from .test_outbox import attempt, message, put

HOUR = timedelta(hours=1)


def test_the_oldest_open_item_of_each_kind_is_named(store: Store) -> None:
    """SM-119: what is done is not open; a submitted message is, while its receipt is awaited."""
    put(store, message(1), message(2, wants_receipt=False, partner="elders"), message(3, hold="no route"))
    assert attempt(store, "submitted") == "submitted"
    assert attempt(store, "submitted") == "submitted"
    put(store, message(4), message(5), now=NOW + HOUR)
    assert attempt(store, "failed", NOW + HOUR, reason="address") == "failed"
    with store.unit(now=NOW + 2 * HOUR, actor="test") as unit:
        place = Place(source="imap", account="a", folder="INBOX", uid="1/1")
        unit.inbox.add(Raw(place=place, received_at=NOW, data=b"x"))
        bad = unit.inbox.add(Raw(place=place, received_at=NOW, data=b"y")).id
        unit.inbox.settle(Settled(bad, "quarantined", reason="signature"))
    with store.view(now=NOW) as view:
        assert [
            (o.kind, o.state, o.count, o.id, o.since)
            for o in sorted(view.status.oldest(), key=lambda o: (o.since, o.kind != "outbox", o.state))
        ] == [
            ("outbox", "held", 1, 3, NOW),
            ("outbox", "submitted", 1, 1, NOW),
            ("outbox", "failed", 1, 4, NOW + HOUR),
            ("outbox", "new", 1, 5, NOW + HOUR),
            ("inbox", "new", 1, 1, NOW + 2 * HOUR),
            ("inbox", "quarantined", 1, 2, NOW + 2 * HOUR),
        ]
        assert Depth(partner="zorg", state="new", count=1, oldest=NOW + HOUR) in view.status.outbox()
        assert {depth.partner for depth in view.status.outbox()} == {"zorg"}
        assert view.status.quarantine() == {"signature": 1}
