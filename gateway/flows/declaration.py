"""Declarations: a provider sends one, a municipality judges and answers it (WMO323, WMO325)."""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from gateway import berichten
from gateway.berichten import wmo323
from gateway.domain.findings import Finding
from gateway.domain.zone import AMSTERDAM
from gateway.flows import dossiers
from gateway.flows.deliveries import Geleverd, wmo323_from
from gateway.flows.dispatch import Letter, Refused, send_bericht
from gateway.flows.history import around_declaration
from gateway.flows.incoming import Incoming
from gateway.flows.numbers import identificatie, next_number
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.reconcile.beoordeling import Assessment, assess
from gateway.reconcile.contract import Contract
from gateway.reconcile.historie import uit_berichten
from gateway.reconcile.state import State
from gateway.reconcile.weergave import declaratie_json
from gateway.store import Unit

RECORD, PERIODEN = "declaratie", "declaratieperioden"
_XSD = ("1.0.0", "1.0.0")


class Beoordeeld(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration that was judged: the verdict as it was told, line by line."""

    aanbieder: str
    identificatie: str
    received_on: date
    revisie: str  # of the contract it was judged by
    answer: dict[str, Any]  # as `gateway declaratie check --json` shows it


class Perioden(msgspec.Struct, frozen=True):
    """DeclaratieDagtekening and the latest Begindatum up to that day, only where it went up: one entry a month."""

    reached: tuple[tuple[date, date], ...] = ()

    def with_declaration(self, dagtekening: date, begin: date) -> "Perioden":
        """With one declaration more, whatever the order in which they come."""
        reached: list[tuple[date, date]] = []
        for dated in sorted((*self.reached, (dagtekening, begin))):
            if not reached or dated[1] > reached[-1][1]:
                reached.append(dated)
        return Perioden(tuple(reached))


def take_declaratie(
    unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming, number: int | None, dossier: str
) -> None:
    """Judge a WMO323 and answer it; while a line cannot be decided nothing is answered (reconciliation 1.4.1).

    `number` is its place in the register; None if another declaration had its name first (TR056). What is made of it
    goes into its own `dossier`.
    """
    state = load_state(unit, us, sender.code, incoming.bericht)
    payload_hash = hashlib.sha256(incoming.xml).hexdigest()
    received_on = unit.now.astimezone(AMSTERDAM).date()
    contract = us.contract or Contract(eigen_codes=frozenset({us.ourselves.code}))
    assessment = assess(
        incoming.bericht,
        state,
        contract,
        received_on,
        payload_hash=payload_hash,
        oddities=incoming.reading.oddities,
    )
    _keep(unit, sender, incoming.head.identificatie, payload_hash, assessment, dossier)
    if assessment.effects.processed and assessment.effects.periode is not None:
        _note_period(unit, sender.code, *assessment.effects.periode)
    if assessment.antwoord is None:
        return
    if not assessment.antwoord.is_balanced():
        raise AssertionError("TR342 does not hold for an answer of our own; it is not sent")
    antwoord = assessment.antwoord.bericht(identificatie(unit, "WMO325"), received_on, _XSD)
    if number is not None:
        unit.berichten.set_status(number, "answered")
    xml = berichten.build(antwoord, schemas=us.schemas)
    letter = Letter(
        to=sender, bericht=antwoord, xml=xml, answers=number, in_reply_to=incoming.message_id, dossier=dossier
    )
    send_bericht(unit, us, letter)


def _keep(
    unit: Unit, sender: PartnerRecord, name: str, payload_hash: str, assessment: Assessment, dossier: str
) -> None:
    body = Beoordeeld(
        aanbieder=sender.code,
        identificatie=name,
        received_on=assessment.received_on,
        revisie=assessment.revisie,
        answer=declaratie_json(assessment),
    )
    key = f"{sender.code}/{name}/{payload_hash[:16]}"
    unit.records.add(RECORD, key, body, dossier=dossier, keys={"aanbieder": sender.code})


def load_state(unit: Unit, us: Surroundings, aanbieder: str, declaratie: wmo323.Bericht) -> State:
    """What matters to this declaration, booked as it was answered and never judged anew (5.6)."""
    codes = (aanbieder,) if us.contract is None else us.contract.aliassen(aanbieder)
    state = uit_berichten(around_declaration(unit, codes, declaratie), declaratie).state
    state.perioden[us.ourselves.code, aanbieder] = list(_perioden(unit, aanbieder)[0].reached)
    return state


def _perioden(unit: Unit, aanbieder: str) -> tuple[Perioden, int]:
    record = unit.records.get(PERIODEN, aanbieder, Perioden)
    return (Perioden(), 0) if record is None else (record.body, record.versie)


def _note_period(unit: Unit, aanbieder: str, dagtekening: date, begin: date) -> None:
    """Keep how far this provider's declarations had come on a day (TR318)."""
    known, versie = _perioden(unit, aanbieder)
    noted = known.with_declaration(dagtekening, begin)
    if versie == 0:
        unit.records.add(PERIODEN, aanbieder, noted)
    elif noted != known:
        unit.records.save(PERIODEN, aanbieder, noted, versie=versie)


def declare(
    unit: Unit,
    us: Surroundings,
    to: PartnerRecord,
    order: int,
    geleverd: Sequence[Geleverd],
    maand: tuple[date, date],
) -> int:
    """Send the declaration of one month for the client of a registered WMO301; its number in the register."""
    if unit.berichten.get(order).status != "accepted":
        raise Refused([_not_ordered()])  # PL-27: only an accepted order permits to invoice
    today = unit.now.astimezone(AMSTERDAM).date()
    bericht = wmo323_from(
        berichten.parse(unit.berichten.xml(order)),  # type: ignore[arg-type]  # the register says it is a WMO301
        geleverd,
        maand=maand,
        declaratie_nummer=f"D{next_number(unit, 'declaratie'):09d}",
        referenties=[f"P{next_number(unit, 'prestatie'):012d}" for _ in geleverd],
        identificatie=identificatie(unit, "WMO323"),
        dagtekening=today,
    )
    xml, dossier = berichten.build(bericht, schemas=us.schemas), dossiers.declaration(unit, bericht)
    letter = Letter(to=to, bericht=bericht, xml=xml, reference=reference(bericht), dossier=dossier)
    return send_bericht(unit, us, letter)


def reference(declaratie: wmo323.Bericht) -> str:
    """What the outbox keeps order by (SM-90): the declarations of one month."""
    return f"declaratie/{declaratie.declaratie.declaratie_periode.begindatum:%Y%m}"


def _not_ordered() -> Finding:
    return Finding(
        code="PL-27",
        severity="error",
        message="Voor deze levering is er geen aanvaarde toewijzing.",
        advice="Wacht op de WMO301 van de gemeente, of vraag ernaar.",
    )
