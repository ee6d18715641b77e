"""The checks of plan 6. The same ones run on screen, at receipt of a document and in the program interface."""

from collections.abc import Collection, Iterable
from datetime import date

from gateway.domain.findings import Finding, Severity
from gateway.plans.checks.aandacht import (
    bsn_in_vrije_tekst,
    productcode_in_contract,
    som_uren_gelijk_samenvatting,
    start_in_verleden,
)
from gateway.plans.checks.basis import Controle, Vraag
from gateway.plans.checks.grenzen import veldgrenzen
from gateway.plans.checks.ingevuld import verplichte_velden
from gateway.plans.checks.ondertekend import aanbieder_getekend, client_getekend_of_reden, datum_plan_geldig
from gateway.plans.checks.samenhang import (
    arrangement_eigen_heeft_blok,
    blok_verwijst_naar_arrangement,
    duur_past_bij_start_eind,
    eind_of_duur,
    elders_heeft_geen_blok,
    periode_gekozen,
    product_in_blok_heeft_samenvatting,
    samenvatting_heeft_product_in_blok,
    start_voor_eind,
)
from gateway.plans.contract import Contractregel
from gateway.plans.formaat.model import Fase, Formaat
from gateway.plans.model import Ondersteuningsplan

CONTROLES: dict[str, Controle] = {
    controle.__name__: controle
    for controle in (
        verplichte_velden,
        veldgrenzen,
        arrangement_eigen_heeft_blok,
        blok_verwijst_naar_arrangement,
        elders_heeft_geen_blok,
        product_in_blok_heeft_samenvatting,
        samenvatting_heeft_product_in_blok,
        start_voor_eind,
        eind_of_duur,
        periode_gekozen,
        aanbieder_getekend,
        client_getekend_of_reden,
        datum_plan_geldig,
        som_uren_gelijk_samenvatting,
        duur_past_bij_start_eind,
        productcode_in_contract,
        start_in_verleden,
        bsn_in_vrije_tekst,
    )
}
# Event 13 (plan_gereed) asks for everything but the signatures and what replaces one.
HANDTEKENING_CONTROLES = frozenset({"aanbieder_getekend", "client_getekend_of_reden"})
_SEVERITY: dict[str, Severity] = {"fout": "error", "waarschuwing": "warning"}


def controleer(
    plan: Ondersteuningsplan,
    formaat: Formaat,
    fase: Fase,
    *,
    vandaag: date,
    contract: Iterable[Contractregel] | None = None,
    zonder: Collection[str] = (),
) -> list[Finding]:
    """Every finding of the checks that the region switched on for `fase`, except those named in `zonder`.

    `code` is the check's id, `path` the field; an error stops the transition of its phase, a warning goes along with
    the plan (plan 6). Without `contract` the checks that need it say nothing.
    """
    register = None if contract is None else tuple(contract)
    return [
        Finding(code=regel.id, severity=_SEVERITY[regel.ernst], message=melding.tekst, path=melding.pad)
        for regel in formaat.regels
        if fase in regel.fase and regel.id not in zonder
        for melding in CONTROLES[regel.id](Vraag(plan, formaat, fase, vandaag, register, regel))
    ]


__all__ = ["CONTROLES", "HANDTEKENING_CONTROLES", "controleer"]
