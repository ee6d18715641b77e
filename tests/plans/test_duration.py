"""Durations of terms and plans, and what they do to a date."""

from datetime import date

import pytest

from gateway.plans.duration import Duur, add, from_iso, from_words, last_day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P8W", Duur(dagen=56)),
        ("P14D", Duur(dagen=14)),
        ("P6M", Duur(maanden=6)),
        ("P1Y", Duur(maanden=12)),
        ("P", None),
        ("P0D", None),
        ("8W", None),
        ("P8W ", None),
    ],
)
def test_iso_durations_of_terms(text: str, expected: Duur | None) -> None:
    """Plan 8.1, key `termijnen`."""
    assert from_iso(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6 maanden", Duur(maanden=6)),
        (" 26 Weken ", Duur(dagen=182)),
        ("1 jaar", Duur(maanden=12)),
        ("1 maand", Duur(maanden=1)),
        ("0 weken", None),
        ("een half jaar", None),
        ("6 maanden of langer", None),
        ("", None),
    ],
)
def test_durations_in_words_are_understood_or_kept_as_text(text: str, expected: Duur | None) -> None:
    """Plan 5.9, `samenvatting.p.duur`."""
    assert from_words(text) == expected


@pytest.mark.parametrize(
    ("start", "duur", "eind"),
    [
        (date(2026, 5, 1), Duur(maanden=6), date(2026, 10, 31)),
        (date(2026, 5, 1), Duur(dagen=182), date(2026, 10, 29)),
        (date(2024, 2, 29), Duur(maanden=12), date(2025, 2, 27)),
        (date(2026, 1, 31), Duur(maanden=1), date(2026, 2, 27)),
    ],
)
def test_the_last_day_is_start_plus_duration_minus_one(start: date, duur: Duur, eind: date) -> None:
    """Plan 9.3, Einddatum."""
    assert last_day(start, duur) == eind


def test_past_the_last_year_there_is_no_day() -> None:
    """A plan with an absurd date is a finding elsewhere, never an overflow."""
    assert add(date(9999, 12, 1), Duur(maanden=6)) is None
    assert last_day(date(9999, 12, 31), Duur(dagen=1)) is None
