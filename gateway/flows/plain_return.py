"""A form that a provider without S/MIME sends from its own secure mail: a person takes it in, with a reason (SM-107).

Never by itself, never answered, and never an iWmo message: it counts as handed over by that person.
"""

import msgspec

from gateway import securemail
from gateway.domain.findings import Finding
from gateway.flows import tasks
from gateway.flows.cases import Document, attention, happen, keep_documents, occurrence, traject_of_plan
from gateway.flows.dispatch import Refused
from gateway.flows.parties import PartnerRecord, Surroundings, partner
from gateway.plans import Ondersteuningsplan, met_eigen_gemeentedeel, vergelijk_gemeentedeel
from gateway.plans.model import Uitvraag
from gateway.store import InboxItem, Settled, Unit

REASON = "not-smime"
OFFER = (
    "Onze mailaanbieder bevestigt dat het van deze partner kan zijn. Vergelijk het formulier met de uitvraag en neem "
    "het over met `gateway inbox accept`, met een reden; anders: bel de partner."
)


class Form(msgspec.Struct, frozen=True):
    """What a person may take in: the file, the part of the plan that went out, and who it says to come from."""

    document: Document
    uitvraag: Uitvraag
    sender: PartnerRecord


def is_offered(unit: Unit, us: Surroundings, raw: bytes, code: str | None) -> bool:
    """Whether this mail may be taken in at all: agreed with the partner, and vouched for by our mail provider."""
    record = None if code is None else partner(unit, code)
    return (
        record is not None
        and record.agreements.plain_return
        and us.authserv_id is not None
        and securemail.vouched(raw, record.addresses, us.authserv_id)
    )


def find_form(unit: Unit, us: Surroundings, item: InboxItem, plan_id: str) -> Form | str:
    """The one form in a quarantined mail, for the plan that the person says it answers; or why there is none."""
    if (item.state, item.reason) != ("quarantined", REASON):
        return "alleen gewone e-mail in quarantaine kan worden overgenomen"
    raw = unit.inbox.raw(item.id)
    code = unit.partners.find("address", securemail.classify(raw).sender or "")
    record = None if code is None else partner(unit, code)
    if record is None or not is_offered(unit, us, raw, code):
        return "dit is met de partner niet afgesproken, of onze postbus bevestigt de afzender niet"
    forms = [part for part in securemail.attached(raw) if part.content.startswith(b"%PDF-")]
    if len(forms) != 1:
        return "het bericht bevat niet precies één formulier (PDF)"
    case = traject_of_plan(unit, plan_id)
    uitvraag = None if case is None else next((u for u in case.body.uitvraag if u.id == plan_id), None)
    if uitvraag is None or uitvraag.momentopname is None or uitvraag.aanbieder.agb != record.code:
        return "er is geen uitvraag met dit kenmerk aan deze partner"
    document = Document(naam=forms[0].shown_name, mediatype="application/pdf", inhoud=forms[0].content)
    return Form(document, uitvraag, record)


def accept(
    unit: Unit, us: Surroundings, item: InboxItem, form: Form, plan: Ondersteuningsplan, reason: str
) -> tuple[Finding, ...]:
    """Take the form in as handed over by whoever works in this unit; the faults if the case does not allow it."""
    case = traject_of_plan(unit, form.uitvraag.id)
    asked = form.uitvraag.momentopname
    assert case is not None, "the form was found by it"
    assert asked is not None, "it was sent"
    differences = vergelijk_gemeentedeel(asked, plan, us.formaat)
    kept = msgspec.structs.replace(met_eigen_gemeentedeel(asked, plan), ontvangen_als="pdf_formulier")
    offered = msgspec.structs.replace(case, body=msgspec.structs.replace(case.body, plan=(*case.body.plan, kept)))
    received = occurrence(unit, "document_ontvangen", "S", uitvraag=form.uitvraag.id)
    try:
        taken = happen(unit, us, offered, received)
    except Refused as refused:
        return tuple(refused.findings)
    attention(unit, taken, differences)
    keep_documents(unit, taken.body.id, [form.document])
    unit.inbox.reopen(item.id)
    unit.inbox.settle(Settled(item.id, "handled", partner=form.sender.code, dossier=taken.body.id))
    detail = {"kind": "plan", "proven": False, "sha256": form.document.sha256}
    unit.audit.write(
        "taken_in_by_hand",
        f"inbox/{item.id}",
        partner=form.sender.code,
        subject=unit.dossiers.pseudonym(taken.body.id),
        ground=reason[:160],
        detail=detail,
    )
    tasks.done(unit, f"inbox/{item.id}", "overgenomen door een medewerker")
    return ()
