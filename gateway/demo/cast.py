"""Who plays in the demo, and when. Persons do not exist (BSN from the reserved range); organisations are examples."""

from datetime import UTC, date, datetime, time

import msgspec

from gateway.domain.zone import AMSTERDAM
from gateway.flows.parties import Ourselves

GEMEENTE = Ourselves(role="gemeente", code="0957", name="Gemeente Roermond (voorbeeld)", address="wmo@gemeente.example")
AANBIEDER = Ourselves(
    role="aanbieder", code="12345678", name="Stichting Zorg & Zoë (voorbeeld)", address="plan@aanbieder.example"
)
CAST = (GEMEENTE, AANBIEDER)

CERTIFICATES_FROM = datetime(2025, 1, 1, tzinfo=UTC)


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """The story's days. All lie in the past, so the outcome is the same whenever the demo is run."""

    melding: date = date(2025, 2, 3)
    gesprek: date = date(2025, 2, 10)
    uitvraag: date = date(2025, 2, 17)
    plan: date = date(2025, 2, 28)
    besluit: date = date(2025, 3, 10)
    ingang: date = date(2025, 3, 24)  # a Monday
    einde: date = date(2025, 9, 21)  # 26 weeks
    start: date = date(2025, 3, 26)
    maand_begin: date = date(2025, 4, 1)
    maand_eind: date = date(2025, 4, 30)
    declaratie: date = date(2025, 5, 7)
    afrekening: date = date(2025, 5, 12)


DAYS = Days()


def at(day: date, hour: int = 9, minute: int = 0) -> datetime:
    """A moment of the story, local time."""
    return datetime.combine(day, time(hour, minute), AMSTERDAM)
