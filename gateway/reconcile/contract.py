"""What a municipality must configure before declarations can be decided: tariffs, products, own codes, policies (6.1).

Everything is dated. Missing configuration makes a rule UNKNOWN, never a refusal (6.3).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Literal

import msgspec

from gateway.berichten.codelijsten import Codelijst
from gateway.domain.period import Period
from gateway.domain.workdays import NL, WorkCalendar
from gateway.reconcile import bedragen, eenheden

ALTIJD = Period(date.min)

VersionRace = Literal["hold", "approve_known", "reject_now"]
Missing = Literal["hold", "approve_and_flag"]
TwoTariffs = Literal["either", "hold"]


class Policies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do where the messages cannot decide (1.4.2, 6.3). There is deliberately no policy `reject`."""

    version_race: VersionRace = "hold"
    need_tariff: Missing = "hold"
    need_contract_unit: Missing = "hold"
    need_productlist: Missing = "hold"
    tariff_ambiguous: TwoTariffs = "either"

    def flags(self, reason: str) -> bool:
        """True if a rule that is UNKNOWN for `reason` may pass, recorded as unverified."""
        return reason in {"NEED_TARIFF", "NEED_CONTRACT_UNIT", "NEED_PRODUCTLIST"} and (
            getattr(self, reason.lower()) == "approve_and_flag"
        )


class Tarief(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `contract_tariffs`: the tariff in (fractions of) eurocents per unit."""

    gemeente: str
    aanbieder: str
    product_code: str
    eenheid: str
    tarief: Fraction
    geldig: Period = ALTIJD
    minuten: bool = True  # a tariff per hour may be declared in minutes

    def per(self, eenheid: str) -> Fraction | None:
        """The unrounded tariff for a line in `eenheid`; None if this row does not allow that unit (TR341, TR418)."""
        if eenheid == eenheden.MINUUT != self.eenheid and not self.minuten:
            return None
        return bedragen.tariff_per(self.tarief, self.eenheid, eenheid)


class Volledig(msgspec.Struct, frozen=True):
    """`contract_complete`: the tariff rows of this pair are exhaustive in this period."""

    gemeente: str
    aanbieder: str
    geldig: Period = ALTIJD


class Product(msgspec.Struct, frozen=True):
    """One pair of `product_list`; `gemeente` empty: the national list."""

    categorie: str
    code: str
    geldig: Period = ALTIJD
    gemeente: str | None = None


class Contract(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All configuration of C, with the revision that every verdict records (5.6). `dict`: lookups are built once."""

    revisie: str = ""
    tarieven: tuple[Tarief, ...] = ()
    volledig: tuple[Volledig, ...] = ()
    producten: tuple[Product, ...] | None = None  # None: no product list is configured
    eigen_codes: frozenset[str] = frozenset()  # own and predecessor CBS codes
    gemeenten: Codelijst | None = None  # the CBS list, dated
    agb_aliassen: tuple[frozenset[str], ...] = ()  # each set acts for one contract party
    policies: Policies = Policies()
    werkdagen: WorkCalendar = NL

    @cached_property
    def _tarieven(self) -> Mapping[tuple[str, str, str], tuple[Tarief, ...]]:
        return _grouped((t.gemeente, self.partij(t.aanbieder), t.product_code, t) for t in self.tarieven)

    @cached_property
    def _partijen(self) -> Mapping[str, str]:
        return {agb: min(group) for group in self.agb_aliassen for agb in group}

    @cached_property
    def _producten(self) -> Mapping[tuple[str, str], tuple[Product, ...]]:
        found: dict[tuple[str, str], tuple[Product, ...]] = {}
        for p in self.producten or ():
            found[p.categorie, p.code] = (*found.get((p.categorie, p.code), ()), p)
        return found

    def partij(self, agb: str) -> str:
        """One AGB code for all codes of a contract party (`agb_aliases`, TR338)."""
        return self._partijen.get(agb, agb)

    def same_party(self, a: str, b: str) -> bool:
        """True if both AGB codes act for one contract party."""
        return self.partij(a) == self.partij(b)

    def aliassen(self, agb: str) -> tuple[str, ...]:
        """All AGB codes of the party of `agb`, itself included, sorted."""
        group = next((group for group in self.agb_aliassen if agb in group), frozenset({agb}))
        return tuple(sorted(group))

    def rows(self, gemeente: str, aanbieder: str, product_code: str, periode: Period) -> tuple[Tarief, ...]:
        """Tariff rows of a product that are valid on at least one day of `periode` (TR418) [C34]."""
        found = self._tarieven.get((gemeente, self.partij(aanbieder), product_code), ())
        return tuple(row for row in found if row.geldig.overlaps(periode))

    def is_complete(self, gemeente: str, aanbieder: str, periode: Period) -> bool:
        """True if a missing row means "not contracted" in the whole `periode` [C15]."""
        return any(
            v.gemeente == gemeente and self.same_party(v.aanbieder, aanbieder) and v.geldig.encloses(periode)
            for v in self.volledig
        )

    def has_product(self, gemeente: str, categorie: str, code: str, on: date) -> bool | None:
        """True if the pair is on the product list on that day (TR381); None without a list."""
        if self.producten is None:
            return None
        return any(
            p.geldig.contains(on) and p.gemeente in (None, gemeente) for p in self._producten.get((categorie, code), ())
        )

    def cbs_has(self, gemeente: str, on: date) -> bool | None:
        """True if the code exists on that day (TR378); None without a list for that day."""
        return None if self.gemeenten is None else self.gemeenten.valid(gemeente, on)


def _grouped(
    rows: Iterable[tuple[str, str, str, Tarief]],
) -> Mapping[tuple[str, str, str], tuple[Tarief, ...]]:
    found: dict[tuple[str, str, str], list[Tarief]] = {}
    for gemeente, aanbieder, code, row in rows:
        found.setdefault((gemeente, aanbieder, code), []).append(row)
    return {key: tuple(group) for key, group in found.items()}
