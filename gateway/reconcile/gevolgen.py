"""What a changed allocation means for lines that were approved before: R01–R05 (3.5). They never reverse a payment.

To be computed when a version becomes effective; a difference closes when the provider credits the line or another
version takes over.
"""

from collections.abc import Iterator, Sequence

from gateway.reconcile import eenheden, maxima
from gateway.reconcile.declaraties import Prestatie
from gateway.reconcile.state import State, Verbruik
from gateway.reconcile.toewijzingen import Key, ToewijzingVersie
from gateway.reconcile.verschillen import Verschil, verschil


def gevolgen(state: State, key: Key) -> tuple[Verschil, ...]:
    """R01–R05 for one allocation under the version now effective. Costs O(lines of the allocation's municipality)."""
    toewijzing = state.toewijzingen.get(key)
    versie = toewijzing.effective if toewijzing else None
    if versie is None:
        return ()
    lines = [
        line.prestatie
        for (gemeente, *_), line in sorted(state.referenties.items(), key=lambda item: item[0])
        if gemeente == key[0] and line.prestatie.toewijzing_nummer == key[1] and line.stands
    ]
    if versie.is_removed:
        return tuple(_removed(versie, lines))
    used = state.verbruik.get(key, Verbruik())
    return (*_outside(versie, lines), *_over(versie, used), *_over_period(versie, lines))


def _removed(versie: ToewijzingVersie, lines: Sequence[Prestatie]) -> Iterator[Verschil]:
    """R01: removed nevertheless, in spite of TR385 [C49]."""
    for p in lines:
        yield _line("R01", versie, p, "redenWijziging", versie.reden_wijziging, p.bedrag)


def _outside(versie: ToewijzingVersie, lines: Sequence[Prestatie]) -> Iterator[Verschil]:
    """R02: an approved period now ends after the allocation."""
    for p in lines:
        if p.product_periode.last > versie.looptijd.last:
            yield _line(
                "R02", versie, p, "einddatum", versie.einddatum.isoformat() if versie.einddatum else None, p.bedrag
            )


def _over(versie: ToewijzingVersie, used: Verbruik) -> Iterator[Verschil]:
    """R03, R04: more approved than the allocation now allows."""
    limit = maxima.max_total(versie.omvang, versie.looptijd) if versie.omvang else None
    if versie.omvang is not None and limit is not None and used.used_volume > limit:
        in_euros = versie.omvang.eenheid == eenheden.EURO
        yield verschil(
            "R03",
            versie.gemeente,
            nummer=versie.toewijzing_nummer,
            field="volume",
            decided=limit,
            ordered=used.used_volume,
            sub_kind=eenheden.base_unit(versie.omvang.eenheid),
            cents=used.used_volume - limit if in_euros else None,
        )
    if versie.budget is not None and used.used_amount > versie.budget:
        yield verschil(
            "R04",
            versie.gemeente,
            nummer=versie.toewijzing_nummer,
            field="budget",
            decided=versie.budget,
            ordered=used.used_amount,
            cents=used.used_amount - versie.budget,
        )


def _over_period(versie: ToewijzingVersie, lines: Sequence[Prestatie]) -> Iterator[Verschil]:
    """R05: an approved line exceeds the maximum that its period has now."""
    omvang = versie.omvang
    if omvang is None:
        return
    for p in lines:
        limit = maxima.max_period(omvang, versie.product_categorie, versie.looptijd, p.product_periode)
        volume = eenheden.base(p.geleverd_volume, p.eenheid)
        if volume > limit and p.product_periode.last <= versie.looptijd.last:  # else R02 says it
            cents = volume - limit if omvang.eenheid == eenheden.EURO else None
            yield _line("R05", versie, p, "volume", limit, cents, volume)


def _line(
    kind: str,
    versie: ToewijzingVersie,
    p: Prestatie,
    field: str,
    allowed: str | int | None,
    cents: int | None,
    approved: int | None = None,
) -> Verschil:
    """`decided` is what the allocation now allows, `ordered` what was approved."""
    return verschil(
        kind,
        versie.gemeente,
        nummer=versie.toewijzing_nummer,
        sub_kind=p.referentie_nummer,
        field=field,
        decided=allowed,
        ordered=p.bedrag if approved is None else approved,
        interval=p.product_periode,
        cents=cents,
    )
