"""Messages that another application made go out: judged, sealed and queued, many at once, each of them once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from gateway import berichten
from gateway.berichten import wmo301, wmo323
from gateway.demo import story
from gateway.demo.cast import AANBIEDER
from gateway.flows import dossiers, sending
from gateway.flows.parties import partner
from gateway.flows.partners import record_partner
from gateway.flows.sending import Made, Sent, send_made
from gateway.store import Collision, Unit

from .conftest import Pair

CLIENTS = ("999900018", "999900031", "999900043", "999900055", "999900067")


@pytest.fixture
def order(allocated: Pair) -> wmo301.Bericht:
    """An order that was sent: others are made after it."""
    made = berichten.parse(allocated.xml_of("gemeente", "WMO301"))
    assert isinstance(made, wmo301.Bericht)
    return made


def other(order: wmo301.Bericht, number: int, **header: Any) -> wmo301.Bericht:
    """Another order, for another client."""
    replace = msgspec.structs.replace
    name = replace(order.header.bericht_identificatie, identificatie=f"EIGEN{number}")
    products = tuple(
        replace(product, toewijzing_nummer=number * 10 + place)
        for place, product in enumerate(order.client.toegewezen_producten)
    )
    client = replace(order.client, bsn=CLIENTS[number % len(CLIENTS)], toegewezen_producten=products)
    return replace(order, header=replace(order.header, bericht_identificatie=name, **header), client=client)


def made(bericht: Any) -> Made:
    return Made(bericht=bericht, xml=berichten.build(bericht))


def send(pair: Pair, *messages: Made, role: str = "gemeente") -> list[Sent]:
    app = pair.apps[role]
    return list(send_made(app.store, app.us, messages, pair.clock(), actor="person:test"))


def codes(sent: Sent) -> set[str]:
    return {finding.code for finding in sent.findings}


@contextmanager
def looking(pair: Pair) -> Iterator[Unit]:
    with pair.gemeente.store.view(now=pair.clock()) as view:
        yield view


def test_another_process_that_sent_the_same_at_that_moment_is_seen_at_the_second_look(
    allocated: Pair, order: wmo301.Bericht, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server refuses the second one at its commit: then it is answered as one that was sent before."""
    messages = [made(other(order, number)) for number in range(2)]
    first, app = [True], allocated.gemeente
    place = sending._placed

    def meanwhile(unit: Unit, letters: Any) -> Any:
        if first.pop():
            raise Collision("the database refused")
        return place(unit, letters)

    first.insert(0, False)
    monkeypatch.setattr(sending, "_placed", meanwhile)
    sent = list(send_made(app.store, app.us, messages, allocated.clock(), actor="person:test"))
    assert [one.result for one in sent] == ["queued"] * 2
    first[:] = [True, True]
    with pytest.raises(Collision):  # not for ever
        list(send_made(app.store, app.us, [made(other(order, 3))], allocated.clock(), actor="person:test"))


def test_messages_go_out_in_their_own_bytes_and_come_in_at_the_other_side(
    allocated: Pair, order: wmo301.Bericht
) -> None:
    """Registered, in the dossier of their client, and answered by the provider as any order."""
    messages = [made(other(order, number)) for number in range(3)]
    sent = send(allocated, *messages)
    assert [one.result for one in sent] == ["queued"] * 3
    with looking(allocated) as view:
        for one, message in zip(sent, messages, strict=True):
            assert one.outbox is not None
            item = view.outbox.get(one.outbox)
            (row,) = view.berichten.list(outbox_id=one.outbox)
            assert view.berichten.xml(row.id) == message.xml
            assert row.dossier == item.dossier == dossiers.find(view, message.bericht)
            assert item.reference == dossiers.reference(item.dossier or "")
    allocated.settle_now()
    with looking(allocated) as view:
        statuses = {row.identificatie: row.status for row in view.berichten.list(richting="uit", soort="WMO301")}
    assert [statuses[f"EIGEN{number}"] for number in range(3)] == ["accepted"] * 3


def test_the_same_message_again_is_not_sent_twice(allocated: Pair, order: wmo301.Bericht) -> None:
    """TR056: known by its name; the answer says where it is. Also where both stand in one list."""
    message = made(other(order, 1))
    first, again = send(allocated, message, message)
    (later,) = send(allocated, message)
    assert (first.result, again, later) == ("queued", Sent(result="already", outbox=first.outbox), again)
    assert allocated.outgoing("gemeente").count("WMO301") == 2  # that of the story, and this one


def test_another_message_under_a_used_name_is_refused(allocated: Pair, order: wmo301.Bericht) -> None:
    """TR056: of a name there is one message."""
    send(allocated, made(other(order, 1)))
    changed = other(order, 2)
    header = msgspec.structs.replace(changed.header, bericht_identificatie=other(order, 1).header.bericht_identificatie)
    (sent,) = send(allocated, made(msgspec.structs.replace(changed, header=header)))
    assert (sent.result, codes(sent)) == ("refused", {"TR056"})


def test_one_that_is_wrong_stays_and_the_others_go(allocated: Pair, order: wmo301.Bericht) -> None:
    """With the rule, the place and the line in the file; nothing of it is kept."""
    wrong = other(order, 1)
    client = msgspec.structs.replace(wrong.client, bsn="999999999")
    good, bad, also_good = send(
        allocated,
        made(other(order, 0)),
        made(msgspec.structs.replace(wrong, client=client)),
        made(other(order, 2)),
    )
    assert (good.result, bad.result, also_good.result) == ("queued", "refused", "queued")
    assert codes(bad) == {"CS002"}
    assert all(finding.path and finding.line for finding in bad.findings)
    assert allocated.outgoing("gemeente").count("WMO301") == 3


