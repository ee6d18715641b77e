"""Guards while the plan is drawn up, signed, submitted and taken in (events 10 to 21; PL-10 to PL-24, PL-33, PL-44)."""

from collections.abc import Iterator

from gateway.domain.findings import Finding
from gateway.plans.checks import HANDTEKENING_CONTROLES, controleer
from gateway.plans.checks.ingevuld import geldt, gemotiveerd
from gateway.plans.form import is_leeg
from gateway.plans.machine.guards.basis import fout, plan_van, uitvraag_van
from gateway.plans.machine.model import Omgeving, Voorval, Zaak
from gateway.plans.model import Traject

_DOOR_MENSEN = frozenset({"plat_pdf", "scan"})


def weigering_gemotiveerd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-61: a provider that declines says why; kind *anders* needs words."""
    houder = uitvraag_van(zaak, voorval) if isinstance(zaak, Traject) else zaak
    weigering = houder.weigering if houder else None
    if weigering is None or (weigering.soort == "anders" and is_leeg(weigering.tekst)):
        yield fout("PL-61", "Geef de reden waarom de opdracht niet wordt aangenomen.", "weigering")


def deelmoment_vastgelegd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-44: when and how the concept was shown, and what the client said; words for every reaction but akkoord."""
    plan = plan_van(zaak)
    momenten = (*(zaak.concept_gedeeld if isinstance(zaak, Traject) else ()), *(plan.concept_gedeeld if plan else ()))
    if not momenten:
        yield fout("PL-44", "Leg vast wanneer en hoe het concept met de cliënt is gedeeld.", "concept_gedeeld")
    elif momenten[-1].reactie != "akkoord" and is_leeg(momenten[-1].toelichting):
        yield fout("PL-44", "Licht de reactie van de cliënt toe.", "concept_gedeeld")


def controles_zonder_handtekening(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Event 13: the content is complete; signatures and what replaces one come after."""
    yield from _controles(zaak, omgeving, HANDTEKENING_CONTROLES)


def controles_indienen(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-16, PL-22: everything the phase asks. Warnings go along with the plan."""
    yield from _controles(zaak, omgeving, frozenset())


def _controles(zaak: Zaak, omgeving: Omgeving, zonder: frozenset[str]) -> Iterator[Finding]:
    plan = plan_van(zaak)
    if plan is None:
        yield fout("PL-16", "Er is nog geen plan.", "plan")
        return
    yield from controleer(
        plan,
        omgeving.formaat,
        "indienen",
        vandaag=omgeving.vandaag,
        contract=omgeving.contract or None,
        zonder=zonder,
    )


def aanbieder_tekende_deze_versie(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-22: the signature stands under exactly this version."""
    plan = plan_van(zaak)
    if plan is None or not geldt(plan.handtekening.aanbieder, plan):
        tekst = "De handtekening van de aanbieder staat niet onder deze versie."
        yield fout("HANDTEKENING_ONTBREEKT", tekst, "handtekening.aanbieder")


def client_tekende_deze_versie(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-22, PL-24: the client has taken note of exactly this version."""
    plan = plan_van(zaak)
    if plan is None or not geldt(plan.handtekening.client, plan):
        tekst = "De handtekening van de cliënt staat niet onder deze versie."
        yield fout("HANDTEKENING_ONTBREEKT", tekst, "handtekening.client")


def reden_zonder_handtekening(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-23: why the client did not sign, and the other way of alignment."""
    plan = plan_van(zaak)
    if plan is None or not gemotiveerd(plan):
        tekst = "Leg uit waarom de cliënt niet tekent, en hoe u met de cliënt hebt afgestemd (minstens 20 tekens)."
        yield fout("PL-23", tekst, "geen_handtekening.toelichting")


def plan_bij_uitvraag(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-11: the plan is of the open uitvraag, in its format and version."""
    plan = plan_van(zaak)
    if plan is None:
        yield fout("PL-16", "Er is nog geen plan.", "plan")
        return
    if not isinstance(zaak, Traject):
        return
    uitvraag = uitvraag_van(zaak, voorval)
    if uitvraag is None or not uitvraag.open or plan.plan_id != uitvraag.id:
        yield fout("PL-9", "Dit plan hoort niet bij een openstaande uitvraag.", "plan.plan_id")
    elif (plan.formaat_id, plan.formaat_versie) != (uitvraag.formaat_id, uitvraag.formaat_versie):
        yield fout("FORMAAT_ONBEKEND", "Het plan is in een ander formaat of een andere versie dan de uitvraag.")


def tweede_persoon(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PLD-22: what one person transcribed from paper, another checked."""
    plan = plan_van(zaak)
    if plan is None or plan.ontvangen_als not in _DOOR_MENSEN:
        return
    if not plan.overgenomen_door or not plan.gecontroleerd_door or plan.overgenomen_door == plan.gecontroleerd_door:
        tekst = "Een tweede medewerker moet controleren wat van papier is overgenomen."
        yield fout("PLD-22", tekst, "plan.gecontroleerd_door")
