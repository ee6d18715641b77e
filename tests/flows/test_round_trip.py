"""A whole case through the flows: what each step changes on both sides."""

from gateway.demo import story
from gateway.demo.scene import Scene
from gateway.plans.model import Traject

from .conftest import TO_ORDER, Pair


def traject(pair: Scene) -> Traject:
    found = pair.traject()
    assert found is not None
    return found


def test_the_case_moves_through_its_states(pair: Pair) -> None:
    """Plan 7.1: each step leaves the traject in the state of the table."""
    states = []
    for step in TO_ORDER:
        pair.run(step)
        states.append(traject(pair).toestand)

    assert states == [
        "uitgevraagd",
        "uitgevraagd",
        "uitgevraagd",
        "in_beoordeling",
        "in_beoordeling",
        "beschikt",
        "beschikt",
        "toegewezen",
    ]


def test_an_accepted_order_is_known_on_both_sides(ordered: Pair) -> None:
    """PL-27: only then the provider's plan is ordered; the municipality knows the answer to each line."""
    uitvraag = ordered.uitvraag()
    assert uitvraag is not None

    assert uitvraag.toestand == "toegewezen"
    assert uitvraag.toewijzing_nummer == (1001, 1002)
    assert [k.bericht[-1].retour for k in traject(ordered).toewijzing] == ["aanvaard", "aanvaard"]


def test_start_and_declaration_are_answered_and_the_answers_registered(ordered: Pair) -> None:
    """WMO305 → WMO306, WMO323 → WMO325; the traject is being delivered."""
    ordered.run(story.start, story.declare, story.answer_declaration)

    assert traject(ordered).toestand == "in_uitvoering"
    for soort, status in (("WMO305", "accepted"), ("WMO323", "answered")):
        row = ordered.bericht("aanbieder", soort)
        assert row is not None
        assert row.status == status


def test_every_mail_is_confirmed_by_a_receipt(ordered: Pair) -> None:
    """SM-64: `received` is final for the transport; receipts themselves ask for none (SM-68)."""
    for role in ("gemeente", "aanbieder"):
        with ordered.apps[role].store.view(now=ordered.clock()) as view:
            items = view.outbox.list(limit=1000)
        assert {item.state for item in items if item.kind != "receipt"} == {"received"}
        assert {item.state for item in items if item.kind == "receipt"} == {"submitted"}
        assert {item.sender for item in items if item.kind == "receipt"} == {""}


def test_the_audit_trail_of_both_sides_is_whole(ordered: Pair) -> None:
    """SM-149: every change has its row, and the chain holds."""
    for app in ordered.apps.values():
        with app.store.view(now=ordered.clock()) as view:
            assert view.audit.verify().broken_at is None
            assert view.audit.head().nr > 5


def test_a_step_taken_twice_changes_nothing(ordered: Pair) -> None:
    """A killed run is started again: every step finds its act done."""
    before = [
        len(ordered.sent(role, kind)) for role in ordered.apps for kind in ("plan", "WMO301", "WMO302", "receipt")
    ]
    ordered.run(*TO_ORDER[2:])

    after = [len(ordered.sent(role, kind)) for role in ordered.apps for kind in ("plan", "WMO301", "WMO302", "receipt")]
    assert after == before
