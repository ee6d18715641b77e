"""Guards on the decision and what follows from it (events 22 to 27, 45, 46; PL-1 to PL-4, PL-21, PL-25 to PL-28)."""

from collections.abc import Iterator
from datetime import date

from gateway.domain.findings import Finding
from gateway.plans.checks.ingevuld import geldt
from gateway.plans.contract import passend
from gateway.plans.form import is_leeg
from gateway.plans.machine.guards.basis import besluit_van, fout, plan_van, waarschuwing
from gateway.plans.machine.model import Omgeving, Voorval, Zaak
from gateway.plans.model import GRANTS, Afstemming, Besluit, Besluitregel, Deelmoment, Traject
from gateway.plans.orders import vergelijk_beschikking, voor_verzending
from gateway.plans.proposal import anders_dan_voorstel, propose

_GROND_PER_TOESTAND = {
    "in_beoordeling": "plan",
    "zonder_plan": "afwijking",
    "in_onderzoek": "onderzoek",
    "arrangement_bepaald": "onderzoek",
}


def bevoegd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-25: only an authorised employee of the gemeente; the gateway never decides."""
    if not voorval.bevoegd:
        yield fout("PL-25", "Alleen een bevoegde medewerker van de gemeente kan dit besluiten.")


def besluit_compleet(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """There is a besluit that counts, with moment and name."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    if besluit is None or besluit.genomen_op is None or is_leeg(besluit.genomen_door):
        yield fout("PL-25", "Leg het besluit vast: wat, wanneer en door wie.", "besluit")


