"""What no linter says of our sources."""

import re

from scripts import bootstrap

LEFT_OPEN = re.compile(r"with sqlite3\.connect\(")


def test_no_connection_to_a_file_is_left_to_the_garbage_collector() -> None:
    """`with connect(...)` ends a transaction only; the file closes at a random moment, its log with it."""
    sources = [path for room in ("gateway", "scripts", "tests") for path in (bootstrap.ROOT / room).rglob("*.py")]

    assert len(sources) > 300
    assert [str(path) for path in sources if LEFT_OPEN.search(path.read_text())] == []
