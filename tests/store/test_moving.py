"""A state moves from SQLite to another database whole, proven by counts and hashes, or not at all."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.store import MasterKey, OpenRefused, Outgoing, Place, Raw, Store, moving
from gateway.store.moving import Moved, move_state
from gateway.store.tables import metadata

from .conftest import NOW, speaking
from .test_upkeep import BSN, fill


@pytest.fixture
def source(tmp_path: Path, master: MasterKey) -> Path:
    """A state in SQLite."""
    path = tmp_path / "source.db"
    with Store.open(path, master) as store:
        fill(store, "d1")
        fill(store, "d2")
    return path


def test_everything_arrives_and_goes_on(source: Path, place: str, master: MasterKey) -> None:
    """Every table, equal by hash; sealed values open, numbers are not given twice, the trail verifies."""
    with Store.open(source, master) as old, Store.open(place, master) as new:
        told: list[tuple[int, int]] = []
        moved = {each.table: each.rows for each in move_state(old, new, lambda *how_far: told.append(how_far))}
        assert told[-1] == (2 * sum(moved.values()), 2 * sum(moved.values()))
        assert set(moved) == {table.name for table in metadata.sorted_tables}
        assert (moved["outbox"], moved["records"], moved["inbox"]) == (2, 2, 2)
        with new.unit(now=NOW, actor="test") as unit:
            assert unit.inbox.raw(1) == b"raw mail of d1"
            assert len(unit.records.list("plan", dict, personal={"bsn": BSN})) == 2
            unit.audit.write("moved", "state")
            assert unit.audit.head().nr == 3
            assert unit.audit.verify().broken_at is None
            third = Outgoing(
                message_id="<3@g>",
                kind="plan",
                partner="zorg",
                channel="smtp",
                sender="a@g.example",
                recipient="b@z.example",
                wire=b"wire",
            )
            assert unit.outbox.put(third) == 3
    with Store.open(place, master) as again, again.view(now=NOW) as view:
        assert view.outbox.wire(1) == b"wire"


@pytest.mark.parametrize("at", ["keys", "outbox", "audit"])
def test_what_was_broken_off_half_way_is_done_again(
    source: Path, place: str, master: MasterKey, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """All of it arrives, or nothing: the target of a broken move is as empty as before."""
    proof = moving._proof

    def stops(conn: sa.Connection, table: sa.Table, going: moving._Going) -> Moved:
        if table.name == at and conn.engine.url != old.url:
            raise KeyboardInterrupt
        return proof(conn, table, going)

    with Store.open(source, master) as old, Store.open(place, master) as new:
        with monkeypatch.context() as patch:
            patch.setattr(moving, "_proof", stops)
            with pytest.raises(KeyboardInterrupt):
                move_state(old, new)
        with new.view(now=NOW) as view:
            assert view.outbox.list() == []
            assert view.audit.head().nr == 0
        assert {each.table: each.rows for each in move_state(old, new)}["outbox"] == 2
        with new.view(now=NOW) as view:
            assert view.outbox.wire(1) == b"wire"


def test_a_number_of_a_row_that_is_gone_is_not_given_again(
    source: Path, place: str, tmp_path: Path, master: MasterKey
) -> None:
    """The trail, and tasks, name messages by it; there and back."""

    def added(store: Store) -> int:
        raw = Raw(place=Place(source="imap", account="a", folder="b", uid="new"), received_at=NOW, data=b"new")
        with store.unit(now=NOW, actor="test") as unit:
            return unit.inbox.add(raw).id

    with Store.open(source, master) as old, Store.open(place, master) as new:
        with old.unit(now=NOW, actor="test") as unit:
            unit.dossiers.destroy("d2")
        move_state(old, new)
        with Store.open(tmp_path / "back.db", master) as back:
            move_state(new, back)
            assert added(back) == 3
        assert added(new) == 3


@pytest.mark.postgres
def test_a_server_that_sorts_as_a_language_does_gets_all_of_it(
    source: Path, postgres_url: str, master: MasterKey
) -> None:
    """Most do, by what their system is set to; that is no difference between the rows."""
    with speaking(postgres_url, "en-US") as url, Store.open(source, master) as old, Store.open(url, master) as new:
        with old.unit(now=NOW, actor="test") as unit:
            unit.records.add("names", "all", {}, keys={"name": ["a", "B", "a-b", "ab", "_c"]})
        assert {each.table: each.rows for each in move_state(old, new)}["record_keys"] == 7


def test_a_target_that_holds_something_is_refused(source: Path, place: str, master: MasterKey) -> None:
    """Nothing is mixed, nothing is overwritten."""
    with Store.open(source, master) as old, Store.open(place, master) as new:
        fill(new, "d9")
        with pytest.raises(OpenRefused, match="empty database"):
            move_state(old, new)
        with new.view(now=NOW) as view:
            assert [r.sleutel for r in view.records.list("plan", dict)] == ["d9"]
