"""Plans on their way out: a municipality asks for one, a provider returns it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from gateway.domain.findings import has_errors
from gateway.flows.cases import (
    Document,
    dispatch_of,
    expect,
    get_traject,
    get_uitvraag,
    keep_documents,
    save_traject,
    save_uitvraag,
)
from gateway.flows.dispatch import Refused, refuse, send_plan
from gateway.flows.orders import AMSTERDAM
from gateway.flows.parties import PartnerRecord, Surroundings, partner
from gateway.plans import controleer, gemeentedeel, maak_retour, maak_uitvraag
from gateway.plans.digest import inhoud_sha256
from gateway.plans.model import Bijlage, Ondersteuningsplan
from gateway.store import Unit

BEFORE_SUBMISSION = ("ontvangen", "in_opstelling", "ter_ondertekening", "aanvulling_gevraagd")


def dispatch_plan(unit: Unit, us: Surroundings, traject_id: str, documents: Sequence[Document] = ()) -> int:
    """Send the municipal part to the chosen provider, with `documents`; its number in the outbox (event 5).

    Refused with every fault of the phase *uitvragen* (PL-12), or if the provider is no partner (PL-36).
    """
    record = get_traject(unit, traject_id)
    traject = record.body
    expect(traject.toestand, "uitvraag_verzonden", "arrangement_bepaald")
    uitvraag = traject.uitvraag[-1]
    to = _partner(unit, uitvraag.aanbieder.agb or "")
    today = unit.now.astimezone(AMSTERDAM).date()
    deel = gemeentedeel(traject, uitvraag, us.formaat, today)
    findings = controleer(deel, us.formaat, "uitvragen", vandaag=today)
    if has_errors(findings):
        raise Refused(findings)
    content = maak_uitvraag(deel, us.formaat, verzonden_op=unit.now, bijlagen=uitvraag.bijlage)
    number = send_plan(
        unit,
        us,
        to,
        content,
        [document.attachment() for document in documents],
        plan_id=uitvraag.id,
        dossier=traject.id,
    )
    keep_documents(unit, traject.id, documents)
    sent = msgspec.structs.replace(uitvraag, verzonden_op=unit.now, momentopname=deel, sha256=inhoud_sha256(deel))
    changed = msgspec.structs.replace(traject, uitvraag=(*traject.uitvraag[:-1], sent), toestand="uitgevraagd")
    save_traject(unit, record, changed, "uitvraag_verzonden", {"plan": uitvraag.id})
    return number


def return_plan(unit: Unit, us: Surroundings, plan: Ondersteuningsplan, documents: Sequence[Document] = ()) -> int:
    """Submit a plan version to the municipality that asked for it; its number in the outbox (event 17).

    Refused with every fault of the phase *indienen*: an incomplete plan, a missing signature (PL-16, PL-22).
    """
    record = get_uitvraag(unit, plan.plan_id)
    uitvraag = record.body
    expect(
        uitvraag.toestand, "plan_ingediend", "ontvangen", "in_opstelling", "ter_ondertekening", "aanvulling_gevraagd"
    )
    to = _partner(unit, uitvraag.gemeente)
    today = unit.now.astimezone(AMSTERDAM).date()
    findings = controleer(plan, us.formaat, "indienen", vandaag=today)
    if has_errors(findings):
        raise Refused(findings)
    submitted = msgspec.structs.replace(plan, status="ingediend", sha256=inhoud_sha256(plan))
    bijlagen = tuple(_described(document, us.ourselves.name, unit.now) for document in documents)
    content = maak_retour(submitted, us.formaat, verzonden_op=unit.now, bijlagen=bijlagen)
    number = send_plan(
        unit,
        us,
        to,
        content,
        [document.attachment() for document in documents],
        plan_id=plan.plan_id,
        in_reply_to=dispatch_of(unit, plan.plan_id),
        dossier=plan.plan_id,
    )
    keep_documents(unit, plan.plan_id, documents)
    changed = msgspec.structs.replace(uitvraag, plan=(*uitvraag.plan, submitted), toestand="ingediend")
    save_uitvraag(unit, record, changed, "plan_ingediend")
    return number


def _partner(unit: Unit, code: str) -> PartnerRecord:
    found = partner(unit, code)
    if found is None:
        raise refuse(
            "PL-36", "Deze organisatie is geen bekende partner.", "Voeg de partner toe met: gateway partner add."
        )
    return found


def _described(document: Document, door: str, op: datetime) -> Bijlage:
    return Bijlage(
        id=document.sha256[:16],
        soort="plandocument",
        naam=document.naam,
        mediatype=document.mediatype,
        omvang_bytes=len(document.inhoud),
        sha256=document.sha256,
        toegevoegd_door=door,
        toegevoegd_op=op,
        doel="het ondertekende plan",
    )
