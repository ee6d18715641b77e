"""One arrangement: decision lines and orders that belong together, compared in all respects (1.2.4; A01–A15, A17–A20,
A29, A30).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

import msgspec

from gateway.domain.period import Period
from gateway.reconcile import belang, orders, tijdlijn
from gateway.reconcile.beschikkingen import BeschikkingRegel, LineKey
from gateway.reconcile.contract import Contract
from gateway.reconcile.koppeling import Arrangement
from gateway.reconcile.tijdlijn import Afwijking, Besloten, Besteld, Inhoud
from gateway.reconcile.toewijzingen import ToewijzingVersie
from gateway.reconcile.verschillen import Severity, Verschil, verschil

Product = tuple[str | None, str | None]


class Termijnen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When waiting becomes a difference (1.2.5)."""

    allocation_grace_workdays: int = 5
    send_grace_workdays: int = 1
    expiry_notice_days: int = 28


class Kijker:
    """Compares arrangements: configuration, date, and the versions that decision lines had before."""

    def __init__(
        self,
        versions: Mapping[LineKey, Sequence[BeschikkingRegel]],
        requested: Iterable[tuple[str, int | None]],
        today: date,
        contract: Contract,
        termijnen: Termijnen,
    ) -> None:
        self.versions, self.requested = versions, frozenset(requested)
        self.today, self.contract, self.termijnen = today, contract, termijnen
        self.replaced: dict[tuple[str, Product], list[BeschikkingRegel]] = {}
        for known in versions.values():
            if known[-1].status == "VERVANGEN":
                self.replaced.setdefault((known[-1].bsn, known[-1].product), []).append(known[-1])

    def differences(self, a: Arrangement, waiting: frozenset[LineKey]) -> Iterator[Verschil]:
        """All differences of one arrangement; lines in `waiting` are candidates of an ambiguous match."""
        expected = [regel for regel in a.regels if regel.is_expected]
        intended = [versie for t in a.toewijzingen if (versie := t.intended) is not None]
        actual = [versie for versie in intended if not versie.is_removed]
        yield from self._stacked(expected)
        if not expected:
            yield from self._without_title(a, actual)
        elif not a.toewijzingen:
            yield from (v for regel in expected if regel.key not in waiting for v in self._missing(regel))
        elif not actual:
            yield from self._withdrawn(expected, intended)
        else:
            yield from self._identity(expected, actual)
            yield from self._superseded(expected, actual)
            yield from self._content(expected, actual)
            yield from self._expiring(expected, actual)

    def _missing(self, regel: BeschikkingRegel) -> Iterator[Verschil]:
        """A01, A29: nothing was ordered."""
        is_open = regel.aanbieder is None
        if is_open and (regel.gemeente, regel.beschikkingnummer) not in self.requested:
            yield verschil("A29", regel.gemeente, regel=regel.key, field="aanbieder", interval=regel.looptijd)
            return
        decided_on = regel.besluitmoment.date()
        grace = self.termijnen.allocation_grace_workdays
        in_grace = self.contract.werkdagen.within_workdays(decided_on, grace, self.today)
        if not in_grace or regel.ingangsdatum < self.today:
            yield verschil(
                "A01",
                regel.gemeente,
                regel=regel.key,
                field="toewijzingNummer",
                decided=_granted(regel),
                interval=regel.looptijd,
                cents=self._worth(_decided(regel)),
            )

    def _without_title(self, a: Arrangement, actual: Sequence[ToewijzingVersie]) -> Iterator[Verschil]:
        """A18 if there was a decision once, else A02."""
        withdrawn = [regel for regel in a.regels if regel.leveringsvorm == "ZIN"]
        for versie in actual:
            if not withdrawn:
                yield verschil(
                    "A02",
                    versie.gemeente,
                    nummer=versie.toewijzing_nummer,
                    field="beschikkingnummer",
                    ordered=_ordered(versie),
                    interval=versie.looptijd,
                    cents=self._worth(_besteld(versie)),
                )
                continue
            last = max(withdrawn, key=lambda regel: (_title_until(regel, versie) or date.min, regel.key))
            until = _title_until(last, versie)
            begin = versie.ingangsdatum if until is None else max(versie.ingangsdatum, until + timedelta(days=1))
            if begin <= versie.looptijd.last:
                rest = Period(begin, versie.einddatum)
                yield verschil(
                    "A18",
                    versie.gemeente,
                    nummer=versie.toewijzing_nummer,
                    regel=last.key,
                    field="einddatum",
                    decided=until,
                    ordered=versie.einddatum,
                    interval=rest,
                    cents=self._worth(msgspec.structs.replace(_besteld(versie), periode=rest)),
                )

    def _withdrawn(
        self, expected: Sequence[BeschikkingRegel], intended: Sequence[ToewijzingVersie]
    ) -> Iterator[Verschil]:
        """A17: the order was removed while the decision stands. A draft only: it was never sent (A23)."""
        for versie in intended:
            yield verschil(
                "A17",
                versie.gemeente,
                nummer=versie.toewijzing_nummer,
                regel=expected[0].key,
                field="redenWijziging",
                decided=_granted(expected[0]),
                ordered=versie.reden_wijziging,
                interval=expected[0].looptijd,
                cents=self._worth(_decided(expected[0])),
            )

    def _stacked(self, expected: Sequence[BeschikkingRegel]) -> Iterator[Verschil]:
        """A20: two lines for one product share days and say different things."""
        for i, one in enumerate(expected):
            for two in expected[i + 1 :]:
                shared = one.looptijd.intersect(two.looptijd)
                if one.product == two.product and shared and _decided(one).inhoud != _decided(two).inhoud:
                    yield verschil(
                        "A20",
                        one.gemeente,
                        regel=two.key,
                        field="omvang",
                        decided=_granted(two),
                        ordered=None,
                        sub_kind=f"{one.beschikkingnummer}/{one.regelnummer}",
                        interval=shared,
                    )

    def _identity(self, expected: Sequence[BeschikkingRegel], actual: Sequence[ToewijzingVersie]) -> Iterator[Verschil]:
        """A03–A06 per linked pair; pairs of one product where there are any."""
        for versie in actual:
            product = (versie.product_categorie, versie.product_code)
            same = [regel for regel in expected if regel.product == product]
            if not same:
                yield self._other_product(expected[0], versie)
            for regel in same or expected[:1]:
                yield from self._party(regel, versie)

    def _other_product(self, regel: BeschikkingRegel, versie: ToewijzingVersie) -> Verschil:
        field, decided, ordered = "categorie", regel.categorie, versie.product_categorie
        if decided == ordered:
            field, decided, ordered = "code", regel.code, versie.product_code
        specificity = decided is None or ordered is None
        sub_kind = "SPECIFICITY" if specificity else {"categorie": "CATEGORY", "code": "CODE"}[field]
        return verschil(
            "A06",
            regel.gemeente,
            nummer=versie.toewijzing_nummer,
            regel=regel.key,
            field=field,
            decided=decided,
            ordered=ordered,
            sub_kind=sub_kind,
            interval=versie.looptijd,
        )

    def _party(self, regel: BeschikkingRegel, versie: ToewijzingVersie) -> Iterator[Verschil]:
        if regel.bsn != versie.bsn:  # the numbers themselves stay out of every report
            yield verschil("A03", regel.gemeente, field="bsn", nummer=versie.toewijzing_nummer, regel=regel.key)
        if regel.aanbieder not in (None, versie.aanbieder):
            yield verschil(
                "A04",
                regel.gemeente,
                field="aanbieder",
                decided=regel.aanbieder,
                ordered=versie.aanbieder,
                nummer=versie.toewijzing_nummer,
                regel=regel.key,
            )
        own = self.contract.eigen_codes
        if regel.gemeente != versie.gemeente and not {regel.gemeente, versie.gemeente} <= own:
            yield verschil(
                "A05",
                regel.gemeente,
                field="gemeente",
                decided=regel.gemeente,
                ordered=versie.gemeente,
                nummer=versie.toewijzing_nummer,
                regel=regel.key,
            )

    def _superseded(
        self, expected: Sequence[BeschikkingRegel], actual: Sequence[ToewijzingVersie]
    ) -> Iterator[Verschil]:
        """A19: the order is exactly an older version of a decision, and not the newest."""
        for versie in actual:
            order = _besteld(versie)
            newest = [_decided(regel) for regel in expected]
            if any((d.periode, d.inhoud) == (order.periode, order.inhoud) for d in newest):
                continue
            for regel in expected:
                if any(
                    (old.looptijd, _decided(old).inhoud) == (order.periode, order.inhoud) for old in self._older(regel)
                ):
                    yield verschil(
                        "A19",
                        regel.gemeente,
                        nummer=versie.toewijzing_nummer,
                        regel=regel.key,
                        field="besluitmoment",
                        decided=_granted(regel),
                        ordered=_ordered(versie),
                    )

    def _older(self, regel: BeschikkingRegel) -> list[BeschikkingRegel]:
        return [*self.versions[regel.key][:-1], *self.replaced.get((regel.bsn, regel.product), ())]

    def _content(self, expected: Sequence[BeschikkingRegel], actual: Sequence[ToewijzingVersie]) -> Iterator[Verschil]:
        """A07–A15 per product; products that only one side has are compared with each other."""
        decided: dict[Product, list[Besloten]] = {}
        ordered: dict[Product, list[Besteld]] = {}
        for regel in expected:
            decided.setdefault(regel.product, []).append(_decided(regel))
        for versie in actual:
            ordered.setdefault((versie.product_categorie, versie.product_code), []).append(_besteld(versie))
        for product in [p for p in decided if p in ordered]:
            yield from map(self._told, tijdlijn.vergelijk(decided.pop(product), ordered.pop(product)))
        mine = [stuk for stukken in decided.values() for stuk in stukken]
        theirs = [stuk for stukken in ordered.values() for stuk in stukken]
        if mine and theirs:
            yield from map(self._told, tijdlijn.vergelijk(mine, theirs))
        elif mine:
            yield from (self._told(Afwijking("A09", stuk.periode, stuk, None)) for stuk in mine)
        else:
            yield from (self._told(Afwijking("A10", stuk.periode, None, stuk)) for stuk in theirs)

    def _expiring(self, expected: Sequence[BeschikkingRegel], actual: Sequence[ToewijzingVersie]) -> Iterator[Verschil]:
        """A30: the decision goes on unchanged and the order is about to end (OP380)."""
        for versie in actual:
            order = _besteld(versie)
            if versie.einddatum is None or (versie.omvang is not None and not order.inhoud.is_mergeable):
                continue
            next_day = versie.einddatum + timedelta(days=1)
            going_on = [r for r in expected if r.looptijd.contains(next_day) and _decided(r).inhoud == order.inhoud]
            if going_on and orders.loopt_af(versie, actual, self.today, self.termijnen.expiry_notice_days):
                yield verschil(
                    "A30",
                    versie.gemeente,
                    nummer=versie.toewijzing_nummer,
                    regel=going_on[0].key,
                    field="einddatum",
                    decided=going_on[0].einddatum,
                    ordered=versie.einddatum,
                )

    def _told(self, a: Afwijking) -> Verschil:
        regel = a.decided.regel if a.decided else None
        versie = a.ordered.versie if a.ordered else None
        field, decided, ordered = belang.shown(a)
        severity: Severity | None = "S4" if a.structural else "S3" if a.equivalent else None
        return verschil(
            a.kind,
            regel.gemeente if regel else versie.gemeente if versie else "",
            nummer=versie.toewijzing_nummer if versie else None,
            regel=regel.key if regel else None,
            field=field,
            decided=decided,
            ordered=ordered,
            severity=severity,
            interval=a.periode,
            cents=belang.at_stake(a, self.contract),
            equivalent=a.equivalent,
            structural=a.structural,
        )

    def _worth(self, stuk: Besloten | Besteld) -> int | None:
        return belang.worth(stuk, self.contract)


def _decided(regel: BeschikkingRegel) -> Besloten:
    return Besloten(regel.looptijd, Inhoud(regel.omvang, regel.budget), regel)


def _besteld(versie: ToewijzingVersie) -> Besteld:
    return Besteld(versie.looptijd, Inhoud(versie.omvang, versie.budget), versie)


def _title_until(regel: BeschikkingRegel, versie: ToewijzingVersie) -> date | None:
    """The last day on which a line that is no longer in force gave title; None: it never did.

    A withdrawn line ends on its own `einddatum` if that lies before the order's end, else on the day it was withdrawn.
    An annulled line never gave title; a replaced one until the day it was replaced.
    """
    if regel.status == "VERNIETIGD":
        return None
    if regel.einddatum is not None and regel.einddatum < versie.looptijd.last:
        return regel.einddatum
    return regel.besluitmoment.date()


def _granted(regel: BeschikkingRegel) -> str:
    return belang.words(_decided(regel))


def _ordered(versie: ToewijzingVersie) -> str:
    return belang.words(_besteld(versie))
