"""A plan that came in: an uitvraag at a provider, a completed plan at the municipality that asked for it."""

import hashlib

import msgspec

from gateway.domain.findings import Finding, has_errors
from gateway.flows.cases import (
    Document,
    attention,
    happen,
    keep_documents,
    knows_uitvraag,
    occurrence,
    open_uitvraag,
    told_by,
    traject_of_plan,
)
from gateway.flows.dispatch import PLAN, Refused
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.flows.payload import Payload, Placed, Unusable
from gateway.plans import (
    Ondersteuningsplan,
    OntvangenUitvraag,
    lees_uitwisseling,
    met_eigen_gemeentedeel,
    vergelijk_gemeentedeel,
)
from gateway.plans.checks.ingevuld import geldt
from gateway.plans.digest import inhoud_sha256
from gateway.plans.exchange import Uitwisseling
from gateway.plans.model import Bijlage, Handtekening
from gateway.securemail import Opened, Part
from gateway.store import Unit


def take_plan(
    unit: Unit, us: Surroundings, sender: PartnerRecord, opened: Opened, payload: Payload
) -> Unusable | Placed:
    """Take in a plan message; Unusable with every fault if it is not a plan between this sender and us."""
    gelezen, findings = lees_uitwisseling(payload.content, us.find_format)
    if gelezen is None or has_errors(findings):
        return Unusable(findings=tuple(findings))
    if (gelezen.afzender.code, gelezen.ontvanger.code) != (sender.code, us.ourselves.code):
        return Unusable(findings=(_fault("SM-130", "Het plan is niet van deze afzender aan ons."),))
    documents, faults = _documents(gelezen, payload.rest)
    if faults:
        return Unusable(findings=tuple(faults))
    if gelezen.soort == "uitvraag":
        return _take_uitvraag(unit, us, sender, opened, gelezen, documents)
    return _take_retour(unit, us, sender, opened, gelezen, documents, findings)


def _take_uitvraag(
    unit: Unit,
    us: Surroundings,
    sender: PartnerRecord,
    opened: Opened,
    gelezen: Uitwisseling,
    documents: list[Document],
) -> Unusable | Placed:
    """Event 6 on the provider's side: the request is there, with the municipal part and its attachments."""
    if knows_uitvraag(unit, gelezen.plan_id):
        known = _fault("PLAN_BEKEND", "Een uitvraag met dit kenmerk is al ontvangen.")
        return Unusable(findings=(known,), dossier=gelezen.plan_id)
    ontvangen = OntvangenUitvraag(
        id=gelezen.plan_id, gemeente=sender.code, uitvraag=gelezen.plan, bijlage=_bijlagen(gelezen, sender.name, unit)
    )
    delivered = told_by(unit, "uitvraag_bezorgd", "S", sender.code, opened.headers.message_id)
    open_uitvraag(unit, us, ontvangen, delivered)
    keep_documents(unit, ontvangen.id, documents)
    return Placed(dossier=ontvangen.id)


