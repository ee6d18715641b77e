"""Changed allocations against approved lines (reconciliation 3.5)."""

import pytest

from gateway.reconcile.gevolgen import gevolgen
from gateway.reconcile.toewijzingen import ToewijzingVersie
from gateway.reconcile.verschillen import Verschil
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, B2, bericht, regel, versie, verwerk

RN200 = regel("RN200", 20072, "02/02A03", "2025-08", 15, "04", 93750)
RN205 = regel("RN205", 20075, "02/02A20", "2025-08", 180000, "83", 180000)


def after(nummer: int, *changes: ToewijzingVersie) -> list[Verschil]:
    """What is wrong after July and August were approved and the allocation changed."""
    state = ref.stand()
    verwerk(state, bericht((B1, [RN200]), (B2, [RN205])))
    state.record(changes)
    return list(gevolgen(state, (ref.GEMEENTE, nummer)))


def _summary(found: list[Verschil]) -> list[tuple[object, ...]]:
    return [(v.kind, v.sub_kind, v.decided, v.ordered, v.cents_at_stake) for v in found]


def test_nothing_while_nothing_changed() -> None:
    """3.5: an unchanged allocation, or one that does not exist."""
    assert after(20072) == []
    assert after(99999) == []


def test_the_example_of_a_shortening() -> None:
    """3.5: 20072 to 15 August: RN200 ends later, and 27 hours stand where 18 are allowed."""
    shorter = versie(20072, B1, "02/02A03", "2025-07-07..2025-08-15", "3 04 2", vastgesteld="2025-09-20")

    assert _summary(after(20072, shorter)) == [
        ("R02", "RN200", "2025-08-15", 93750, 93750),
        ("R03", "01", 1080, 1620, None),
    ]


def test_after_the_shortening_the_provider_corrects() -> None:
    """3.5: credit RN200, declare August up to the 15th: 6 hours pass, 9 exceed the total."""
    state = ref.stand()
    verwerk(state, bericht((B1, [RN200])))
    state.record([versie(20072, B1, "02/02A03", "2025-07-07..2025-08-15", "3 04 2", vastgesteld="2025-09-20")])
    credit = regel("RN210", 20072, "02/02A03", "2025-08", 15, "04", 93750, vorig="RN200")

    def again(hours: int, nr: int) -> tuple[str, ...]:
        part = regel(f"RN21{nr}", 20072, "02/02A03", "2025-08-01..2025-08-15", hours, "04", hours * 6250)
        lines = [part] if nr > 1 else [credit, part]
        message = bericht(
            (B1, lines), identificatie=f"M{nr}", nummer=f"D{nr}", dagtekening="2025-09-25", maand="2025-08"
        )
        return verwerk(state, message).lines[-1].codes

    assert again(9, 1) == ("9322",)
    assert again(6, 2) == ()
    assert gevolgen(state, (ref.GEMEENTE, 20072)) == ()


def test_the_example_of_a_stretching() -> None:
    """3.5: 20075 to the end of the year: the broken week moves to September, 30000 too much in August."""
    longer = versie(20075, B2, "02/02A20", "2025-07-07..2025-12-31", "30000 83 2", vastgesteld="2025-09-20")

    assert _summary(after(20075, longer)) == [("R05", "RN205", 150000, 180000, 30000)]


def test_removed_in_spite_of_approved_lines() -> None:
    """3.5 R01 [C49]: approvals stand; every standing line is named."""
    removed = versie(20072, B1, "02/02A03", "2025-07-07..2025-07-07", "3 04 2", reden="13", vastgesteld="2025-09-20")

    assert [(v.kind, v.sub_kind) for v in after(20072, removed)] == [("R01", "RN100"), ("R01", "RN200")]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (versie(20077, B2, "03/03A03", "2025-03-01..2025-12-31", "40 04 6", vastgesteld="2025-09-20"),
         [("R03", "01", 2400, 3000, None), ("R05", "RN102", 2400, 3000, None)]),
        (versie(20075, B2, "02/02A20", "2025-07-07..2025-09-06", "20000 83 2", vastgesteld="2025-09-20"),
         [("R05", "RN205", 120000, 180000, 60000)]),
        (versie(20076, B1, "06/", "2025-01-01..2025-12-31", budget=250000, vastgesteld="2025-09-20"),
         [("R04", None, 250000, 300000, 50000)]),
    ],
)  # fmt: skip
def test_less_volume_or_budget(changed: ToewijzingVersie, expected: list[tuple[object, ...]]) -> None:
    """3.5 R03, R04: what stands is more than what is now allowed."""
    assert _summary(after(changed.toewijzing_nummer, changed)) == expected
