"""Terms that fell due are told once, on the case and in the trail; nothing is refused because of them (PL-57)."""

from datetime import timedelta

from gateway.flows.terms import tell_terms

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
