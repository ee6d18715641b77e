"""A declaration against its allocations: linear in its lines, blind to the length of the history (5.1)."""

from datetime import date

from gateway.berichten import wmo323
from gateway.reconcile.beoordeling import assess
from gateway.reconcile.declaraties import prestatie_uit
from gateway.reconcile.state import Geregistreerd, State
from gateway.reconcile.uitslag import Outcome
from tests.bench.rows import Row, best_ms
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, bericht, regel, versie

LINES, HISTORY = 2_000, 100_000
_PRODUCT, _YEAR = "02/02A03", "2025-01-01..2025-12-31"


def _state(lines: int, history: int) -> State:
    """Allocations for all lines, and a history of lines and allocations that have nothing to do with them."""
    state = State()
    state.record(versie(nummer, B1, _PRODUCT, _YEAR, "3 04 2") for nummer in range(1, lines + history // 10 + 1))
    old = prestatie_uit(ref.RN100, B1)
    for nummer in range(history):
        state.referenties[ref.GEMEENTE, ref.AANBIEDER, f"H{nummer}"] = Geregistreerd(
            prestatie=old, outcome=Outcome.APPROVED, seq=1
        )
    return state


def _declaration(lines: int) -> wmo323.Bericht:
    found = [regel(f"R{nummer}", nummer, _PRODUCT, "2025-08", 15, "04", 93750) for nummer in range(1, lines + 1)]
    return bericht((B1, found))


def _cost(lines: int, history: int) -> float:
    state, message = _state(lines, history), _declaration(lines)
    assert assess(message, state, ref.CONTRACT, date(2025, 9, 5)).verdict == "approved"
    return best_ms(lambda: assess(message, state, ref.CONTRACT, date(2025, 9, 5)), repeat=7, number=1)


def rows() -> list[Row]:
    once = _cost(LINES, 0)
    return [
        Row(
            name=f"WMO323 of {LINES} lines judged after {HISTORY} earlier lines",
            measured=_cost(LINES, HISTORY),
            reference=once,
            against="the same without any history",
            target=1.5,
        ),
        Row(
            name=f"WMO323 of {2 * LINES} lines judged",
            measured=_cost(2 * LINES, 0),
            reference=once,
            against=f"one of {LINES} lines",
            target=3.0,
        ),
    ]
