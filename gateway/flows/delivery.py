"""The start of delivery: a provider tells it (WMO305), the municipality records it (event 28)."""

from datetime import date
from typing import Any

import msgspec

from gateway import berichten
from gateway.flows import dossiers
from gateway.flows.cases import (
    Case,
    happen,
    save,
    today,
    told_by,
    traject_of_toewijzing,
    uitvraag_of_toewijzing,
)
from gateway.flows.deliveries import wmo305_from
from gateway.flows.dispatch import Letter, refuse, send_bericht
from gateway.flows.incoming import Incoming
from gateway.flows.numbers import identificatie
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.plans.model import ToewijzingKoppeling, Traject
from gateway.store import Unit

REMOVED = "3"  # StatusAanlevering


def start(unit: Unit, us: Surroundings, to: PartnerRecord, order: int, begindatum: date) -> int:
    """Tell that delivery of every product of a registered WMO301 has begun; its number in the register."""
    if unit.berichten.get(order).status != "accepted":
        raise refuse("PL-27", "Voor deze levering is er geen aanvaarde toewijzing.", "Wacht op de WMO301.")
    received: Any = berichten.parse(unit.berichten.xml(order))
    bericht = wmo305_from(
        received,
        begindatum,
        identificatie=identificatie(unit, "WMO305"),
        dagtekening=today(unit),
    )
    xml, dossier = berichten.build(bericht, schemas=us.schemas), unit.berichten.get(order).dossier
    reference = None if dossier is None else dossiers.reference(dossier)
    return send_bericht(unit, us, Letter(to=to, bericht=bericht, xml=xml, reference=reference, dossier=dossier))


def start_received(unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming) -> None:
    """An accepted WMO305: the traject of the order is being delivered, from the day that it says."""
    by_traject: dict[str, list[Any]] = {}
    for product in incoming.bericht.client.start_producten:
        case = traject_of_toewijzing(unit, product.toewijzing_nummer) if product.toewijzing_nummer else None
        if case is not None:
            by_traject.setdefault(case.body.id, []).append(product)
    for products in by_traject.values():
        case = traject_of_toewijzing(unit, products[0].toewijzing_nummer)
        assert case is not None, "found a moment ago"
        for product in products:
            case = _started(case, product)
        started = any(product.status_aanlevering != REMOVED for product in products)
        if started and case.body.toestand == "toegewezen":
            happen(unit, us, case, told_by(unit, "levering_gestart", "S", sender.code, incoming.message_id))
        else:
            save(unit, case)


def start_answered(unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming, accepted: bool) -> None:
    """A WMO306 at the provider: an accepted start moves the plan that it rests on."""
    sent = unit.berichten.find("uit", "WMO305", us.ourselves.code, incoming.head.heen_identificatie or "")
    assert sent is not None, "the caller found the message that this answers"
    told: Any = berichten.parse(unit.berichten.xml(sent.id))
    for product in told.client.start_producten if accepted else ():
        case = uitvraag_of_toewijzing(unit, product.toewijzing_nummer, sender.code)
        if case is not None and case.body.toestand == "toegewezen":
            happen(unit, us, case, told_by(unit, "levering_gestart", "S", sender.code, incoming.message_id))


def _started(case: Case[Traject], product: Any) -> Case[Traject]:
    """The link with its first day of delivery; without it again if the start is removed."""

    def dated(koppeling: ToewijzingKoppeling) -> ToewijzingKoppeling:
        if koppeling.toewijzing_nummer != product.toewijzing_nummer:
            return koppeling
        begin = None if product.status_aanlevering == REMOVED else product.begindatum
        return msgspec.structs.replace(koppeling, begindatum=begin)

    body = msgspec.structs.replace(case.body, toewijzing=tuple(dated(k) for k in case.body.toewijzing))
    return msgspec.structs.replace(case, body=body)
