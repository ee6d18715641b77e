"""iWmo messages that come in: answered once, whatever comes twice, late, or from the wrong party."""

from typing import Any

import msgspec
import pytest

from gateway import berichten
from gateway.berichten.retour import retour
from gateway.demo import story
from gateway.demo.cast import DAYS, GEMEENTE
from gateway.flows import allocation, delivery
from gateway.flows.cases import happen, occurrence, trajecten
from gateway.flows.dispatch import Refused
from gateway.flows.parties import partner
from gateway.plans.model import Traject

from .conftest import Pair, xml_part


def traject_of(pair: Pair) -> Traject:
    found = pair.traject()
    assert found is not None
    return found


def answer_to(xml: bytes, pair: Pair) -> Any:
    """The return message that says yes, typed."""
    made = retour(xml, today=pair.clock().date()).retour
    assert made is not None
    return made


def changed(bericht: Any, name: str, value: Any) -> Any:
    """A message with one field of its header changed."""
    return msgspec.structs.replace(bericht, header=msgspec.structs.replace(bericht.header, **{name: value}))


def mail(pair: Pair, sender: str, content: bytes | Any) -> bytes:
    """A mail with this message, sealed anew."""
    xml = content if isinstance(content, bytes) else berichten.build(content)
    return pair.seal(sender, xml_part(xml)).raw


# --- orders at the provider


def test_an_order_is_answered_and_its_redelivery_in_another_mail_is_not(allocated: Pair) -> None:
    """IV028, TR056: the same message in another mail had its effect and its answer; only the mail is confirmed."""
    xml = allocated.xml_of("gemeente", "WMO301")
    assert allocated.take_in("aanbieder", mail(allocated, "gemeente", xml)).state == "handled"
    answers = allocated.outgoing("aanbieder").count("WMO302")
    before = allocated.registered("aanbieder")
    assert allocated.take_in("aanbieder", mail(allocated, "gemeente", xml)).state == "handled"

    assert (answers, allocated.outgoing("aanbieder").count("WMO302")) == (1, 1)
    assert allocated.registered("aanbieder") == before
    assert allocated.receipts("aanbieder")[-2:] == ["processed", "processed"]


def test_the_same_order_written_differently_is_the_same_order(allocated: Pair) -> None:
    """TR056: other white space is no other message; there is no second answer."""
    xml = allocated.xml_of("gemeente", "WMO301")
    allocated.take_in("aanbieder", mail(allocated, "gemeente", xml))
    before = allocated.registered("aanbieder")
    other = xml.replace(b"</Header>", b"</Header>\n  ")
    assert allocated.take_in("aanbieder", mail(allocated, "gemeente", other)).state == "handled"
    assert allocated.registered("aanbieder") == before


def test_another_order_under_the_same_name_is_rejected_and_the_first_one_stands(allocated: Pair) -> None:
    """TR056: retour with 9056; at the sender the first message keeps its status."""
    first = allocated.xml_of("gemeente", "WMO301")
    allocated.take_in("aanbieder", mail(allocated, "gemeente", first))
    other: Any = berichten.parse(first)
    other = msgspec.structs.replace(other, client=msgspec.structs.replace(other.client, geslacht="1"))
    assert allocated.take_in("aanbieder", mail(allocated, "gemeente", other)).state == "handled"

    refusal: Any = berichten.parse(allocated.xml_of("aanbieder", "WMO302"))
    assert refusal.header.retour_codes == ("9056",)
    allocated.settle_now()
    row = allocated.bericht("gemeente", "WMO301")
    assert row is not None
    assert row.status == "accepted"
    assert traject_of(allocated).toestand == "toegewezen"


def test_an_order_against_the_schema_has_no_effect_at_all(allocated: Pair) -> None:
    """It cannot be answered by a return message: quarantine, and `processed/error` to who sealed it."""
    xml = allocated.xml_of("gemeente", "WMO301").replace(b"<Geslacht>2</Geslacht>", b"<Geslacht>x</Geslacht>")
    before = allocated.registered("aanbieder")
    item = allocated.take_in("aanbieder", mail(allocated, "gemeente", xml))
    assert (item.state, item.reason) == ("quarantined", "payload")
    assert allocated.registered("aanbieder") == before
    assert allocated.outgoing("aanbieder")[-1] == "receipt"
    assert allocated.receipts("aanbieder")[-1] == "processed/error"


@pytest.mark.parametrize(("field", "value"), [("afzender", "0935"), ("ontvanger", "87654321")])
def test_a_partner_speaks_for_itself_and_to_us(allocated: Pair, field: str, value: str) -> None:
    """SM-130: the parties of the message are those of the mail."""
    other = changed(berichten.parse(allocated.xml_of("gemeente", "WMO301")), field, value)
    before = allocated.registered("aanbieder")
    item = allocated.take_in("aanbieder", mail(allocated, "gemeente", other))
    assert (item.state, item.detail) == ("quarantined", "SM-130")
    assert allocated.registered("aanbieder") == before


