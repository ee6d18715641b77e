"""Is everything filled in that must be? (check verplichte_velden)"""

from collections.abc import Iterator

from gateway.plans import duration
from gateway.plans.checks.basis import Melding, Vraag
from gateway.plans.digest import inhoud_sha256
from gateway.plans.form import AANBIEDER_EN_CLIENT, GEMEENTE, Plek, gekozen_producten, is_leeg, plekken
from gateway.plans.formaat.model import Veld
from gateway.plans.model import Handtekening, Ondersteuningsplan, ProductSamenvatting

MIN_TOELICHTING = 20  # characters of the explanation for a missing signature (PL-23)

# These parts have a check of their own with a clearer text; this one is silent while that check is on.
_EIGEN_CONTROLE = {
    "duur_gevuld": "eind_of_duur",
    "client_getekend": "client_getekend_of_reden",
    "geen_handtekening_gemotiveerd": "client_getekend_of_reden",
    "periode": "periode_gekozen",
    "handtekening": "aanbieder_getekend",
}


def verplichte_velden(vraag: Vraag) -> Iterator[Melding]:
    """Required fields of the phase are filled (PL-12, PL-16, PL-19)."""
    invullers = GEMEENTE if vraag.fase == "uitvragen" else AANBIEDER_EN_CLIENT
    for onderdeel in vraag.formaat.onderdelen:
        herhaal = onderdeel.herhaal
        if herhaal and set(onderdeel.invuller) & invullers and len(getattr(vraag.plan, herhaal.pad, ())) < herhaal.min:
            yield Melding(herhaal.pad, f"Vul nog in: minstens {herhaal.min} bij {onderdeel.titel or onderdeel.id}.")
    for plek in plekken(vraag.formaat, vraag.plan, invullers):
        if _onvoldoende(plek) and not _elders_gecontroleerd(vraag, plek.veld) and verplicht(vraag.plan, plek):
            yield Melding(plek.pad, f"Vul nog in: {plek.label}.")


def _onvoldoende(plek: Plek) -> bool:
    if plek.veld.type == "lijst":
        return sum(not is_leeg(item) for item in plek.waarde or ()) < (plek.veld.min_gevuld or 1)
    if plek.veld.type == "vinkjes":
        return sum(bool(item) for item in (plek.waarde or {}).values()) < (plek.veld.min_gevuld or 1)
    if plek.veld.type == "afgeleid":
        return plek.leeg
    return plek.leeg


def _elders_gecontroleerd(vraag: Vraag, veld: Veld) -> bool:
    controle = _EIGEN_CONTROLE.get(veld.type) or _EIGEN_CONTROLE.get(veld.verplicht.tenzij or "")
    return controle is not None and vraag.formaat.regel(controle) is not None


def verplicht(plan: Ondersteuningsplan, plek: Plek) -> bool:
    """True if the field must be filled in this plan: the named conditions of plan 8.1."""
    regel = plek.veld.verplicht
    if regel.tenzij is not None and voorwaarde(plan, plek, regel.tenzij):
        return False
    gesteld = [v for v in (regel.als, regel.en) if v is not None]
    if gesteld:
        return all(voorwaarde(plan, plek, v) for v in gesteld)
    return regel.altijd or regel.tenzij is not None


def voorwaarde(plan: Ondersteuningsplan, plek: Plek, naam: str) -> bool:
    """One named condition. There is no expression language: a new condition is a line here with a test."""
    product = plek.product
    if naam == "product_gekozen":
        return product is not None and product.id in gekozen_producten(plan)
    if naam == "omvang_per_periode":
        return product is not None and product.omvang.grondslag == "per_periode"
    if naam == "duur_gevuld":
        return product is not None and duur_begrepen(plan.samenvatting.get(product.id))
    if naam == "client_getekend":
        return geldt(plan.handtekening.client, plan)
    return gemotiveerd(plan)


def duur_begrepen(samenvatting: ProductSamenvatting | None) -> bool:
    """True if the duration is one of the forms that can be counted with (plan 5.9)."""
    return samenvatting is not None and duration.from_words(samenvatting.duur or "") is not None


def gemotiveerd(plan: Ondersteuningsplan) -> bool:
    """True if the plan explains why the client did not sign; whether it suffices is human (PL-23, H-5)."""
    return len((plan.geen_handtekening.toelichting or "").strip()) >= MIN_TOELICHTING


def geldt(handtekening: Handtekening | None, plan: Ondersteuningsplan) -> bool:
    """True if the signature stands under exactly this version and content (PL-22)."""
    return (
        handtekening is not None
        and handtekening.versie == plan.versie
        and handtekening.sha256 == inhoud_sha256(plan)
        and (handtekening.controle is None or handtekening.controle.uitkomst != "ongeldig")
    )
