"""Orders against starts and stops (reconciliation 1.3): states, B01–B13."""

from datetime import date
from typing import Any

import msgspec
import pytest

from gateway.berichten import basis, wmo305, wmo307
from gateway.domain.period import Period
from gateway.reconcile import toewijzingen as t
from gateway.reconcile.leveringen import Melding, Toestand, leveringen, meldingen_uit
from gateway.reconcile.toewijzingen import ToewijzingVersie
from gateway.reconcile.verschillen import SOORTEN, Verschil
from gateway.reconcile.voortgang import approved_months, voortgang
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, dag, versie

ORDER = versie(1, B1, "02/02A03", "2025-07-07..2025-09-07", "3 04 2", vastgesteld="2025-07-01")
KEY = (ref.GEMEENTE, 1)


def start(begin: str = "2025-07-10", **fields: Any) -> Melding:
    """A start, reported on its own day."""
    values: dict[str, Any] = {
        "gemeente": ref.GEMEENTE,
        "toewijzing_nummer": 1,
        "bsn": B1,
        "product_categorie": "02",
        "product_code": "02A03",
        "begindatum": dag(begin),
        "dagtekening": dag(begin),
    }
    return Melding(**{**values, **fields})


def stop(end: str, reden: str, begin: str = "2025-07-10", **fields: Any) -> Melding:
    return start(begin, **{"einddatum": dag(end), "reden": reden, "dagtekening": dag(end), **fields})


def look(
    items: list[Melding], today: str, orders: tuple[ToewijzingVersie, ...] = (ORDER,), **options: Any
) -> list[Verschil]:
    return list(voortgang(t.toewijzingen(orders), leveringen(items), dag(today), **options))


def kinds(*args: Any, **options: Any) -> list[str]:
    return [v.kind for v in look(*args, **options)]


@pytest.mark.parametrize(
    ("items", "toestand"),
    [
        ([], Toestand.NONE),
        ([start()], Toestand.RUNNING),
        ([start(), stop("2025-08-01", "20")], Toestand.PAUSED),
        ([start(), stop("2025-08-01", "20"), stop("2025-08-01", "23")], Toestand.ENDED),
        ([start(), stop("2025-08-01", "23")], Toestand.ENDED),
        ([start(), stop("2025-08-01", "20"), start("2025-08-11")], Toestand.RUNNING),
        ([start(), stop("2025-08-01", "23"), start("2025-08-11")], Toestand.RUNNING),
        ([start(), start(status="3")], Toestand.NONE),
        ([start(), stop("2025-08-01", "20"), stop("2025-08-01", "20", status="3")], Toestand.RUNNING),
        ([start(), start(status="3"), start(dagtekening=dag("2025-07-15"))], Toestand.RUNNING),
    ],
)
def test_states_of_a_delivery(items: list[Melding], toestand: Toestand) -> None:
    """1.3.2: NONE, RUNNING, PAUSED, ENDED; what was deleted counts as never sent."""
    for order in (items, list(reversed(items))):
        found = leveringen(order).get(KEY)
        assert (found.toestand if found else Toestand.NONE) is toestand


def test_spells_run_from_a_start_to_its_first_stop() -> None:
    """1.3.2: a pause ends a spell, a new start begins one."""
    found = leveringen([start(), stop("2025-08-01", "20"), stop("2025-08-05", "23"), start("2025-08-11")])[KEY]

    assert found.spells() == (Period(dag("2025-07-10"), dag("2025-08-01")), Period(dag("2025-08-11")))


def test_a_delivery_without_remarks() -> None:
    """1.3.3 example: started, paused, stopped in time; no difference."""
    items = [start(), stop("2025-08-01", "20"), stop("2025-08-01", "23")]

    assert look(items, "2025-09-05") == []


@pytest.mark.parametrize(
    ("today", "expected"),
    [("2025-08-04", []), ("2025-08-05", ["B01"]), ("2025-09-07", ["B01"]), ("2025-09-08", [])],
)
def test_b01_no_start(today: str, expected: list[str]) -> None:
    """B01: more than twenty working days after the begin, while the order runs."""
    assert kinds([], today) == expected


