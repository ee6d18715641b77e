"""What was exchanged before, read from the register of messages, for the rules that need it (level 3)."""

from collections.abc import Iterator
from typing import Any

from gateway import berichten
from gateway.berichten.historie import History
from gateway.store import Bericht, Unit


def earlier(unit: Unit, partner: str) -> History:
    """Every message exchanged with this partner, both ways, as the rules want to see them."""
    return History.of(bericht for _, bericht in exchanged(unit, partner))


def exchanged(unit: Unit, partner: str) -> Iterator[tuple[Bericht, Any]]:
    """Register row and typed message, in the order of registration."""
    for row in rows(unit, partner):
        yield row, berichten.parse(unit.berichten.xml(row.id))


def rows(unit: Unit, partner: str) -> list[Bericht]:
    """The register's rows of messages from and to this partner."""
    return sorted((*_all(unit, "afzender", partner), *_all(unit, "ontvanger", partner)), key=lambda row: row.id)


def _all(unit: Unit, field: str, partner: str) -> Iterator[Bericht]:
    after = 0
    where: dict[str, Any] = {field: partner}
    while page := unit.berichten.list(after=after, **where):
        yield from page
        after = page[-1].id
