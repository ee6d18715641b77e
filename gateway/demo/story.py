"""The story: one case from plan to paid declaration, step by step, each idempotent on what was committed.

A step first looks whether its act was done (a killed run is started again in the same folder), does it if not, lets
both gateways work until nothing moves, and then says what it sees. What it sees is read from the stores, never assumed.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec

from gateway import berichten
from gateway.berichten import codelijsten
from gateway.demo import settlement
from gateway.demo.cast import DAYS, GEMEENTE, at
from gateway.demo.material import document, draw_up, report, so_far, traject_up_to_uitvraag
from gateway.demo.scene import DOCUMENTEN, Scene, StepFailed, iwmo_name
from gateway.domain.findings import Finding
from gateway.domain.money import euro
from gateway.flows import allocation, comparison, decisions, declaration, delivery, plan_out
from gateway.flows.cases import get_uitvraag, open_traject
from gateway.flows.parties import PartnerRecord, partner
from gateway.plans import Voorstelregel, gemeentedeel, naar_besluitregel, voorbeeld
from gateway.plans.documents import invulformulier_pdf, plan_pdf
from gateway.plans.model import Traject
from gateway.store import Unit

KLANTMANAGER = "K. de Wit"
BESCHIKKING = 204117
REF = voorbeeld.PLAN_ID[:8]


class Told(msgspec.Struct, frozen=True):
    """What a step did, in one Dutch sentence, and the files that belong to it (relative to the demo's folder)."""

    what: str
    files: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True):
    """One step of the story."""

    name: str
    actor: str
    run: Callable[[Scene], Awaitable[Told]]


async def dispatch_plan(scene: Scene) -> Told:
    """The municipality fills in its part and sends it, with the conversation report, to the provider of choice."""
    scene.clock.advance_to(at(DAYS.uitvraag))
    us = scene.gemeente.us
    pdf = None
    if scene.traject() is None:
        verslag = report()
        traject = traject_up_to_uitvraag(verslag)
        deel = gemeentedeel(traject, traject.uitvraag[-1], us.formaat, DAYS.uitvraag)
        form = invulformulier_pdf(deel, us.formaat)
        documents = [d for d in (verslag, document(f"ondersteuningsplan-{REF}-uitvraag.pdf", form)) if d is not None]
        with scene.gemeente.store.unit(now=scene.clock(), actor=KLANTMANAGER) as unit:
            open_traject(unit, us, traject, *so_far(unit))
            plan_out.dispatch_plan(unit, us, traject.id, documents)
        pdf = form
    without = " (zonder PDF: Pango ontbreekt; het plan reist als gegevens)" if isinstance(pdf, Finding) else ""
    return Told(f"Ondersteuningsplan ingevuld, ondertekend, versleuteld en klaargezet voor de aanbieder{without}.")


async def first_attempt(scene: Scene) -> Told:
    """The relay refuses once, for now: the outbox puts the message off and keeps its bytes."""
    item = scene.sent("gemeente", "plan")[0]
    if not scene.attempts("gemeente", item):
        await scene.gemeente.deliver(scene.clock)
    outcomes = [outcome for outcome in scene.attempts("gemeente", item) if outcome is not None]
    if any(outcome.verdict == "channel" for outcome in outcomes[:1]):
        raise StepFailed("De verzendserver is niet bereikbaar.")
    deferred = next((outcome for outcome in outcomes if outcome.verdict == "deferred"), None)
    if deferred is None or deferred.code is None:
        return Told("De eerste poging werd onderbroken; het bericht bleef bewaard.")
    return Told(f"De verzendserver weigert voorlopig ({deferred.code}); het bericht wacht op de volgende poging.")


async def deliver_plan(scene: Scene) -> Told:
    """The scheduler tries again at the time that was set: the same bytes, and they arrive."""
    await scene.settle()
    item = scene.sent("gemeente", "plan")[0]
    if item.state != "received":
        raise StepFailed(f"De aanbieder heeft de ontvangst niet bevestigd (toestand: {item.state}).")
    attempts = len(scene.attempts("gemeente", item))
    return Told(
        f"Poging {attempts} slaagt; de aanbieder bevestigt met een ondertekend ontvangstbewijs.",
        tuple(scene.files_of("gemeente", "plan") + scene.files_of("aanbieder", "receipt")[:1]),
    )


