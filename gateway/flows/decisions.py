"""From a plan to a decision: the proposal is a calculation, the besluit is a person's (PL-25, plan 9 and 10)."""

from collections.abc import Sequence
from datetime import date

import msgspec

from gateway.flows.cases import expect, get_traject, save_traject
from gateway.flows.dispatch import Refused, refuse
from gateway.flows.orders import AMSTERDAM
from gateway.flows.parties import Surroundings
from gateway.plans import Voorstelregel, propose, voor_verzending
from gateway.plans.model import Besluit, Besluitregel, Grond
from gateway.store import Unit


def proposal(unit: Unit, us: Surroundings, traject_id: str) -> list[Voorstelregel]:
    """The proposed lines of the plan under assessment, empty where a person must choose (plan 9.1). Nothing is kept."""
    traject = get_traject(unit, traject_id).body
    expect(traject.toestand, "voorstel", "in_beoordeling")
    return propose(traject.plan[-1], us.formaat, us.products, unit.now.astimezone(AMSTERDAM).date())


def decide(
    unit: Unit,
    us: Surroundings,
    traject_id: str,
    regels: Sequence[Besluitregel],
    *,
    door: str,
    gewogen: Sequence[str],
    evaluatie_op: date,
) -> str:
    """Record a grant on the ground of the submitted plan (event 22); the id of the besluit.

    Refused if a line is incomplete or breaks a rule before sending (PL-4, plan 9.4), or nothing was weighed (PL-21).
    """
    record = get_traject(unit, traject_id)
    traject = record.body
    expect(traject.toestand, "besluit_genomen", "in_beoordeling", "zonder_plan")
    if not gewogen or not regels:
        raise refuse("PL-21", "Een besluit noemt wat is gewogen en wat wordt toegekend.", "Vul beide in.")
    if faults := voor_verzending(regels, gemeente=us.ourselves.code, contract=us.products):
        raise Refused(faults)
    plan = traject.plan[-1]
    besluit = Besluit(
        id=f"{traject.id}/{len(traject.besluit) + 1}",
        soort="toekenning",
        grond=Grond(soort="plan", plan_id=plan.plan_id, versie=plan.versie),
        gewogen=tuple(gewogen),
        genomen_op=unit.now,
        genomen_door=door,
        ingangsdatum=min(regel.ingangsdatum for regel in regels if regel.ingangsdatum is not None),
        evaluatie_op=evaluatie_op,
        regel=tuple(regels),
    )
    changed = msgspec.structs.replace(traject, besluit=(*traject.besluit, besluit), toestand="besloten")
    save_traject(unit, record, changed, "besluit_genomen")
    return besluit.id


def announce(unit: Unit, traject_id: str, beschikkingnummer: int, op: date) -> None:
    """The beschikking was made known to the client (event 23): starts the six weeks of PL-55."""
    record = get_traject(unit, traject_id)
    traject = record.body
    expect(traject.toestand, "beschikking_bekendgemaakt", "besloten", "toegewezen", "in_uitvoering", "in_evaluatie")
    besluit = msgspec.structs.replace(traject.besluit[-1], beschikkingnummer=beschikkingnummer, bekendgemaakt_op=op)
    changed = msgspec.structs.replace(
        traject,
        besluit=(*traject.besluit[:-1], besluit),
        toestand="beschikt" if traject.toestand == "besloten" else traject.toestand,
    )
    save_traject(unit, record, changed, "beschikking_bekendgemaakt")