def grond_past_bij_toestand(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Exactly one ground, that of the state; without a plan or deviation only a refusal (PL-2, PL-6, PL-69)."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    if besluit is None:
        return
    verwacht = _GROND_PER_TOESTAND.get(zaak.toestand or "")
    if besluit.grond.soort != verwacht:
        yield fout("PL-6", "De grond van het besluit past niet bij deze toestand.", "besluit.grond")
    if besluit.grond.soort == "onderzoek" and besluit.soort != "afwijzing":
        yield fout("PL-69", "Zonder plan of vastgelegde afwijking kan alleen worden afgewezen.", "besluit.soort")
    plan = plan_van(zaak)
    if besluit.grond.soort == "plan" and (
        plan is None or (besluit.grond.plan_id, besluit.grond.versie) != (plan.plan_id, plan.versie)
    ):
        yield fout("PL-2", "Het besluit noemt een andere versie van het plan dan de beoordeelde.", "besluit.grond")


def afgestemd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-1: alignment with client and provider; a plan the client signed and a complete deviation count for both."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    plan = plan_van(zaak)
    door_plan = plan is not None and geldt(plan.handtekening.client, plan)
    if door_plan or (besluit and besluit.grond.soort == "afwijking"):
        return
    met = {partij for a in zaak.afstemming for partij in _partijen(a)} | ({"aanbieder"} if plan else set())
    if "client" not in met:
        yield fout("PL-1", "Leg een afstemming met de cliënt vast.", "afstemming")
    if "aanbieder" not in met and not (besluit and besluit.grond.soort == "onderzoek"):
        yield fout("PL-1", "Leg een afstemming met de aanbieder vast.", "afstemming")


def afgestemd_met_client(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Event 45: an earlier end is talked over with the client."""
    assert isinstance(zaak, Traject)
    if not any("client" in _partijen(a) for a in zaak.afstemming):
        yield fout("PL-1", "Leg een afstemming met de cliënt vast.", "afstemming")


def _partijen(afstemming: Afstemming) -> tuple[str, ...]:
    return ("client", "aanbieder") if afstemming.met == "beiden" else (afstemming.met,)


def gewogen(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-21: what was considered is listed."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    if besluit is not None and besluit.soort != "spoed" and not besluit.gewogen:
        yield fout("PL-21", "Noem welke informatie is gewogen.", "besluit.gewogen")


def concept_besproken(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-44: the client saw the concept and reacted; the last reaction counts."""
    assert isinstance(zaak, Traject)
    plan = plan_van(zaak)
    momenten = sorted((*zaak.concept_gedeeld, *(plan.concept_gedeeld if plan else ())), key=lambda m: m.op)
    if not momenten:
        yield fout("PL-44", "Leg vast dat het concept met de cliënt is gedeeld, en de reactie.", "concept_gedeeld")
        return
    laatste = momenten[-1]
    if laatste.reactie == "aanpassing_voorgesteld" and is_leeg(laatste.toelichting):
        yield fout("PL-44", "Leg vast wat met het voorstel van de cliënt is gedaan.", "concept_gedeeld")
    if laatste.reactie in ("niet_akkoord", "geen_reactie") and not _besproken(zaak, laatste):
        yield fout("PL-44", "Geef een reden, of leg het gesprek met de cliënt vast.", "concept_gedeeld")


def _besproken(zaak: Traject, moment: Deelmoment) -> bool:
    gesprek = any("client" in _partijen(a) and a.op >= moment.op for a in zaak.afstemming)
    return gesprek or not is_leeg(moment.toelichting)


def toekenning_compleet(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-4, PL-62: per line results, product, omvang, begin, end and performer; for the whole the evaluation date."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    if besluit is None or besluit.soort not in GRANTS:
        return
    if not besluit.regel:
        yield fout("PL-4", "Een toekenning heeft minstens één regel.", "besluit.regel")
    for regel in besluit.regel:
        yield from _regel_compleet(zaak, besluit, regel)
    if besluit.soort == "spoed":
        return
    if besluit.evaluatie_op is None:
        yield fout("PL-62", "Kies wanneer het plan wordt geëvalueerd.", "besluit.evaluatie_op")
    elif besluit.evaluatie_op > max((r.einddatum or date.max for r in besluit.regel), default=date.max):
        tekst = "De evaluatie valt na het einde van de laatste regel."
        yield waarschuwing("PL-62", tekst, "besluit.evaluatie_op")


def _regel_compleet(zaak: Traject, besluit: Besluit, regel: Besluitregel) -> Iterator[Finding]:
    nodig = ("product", "categorie", "code", "volume", "eenheid", "frequentie", "ingangsdatum", "aanbieder")
    for veld in nodig:
        if getattr(regel, veld) is None:
            yield fout("PL-4", f"Besluitregel {regel.nr}: {veld} ontbreekt.", f"besluit.regel.{regel.nr}.{veld}")
    if besluit.soort != "spoed" and not regel.resultaat:
        tekst = f"Besluitregel {regel.nr}: noem het resultaat waarvoor dit nodig is."
        yield fout("PL-4", tekst, f"besluit.regel.{regel.nr}.resultaat")
    if any(not 1 <= nr <= len(zaak.arrangement) for nr in regel.resultaat):
        tekst = f"Besluitregel {regel.nr}: een resultaat dat niet in het arrangement staat."
        yield fout("PL-2", tekst, f"besluit.regel.{regel.nr}.resultaat")


def voorstel_gevolgd_of_uitgelegd(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Plan 5.11, 9.1: a line that differs from what the plan leads to says why; the reason stays with the gemeente."""
    assert isinstance(zaak, Traject)
    besluit, plan = besluit_van(zaak, voorval), plan_van(zaak)
    if besluit is None or plan is None or besluit.grond.soort != "plan" or besluit.soort not in GRANTS:
        return
    voorstellen = {v.product: v for v in propose(plan, omgeving.formaat, omgeving.contract, omgeving.vandaag)}
    for regel in besluit.regel:
        voorstel = voorstellen.get(regel.product or "")
        anders = voorstel is None or bool(anders_dan_voorstel(regel, voorstel))
        if anders and is_leeg(regel.afwijking_van_voorstel):
            tekst = f"Besluitregel {regel.nr}: leg uit waarom deze van het voorstel afwijkt."
            yield fout("PL-25", tekst, f"besluit.regel.{regel.nr}.afwijking_van_voorstel")


def uitvoerders_elders_bekend(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-4, G-8: who does what, also for what is taken up elsewhere."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    if besluit is None or besluit.soort not in ("toekenning", "gedeeltelijk"):
        return
    for nr, regel in enumerate(zaak.arrangement, 1):
        if regel.toedeling == "elders" and is_leeg(regel.uitvoerder_elders):
            pad = f"arrangement.{nr}.uitvoerder_elders"
            yield fout("PL-4", f"Arrangement {nr}: noem wie dit oppakt.", pad)


def contract_per_regel(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-50: every granted line's provider has a contract on its first day."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    for regel in besluit.regel if besluit and besluit.soort in GRANTS else ():
        if regel.aanbieder is None or regel.ingangsdatum is None:
            continue  # toekenning_compleet says so
        op = regel.ingangsdatum
        if not passend(omgeving.contract, gemeente=zaak.gemeente, aanbieder=regel.aanbieder, op=op, code=regel.code):
            tekst = f"Besluitregel {regel.nr}: geen contract voor dit product met deze aanbieder."
            yield fout("GEEN_CONTRACT", tekst, f"besluit.regel.{regel.nr}")


def toekenning(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Only for a besluit that grants something, or ends what was granted."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    if besluit is None or besluit.soort == "afwijzing":
        yield fout("BESLUIT", "Dit kan alleen bij een toekenning.", "besluit")


def afwijzing(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Only for a refusal. The provider's side knows no besluit (PL-40)."""
    if not isinstance(zaak, Traject):
        return
    besluit = besluit_van(zaak, voorval)
    if besluit is None or besluit.soort != "afwijzing":
        yield fout("BESLUIT", "Dit kan alleen bij een afwijzing.", "besluit")


def beschikking_bekend(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-26: number and date of the beschikking."""
    if not isinstance(zaak, Traject):
        return
    besluit = besluit_van(zaak, voorval)
    if besluit is None or besluit.beschikkingnummer is None or besluit.bekendgemaakt_op is None:
        yield fout("PL-26", "Leg nummer en datum van de beschikking vast.", "besluit.beschikkingnummer")
    elif besluit.bekendgemaakt_op > omgeving.vandaag:
        yield fout("PL-26", "De beschikking kan niet in de toekomst bekend zijn gemaakt.", "besluit.bekendgemaakt_op")


def beschikking_al_bekend(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-26: delivery that started before the beschikking was made known is a warning."""
    if not isinstance(zaak, Traject):
        return
    besluit = besluit_van(zaak, voorval)
    if besluit is None or besluit.bekendgemaakt_op is None:
        yield waarschuwing("PL-26", "De levering is begonnen, maar de beschikking is nog niet bekendgemaakt.")


def toewijzing_gelijk(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """PL-28: every product of the WMO301 equals its line of the besluit, and no line of this provider is left out."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    if besluit is None:
        return
    ontvangers = {product.aanbieder for product in voorval.toegewezen}
    regels = [regel for regel in besluit.regel if regel.aanbieder in ontvangers]
    if not regels or len(regels) != len(voorval.toegewezen):
        tekst = "De toewijzing heeft niet evenveel producten als het besluit voor deze aanbieder."
        yield fout("BESCHIKKING_ONGELIJK", tekst, "besluit.regel")
        return
    for regel, product in zip(regels, voorval.toegewezen, strict=True):
        yield from vergelijk_beschikking(regel, product)


def regels_voor_verzending(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Plan 9.4, on the decided lines; the message itself is judged by the standard's rules."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    if besluit is not None:
        yield from voor_verzending(
            besluit.regel, gemeente=zaak.gemeente, contract=omgeving.contract or None, lopend=omgeving.lopend
        )


def toewijzing_bekend(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """The answer is about toewijzingen that were sent from here."""
    if not isinstance(zaak, Traject):
        return
    eigen = {koppeling.toewijzing_nummer for koppeling in zaak.toewijzing}
    if not voorval.toewijzing_nummer or not set(voorval.toewijzing_nummer) <= eigen:
        yield fout("TR332", "Dit toewijzingsnummer is niet van dit traject.", "toewijzing")


def geen_toewijzing_onderweg(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Event 46: no toewijzing is accepted or waits for its answer."""
    assert isinstance(zaak, Traject)
    besluit = besluit_van(zaak, voorval)
    for koppeling in zaak.toewijzing:
        laatste = koppeling.bericht[-1] if koppeling.bericht else None
        if besluit and koppeling.besluit == besluit.id and laatste and laatste.retour != "afgekeurd":
            yield fout("BESLUIT", "Er is al een toewijzing aanvaard of onderweg.", "toewijzing")


def beeindiging_compleet(zaak: Zaak, voorval: Voorval, omgeving: Omgeving) -> Iterator[Finding]:
    """Event 45: a besluit of soort beeindiging with its end date, resting on the one it ends."""
    assert isinstance(zaak, Traject)
    gevonden = [b for b in zaak.besluit if b.soort == "beeindiging" and b.status == "geldig"]
    if not gevonden or gevonden[-1].einddatum is None or gevonden[-1].grond.soort != "besluit":
        yield fout(
            "PL-71", "Leg het besluit tot beëindiging vast, met einddatum en het besluit dat eindigt.", "besluit"
        )
