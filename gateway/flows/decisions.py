"""From a plan to a decision: the proposal is a calculation, the besluit is a person's (PL-25, plan 9 and 10)."""

from collections.abc import Sequence
from datetime import date

import msgspec

from gateway.flows.cases import Case, get_traject, happen, occurrence, today
from gateway.flows.dispatch import Refused, refuse
from gateway.flows.parties import Surroundings
from gateway.plans import Voorstelregel, propose, voor_verzending
from gateway.plans.model import Besluit, Besluitregel, Grond, Ondersteuningsplan, Traject
from gateway.store import Unit


def proposal(unit: Unit, us: Surroundings, traject_id: str) -> list[Voorstelregel]:
    """The proposed lines of the plan under assessment, empty where a person must choose (plan 9.1). Nothing is kept."""
    return propose(_assessed(get_traject(unit, traject_id)), us.formaat, us.products, today(unit))


def decide(
    unit: Unit,
    us: Surroundings,
    traject_id: str,
    regels: Sequence[Besluitregel],
    *,
    door: str,
    bevoegd: bool,
    gewogen: Sequence[str],
    evaluatie_op: date | None,
) -> str:
    """Record a grant on the ground of the submitted plan (event 22); the id of the besluit.

    `bevoegd`: this person may decide for the gemeente. Refused with everything that event 22 asks (PL-1, PL-4, PL-21,
    PL-25, PL-44, PL-49 to PL-51), or if a line breaks a rule before sending (plan 9.4).
    """
    case = get_traject(unit, traject_id)
    plan = _assessed(case)
    besluit = Besluit(
        id=f"{traject_id}/{len(case.body.besluit) + 1}",
        soort="toekenning",
        grond=Grond(soort="plan", plan_id=plan.plan_id, versie=plan.versie),
        gewogen=tuple(gewogen),
        genomen_op=unit.now,
        genomen_door=door,
        ingangsdatum=min((r.ingangsdatum for r in regels if r.ingangsdatum is not None), default=None),
        evaluatie_op=evaluatie_op,
        regel=tuple(regels),
    )
    happen(
        unit,
        us,
        _with(case, (*case.body.besluit, besluit)),
        occurrence(unit, "besluit_genomen", "G", door=door, bevoegd=bevoegd, besluit=besluit.id),
    )
    # What cannot be ordered is not granted either: the rules of event 24, while the decision can still be changed.
    if faults := voor_verzending(regels, gemeente=us.ourselves.code, contract=us.products):
        raise Refused(faults)
    return besluit.id


def announce(unit: Unit, us: Surroundings, traject_id: str, beschikkingnummer: int, op: date) -> None:
    """The beschikking was made known to the client (event 23): starts the six weeks of PL-55."""
    case = get_traject(unit, traject_id)
    if not case.body.besluit:
        raise refuse("PL-26", "Er is nog geen besluit om bekend te maken.")
    besluit = msgspec.structs.replace(case.body.besluit[-1], beschikkingnummer=beschikkingnummer, bekendgemaakt_op=op)
    happen(
        unit,
        us,
        _with(case, (*case.body.besluit[:-1], besluit)),
        occurrence(unit, "beschikking_bekendgemaakt", "G", besluit=besluit.id),
    )


def _assessed(case: Case[Traject]) -> Ondersteuningsplan:
    """The version that is being weighed."""
    if not case.body.plan or case.body.toestand != "in_beoordeling":
        raise refuse("TOESTAND", "Er wordt nu geen plan beoordeeld.", "Bekijk het traject; misschien is dit al gedaan.")
    return case.body.plan[-1]


def _with(case: Case[Traject], besluiten: tuple[Besluit, ...]) -> Case[Traject]:
    return msgspec.structs.replace(case, body=msgspec.structs.replace(case.body, besluit=besluiten))
