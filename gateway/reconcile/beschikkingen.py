"""`BeschikkingRegel`: one line of a decision, as the case-management system delivers it (1.2.2)."""

from datetime import date, datetime
from typing import Literal

import msgspec

from gateway.domain.period import Period
from gateway.reconcile.omvang import Omvang

Status = Literal["ACTIEF", "INGETROKKEN", "VERVANGEN", "VERNIETIGD"]
Leveringsvorm = Literal["ZIN", "PGB", "OVERIG"]
LineKey = tuple[str, int, int]  # gemeente, beschikkingnummer, regelnummer


class BeschikkingRegel(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a decision line, already in the codes of the standard; the gateway converts nothing [C04]."""

    gemeente: str
    beschikkingnummer: int
    regelnummer: int = 1
    besluitmoment: datetime
    status: Status = "ACTIEF"
    leveringsvorm: Leveringsvorm = "ZIN"
    bsn: str
    aanbieder: str | None = None  # None: open decision, the client chooses the provider
    categorie: str | None = None
    code: str | None = None
    ingangsdatum: date
    einddatum: date | None = None
    omvang: Omvang | None = None
    budget: int | None = None  # eurocent
    toewijzing_nummers: tuple[int, ...] = ()
    vervangen_door: int | None = None  # beschikkingnummer of the successor, with VERVANGEN

    @property
    def key(self) -> LineKey:
        return self.gemeente, self.beschikkingnummer, self.regelnummer

    @property
    def looptijd(self) -> Period:
        return Period(self.ingangsdatum, self.einddatum)

    @property
    def product(self) -> tuple[str | None, str | None]:
        return self.categorie, self.code

    @property
    def is_expected(self) -> bool:
        """True if an order must exist for it: in kind, and in force."""
        return self.leveringsvorm == "ZIN" and self.status == "ACTIEF"
