"""`Omvang`: how much of a product is granted (volume, unit, frequency)."""

import msgspec

from gateway.reconcile import eenheden

_FREQUENTIES = {"1": "per dag", "2": "per week", "4": "per maand", "6": "in totaal"}


class Omvang(msgspec.Struct, frozen=True):
    """Volume in whole units of `eenheid` (list WJ756; 83 is eurocent), `frequentie` of list WMO757 (1, 2, 4, 6)."""

    volume: int
    eenheid: str
    frequentie: str

    def __str__(self) -> str:
        """`3 × 04, frequentie 2`: the notation of the standard's codes."""
        return f"{self.volume} × {self.eenheid}, frequentie {self.frequentie}"

    def in_words(self) -> str:
        """`3 uur per week`."""
        return f"{eenheden.describe(self.volume, self.eenheid)} {self.per()}"

    def per(self) -> str:
        """`per week`."""
        return _FREQUENTIES[self.frequentie]
