"""Allocations and versions (reconciliation 1.1)."""

from datetime import date

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.reconcile.toewijzingen import (
    Antwoord301,
    Status,
    Toewijzing,
    ToewijzingVersie,
    Verzending,
    toewijzingen,
    versies_uit_301,
)
from tests.reconcile import reference as ref
from tests.reconcile.reference import B1, B2, versie

KEY = (ref.GEMEENTE, 20072)
FIRST = versie(20072, B1, "02/02A03", "2025-07-07..2025-09-07", "3 04 2", vastgesteld="2025-06-01")
LONGER = versie(20072, B1, "02/02A03", "2025-07-07..2025-12-31", "3 04 2", vastgesteld="2025-07-01")
REMOVED = versie(20072, B1, "02/02A03", "2025-07-07..2025-07-07", "3 04 2", vastgesteld="2025-08-01", reden="13")


def one(*versies: ToewijzingVersie) -> Toewijzing:
    return toewijzingen(versies)[KEY]


@given(st.permutations([FIRST, LONGER, REMOVED]))
def test_versions_are_ordered_by_moment_not_by_arrival(order: list[ToewijzingVersie]) -> None:
    """IV013, OP080: the greatest (Toewijzingsdatum, Toewijzingstijd) is the newest, in whatever order they come."""
    assert one(*order).versies == (FIRST, LONGER, REMOVED)


def test_a_resend_is_the_same_version() -> None:
    """IV013, IV097, IV099: a repeat adds its 301; reason and reference do not count as content."""
    again = msgspec.structs.replace(
        LONGER,
        reden_wijziging="05",
        referentie_aanbieder="R1",
        verzendingen=(Verzending("M2", date(2025, 7, 9)),),
    )

    merged = one(FIRST, LONGER, again)

    assert len(merged.versies) == 2
    assert merged.newest.reden_wijziging is None
    assert [sent.identificatie for sent in merged.newest.verzendingen] == [LONGER.verzendingen[0].identificatie, "M2"]
    assert merged.conflicten == ()


def test_other_content_for_the_same_moment_is_a_conflict() -> None:
    """[C07]: the version recorded first stays."""
    other = msgspec.structs.replace(LONGER, einddatum=date(2025, 11, 30))

    found = one(FIRST, LONGER, other)

    assert (found.newest, found.conflicten) == (LONGER, (other,))


@pytest.mark.parametrize(
    ("reden", "looptijd", "removed"),
    [
        ("13", "2025-07-07..2025-07-07", True),
        (None, "2025-07-07..2025-07-07", False),  # a one-day allocation
        ("01", "2025-07-07..2025-07-07", True),  # history only
        ("01", "2025-07-07..2025-07-08", False),
        ("10", "2025-07-07..2025-07-07", False),
    ],
)
def test_removed_or_one_day(reden: str | None, looptijd: str, removed: bool) -> None:
    """1.1 is_removed: CS335 works in one direction only."""
    assert versie(20072, B1, "02/02A03", looptijd, "3 04 2", reden=reden).is_removed is removed


SENT, ACCEPTED, REJECTED, REFUSED = (
    Antwoord301.UNANSWERED,
    Antwoord301.ACCEPTED,
    Antwoord301.REJECTED,
    Antwoord301.REFUSED,
)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([], Status.DRAFT),
        ([REFUSED], Status.REFUSED),
        ([REJECTED, REFUSED], Status.REJECTED),
        ([REJECTED, SENT], Status.SENT),  # sent again after a rejection
        ([SENT, ACCEPTED], Status.ACCEPTED),
        ([ACCEPTED, REJECTED], Status.ACCEPTED),
    ],
)
def test_the_first_status_that_applies_counts(answers: list[Antwoord301], status: Status) -> None:
    """1.1: ACCEPTED, SENT/OVERDUE, REJECTED, REFUSED, DRAFT."""
    sent = tuple(Verzending(f"M{n}", date(2025, 6, 2), answer) for n, answer in enumerate(answers))

    assert msgspec.structs.replace(FIRST, verzendingen=sent).status(date(2025, 6, 3)) is status


@pytest.mark.parametrize(("today", "status"), [("2025-06-05", Status.SENT), ("2025-06-06", Status.OVERDUE)])
def test_overdue_after_three_working_days(today: str, status: Status) -> None:
    """OP090: sent on Monday 2 June, a 302 is due on Thursday; a later 301 starts the term anew."""
    sent = (Verzending("M2", date(2025, 6, 2)), Verzending("M1", date(2025, 5, 1)))

    assert msgspec.structs.replace(FIRST, verzendingen=sent).status(date.fromisoformat(today)) is status


def test_effective_intended_and_known() -> None:
    """1.1, 1.4.2: rejected is intended, not effective; known is what was sent up to a date."""
    rejected = msgspec.structs.replace(LONGER, verzendingen=(Verzending("M2", date(2025, 7, 2), REJECTED),))
    draft = msgspec.structs.replace(REMOVED, verzendingen=())

    found = one(FIRST, rejected, draft)

    assert (found.effective, found.intended, found.newest) == (FIRST, rejected, draft)
    assert found.known_on(date(2025, 6, 1)) == FIRST
    assert found.known_on(date(2025, 5, 31)) is None
    assert one(draft).effective is None
    assert one(draft).intended is None


@pytest.mark.parametrize(
    ("versies", "day", "current"),
    [
        ([FIRST], "2025-09-07", True),
        ([FIRST], "2025-09-08", False),
        ([FIRST, REMOVED], "2025-07-07", False),
        ([versie(20072, B1, "02/02A03", "2025-07-07..", "3 04 4")], "2099-01-01", True),
    ],
)
def test_current(versies: list[ToewijzingVersie], day: str, current: bool) -> None:
    """1.1 is_current: effective, not removed, not ended."""
    assert one(*versies).is_current(date.fromisoformat(day)) is current


def test_versions_from_a_301_and_back() -> None:
    """The named constructor takes header, client and every product."""
    generic = versie(20080, B1, "", "2025-01-01..2025-12-31", budget=1000000)
    message = ref.bericht_301("T20072", "2025-07-01", LONGER, generic)

    first, second = versies_uit_301(message)

    sent = (Verzending("T20072", date(2025, 7, 1)),)
    assert first == msgspec.structs.replace(LONGER, verzendingen=sent)
    assert second.budget is not None
    assert second.product_categorie is None


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=8))
@settings(max_examples=60)
def test_effective_is_the_newest_that_was_not_rejected(sends: list[tuple[int, int]]) -> None:
    """[C05]: whatever the order of recording and answering."""
    answers = [SENT, ACCEPTED, REJECTED]
    versions = [FIRST, LONGER, REMOVED]
    recorded = [
        msgspec.structs.replace(versions[v], verzendingen=(Verzending(f"M{n}", date(2025, 6, 1), answers[a]),))
        for n, (v, a) in enumerate(sends)
    ]
    if not recorded:
        return

    effective = one(*recorded).effective

    good = [v for v, a in sends if answers[a] is not REJECTED]
    assert (effective and effective.moment) == (versions[max(good)].moment if good else None)


def test_clients_of_a_provider_are_those_of_sent_301s() -> None:
    """5.2 CLIENTS: any version or state that was sent; a draft makes nobody known."""
    state = ref.stand(geschiedenis=False)
    draft = msgspec.structs.replace(versie(30000, ref.ONBEKEND, "02/02A03", "2025-01-01..", "1 04 4"), verzendingen=())
    state.record([draft])

    known = {bsn for _, _, bsn in state.clienten}
    assert known == {B1, B2, ref.B3}
