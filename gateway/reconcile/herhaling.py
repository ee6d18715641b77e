"""The event log of reconciliation C, folded into state and replayed (5.6).

The truth is the log; `State` is a fold over it. The fold follows the recorded verdicts, because a 325 that was sent is
final; `herhaal` also assesses every declaration again and lists the lines that would be decided otherwise: a defect
report, never a correction.
"""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from gateway.berichten import wmo323
from gateway.reconcile.antwoord import NIET_BEOORDEELD
from gateway.reconcile.beoordeling import Assessment, Stage, assess
from gateway.reconcile.contract import Contract
from gateway.reconcile.declaraties import Declaratie
from gateway.reconcile.state import Effects, State
from gateway.reconcile.toewijzingen import Antwoord301, ToewijzingVersie
from gateway.reconcile.uitslag import HandmatigBesluit, Outcome
from gateway.reconcile.werkstand import Werkstand, boek


class VersionRecorded(msgspec.Struct, frozen=True, tag=True):
    """A version was decided, or a 301 with it was sent (then it names that 301)."""

    versie: ToewijzingVersie


class Answered301(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A 302 came, or the transport refused the 301."""

    gemeente: str
    nummers: tuple[int, ...]  # the allocations in that 301
    identificatie: str
    dagtekening: date
    antwoord: Antwoord301
    codes: tuple[str, ...] = ()


class LineVerdict(msgspec.Struct, frozen=True):
    """What was recorded for one line, in document order."""

    outcome: Outcome
    codes: tuple[str, ...] = ()


class Assessed323(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A declaration was assessed; `lines` is empty if it stopped before the lines (S1–S3)."""

    bericht: wmo323.Bericht
    payload_hash: str
    received_on: date
    revisie: str  # of the contract it was assessed with
    stage: Stage
    lines: tuple[LineVerdict, ...] = ()
    besluiten: dict[str, HandmatigBesluit] = {}  # decisions of people, by ReferentieNummer
    oddities: dict[str, str] = {}


Event = VersionRecorded | Answered301 | Assessed323


class Anders(msgspec.Struct, frozen=True):
    """A line, or a declaration as a whole, that would be decided otherwise now."""

    identificatie: str
    referentie_nummer: str | None  # None: the stage at which the declaration stopped differs
    recorded: tuple[str, ...]  # outcome and codes; or the stage
    now: tuple[str, ...]


class Herhaling(msgspec.Struct, frozen=True):
    """State after the log, and what would be decided otherwise."""

    state: State
    anders: tuple[Anders, ...]


def recorded(assessment: Assessment, bericht: wmo323.Bericht, besluiten: Mapping[str, HandmatigBesluit]) -> Assessed323:
    """The event to keep for an assessment that was committed."""
    return Assessed323(
        bericht=bericht,
        payload_hash=assessment.effects.payload_hash,
        received_on=assessment.received_on,
        revisie=assessment.revisie,
        stage=assessment.stage,
        lines=tuple(LineVerdict(line.outcome, line.codes) for line in assessment.lines),
        besluiten=dict(besluiten),
    )


def vouw(events: Iterable[Event]) -> State:
    """The state after these events, in log order."""
    state = State()
    for event in events:
        _apply(state, event)
    return state


def herhaal(events: Iterable[Event], contracten: Mapping[str, Contract]) -> Herhaling:
    """Fold the log and assess every declaration again, with the contract of the revision it was assessed with.

    A revision that is not in `contracten` is not assessed again. For a trial run, map every revision to one contract.
    """
    state, anders = State(), list[Anders]()
    for event in events:
        if isinstance(event, Assessed323) and (contract := contracten.get(event.revisie)) is not None:
            anders += _compared(event, state, contract)
        _apply(state, event)
    return Herhaling(state, tuple(anders))


def _apply(state: State, event: Event) -> None:
    match event:
        case VersionRecorded():
            state.record([event.versie])
        case Answered301():
            for nummer in event.nummers:
                key = (event.gemeente, nummer)
                state.toewijzingen[key] = state.toewijzingen[key].with_answer(
                    event.identificatie, event.dagtekening, event.antwoord, event.codes
                )
        case Assessed323():
            state.commit(_effects(state, event))


def _effects(state: State, event: Assessed323) -> Effects:
    declaratie = Declaratie.from_323(event.bericht)
    if event.stage != "S5":
        return Effects(pair=declaratie.pair, identificatie=declaratie.identificatie, payload_hash=event.payload_hash)
    if any(line.outcome is Outcome.UNDECIDED for line in event.lines):
        return Werkstand(state, declaratie).effects(event.payload_hash, held=True)
    outcomes = [(line.outcome, line.codes) for line in event.lines]
    return boek(state, declaratie, outcomes, event.payload_hash)[0]


def _compared(event: Assessed323, state: State, contract: Contract) -> list[Anders]:
    again = assess(
        event.bericht,
        state,
        contract,
        event.received_on,
        payload_hash=event.payload_hash,
        besluiten=event.besluiten,
        oddities=event.oddities,
    )
    name = event.bericht.header.bericht_identificatie.identificatie
    if again.stage != event.stage:
        return [Anders(name, None, (event.stage,), (again.stage,))]
    return [
        Anders(name, line.prestatie.referentie_nummer, was, now)
        for line, kept in zip(again.lines, event.lines, strict=True)
        if (was := _told(kept.outcome, kept.codes)) != (now := _told(line.outcome, line.codes))
    ]


def _told(outcome: Outcome, codes: tuple[str, ...]) -> tuple[str, ...]:
    return (outcome.value, *(code for code in codes if code != NIET_BEOORDEELD))
