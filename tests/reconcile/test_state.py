"""The state of declarations (reconciliation 5.2, 5.5)."""

from datetime import date

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.reconcile.beoordeling import assess
from gateway.reconcile.state import Effects, State
from tests.reconcile import reference as ref
from tests.reconcile.reference import AANBIEDER, B1, GEMEENTE, bericht, regel, verwerk

PAIR = (GEMEENTE, AANBIEDER)
_DATED = st.tuples(st.dates(date(2025, 1, 1), date(2025, 3, 31)), st.integers(1, 12))
RN200 = regel("RN200", 20072, "02/02A03", "2025-08", 15, "04", 93750)


@given(st.lists(_DATED, max_size=12), st.dates(date(2025, 1, 1), date(2025, 4, 1)))
@settings(max_examples=100)
def test_the_previous_period_does_not_depend_on_arrival(filed: list[tuple[date, int]], asked: date) -> None:
    """TR318 [C17]: the latest month among all declarations dated earlier, in whatever order they arrived."""
    state = State()
    for nr, (dagtekening, maand) in enumerate(filed):
        begin = date(2025, maand, 1)
        state.commit(Effects(pair=PAIR, identificatie=f"M{nr}", processed=True, seq=nr, periode=(dagtekening, begin)))

    earlier = [date(2025, maand, 1) for dagtekening, maand in filed if dagtekening < asked]
    assert state.previous_period(PAIR, asked) == max(earlier, default=None)


def test_a_late_older_version_changes_nothing() -> None:
    """5.5: recorded after a newer one it is inserted in place; what is effective stays."""
    state = ref.stand()
    before = state.toewijzingen[GEMEENTE, 20072].effective
    older = ref.versie(20072, B1, "02/02A03", "2025-07-07..2025-07-31", "3 04 2", vastgesteld="2024-12-01")

    state.record([older])

    assert state.toewijzingen[GEMEENTE, 20072].effective == before
    assert state.toewijzingen[GEMEENTE, 20072].versies[0] == older


def test_a_newer_version_while_a_declaration_is_open() -> None:
    """5.5: the open declaration is judged by the new version, and VERSION_RACE protects the sender."""
    state = ref.stand()
    no_tariff = msgspec.structs.replace(ref.CONTRACT, tarieven=())
    message = bericht((B1, [RN200]))
    verwerk(state, message, no_tariff)
    state.record([ref.versie(20072, B1, "02/02A03", "2025-07-07..2025-08-15", "3 04 2", vastgesteld="2025-09-08")])

    again = assess(message, state, ref.CONTRACT, date(2025, 9, 5))

    assert again.lines[0].reasons == ("VERSION_RACE",)


def test_a_month_with_two_standing_debits_breaks_i4() -> None:
    """5.2 I4: at most one per key."""
    state = ref.stand()
    line = state.referenties[GEMEENTE, AANBIEDER, "RN100"]
    twin = msgspec.structs.replace(line.prestatie, referentie_nummer="RN100b")
    state.referenties[GEMEENTE, AANBIEDER, "RN100b"] = msgspec.structs.replace(line, prestatie=twin)

    assert "I4 RN100b" in state.broken_invariants()


def test_a_message_that_was_refused_as_a_whole_uses_only_its_name() -> None:
    """1.4.1 [C23]: the register of identifications, and nothing else."""
    state = ref.stand()
    registers = state.declaratienummers.copy(), dict(state.referenties), state.next_seq

    state.commit(Effects(pair=PAIR, identificatie="M9", payload_hash="aa"))

    assert (state.declaratienummers, state.referenties, state.next_seq) == registers
    assert state.identificaties[GEMEENTE, AANBIEDER, "M9"] == {"aa"}


def test_sequence_numbers_go_up() -> None:
    """5.4: every assessed declaration has its place; one that is held keeps it."""
    state = ref.stand()
    first = state.next_seq
    no_tariff = msgspec.structs.replace(ref.CONTRACT, tarieven=())

    held = verwerk(state, bericht((B1, [RN200])), no_tariff)
    verwerk(state, bericht((B1, [regel("RN9", 20076, "06/06A01", "2025-08", 1, "04", 5000)]), identificatie="M2",
                           nummer="D2"))  # fmt: skip
    closed = verwerk(state, bericht((B1, [RN200])))

    assert (held.effects.seq, state.next_seq, closed.effects.seq) == (first, first + 2, first)
