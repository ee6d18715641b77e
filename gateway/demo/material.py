"""What the story's people have in hand: the report, the case, the provider's answer. Persons are invented."""

import msgspec

from gateway.demo.cast import AANBIEDER, DAYS, GEMEENTE, at
from gateway.domain.findings import Finding
from gateway.flows import drafting
from gateway.flows.cases import Document, get_uitvraag, occurrence
from gateway.flows.parties import Surroundings
from gateway.plans import met_eigen_gemeentedeel, voorbeeld
from gateway.plans.documents import verslag_pdf
from gateway.plans.machine import Voorval
from gateway.plans.model import Bijlage, Ondersteuningsplan, Traject
from gateway.store import Unit

DAGEN = voorbeeld.Dagen(DAYS.melding, DAYS.gesprek, DAYS.uitvraag, DAYS.plan, DAYS.besluit, DAYS.ingang)


def report() -> Document | None:
    """The conversation report as a PDF; None where PDFs cannot be made."""
    made = verslag_pdf(
        gemeente=GEMEENTE.name.removeprefix("Gemeente "),
        titel="Onderzoeksverslag",
        gesprek_op=DAYS.gesprek,
        onderdelen=(
            ("Aanleiding", ("Het overzicht over post en geld is weg. De dagen zijn leeg sinds het werk wegviel.",)),
            ("Wat gaat goed", ("Het huishouden lukt met hulp. Er is contact met een zus.",)),
            ("Wat is nodig", ("Hulp bij de administratie, zo dat het later zelf lukt.", "Een zinvolle dagbesteding.")),
        ),
    )
    return document("onderzoeksverslag.pdf", made)


def document(name: str, pdf: bytes | Finding) -> Document | None:
    return None if isinstance(pdf, Finding) else Document(naam=name, mediatype="application/pdf", inhoud=pdf)


def traject_up_to_uitvraag(verslag: Document | None) -> Traject:
    """The case as filled in up to the uitvraag, addressed as the demo's partners are."""
    described: Bijlage | None = None
    if verslag is not None:
        described = voorbeeld.verslag(DAGEN, omvang_bytes=len(verslag.inhoud), sha256=verslag.sha256)
    traject = voorbeeld.traject(DAGEN, described)
    uitvraag = msgspec.structs.replace(
        traject.uitvraag[-1],
        onderzoeksverslag_meegezonden="nee" if verslag is None else "ja",
        bijlage=() if described is None else (described,),
        retouradres=GEMEENTE.address,
        aanbieder=msgspec.structs.replace(traject.uitvraag[-1].aanbieder, email=AANBIEDER.address),
    )
    return msgspec.structs.replace(traject, uitvraag=(uitvraag,))


def so_far(unit: Unit) -> tuple[Voorval, ...]:
    """What happened before the uitvraag, each on its day: melding, conversation, what the client was told, results."""
    return (
        occurrence(unit, "melding_geregistreerd", "G", op=at(DAYS.melding)),
        occurrence(unit, "gesprek_gevoerd", "G", op=at(DAYS.gesprek)),
        occurrence(unit, "client_geinformeerd", "G", op=at(DAYS.gesprek)),
        occurrence(unit, "arrangement_vastgesteld", "G", op=at(DAYS.gesprek)),
    )


def draw_up(unit: Unit, us: Surroundings) -> None:
    """The provider's part, step by step: filled in, shared with the client, finished, signed by both."""
    plan_id = voorbeeld.PLAN_ID
    drafting.begin(unit, us, plan_id)
    filled = filled_in(get_uitvraag(unit, plan_id).body.uitvraag)
    drafting.fill_in(unit, plan_id, msgspec.structs.replace(filled, concept_gedeeld=()))
    for shown in filled.concept_gedeeld:
        drafting.share(unit, us, plan_id, shown)
    drafting.finish(unit, us, plan_id)
    drafting.sign(unit, us, plan_id, "aanbieder", naam="P. Jansen", op=at(DAYS.plan, 14), wijze="portaal")
    drafting.sign(unit, us, plan_id, "client", naam="J.É. van der Meer-Ünal", op=DAYS.plan, wijze="papier_scan")


def filled_in(deel: Ondersteuningsplan) -> Ondersteuningsplan:
    """The example's answer with the story's period: 26 weeks."""
    plan = voorbeeld.ingevuld(deel, DAGEN)
    summaries = {
        name: msgspec.structs.replace(summary, duur="26 weken", start=DAYS.ingang, eind=DAYS.einde)
        for name, summary in plan.samenvatting.items()
    }
    return met_eigen_gemeentedeel(deel, msgspec.structs.replace(plan, samenvatting=summaries))
