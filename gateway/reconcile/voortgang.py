"""Reconciliation B: what was ordered against what was started and stopped, B01–B13 (1.3.3).

Insight only: no difference of this kind rejects a message or touches a declaration (OP364).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import msgspec

from gateway.domain import calendar
from gateway.domain.period import month_of
from gateway.domain.workdays import NL, WorkCalendar
from gateway.reconcile.leveringen import Levering, Melding, Toestand
from gateway.reconcile.toewijzingen import Key, Toewijzing, ToewijzingVersie
from gateway.reconcile.verschillen import Verschil, verschil

_MELD_WERKDAGEN = 5  # OP271, OP272
_REDENEN = {  # RedenWijziging -> RedenBeeindiging that list WMO588 pairs with it
    "02": "02", "03": "36", "05": "36", "06": "39", "07": "31", "08": "36", "09": "38", "10": "36", "11": "36",
    "12": "37",
}  # fmt: skip


class Signalen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When silence becomes a signal (1.3.3)."""

    start_alert_workdays: int = 20
    no_declaration_alert_months: int = 3
    pause_alert_days: int = 90


_DEFAULTS = Signalen()
_NOTHING = Levering()


def voortgang(
    toewijzingen: Mapping[Key, Toewijzing],
    leveringen: Mapping[Key, Levering],
    today: date,
    *,
    approved_months: Mapping[Key, frozenset[int]] | None = None,
    calendar_: WorkCalendar = NL,
    signalen: Signalen = _DEFAULTS,
) -> tuple[Verschil, ...]:
    """B01–B13 for every allocation with an effective version.

    `approved_months`: months (yyyymm) with an approved line, per allocation; None if declarations are not at hand
    (then B11 and B12 are not judged).
    """
    found: list[Verschil] = []
    for key, toewijzing in sorted(toewijzingen.items()):
        if toewijzing.effective is not None:
            months = None if approved_months is None else approved_months.get(key, frozenset())
            levering = leveringen.get(key, _NOTHING)
            found += _Kijker(toewijzing, toewijzing.effective, levering, today, months, calendar_, signalen).run()
    return tuple(found)