async def open_plan(scene: Scene) -> Told:
    """The provider's gateway opened it, checked who signed, and shows the municipal part."""
    uitvraag = scene.uitvraag()
    opened = scene.opened("aanbieder", scene.sent("gemeente", "plan")[0].message_id)
    if uitvraag is None:
        raise StepFailed("De uitvraag staat niet bij de aanbieder.")
    asked = sum(regel.toedeling == "eigen" for regel in uitvraag.uitvraag.arrangement)
    documents = tuple(f"{DOCUMENTEN}/{part.name}" for part in opened.parts if part.type == "application/pdf")
    return Told(
        f"Ontsleuteld en gecontroleerd: ondertekend met het certificaat van {opened.signer.addresses[0]}; "
        f"de gemeente vraagt {asked} resultaten.",
        documents,
    )


async def fill_in_plan(scene: Scene) -> Told:
    """The provider fills in results, actions, products and hours; provider and client sign."""
    scene.clock.advance_to(at(DAYS.plan, 15))
    with scene.aanbieder.store.unit(now=scene.clock(), actor="P. Jansen") as unit:
        if get_uitvraag(unit, voorbeeld.PLAN_ID).body.toestand == "ontvangen":
            draw_up(unit, scene.aanbieder.us)
        plan = get_uitvraag(unit, voorbeeld.PLAN_ID).body.plan[0]
    actions = sum(len(blok.actie) for blok in plan.resultaat)
    return Told(
        f"{len(plan.resultaat)} resultaten, {actions} acties en {len(plan.samenvatting)} producten ingevuld; "
        "aanbieder en cliënt tekenden."
    )


async def return_plan(scene: Scene) -> Told:
    """The signed plan goes back, sealed, as data and as a document."""
    us = scene.aanbieder.us
    uitvraag = scene.uitvraag()
    if uitvraag is None:
        raise StepFailed("De uitvraag staat niet bij de aanbieder.")
    if uitvraag.toestand == "ter_ondertekening":
        plan = uitvraag.plan[0]
        signed = document(f"ondersteuningsplan-{REF}-retour.pdf", plan_pdf(plan, us.formaat))
        with scene.aanbieder.store.unit(now=scene.clock(), actor="P. Jansen") as unit:
            plan_out.return_plan(unit, us, plan.plan_id, [] if signed is None else [signed])
    await scene.settle()
    scene.export()  # the document is named below, so it must be there
    files = scene.files_of("aanbieder", "plan")
    return Told("Het plan ging verzegeld terug naar de gemeente.", (*files, *_kept(scene, f"{REF}-retour.pdf")))


async def compare_plan(scene: Scene) -> Told:
    """The municipality's gateway matched the return to its request, compared, checked, and proposes."""
    scene.clock.advance_to(at(DAYS.besluit))
    traject = _traject_of(scene)
    if traject.toestand == "uitgevraagd":
        raise StepFailed(f"Er is geen plan van de aanbieder. {scene.why_not_taken_in('gemeente')}")
    if traject.toestand != "in_beoordeling":
        return Told("Het plan hoort bij de uitvraag en is gelijk in het deel van de gemeente.")
    with scene.gemeente.store.view(now=scene.clock()) as view:
        lines = decisions.proposal(view, scene.gemeente.us, traject.id)
        noted = [e for e in view.records.events("traject", traject.id) if e.soort == "aandachtspunt"]
    return Told(
        f"Plan gekoppeld aan de uitvraag, {len(noted)} aandachtspunten; voorstel: "
        + " en ".join(_in_words(line) for line in lines)
        + "."
    )


async def decide(scene: Scene) -> Told:
    """An employee decides; the beschikking is made known to the client."""
    scene.clock.advance_to(at(DAYS.besluit, 10))
    traject, us = _traject_of(scene), scene.gemeente.us
    if traject.toestand == "in_beoordeling":
        with scene.gemeente.store.unit(now=scene.clock(), actor=KLANTMANAGER) as unit:
            lines = decisions.proposal(unit, us, traject.id)
            regels = [naar_besluitregel(line, nr) for nr, line in enumerate(lines, 1)]
            decisions.decide(
                unit,
                us,
                traject.id,
                regels,
                door=KLANTMANAGER,
                bevoegd=True,
                gewogen=["ondersteuningsplan", "onderzoeksverslag"],
                evaluatie_op=DAYS.ingang + timedelta(weeks=20),
            )
            decisions.announce(unit, us, traject.id, BESCHIKKING, DAYS.besluit)
    besluit = _traject_of(scene).besluit[-1]
    return Told(f"Besluit genomen en beschikking {besluit.beschikkingnummer} vastgelegd: {len(besluit.regel)} regels.")