def test_b01_counts_from_the_order_if_that_came_later() -> None:
    """B01: an order with a begin in the past."""
    late = msgspec.structs.replace(ORDER, verzendingen=(t.Verzending("M1", dag("2025-08-01")),))

    assert kinds([], "2025-08-20", (late,)) == []


@pytest.mark.parametrize(("today", "expected"), [("2025-09-12", []), ("2025-09-15", ["B02"])])
def test_b02_no_stop_at_the_end(today: str, expected: list[str]) -> None:
    """B02 (OP288): a stop is due at the planned end too, also while paused."""
    assert kinds([start()], today) == expected
    assert kinds([start(), stop("2025-08-01", "20")], today) == expected


@pytest.mark.parametrize(
    ("change", "today", "expected"),
    [
        ({"reden_wijziging": "13", "einddatum": date(2025, 7, 7)}, "2025-08-08", []),
        ({"reden_wijziging": "13", "einddatum": date(2025, 7, 7)}, "2025-08-11", ["B03"]),
        ({"einddatum": date(2025, 8, 3)}, "2025-08-11", ["B03"]),
        ({"einddatum": date(2025, 8, 31)}, "2025-08-11", []),
    ],
)
def test_b03_no_stop_after_withdrawal(change: dict[str, Any], today: str, expected: list[str]) -> None:
    """B03: removed or shortened on 1 August, and still running after five working days."""
    changed = msgspec.structs.replace(
        ORDER, toewijzingsdatum=dag("2025-08-01"), verzendingen=(t.Verzending("M2", dag("2025-08-01")),), **change
    )

    assert kinds([start()], today, (ORDER, changed)) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([start("2025-07-06")], ["B04"]),
        ([start("2025-07-07")], []),
        ([start("2025-07-10"), stop("2025-09-07", "23")], []),
        ([start("2025-09-08")], ["B05"]),
        ([start(), stop("2025-09-08", "23")], ["B06"]),
        ([start(product_code="02A05")], ["B07"]),
        ([start(toewijzing_ingangsdatum=dag("2025-07-08"))], ["B08"]),
        ([start(toewijzing_ingangsdatum=dag("2025-07-07"))], []),
        ([start(dagtekening=dag("2025-07-17"))], []),
        ([start(dagtekening=dag("2025-07-18"))], ["B10"]),
        ([start(), stop("2025-08-01", "23", dagtekening=dag("2025-08-11"))], ["B10"]),
        ([start(), stop("2025-08-01", "20"), stop("2025-08-05", "23", dagtekening=dag("2025-09-01"))], []),
    ],
)
def test_b04_to_b10_items(items: list[Melding], expected: list[str]) -> None:
    """B04–B08, B10: dates, product, lateness; a final stop after a pause has no known term."""
    assert kinds(items, "2025-09-05") == expected


def test_b04_of_a_removed_order_is_held_against_what_was_ordered() -> None:
    """A removed version has no period of its own."""
    removed = msgspec.structs.replace(
        ORDER, toewijzingsdatum=dag("2025-08-01"), reden_wijziging="13", einddatum=ORDER.ingangsdatum
    )

    assert kinds([start(), stop("2025-08-01", "23")], "2025-09-05", (ORDER, removed)) == []


@pytest.mark.parametrize(("reden", "expected"), [("36", []), ("23", ["B09"])])
def test_b09_reason(reden: str, expected: list[str]) -> None:
    """B09: a change for reason 05 is followed by a stop for reason 36."""
    changed = msgspec.structs.replace(
        ORDER, toewijzingsdatum=dag("2025-07-20"), einddatum=dag("2025-08-01"), reden_wijziging="05"
    )

    assert kinds([start(), stop("2025-08-01", reden)], "2025-09-05", (ORDER, changed)) == expected