def test_an_order_without_a_plan_behind_it_is_answered_all_the_same(pair: Pair, allocated: Pair) -> None:
    """PL-29: the link with a plan is the gateway's own; the order counts by itself."""
    pair.clock.advance_to(allocated.clock())
    item = pair.take_in("aanbieder", mail(pair, "gemeente", allocated.xml_of("gemeente", "WMO301")))
    assert item.state == "handled"
    assert pair.outgoing("aanbieder") == ["WMO302", "receipt"]
    assert pair.uitvraag() is None


# --- answers at the municipality


def test_a_rejected_order_is_known_as_such_and_goes_again_under_its_own_number(allocated: Pair) -> None:
    """Event 26, PL-71: the state stays; a new WMO301 for the same lines, accepted, moves the case."""
    no = changed(answer_to(allocated.xml_of("gemeente", "WMO301"), allocated), "retour_codes", ("0001",))
    assert allocated.take_in("gemeente", mail(allocated, "aanbieder", no)).state == "handled"
    traject = traject_of(allocated)
    assert traject.toestand == "beschikt"
    assert [k.bericht[-1].retour for k in traject.toewijzing] == ["afgekeurd", "afgekeurd"]

    _allocate(allocated)
    yes = answer_to(allocated.xml_of("gemeente", "WMO301"), allocated)
    assert allocated.take_in("gemeente", mail(allocated, "aanbieder", yes)).state == "handled"
    traject = traject_of(allocated)
    assert traject.toestand == "toegewezen"
    assert [(k.toewijzing_nummer, [b.retour for b in k.bericht]) for k in traject.toewijzing] == [
        (1001, ["afgekeurd", "aanvaard"]),
        (1002, ["afgekeurd", "aanvaard"]),
    ]


def test_an_order_that_is_under_way_is_not_sent_again(allocated: Pair) -> None:
    """One order for a line at a time."""
    before = allocated.registered("gemeente")
    with pytest.raises(Refused) as refused:
        _allocate(allocated)
    assert [f.code for f in refused.value.findings] == ["TOEWIJZING_VERZONDEN"]
    assert allocated.registered("gemeente") == before


def _allocate(pair: Pair, *, bevoegd: bool = True) -> None:
    with pair.gemeente.store.unit(now=pair.clock(), actor="M. Bakker") as unit:
        allocation.allocate(unit, pair.gemeente.us, trajecten(unit)[0].body.id, bevoegd=bevoegd)


def test_nobody_without_authority_orders(allocated: Pair) -> None:
    """PL-25: also an order that goes again."""
    no = changed(answer_to(allocated.xml_of("gemeente", "WMO301"), allocated), "retour_codes", ("0001",))
    allocated.take_in("gemeente", mail(allocated, "aanbieder", no))
    with pytest.raises(Refused) as refused:
        _allocate(allocated, bevoegd=False)
    assert [f.code for f in refused.value.findings] == ["PL-25"]


def test_a_second_answer_that_says_otherwise_changes_nothing(allocated: Pair) -> None:
    """IV028: the first answer counts; the second waits for a person."""
    yes = answer_to(allocated.xml_of("gemeente", "WMO301"), allocated)
    allocated.take_in("gemeente", mail(allocated, "aanbieder", yes))
    before = traject_of(allocated), allocated.registered("gemeente")
    no = changed(changed(yes, "retour_codes", ("0001",)), "identificatie_retour", "ANDERS")
    item = allocated.take_in("gemeente", mail(allocated, "aanbieder", no))

    assert (item.state, item.detail) == ("quarantined", "IV028")
    assert (traject_of(allocated), allocated.registered("gemeente")) == before
    assert allocated.receipts("gemeente")[-1] == "processed/error"


def test_the_same_answer_again_has_no_second_effect(allocated: Pair) -> None:
    """Delivery is at least once on the wire and exactly once in effect."""
    yes = answer_to(allocated.xml_of("gemeente", "WMO301"), allocated)
    allocated.take_in("gemeente", mail(allocated, "aanbieder", yes))
    before = traject_of(allocated), allocated.registered("gemeente")
    assert allocated.take_in("gemeente", mail(allocated, "aanbieder", yes)).state == "handled"
    assert (traject_of(allocated), allocated.registered("gemeente")) == before


def test_another_answer_under_a_name_that_was_used_is_not_taken_in(allocated: Pair) -> None:
    """TR056: also an answer has one name and one content."""
    yes = answer_to(allocated.xml_of("gemeente", "WMO301"), allocated)
    allocated.take_in("gemeente", mail(allocated, "aanbieder", yes))
    no = changed(yes, "retour_codes", ("0001",))
    item = allocated.take_in("gemeente", mail(allocated, "aanbieder", no))
    assert (item.state, item.detail) == ("quarantined", "TR056")


