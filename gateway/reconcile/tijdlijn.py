"""Comparing what was decided with what was ordered, over time (1.2.4, step 2). No tolerance, no conversion."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal, TypeVar

import msgspec

from gateway.domain.period import Period
from gateway.reconcile import eenheden
from gateway.reconcile.beschikkingen import BeschikkingRegel
from gateway.reconcile.maxima import PER_WEEK, TOTAAL
from gateway.reconcile.omvang import Omvang
from gateway.reconcile.toewijzingen import ToewijzingVersie

_ONE_DAY = timedelta(days=1)


class Inhoud(msgspec.Struct, frozen=True):
    """What is granted or ordered: an `Omvang`, a budget in eurocent, or neither."""

    omvang: Omvang | None = None
    budget: int | None = None

    @property
    def kind(self) -> Literal["OMVANG", "BUDGET", "NONE"]:
        if self.omvang is not None:
            return "OMVANG"
        return "NONE" if self.budget is None else "BUDGET"

    @property
    def is_mergeable(self) -> bool:
        """True if parts of a period have its content; a total or a budget belongs to the period as a whole."""
        if self.omvang is None:
            return self.budget is None
        return self.omvang.frequentie != TOTAAL

    @property
    def needs_end(self) -> bool:
        """True if the standard demands an end date (CD075, CD076)."""
        return self.budget is not None or (self.omvang is not None and self.omvang.frequentie == PER_WEEK)


class Stuk(msgspec.Struct, frozen=True):
    """One item of one side."""

    periode: Period
    inhoud: Inhoud


class Besloten(Stuk, frozen=True):
    """What a decision line grants."""

    regel: BeschikkingRegel


class Besteld(Stuk, frozen=True):
    """What an allocation orders."""

    versie: ToewijzingVersie


S = TypeVar("S", bound=Stuk)


class Afwijking(msgspec.Struct, frozen=True):
    """One difference in a period; `decided` or `ordered` is None where that side has nothing."""

    kind: str  # A07–A15
    periode: Period
    decided: Besloten | None
    ordered: Besteld | None
    equivalent: bool = False
    structural: bool = False


def vergelijk(decided: Sequence[Besloten], ordered: Sequence[Besteld]) -> list[Afwijking]:
    """All differences between both sides; both must hold at least one item."""
    if all(stuk.inhoud.is_mergeable for stuk in (*decided, *ordered)):
        return list(_over_time(decided, ordered))
    return list(_as_units(_merged(decided), _merged(ordered)))


def verschillend(decided: Inhoud, ordered: Inhoud) -> list[tuple[str, bool]]:
    """The kinds of difference between two contents, each with "arithmetically the same" (A12)."""
    if decided.kind != ordered.kind:
        return [("A15", False)]
    mine, theirs = decided.omvang, ordered.omvang
    if mine is None or theirs is None:
        return [("A14", False)] if decided.budget != ordered.budget else []
    found = []
    if mine.eenheid != theirs.eenheid:
        found.append(("A12", _is_equivalent(mine, theirs)))
    if mine.frequentie != theirs.frequentie:
        found.append(("A13", False))
    if not found and mine.volume != theirs.volume:
        found.append(("A11", False))
    return found


def _is_equivalent(mine: Omvang, theirs: Omvang) -> bool:
    """180 minutes and 3 hours per week: only 01 and 04, at one frequency."""
    units = {mine.eenheid, theirs.eenheid} == {eenheden.MINUUT, eenheden.UUR}
    same = eenheden.base(mine.volume, mine.eenheid) == eenheden.base(theirs.volume, theirs.eenheid)
    return units and same and mine.frequentie == theirs.frequentie


# Mergeable content: per elementary interval -------------------------------------------------------------------------

_Cell = tuple[Period, Besloten | None, Besteld | None]


def _over_time(decided: Sequence[Besloten], ordered: Sequence[Besteld]) -> Iterator[Afwijking]:
    items: list[Period] = [stuk.periode for stuk in (*decided, *ordered)]
    first, last = min(p.begin for p in items), max(p.last for p in items)
    for periode, mine, theirs in _joined(_cells(decided, ordered, _intervals(items))):
        if mine is not None and theirs is not None:
            for kind, equivalent in verschillend(mine.inhoud, theirs.inhoud):
                yield Afwijking(kind, periode, mine, theirs, equivalent=equivalent)
            continue
        if periode.begin == first:
            kind = "A07"
        elif periode.last == last:
            kind = "A08"
        else:
            kind = "A09" if theirs is None else "A10"
        if kind == "A07":  # show where both sides begin, or end
            mine, theirs = min(decided, key=_begin), min(ordered, key=_begin)
        elif kind == "A08":
            mine, theirs = max(decided, key=_last), max(ordered, key=_last)
        structural = kind == "A08" and _is_structural(mine, theirs)
        yield Afwijking(kind, periode, mine, theirs, structural=structural)


def _begin(stuk: Stuk) -> date:
    return stuk.periode.begin


def _last(stuk: Stuk) -> date:
    return stuk.periode.last


def _is_structural(mine: Stuk | None, theirs: Stuk | None) -> bool:
    """The decision is open-ended and the order may not be."""
    return mine is not None and mine.periode.eind is None and theirs is not None and theirs.inhoud.needs_end


def _intervals(items: Sequence[Period]) -> list[Period]:
    """The time between first and last day, cut at every boundary of both sides."""
    cuts = sorted({p.begin for p in items} | {p.eind + _ONE_DAY for p in items if p.eind is not None})
    ends: list[date | None] = [cut - _ONE_DAY for cut in cuts[1:]]
    return [Period(begin, end) for begin, end in zip(cuts, [*ends, None], strict=True)]


def _cells(decided: Sequence[Besloten], ordered: Sequence[Besteld], intervals: Sequence[Period]) -> Iterator[_Cell]:
    for interval in intervals:
        mine = [stuk for stuk in decided if stuk.periode.contains(interval.begin)]
        theirs = [stuk for stuk in ordered if stuk.periode.contains(interval.begin)]
        for stuk in list(mine):  # what is equal on both sides is no difference, whatever is stacked on it
            twin = next((other for other in theirs if other.inhoud == stuk.inhoud), None)
            if twin is not None:
                mine.remove(stuk)
                theirs.remove(twin)
        yield interval, mine[0] if mine else None, theirs[0] if theirs else None


def _joined(cells: Iterator[_Cell]) -> Iterator[_Cell]:
    """One cell for neighbours that differ in the same way; none for what is equal."""
    current: _Cell | None = None
    for periode, mine, theirs in cells:
        if current is not None and _same(current, mine, theirs):
            current = (Period(current[0].begin, periode.eind), current[1], current[2])
            continue
        if current is not None and (current[1] or current[2]):
            yield current
        current = (periode, mine, theirs)
    if current is not None and (current[1] or current[2]):
        yield current


def _same(cell: _Cell, mine: Besloten | None, theirs: Besteld | None) -> bool:
    def inhoud(stuk: Stuk | None) -> Inhoud | None:
        return stuk.inhoud if stuk else None

    return inhoud(cell[1]) == inhoud(mine) and inhoud(cell[2]) == inhoud(theirs)


# Totals and budgets: whole units ------------------------------------------------------------------------------------


def _merged(items: Sequence[S]) -> list[S]:
    """Neighbours with equal, mergeable content as one."""
    found: list[S] = []
    for stuk in sorted(items, key=lambda s: s.periode.begin):
        before = found[-1] if found else None
        if before and _continues(before, stuk):
            found[-1] = msgspec.structs.replace(before, periode=Period(before.periode.begin, stuk.periode.eind))
        else:
            found.append(stuk)
    return found


def _continues(before: Stuk, stuk: Stuk) -> bool:
    same = before.inhoud == stuk.inhoud and stuk.inhoud.is_mergeable
    return same and before.periode.adjoins(stuk.periode)


def _as_units(decided: Sequence[Besloten], ordered: Sequence[Besteld]) -> Iterator[Afwijking]:
    paired: set[int] = set()
    for theirs in ordered:
        best = max(range(len(decided)), key=lambda i: (_overlap(decided[i].periode, theirs.periode), -i))
        mine = decided[best]
        if not mine.periode.overlaps(theirs.periode):
            yield Afwijking("A10", theirs.periode, None, theirs)
            continue
        paired.add(best)
        yield from _unit(mine, theirs)
    for index, mine in enumerate(decided):
        if index not in paired:
            yield Afwijking("A09", mine.periode, mine, None)


def _overlap(a: Period, b: Period) -> int:
    return max(0, (min(a.last, b.last) - max(a.begin, b.begin)).days + 1)


def _unit(mine: Besloten, theirs: Besteld) -> Iterator[Afwijking]:
    a, b = mine.periode, theirs.periode
    if a.begin != b.begin:
        yield Afwijking("A07", Period(min(a.begin, b.begin), max(a.begin, b.begin) - _ONE_DAY), mine, theirs)
    if a.eind != b.eind:
        last = max(a.last, b.last)
        rest = Period(min(a.last, b.last) + _ONE_DAY, None if last == date.max else last)
        yield Afwijking("A08", rest, mine, theirs, structural=_is_structural(mine, theirs))
    for kind, equivalent in verschillend(mine.inhoud, theirs.inhoud):
        yield Afwijking(kind, b, mine, theirs, equivalent=equivalent)
