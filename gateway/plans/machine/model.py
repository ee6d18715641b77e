"""What goes into a transition and what comes out."""

from datetime import date, datetime
from typing import Generic, Literal, NamedTuple, TypeVar

import msgspec

from gateway.domain.findings import Finding
from gateway.domain.workdays import NL, WorkCalendar
from gateway.plans.contract import Contractregel
from gateway.plans.formaat.model import Formaat
from gateway.plans.model import OntvangenUitvraag, Record, Traject
from gateway.plans.orders import ToegewezenProduct

Partij = Literal["G", "A", "C", "S", "N"]  # gemeente, aanbieder, client, the gateway itself, new gemeente
Zaak = Traject | OntvangenUitvraag
Z = TypeVar("Z", Traject, OntvangenUitvraag)


class Voorval(Record, frozen=True, kw_only=True):
    """Something that happened. The records it is about are in the case already: it says which of them is meant."""

    soort: str  # name of the event (plan 7.3)
    partij: Partij
    door: str  # person, system or organisation, for the log
    op: datetime
    bevoegd: bool = False  # the person may decide for the gemeente (PL-25)
    reden: str | None = None  # reason, question or list of faults, as the event asks
    bericht_id: str | None = None  # of the message that brought it; a repeat changes nothing
    uitvraag: str | None = None  # default: the last one
    besluit: str | None = None  # default: the last one
    toewijzing_nummer: tuple[int, ...] = ()
    toegewezen: tuple[ToegewezenProduct, ...] = ()  # as they stand in the WMO301 to be sent, in order of the lines
    nieuw_traject: str | None = None  # id of the traject that follows from this event
    sluitreden: str | None = None
    gegevens: dict[str, str] = msgspec.field(default_factory=dict)  # ids for the log, never content


class Omgeving(NamedTuple):
    """What the guards may look at besides the case."""

    formaat: Formaat
    vandaag: date
    contract: tuple[Contractregel, ...] = ()
    kalender: WorkCalendar = NL
    lopend: tuple[ToegewezenProduct, ...] = ()  # what already runs for this client (TR302)


class Uitkomst(NamedTuple, Generic[Z]):
    """The case after the event, or None if it was refused; with findings either way, and who is told (PL-42)."""

    zaak: Z | None
    findings: tuple[Finding, ...] = ()
    verteld: tuple[str, ...] = ()
    herhaald: bool = False  # the same message again: nothing changed

    @property
    def gelukt(self) -> bool:
        return self.zaak is not None
