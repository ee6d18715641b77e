"""Numbers that a gateway gives out: unique, gapless per kind, taken in the transaction that uses them.

Gapless but for a restore: what was given out since the backup is known to partners, and to nobody here.
"""

import msgspec

from gateway.store import Unit

_KIND, _ROOM = "volgnummer", "ruimte"  # the second: what a kind that begins after a restore leaves free as well
ROOM = 1_000_000  # numbers: more than are given out between two backups, and a thousandth of what fits in nine digits


class _Counter(msgspec.Struct, frozen=True):
    last: int


def next_number(unit: Unit, kind: str, first: int = 1) -> int:
    """The next number of `kind`, from `first`. Rolled back with the unit, so no number is lost or used twice."""
    record = unit.records.get(_KIND, kind, _Counter)
    if record is None:
        left = unit.records.get(_KIND, _ROOM, _Counter)
        number = first if left is None else first + left.body.last
    else:
        number = record.body.last + 1
    unit.records.put(_KIND, kind, _Counter(number), record)
    return number


def leave_room(unit: Unit) -> None:
    """After a restore: go on far beyond what may have been given out since the backup, of every kind.

    A number that is given again is a repeat of an older message to a partner, who takes it for known, or an order of
    another client.
    """
    counters = unit.records.list(_KIND, _Counter)
    for each in counters:
        unit.records.save(_KIND, each.sleutel, _Counter(each.body.last + ROOM), versie=each.versie)
    if _ROOM not in {each.sleutel for each in counters}:
        unit.records.add(_KIND, _ROOM, _Counter(ROOM))


def identificatie(unit: Unit, soort: str) -> str:
    """A BerichtIdentificatie: at most 12 characters, unique per kind of message for this sender (TR056)."""
    return f"{soort[3:]}{next_number(unit, soort):09d}"