def test_an_answer_to_a_message_that_was_never_sent_is_not_registered(allocated: Pair) -> None:
    """IV028: it stays whole in quarantine, and comes back as new when it is opened again."""
    yes = answer_to(allocated.xml_of("gemeente", "WMO301"), allocated)
    name = msgspec.structs.replace(yes.header.bericht_identificatie, identificatie="ONBEKEND")
    stray = changed(yes, "bericht_identificatie", name)
    before = allocated.registered("gemeente")
    for _ in range(2):
        item = allocated.take_in("gemeente", mail(allocated, "aanbieder", stray))
        assert (item.state, item.detail) == ("quarantined", "IV028")
    assert allocated.registered("gemeente") == before


def test_an_answer_for_a_case_that_is_closed_is_noted(allocated: Pair) -> None:
    """PL-73: the message has its answer; the case is not moved by what comes too late."""
    with allocated.gemeente.store.unit(now=allocated.clock(), actor="K. de Wit") as unit:
        dead = occurrence(unit, "client_overleden", "G", reden="bericht van de burgerlijke stand")
        happen(unit, allocated.gemeente.us, trajecten(unit)[0], dead)
    yes = answer_to(allocated.xml_of("gemeente", "WMO301"), allocated)
    assert allocated.take_in("gemeente", mail(allocated, "aanbieder", yes)).state == "handled"
    assert traject_of(allocated).toestand == "gesloten"
    row = allocated.bericht("gemeente", "WMO301")
    assert row is not None
    assert row.status == "accepted"
    with allocated.gemeente.store.view(now=allocated.clock()) as view:
        last = view.records.events("traject", traject_of(allocated).id)[-1]
    assert (last.soort, last.body) == ("niet_verwerkt", b'{"gebeurtenis":"toewijzing_aanvaard","codes":["TOESTAND"]}')


# --- the start of delivery


def test_a_start_moves_both_sides_and_gives_the_link_its_first_day(ordered: Pair) -> None:
    """Event 28: at the municipality with the WMO305, at the provider with its WMO306."""
    ordered.run(story.start)
    traject, uitvraag = traject_of(ordered), ordered.uitvraag()
    assert uitvraag is not None
    assert (traject.toestand, uitvraag.toestand) == ("in_uitvoering", "in_uitvoering")
    assert {k.begindatum for k in traject.toewijzing} == {DAYS.start}
    assert [g.soort for g in uitvraag.gebeurtenis][-2:] == ["toewijzing_aanvaard", "levering_gestart"]


def test_a_start_that_is_removed_takes_its_first_day_away(ordered: Pair) -> None:
    """StatusAanlevering 3: the start was never; the state of the case is a person's to judge."""
    ordered.run(story.start)
    start: Any = berichten.parse(ordered.xml_of("aanbieder", "WMO305"))
    gone = tuple(msgspec.structs.replace(p, status_aanlevering="3") for p in start.client.start_producten)
    name = msgspec.structs.replace(start.header.bericht_identificatie, identificatie="305000000099")
    removal = changed(
        msgspec.structs.replace(start, client=msgspec.structs.replace(start.client, start_producten=gone)),
        "bericht_identificatie",
        name,
    )
    assert ordered.take_in("gemeente", mail(ordered, "aanbieder", removal)).state == "handled"
    answer: Any = berichten.parse(ordered.xml_of("gemeente", "WMO306"))
    assert answer.header.retour_codes == ()
    assert {k.begindatum for k in traject_of(ordered).toewijzing} == {None}
    assert traject_of(ordered).toestand == "in_uitvoering"


def test_a_start_on_an_order_of_nobody_is_rejected_by_the_rules(ordered: Pair) -> None:
    """Level 3: a start names an order; the return message says so and nothing moves."""
    ordered.run(story.start)
    start: Any = berichten.parse(ordered.xml_of("aanbieder", "WMO305"))
    unknown = tuple(msgspec.structs.replace(p, toewijzing_nummer=4711) for p in start.client.start_producten[:1])
    name = msgspec.structs.replace(start.header.bericht_identificatie, identificatie="305000000098")
    other = changed(
        msgspec.structs.replace(start, client=msgspec.structs.replace(start.client, start_producten=unknown)),
        "bericht_identificatie",
        name,
    )
    before = traject_of(ordered)
    assert ordered.take_in("gemeente", mail(ordered, "aanbieder", other)).state == "handled"
    assert traject_of(ordered) == before
    assert ("in", "WMO305", "rejected") in ordered.registered("gemeente")


def test_no_start_is_told_before_the_order_was_accepted(ordered: Pair) -> None:
    """PL-27."""
    with ordered.aanbieder.store.unit(now=ordered.clock(), actor="test") as unit:
        order = unit.berichten.list(soort="WMO301")[0].id
        unit.berichten.set_status(order, "rejected")
        to = partner(unit, GEMEENTE.code)
        assert to is not None
        with pytest.raises(Refused) as refused:
            delivery.start(unit, ordered.aanbieder.us, to, order, DAYS.start)
    assert [f.code for f in refused.value.findings] == ["PL-27"]
