"""Do the parts of a plan fit together: arrangement, blocks, summaries, dates? (PL-16, PL-18)"""

from collections.abc import Iterator

from gateway.plans import duration
from gateway.plans.checks.basis import Melding, Vraag, product_label
from gateway.plans.checks.ingevuld import duur_begrepen
from gateway.plans.form import eigen_regels, gekozen_producten, is_leeg
from gateway.plans.model import Ondersteuningsplan, ProductSamenvatting, ResultaatBlok


def arrangement_eigen_heeft_blok(vraag: Vraag) -> Iterator[Melding]:
    """Each line *eigen* has exactly one result block."""
    plan = vraag.plan
    for nr in eigen_regels(plan):
        aantal = sum(blok.regel == nr for blok in plan.resultaat)
        code = plan.arrangement[nr - 1].resultaat or nr
        if aantal == 0:
            yield Melding(f"arrangement.{nr}", f"Resultaat {code} is nog niet uitgewerkt.")
        elif aantal > 1:
            yield Melding(f"arrangement.{nr}", f"Resultaat {code} is meer dan één keer uitgewerkt.")


def blok_verwijst_naar_arrangement(vraag: Vraag) -> Iterator[Melding]:
    """Each filled block belongs to an arrangement line."""
    for nr, blok in enumerate(vraag.plan.resultaat, 1):
        if _gevuld(blok) and _toedeling(vraag.plan, blok) is None:
            yield Melding(f"resultaat.{nr}", f"Blok {nr} hoort niet bij een gevraagd resultaat.")


def elders_heeft_geen_blok(vraag: Vraag) -> Iterator[Melding]:
    """No block for a line *elders*."""
    for nr, blok in enumerate(vraag.plan.resultaat, 1):
        if _toedeling(vraag.plan, blok) == "elders" and blok.regel is not None:
            code = vraag.plan.arrangement[blok.regel - 1].resultaat or blok.regel
            yield Melding(f"resultaat.{nr}", f"Resultaat {code} wordt elders opgepakt.")


def _toedeling(plan: Ondersteuningsplan, blok: ResultaatBlok) -> str | None:
    if blok.regel is None or not 1 <= blok.regel <= len(plan.arrangement):
        return None
    return plan.arrangement[blok.regel - 1].toedeling


def _gevuld(blok: ResultaatBlok) -> bool:
    velden = (blok.formulering, blok.actie, blok.toelichting, blok.product, blok.uren_per_week, blok.regel)
    return not all(is_leeg(waarde) for waarde in velden)


def product_in_blok_heeft_samenvatting(vraag: Vraag) -> Iterator[Melding]:
    """A product ticked in any block has a complete summary."""
    for product in sorted(gekozen_producten(vraag.plan)):
        samenvatting = vraag.plan.samenvatting.get(product, ProductSamenvatting())
        nodig = (samenvatting.omvang, samenvatting.frequentie, samenvatting.productcode)
        if any(is_leeg(waarde) for waarde in nodig):
            yield Melding(f"samenvatting.{product}", f"Vul de samenvatting van {product_label(vraag, product)} in.")


def samenvatting_heeft_product_in_blok(vraag: Vraag) -> Iterator[Melding]:
    """A summary that is filled belongs to a ticked product."""
    for product in sorted(gevulde_samenvattingen(vraag.plan) - gekozen_producten(vraag.plan)):
        label = product_label(vraag, product)
        yield Melding(f"samenvatting.{product}", f"{label} is bij geen resultaat aangevinkt.")


def gevulde_samenvattingen(plan: Ondersteuningsplan) -> set[str]:
    """Ids of the products whose summary has at least one value."""
    return {
        product
        for product, samenvatting in plan.samenvatting.items()
        if any(not is_leeg(getattr(samenvatting, naam)) for naam in samenvatting.__struct_fields__)
    }


def start_voor_eind(vraag: Vraag) -> Iterator[Melding]:
    """start <= eind, where both are given."""
    for product, samenvatting in vraag.plan.samenvatting.items():
        if samenvatting.start and samenvatting.eind and samenvatting.eind < samenvatting.start:
            label = product_label(vraag, product)
            yield Melding(f"samenvatting.{product}.eind", f"{label}: de einddatum ligt voor de startdatum.")


def eind_of_duur(vraag: Vraag) -> Iterator[Melding]:
    """An understood duration, or start and end, are present (G-19)."""
    for product in sorted(gekozen_producten(vraag.plan)):
        samenvatting = vraag.plan.samenvatting.get(product, ProductSamenvatting())
        if not duur_begrepen(samenvatting) and not (samenvatting.start and samenvatting.eind):
            label = product_label(vraag, product)
            yield Melding(f"samenvatting.{product}.duur", f"{label}: vul een duur in, of een start- en een einddatum.")


def periode_gekozen(vraag: Vraag) -> Iterator[Melding]:
    """A period is chosen wherever a number is given that needs one (fact 1 of section 2)."""
    for product, samenvatting in vraag.plan.samenvatting.items():
        soort = vraag.formaat.product(product)
        if soort is None:
            continue
        label = soort.label_samenvatting
        if soort.omvang.perioden and samenvatting.omvang is not None and not samenvatting.omvang_periode:
            keuzen = _keuzen(vraag, soort.omvang.perioden)
            yield Melding(f"samenvatting.{product}.omvang_periode", f"{label}: kies {keuzen}.")
        if samenvatting.frequentie is not None and not samenvatting.frequentie_periode:
            keuzen = _keuzen(vraag, soort.frequentie.perioden)
            yield Melding(f"samenvatting.{product}.frequentie_periode", f"{label}: kies {keuzen}.")


def _keuzen(vraag: Vraag, perioden: tuple[str, ...]) -> str:
    labels = [f"per {vraag.formaat.perioden[naam].label}" for naam in perioden if naam in vraag.formaat.perioden]
    return " of ".join(labels)


def duur_past_bij_start_eind(vraag: Vraag) -> Iterator[Melding]:
    """Where all three are given: start + duration - 1 day is the end, give or take the tolerance."""
    marge = vraag.regel.tolerantie_dagen or 0
    for product, samenvatting in vraag.plan.samenvatting.items():
        duur = duration.from_words(samenvatting.duur or "")
        if duur is None or samenvatting.start is None or samenvatting.eind is None:
            continue
        verwacht = duration.last_day(samenvatting.start, duur)
        if verwacht is None or abs((verwacht - samenvatting.eind).days) > marge:
            label = product_label(vraag, product)
            yield Melding(f"samenvatting.{product}.duur", f"{label}: duur en data komen niet overeen.")