class _Kijker:
    """One allocation and its deliveries."""

    def __init__(
        self,
        toewijzing: Toewijzing,
        versie: ToewijzingVersie,
        levering: Levering,
        today: date,
        months: frozenset[int] | None,
        werkdagen: WorkCalendar,
        signalen: Signalen,
    ) -> None:
        self.versie, self.levering, self.today, self.months = versie, levering, today, months
        self.werkdagen, self.signalen = werkdagen, signalen
        earlier = [v for v in toewijzing.versies if v.moment < versie.moment and v.is_effective]
        self.before = earlier[-1] if earlier else None
        # A removed version has no period of its own: items are held against what was ordered.
        self.period_of = next((v for v in (versie, *reversed(earlier)) if not v.is_removed), versie)
        self.first_sent = min(s.dagtekening for v in (*earlier, versie) for s in v.verzendingen)

    def run(self) -> list[Verschil]:
        found = [*self._start(), *self._end(), *self._declared()]
        for start in self.levering.starts:
            found += [*self._begin(start), *self._item(start), *self._late_start(start)]
        for stop in self.levering.stops:
            found += [*self._item(stop), *self._stop(stop), *self._late_stop(stop)]
        return found

    def _told(
        self, kind: str, field: str, decided: object = None, ordered: object = None, sub: str | None = None
    ) -> Verschil:
        """`decided` is what the order says, `ordered` what was delivered."""
        v = self.versie
        return verschil(
            kind,
            v.gemeente,
            nummer=v.toewijzing_nummer,
            field=field,
            sub_kind=sub,
            decided=None if decided is None else str(decided),
            ordered=None if ordered is None else str(ordered),
        )

    def _overdue(self, since: date, workdays: int) -> bool:
        return not self.werkdagen.within_workdays(since, workdays, self.today)

    def _start(self) -> Iterator[Verschil]:
        """B01: nothing was started."""
        v = self.versie
        current = not v.is_removed and v.looptijd.last >= self.today
        since = max(v.ingangsdatum, self.first_sent)
        if (
            current
            and self.levering.toestand is Toestand.NONE
            and self._overdue(since, self.signalen.start_alert_workdays)
        ):
            yield self._told("B01", "begindatum", decided=since)

    def _end(self) -> Iterator[Verschil]:
        """B02, B03, B13: no stop where one is due; a pause that lasts."""
        v, toestand = self.versie, self.levering.toestand
        if toestand in (Toestand.NONE, Toestand.ENDED):
            return
        sent = min(s.dagtekening for s in v.verzendingen)
        withdrawn = v.is_removed or (self.before is not None and v.looptijd.last < self.before.looptijd.last)
        ended = v.is_removed or v.looptijd.last < self.today
        if withdrawn and ended and toestand is Toestand.RUNNING:
            if self._overdue(max(sent, v.einddatum or sent), _MELD_WERKDAGEN):
                yield self._told("B03", "einddatum", decided=v.einddatum)
        elif v.einddatum is not None and not v.is_removed and self._overdue(v.einddatum, _MELD_WERKDAGEN):
            yield self._told("B02", "einddatum", decided=v.einddatum)
        if toestand is Toestand.PAUSED:
            last = max(stop.einddatum or date.min for stop in self.levering.stops)
            if self.today - last > timedelta(days=self.signalen.pause_alert_days):
                yield self._told("B13", "einddatum", ordered=last)

    def _begin(self, start: Melding) -> Iterator[Verschil]:
        """B04, B05."""
        period = self.period_of.looptijd
        if start.begindatum < period.begin:
            yield self._told("B04", "begindatum", period.begin, start.begindatum)
        if start.begindatum > period.last:
            yield self._told("B05", "begindatum", period.eind, start.begindatum)

    def _item(self, item: Melding) -> Iterator[Verschil]:
        """B07, B08."""
        v = self.versie
        ordered = (v.product_categorie, v.product_code)
        if (item.product_categorie, item.product_code) != ordered:
            yield self._told(
                "B07", "product", "/".join(filter(None, ordered)), f"{item.product_categorie}/{item.product_code}"
            )
        if item.toewijzing_ingangsdatum not in (None, v.ingangsdatum):
            yield self._told("B08", "toewijzingIngangsdatum", v.ingangsdatum, item.toewijzing_ingangsdatum)

    def _stop(self, stop: Melding) -> Iterator[Verschil]:
        """B06, B09."""
        v, period = self.versie, self.period_of.looptijd
        if stop.einddatum is not None and stop.einddatum > period.last:
            yield self._told("B06", "einddatum", period.eind, stop.einddatum)
        due = _REDENEN.get(v.reden_wijziging or "")
        if due is not None and stop.is_final and stop.reden != due:
            yield self._told("B09", "redenBeeindiging", due, stop.reden)

    def _late_start(self, start: Melding) -> Iterator[Verschil]:
        """B10: later than five working days after the start, or after the order if that came later."""
        since = max(start.begindatum, self.first_sent)
        if not self.werkdagen.within_workdays(since, _MELD_WERKDAGEN, start.dagtekening):
            yield self._told("B10", "dagtekening", since, start.dagtekening, "LATE_START")

    def _late_stop(self, stop: Melding) -> Iterator[Verschil]:
        """B10: not for a final stop after a temporary one, whose moment of knowledge is unknown."""
        paused = any(not other.is_final for other in self.levering.stops if other.begindatum == stop.begindatum)
        if (stop.is_final and paused) or stop.einddatum is None:
            return
        if not self.werkdagen.within_workdays(stop.einddatum, _MELD_WERKDAGEN, stop.dagtekening):
            yield self._told("B10", "dagtekening", stop.einddatum, stop.dagtekening, "LATE_STOP")

    def _declared(self) -> Iterator[Verschil]:
        """B11, B12: declared while nothing ran; running while nothing is declared."""
        if self.months is None:
            return
        spells = self.levering.spells()
        for month in sorted(self.months):
            period = month_of(date(month // 100, month % 100, 1))
            if not any(spell.overlaps(period) for spell in spells):
                yield self._told("B11", "productPeriode", ordered=f"{month // 100}-{month % 100:02}")
        if self.levering.toestand is Toestand.RUNNING:
            since = _first_full_month(self.levering.starts[-1].begindatum)
            if self.months:
                last = max(self.months)
                since = max(since, calendar.next_month(date(last // 100, last % 100, 1)))
            full = calendar.months(since, self.today) - 1  # this month is not over
            if full > self.signalen.no_declaration_alert_months:
                yield self._told("B12", "productPeriode", decided=f"{since:%Y-%m}")


def _first_full_month(begin: date) -> date:
    return begin if begin.day == 1 else calendar.next_month(begin)


def approved_months(by_month: Sequence[tuple[str, int, str, str, int]]) -> dict[Key, frozenset[int]]:
    """Months with an approved line per allocation, from the keys of `State.by_month`."""
    found: dict[Key, set[int]] = {}
    for gemeente, nummer, _, _, month in by_month:
        found.setdefault((gemeente, nummer), set()).add(month)
    return {key: frozenset(months) for key, months in found.items()}
