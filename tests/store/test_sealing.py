"""What the tables hold of people is encrypted, bound to its row, and found by a keyed hash (SM-145, SM-146)."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.store import Collision, Damaged, MasterKey, NotThere, Outgoing, Raw, Store, StoreError, sealing
from tests.cost import peak
from tests.damage import alter

from .conftest import NOW, at, emptied, until_waiting
from .test_outbox import message, put

BSN = "999900006"
SECRET = "Jansen, ernstige beperking"


def engine(place: str) -> sa.Engine:
    """The database behind the store's back."""
    return sa.create_engine(place if "://" in place else f"sqlite:///{place}")


def test_no_file_of_the_database_shows_a_bsn_or_content(tmp_path: Path, master: MasterKey) -> None:
    """SM-108: bodies, messages and search keys, also in the write-ahead log, before it is folded in."""
    with Store.open(tmp_path / "gateway.db", master) as store:
        with store.unit(now=NOW, actor="test") as unit:
            body = {"bsn": BSN, "naam": SECRET}
            unit.records.add("plan", "1", body, dossier="d1", personal={"bsn": BSN})
            unit.records.add_event("plan", "1", "begonnen", body)
            wire = f"{BSN} {SECRET}".encode()
            unit.outbox.put(
                Outgoing(
                    message_id="<1@a.example>", kind="plan", partner="p", channel="c", sender="a@a.example",
                    recipient="b@b.example", wire=wire, content_key=wire, dossier="d1",
                )
            )  # fmt: skip
        files = [file.read_bytes() for file in tmp_path.iterdir()]
    for data in files:
        assert BSN.encode() not in data
        assert SECRET.encode() not in data


def test_a_record_is_found_by_bsn_without_the_table_holding_it(store: Store) -> None:
    """SM-146; two names give two hashes, so columns cannot be compared."""
    with store.unit(now=NOW, actor="test") as unit:
        unit.records.add("plan", "1", {"a": 1}, personal={"bsn": BSN, "partner_bsn": BSN})
        unit.records.add("plan", "2", {"a": 2}, personal={"bsn": "999900018"})
        assert unit._sealer.blind("bsn", BSN) != unit._sealer.blind("partner_bsn", BSN)
    with store.view(now=NOW) as view:
        assert [r.sleutel for r in view.records.list("plan", dict, personal={"bsn": BSN})] == ["1"]


def test_a_value_moved_to_another_row_is_refused(store: Store, place: str) -> None:
    """SM-145: table, column, row and key are authenticated, so one client's text cannot be shown as another's."""
    with store.unit(now=NOW, actor="test") as unit:
        unit.records.add("plan", "1", {"of": "one"}, dossier="d1")
        unit.records.add("plan", "2", {"of": "two"}, dossier="d1")
    behind = engine(place)
    with behind.begin() as conn:
        first = "SELECT data FROM sealed WHERE row_id = 1"
        conn.execute(sa.text(f"UPDATE sealed SET data = ({first}) WHERE row_id = 2"))
    behind.dispose()
    with pytest.raises(StoreError, match="altered outside"), store.view(now=NOW) as view:
        view.records.get("plan", "2", dict)


def test_a_dossier_has_a_key_of_its_own_and_other_mail_one_a_day(store: Store, place: str) -> None:
    """SM-145: so that one dossier can be destroyed, and raw mail by the day."""
    with store.unit(now=NOW, actor="test") as unit:
        for number, dossier in enumerate(["d1", "d1", "d2", None, None]):
            unit.records.add("plan", str(number), {}, dossier=dossier)
    behind = engine(place)
    with behind.connect() as conn:
        found = conn.execute(sa.text("SELECT purpose, name FROM keys ORDER BY purpose, name")).all()
    behind.dispose()
    assert [tuple(row) for row in found] == [
        ("audit", ""),
        ("day", "2026-03-01"),
        ("dossier", "d1"),
        ("dossier", "d2"),
        ("index", ""),
    ]


def test_a_value_whose_key_was_destroyed_cannot_be_read(tmp_path: Path, master: MasterKey) -> None:
    """The sentence says so; it is no bug."""
    place = tmp_path / "gateway.db"
    with Store.open(place, master) as store, store.unit(now=NOW, actor="test") as unit:
        unit.records.add("plan", "1", {}, dossier="d1")
    behind = engine(str(place))
    with behind.begin() as conn:
        conn.execute(sa.text("DELETE FROM keys WHERE name = 'd1'"))
    behind.dispose()
    with pytest.raises(StoreError, match="destroyed"), Store.open(place, master) as again, again.view(now=NOW) as view:
        view.records.get("plan", "1", dict)


def test_a_key_that_was_undone_with_a_shared_commit_is_not_used_again(store: Store) -> None:
    """One unit made it and the next one found it, but it was never committed: what comes later has a key of its own."""
    with pytest.raises(ZeroDivisionError), store.together():
        put(store, message(1))
        put(store, message(2))
        raise ZeroDivisionError
    (number,) = put(store, message(3))
    store.forget_keys()
    with store.view(now=NOW) as view:
        assert view.outbox.wire(number) == message(3).wire


