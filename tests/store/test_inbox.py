"""What came in is kept whole, known again by place, bytes and identity, and settled once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.domain.delivery import Outcome
from gateway.securemail.addresses import is_message_id
from gateway.store import IllegalMove, MasterKey, NewIdentity, NotThere, Outgoing, Place, Raw, Settled, Store
from gateway.store.states import INBOX_MOVES, OUTBOX_MOVES

from .conftest import NOW, at, emptied, until_waiting


def add(store: Store, uid: str = "1/1", data: bytes = b"raw") -> int:
    """A message in the inbox."""
    with store.unit(now=NOW, actor="test") as unit:
        return unit.inbox.add(Raw(place=at(uid), received_at=NOW, data=data)).id


def test_the_same_place_or_the_same_bytes_add_nothing(store: Store) -> None:
    """SM-92, SM-95: after a new UIDVALIDITY everything is fetched again and recognised by its bytes."""
    first = add(store)
    with store.unit(now=NOW, actor="test") as unit:
        again = unit.inbox.add(Raw(place=at("1/1"), received_at=NOW, data=b"raw"))
        moved = unit.inbox.add(Raw(place=at("2/9"), received_at=NOW, data=b"raw"))
        assert [(a.id, a.new) for a in (again, moved)] == [(first, False), (first, False)]
        assert unit.places.of(first) == [at("1/1"), at("2/9")]
        assert unit.places.known("imap", at("").account, at("").folder, ["1/1", "2/9", "2/10"]) == {"1/1", "2/9"}


def test_a_message_is_settled_once(store: Store) -> None:
    """Two nodes that handle the same message: the second one's whole unit is refused."""
    number = add(store)
    with store.unit(now=NOW, actor="flow") as unit:
        unit.inbox.settle(Settled(number, "handled", partner="zorg", message_id="<1@zorg.example>", mic=bytes(32)))
    with pytest.raises(IllegalMove), store.unit(now=NOW, actor="flow") as unit:
        unit.records.add("plan", "1", {})
        unit.inbox.settle(Settled(number, "handled"))
    with store.view(now=NOW) as view:
        assert view.records.list("plan", dict) == []
        item = view.inbox.get(number)
        assert (item.partner, item.mic, item.settled_at) == ("zorg", "00" * 32, NOW)
        assert view.inbox.counts() == {"handled": 1}


def test_many_messages_are_settled_at_once_or_none(store: Store) -> None:
    """Each with what is known of it; one that was settled before, or is not there, stops all."""
    first, second = add(store), add(store, "1/2", b"other")
    both = [
        Settled(number=second, event="handled", partner="zorg", mic=bytes(32), dossier="d"),
        Settled(number=first, event="quarantined", reason="payload", detail="XSD"),
    ]
    with store.unit(now=NOW, actor="flow") as unit:
        assert unit.inbox.settle_all(both) == ["handled", "quarantined"]
        for more in (both[0], Settled(number=99, event="handled")):
            with pytest.raises((IllegalMove, NotThere)):
                unit.inbox.settle_all([Settled(number=first, event="handled"), more])
    with store.view(now=NOW) as view:
        one, other = view.inbox.get(first), view.inbox.get(second)
    assert (one.state, one.reason, one.detail, one.partner) == ("quarantined", "payload", "XSD", None)
    assert (other.state, other.reason, other.partner, other.dossier) == ("handled", None, "zorg", "d")
    assert (other.mic, other.settled_at, other.next_at) == ("00" * 32, NOW, None)


