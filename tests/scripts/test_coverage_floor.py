"""Coverage floors: 90 % in the pure rooms, 80 % elsewhere, lines and branches together."""

import json
from pathlib import Path

import pytest

from scripts import coverage_floor


@pytest.mark.parametrize(
    ("file", "room"),
    [("gateway/plans/model/plan.py", "plans"), ("gateway/logs.py", "logs"), ("gateway/__init__.py", "gateway")],
)
def test_a_file_belongs_to_a_room(file: str, room: str) -> None:
    """The folder under the package, or the module itself."""
    assert coverage_floor.room_of(file) == room


def test_rooms_below_their_floor_are_named(tmp_path: Path) -> None:
    """85 % is enough for the store and too little for a pure room."""
    summary = {"covered_lines": 80, "covered_branches": 5, "num_statements": 90, "num_branches": 10}
    files = {f"gateway/{room}/a.py": {"summary": summary} for room in ("store", "plans")}
    (tmp_path / "r.json").write_text(json.dumps({"files": files}))
    rooms = coverage_floor.per_room(tmp_path / "r.json")
    assert rooms == {"plans": 85.0, "store": 85.0}
    assert coverage_floor.too_low(rooms) == ["plans"]
    assert [line.endswith("TOO LOW") for line in coverage_floor.lines(rooms)] == [False, True, False]