def test_a_message_is_judged_by_those_before_it_in_the_list(allocated: Pair, order: wmo301.Bericht) -> None:
    """A number of an allocation is another client's as soon as the first message has it (TR010)."""
    first, second = other(order, 0), other(order, 1)
    taken = msgspec.structs.replace(second.client, toegewezen_producten=first.client.toegewezen_producten)
    sent = send(allocated, made(first), made(msgspec.structs.replace(second, client=taken)))
    by_itself = send(allocated, made(msgspec.structs.replace(other(order, 4), client=taken)))
    assert [one.result for one in (*sent, *by_itself)] == ["queued", "refused", "refused"]
    assert codes(sent[1]) == codes(by_itself[0])


@pytest.mark.parametrize(
    ("change", "code"),
    [({"afzender": "0001"}, "SM-130"), ({"ontvanger": "99999999"}, "PL-36")],
)
def test_what_is_not_ours_or_for_nobody_known_is_refused(
    allocated: Pair, order: wmo301.Bericht, change: dict[str, str], code: str
) -> None:
    """In words that say what to do."""
    (sent,) = send(allocated, made(other(order, 1, **change)))
    assert (sent.result, codes(sent)) == ("refused", {code})
    assert all(finding.advice for finding in sent.findings)


def test_a_return_message_and_one_of_the_other_role_are_refused(ordered: Pair) -> None:
    """The gateway answers by itself; a provider orders nothing."""
    answer = berichten.parse(ordered.xml_of("aanbieder", "WMO302"))
    given = berichten.parse(ordered.xml_of("gemeente", "WMO301"))
    assert codes(send(ordered, made(answer))[0]) == {"IV028"}
    assert codes(send(ordered, made(given), role="aanbieder")[0]) == {"SM-130"}


def test_a_declaration_made_elsewhere_is_judged_and_goes_in_order_with_ours(ordered: Pair) -> None:
    """Its dossier is that of the declaration, its place in the row that of its month (SM-90)."""
    ordered.run(story.start, story.declare)
    ours = berichten.parse(ordered.xml_of("aanbieder", "WMO323"))
    assert isinstance(ours, wmo323.Bericht)
    replace = msgspec.structs.replace
    name = replace(ours.header.bericht_identificatie, identificatie="EIGEN1")
    header, declared = replace(ours.header, bericht_identificatie=name), ours.declaratie
    theirs = replace(ours, header=header, declaratie=replace(declared, declaratie_nummer="EIGEN1"))
    (sent,) = send(ordered, made(theirs), role="aanbieder")
    assert sent.result == "queued"
    with ordered.aanbieder.store.view(now=ordered.clock()) as view:
        first, second = (view.outbox.list(states=["new"])[place] for place in (-2, -1))
        assert (second.id, second.reference) == (sent.outbox, first.reference)
        assert second.dossier not in (None, first.dossier)
        (row,) = view.berichten.list(outbox_id=sent.outbox)
        assert row.dossier == second.dossier


def test_without_a_safe_route_a_message_waits_in_the_outbox(allocated: Pair, order: wmo301.Bericht) -> None:
    """SM-3: held, with what must be mended; it is not lost and not refused."""
    with allocated.gemeente.store.unit(now=allocated.clock(), actor="test") as unit:
        known = partner(unit, AANBIEDER.code)
        assert known is not None
        record_partner(unit, msgspec.structs.replace(known, certificates=()))
    (sent,) = send(allocated, made(other(order, 1)))
    assert (sent.result, codes(sent)) == ("held", {"SM-3"})
    with looking(allocated) as view:
        assert view.outbox.get(sent.outbox or 0).state == "held"


def test_somebody_who_sent_it_meanwhile_is_seen(
    allocated: Pair, order: wmo301.Bericht, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the commit another process may send the same."""
    message, sealed = made(other(order, 1)), sending.seal_berichten

    def slow(*arguments: Any) -> Any:
        monkeypatch.setattr(sending, "seal_berichten", sealed)
        send(allocated, message)
        return sealed(*arguments)

    monkeypatch.setattr(sending, "seal_berichten", slow)
    (sent,) = send(allocated, message)
    assert sent.result == "already"
    assert allocated.outgoing("gemeente").count("WMO301") == 2


def test_many_share_a_look_at_the_register_and_a_commit(
    allocated: Pair, order: wmo301.Bericht, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted: one unit of work for messages that have nothing to do with each other."""
    units = 0
    begin = allocated.gemeente.store.unit

    def counted(**values: Any) -> Any:
        nonlocal units
        units += 1
        return begin(**values)

    monkeypatch.setattr(allocated.gemeente.store, "unit", counted)
    assert {one.result for one in send(allocated, *(made(other(order, number)) for number in range(3)))} == {"queued"}
    assert units == 1


def test_clients_of_whom_nothing_was_known_cost_no_statements_each(allocated: Pair, order: wmo301.Bericht) -> None:
    """Counted: dossiers, keys and terms of two are made by as many statements as those of one."""
    send(allocated, made(other(order, 1)))  # makes the key of the day
    counts = []
    for numbers in ([2], [3, 4]):
        seen: list[str] = []
        event.listen(allocated.gemeente.store._engine, "before_cursor_execute", watch := _collect(seen))
        send(allocated, *(made(other(order, number)) for number in numbers))
        event.remove(allocated.gemeente.store._engine, "before_cursor_execute", watch)
        counts.append(sum(any(f" {table} " in sql for table in ("dossiers", "records", "keys")) for sql in seen))
    assert counts[0] == counts[1] > 0


def _collect(seen: list[str]) -> Callable[..., None]:
    def watch(_: object, __: object, sql: str, *___: object) -> None:
        seen.append(sql)

    return watch
