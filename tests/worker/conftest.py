"""A store, a clock that is set by hand, and two ways out: a folder and one that does as it is told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.delivery import Outcome, Shipment
from gateway.store import MasterKey, Outgoing, Store
from gateway.transports import BeforeData

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class HandClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


class Obedient:
    """A transport whose outcomes are given beforehand; it records what it was handed."""

    def __init__(self, *verdicts: str) -> None:
        self.verdicts = list(verdicts)
        self.handed: list[Shipment] = []
        self.during: Any = None  # called between RCPT and DATA

    async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        """One attempt."""
        verdict = self.verdicts.pop(0) if self.verdicts else "submitted"
        if verdict == "crash":
            raise ZeroDivisionError
        if self.during is not None:
            self.during()
        if verdict in ("submitted", "uncertain", "crash-in-data"):
            await before_data()
            self.handed.append(shipment)
        if verdict == "crash-in-data":
            raise ZeroDivisionError
        return Outcome(verdict=verdict, phase="data", recipient=shipment.recipient)  # type: ignore[arg-type]

    async def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def clock() -> HandClock:
    """A clock of this test."""
    return HandClock()


@pytest.fixture
def master() -> MasterKey:
    """A master key of this test."""
    return MasterKey.generate()


@pytest.fixture
def store(tmp_path: Path, master: MasterKey) -> Iterator[Store]:
    """An open store on a new SQLite file."""
    with Store.open(tmp_path / "gateway.db", master, node="node-a") as opened:
        yield opened


def put(store: Store, number: int = 1, **changes: Any) -> int:
    """A message in the outbox."""
    values: dict[str, Any] = {
        "message_id": f"<{number:032x}@gemeente.example>",
        "kind": "iwmo",
        "partner": "zorg",
        "channel": "out",
        "sender": "wmo@gemeente.example",
        "recipient": "plan@zorg.example",
        "wire": f"Subject: {number}\r\n\r\n".encode(),
    }
    with store.unit(now=NOW, actor="test") as unit:
        return unit.outbox.put(Outgoing(**(values | changes)))
