"""Numbers that a gateway gives out are given out once, also after a backup was put back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.flows.numbers import ROOM, identificatie, leave_room, next_number
from gateway.store import MasterKey, Store
from gateway.store.upkeep import backup, restore

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def test_a_restored_gateway_gives_out_no_number_that_it_may_have_given_out_since_the_backup(tmp_path: Path) -> None:
    """Of every kind, also one that began since; what is new stays gapless, and each restore leaves room again."""
    with Store.open(tmp_path / "gateway.db", MasterKey.generate()) as store:
        with store.unit(now=NOW, actor="test") as unit:
            assert [next_number(unit, "toewijzing", 1001) for _ in range(2)] == [1001, 1002]
        for restored in (1, 2):
            with store.unit(now=NOW, actor="test") as unit:
                leave_room(unit, NOW)
                assert next_number(unit, "toewijzing", 1001) == 1002 + restored * (ROOM + 1)
                assert next_number(unit, f"new {restored}", 5) == 5 + restored * ROOM
        with store.unit(now=NOW, actor="test") as unit:
            assert identificatie(unit, "WMO301") == f"301{1 + 2 * ROOM:09d}"  # twelve characters, as ever


def test_a_backup_that_is_put_back_twice_gives_out_no_number_of_after_the_first_time(tmp_path: Path) -> None:
    """It knows nothing of it: an order of that hour would get the number of another client's."""
    master, ledger, given = MasterKey.generate(), tmp_path / "destroyed.txt", list[tuple[str, int]]()
    ledger.touch()

    def give_out(place: Path, at: datetime, *kinds: str) -> None:
        with Store.open(place, master) as store, store.unit(now=at, actor="test") as unit:
            unit.audit.write("sealed", "outbox/1")
            given.extend((kind, next_number(unit, kind)) for kind in kinds for _ in range(50))

    give_out(tmp_path / "gateway.db", NOW, "toewijzing")
    with Store.open(tmp_path / "gateway.db", master) as store:
        backup(store, tmp_path / "copy.db")
    for seconds in (60, 63, 3_600, 3_600 * 24 * 365 * 90):
        at, place = NOW + timedelta(seconds=seconds), tmp_path / f"{seconds}.db"
        restore(tmp_path / "copy.db", place, master, ledger, now=at, then=leave_room)
        give_out(place, at, "toewijzing", "new")
    assert len(set(given)) == len(given)
    assert max(number for _, number in given) < 10**9
