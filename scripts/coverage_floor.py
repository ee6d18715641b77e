"""Branch coverage per room against its floor, read from coverage's JSON report.

The pure rooms are where the rules live and where testing is cheap: 90 %. Elsewhere 80 %.
"""

import json
from pathlib import Path

PURE = ("domain", "berichten", "securemail", "plans", "reconcile")
PURE_FLOOR = 90.0
FLOOR = 80.0


def room_of(file: str) -> str:
    """gateway/plans/model.py -> plans; gateway/config.py -> config."""
    parts = Path(file).with_suffix("").parts
    inside = parts[parts.index("gateway") + 1 :]
    return "gateway" if inside == ("__init__",) else inside[0]


def floor_of(room: str) -> float:
    """Least percentage for a room."""
    return PURE_FLOOR if room in PURE else FLOOR


def per_room(report: Path) -> dict[str, float]:
    """Room -> percentage of lines and branches that ran, from `coverage json`."""
    had: dict[str, int] = {}
    could: dict[str, int] = {}
    for file, data in json.loads(report.read_text())["files"].items():
        room, sums = room_of(file), data["summary"]
        had[room] = had.get(room, 0) + sums["covered_lines"] + sums["covered_branches"]
        could[room] = could.get(room, 0) + sums["num_statements"] + sums["num_branches"]
    return {room: 100.0 * had[room] / could[room] for room in sorted(could) if could[room]}


def lines(rooms: dict[str, float]) -> list[str]:
    """The table for people."""
    head = f"{'room':<12} {'covered':>8} {'floor':>6}"
    body = [
        f"{room:<12} {percent:7.1f}% {floor_of(room):5.0f}%{'' if percent >= floor_of(room) else '  TOO LOW'}"
        for room, percent in rooms.items()
    ]
    return [head, *body]


def too_low(rooms: dict[str, float]) -> list[str]:
    """Rooms below their floor."""
    return [room for room, percent in rooms.items() if percent < floor_of(room)]
