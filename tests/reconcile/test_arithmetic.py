"""Units, volumes and amounts: every test vector of reconciliation section 2."""

import csv
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import calendar
from gateway.domain.period import Period
from gateway.reconcile import bedragen, eenheden, maxima
from gateway.reconcile.omvang import Omvang

VECTORS = list(csv.DictReader((Path(__file__).parent / "data" / "volumes.csv").read_text().splitlines()))
UNITS = ["01", "04", "14", "16", "82", "83", "84"]


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _period(begin: str, eind: str) -> Period:
    return Period(date.fromisoformat(begin), _date(eind))


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["id"])
def test_volume_vector(row: dict[str, str]) -> None:
    """2.7: maximum per period, maximum in total and the three verdicts, V01–V40."""
    omvang = Omvang(int(row["volume"]), row["eenheid"], row["freq"])
    looptijd, pp = _period(row["ingang"], row["eind"]), _period(row["pp_begin"], row["pp_eind"])
    used, delivered = int(row["used_before"]), eenheden.base(int(row["geleverd"]), row["eenheid_p"])

    per_period = maxima.max_period(omvang, row["cat"], looptijd, pp)
    in_total = maxima.max_total(omvang, looptijd)

    assert str(per_period) == row["max_pp"]
    assert ("" if in_total is None else str(in_total)) == row["max_total"]
    fits = eenheden.fits(omvang.eenheid, row["eenheid_p"])
    assert ("ok" if fits else "9341") == row["tr341"]
    tr321 = ("ok" if delivered <= per_period else "9321") if fits else "-"
    assert tr321 == row["tr321"]
    within = in_total is None or used + delivered <= in_total
    assert (("ok" if within else "9322") if tr321 == "ok" else "-") == row["tr322"]


def test_all_vectors_are_there() -> None:
    """2.7 has forty vectors."""
    assert [row["id"] for row in VECTORS] == [f"V{n:02}" for n in range(1, 41)]


def test_hour_to_minute_is_the_only_conversion() -> None:
    """2.1: of all 49 combinations the equal ones fit, and hours may be declared in minutes."""
    fitting = {(a, p) for a in UNITS for p in UNITS if eenheden.fits(a, p)}

    assert fitting == {(unit, unit) for unit in UNITS} | {("04", "01")}


def test_the_variant_follows_from_the_unit() -> None:
    """1.1: pieces (output) and euros are paid per result, the rest per effort."""
    assert [unit for unit in UNITS if eenheden.variant(unit) == "output"] == ["82", "83"]


def test_sums_are_kept_in_minutes_for_hours() -> None:
    """2.2: only hours are converted; base unit codes follow."""
    assert [eenheden.base(3, unit) for unit in UNITS] == [3, 180, 3, 3, 3, 3, 3]
    assert [eenheden.base_unit(unit) for unit in UNITS] == ["01", "01", "14", "16", "82", "83", "84"]


@pytest.mark.parametrize(
    ("nr", "tarief", "per", "volume", "eenheid", "product_tarief", "bedrag"),
    [
        ("M1", "6250", "04", 15, "04", 6250, 93750),
        ("M2", "6250", "04", 900, "01", 104, 93750),
        ("M3", "6250", "04", 380, "01", 104, 39583),
        ("M4", "6150", "04", 1, "01", 103, 103),
        ("M5", "6150", "04", 5, "01", 103, 513),
        ("M6", "4500", "16", 30, "16", 4500, 135000),
        ("M8", "123.45", "01", 100, "01", 123, 12345),
    ],
)
def test_amount_vector(
    nr: str, tarief: str, per: str, volume: int, eenheid: str, product_tarief: int, bedrag: int
) -> None:
    """2.6, M1–M6 and M8: the printed tariff is rounded, the amount is rounded last (M7 has no tariff: CS339)."""
    unrounded = bedragen.tariff_per(Fraction(tarief), per, eenheid)

    assert unrounded is not None
    assert (bedragen.rounded(unrounded), bedragen.expected_bedrag(unrounded, volume)) == (product_tarief, bedrag), nr


def test_m9_without_a_contract_only_a_band_is_known() -> None:
    """2.6 M9 and TR346: tariff 104 for 380 minutes leaves 39330…39710; 1.4.9 TR418: tariff 105 leaves 39710…40090."""
    assert bedragen.band(104, 380) == (39330, 39710)
    assert bedragen.band(105, 380) == (39710, 40090)
    assert bedragen.band(0, 3) == (0, 2)


def test_a_tariff_per_hour_says_nothing_about_half_days() -> None:
    """TR418: no row for the unit."""
    assert bedragen.tariff_per(Fraction(6250), "04", "16") is None
    assert bedragen.tariff_per(Fraction(104), "01", "04") is None


@given(st.integers(0, 10_000), st.integers(1, 5_000))
def test_the_exact_amount_always_lies_in_the_band(hour_tariff: int, minutes: int) -> None:
    """TR346: the static form never refuses what the contract would approve."""
    unrounded = Fraction(hour_tariff, 60)
    low, high = bedragen.band(bedragen.rounded(unrounded), minutes)

    assert low <= bedragen.expected_bedrag(unrounded, minutes) <= high


@st.composite
def _looptijd(draw: st.DrawFn) -> Period:
    begin = draw(st.dates(date(2024, 1, 1), date(2027, 1, 1)))
    return Period(begin, begin + timedelta(days=draw(st.integers(0, 200))))


def _product_periods(looptijd: Period) -> list[Period]:
    assert looptijd.eind is not None
    found, first = [], looptijd.begin
    while first <= looptijd.eind:
        last = min(calendar.last_of_month(first), looptijd.eind)
        found.append(Period(first, last))
        first = calendar.next_month(first)
    return found


@given(_looptijd(), st.sampled_from(["82", "83"]))
@settings(max_examples=150)
def test_output_per_week_adds_up_to_the_total(looptijd: Period, eenheid: str) -> None:
    """2.5: for output per week the maxima of all periods add up exactly to the maximum over the allocation."""
    omvang = Omvang(7, eenheid, "2")

    per_period = [maxima.max_period(omvang, "02", looptijd, pp) for pp in _product_periods(looptijd)]

    assert sum(per_period) == maxima.max_total(omvang, looptijd)


@given(_looptijd(), st.sampled_from(["1", "4"]))
@settings(max_examples=100)
def test_per_day_and_per_month_add_up_to_the_total(looptijd: Period, frequentie: str) -> None:
    """2.5: for frequencies 1 and 4 TR322 cannot fail where TR321 passed."""
    omvang = Omvang(7, "01", frequentie)

    per_period = [maxima.max_period(omvang, "02", looptijd, pp) for pp in _product_periods(looptijd)]

    assert sum(per_period) == maxima.max_total(omvang, looptijd)


def test_an_open_end_has_no_broken_last_week() -> None:
    """CD076 forbids it, but a period maximum must not depend on it: output per week without an end counts Sundays."""
    omvang, looptijd = Omvang(1, "82", "2"), Period(date(2025, 7, 7))

    assert maxima.max_period(omvang, "02", looptijd, Period(date(2025, 8, 1), date(2025, 8, 31))) == 5
    assert maxima.max_total(omvang, looptijd) is None


def test_words_for_volumes() -> None:
    """Explanations speak of hours and half-days, not of codes."""
    assert eenheden.describe(1, "16") == "1 dagdeel"
    assert eenheden.describe(30, "16") == "30 dagdelen"
    assert Omvang(3, "04", "2").in_words() == "3 uur per week"
    assert str(Omvang(3, "04", "2")) == "3 × 04, frequentie 2"
