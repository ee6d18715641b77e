"""Terms that fell due are told once, on the case and in the trail; nothing is refused because of them (PL-57)."""

from datetime import timedelta

import pytest

from gateway.flows.cases import TRAJECT, Plain
from gateway.flows.terms import tell_terms
from gateway.store import Damaged
from tests.damage import alter

from .conftest import Pair


def told(pair: Pair) -> list[str]:
    """What the case was told of its terms."""
    traject = pair.traject()
    assert traject is not None
    return [g.soort for g in traject.gebeurtenis if g.soort.startswith("termijn_")]


def test_a_term_that_passed_is_noted_once(delivered: Pair) -> None:
    """A second look on the same day adds nothing; days without a look are made up for."""
    app, now = delivered.gemeente, delivered.clock()
    assert tell_terms(app.store, app.us, now) == 0
    much_later = now + timedelta(days=120)
    count = tell_terms(app.store, app.us, much_later)
    assert count == len(told(delivered)) > 0
    assert "termijn_verstreken" in told(delivered)
    assert tell_terms(app.store, app.us, much_later) == 0
    assert tell_terms(app.store, app.us, now) == 0


def test_one_case_that_cannot_be_read_keeps_no_other_from_being_told(delivered: Pair) -> None:
    """A bad disk, or a key that is gone: the run fails, so that somebody sees it, but not before the others."""
    app, much_later = delivered.gemeente, delivered.clock() + timedelta(days=120)
    tell_terms(app.store, app.us, delivered.clock())
    with app.store.unit(now=delivered.clock(), actor="test") as unit:
        (known,) = unit.records.list(TRAJECT, Plain)
        for id in ("a-case", "z-case"):
            unit.records.add(TRAJECT, id, known.body | {"id": id}, dossier=id)
        bad = unit.records.get(TRAJECT, "a-case", Plain)
    assert bad is not None
    alter(app.store, "records.body", bad.id)
    with pytest.raises(Damaged, match="1 cases cannot be read"):
        tell_terms(app.store, app.us, much_later)
    with app.store.view(now=much_later) as view:
        cases = [view.records.get(TRAJECT, id, Plain) for id in (known.body["id"], "z-case")]
    counts = [sum(g["soort"].startswith("termijn_") for g in case.body["gebeurtenis"]) for case in cases if case]
    assert counts[0] == counts[1] > 0
