"""What must be compared at once and what may be compared apart, so that a register larger than memory can be compared.

`vergelijk` looks from a decision line to orders that name the same client, number or decision, and from those to others
in the same way. What cannot be reached like that has no influence, so the outcome for everything is the sum of the
outcomes of such sets.
"""

from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence

from gateway.reconcile.beschikkingen import BeschikkingRegel
from gateway.reconcile.toewijzingen import ToewijzingVersie

Naam = tuple[Hashable, ...]


def namen_van_regel(regel: BeschikkingRegel) -> Iterator[Naam]:
    """What a decision line is reached by: its client, its decision, the one that replaced it, its allocations."""
    yield "client", regel.bsn
    yield "beschikking", regel.gemeente, regel.beschikkingnummer
    if regel.vervangen_door is not None:
        yield "beschikking", regel.gemeente, regel.vervangen_door
    for nummer in regel.toewijzing_nummers:  # of whatever municipality (A05)
        yield "toewijzing", nummer


def namen_van_versie(versie: ToewijzingVersie) -> Iterator[Naam]:
    """What a version of an allocation is reached by, without requests: its client and its number."""
    yield "client", versie.bsn
    yield "toewijzing", versie.toewijzing_nummer


class Samenhang:
    """Rows, and the names that they share. Of each name no more is kept than a number: some 100 bytes."""

    def __init__(self) -> None:
        self._leader: dict[int, int] = {}  # by the hash of a name; two with one hash are compared at once, no more
        self._rows, self._names = array("q"), array("q")

    def add(self, row: int, namen: Iterable[Naam]) -> None:
        """A row that has these names, one at least; `row` is any number that its owner knows it by."""
        first, *others = map(hash, namen)
        for name in others:
            self._leader[self._lead(name)] = self._lead(first)
        self._rows.append(row)
        self._names.append(first)

    def _lead(self, name: int) -> int:
        leader = self._leader
        while (up := leader.setdefault(name, name)) != name:
            leader[name] = leader[up]  # the way is halved each time it is gone
            name = up
        return name

    def groups(self) -> Iterator[Sequence[int]]:
        """The rows that belong together, in the order in which they were added; the groups by their first row."""
        found: dict[int, array[int]] = {}
        for row, name in zip(self._rows, self._names, strict=True):
            found.setdefault(self._lead(name), array("q")).append(row)
        yield from found.values()