async def allocate(scene: Scene) -> Told:
    """The WMO301 is built from the beschikking, validated, and sent; the provider answers with a WMO302."""
    scene.clock.advance_to(at(DAYS.besluit, 11))
    if scene.bericht("gemeente", "WMO301") is None:
        with scene.gemeente.store.unit(now=scene.clock(), actor=KLANTMANAGER) as unit:
            allocation.allocate(unit, scene.gemeente.us, _traject_of(scene).id, bevoegd=True)
    row = scene.bericht("gemeente", "WMO301")
    assert row is not None
    faults = berichten.validate(scene.xml("gemeente", row), today=scene.clock().date()).findings
    if faults:
        raise StepFailed(f"De WMO301 voldoet niet: {faults[0].code} {faults[0].message}")
    return Told(
        f"WMO301 {row.identificatie} gemaakt uit de beschikking, in orde volgens schema en regels, en klaargezet.",
        (iwmo_name(row),),
    )


async def reconcile(scene: Scene) -> Told:
    """Beschikking and toewijzing are laid side by side."""
    with scene.gemeente.store.view(now=scene.clock()) as view:
        (found,) = comparison.compare(view, scene.gemeente.us, scene.clock().date(), [])
    if found.verschillen:
        first = found.verschillen[0]
        raise StepFailed(f"Beschikking en toewijzing verschillen: {first.kind} {first.field or ''}. {first.advice}")
    return Told(f"Beschikking en toewijzing vergeleken: {found.equal} van {found.compared} gelijk.")


async def accept_order(scene: Scene) -> Told:
    """The provider takes the order in and answers it."""
    await scene.settle()
    order = scene.bericht("gemeente", "WMO301")
    if order is None or order.status != "accepted":
        raise StepFailed(f"De toewijzing is niet aanvaard. {scene.why_not_taken_in('aanbieder')}")
    answer = scene.bericht("aanbieder", "WMO302")
    assert answer is not None
    return Told(
        "De aanbieder aanvaardt de toewijzing (WMO302 zonder retourcodes).",
        (*scene.files_of("gemeente", "WMO301"), *scene.files_of("aanbieder", "WMO302"), iwmo_name(answer)),
    )


async def start(scene: Scene) -> Told:
    """Delivery begins: WMO305, answered with WMO306."""
    scene.clock.advance_to(at(DAYS.start, 16))
    if scene.bericht("aanbieder", "WMO305") is None:
        with scene.aanbieder.store.unit(now=scene.clock(), actor="P. Jansen") as unit:
            delivery.start(unit, scene.aanbieder.us, _gemeente(unit), _order(scene), DAYS.start)
    await scene.settle()
    told, answer = scene.bericht("aanbieder", "WMO305"), scene.bericht("gemeente", "WMO306")
    if told is None or answer is None or told.status != "accepted":
        raise StepFailed(f"De start van de levering is niet aanvaard. {scene.why_not_taken_in('gemeente')}")
    return Told("Start gemeld (WMO305) en aanvaard (WMO306).", (iwmo_name(told), iwmo_name(answer)))


async def declare(scene: Scene) -> Told:
    """The month is declared: three lines, one of which claims more than was allocated."""
    scene.clock.advance_to(at(DAYS.declaratie))
    if scene.bericht("aanbieder", "WMO323") is None:
        order = _order(scene)
        with scene.aanbieder.store.unit(now=scene.clock(), actor="administratie") as unit:
            geleverd = settlement.delivered(unit.berichten.xml(order))
            month = (DAYS.maand_begin, DAYS.maand_eind)
            declaration.declare(unit, scene.aanbieder.us, _gemeente(unit), order, geleverd, month)
    row = scene.bericht("aanbieder", "WMO323")
    assert row is not None
    return Told("WMO323 met drie regels verstuurd; één vraagt meer dan is toegewezen.", (iwmo_name(row),))


