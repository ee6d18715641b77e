"""A place in a mailbox is fetched once, given up at its third failure, and let go of once what stood there is kept."""

from datetime import timedelta

from gateway.store import Raw, Store, Unit

from .conftest import NOW, at

BOX = ("imap", "wmo@gemeente.example", "INBOX")


def _add(unit: Unit, uid: str, data: bytes) -> int:
    return unit.inbox.add(Raw(place=at(uid), received_at=NOW, data=data)).id


def test_a_place_is_known_once_its_message_is_kept(store: Store) -> None:
    """SM-92: by mailbox, folder and name; another folder's message of that name is another."""
    with store.unit(now=NOW, actor="test") as unit:
        _add(unit, "1/1", b"a")
        unit.inbox.add_header(at("1/2"), NOW, 500, b"Subject: x\r\n", "stranger")
        assert unit.places.known(*BOX, ["1/1", "1/2", "1/3"]) == {"1/1", "1/2"}
        assert unit.places.known("imap", "wmo@gemeente.example", "Elders", ["1/1"]) == set()


def test_a_message_that_cannot_be_read_is_left_after_three_times(store: Store) -> None:
    """SM-100: until then it is new at every look; fetched after all it no longer counts as given up."""
    with store.unit(now=NOW, actor="test") as unit:
        for times in (1, 2):
            assert unit.places.fetch_failed(at("1/1")) == times
            assert (unit.places.known(*BOX, ["1/1"]), unit.places.given_up()) == (set(), 0)
        assert unit.places.fetch_failed(at("1/1")) == 3
        assert (unit.places.known(*BOX, ["1/1"]), unit.places.given_up()) == ({"1/1"}, 1)
        assert unit.places.unmoved(*BOX) == []
        _add(unit, "1/1", b"a")
        assert unit.places.given_up() == 0


def test_what_is_let_go_of_is_asked_for_whole_messages_and_headers_apart(store: Store) -> None:
    """SM-97, SM-144: they go to different folders, and whole ones only after their term."""
    with store.unit(now=NOW, actor="test") as unit:
        _add(unit, "1/1", b"a")
        unit.inbox.add_header(at("1/2"), NOW, 500, b"Subject: x\r\n", "stranger")
        assert unit.places.unmoved(*BOX) == [at("1/1"), at("1/2")]
        assert unit.places.unmoved(*BOX, header_only=False) == [at("1/1")]
        assert unit.places.unmoved(*BOX, header_only=True) == [at("1/2")]
        assert unit.places.unmoved(*BOX, until=NOW) == []
        assert unit.places.unmoved(*BOX, limit=1, until=NOW + timedelta(seconds=1)) == [at("1/1")]
        unit.places.moved([at("1/1"), at("1/2")])
        assert unit.places.unmoved(*BOX) == []
        unit.places.stands_again(at("1/2"))
        assert unit.places.unmoved(*BOX) == [at("1/2")]


def test_a_mailbox_that_lets_go_for_good_may_use_a_name_again(store: Store) -> None:
    """POP3: what stands under the name now is fetched, and is to be let go of in its turn, whole or by its header."""
    with store.unit(now=NOW, actor="test") as unit:
        _add(unit, "1", b"a")
        _add(unit, "2", b"b")
        unit.places.moved([at("1"), at("2")])
        assert unit.places.known(*BOX, ["1", "2"]) == {"1", "2"}
        assert unit.places.known(*BOX, ["1", "2"], let_go_for_good=True) == set()
        second = _add(unit, "1", b"c")
        header = unit.inbox.add_header(at("2"), NOW, 500, b"Subject: x\r\n", "stranger").id
        assert unit.places.unmoved(*BOX) == [at("1"), at("2")]
        assert (unit.places.of(second), unit.places.of(header)) == ([at("1")], [at("2")])
