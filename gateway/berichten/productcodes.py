"""The list of product codes that a municipality uses (WMO021), as dated data for rule TR381.

The national list and its local variants are not part of the standard's schemas, so none comes with the gateway: it is a
CSV in the folder of code lists (docs/codelijsten.md), or it is missing and the rule says "not checked".
"""

import datetime as dt
from collections.abc import Iterable

import msgspec


class Productcode(msgspec.Struct, frozen=True):
    """A code that belongs to a category; without dates on every day, without `gemeente` everywhere."""

    categorie: str  # WMO020
    code: str
    vanaf: dt.date | None = None  # first day
    tot: dt.date | None = None  # last day
    gemeente: str | None = None  # gemeentecode

    def holds(self, gemeente: str, on: dt.date | None) -> bool:
        """True if the row speaks of this municipality and this day; None: of any day."""
        return self.gemeente in (None, gemeente) and (on is None or (self.vanaf or on) <= on <= (self.tot or on))


class Productlijst(msgspec.Struct, frozen=True):
    """The rows, by category and code. Made with `of`."""

    rijen: dict[tuple[str, str], tuple[Productcode, ...]]

    @classmethod
    def of(cls, rijen: Iterable[Productcode]) -> "Productlijst":
        """A list of these rows."""
        per_paar: dict[tuple[str, str], list[Productcode]] = {}
        for rij in rijen:
            per_paar.setdefault((rij.categorie, rij.code), []).append(rij)
        return cls({paar: tuple(samen) for paar, samen in per_paar.items()})

    def alle(self) -> tuple[Productcode, ...]:
        """Every row."""
        return tuple(rij for samen in self.rijen.values() for rij in samen)

    def van(self, gemeente: str) -> "Productcodes":
        """The list as this municipality uses it: the national rows and its own."""
        return Productcodes(self, gemeente)


class Productcodes(msgspec.Struct, frozen=True):
    """The product list of one municipality, as rule TR381 asks it."""

    lijst: Productlijst
    gemeente: str

    def past(self, categorie: str, code: str, on: dt.date | None = None) -> bool | None:
        """True if the code belongs to the category on that day. Never None: a list that is there is whole."""
        return any(rij.holds(self.gemeente, on) for rij in self.lijst.rijen.get((categorie, code), ()))