def test_b11_declared_while_not_running() -> None:
    """B11: August is approved; delivery stopped in July."""
    items, months = [start(), stop("2025-07-20", "23")], {KEY: frozenset({202507, 202508})}

    (found,) = look(items, "2025-09-05", approved_months=months)

    assert (found.kind, found.ordered) == ("B11", "2025-08")


@pytest.mark.parametrize(
    ("today", "months", "expected"),
    [
        ("2025-11-15", [], []),  # August, September, October
        ("2025-12-01", [], ["B12"]),
        ("2025-12-01", [202508], []),
        ("2026-01-01", [202508], ["B12"]),
    ],
)
def test_b12_running_without_declaration(today: str, months: list[int], expected: list[str]) -> None:
    """B12: more than three full months without an approved line."""
    longer = msgspec.structs.replace(ORDER, einddatum=dag("2026-12-31"))

    found = kinds([start()], today, (longer,), approved_months={KEY: frozenset(months)})

    assert found == expected


@pytest.mark.parametrize(("today", "expected"), [("2025-10-30", []), ("2025-10-31", ["B13"])])
def test_b13_a_long_pause(today: str, expected: list[str]) -> None:
    """B13: paused for more than ninety days."""
    longer = msgspec.structs.replace(ORDER, einddatum=dag("2026-12-31"))

    assert kinds([start(), stop("2025-08-01", "20")], today, (longer,)) == expected


def test_months_from_the_state() -> None:
    """The approved months of 1.4.4."""
    found = approved_months(list(ref.stand().by_month))

    assert found[ref.GEMEENTE, 20072] == {202507}


def test_a_rejected_order_is_not_followed() -> None:
    """Only allocations with an effective version."""
    rejected = msgspec.structs.replace(
        ORDER, verzendingen=(t.Verzending("M1", dag("2025-07-01"), t.Antwoord301.REJECTED),)
    )

    assert kinds([], "2025-09-05", (rejected,)) == []


def test_items_from_messages() -> None:
    """The named constructor; an item without a number belongs to the taakgerichte variant (IV096)."""
    header = {
        "bericht_versie": 3,
        "bericht_subversie": 2,
        "afzender": ref.AANBIEDER,
        "ontvanger": ref.GEMEENTE,
        "bericht_identificatie": basis.BerichtIdentificatie(identificatie="S1", dagtekening=dag("2025-07-10")),
        "xsd_versie": ref.XSD,
    }
    person = {
        "bsn": B1,
        "geboortedatum": basis.Geboortedatum(datum=dag("1950-01-01")),
        "geslacht": "0",
        "naam": basis.VerkorteNaam(geslachtsnaam=basis.Achternaam(achternaam="Test")),
    }
    item: dict[str, Any] = {
        "toewijzing_nummer": 1,
        "product": basis.Product(categorie="02", code="02A03"),
        "begindatum": dag("2025-07-10"),
        "status_aanlevering": "1",
    }
    task = {**item, "toewijzing_nummer": None, "product": None}
    starts = tuple(wmo305.StartProduct(**fields) for fields in (item, task))
    stops = (wmo307.StopProduct(**item, reden_beeindiging="20", einddatum=dag("2025-07-10")),)

    started = wmo305.Bericht(
        header=wmo305.Header(bericht_code="418", **header),  # type: ignore[arg-type]
        client=wmo305.Client(**person, start_producten=starts),  # type: ignore[arg-type]
    )
    stopped = wmo307.Bericht(
        header=wmo307.Header(bericht_code="420", **header),  # type: ignore[arg-type]
        client=wmo307.Client(**person, stop_producten=stops),  # type: ignore[arg-type]
    )

    assert meldingen_uit(started) == (start(),)
    assert meldingen_uit(stopped) == (stop("2025-07-10", "20"),)


def test_thirteen_kinds() -> None:
    """1.3.3."""
    assert [kind for kind in SOORTEN if kind[0] == "B"] == [f"B{n:02}" for n in range(1, 14)]
