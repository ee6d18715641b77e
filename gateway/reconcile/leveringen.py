"""Starts and stops of delivery (WMO305, WMO307) as reconciliation B reads them (1.3.1)."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import Enum

import msgspec

from gateway.berichten import wmo305, wmo307
from gateway.domain.period import Period
from gateway.reconcile.toewijzingen import Key

TIJDELIJK = "20"  # RedenBeeindiging: the delivery pauses (WMO588)
_EERSTE, _VERWIJDER = "1", "3"  # StatusAanlevering


class Toestand(Enum):
    """Where the delivery of an allocation stands."""

    NONE = "NONE"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    ENDED = "ENDED"


class Melding(msgspec.Struct, frozen=True, kw_only=True):
    """A `StartProduct` (no `einddatum`) or `StopProduct`, with the date of the message that brought it."""

    gemeente: str
    toewijzing_nummer: int
    bsn: str
    product_categorie: str | None
    product_code: str | None
    begindatum: date
    einddatum: date | None = None
    reden: str | None = None
    toewijzing_ingangsdatum: date | None = None
    status: str = _EERSTE
    dagtekening: date

    @property
    def is_stop(self) -> bool:
        return self.einddatum is not None

    @property
    def is_final(self) -> bool:
        """A stop for good; a temporary one may be followed by a new start."""
        return self.is_stop and self.reden != TIJDELIJK

    @property
    def key(self) -> Key:
        return self.gemeente, self.toewijzing_nummer

    @property
    def logical_key(self) -> tuple[object, ...]:
        """What a deletion repeats (IV008)."""
        product = (self.product_categorie, self.product_code)
        return (self.key, self.bsn, product, self.begindatum, self.reden, self.einddatum)


class Levering(msgspec.Struct, frozen=True):
    """All active starts and stops of one allocation, by begin."""

    starts: tuple[Melding, ...] = ()
    stops: tuple[Melding, ...] = ()

    def stops_of(self, start: Melding) -> tuple[Melding, ...]:
        """The stops that name the begin of a start (TR382), earliest end first."""
        return tuple(stop for stop in self.stops if stop.begindatum == start.begindatum)

    @property
    def toestand(self) -> Toestand:
        """The state after the last start (1.3.2)."""
        if not self.starts:
            return Toestand.NONE
        stops = self.stops_of(self.starts[-1])
        if any(stop.is_final for stop in stops):
            return Toestand.ENDED
        return Toestand.PAUSED if stops else Toestand.RUNNING

    def spells(self) -> tuple[Period, ...]:
        """The periods in which delivery ran: from a start to its first stop."""
        return tuple(
            Period(start.begindatum, stops[0].einddatum if (stops := self.stops_of(start)) else None)
            for start in self.starts
        )


def meldingen_uit(bericht: wmo305.Bericht | wmo307.Bericht) -> tuple[Melding, ...]:
    """The items of a message that belong to an allocation; the *taakgerichte* variant is left out (IV096)."""
    header, client = bericht.header, bericht.client
    items: tuple[wmo305.StartProduct | wmo307.StopProduct, ...] = (
        client.start_producten if isinstance(client, wmo305.Client) else client.stop_producten
    )
    return tuple(
        Melding(
            gemeente=header.ontvanger,
            toewijzing_nummer=item.toewijzing_nummer,
            bsn=client.bsn,
            product_categorie=item.product.categorie if item.product else None,
            product_code=item.product.code if item.product else None,
            begindatum=item.begindatum,
            einddatum=item.einddatum if isinstance(item, wmo307.StopProduct) else None,
            reden=item.reden_beeindiging if isinstance(item, wmo307.StopProduct) else None,
            toewijzing_ingangsdatum=item.toewijzing_ingangsdatum,
            status=item.status_aanlevering,
            dagtekening=header.bericht_identificatie.dagtekening,
        )
        for item in items
        if item.toewijzing_nummer is not None
    )


def leveringen(meldingen: Iterable[Melding]) -> dict[Key, Levering]:
    """Accepted items per allocation; what was deleted counts as never sent, in whatever order they came."""
    items = sorted(meldingen, key=lambda m: (m.begindatum, m.einddatum or date.min, m.dagtekening))
    deleted = Counter(m.logical_key for m in items if m.status == _VERWIJDER)
    active: dict[Key, list[Melding]] = {}
    for m in items:
        if m.status != _EERSTE:
            continue
        if deleted[m.logical_key]:
            deleted[m.logical_key] -= 1
        else:
            active.setdefault(m.key, []).append(m)
    return {
        key: Levering(tuple(m for m in found if not m.is_stop), tuple(m for m in found if m.is_stop))
        for key, found in active.items()
    }
