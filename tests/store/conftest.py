"""A store in a temporary folder, a clock that stands still, and messages to put in."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.store import MasterKey, Store

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def master() -> MasterKey:
    """A master key of this test."""
    return MasterKey.generate()


@pytest.fixture
def store(tmp_path: Path, master: MasterKey) -> Iterator[Store]:
    """An open store on a new SQLite file."""
    with Store.open(tmp_path / "gateway.db", master) as opened:
        yield opened
