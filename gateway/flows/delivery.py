"""The start of delivery: a provider tells it (WMO305), the municipality records it (event 28)."""

from datetime import date
from typing import Any

import msgspec

from gateway import berichten
from gateway.flows.cases import save_traject, traject_of_toewijzing
from gateway.flows.deliveries import wmo305_from
from gateway.flows.dispatch import refuse, send_bericht
from gateway.flows.incoming import Incoming
from gateway.flows.numbers import identificatie
from gateway.flows.orders import AMSTERDAM
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.store import Unit


def start(unit: Unit, us: Surroundings, to: PartnerRecord, order: int, begindatum: date) -> int:
    """Tell that delivery of every product of a registered WMO301 has begun; its number in the register."""
    if unit.berichten.get(order).status != "accepted":
        raise refuse("PL-27", "Voor deze levering is er geen aanvaarde toewijzing.", "Wacht op de WMO301.")
    received: Any = berichten.parse(unit.berichten.xml(order))
    bericht = wmo305_from(
        received,
        begindatum,
        identificatie=identificatie(unit, "WMO305"),
        dagtekening=unit.now.astimezone(AMSTERDAM).date(),
    )
    return send_bericht(unit, us, to, berichten.build(bericht), reference=f"order/{order}")


def start_received(unit: Unit, _us: Surroundings, _sender: PartnerRecord, incoming: Incoming) -> None:
    """An accepted WMO305: the traject of the order is being delivered."""
    for product in incoming.bericht.client.start_producten:
        record = traject_of_toewijzing(unit, product.toewijzing_nummer) if product.toewijzing_nummer else None
        if record is None:
            continue
        traject = record.body
        koppelingen = tuple(
            msgspec.structs.replace(k, begindatum=product.begindatum)
            if k.toewijzing_nummer == product.toewijzing_nummer
            else k
            for k in traject.toewijzing
        )
        toestand = "in_uitvoering" if traject.toestand == "toegewezen" else traject.toestand
        changed = msgspec.structs.replace(traject, toewijzing=koppelingen, toestand=toestand)
        save_traject(unit, record, changed, "levering_gestart")