def _take_retour(
    unit: Unit,
    us: Surroundings,
    sender: PartnerRecord,
    opened: Opened,
    gelezen: Uitwisseling,
    documents: list[Document],
    findings: list[Finding],
) -> Unusable | Placed:
    """Events 17 and 20: the plan is matched to what was asked, compared, checked, and ready to be weighed."""
    case = traject_of_plan(unit, gelezen.plan_id)
    if case is None:
        return Unusable(findings=(_fault("PL-9", "Er is geen openstaande uitvraag met dit kenmerk."),))
    uitvraag = next(u for u in case.body.uitvraag if u.id == gelezen.plan_id)
    assert uitvraag.momentopname is not None, "a case is found by a plan code that was sent"
    if uitvraag.aanbieder.agb != sender.code:
        return Unusable(findings=(_fault("SM-130", "Deze uitvraag ging naar een andere aanbieder."),))
    if not _answers_dispatch(unit, opened, gelezen.plan_id):
        return Unusable(findings=(_fault("PAYLOAD", "Kenmerk en In-Reply-To wijzen naar verschillende uitvragen."),))
    verschillen = vergelijk_gemeentedeel(uitvraag.momentopname, gelezen.plan, us.formaat)
    plan = msgspec.structs.replace(
        _with_own_part(uitvraag.momentopname, gelezen.plan),
        ontvangen_als="gateway",
        concept_gedeeld=gelezen.concept_gedeeld,
    )
    submitted = msgspec.structs.replace(case, body=msgspec.structs.replace(case.body, plan=(*case.body.plan, plan)))
    plan_id, message_id = gelezen.plan_id, opened.headers.message_id
    try:
        taken = happen(
            unit,
            us,
            submitted,
            told_by(unit, "plan_ingediend", "A", sender.code, message_id, uitvraag=plan_id),
            occurrence(unit, "plan_aanvaard", "S", bericht_id=message_id, uitvraag=plan_id),
        )
    except Refused as refused:
        early = all(finding.code == "TOESTAND" for finding in refused.findings)
        return Unusable(findings=refused.findings, early=early, dossier=case.body.id)
    attention(unit, taken, (*findings, *verschillen))
    keep_documents(unit, taken.body.id, documents)
    return Placed(dossier=taken.body.id)


def _with_own_part(asked: Ondersteuningsplan, returned: Ondersteuningsplan) -> Ondersteuningsplan:
    """The municipality's own record counts, whatever came back in its fields (PL-13).

    A signature stood under what came back. Where it did, it goes on to stand under the version that is kept: only
    fields differ that the signer had no say in, and the message as it came stays in the inbox.
    """
    own = met_eigen_gemeentedeel(asked, returned)
    sha256 = inhoud_sha256(own)

    def carried(signature: Handtekening | None) -> Handtekening | None:
        if signature is None or not geldt(signature, returned):
            return signature
        return msgspec.structs.replace(signature, sha256=sha256)

    both = returned.handtekening
    signatures = msgspec.structs.replace(both, aanbieder=carried(both.aanbieder), client=carried(both.client))
    return msgspec.structs.replace(own, handtekening=signatures)


def _answers_dispatch(unit: Unit, opened: Opened, plan_id: str) -> bool:
    """Without In-Reply-To the plan code decides; both present must agree (secure-mail 8.2)."""
    if opened.headers.in_reply_to is None:
        return True
    sent = unit.outbox.by_message_id(opened.headers.in_reply_to)
    return sent is not None and sent.reference == f"{PLAN}/{plan_id}"


def _documents(gelezen: Uitwisseling, parts: tuple[Part, ...]) -> tuple[list[Document], list[Finding]]:
    """The files that the plan says travel along, found by their hash; one that is missing is a fault."""
    by_hash = {part.sha256: part for part in parts}
    found, faults = [], []
    for bijlage in gelezen.bijlage:
        part = by_hash.get(bijlage.sha256)
        if part is None:
            faults.append(_fault("BIJLAGE_ONTBREEKT", "Een bijlage die het plan noemt, zit niet in het bericht."))
        else:
            found.append(Document(naam=bijlage.naam, mediatype=bijlage.mediatype, inhoud=part.content))
    # The printed form itself travels beside the data; it is kept like an attachment.
    named = {bijlage.sha256 for bijlage in gelezen.bijlage}
    found += [
        Document(naam=part.shown_name, mediatype=part.type, inhoud=part.content)
        for part in parts
        if part.type == "application/pdf" and part.sha256 not in named
    ]
    return found, faults


def _bijlagen(gelezen: Uitwisseling, door: str, unit: Unit) -> tuple[Bijlage, ...]:
    return tuple(
        Bijlage(
            id=hashlib.sha256(b.sha256.encode()).hexdigest()[:16],
            soort=b.soort,
            naam=b.naam,
            mediatype=b.mediatype,
            omvang_bytes=b.omvang_bytes,
            sha256=b.sha256,
            toegevoegd_door=door,
            toegevoegd_op=unit.now,
            doel=b.doel,
        )
        for b in gelezen.bijlage
    )


def _fault(code: str, message: str) -> Finding:
    return Finding(code=code, severity="error", message=message, advice="Neem contact op met de afzender.")
