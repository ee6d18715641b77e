"""The state as one message sees it while it is assessed: what was, plus what its own earlier lines did (1.4.3, 5.3)."""

from collections.abc import Sequence

from gateway.reconcile import eenheden
from gateway.reconcile.declaraties import Declaratie, Prestatie
from gateway.reconcile.state import Effects, Geregistreerd, MonthKey, OpenBericht, State, Verbruik, month_key
from gateway.reconcile.toewijzingen import Key, Toewijzing
from gateway.reconcile.uitslag import Outcome


class Werkstand:
    """A `State` that is only read, under the changes of one message, which can be thrown away or committed."""

    def __init__(self, state: State, declaratie: Declaratie) -> None:
        self._state = state
        self._declaratie = declaratie
        self.pair = declaratie.pair
        own = state.open.get((*self.pair, declaratie.identificatie))
        self.seq = own.seq if own else state.next_seq
        self._references: dict[str, Geregistreerd] = {}
        self._verbruik: dict[Key, Verbruik] = {}
        self._by_month: dict[MonthKey, str | None] = {}
        self._zero_by_month: dict[MonthKey, str | None] = {}
        self._granted = 0

    def toewijzing(self, nummer: int) -> Toewijzing | None:
        """The allocation that a line names: (`Header.Ontvanger`, `ToewijzingNummer`)."""
        return self._state.toewijzingen.get((self.pair[0], nummer))

    def referentie(self, nummer: str) -> Geregistreerd | None:
        """The line with this ReferentieNummer of the provider, earlier lines of this message included."""
        return self._references.get(nummer) or self._state.referenties.get((*self.pair, nummer))

    def is_reference_used(self, nummer: str) -> bool:
        """True if the number is taken, by an assessed line or by an earlier open message (TR314, 5.4)."""
        return self._is_held(nummer) or self.referentie(nummer) is not None

    def waits(self, prestatie: Prestatie) -> bool:
        """True if an earlier open message holds this line's allocation, or the line it credits (5.4)."""
        credits = prestatie.vorig_referentie_nummer
        return self._is_held(prestatie.toewijzing_nummer) or (credits is not None and self._is_held(credits))

    def _is_held(self, what: int | str) -> bool:
        return self._state.is_held(self.pair, what, self.seq)

    def verbruik(self, nummer: int) -> Verbruik:
        """What approved lines use of an allocation."""
        key = (self.pair[0], nummer)
        return self._verbruik.get(key) or self._state.verbruik.get(key) or Verbruik()

    def standing_debit(self, prestatie: Prestatie) -> str | None:
        """ReferentieNummer of the approved, uncredited debit with an amount for this key (TR389)."""
        return _layered(self._by_month, self._state.by_month, month_key(self.pair[0], prestatie))

    def released_volume(self, prestatie: Prestatie) -> int:
        """Volume of an approved line of amount 0 whose place this debit would take (5.3) [C24]."""
        zero = self._zero_line(prestatie)
        return self._counted(zero.prestatie) if zero else 0

    def _zero_line(self, prestatie: Prestatie) -> Geregistreerd | None:
        nummer = _layered(self._zero_by_month, self._state.zero_by_month, month_key(self.pair[0], prestatie))
        return self.referentie(nummer) if nummer is not None else None

    def _counted(self, prestatie: Prestatie) -> int:
        """The line's volume in the base unit; 0 on an allocation without Omvang (5.2)."""
        toewijzing = self.toewijzing(prestatie.toewijzing_nummer)
        if toewijzing is None or not toewijzing.heeft_omvang:
            return 0
        return eenheden.base(prestatie.geleverd_volume, prestatie.eenheid)

    def register(self, prestatie: Prestatie, outcome: Outcome, codes: tuple[str, ...] = ()) -> None:
        """Note one line with its outcome and book what an approval uses or frees (5.3)."""
        if outcome is Outcome.APPROVED:
            (self._book_credit if prestatie.is_credit else self._book_debit)(prestatie)
        if not self.is_reference_used(prestatie.referentie_nummer):  # the first line keeps the number [C11]
            self._references[prestatie.referentie_nummer] = Geregistreerd(
                prestatie=prestatie, outcome=outcome, codes=codes, seq=self.seq
            )

    def _book_debit(self, p: Prestatie) -> None:
        key = month_key(self.pair[0], p)
        zero = self._zero_line(p)
        if zero is not None:
            self._change(zero, replaced=True)
            self._add(p.toewijzing_nummer, -self._counted(zero.prestatie), 0, -1)
            self._zero_by_month[key] = None
        (self._by_month if p.bedrag else self._zero_by_month)[key] = p.referentie_nummer
        self._add(p.toewijzing_nummer, self._counted(p), p.bedrag, 1)

    def _book_credit(self, p: Prestatie) -> None:
        debit = self.referentie(p.vorig_referentie_nummer or "")
        if debit is None:
            raise ValueError("a credit without its debit cannot be approved (TR323)")
        self._change(debit, credited_by=p.referentie_nummer)
        self._by_month[month_key(self.pair[0], debit.prestatie)] = None
        self._add(p.toewijzing_nummer, -self._counted(debit.prestatie), -debit.prestatie.bedrag, -1)

    def _change(self, line: Geregistreerd, *, credited_by: str | None = None, replaced: bool = False) -> None:
        self._references[line.prestatie.referentie_nummer] = Geregistreerd(
            prestatie=line.prestatie,
            outcome=line.outcome,
            codes=line.codes,
            seq=line.seq,
            credited_by=credited_by or line.credited_by,
            replaced=replaced or line.replaced,
        )

    def _add(self, nummer: int, volume: int, amount: int, debits: int) -> None:
        before = self.verbruik(nummer)
        self._granted += amount
        self._verbruik[self.pair[0], nummer] = Verbruik(
            before.used_volume + volume, before.used_amount + amount, before.open_debits + debits
        )

    def effects(self, payload_hash: str, *, held: bool) -> Effects:
        """Everything to commit; a held message only keeps its place and its numbers (5.4)."""
        d = self._declaratie
        place = OpenBericht(
            seq=self.seq,
            payload_hash=payload_hash,
            referenties=frozenset(p.referentie_nummer for p in d.prestaties),
            toewijzingen=frozenset(p.toewijzing_nummer for p in d.prestaties),
        )
        return Effects(
            pair=self.pair,
            identificatie=d.identificatie,
            payload_hash=payload_hash,
            processed=True,
            declaratie_nummer=d.declaratie_nummer,
            periode=(d.declaratie_dagtekening, d.declaratie_periode.begin),
            seq=self.seq,
            open=place if held else None,
            referenties={} if held else self._references,
            verbruik={} if held else self._verbruik,
            by_month={} if held else self._by_month,
            zero_by_month={} if held else self._zero_by_month,
            granted=0 if held else self._granted,
        )


