"""The life of a case as one table of data, and the one function that moves it (plan 7).

uitkomst = apply(traject, Voorval(soort="uitvraag_verzonden", partij="G", door="K. de Wit", op=now), omgeving)
"""

from gateway.plans.machine.apply import apply, mogelijk
from gateway.plans.machine.events import EVENTS, TABEL, Event
from gateway.plans.machine.model import Omgeving, Uitkomst, Voorval
from gateway.plans.machine.states import AANBIEDER_TOESTANDEN, GEMEENTE_TOESTANDEN
from gateway.plans.machine.succession import herziening, na_bezwaar, splitsing

__all__ = [
    "AANBIEDER_TOESTANDEN",
    "EVENTS",
    "GEMEENTE_TOESTANDEN",
    "TABEL",
    "Event",
    "Omgeving",
    "Uitkomst",
    "Voorval",
    "apply",
    "herziening",
    "mogelijk",
    "na_bezwaar",
    "splitsing",
]
