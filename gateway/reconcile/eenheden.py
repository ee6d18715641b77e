"""Units: which unit of a `Prestatie` fits which unit of an allocation, and the base unit of sums (2.1, 2.2).

Codes of list WJ756: 01 minuut, 04 uur, 14 etmaal, 16 dagdeel, 82 stuks (output), 83 euro's, 84 stuks (inspanning).
"""

from typing import Literal

MINUUT, UUR, ETMAAL, DAGDEEL, STUKS_OUTPUT, EURO, STUKS_INSPANNING = "01", "04", "14", "16", "82", "83", "84"

Variant = Literal["inspanning", "output"]

# (unit of the allocation, unit of the line) besides equal units: the only conversion there is (IV081, OP267). A
# "dagdeel (4 uur)" is no licence to declare hours.
_CONVERTIBLE = frozenset({(UUR, MINUUT)})

_NAMES = {  # one, more
    MINUUT: ("minuut", "minuten"),
    UUR: ("uur", "uur"),
    ETMAAL: ("etmaal", "etmalen"),
    DAGDEEL: ("dagdeel", "dagdelen"),
    STUKS_OUTPUT: ("stuk", "stuks"),
    EURO: ("eurocent", "eurocent"),
    STUKS_INSPANNING: ("stuk", "stuks"),
}


def fits(toegewezen: str, geleverd: str) -> bool:
    """True if a line in unit `geleverd` may be declared on an allocation in unit `toegewezen` (TR341, 2.1)."""
    return toegewezen == geleverd or (toegewezen, geleverd) in _CONVERTIBLE


def variant(eenheid: str) -> Variant:
    """The *uitvoeringsvariant* that follows from the unit of an allocation (1.1)."""
    return "output" if eenheid in {STUKS_OUTPUT, EURO} else "inspanning"


def base(volume: int, eenheid: str) -> int:
    """`volume` in the base unit: minutes for 01 and 04, eurocent for 83, else the unit itself (2.2)."""
    return volume * 60 if eenheid == UUR else volume


def base_unit(eenheid: str) -> str:
    """Code of the base unit that goes with `eenheid`."""
    return MINUUT if eenheid == UUR else eenheid


def describe(volume: int, eenheid: str) -> str:
    """A volume in Dutch words: `15 uur`, `1 dagdeel`; an unknown unit keeps its code."""
    one, more = _NAMES.get(eenheid, (f"eenheden {eenheid}",) * 2)
    return f"{volume} {one if volume == 1 else more}"