async def answer_declaration(scene: Scene) -> Told:
    """The municipality judges line by line and answers with a WMO325 that rejects exactly that line."""
    await scene.settle()
    row = scene.bericht("gemeente", "WMO325")
    if row is None:
        raise StepFailed("De declaratie is niet beantwoord; misschien ontbreekt het contract.")
    lines = settlement.judged(scene).prestaties
    rejected = [line for line in lines if line.verdict == "rejected"]
    if len(rejected) != 1:
        raise StepFailed(f"Er zijn {len(rejected)} regels afgewezen; verwacht is er één.")
    code = rejected[0].retourcodes[0]
    return Told(
        f"WMO325 verstuurd: {len(lines) - 1} regels toegekend, 1 afgewezen met retourcode {code}.",
        (iwmo_name(row), *scene.files_of("gemeente", "WMO325")),
    )


async def settle_up(scene: Scene) -> Told:
    """What was submitted, awarded and refused, in euros, and why."""
    scene.clock.advance_to(at(DAYS.afrekening))
    judged = settlement.judged(scene)
    name = settlement.write_report(scene, judged)
    refused = judged.submittedCents - judged.awardedCents
    return Told(
        f"Ingediend {euro(judged.submittedCents)}, toegekend {euro(judged.awardedCents)}, "
        f"afgewezen {euro(refused)}; waarom staat in het verslag.",
        (name,),
    )


async def tamper(scene: Scene) -> Told:
    """A copy of a message, changed on the way, is offered: it ends in quarantine, whole, with its reason."""
    offered = settlement.offer_tampered(scene)
    await scene.settle()
    with scene.aanbieder.store.view(now=scene.clock()) as view:
        kept = [i for i in view.inbox.list(states=["quarantined"], limit=1000) if view.inbox.raw(i.id) == offered.raw]
    if not kept:
        raise StepFailed("De veranderde kopie staat niet in quarantaine; dat is ernstig.")
    return Told(
        f"Een onderweg veranderde kopie is geweigerd ({kept[0].reason}) en staat heel in quarantaine.",
        (offered.name,),
    )


STORY: tuple[Step, ...] = (
    Step("plan-verzenden", "gemeente", dispatch_plan),
    Step("uitstel", "gemeente", first_attempt),
    Step("aflevering", "gemeente", deliver_plan),
    Step("plan-openen", "aanbieder", open_plan),
    Step("plan-invullen", "aanbieder", fill_in_plan),
    Step("plan-retour", "aanbieder", return_plan),
    Step("plan-vergelijken", "gemeente", compare_plan),
    Step("beschikking", "gemeente", decide),
    Step("toewijzing", "gemeente", allocate),
    Step("aansluiting", "gemeente", reconcile),
    Step("toewijzing-aanvaard", "aanbieder", accept_order),
    Step("start", "aanbieder", start),
    Step("declaratie", "aanbieder", declare),
    Step("antwoord", "gemeente", answer_declaration),
    Step("afrekening", "gemeente", settle_up),
    Step("geknoei", "aanbieder", tamper),
)


def _in_words(line: Voorstelregel) -> str:
    """A proposed line as a person says it: 2 uur per week (02A03), 4 dagdelen per week (07A03)."""
    unit = _UNITS.get(line.eenheid or "", codelijsten.get("WJ756").label(line.eenheid or ""))
    frequency = codelijsten.get("WMO757").label(line.frequentie or "") or ""
    return f"{line.volume} {unit} {frequency.lower()} ({line.code})"


_UNITS = {"04": "uur", "16": "dagdelen"}  # as people count them; the list has the singular


def _traject_of(scene: Scene) -> Traject:
    traject = scene.traject()
    if traject is None:
        raise StepFailed("Het traject staat niet bij de gemeente.")
    return traject


def _order(scene: Scene) -> int:
    row = scene.bericht("aanbieder", "WMO301", "in")
    if row is None:
        raise StepFailed("De toewijzing staat niet bij de aanbieder.")
    return row.id


def _gemeente(unit: Unit) -> PartnerRecord:
    found = partner(unit, GEMEENTE.code)
    assert found is not None, "the demo's setup made both sides partners"
    return found


def _kept(scene: Scene, ending: str) -> list[str]:
    folder = scene.folder / DOCUMENTEN
    return sorted(f"{DOCUMENTEN}/{p.name}" for p in folder.glob(f"*{ending}")) if folder.is_dir() else []