def boek(
    state: State, declaratie: Declaratie, outcomes: Sequence[tuple[Outcome, tuple[str, ...]]], payload_hash: str = ""
) -> tuple[Effects, tuple[str, ...]]:
    """The effects of a declaration as it was decided, whatever the rules would say now (5.6).

    `outcomes` in document order. Also returns the credits whose debit is not known: nothing can be taken back for
    them, because the debit was never booked here either.
    """
    stand = Werkstand(state, declaratie)
    loose = []
    decided = list(zip(declaratie.prestaties, outcomes, strict=True))
    for p, (outcome, codes) in sorted(decided, key=_processing_order):
        unknown = p.is_credit and stand.referentie(p.vorig_referentie_nummer or "") is None
        if outcome is Outcome.APPROVED and unknown:
            loose.append(p.referentie_nummer)
            outcome = Outcome.NOT_ASSESSED
        stand.register(p, outcome, codes)
    return stand.effects(payload_hash, held=False), tuple(loose)


def _processing_order(item: tuple[Prestatie, tuple[Outcome, tuple[str, ...]]]) -> int:
    """Credits, debits, then the lines of refused clients; each in document order (S4, S5)."""
    p, (outcome, _) = item
    return 2 if outcome is Outcome.NOT_ASSESSED else 0 if p.is_credit else 1


def _layered(changes: dict[MonthKey, str | None], below: dict[MonthKey, str], key: MonthKey) -> str | None:
    return changes[key] if key in changes else below.get(key)
