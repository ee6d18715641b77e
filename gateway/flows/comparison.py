"""Beschikkingen against the orders that were sent: a control for people that changes nothing (reconciliation A)."""

from collections.abc import Iterator
from datetime import date

from gateway.domain.zone import AMSTERDAM
from gateway.flows.cases import each_traject
from gateway.flows.history import exchanged
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.plans.model import Besluit, Besluitregel, Traject
from gateway.reconcile.beschikkingen import BeschikkingRegel
from gateway.reconcile.contract import Contract
from gateway.reconcile.historie import uit_berichten
from gateway.reconcile.omvang import Omvang
from gateway.reconcile.vergelijking import Vergelijking, vergelijk
from gateway.store import Unit


def compare(unit: Unit, us: Surroundings, today: date) -> Vergelijking:
    """Every decision that was made known against every order that was sent, by this gateway."""
    contract = us.contract or Contract(eigen_codes=frozenset({us.ourselves.code}))
    state = uit_berichten(
        bericht for code, _ in unit.partners.list(PartnerRecord) for _, bericht in exchanged(unit, code)
    ).state
    return vergelijk(list(_decided(unit)), state.toewijzingen, today, contract=contract, state=state)


def _decided(unit: Unit) -> Iterator[BeschikkingRegel]:
    for traject in each_traject(unit):
        for besluit in traject.besluit:
            if besluit.beschikkingnummer is not None:
                for regel in besluit.regel:
                    yield _regel(traject, besluit, besluit.beschikkingnummer, regel)


def _regel(traject: Traject, besluit: Besluit, nummer: int, regel: Besluitregel) -> BeschikkingRegel:
    """One line as the case-management system would deliver it (1.2.2): already in the codes of the standard."""
    if besluit.genomen_op is None or regel.ingangsdatum is None or traject.client.bsn is None:
        raise ValueError("a beschikking that was made known is complete (PL-4)")
    omvang = None
    if regel.volume is not None and regel.eenheid and regel.frequentie:
        omvang = Omvang(regel.volume, regel.eenheid, regel.frequentie)
    return BeschikkingRegel(
        gemeente=traject.gemeente,
        beschikkingnummer=nummer,
        regelnummer=regel.nr,
        besluitmoment=besluit.genomen_op.astimezone(AMSTERDAM).replace(tzinfo=None),
        status="ACTIEF" if besluit.status == "geldig" else "VERNIETIGD",
        bsn=traject.client.bsn,
        aanbieder=regel.aanbieder,
        categorie=regel.categorie,
        code=regel.code,
        ingangsdatum=regel.ingangsdatum,
        einddatum=regel.einddatum,
        omvang=omvang,
        toewijzing_nummers=tuple(
            k.toewijzing_nummer for k in traject.toewijzing if (k.besluit, k.regel) == (besluit.id, regel.nr)
        ),
    )
