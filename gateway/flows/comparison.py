"""Beschikkingen against the orders that were sent: a control for people that changes nothing (reconciliation A)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from gateway import berichten
from gateway.berichten import wmo301
from gateway.domain.zone import AMSTERDAM
from gateway.flows.cases import TRAJECT
from gateway.flows.parties import PartnerRecord, Surroundings
from gateway.plans.model import Besluit, Besluitregel, ToewijzingKoppeling
from gateway.reconcile.beschikkingen import BeschikkingRegel
from gateway.reconcile.contract import Contract
from gateway.reconcile.historie import uit_berichten
from gateway.reconcile.omvang import Omvang
from gateway.reconcile.samenhang import Naam, Samenhang, namen_van_regel, namen_van_versie
from gateway.reconcile.toewijzingen import versies_uit_301
from gateway.reconcile.vergelijking import Vergelijking, vergelijk
from gateway.store import Bericht, Unit

ORDERS: Final = ("WMO301", "WMO302")  # what was approved matters to a draft only (A31), and what was sent is none
_BATCH: Final = 200  # cases and messages at a time
_UNREADABLE: Final = 0  # no row has this number


def compare(unit: Unit, us: Surroundings, today: date, left_out: list[str]) -> Iterator[Vergelijking]:
    """Every decision that was made known against every order that was sent, by this gateway: a few cases at a time.

    The outcome is the sum of the parts. All is read twice, and of what was read first no more is kept than what belongs
    together: there are more cases than memory holds. What cannot be read is named in `left_out`, and nothing that
    belongs with it is compared: its orders would seem to have no decision.
    """
    contract = us.contract or Contract(eigen_codes=frozenset({us.ourselves.code}))
    for group in _batches(_together(unit, left_out).groups()):
        cases = unit.records.bodies(sorted(row for row in group if row > 0), _Decided)
        messages = unit.berichten.xmls(sorted(-row for row in group if row < 0))
        decided = [regel for case in cases.values() for regel in _regels(case)]
        state = uit_berichten(map(berichten.parse, messages.values())).state
        yield vergelijk(decided, state.toewijzingen, today, contract=contract)


def _batches(groups: Iterable[Sequence[int]]) -> Iterator[list[int]]:
    """Small groups together, without those that something unreadable belongs to."""
    batch: list[int] = []
    for group in groups:
        if _UNREADABLE not in group:
            batch += group
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _together(unit: Unit, left_out: list[str]) -> Samenhang:
    """Which cases (their numbers) and messages (minus their numbers) must be compared at once.

    Messages belong to their dossier too, which is the case: so it is known what a case that cannot be read leads to.
    """
    found = Samenhang()
    damaged: list[str] = []
    for case in unit.records.each(TRAJECT, _Decided, damaged):
        names = {("dossier", case.sleutel)}
        try:
            found.add(case.id, names.union(*map(namen_van_regel, _regels(case.body))))
        except ValueError:
            damaged.append(case.sleutel)
    for sleutel in damaged:
        found.add(_UNREADABLE, {("dossier", sleutel)})
    broken: list[Bericht] = []
    partners = {code for code, _ in unit.partners.list(PartnerRecord)}
    for row, xml in unit.berichten.each(ORDERS, partners, broken):
        try:
            found.add(-row.id, _names(row, berichten.parse(xml)))
        except berichten.OngeldigBericht:
            broken.append(row)
    for row in broken:
        found.add(_UNREADABLE, _places(row))
    left_out += [f"{TRAJECT} {sleutel}" for sleutel in damaged] + [f"{row.soort} {row.identificatie}" for row in broken]
    return found


def _names(row: Bericht, bericht: Any) -> set[Naam]:
    if isinstance(bericht, wmo301.Bericht):
        return _places(row).union(*map(namen_van_versie, versies_uit_301(bericht)))
    return _places(row)


def _places(row: Bericht) -> set[Naam]:
    """What a message belongs with as far as the register itself tells: an answer with what it answers."""
    places: set[Naam] = {("bericht", row.antwoord_op or row.id)}
    return places if row.dossier is None else places | {("dossier", row.dossier)}


class _Of(msgspec.Struct, frozen=True):
    """Of a client no more than the comparison needs."""

    bsn: str | None = None


class _Decided(msgspec.Struct, frozen=True):
    """Of a case no more than the comparison needs: reading all of it costs ten times as much."""

    gemeente: str
    client: _Of
    besluit: tuple[Besluit, ...] = ()
    toewijzing: tuple[ToewijzingKoppeling, ...] = ()


def _regels(traject: _Decided) -> Iterator[BeschikkingRegel]:
    """The lines of what was made known; ValueError if one is not complete."""
    for besluit in traject.besluit:
        if besluit.beschikkingnummer is not None:
            for regel in besluit.regel:
                yield _regel(traject, besluit, besluit.beschikkingnummer, regel)


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