def test_quarantine_keeps_the_bytes_and_can_be_opened_again(store: Store) -> None:
    """SM-103, SM-104: the same bytes, the same mailbox time."""
    number = add(store, data=b"tampered")
    with store.unit(now=NOW, actor="flow") as unit:
        assert unit.inbox.begin(number) == b"tampered"
        unit.inbox.settle(Settled(number, "quarantined", reason="signature", detail="value does not verify"))
        assert unit.inbox.begin(number) is None
    with store.unit(now=NOW, actor="jansen") as unit:
        (item,) = unit.inbox.list(states=["quarantined"], reason="signature")
        assert item.detail == "value does not verify"
        unit.inbox.reopen(number)
        assert [i.id for i in unit.inbox.due()] == [number]
        assert unit.inbox.begin(number) == b"tampered"
        assert unit.inbox.get(number).received_at == NOW


@pytest.mark.postgres
def test_of_two_who_open_a_message_again_at_the_same_moment_one_does(postgres_url: str, master: MasterKey) -> None:
    """The other one is told; else it could be opened again while, or after, it is handled for the first."""

    def again(store: Store) -> None:
        with store.unit(now=NOW, actor="pietersen") as unit:
            unit.inbox.reopen(number)

    with (
        Store.open(emptied(postgres_url), master, node="a") as one,
        Store.open(postgres_url, master, node="b") as other,
    ):
        number = add(one)
        with one.unit(now=NOW, actor="flow") as unit:
            unit.inbox.settle(Settled(number, "quarantined", reason="signature"))
        with ThreadPoolExecutor(1) as pool:
            with one.unit(now=NOW, actor="jansen") as unit:
                unit.inbox.reopen(number)
                late = pool.submit(again, other)
                until_waiting(one, 1)
            with pytest.raises(IllegalMove):
                late.result(timeout=60)


def test_what_was_handled_cannot_be_opened_again(store: Store) -> None:
    """Handling the same message twice changes nothing."""
    number = add(store)
    with store.unit(now=NOW, actor="flow") as unit:
        unit.inbox.settle(Settled(number, "handled"))
    with pytest.raises(IllegalMove), store.unit(now=NOW, actor="jansen") as unit:
        unit.inbox.reopen(number)


def test_an_unknown_number_is_said_so(store: Store) -> None:
    """NotThere."""
    with store.unit(now=NOW, actor="flow") as unit:
        with pytest.raises(NotThere):
            unit.inbox.settle(Settled(9, "handled"))
        with pytest.raises(NotThere):
            unit.outbox.hold(9, "?")
        with pytest.raises(NotThere):
            unit.identities.repeat_receipt(9)


def test_the_longest_message_id_that_a_partner_may_use_is_kept(store: Store) -> None:
    """With its identity and with its row, on either database."""
    longest = f"<{'a' * 200}@{'z' * 200}>"
    assert is_message_id(longest)
    assert not is_message_id(f"<a{longest[1:]}")
    assert not is_message_id(f"{longest[:-1]}z>")
    number = add(store)
    with store.unit(now=NOW, actor="test") as unit:
        unit.identities.register(NewIdentity("zorg", longest, bytes(32), outcome="handled"))
        unit.inbox.settle(Settled(number, "handled", message_id=longest))
    with store.view(now=NOW) as view:
        assert view.inbox.get(number).message_id == longest
        assert view.identities.look_up("zorg", longest, bytes(32)).verdict == "duplicate"


def test_identities_tell_new_duplicate_and_conflict(store: Store) -> None:
    """SM-76, SM-131: per partner; the same MIC alone is a duplicate too."""
    one, other = bytes(32), bytes(31) + b"\x01"
    with store.unit(now=NOW, actor="flow") as unit:
        look = unit.identities.look_up
        assert look("zorg", "<1@z>", one).verdict == "new"
        unit.identities.register(NewIdentity("zorg", "<1@z>", one, outcome="handled"))
        assert look("zorg", "<1@z>", one).verdict == "duplicate"
        assert look("zorg", "<1@z>", other).verdict == "conflict"
        seen = look("zorg", "<2@z>", one)
        assert (seen.verdict, seen.first and seen.first.message_id) == ("duplicate", "<1@z>")
        assert look("zorg", "<2@z>", other).verdict == "new"
        assert look("elders", "<1@z>", one).verdict == "new"


