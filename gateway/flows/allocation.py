"""The order: a WMO301 with the content of the beschikking, and what its answer changes (events 24 to 26)."""

from typing import Any

import msgspec

from gateway import berichten
from gateway.berichten import wmo301
from gateway.berichten.regels import Context, check
from gateway.domain.findings import has_errors
from gateway.flows.cases import (
    expect,
    get_traject,
    save_traject,
    save_uitvraag,
    traject_of_toewijzing,
    uitvragen,
)
from gateway.flows.dispatch import Refused, refuse, send_bericht
from gateway.flows.history import earlier
from gateway.flows.incoming import Incoming
from gateway.flows.numbers import identificatie, next_number
from gateway.flows.orders import AMSTERDAM, wmo301_from
from gateway.flows.parties import PartnerRecord, Surroundings, partner
from gateway.plans import ToegewezenProduct, vergelijk_beschikking
from gateway.plans.model import Besluit, ToewijzingBericht, ToewijzingKoppeling
from gateway.store import Unit

FIRST_NUMBER = 1001


def allocate(unit: Unit, us: Surroundings, traject_id: str) -> int:
    """Build, check and send the WMO301 of the last besluit; its number in the register (event 24).

    Refused if the message differs from the beschikking (PL-28) or breaks a rule of the standard.
    """
    record = get_traject(unit, traject_id)
    traject = record.body
    expect(traject.toestand, "toewijzing_verzonden", "besloten", "beschikt")
    besluit = traject.besluit[-1]
    aanbieder = besluit.regel[0].aanbieder or ""
    to = partner(unit, aanbieder)
    if to is None:
        raise refuse("PL-36", "De aanbieder van het besluit is geen bekende partner.")
    nummers = {regel.nr: next_number(unit, "toewijzing", FIRST_NUMBER) for regel in besluit.regel}
    today = unit.now.astimezone(AMSTERDAM).date()
    bericht = wmo301_from(
        traject.client,
        besluit,
        nummers,
        gemeente=us.ourselves.code,
        aanbieder=aanbieder,
        identificatie=identificatie(unit, "WMO301"),
        dagtekening=today,
    )
    if faults := _differences(besluit, nummers, bericht):
        raise Refused(faults)
    context = Context(today=today, earlier=earlier(unit, aanbieder), sources=us.sources)
    if has_errors(faults := check(bericht, "WMO301", context, level=4)):
        raise Refused(faults)
    register = send_bericht(
        unit, us, to, berichten.build(bericht), reference=f"traject/{traject.id}", dossier=traject.id
    )
    sent = ToewijzingBericht(bericht=bericht.header.bericht_identificatie.identificatie, verzonden_op=unit.now)
    koppelingen = tuple(
        ToewijzingKoppeling(toewijzing_nummer=nummer, besluit=besluit.id, regel=nr, bericht=(sent,))
        for nr, nummer in nummers.items()
    )
    changed = msgspec.structs.replace(traject, toewijzing=(*traject.toewijzing, *koppelingen))
    keys: dict[str, list[str]] = {"toewijzing": [str(k.toewijzing_nummer) for k in changed.toewijzing]}
    save_traject(unit, record, changed, "toewijzing_verzonden", keys)
    return register


def _differences(besluit: Besluit, nummers: dict[int, int], bericht: wmo301.Bericht) -> list[Any]:
    """PL-28: what the message says against what was decided, field by field."""
    by_number = {p.toewijzing_nummer: p for p in bericht.client.toegewezen_producten}
    return [
        finding
        for regel in besluit.regel
        for finding in vergelijk_beschikking(regel, _said(by_number[nummers[regel.nr]], bericht.header.ontvanger))
    ]


def _said(product: wmo301.ToegewezenProduct, aanbieder: str) -> ToegewezenProduct:
    omvang = product.omvang
    return ToegewezenProduct(
        aanbieder=aanbieder,
        categorie=product.product.categorie if product.product else None,
        code=product.product.code if product.product else None,
        volume=omvang.volume if omvang else None,
        eenheid=omvang.eenheid if omvang else None,
        frequentie=omvang.frequentie if omvang else None,
        ingangsdatum=product.ingangsdatum,
        einddatum=product.einddatum,
    )


def order_answered(unit: Unit, _us: Surroundings, _sender: PartnerRecord, incoming: Incoming, accepted: bool) -> None:
    """A WMO302 on our WMO301 (events 25 and 26): every granted line is accepted, or the message was refused."""
    sent = unit.berichten.find("uit", "WMO301", incoming.head.ontvanger, incoming.head.heen_identificatie or "")
    assert sent is not None, "the caller found the message that this answers"
    order: Any = berichten.parse(unit.berichten.xml(sent.id))
    first = order.client.toegewezen_producten[0].toewijzing_nummer
    record = traject_of_toewijzing(unit, first)
    if record is None:
        return
    traject = record.body
    retour = "aanvaard" if accepted else "afgekeurd"
    koppelingen = tuple(
        msgspec.structs.replace(k, bericht=(*k.bericht[:-1], msgspec.structs.replace(k.bericht[-1], retour=retour)))
        if k.bericht and k.bericht[-1].bericht == sent.identificatie
        else k
        for k in traject.toewijzing
    )
    toestand = traject.toestand
    if accepted and toestand in ("besloten", "beschikt"):
        toestand = "toegewezen"
    changed = msgspec.structs.replace(traject, toewijzing=koppelingen, toestand=toestand)
    save_traject(unit, record, changed, "toewijzing_aanvaard" if accepted else "toewijzing_afgekeurd")


def order_received(unit: Unit, _us: Surroundings, sender: PartnerRecord, incoming: Incoming) -> None:
    """An accepted WMO301 at the provider: the plan of this client with this municipality is now ordered (PL-27)."""
    bericht: wmo301.Bericht = incoming.bericht
    found = uitvragen(unit, bericht.client.bsn)
    waiting = [r for r in found if r.body.gemeente == sender.code and r.body.toestand == "ingediend"]
    for record in waiting[-1:]:
        nummers = tuple(p.toewijzing_nummer for p in bericht.client.toegewezen_producten)
        changed = msgspec.structs.replace(record.body, toewijzing_nummer=nummers, toestand="toegewezen")
        save_uitvraag(unit, record, changed, "toewijzing_aanvaard")
