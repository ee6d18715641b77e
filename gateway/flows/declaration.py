"""Declarations: a provider sends one, a municipality judges and answers it (WMO323, WMO325)."""

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from gateway import berichten
from gateway.berichten import wmo323
from gateway.domain.findings import Finding
from gateway.flows.deliveries import Geleverd, wmo323_from
from gateway.flows.dispatch import Refused, send_bericht
from gateway.flows.history import exchanged
from gateway.flows.incoming import Incoming
from gateway.flows.numbers import identificatie, next_number
from gateway.flows.orders import AMSTERDAM
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.flows.payload import Unusable
from gateway.reconcile.beoordeling import Assessment, assess
from gateway.reconcile.contract import Contract
from gateway.reconcile.historie import uit_berichten
from gateway.reconcile.state import State
from gateway.reconcile.weergave import declaratie_json
from gateway.store import Unit

RECORD = "declaratie"
_XSD = ("1.0.0", "1.0.0")


class Beoordeeld(msgspec.Struct, frozen=True, kw_only=True):
    """A declaration that was judged: the verdict as it was told, line by line."""

    aanbieder: str
    identificatie: str
    received_on: date
    revisie: str  # of the contract it was judged by
    answer: dict[str, Any]  # as `gateway declaratie check --json` shows it


def take_declaratie(
    unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming, number: int | None
) -> Unusable | None:
    """Judge a WMO323 and answer it; while a line cannot be decided nothing is answered (reconciliation 1.4.1).

    `number` is its place in the register; None if another declaration had its name first (TR056).
    """
    state = load_state(unit, sender.code, incoming.bericht)
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
    _keep(unit, sender, incoming.head.identificatie, payload_hash, assessment)
    if assessment.antwoord is None:
        return None
    if not assessment.antwoord.is_balanced():
        raise AssertionError("TR342 does not hold for an answer of our own; it is not sent")
    antwoord = assessment.antwoord.bericht(identificatie(unit, "WMO325"), received_on, _XSD)
    if number is not None:
        unit.berichten.set_status(number, "answered")
    send_bericht(unit, us, sender, berichten.build(antwoord), answers=number, in_reply_to=incoming.message_id)
    return None


def _keep(unit: Unit, sender: PartnerRecord, name: str, payload_hash: str, assessment: Assessment) -> None:
    body = Beoordeeld(
        aanbieder=sender.code,
        identificatie=name,
        received_on=assessment.received_on,
        revisie=assessment.revisie,
        answer=declaratie_json(assessment),
    )
    unit.records.add(RECORD, f"{sender.code}/{name}/{payload_hash[:16]}", body, keys={"aanbieder": sender.code})


def load_state(unit: Unit, aanbieder: str, behalve: wmo323.Bericht | None = None) -> State:
    """What was allocated to and declared by this provider, booked as it was answered and never judged anew (5.6)."""
    return uit_berichten((bericht for _, bericht in exchanged(unit, aanbieder)), behalve).state


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
    return send_bericht(unit, us, to, berichten.build(bericht), reference=f"declaratie/{maand[0]:%Y%m}")


def _not_ordered() -> Finding:
    return Finding(
        code="PL-27",
        severity="error",
        message="Voor deze levering is er geen aanvaarde toewijzing.",
        advice="Wacht op de WMO301 van de gemeente, of vraag ernaar.",
    )