def test_a_receipt_is_repeated_byte_for_byte_at_most_three_times_a_day(store: Store) -> None:
    """SM-66: the very outbox row goes out again, so nothing can differ."""
    with store.unit(now=NOW, actor="flow") as unit:
        receipt = unit.outbox.put(
            Outgoing(
                message_id="<r@g.example>", kind="receipt", partner="zorg", channel="smtp", sender="",
                recipient="plan@zorg.example", wire=b"receipt\r\n",
            )
        )  # fmt: skip
        unit.identities.register(NewIdentity("zorg", "<1@z>", bytes(32), outcome="handled", receipt_id=receipt))
        unit.identities.register(NewIdentity("zorg", "<2@z>", bytes(31) + b"2", outcome="handled"))
        identity, without = (
            first.id
            for name, mic in (("<1@z>", bytes(32)), ("<2@z>", bytes(31) + b"2"))
            if (first := unit.identities.look_up("zorg", name, mic).first) is not None
        )
        assert unit.identities.repeat_receipt(without) is False
        assert unit.identities.repeat_receipt(identity) is False  # the first is still under way

    def send() -> int:
        with store.unit(now=NOW, actor="worker") as unit:
            claims = unit.attempts.claim(node="node-a")
            for each in claims:
                unit.attempts.start_data(each)
                unit.attempts.record(each, Outcome(verdict="submitted", phase="data"))
            return len(claims)

    assert send() == 1
    repeated = []
    for _ in range(5):
        with store.unit(now=NOW, actor="flow") as unit:
            repeated.append(unit.identities.repeat_receipt(identity))
        send()
    assert repeated == [True, True, True, False, False]
    with store.view(now=NOW) as view:
        assert {a.sha256 for a in view.outbox.attempts(receipt)} == {view.outbox.get(receipt).sha256}


def test_every_state_of_the_tables_has_its_moves_and_leads_to_a_state() -> None:
    """Habit 1: the tables are closed; no move leads nowhere."""
    for moves in (OUTBOX_MOVES, INBOX_MOVES):
        assert {target for row in moves.values() for target in row.values()} <= set(moves)


def test_evidence_of_arrival_never_loses() -> None:
    """SM-74: a valid receipt leads to `received` from every state in which the message may have left."""
    for state, moves in OUTBOX_MOVES.items():
        if state != "new":
            assert moves["receipt"] == "received", state


def test_many_that_came_at_once_are_kept_as_one_by_one(store: Store) -> None:
    """SM-94, SM-95: the same bytes at two places are one message, in one batch or in two; moved again too."""

    def raw(uid: str, data: bytes, folder: str = "INBOX") -> Raw:
        place = Place(source="imap", account="a", folder=folder, uid=uid)
        return Raw(place=place, received_at=NOW, data=data)

    first = [raw("1", b"a"), raw("2", b"b"), raw("3", b"a"), raw("1", b"c", "Elders")]
    with store.unit(now=NOW, actor="test") as unit:
        assert [each.new for each in unit.inbox.add_all(first)] == [True, True, False, True]
        unit.places.moved([each.place for each in first])
        assert unit.places.unmoved("imap", "a", "INBOX") == []
        added = unit.inbox.add_all([raw("2", b"b"), raw("4", b"a"), raw("5", b"d")])
        assert [each.new for each in added] == [False, False, True]
        assert [place.uid for place in unit.places.unmoved("imap", "a", "INBOX")] == ["2", "4", "5"]
        assert [unit.inbox.raw(item.id) for item in unit.inbox.list()] == [b"a", b"b", b"c", b"d"]
        assert [place.uid for place in unit.places.of(1)] == ["1", "3", "4"]
        unit.places.moved([raw("2", b"").place, raw("9", b"").place])
        assert [place.uid for place in unit.places.unmoved("imap", "a", "INBOX")] == ["4", "5"]
        assert unit.inbox.add_all([]) == []
