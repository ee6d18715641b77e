"""The four clocks of a message: each moment is one that something proved (9.3)."""

from gateway.demo import story
from gateway.flows.clocks import Clocks, clocks

from .conftest import Pair


def of(pair: Pair, kind: str, role: str = "gemeente") -> Clocks:
    """The clocks of the last message of a kind."""
    item = pair.sent(role, kind)[-1]
    with pair.apps[role].store.view(now=pair.clock()) as view:
        return clocks(view, view.outbox.get(item.id))


def test_a_plan_runs_by_all_four(pair: Pair) -> None:
    """Nothing is known before it happened; the receipt proves that it was delivered as well."""
    pair.run(story.dispatch_plan)
    assert of(pair, "plan") == Clocks()
    pair.send("gemeente")
    handed = of(pair, "plan")
    assert (handed.handed_over, handed.delivered) == (pair.clock(), None)
    pair.later(minutes=5)
    pair.run(story.deliver_plan)
    opened = of(pair, "plan")
    assert opened.handed_over == handed.handed_over
    assert opened.delivered == opened.opened is not None
    assert opened.answered is None
    pair.run(story.fill_in_plan, story.return_plan)
    answered = of(pair, "plan")
    assert answered.answered is not None
    assert answered.answered >= opened.opened


def test_an_order_is_answered_by_its_return_message(ordered: Pair) -> None:
    """WMO301 by WMO302."""
    order = of(ordered, "WMO301")
    assert order.opened is not None
    assert order.answered is not None


def test_a_delivery_report_proves_no_more_than_delivery(pair: Pair) -> None:
    """Table 9.3; an unsigned receipt proves nothing."""
    pair.run(story.dispatch_plan)
    pair.send("gemeente")
    item = pair.sent("gemeente", "plan")[-1]
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        unit.outbox.note(item.id, "receipt", "niet ondertekend")
        unit.outbox.note(item.id, "dsn-delivered", "delivered 2.0.0")
    found = of(pair, "plan")
    assert (found.delivered, found.opened) == (pair.clock(), None)