@pytest.mark.postgres
def test_a_key_is_not_shared_with_other_threads_before_it_is_committed(postgres_url: str, master: MasterKey) -> None:
    """Another thread waits for it to be there; if it is undone the other makes one, and what it wrote can be read."""
    with Store.open(emptied(postgres_url), master) as store, ThreadPoolExecutor(1) as pool:
        with pytest.raises(ZeroDivisionError), store.together():
            put(store, message(1))
            put(store, message(2))  # finds the key of the day, which the first one made
            other = pool.submit(put, store, message(3))
            until_waiting(store, 1)
            raise ZeroDivisionError
        (number,) = other.result(timeout=60)
        store.forget_keys()
        with store.view(now=NOW) as view:
            assert view.outbox.wire(number) == message(3).wire


def test_what_is_not_there_is_said_so(store: Store) -> None:
    """A row without its sealed value."""
    with pytest.raises(NotThere), store.view(now=NOW) as view:
        view.outbox.wire(7)


@pytest.mark.parametrize("size", [9, 10, 11, 20, 25])
def test_a_large_value_comes_back_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Written in pieces where that saves room, also in place of another; altered it is refused, undone it is gone."""
    monkeypatch.setattr(sealing, "LARGE", 10)
    data, other = os.urandom(size), os.urandom(size + 1)
    with store.unit(now=NOW, actor="test") as unit:
        number = unit.inbox.add(Raw(place=at("1"), received_at=NOW, data=data)).id
        with suppress(_Undone), unit.part():
            unit.inbox.add(Raw(place=at("2"), received_at=NOW, data=other))
            raise _Undone
        assert unit.inbox.raw(number) == data
    with store.view(now=NOW) as view:
        assert view.inbox.raw(number) == data
        with pytest.raises(NotThere):
            view.inbox.raw(number + 1)
    with store.unit(now=NOW, actor="test") as unit:
        unit.inbox.complete(number, other)
        assert unit.inbox.raw(number) == other
    alter(store, "inbox.raw", number)
    with store.view(now=NOW) as view, pytest.raises(Damaged):
        view.inbox.raw(number)


@pytest.mark.postgres
def test_a_connection_that_carried_a_large_value_is_not_kept(
    postgres_url: str, master: MasterKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver keeps the room that the largest answer took, for as long as it lives."""
    monkeypatch.setattr(sealing, "ROOMY", 100)
    made: list[object] = []
    with Store.open(emptied(postgres_url), master) as store:
        sa.event.listen(store._engine, "connect", lambda connection, _: made.append(connection))
        with store.unit(now=NOW, actor="test") as unit:
            small = unit.inbox.add(Raw(place=at("1"), received_at=NOW, data=b"small")).id
        before = len(made)
        for _ in range(3):
            with store.unit(now=NOW, actor="test") as unit:
                assert unit.inbox.raw(small) == b"small"
        assert len(made) == before
        with store.unit(now=NOW, actor="test") as unit:
            large = unit.inbox.add(Raw(place=at("2"), received_at=NOW, data=b"x" * 100)).id
        with store.view(now=NOW) as view:
            assert view.inbox.raw(large) == b"x" * 100
        assert len(made) == before
        with store.view(now=NOW) as view:
            assert view.inbox.raw(small) == b"small"
        assert len(made) == before + 1


class _Undone(Exception):
    """A part that is not to be."""


def test_a_large_mail_is_kept_in_pieces_and_read_as_one(store: Store) -> None:
    """A gateway on a small machine: one mail may be 50 MB, and each copy of it is as much again."""
    data = os.urandom(10_000_000)

    def keep() -> None:
        with store.unit(now=NOW, actor="test") as unit:
            unit.inbox.add(Raw(place=at("1"), received_at=NOW, data=data))

    def read() -> None:
        with store.view(now=NOW) as view:
            assert view.inbox.raw(1) == data

    assert peak(keep) < len(data) / 2
    assert peak(read) < 2.2 * len(data)  # as it is kept, and as it was


def test_a_large_message_that_was_held_is_sealed_and_let_go_without_being_read(store: Store) -> None:
    """That there are bytes is all that is asked."""
    data = os.urandom(10_000_000)
    with store.unit(now=NOW, actor="test") as unit:
        number = unit.outbox.put(message(1, draft=data, hold="no route"))

    def go() -> None:
        with store.unit(now=NOW, actor="test") as unit:
            unit.outbox.seal(number, data, b"key", bytes(32))
            unit.outbox.release(number)

    assert peak(go) < len(data) / 2


@pytest.mark.postgres
def test_a_large_value_that_a_server_refuses_is_said_so(postgres_url: str, master: MasterKey) -> None:
    """As any other: the unit is undone, and its connection is good for the next."""
    data = os.urandom(sealing.LARGE)
    with Store.open(emptied(postgres_url), master) as store:
        with pytest.raises(Collision), store.unit(now=NOW, actor="test") as unit:
            number = unit.inbox.add(Raw(place=at("1"), received_at=NOW, data=data)).id
            unit._sealer.add("inbox.raw", number, data)
        with store.unit(now=NOW, actor="test") as unit:
            number = unit.inbox.add(Raw(place=at("1"), received_at=NOW, data=data)).id
            assert unit.inbox.raw(number) == data
