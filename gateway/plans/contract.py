"""The contract register: which gemeente buys which product from which provider, and in which units (PL-50)."""

from collections.abc import Iterable
from datetime import date

from gateway.plans.model import Record


class Contractregel(Record, frozen=True, kw_only=True):
    """One product under contract. `eenheden` are codes of WJ756 in which it may be ordered."""

    gemeente: str
    aanbieder: str
    product: str  # id in the region's format
    categorie: str  # WMO020
    code: str
    eenheden: tuple[str, ...]
    geldig_vanaf: date
    geldig_tot: date | None = None

    def geldig_op(self, day: date) -> bool:
        return self.geldig_vanaf <= day and (self.geldig_tot is None or day <= self.geldig_tot)


def passend(
    contract: Iterable[Contractregel],
    *,
    gemeente: str | None,
    aanbieder: str | None,
    op: date,
    product: str | None = None,
    code: str | None = None,
) -> list[Contractregel]:
    """The lines of `contract` between these two on this day; of one product and one code if those are given."""
    return [
        regel
        for regel in contract
        if regel.gemeente == gemeente
        and regel.aanbieder == aanbieder
        and regel.geldig_op(op)
        and (product is None or regel.product == product)
        and (code is None or regel.code == code)
    ]
