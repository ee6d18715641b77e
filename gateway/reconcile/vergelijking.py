"""Reconciliation A: what was decided against what was ordered (1.2). A municipal control for people [C02].

    result = vergelijk(regels, toewijzingen, today)
    result.verschillen     # A01–A33, sorted

A pure function of decisions, messages, configuration and date; its result never enters a payment decision (OP364).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import msgspec

from gateway.reconcile import orders
from gateway.reconcile.arrangement import Kijker, Termijnen
from gateway.reconcile.beschikkingen import BeschikkingRegel, LineKey
from gateway.reconcile.contract import Contract
from gateway.reconcile.koppeling import Koppeling, Verzoek, koppel
from gateway.reconcile.state import State
from gateway.reconcile.toewijzingen import Key, Toewijzing
from gateway.reconcile.verschillen import Verschil, verschil

_EMPTY = Contract()
_DEFAULTS = Termijnen()


class Vergelijking(msgspec.Struct, frozen=True):
    """All differences, and how many arrangements were compared and found equal."""

    compared: int
    equal: int
    verschillen: tuple[Verschil, ...]


def vergelijk(
    regels: Iterable[BeschikkingRegel],
    toewijzingen: Mapping[Key, Toewijzing],
    today: date,
    *,
    contract: Contract = _EMPTY,
    verzoeken: Sequence[Verzoek] | None = None,
    state: State | None = None,
    retouren: bool = True,
    termijnen: Termijnen = _DEFAULTS,
) -> Vergelijking:
    """Compare every decision line (all versions of it) with every allocation.

    `verzoeken`: the requests known, None if they are not at hand (then A32 is not judged); `state`: what was approved,
    for A31; `retouren`: False if no 302s are at hand at all, so that their absence says nothing (A24); `contract`:
    tariffs for `cents_at_stake`, own codes for A05, working days.
    """
    return _Vergelijker(regels, toewijzingen, today, contract, verzoeken, state, retouren, termijnen).run()


class _Vergelijker:
    def __init__(
        self,
        regels: Iterable[BeschikkingRegel],
        toewijzingen: Mapping[Key, Toewijzing],
        today: date,
        contract: Contract,
        verzoeken: Sequence[Verzoek] | None,
        state: State | None,
        retouren: bool,
        termijnen: Termijnen,
    ) -> None:
        self.retouren = retouren
        self.today, self.contract, self.termijnen, self.state = today, contract, termijnen, state
        self.toewijzingen = dict(sorted(toewijzingen.items()))
        self.verzoeken = verzoeken
        self.versions: dict[LineKey, list[BeschikkingRegel]] = {}
        for regel in sorted(regels, key=lambda r: (r.key, r.besluitmoment)):
            self.versions.setdefault(regel.key, []).append(regel)
        self.regels = [versions[-1] for versions in self.versions.values()]
        self.known = {(v.gemeente, v.aanbieder, v.referentie_aanbieder): v for v in verzoeken or ()}
        requested = [(v.gemeente, v.beschikkingnummer) for v in verzoeken or ()]
        self.kijker = Kijker(self.versions, requested, today, contract, termijnen)

    def run(self) -> Vergelijking:
        koppeling = koppel(self.regels, self.toewijzingen, self.verzoeken or ())
        ambigu = list(self._ambigu(koppeling))
        waiting = frozenset(regel.key for _, candidates in koppeling.ambigu for regel in candidates)
        # A line that is not in force and was never ordered is no comparison; nor is one that waits for a person (A22).
        arrangements = [
            a
            for a in koppeling.arrangements
            if a.toewijzingen or any(regel.is_expected and regel.key not in waiting for regel in a.regels)
        ]
        compared = [list(self.kijker.differences(a, waiting)) for a in arrangements]
        per_order = {key: list(self._order(t)) for key, t in self.toewijzingen.items()}
        together = [
            *orders.stapeling(self.toewijzingen.values(), self.today),
            *orders.volledigheid(self.toewijzingen.values()),
            *self._pgb(),
        ]
        touched = {(v.gemeente, v.toewijzing_nummer) for v in together}
        equal = sum(
            not found and not any(per_order[t.key] or t.key in touched for t in a.toewijzingen)
            for a, found in zip(arrangements, compared, strict=True)
        )
        everything = [*ambigu, *together]
        for found in (*compared, *per_order.values()):
            everything += found
        return Vergelijking(len(compared) + len(ambigu), equal, tuple(sorted(everything, key=_order_of)))

    def _ambigu(self, koppeling: Koppeling) -> Iterator[Verschil]:
        for toewijzing, candidates in koppeling.ambigu:
            decisions = dict.fromkeys(str(regel.beschikkingnummer) for regel in candidates)
            versie = toewijzing.newest
            yield verschil(
                "A22",
                versie.gemeente,
                nummer=versie.toewijzing_nummer,
                field="beschikkingnummer",
                decided=" ".join(decisions),
            )

    def _order(self, toewijzing: Toewijzing) -> Iterator[Verschil]:
        calendar, grace = self.contract.werkdagen, self.termijnen.send_grace_workdays
        sent = orders.verzending(toewijzing, self.today, calendar, grace)
        yield from (v for v in sent if self.retouren or v.kind != "A24")
        yield from orders.versies(toewijzing)
        if self.state is not None:
            yield from orders.geblokkeerd(toewijzing, self.state)
        if self.verzoeken is not None:
            yield from orders.referenties(toewijzing, self.known)
        if not toewijzing.newest.is_removed:
            yield from orders.opbouw(toewijzing.newest)

    def _pgb(self) -> Iterator[Verschil]:
        """A21: a current order where the client has a personal budget for the same product (OP043)."""
        per_client: dict[tuple[str, str], list[BeschikkingRegel]] = {}
        for regel in self.regels:
            if regel.leveringsvorm == "PGB" and regel.status == "ACTIEF":
                per_client.setdefault((regel.gemeente, regel.bsn), []).append(regel)
        for toewijzing in self.toewijzingen.values():
            versie = toewijzing.effective
            if versie is None or not toewijzing.is_current(self.today):
                continue
            for regel in per_client.get((versie.gemeente, versie.bsn), ()):
                shared = regel.looptijd.intersect(versie.looptijd)
                if shared and regel.product == (versie.product_categorie, versie.product_code):
                    yield verschil(
                        "A21",
                        versie.gemeente,
                        nummer=versie.toewijzing_nummer,
                        regel=regel.key,
                        field="einddatum",
                        decided=regel.ingangsdatum - timedelta(days=1),
                        ordered=versie.einddatum,
                        interval=shared,
                    )


def _order_of(v: Verschil) -> tuple[str, ...]:
    return (
        v.severity,
        v.kind,
        f"{v.toewijzing_nummer or 0:09}",
        f"{v.beschikkingnummer or 0:09}/{v.regelnummer or 0:05}",
        str(v.interval or ""),
        v.field or "",
    )
