"""Plans on their way out: a municipality asks for one, a provider returns it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from gateway.flows.cases import (
    Document,
    dispatch_of,
    get_traject,
    get_uitvraag,
    happen,
    keep_documents,
    occurrence,
)
from gateway.flows.dispatch import refuse, send_plan
from gateway.flows.parties import PartnerRecord, Surroundings, partner
from gateway.plans import maak_retour, maak_uitvraag
from gateway.plans.model import Bijlage
from gateway.store import Unit


def dispatch_plan(unit: Unit, us: Surroundings, traject_id: str, documents: Sequence[Document] = ()) -> int:
    """Send the municipal part to the chosen provider, with `documents`; its number in the outbox (event 5).

    Refused with everything that event 5 asks (PL-11, PL-12, PL-17, PL-34 to PL-42, PL-49 to PL-51), if an attachment
    that the uitvraag names is not among `documents`, or if the provider is no partner (PL-36).
    """
    sent = happen(unit, us, get_traject(unit, traject_id), occurrence(unit, "uitvraag_verzonden", "G")).body
    uitvraag = sent.uitvraag[-1]
    assert uitvraag.momentopname is not None, "event 5 keeps what is sent"
    _complete(uitvraag.bijlage, documents)
    content = maak_uitvraag(uitvraag.momentopname, us.formaat, verzonden_op=unit.now, bijlagen=uitvraag.bijlage)
    keep_documents(unit, sent.id, documents)
    return send_plan(
        unit,
        us,
        _partner(unit, uitvraag.aanbieder.agb or ""),
        content,
        [document.attachment() for document in documents],
        plan_id=uitvraag.id,
        dossier=sent.id,
    )


def return_plan(unit: Unit, us: Surroundings, plan_id: str, documents: Sequence[Document] = ()) -> int:
    """Submit the signed version to the municipality that asked for it; its number in the outbox (event 17).

    Refused with every fault of the phase *indienen*: an incomplete plan, a missing signature (PL-16, PL-22).
    """
    uitvraag = happen(unit, us, get_uitvraag(unit, plan_id), occurrence(unit, "plan_ingediend", "A")).body
    bijlagen = tuple(_described(document, us.ourselves.name, unit.now) for document in documents)
    content = maak_retour(uitvraag.plan[-1], us.formaat, verzonden_op=unit.now, bijlagen=bijlagen)
    keep_documents(unit, plan_id, documents)
    return send_plan(
        unit,
        us,
        _partner(unit, uitvraag.gemeente),
        content,
        [document.attachment() for document in documents],
        plan_id=plan_id,
        in_reply_to=dispatch_of(uitvraag),
        dossier=plan_id,
    )


def _complete(bijlagen: Iterable[Bijlage], documents: Sequence[Document]) -> None:
    """What the plan says travels along does travel along: the other side refuses a plan without it."""
    given = {document.sha256 for document in documents}
    if any(bijlage.sha256 not in given for bijlage in bijlagen):
        raise refuse("BIJLAGE_ONTBREEKT", "Een bijlage die de uitvraag noemt, is er niet bij.", "Voeg het bestand toe.")


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
