"""The other records of a case: log lines, terms, and what runs in parallel with the main line (plan 5.4, 5.13)."""

from datetime import date, datetime
from typing import Literal

import msgspec

from gateway.plans.model.basis import Record

JaDeelsNee = Literal["ja", "deels", "nee"]
Termijnsoort = Literal["plan_gereed", "bezwaar", "evaluatie", "spoed_einde", "aanbieder_reactie", "toewijzing_einde"]


class Afstemming(Record, frozen=True, kw_only=True):
    """That alignment took place: date, with whom, how, about what in one line (PL-1)."""

    op: date
    met: Literal["client", "aanbieder", "beiden"]
    wijze: Literal["gesprek", "telefoon", "bericht", "plan"]
    onderwerp: str


class Spoed(Record, frozen=True, kw_only=True):
    """Temporary support before the plan is ready; the end date is required (PL-59)."""

    reden: str
    begin: date
    eind: date
    aanbieder: str
    besluit: str
    beeindigd_op: date | None = None


class Oordeel(Record, frozen=True, kw_only=True):
    uitkomst: Literal["geen_actie", "evaluatie", "herziening"]
    reden: str
    op: date
    door: str


class Signaal(Record, frozen=True, kw_only=True):
    """A message that something changed (PL-52, PL-53); `termijn` is a complaint about an overrun (PL-58)."""

    van: Literal["client", "aanbieder", "gemeente"]
    soort: Literal["gezondheid", "woonsituatie", "sociale_omgeving", "meer_nodig", "minder_nodig", "termijn", "anders"]
    op: date
    tekst: str
    resultaat: str | None = None
    bereikt: JaDeelsNee | None = None
    oordeel: Oordeel | None = None


class Inbreng(Record, frozen=True, kw_only=True):
    """One party's contribution to an evaluation: named as given or not given (PL-63)."""

    gegeven: bool
    tekst: str | None = None


class Evaluatie(Record, frozen=True, kw_only=True):
    gepland_op: date
    gehouden_op: date | None = None
    inbreng_client: Inbreng | None = None
    inbreng_aanbieder: Inbreng | None = None
    inbreng_gemeente: Inbreng | None = None
    bereikt: dict[str, JaDeelsNee] = msgspec.field(default_factory=dict)  # by result code
    uitkomst: Literal["voortzetten", "herzien", "beeindigen"] | None = None
    volgende_evaluatie_op: date | None = None


class Bezwaar(Record, frozen=True, kw_only=True):
    """An objection; whether a late one is admissible a lawyer decides (PL-55, H-10)."""

    ontvangen_op: date
    uiterste_dag: date | None = None
    op_tijd: bool | None = None
    kenmerk: str | None = None
    afgehandeld_op: date | None = None
    uitkomst: Literal["gegrond", "ongegrond", "niet_ontvankelijk", "ingetrokken"] | None = None
    nieuw_traject: str | None = None


class Verhuizing(Record, frozen=True, kw_only=True):
    """A move to another municipality; support may not just stop (PL-65, PL-66)."""

    naar_gemeente: str
    per: date
    overdracht_verzonden_op: datetime | None = None
    overdracht_bevestigd_op: datetime | None = None
    continuiteit: Literal["bevestigd", "afspraak", "client_wil_niet"] | None = None
    continuiteit_tekst: str | None = None


class Rapportage(Record, frozen=True, kw_only=True):
    """The municipality's own notes; never on the plan and never sent (PL-31)."""

    tekst: str
    door: str
    op: datetime


class Termijn(Record, frozen=True, kw_only=True):
    """A running term. `einde` is its last day (plan 7.4)."""

    soort: Termijnsoort
    start: date
    einde: date
    waarschuwingen: tuple[date, ...] = ()
    gehaald_op: date | None = None
    verstreken_op: date | None = None


class Gebeurtenis(Record, frozen=True, kw_only=True):
    """One line of the append-only log: what happened, when, by whom. `gegevens` holds ids, never content."""

    nr: int  # per traject, gapless from 1
    soort: str
    op: datetime
    door: str
    van: str | None = None
    naar: str | None = None
    bericht_id: str | None = None  # of the message that brought it: a repeat changes nothing
    gegevens: dict[str, str] = msgspec.field(default_factory=dict)
