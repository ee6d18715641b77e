"""Is the plan signed, and dated? (PL-19, PL-22 to PL-24)"""

from collections.abc import Iterator

from gateway.plans.checks.basis import Melding, Vraag
from gateway.plans.checks.ingevuld import geldt, gemotiveerd


def aanbieder_getekend(vraag: Vraag) -> Iterator[Melding]:
    """The provider's signature stands under this version (PL-22)."""
    if not geldt(vraag.plan.handtekening.aanbieder, vraag.plan):
        yield Melding("handtekening.aanbieder", "De handtekening van de aanbieder ontbreekt.")


def client_getekend_of_reden(vraag: Vraag) -> Iterator[Melding]:
    """The client's signature, or the reason and the other way of alignment (PL-22, PL-23)."""
    if not geldt(vraag.plan.handtekening.client, vraag.plan) and not gemotiveerd(vraag.plan):
        yield Melding(
            "geen_handtekening.toelichting",
            "De cliënt heeft niet getekend. Leg uit waarom, en hoe u met de cliënt hebt afgestemd.",
        )


def datum_plan_geldig(vraag: Vraag) -> Iterator[Melding]:
    """The plan's date lies between the day of the uitvraag and today (PL-19)."""
    datum, uitgevraagd = vraag.plan.datum_plan, vraag.plan.uitgevraagd_op
    if datum is None:
        return  # verplichte_velden says so
    if datum > vraag.vandaag or (uitgevraagd is not None and datum < uitgevraagd):
        yield Melding("datum_plan", "Controleer de datum van het plan.")
