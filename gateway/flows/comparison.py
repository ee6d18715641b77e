"""Beschikkingen against the orders that were sent: a control for people that changes nothing (reconciliation A)."""

from collections.abc import Iterator
from datetime import date

import msgspec

from gateway.domain.zone import AMSTERDAM
from gateway.flows.cases import TRAJECT
from gateway.flows.history import exchanged
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.plans.model import Besluit, Besluitregel, ToewijzingKoppeling
from gateway.reconcile.beschikkingen import BeschikkingRegel
from gateway.reconcile.contract import Contract
from gateway.reconcile.historie import SOORTEN, uit_berichten
from gateway.reconcile.omvang import Omvang
from gateway.reconcile.vergelijking import Vergelijking, vergelijk
from gateway.store import Damaged, Unit


def compare(unit: Unit, us: Surroundings, today: date) -> Vergelijking:
    """Every decision that was made known against every order that was sent, by this gateway."""
    contract = us.contract or Contract(eigen_codes=frozenset({us.ourselves.code}))
    partners = {code for code, _ in unit.partners.list(PartnerRecord)}
    # What was decided is read first: while the state is made of the messages nothing is asked, and a server ends a
    # transaction that is silent for a minute.
    decided = list(_decided(unit))
    state = uit_berichten(exchanged(unit, partners, SOORTEN)).state
    return vergelijk(decided, state.toewijzingen, today, contract=contract, state=state)


class _Of(msgspec.Struct, frozen=True):
    """Of a client no more than the comparison needs."""

    bsn: str | None = None


class _Decided(msgspec.Struct, frozen=True):
    """Of a case no more than the comparison needs: reading all of it costs ten times as much."""

    gemeente: str
    client: _Of
    besluit: tuple[Besluit, ...] = ()
    toewijzing: tuple[ToewijzingKoppeling, ...] = ()


def _decided(unit: Unit) -> Iterator[BeschikkingRegel]:
    damaged: list[str] = []
    for case in unit.records.each(TRAJECT, _Decided, damaged):
        traject = case.body
        for besluit in traject.besluit:
            if besluit.beschikkingnummer is not None:
                for regel in besluit.regel:
                    yield _regel(traject, besluit, besluit.beschikkingnummer, regel)
    if damaged:
        raise Damaged(f"{len(damaged)} cases cannot be read, the first is {TRAJECT} {damaged[0]}")


def _regel(traject: _Decided, besluit: Besluit, nummer: int, regel: Besluitregel) -> BeschikkingRegel:
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
