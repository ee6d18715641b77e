"""From an assessed plan to proposed besluitregels (plan 9). A calculation, never a decision (PL-25).

Every value that could not be calculated stays empty and says why; nothing is rounded. Assumptions A-1 to A-4 of plan
9.2 hold: the volume of a product per stay is multiplied with its frequency, averages are ordered as they stand.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from gateway.plans import duration
from gateway.plans.contract import Contractregel, passend
from gateway.plans.form import gekozen_producten
from gateway.plans.formaat.model import Formaat, Periode, Product
from gateway.plans.model import Besluitregel, Ondersteuningsplan, ProductSamenvatting, Record

_TOTAAL, _PER_MAAND, _PER_WEEK = "6", "4", "2"  # WMO757
_MAANDEN_PER_KWARTAAL = 3

Reden = Literal[
    "volume_niet_geheel",
    "periode_zonder_code",
    "niet_ingevuld",
    "code_niet_in_contract",
    "start_ontbreekt",
    "start_voorbij",
    "eind_volgt_uit_ingangsdatum",
    "eind_ontbreekt",
]

REDENEN: dict[Reden, str] = {
    "volume_niet_geheel": "Een toewijzing kent alleen hele getallen. Kies een ander volume of een andere eenheid.",
    "periode_zonder_code": "De standaard kent deze periode niet. Kies een van de uitgewerkte mogelijkheden.",
    "niet_ingevuld": "Het plan noemt geen omvang waarmee gerekend kan worden.",
    "code_niet_in_contract": "De productcode van het plan staat niet in het contract. Kies een regel van het contract.",
    "start_ontbreekt": "Het plan noemt geen startdatum. Kies de ingangsdatum.",
    "start_voorbij": "De startdatum van het plan is al voorbij. Kies de ingangsdatum.",
    "eind_volgt_uit_ingangsdatum": "De einddatum volgt uit de duur zodra de ingangsdatum gekozen is.",
    "eind_ontbreekt": "Bij een omvang per week of in totaal hoort een einddatum.",
}


class Leeg(Record, frozen=True, kw_only=True):
    """A value left empty, and why."""

    veld: Literal["volume", "code", "ingangsdatum", "einddatum"]
    reden: Reden
    tekst: str


class Optie(Record, frozen=True, kw_only=True):
    """One way to order what the standard has no words for; a person chooses (H-7)."""

    volume: int
    eenheid: str
    frequentie: str
    uitleg: str


class Voorstelregel(Record, frozen=True, kw_only=True):
    """One proposed besluitregel: the fields of a ToegewezenProduct (plan 9.3), what is empty, and the options."""

    product: str
    resultaat: tuple[int, ...]
    categorie: str
    code: str | None = None
    volume: int | None = None
    eenheid: str | None = None
    frequentie: str | None = None
    ingangsdatum: date | None = None
    einddatum: date | None = None
    aanbieder: str | None = None
    leeg: tuple[Leeg, ...] = ()
    opties: tuple[Optie, ...] = ()


class _Omvang(NamedTuple):
    volume: int | None = None
    eenheid: str | None = None
    frequentie: str | None = None
    reden: Reden | None = None
    opties: tuple[Optie, ...] = ()


def propose(
    plan: Ondersteuningsplan, formaat: Formaat, contract: Iterable[Contractregel], today: date
) -> list[Voorstelregel]:
    """One line per product that is ticked and summarised, in the order of the format (plan 9.1)."""
    register = tuple(contract)
    gekozen = gekozen_producten(plan)
    return [
        _regel(plan, product, plan.samenvatting[product.id], formaat, register, today)
        for product in formaat.producten
        if product.id in gekozen and product.id in plan.samenvatting
    ]


def _regel(
    plan: Ondersteuningsplan,
    product: Product,
    samenvatting: ProductSamenvatting,
    formaat: Formaat,
    contract: tuple[Contractregel, ...],
    today: date,
) -> Voorstelregel:
    regels = _contractregels(plan, product, samenvatting, contract, today)
    omvang = _omvang(product, samenvatting, formaat, regels)
    start, reden_start = _ingangsdatum(samenvatting, today)
    eind = einddatum_bij(samenvatting, start)
    redenen: list[tuple[Literal["volume", "code", "ingangsdatum", "einddatum"], Reden | None]] = [
        ("volume", omvang.reden),
        ("code", None if regels else "code_niet_in_contract"),
        ("ingangsdatum", reden_start),
        ("einddatum", None if eind else _reden_eind(samenvatting, omvang)),
    ]
    return Voorstelregel(
        product=product.id,
        resultaat=_resultaten(plan, product.id),
        categorie=product.iwmo.categorie,
        code=samenvatting.productcode if regels else None,
        volume=omvang.volume,
        eenheid=omvang.eenheid,
        frequentie=omvang.frequentie,
        ingangsdatum=start,
        einddatum=eind,
        aanbieder=plan.aanbieder.agb,
        leeg=tuple(Leeg(veld=veld, reden=reden, tekst=REDENEN[reden]) for veld, reden in redenen if reden),
        opties=omvang.opties,
    )


def _contractregels(
    plan: Ondersteuningsplan,
    product: Product,
    samenvatting: ProductSamenvatting,
    contract: tuple[Contractregel, ...],
    today: date,
) -> list[Contractregel]:
    if not samenvatting.productcode:
        return []
    return passend(
        contract,
        gemeente=plan.gemeente,
        aanbieder=plan.aanbieder.agb,
        op=samenvatting.start or today,
        product=product.id,
        code=samenvatting.productcode,
    )


def _resultaten(plan: Ondersteuningsplan, product: str) -> tuple[int, ...]:
    return tuple(sorted({blok.regel for blok in plan.resultaat if blok.regel and blok.product.get(product)}))


def _omvang(
    product: Product, samenvatting: ProductSamenvatting, formaat: Formaat, regels: list[Contractregel]
) -> _Omvang:
    """Volume, unit and frequency, step by step as in plan 9.2."""
    per_keer = product.omvang.grondslag == "per_keer"
    periode_id = samenvatting.frequentie_periode if per_keer else samenvatting.omvang_periode
    periode = formaat.perioden.get(periode_id or "")
    if samenvatting.omvang is None or periode is None or (per_keer and samenvatting.frequentie is None):
        return _Omvang(reden="niet_ingevuld")
    # Only a stay is multiplied with its frequency; elsewhere the frequency counts visits (section 2, fact 2; A-1).
    volume = samenvatting.omvang * (samenvatting.frequentie or 0) if per_keer else samenvatting.omvang
    if periode.frequentie is None:
        return _Omvang(reden="periode_zonder_code", opties=_opties(product, samenvatting, periode, volume))
    if _geheel(volume):
        return _Omvang(int(volume), product.omvang.eenheid, periode.frequentie)
    fijner = product.fijnere_eenheid
    if fijner is not None and _geheel(volume * fijner.factor) and any(fijner.eenheid in r.eenheden for r in regels):
        return _Omvang(int(volume * fijner.factor), fijner.eenheid, periode.frequentie)
    return _Omvang(reden="volume_niet_geheel")


def _geheel(getal: Decimal) -> bool:
    return getal == getal.to_integral_value()


def _opties(
    product: Product, samenvatting: ProductSamenvatting, periode: Periode, per_kwartaal: Decimal
) -> tuple[Optie, ...]:
    """The conversions that the region names for this period, as far as they come out whole (H-7)."""
    opties = []
    if "per_maand_gedeeld_door_3" in periode.opties and _geheel(per_kwartaal / _MAANDEN_PER_KWARTAAL):
        uitleg = "Per maand een derde; wat in één maand mag, ligt dan vast."
        opties.append((int(per_kwartaal / _MAANDEN_PER_KWARTAAL), _PER_MAAND, uitleg))
    kwartalen = _kwartalen(samenvatting)
    if "totaal_over_looptijd" in periode.opties and kwartalen and _geheel(per_kwartaal * kwartalen):
        uitleg = f"In totaal over de looptijd van {kwartalen} kwartalen."
        opties.append((int(per_kwartaal * kwartalen), _TOTAAL, uitleg))
    return tuple(
        Optie(volume=volume, eenheid=product.omvang.eenheid, frequentie=frequentie, uitleg=uitleg)
        for volume, frequentie, uitleg in opties
    )


def _kwartalen(samenvatting: ProductSamenvatting) -> int | None:
    """How many whole quarters the period lasts, or None if it is not a whole number of them."""
    if samenvatting.start and samenvatting.eind:
        maanden = (samenvatting.eind.year - samenvatting.start.year) * 12
        maanden += samenvatting.eind.month - samenvatting.start.month
        for poging in (maanden, maanden + 1):  # 1 January - 31 March and 15 January - 14 April are both one quarter
            if poging and duration.last_day(samenvatting.start, duration.Duur(maanden=poging)) == samenvatting.eind:
                return poging // _MAANDEN_PER_KWARTAAL if poging % _MAANDEN_PER_KWARTAAL == 0 else None
        return None
    duur = duration.from_words(samenvatting.duur or "")
    if duur is None or duur.dagen or duur.maanden % _MAANDEN_PER_KWARTAAL:
        return None
    return duur.maanden // _MAANDEN_PER_KWARTAAL


def _ingangsdatum(samenvatting: ProductSamenvatting, today: date) -> tuple[date | None, Reden | None]:
    if samenvatting.start is None:
        return None, "start_ontbreekt"
    return (None, "start_voorbij") if samenvatting.start < today else (samenvatting.start, None)


def einddatum_bij(samenvatting: ProductSamenvatting, ingangsdatum: date | None) -> date | None:
    """The end of the plan, or the chosen begin + duration - 1 day (plan 9.3, G-19)."""
    if samenvatting.eind is not None:
        return samenvatting.eind
    duur = duration.from_words(samenvatting.duur or "")
    return duration.last_day(ingangsdatum, duur) if duur and ingangsdatum else None


def _reden_eind(samenvatting: ProductSamenvatting, omvang: _Omvang) -> Reden | None:
    """Only per week and in total an end date is needed (CD076; for 6 the gateway asks it)."""
    if duration.from_words(samenvatting.duur or ""):
        return "eind_volgt_uit_ingangsdatum"
    return "eind_ontbreekt" if omvang.frequentie in (None, _PER_WEEK, _TOTAAL) else None


def naar_besluitregel(voorstel: Voorstelregel, nr: int) -> Besluitregel:
    """A draft line with the proposal's values; what is empty there is empty here."""
    return Besluitregel(
        nr=nr,
        resultaat=voorstel.resultaat,
        product=voorstel.product,
        categorie=voorstel.categorie,
        code=voorstel.code,
        volume=voorstel.volume,
        eenheid=voorstel.eenheid,
        frequentie=voorstel.frequentie,
        ingangsdatum=voorstel.ingangsdatum,
        einddatum=voorstel.einddatum,
        aanbieder=voorstel.aanbieder,
    )


_VERGELEKEN = ("categorie", "code", "volume", "eenheid", "frequentie", "ingangsdatum", "einddatum", "aanbieder")


def anders_dan_voorstel(regel: Besluitregel, voorstel: Voorstelregel) -> tuple[str, ...]:
    """Fields in which a decided line differs from a value that was proposed; each deviation is explained (5.11).

    Filling what the proposal left empty is no deviation.
    """
    return tuple(
        veld
        for veld in _VERGELEKEN
        if getattr(voorstel, veld) is not None and getattr(voorstel, veld) != getattr(regel, veld)
    )
