"""Numbers that a gateway gives out: unique, gapless per kind, taken in the transaction that uses them."""

import msgspec

from gateway.store import Unit


class _Counter(msgspec.Struct, frozen=True):
    last: int


def next_number(unit: Unit, kind: str, first: int = 1) -> int:
    """The next number of `kind`, from `first`. Rolled back with the unit, so no number is lost or used twice."""
    record = unit.records.get("volgnummer", kind, _Counter)
    if record is None:
        unit.records.add("volgnummer", kind, _Counter(first))
        return first
    number = record.body.last + 1
    unit.records.save("volgnummer", kind, _Counter(number), versie=record.versie)
    return number


def identificatie(unit: Unit, soort: str) -> str:
    """A BerichtIdentificatie: at most 12 characters, unique per kind of message for this sender (TR056)."""
    return f"{soort[3:]}{next_number(unit, soort):09d}"
