"""The state that reconciliation C keeps, as values in memory (5.2), with its invariants (5.2 I1–I6).

Every look-up is one dictionary access (or one bisection), so assessing a declaration costs O(lines), whatever the
history (5.1). A store may fill a `State` with just the entries that one message needs and write back the `Effects`.
"""

import bisect
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from gateway.reconcile import eenheden
from gateway.reconcile.declaraties import Declaratie, Prestatie
from gateway.reconcile.toewijzingen import Key, Toewijzing, ToewijzingVersie
from gateway.reconcile.uitslag import Outcome

Pair = tuple[str, str]  # gemeente, aanbieder
Named = tuple[str, str, str]  # gemeente, aanbieder, and a number of the provider's
MonthKey = tuple[str, int, str, str, int]  # gemeente, ToewijzingNummer, ProductCategorie, ProductCode, yyyymm


class Verbruik(msgspec.Struct, frozen=True):
    """What approved lines use of one allocation."""

    used_volume: int = 0  # base unit; stays 0 without Omvang
    used_amount: int = 0  # eurocent
    open_debits: int = 0  # approved debits without a credit (TR385, A31)


class Geregistreerd(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was assessed before (5.2 REF)."""

    prestatie: Prestatie
    outcome: Outcome
    codes: tuple[str, ...] = ()
    seq: int
    credited_by: str | None = None  # ReferentieNummer of the credit
    replaced: bool = False  # an approved line of amount 0 whose place a later debit took [C24]

    @property
    def stands(self) -> bool:
        """An approved debit that is neither credited nor replaced."""
        approved = self.outcome is Outcome.APPROVED and not self.prestatie.is_credit
        return approved and self.credited_by is None and not self.replaced


class OpenBericht(msgspec.Struct, frozen=True, kw_only=True):
    """A 323 that cannot be answered yet and keeps its place (5.4)."""

    seq: int
    payload_hash: str
    referenties: frozenset[str]
    toewijzingen: frozenset[int]

    @property
    def holds(self) -> tuple[int | str, ...]:
        """What later messages wait for: ToewijzingNummers and ReferentieNummers."""
        return (*self.toewijzingen, *self.referenties)


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """All changes of one assessed message, to be committed in one transaction with its 325 (5.3)."""

    pair: Pair
    identificatie: str
    payload_hash: str = ""
    processed: bool = False  # reached S4: numbers and period count as used [C23]
    declaratie_nummer: str | None = None
    periode: tuple[date, date] | None = None  # DeclaratieDagtekening, DeclaratiePeriode.Begindatum
    seq: int | None = None
    open: OpenBericht | None = None  # set: the message stays open, nothing else changes
    referenties: dict[str, Geregistreerd] = {}
    verbruik: dict[Key, Verbruik] = {}
    by_month: dict[MonthKey, str | None] = {}  # None: removed
    zero_by_month: dict[MonthKey, str | None] = {}
    granted: int = 0


class State:
    """Everything of 5.2 for the municipalities of one gateway. Mutable; `commit` and `record` are the only doors."""

    def __init__(self) -> None:
        self.toewijzingen: dict[Key, Toewijzing] = {}
        self.clienten: set[tuple[str, str, str]] = set()  # gemeente, aanbieder, bsn
        self.verbruik: dict[Key, Verbruik] = {}
        self.by_month: dict[MonthKey, str] = {}
        self.zero_by_month: dict[MonthKey, str] = {}
        self.referenties: dict[Named, Geregistreerd] = {}
        self.declaratienummers: set[Named] = set()
        self.identificaties: dict[Named, frozenset[str]] = {}  # -> hashes of what was answered or is open
        self.perioden: dict[Pair, list[tuple[date, date]]] = {}
        self.open: dict[Named, OpenBericht] = {}
        self._held: dict[tuple[str, str, int | str], set[int]] = {}  # by what open messages hold: their seq
        self.granted: dict[Pair, int] = {}
        self.next_seq = 1

    def record(self, versies: Iterable[ToewijzingVersie]) -> None:
        """Record allocation versions, in the order in which they were recorded by the municipality (1.1)."""
        for versie in versies:
            known = self.toewijzingen.get(versie.key)
            self.toewijzingen[versie.key] = known.with_version(versie) if known else Toewijzing((versie,))
            if versie.verzendingen:
                self.clienten.add((versie.gemeente, versie.aanbieder, versie.bsn))

    def is_redelivery(self, declaratie: Declaratie, payload_hash: str) -> bool:
        """True if this very file was answered or is open: to be dropped silently (TR056) [C46]."""
        return bool(payload_hash) and payload_hash in self.identificaties.get(_named(declaratie), frozenset())

    def previous_period(self, pair: Pair, dagtekening: date) -> date | None:
        """The latest DeclaratiePeriode.Begindatum of declarations dated before `dagtekening` (TR318) [C17]."""
        dated = self.perioden.get(pair, [])
        index = bisect.bisect_left(dated, (dagtekening, date.min))
        return dated[index - 1][1] if index else None

    def is_held(self, pair: Pair, what: int | str, before_seq: int) -> bool:
        """Whether an earlier open message of the provider holds this ToewijzingNummer or ReferentieNummer (5.4)."""
        held = self._held.get((*pair, what))
        return held is not None and min(held) < before_seq

    def commit(self, effects: Effects) -> None:
        """Apply all effects of one message. The caller sends the 325 in the same transaction."""
        gemeente, aanbieder = effects.pair
        message = (gemeente, aanbieder, effects.identificatie)
        self.identificaties[message] = self.identificaties.get(message, frozenset()) | {effects.payload_hash}
        if not effects.processed:
            return
        first_time = message not in self.open
        if effects.declaratie_nummer is not None:
            self.declaratienummers.add((gemeente, aanbieder, effects.declaratie_nummer))
        if effects.periode is not None and first_time:
            self._add_period(effects.pair, *effects.periode)
        if effects.seq is not None:
            self.next_seq = max(self.next_seq, effects.seq + 1)
        self._let_go(message)
        if effects.open is not None:
            self._hold(message, effects.open)
        else:
            self._book(effects)

    def _hold(self, message: Named, kept: OpenBericht) -> None:
        self.open[message] = kept
        for what in kept.holds:
            self._held.setdefault((*message[:2], what), set()).add(kept.seq)

    def _let_go(self, message: Named) -> None:
        if (kept := self.open.pop(message, None)) is not None:
            for what in kept.holds:
                held = self._held[(*message[:2], what)]
                held.discard(kept.seq)
                if not held:
                    del self._held[(*message[:2], what)]

    def _book(self, effects: Effects) -> None:
        for referentie, line in effects.referenties.items():
            self.referenties[(*effects.pair, referentie)] = line
        self.verbruik.update(effects.verbruik)
        _update(self.by_month, effects.by_month)
        _update(self.zero_by_month, effects.zero_by_month)
        self.granted[effects.pair] = self.granted.get(effects.pair, 0) + effects.granted

    def _add_period(self, pair: Pair, dagtekening: date, begin: date) -> None:
        """Insert in order of dagtekening, keeping the running maximum; a late arrival mends what follows it."""
        dated = self.perioden.setdefault(pair, [])
        index = bisect.bisect_right(dated, (dagtekening, date.max))
        dated.insert(index, (dagtekening, max(begin, dated[index - 1][1]) if index else begin))
        for later in range(index + 1, len(dated)):
            if dated[later][1] >= begin:
                break
            dated[later] = (dated[later][0], begin)

    def broken_invariants(self) -> tuple[str, ...]:
        """The invariants of 5.2 that do not hold, with their keys; empty when all is well. Costs O(history)."""
        return tuple(_broken(self))

    def canonical(self) -> bytes:
        """The whole state in one sorted form, to compare two folds of one event log (5.6)."""
        parts = [
            sorted(((repr(k), repr(v)) for k, v in mapping.items()))
            for mapping in (
                self.toewijzingen,
                self.verbruik,
                self.by_month,
                self.zero_by_month,
                self.referenties,
                {k: sorted(hashes) for k, hashes in self.identificaties.items()},
                self.perioden,
                {
                    k: (o.seq, o.payload_hash, sorted(o.referenties), sorted(o.toewijzingen))
                    for k, o in self.open.items()
                },
                self.granted,
            )
        ]
        return repr([*parts, sorted(self.clienten), sorted(self.declaratienummers), self.next_seq]).encode()


def _named(declaratie: Declaratie) -> Named:
    return declaratie.gemeente, declaratie.aanbieder, declaratie.identificatie


def _update(target: dict[MonthKey, str], changes: dict[MonthKey, str | None]) -> None:
    for key, referentie in changes.items():
        if referentie is None:
            target.pop(key, None)
        else:
            target[key] = referentie


def month_key(gemeente: str, prestatie: Prestatie) -> MonthKey:
    """The key of which one approved debit may stand (TR389): calendar month, not the exact period [C19]."""
    p = prestatie
    return gemeente, p.toewijzing_nummer, p.product_categorie, p.product_code, p.maand


def _broken(state: State) -> Iterator[str]:
    volume: dict[Key, int] = {}
    amount: dict[Key, int] = {}
    standing: dict[Key, int] = {}
    paid: dict[Pair, int] = {}
    months: dict[MonthKey, str] = {}
    for (gemeente, aanbieder, referentie), line in sorted(state.referenties.items(), key=lambda item: item[0]):
        if line.outcome is not Outcome.APPROVED:
            continue
        p, key = line.prestatie, (gemeente, line.prestatie.toewijzing_nummer)
        toewijzing = state.toewijzingen.get(key)
        sign = -1 if p.is_credit else 1
        amount[key] = amount.get(key, 0) + p.signed
        paid[gemeente, aanbieder] = paid.get((gemeente, aanbieder), 0) + p.signed
        if toewijzing is not None and toewijzing.heeft_omvang and not line.replaced:
            volume[key] = volume.get(key, 0) + sign * eenheden.base(p.geleverd_volume, p.eenheid)
        if line.stands:
            standing[key] = standing.get(key, 0) + 1
            if p.bedrag and months.setdefault(month_key(gemeente, p), referentie) != referentie:
                yield f"I4 {referentie}"
        if p.is_credit:
            debit = state.referenties.get((gemeente, aanbieder, p.vorig_referentie_nummer or ""))
            if debit is None or debit.credited_by != referentie or debit.prestatie.identity() != p.identity():
                yield f"I5 {referentie}"
    yield from _broken_sums(state, volume, amount, standing, paid)
    if months != state.by_month:
        yield "I4 by_month"


def _broken_sums(
    state: State, volume: dict[Key, int], amount: dict[Key, int], standing: dict[Key, int], paid: dict[Pair, int]
) -> Iterator[str]:
    for key in sorted({*volume, *amount, *standing, *state.verbruik}):
        kept = state.verbruik.get(key, Verbruik())
        for name, found, stored in (
            ("I1", volume.get(key, 0), kept.used_volume),
            ("I2", amount.get(key, 0), kept.used_amount),
            ("I3", standing.get(key, 0), kept.open_debits),
        ):
            if found != stored or stored < 0:
                yield f"{name} {key[0]} {key[1]}"
    for pair in sorted({*paid, *state.granted}):
        if paid.get(pair, 0) != state.granted.get(pair, 0):
            yield f"I6 {pair[0]} {pair[1]}"
