"""Numbers that a gateway gives out are given out once, also after a backup was put back."""

from datetime import UTC, datetime
from pathlib import Path

from gateway.flows.numbers import ROOM, identificatie, leave_room, next_number
from gateway.store import MasterKey, Store

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def test_a_restored_gateway_gives_out_no_number_that_it_may_have_given_out_since_the_backup(tmp_path: Path) -> None:
    """Of every kind, also one that began since; what is new stays gapless, and each restore leaves room again."""
    with Store.open(tmp_path / "gateway.db", MasterKey.generate()) as store:
        with store.unit(now=NOW, actor="test") as unit:
            assert [next_number(unit, "toewijzing", 1001) for _ in range(2)] == [1001, 1002]
        for restored in (1, 2):
            with store.unit(now=NOW, actor="test") as unit:
                leave_room(unit)
                assert next_number(unit, "toewijzing", 1001) == 1002 + restored * (ROOM + 1)
                assert next_number(unit, f"new {restored}", 5) == 5 + restored * ROOM
        with store.unit(now=NOW, actor="test") as unit:
            assert identificatie(unit, "WMO301") == f"301{1 + 2 * ROOM:09d}"  # twelve characters, as ever
