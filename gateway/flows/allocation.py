"""The order: a WMO301 with the content of the beschikking, and what its answer changes (events 24 to 26)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway import berichten
from gateway.berichten import wmo301
from gateway.berichten.regels import Context, check
from gateway.domain.findings import has_errors
from gateway.flows import dossiers
from gateway.flows.cases import (
    Case,
    get_traject,
    happen,
    occurrence,
    offer,
    today,
    told_by,
    traject_of_toewijzing,
    trajecten,
    uitvragen,
)
from gateway.flows.dispatch import Letter, Refused, refuse, send_bericht
from gateway.flows.history import earlier
from gateway.flows.incoming import Incoming
from gateway.flows.numbers import identificatie, next_number
from gateway.flows.orders import wmo301_from
from gateway.flows.parties import PartnerRecord, Surroundings, partner
from gateway.plans import ToegewezenProduct
from gateway.plans.model import Besluit, ToewijzingBericht, ToewijzingKoppeling, Traject
from gateway.plans.orders import uit_besluitregel
from gateway.store import Unit

FIRST_NUMBER = 1001


def allocate(unit: Unit, us: Surroundings, traject_id: str, *, bevoegd: bool) -> int:
    """Build, check and send the WMO301 of the last besluit; its number in the register (event 24).

    `bevoegd`: this person may order for the gemeente (PL-25). Lines whose order was rejected are ordered again under
    their own number. Refused if every line was ordered already, if the message differs from the beschikking (PL-28),
    if the same already runs for this client (TR302), or if it breaks a rule of the standard.
    """
    case = get_traject(unit, traject_id)
    besluit = _to_order(case.body)
    aanbieder = besluit.regel[0].aanbieder or ""
    to = partner(unit, aanbieder)
    if to is None:
        raise refuse("PL-36", "De aanbieder van het besluit is geen bekende partner.")
    nummers = _nummers(unit, case.body, besluit)
    bericht = wmo301_from(
        case.body.client,
        besluit,
        nummers,
        gemeente=us.ourselves.code,
        aanbieder=aanbieder,
        identificatie=identificatie(unit, "WMO301"),
        dagtekening=today(unit),
    )
    happen(
        unit,
        us,
        _ordered(case, besluit, nummers, bericht, unit),
        occurrence(
            unit,
            "toewijzing_verzonden",
            "G",
            bevoegd=bevoegd,
            besluit=besluit.id,
            toewijzing_nummer=tuple(nummers.values()),
            toegewezen=_said(bericht),
        ),
        lopend=_running(unit, case.body),
    )
    context = Context(today=today(unit), earlier=earlier(unit, aanbieder, bericht), sources=us.sources)
    if has_errors(faults := check(bericht, "WMO301", context, level=4)):
        raise Refused(faults)
    xml = berichten.build(bericht, schemas=us.schemas)
    letter = Letter(to=to, bericht=bericht, xml=xml, reference=dossiers.reference(traject_id), dossier=traject_id)
    return send_bericht(unit, us, letter)


def _to_order(traject: Traject) -> Besluit:
    """The last besluit, with the lines that no order is under way for or accepted."""
    if not traject.besluit:
        raise refuse("PL-25", "Er is nog geen besluit om toe te wijzen.")
    besluit = traject.besluit[-1]
    done = {k.regel for k in traject.toewijzing if k.besluit == besluit.id and k.bericht[-1].retour != "afgekeurd"}
    regels = tuple(regel for regel in besluit.regel if regel.nr not in done)
    if not regels:
        raise refuse(
            "TOEWIJZING_VERZONDEN",
            "De toewijzing van dit besluit is al verzonden.",
            "Wacht op het antwoord van de aanbieder, of bekijk het traject.",
        )
    return msgspec.structs.replace(besluit, regel=regels)


def _nummers(unit: Unit, traject: Traject, besluit: Besluit) -> dict[int, int]:
    """ToewijzingNummer per line: the one it had, else the next."""
    had = {k.regel: k.toewijzing_nummer for k in traject.toewijzing if k.besluit == besluit.id}
    return {r.nr: had.get(r.nr) or next_number(unit, "toewijzing", FIRST_NUMBER) for r in besluit.regel}


def _ordered(
    case: Case[Traject], besluit: Besluit, nummers: dict[int, int], bericht: wmo301.Bericht, unit: Unit
) -> Case[Traject]:
    """The case with the link between line, number and message (PL-29)."""
    sent = ToewijzingBericht(bericht=bericht.header.bericht_identificatie.identificatie, verzonden_op=unit.now)
    again = set(nummers.values())
    known = tuple(
        msgspec.structs.replace(k, bericht=(*k.bericht, sent)) if k.toewijzing_nummer in again else k
        for k in case.body.toewijzing
    )
    new = again - {k.toewijzing_nummer for k in known}
    koppelingen = tuple(
        ToewijzingKoppeling(toewijzing_nummer=nummer, besluit=besluit.id, regel=nr, bericht=(sent,))
        for nr, nummer in nummers.items()
        if nummer in new
    )
    return msgspec.structs.replace(case, body=msgspec.structs.replace(case.body, toewijzing=(*known, *koppelingen)))


def _said(bericht: wmo301.Bericht) -> tuple[ToegewezenProduct, ...]:
    """What the message says, for the comparison with what was decided (PL-28)."""
    return tuple(_product(product, bericht.header.ontvanger) for product in bericht.client.toegewezen_producten)


def _product(product: wmo301.ToegewezenProduct, aanbieder: str) -> ToegewezenProduct:
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


def _running(unit: Unit, traject: Traject) -> Iterator[ToegewezenProduct]:
    """What was ordered for this client in other trajecten, any provider, and not rejected (TR302)."""
    for case in trajecten(unit, traject.client.bsn) if traject.client.bsn else ():
        regels = {(b.id, r.nr): r for b in case.body.besluit for r in b.regel}
        for koppeling in case.body.toewijzing if case.body.id != traject.id else ():
            regel = regels.get((koppeling.besluit, koppeling.regel))
            if regel is not None and koppeling.bericht[-1].retour != "afgekeurd":
                yield uit_besluitregel(regel)


def order_answered(unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming, accepted: bool) -> None:
    """A WMO302 on our WMO301 (events 25 and 26): every granted line is accepted, or the message was refused."""
    name = incoming.head.heen_identificatie or ""
    sent = unit.berichten.find("uit", "WMO301", us.ourselves.code, name)
    assert sent is not None, "the caller found the message that this answers"
    order: Any = berichten.parse(unit.berichten.xml(sent.id))
    nummers = tuple(p.toewijzing_nummer for p in order.client.toegewezen_producten)
    case = traject_of_toewijzing(unit, nummers[0])
    if case is None:
        return
    soort = "toewijzing_aanvaard" if accepted else "toewijzing_afgekeurd"
    besluit = next(k.besluit for k in case.body.toewijzing if k.toewijzing_nummer == nummers[0])
    by = sender.code, incoming.message_id
    voorval = told_by(unit, soort, "S", *by, besluit=besluit, toewijzing_nummer=nummers)
    offer(unit, us, case, voorval)


def order_received(unit: Unit, us: Surroundings, sender: PartnerRecord, incoming: Incoming) -> None:
    """An accepted WMO301 at the provider: the plan of this client with this municipality is now ordered (PL-27)."""
    bericht: wmo301.Bericht = incoming.bericht
    found = uitvragen(unit, bericht.client.bsn)
    waiting = [r for r in found if r.body.gemeente == sender.code and r.body.toestand == "ingediend"]
    if not waiting:
        return
    nummers = tuple(p.toewijzing_nummer for p in bericht.client.toegewezen_producten)
    voorval = told_by(unit, "toewijzing_aanvaard", "S", sender.code, incoming.message_id, toewijzing_nummer=nummers)
    happen(unit, us, waiting[-1], voorval)
