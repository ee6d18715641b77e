"""What must hold before a decided line becomes a ToegewezenProduct: the rules of plan 9.4 on lines, and PL-28."""

from collections.abc import Iterable, Iterator
from datetime import date

from gateway.domain.findings import Finding
from gateway.plans.contract import Contractregel, passend
from gateway.plans.model import Besluitregel, Record


class ToegewezenProduct(Record, frozen=True, kw_only=True):
    """The values of one ToegewezenProduct that PL-28 compares, with the receiver of the message."""

    aanbieder: str
    categorie: str | None = None
    code: str | None = None
    volume: int | None = None
    eenheid: str | None = None
    frequentie: str | None = None
    ingangsdatum: date | None = None
    einddatum: date | None = None


# PL-28: product, volume, unit, frequency, begin, end, provider.
PL28_VELDEN = ("aanbieder", "categorie", "code", "volume", "eenheid", "frequentie", "ingangsdatum", "einddatum")


def vergelijk_beschikking(regel: Besluitregel, product: ToegewezenProduct) -> list[Finding]:
    """BESCHIKKING_ONGELIJK for every field in which the order differs from the decision (PL-28)."""
    return [
        Finding(
            code="BESCHIKKING_ONGELIJK",
            severity="error",
            message="De toewijzing zegt iets anders dan het besluit.",
            advice="Maak de toewijzing opnieuw uit het besluit, of neem eerst een ander besluit.",
            path=f"besluit.regel.{regel.nr}.{veld}",
        )
        for veld in PL28_VELDEN
        if getattr(regel, veld) != getattr(product, veld)
    ]


def uit_besluitregel(regel: Besluitregel) -> ToegewezenProduct:
    """The order that says exactly what was decided."""
    return ToegewezenProduct(
        aanbieder=regel.aanbieder or "", **{veld: getattr(regel, veld) for veld in PL28_VELDEN if veld != "aanbieder"}
    )


_PER_PERIODE_EENHEDEN = frozenset({"14", "16", "83", "84"})  # CS338: not per day


def voor_verzending(
    regels: Iterable[Besluitregel],
    *,
    gemeente: str,
    contract: Iterable[Contractregel] | None = None,
    lopend: Iterable[ToegewezenProduct] = (),
) -> list[Finding]:
    """Plan 9.4, as far as it can be judged on decided lines; the message itself is judged by the standard's rules.

    `lopend`: what already runs for this client, any provider (TR302).
    """
    lijst = list(regels)
    register = None if contract is None else tuple(contract)
    findings = [finding for regel in lijst for finding in _regel(regel, gemeente, register)]
    return findings + list(_overlap(lijst, list(lopend)))


def _regel(regel: Besluitregel, gemeente: str, contract: tuple[Contractregel, ...] | None) -> Iterator[Finding]:
    omvang = [regel.volume, regel.eenheid, regel.frequentie]
    if regel.code is None or None in omvang:
        yield _fout("CD041", regel, "code", "Productcode, volume, eenheid en frequentie zijn samen nodig.")
    if regel.ingangsdatum is None:
        yield _fout("PL-4", regel, "ingangsdatum", "De ingangsdatum ontbreekt.")
    if regel.frequentie in ("2", "6") and regel.einddatum is None:
        yield _fout("CD076", regel, "einddatum", "Bij een omvang per week of in totaal hoort een einddatum.")
    if regel.eenheid in _PER_PERIODE_EENHEDEN and regel.frequentie not in ("2", "4", "6"):
        yield _fout("CS338", regel, "frequentie", "Deze eenheid gaat per week, per maand of in totaal.")
    if regel.ingangsdatum and regel.einddatum and regel.einddatum < regel.ingangsdatum:
        yield _fout("CS003", regel, "einddatum", "De einddatum ligt voor de ingangsdatum.")
    if contract is not None and regel.code and not _in_contract(regel, gemeente, contract):
        yield _fout(
            "TR381", regel, "code", "Deze code hoort volgens het contract niet bij deze categorie of aanbieder."
        )


def _in_contract(regel: Besluitregel, gemeente: str, contract: tuple[Contractregel, ...]) -> bool:
    if regel.ingangsdatum is None:
        return True  # said already
    gevonden = passend(contract, gemeente=gemeente, aanbieder=regel.aanbieder, op=regel.ingangsdatum, code=regel.code)
    return any(r.categorie == regel.categorie and regel.eenheid in r.eenheden for r in gevonden)


def _overlap(regels: list[Besluitregel], lopend: list[ToegewezenProduct]) -> Iterator[Finding]:
    """TR302: one product from one provider never twice on one day."""
    for n, regel in enumerate(regels):
        anderen: list[Besluitregel | ToegewezenProduct] = [*regels[:n], *lopend]
        if any(_zelfde(regel, ander) and _raken(regel, ander) for ander in anderen):
            yield _fout("TR302", regel, "ingangsdatum", "Voor dit product loopt in deze periode al een toewijzing.")


def _zelfde(een: Besluitregel, ander: Besluitregel | ToegewezenProduct) -> bool:
    return (een.aanbieder, een.categorie, een.code) == (ander.aanbieder, ander.categorie, ander.code)


def _raken(een: Besluitregel, ander: Besluitregel | ToegewezenProduct) -> bool:
    if een.ingangsdatum is None or ander.ingangsdatum is None:
        return False
    return een.ingangsdatum <= (ander.einddatum or date.max) and ander.ingangsdatum <= (een.einddatum or date.max)


def _fout(code: str, regel: Besluitregel, veld: str, tekst: str) -> Finding:
    return Finding(code=code, severity="error", message=tekst, path=f"besluit.regel.{regel.nr}.{veld}")
