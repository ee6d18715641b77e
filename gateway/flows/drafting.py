"""A provider draws up the plan it was asked for: begin, fill in, share with the client, finish, sign (events 10-15)."""

from datetime import date, datetime
from typing import Literal

import msgspec

from gateway.flows.cases import Case, get_uitvraag, happen, occurrence, save
from gateway.flows.dispatch import refuse
from gateway.flows.parties import Surroundings
from gateway.plans import Ondersteuningsplan, met_eigen_gemeentedeel
from gateway.plans.model import Deelmoment, OntvangenUitvraag
from gateway.plans.signing import teken
from gateway.store import Unit


def begin(unit: Unit, us: Surroundings, plan_id: str) -> Ondersteuningsplan:
    """Start drawing up: a draft with a block for each question that was asked (event 10)."""
    return happen(unit, us, get_uitvraag(unit, plan_id), occurrence(unit, "opstelling_begonnen", "A")).body.plan[-1]


def fill_in(unit: Unit, plan_id: str, plan: Ondersteuningsplan) -> Ondersteuningsplan:
    """Keep a draft; the municipal part stays as it was received (PL-13). Refused once the draft is finished."""
    case = get_uitvraag(unit, plan_id)
    if case.body.toestand != "in_opstelling":
        raise refuse("TOESTAND", "Dit plan wordt nu niet opgesteld.", "Zet het terug naar opstelling, of begin ermee.")
    draft = case.body.plan[-1]
    kept = msgspec.structs.replace(
        met_eigen_gemeentedeel(case.body.uitvraag, plan), plan_id=plan_id, versie=draft.versie, status=draft.status
    )
    return save(unit, _with(case, kept)).body.plan[-1]


def share(unit: Unit, us: Surroundings, plan_id: str, moment: Deelmoment) -> None:
    """Record that the client saw the draft, and the reaction; it travels along with the plan (event 12, PL-44)."""
    case = get_uitvraag(unit, plan_id)
    plan = _draft(case)
    shared = msgspec.structs.replace(plan, concept_gedeeld=(*plan.concept_gedeeld, moment))
    happen(unit, us, _with(case, shared), occurrence(unit, "concept_gedeeld", "A"))


def finish(unit: Unit, us: Surroundings, plan_id: str) -> Ondersteuningsplan:
    """The content is complete; what is to be signed (event 13). Refused with everything that is missing (PL-16)."""
    return happen(unit, us, get_uitvraag(unit, plan_id), occurrence(unit, "plan_gereed", "A")).body.plan[-1]


def sign(
    unit: Unit,
    us: Surroundings,
    plan_id: str,
    rol: Literal["aanbieder", "client"],
    *,
    naam: str,
    op: datetime | date,
    wijze: Literal["pades", "portaal", "papier_scan"],
) -> None:
    """A signature under the finished version (event 15); the client's means having taken note (PL-24)."""
    case = get_uitvraag(unit, plan_id)
    signed = teken(_draft(case), rol, naam=naam, op=op, wijze=wijze)
    happen(unit, us, _with(case, signed), occurrence(unit, f"{rol}_getekend", "A"))


def _draft(case: Case[OntvangenUitvraag]) -> Ondersteuningsplan:
    if not case.body.plan:
        raise refuse("PL-16", "Er is nog geen plan.", "Begin met opstellen.")
    return case.body.plan[-1]


def _with(case: Case[OntvangenUitvraag], plan: Ondersteuningsplan) -> Case[OntvangenUitvraag]:
    body = msgspec.structs.replace(case.body, plan=(*case.body.plan[:-1], plan))
    return msgspec.structs.replace(case, body=body)
