"""Records to plain JSON data and back."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.plans.model import (
    Besluit,
    Grond,
    Handtekening,
    Ondersteuningsplan,
    ProductSamenvatting,
    ResultaatBlok,
    Traject,
)
from gateway.plans.plain import from_plain, to_plain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


def test_names_in_json_are_mechanical_camel_case_and_decimals_are_text(plan: Ondersteuningsplan) -> None:
    """PL 5.1: each part of a path in lowerCamelCase, numbers never in binary floating point."""
    plain = to_plain(plan)

    assert plain["resultaat"][0]["urenPerWeek"] == "2"
    assert plain["samenvatting"]["begeleidingGroep"]["omvangPeriode"] == "week"


def test_a_case_survives_the_trip(traject: Traject, plan: Ondersteuningsplan) -> None:
    """What is written is read back equal."""
    assert from_plain(Traject, to_plain(traject)) == (traject, [])
    assert from_plain(Ondersteuningsplan, to_plain(plan)) == (plan, [])


@given(st.decimals(min_value=Decimal("0.01"), max_value=Decimal("9999.99"), places=2), st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_number_and_trimmed_text_survive(number: Decimal, text: str) -> None:
    """Decimals come back equal, text comes back trimmed and composed (NFC)."""
    block = ResultaatBlok(regel=1, uren_per_week=number, formulering=text)

    read, faults = from_plain(ResultaatBlok, to_plain(block))

    assert faults == []
    assert read is not None
    assert read.uren_per_week == number


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_nothing_that_json_can_say_makes_the_reader_raise(raw: object) -> None:
    """Bad input is an answer: either a value or at least one fault."""
    value, faults = from_plain(Ondersteuningsplan, raw)

    assert value is not None or faults


def test_all_faults_are_found_at_once() -> None:
    """Each wrong, missing and unknown field gives its own fault with its path."""
    raw = {"versie": "een", "datumPlan": "2026-02-30", "resultaat": [{"urenPerWeek": True}, 7], "kleur": "rood"}

    value, faults = from_plain(Ondersteuningsplan, raw)

    assert value is None
    assert {(fault.kind, ".".join(fault.path)) for fault in faults} == {
        ("missing", "planId"),
        ("type", "versie"),
        ("type", "datumPlan"),
        ("type", "resultaat.1.urenPerWeek"),
        ("type", "resultaat.2"),
        ("unknown", "kleur"),
    }


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1E+999999", "1E-999999", "9" * 40, 10**40])
def test_a_number_that_cannot_be_written_out_is_refused(number: object) -> None:
    """A number of a few bytes may not fill the memory when it is written out."""
    value, faults = from_plain(ProductSamenvatting, {"omvang": number})

    assert value == ProductSamenvatting()
    assert [fault.expected for fault in faults] == ["getal"]


def test_a_moment_needs_its_offset_and_a_paper_signature_has_only_a_day() -> None:
    """Plan 5.1 and 5.10: `moment` is ISO 8601 with offset; a signature on paper has a date."""
    raw = {"naam": "A", "betekenis": "opgesteld", "wijze": "papier_scan", "versie": 1, "sha256": "0"}

    day, _ = from_plain(Handtekening, {**raw, "op": "2026-03-20"})
    moment, _ = from_plain(Handtekening, {**raw, "op": "2026-03-20T10:00:00Z"})
    local, faults = from_plain(Handtekening, {**raw, "op": "2026-03-20T10:00:00"})

    assert day is not None
    assert day.op == date(2026, 3, 20)
    assert moment is not None
    assert moment.op == datetime(2026, 3, 20, 10, tzinfo=UTC)
    assert local is None
    assert [fault.path for fault in faults] == [("op",)]


def test_deep_nesting_is_a_fault() -> None:
    """A value nested without end stops at the ceiling."""
    raw: dict[str, object] = {"id": "b", "soort": "toekenning", "grond": {"soort": "plan"}}
    raw["regel"] = [[[[]]]]

    _, faults = from_plain(Besluit, raw)

    assert faults
    assert from_plain(Grond, [])[0] is None
