"""Numbers that a gateway gives out: unique, gapless per kind, taken in the transaction that uses them.

Gapless but for a restore: what was given out since the backup is known to partners, and to nobody here.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from gateway.store import Unit

_KIND, _ROOM = "volgnummer", "ruimte"  # the second: what a kind that begins after a restore leaves free as well
ROOM: Final = 1_000_000  # numbers, at least
A_SECOND: Final = 20  # more than a gateway gives out for long
_END: Final = 10**9  # nine digits (LDT_Nummer, and what is left of a BerichtIdentificatie)


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


def leave_room(unit: Unit, since: datetime) -> None:
    """After a restore: go on far beyond what may have been given out since the backup, of every kind.

    A number that is given again is a repeat of an older message to a partner, who takes it for known, or an order of
    another client. `since`: the last moment that the backup knows. By time, for a backup knows nothing of an earlier
    restore of itself: what was given out after that stays below too. Never more than half of what is left.
    """
    room = ROOM + A_SECOND * max(0, (unit.now - since) // timedelta(seconds=1))
    counters = unit.records.list(_KIND, _Counter)
    for each in counters:
        number = each.body.last + min(room, (_END - each.body.last) // 2)
        unit.records.save(_KIND, each.sleutel, _Counter(number), versie=each.versie)
    if _ROOM not in {each.sleutel for each in counters}:
        unit.records.add(_KIND, _ROOM, _Counter(min(room, _END // 2)))


def identificatie(unit: Unit, soort: str) -> str:
    """A BerichtIdentificatie: at most 12 characters, unique per kind of message for this sender (TR056)."""
    return f"{soort[3:]}{next_number(unit, soort):09d}"
