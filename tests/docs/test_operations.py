"""docs/operations.md lists every metric, every event of the log and every job; the dashboard asks for what exists."""

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from gateway.store import MasterKey, Store
from gateway.worker import Metrics, Pulse
from scripts.generated import ROOT

PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def section(title: str) -> set[str]:
    """Names in the first column of a section's table."""
    text = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}


LOGGING = {f"log.{level}" for level in ("debug", "info", "warning", "error")}


def events() -> Iterator[str]:
    """Every event name that the program logs."""
    for file in ROOT.glob("gateway/**/*.py"):
        calls = LOGGING | ({"_warn"} if file.name == "watch.py" else set())
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in calls:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value)


def test_every_event_of_the_log_is_described() -> None:
    """And none that no longer exists: alarms are built on these names."""
    assert section("Events in the log") == set(events())


def metrics(folder: Path) -> set[str]:
    """Every metric there is."""
    with Store.open(folder / "gateway.db", MasterKey.generate()) as store:
        return Metrics(store, Pulse(lambda: NOW), lambda: NOW, lambda _: []).names()


def test_every_metric_is_described(tmp_path: Path) -> None:
    """SM-119."""
    assert section("Metrics") == metrics(tmp_path)


def test_the_dashboard_asks_for_metrics_that_exist(tmp_path: Path) -> None:
    """Each panel has a query; each of our metrics is on it."""
    board = json.loads((ROOT / "docs/dashboards/gateway.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked = {re.sub(r"_(total|bucket)$", "", name) for query in queries for name in re.findall(r"gateway_\w+", query)}
    assert asked == metrics(tmp_path)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
