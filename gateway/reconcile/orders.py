"""The state of the orders themselves: sent, answered, complete, well-formed (1.2.4 step 3; A16, A23–A28, A30–A33)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from gateway.domain.workdays import WorkCalendar
from gateway.reconcile import maxima
from gateway.reconcile.koppeling import Verzoek
from gateway.reconcile.maxima import PER_DAG, PER_WEEK
from gateway.reconcile.state import State
from gateway.reconcile.toewijzingen import Status, Toewijzing, ToewijzingVersie
from gateway.reconcile.verschillen import Severity, Verschil, verschil

_HULPMIDDELEN = frozenset({"11", "12", "13", "14"})  # exempt from stacking (TR302)
_EENHEID_PER_DAG = frozenset({"01", "04", "82"})  # CS338
_SINDS = date(2020, 12, 31)  # CD080 and CS338 bind if the allocation ends later
_IMMUTABLE = ("bsn", "aanbieder", "productCategorie", "productCode", "ingangsdatum", "omvang")


def stapeling(toewijzingen: Iterable[Toewijzing], today: date) -> Iterator[Verschil]:
    """A16: two current allocations of one client and provider for the same product share days."""
    per_client: dict[tuple[str, str, str], list[ToewijzingVersie]] = {}
    for toewijzing in toewijzingen:
        versie = toewijzing.effective
        if versie is not None and toewijzing.is_current(today):
            per_client.setdefault((versie.gemeente, versie.aanbieder, versie.bsn), []).append(versie)
    for versies in per_client.values():
        versies.sort(key=lambda v: v.key)
        for i, one in enumerate(versies):
            for two in versies[i + 1 :]:
                shared = one.looptijd.intersect(two.looptijd)
                if shared is not None and stacked_products(one, two):
                    yield verschil(
                        "A16",
                        one.gemeente,
                        nummer=two.toewijzing_nummer,
                        field="toewijzingNummer",
                        ordered=one.toewijzing_nummer,
                        interval=shared,
                    )


def stacked_products(one: ToewijzingVersie, two: ToewijzingVersie) -> bool:
    """True if TR302 holds both for the same product."""
    if not _HULPMIDDELEN.isdisjoint({one.product_categorie, two.product_categorie}):
        return False
    if one.product_categorie is None or two.product_categorie is None:
        return True
    if one.product_categorie != two.product_categorie:
        return False
    return None in (one.product_code, two.product_code) or one.product_code == two.product_code


def verzending(toewijzing: Toewijzing, today: date, calendar: WorkCalendar, send_grace: int) -> Iterator[Verschil]:
    """A23–A25: not sent in time, not answered in time, rejected."""
    newest = toewijzing.newest
    nummer, gemeente = newest.toewijzing_nummer, newest.gemeente
    status = newest.status(today, calendar)
    late = not calendar.within_workdays(newest.toewijzingsdatum, send_grace, today)
    if status in (Status.DRAFT, Status.REFUSED) and late:
        yield verschil("A23", gemeente, nummer=nummer, field="status", ordered=status.value)
    if status is Status.OVERDUE:
        yield verschil("A24", gemeente, nummer=nummer, field="status", ordered=status.value)
    intended = toewijzing.intended
    if intended is not None and not intended.is_effective:
        yield _rejected(toewijzing, intended)


def _rejected(toewijzing: Toewijzing, intended: ToewijzingVersie) -> Verschil:
    codes = dict.fromkeys(code for sent in intended.verzendingen for code in sent.codes)
    standing = toewijzing.effective
    severity: Severity = "S1" if standing is None else "S2"
    return verschil(
        "A25",
        intended.gemeente,
        nummer=intended.toewijzing_nummer,
        field="retourcodes",
        decided=f"geldend: versie van {standing.toewijzingsdatum}" if standing else "geldend: geen",
        ordered=" ".join(codes) or None,
        severity=severity,
    )


def versies(toewijzing: Toewijzing) -> Iterator[Verschil]:
    """A26, A27: two contents for one moment; a field that may not change did."""
    for conflict in toewijzing.conflicten:
        yield verschil(
            "A26",
            conflict.gemeente,
            nummer=conflict.toewijzing_nummer,
            field="toewijzingsdatum",
            ordered=f"{conflict.toewijzingsdatum}T{conflict.toewijzingstijd}",
        )
    first = toewijzing.versies[0]
    changed = dict.fromkeys(
        name
        for versie in toewijzing.versies[1:]
        for name, was, is_now in zip(_IMMUTABLE, first.immutable(), versie.immutable(), strict=True)
        if was != is_now
    )
    for name in changed:
        shown = name != "bsn"  # never personal data
        yield verschil(
            "A27",
            first.gemeente,
            nummer=first.toewijzing_nummer,
            field=name,
            decided=_field(first, name) if shown else None,
            ordered=_field(toewijzing.newest, name) if shown else None,
        )


def _field(versie: ToewijzingVersie, name: str) -> str:
    values = {
        "aanbieder": versie.aanbieder,
        "productCategorie": versie.product_categorie,
        "productCode": versie.product_code,
        "ingangsdatum": versie.ingangsdatum,
        "omvang": versie.omvang,
    }
    return str(values[name])


def volledigheid(toewijzingen: Iterable[Toewijzing]) -> Iterator[Verschil]:
    """A28: the last 301 of a client and provider left out an allocation that ran then (OP087).

    All 301s of the last day count as one: nothing in a message orders them.
    """
    per_client: dict[tuple[str, str, str], list[ToewijzingVersie]] = {}
    for toewijzing in toewijzingen:
        versie = toewijzing.effective
        if versie is not None and versie.verzendingen:
            per_client.setdefault((versie.gemeente, versie.aanbieder, versie.bsn), []).append(versie)
    for versies_ in per_client.values():
        last = max(sent.dagtekening for versie in versies_ for sent in versie.verzendingen)
        for versie in versies_:
            runs = not versie.is_removed and versie.looptijd.last >= last
            if runs and last not in {sent.dagtekening for sent in versie.verzendingen}:
                yield verschil(
                    "A28",
                    versie.gemeente,
                    nummer=versie.toewijzing_nummer,
                    field="dagtekening",
                    decided=last,
                    ordered=max(sent.dagtekening for sent in versie.verzendingen),
                )


def geblokkeerd(toewijzing: Toewijzing, state: State) -> Iterator[Verschil]:
    """A31: a draft that takes away what was approved already (TR385, UP031, OP186, OP298, OP299, OP362)."""
    draft = toewijzing.newest
    used = state.verbruik.get(toewijzing.key)
    if draft.verzendingen or used is None:
        return
    if draft.is_removed:
        if used.open_debits:
            yield _blocked(draft, "redenWijziging", used.open_debits, 0)
        return
    limit = maxima.max_total(draft.omvang, draft.looptijd) if draft.omvang else None
    if limit is not None and used.used_volume > limit:
        yield _blocked(draft, "omvang", used.used_volume, limit)
    if draft.budget is not None and used.used_amount > draft.budget:
        yield _blocked(draft, "budget", used.used_amount, draft.budget)
    end = draft.einddatum
    months = [key[4] for key in state.by_month if key[:2] == toewijzing.key]
    if end is not None and months and max(months) > end.year * 100 + end.month:
        yield _blocked(draft, "einddatum", max(months), end.isoformat())


def _blocked(draft: ToewijzingVersie, field: str, approved: int, draft_value: int | str) -> Verschil:
    return verschil(
        "A31", draft.gemeente, nummer=draft.toewijzing_nummer, field=field, decided=approved, ordered=draft_value
    )


def referenties(toewijzing: Toewijzing, known: Mapping[tuple[str, str, str], Verzoek]) -> Iterator[Verschil]:
    """A32: a ReferentieAanbieder of no known request, or repeated on a later change (TR379)."""
    seen: set[str] = set()
    for versie in toewijzing.versies:
        referentie = versie.referentie_aanbieder
        if referentie is None:
            continue
        if (versie.gemeente, versie.aanbieder, referentie) not in known or referentie in seen:
            yield verschil(
                "A32",
                versie.gemeente,
                nummer=versie.toewijzing_nummer,
                field="referentieAanbieder",
                ordered=referentie,
            )
        seen.add(referentie)


def opbouw(versie: ToewijzingVersie) -> Iterator[Verschil]:
    """A33: the filled elements do not fit the kind of allocation (1.1: CD041, CD075–CD080, CS338)."""
    for rule, field in _structure(versie):
        yield verschil(
            "A33",
            versie.gemeente,
            nummer=versie.toewijzing_nummer,
            sub_kind=rule,
            field=field,
            ordered=str(versie.omvang) if field == "omvang" and versie.omvang else None,
        )


def _structure(v: ToewijzingVersie) -> Iterator[tuple[str, str]]:
    recent = v.einddatum is None or v.einddatum > _SINDS
    specifiek = v.product_categorie is not None and v.product_code is not None
    if specifiek and v.omvang is None:
        yield "CD041", "omvang"
    if v.budget is not None and v.einddatum is None:
        yield "CD075", "einddatum"
    if v.omvang is not None and v.omvang.frequentie == PER_WEEK and v.einddatum is None:
        yield "CD076", "einddatum"
    if specifiek and v.budget is not None:
        yield "CD078", "budget"
    if v.product_categorie is None and v.budget is None:
        yield "CD079", "budget"
    if recent and not specifiek and v.omvang is not None:
        yield "CD080", "omvang"
    if recent and v.omvang is not None and _not_per_day(v):
        yield "CS338", "omvang"


def _not_per_day(v: ToewijzingVersie) -> bool:
    omvang = v.omvang
    return omvang is not None and omvang.frequentie == PER_DAG and omvang.eenheid not in _EENHEID_PER_DAG


def loopt_af(versie: ToewijzingVersie, opvolgers: Iterable[ToewijzingVersie], today: date, notice_days: int) -> bool:
    """True if an allocation ends within the notice and none of `opvolgers` takes over (A30)."""
    end = versie.einddatum
    if end is None or not today <= end <= today + timedelta(days=notice_days):
        return False
    return not any(other.looptijd.contains(end + timedelta(days=1)) for other in opvolgers)
