"""What was refused is opened again when what it was refused for changes: once, and nobody is told twice."""

import msgspec
import pytest

from gateway.flows import quarantine, tasks
from gateway.flows.parties import add_partner, partner
from gateway.flows.reopening import Reopened, reopen
from gateway.securemail import QUARANTINE, Trust
from gateway.store import Place, Settled
from tests.damage import alter

from .conftest import PARTY, Pair, plan_part


def again(pair: Pair) -> Reopened:
    """A round of the job at the provider's."""
    app = pair.aanbieder
    with app.store.unit(now=pair.clock(), actor="test") as unit:
        return reopen(unit, app.us)


def touch(pair: Pair) -> None:
    """Something changes in the provider's record of the municipality."""
    with pair.aanbieder.store.unit(now=pair.clock(), actor="test") as unit:
        record = partner(unit, PARTY["gemeente"].code)
        assert record is not None
        add_partner(unit, msgspec.structs.replace(record, name=record.name + "."))


def put(pair: Pair, reason: str) -> int:
    """A message in quarantine for this reason."""
    number = pair.put("aanbieder", b"From: x@x.example\r\n\r\n" + reason.encode())
    with pair.aanbieder.store.unit(now=pair.clock(), actor="test") as unit:
        unit.inbox.settle(Settled(number, "quarantined", reason=reason))
    return number


def waits(pair: Pair) -> set[str]:
    """Reasons of what is to be handled again."""
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        return {str(item.reason) for item in view.inbox.list(states=["new"])}


def test_nothing_is_opened_again_while_nothing_changes(pair: Pair) -> None:
    """A minute later is no reason; the first look of all only learns what there is."""
    again(pair)
    for reason in QUARANTINE:
        put(pair, reason)
    assert again(pair) == Reopened()
    assert waits(pair) == set()


@pytest.mark.parametrize("what", ["key", "anchor", "partner", "mapping"])
def test_each_change_opens_what_the_table_says(pair: Pair, what: str) -> None:
    """Section 12: the reasons that this change may help, and no other."""
    again(pair)
    for reason in QUARANTINE:
        put(pair, reason)
    us = pair.aanbieder.us
    if what == "key":
        us.mailbox = msgspec.structs.replace(us.mailbox, keys=us.mailbox.keys + pair.gemeente.us.mailbox.keys)
    elif what == "anchor":
        us.trust = Trust(us.trust.anchors, (*us.trust.intermediates, b"another"))
    elif what == "mapping":
        us.mapping = "another format"
    else:
        touch(pair)
    expected = {
        "key": {"no-key", "decrypt"},
        "anchor": {"signer-untrusted", "sender", "signer-expired", "signer-revoked"},
        "partner": {"algorithm", "signer-untrusted", "sender", "signer-expired", "signer-revoked"},
        "mapping": {"payload"},
    }[what]
    assert again(pair).messages == len(expected)
    assert waits(pair) == expected
    assert again(pair) == Reopened()


def test_a_message_for_a_key_that_comes_later_is_handled_then(pair: Pair) -> None:
    """SM-104: the same bytes, the same moment of arrival."""
    us = pair.aanbieder.us
    mailbox, other = us.mailbox, pair.gemeente.us.mailbox
    us.mailbox = msgspec.structs.replace(mailbox, keys=other.keys)
    again(pair)
    item = pair.take_in("aanbieder", pair.seal("gemeente", plan_part(b"no json")).raw)
    assert (item.state, item.reason) == ("quarantined", "no-key")
    us.mailbox = mailbox
    assert again(pair).messages == 1
    pair.work("aanbieder")
    opened = pair.item("aanbieder", item.id)
    assert (opened.reason, opened.received_at) == ("payload", item.received_at)


def test_one_that_is_refused_again_is_no_news(pair: Pair) -> None:
    """The task counts once and the trail has one line, however often partners change."""
    us = pair.aanbieder.us
    us.trust = Trust()
    again(pair)
    item = pair.take_in("aanbieder", pair.seal("gemeente", plan_part(b"{}")).raw)
    assert item.reason == "signer-untrusted"
    for _ in range(3):
        touch(pair)
        assert again(pair).messages == 1
        pair.work("aanbieder")
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        (task,) = [each for each in tasks.open_tasks(view) if each.sleutel == f"inbox/{item.id}"]
        lines = [each for each in view.audit.list(object=f"inbox/{item.id}") if each.action == "quarantined"]
    assert (task.body.count, len(lines)) == (1, 1)


def test_the_rules_that_judged_are_kept_with_it(pair: Pair) -> None:
    """SM-103: with reason, place and time."""
    item = pair.take_in("aanbieder", b"From: wmo@gemeente.example\r\n\r\nx\r\n")
    assert item.state == "quarantined"
    assert item.rules == pair.aanbieder.us.rules
    assert item.rules


def test_a_stranger_that_becomes_a_partner_is_fetched_whole(pair: Pair) -> None:
    """SM-144: by the outer From, when addresses of partners change; strangers that stay so are left alone.

    One that can be read no more keeps nobody else from it.
    """
    again(pair)
    with pair.aanbieder.store.unit(now=pair.clock(), actor="test") as unit:
        for number, sender in enumerate(("nieuw@gemeente.example", "x@elders.example", "y@elders.example")):
            place = Place(source="imap", account="a", folder="INBOX", uid=f"1/{number}")
            header = f"From: {sender}\r\nMessage-ID: <{number}@x.example>\r\n\r\n".encode()
            unit.inbox.add_header(place, pair.clock(), 500, header, "stranger")
        record = partner(unit, PARTY["gemeente"].code)
        assert record is not None
        addresses = (*record.addresses, "nieuw@gemeente.example")
        add_partner(unit, msgspec.structs.replace(record, addresses=addresses))
        last = max(item.id for item in unit.inbox.list(reason="stranger"))
    alter(pair.aanbieder.store, "inbox.raw", last)
    assert again(pair).recalled == 1
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        ((item, place),) = view.inbox.wanted("imap", "a", "INBOX")
    assert place.uid == "1/0"
    assert item.reason == "stranger"


def test_what_a_mailbox_could_not_give_is_an_alarm_until_it_is_gone(pair: Pair) -> None:
    """SM-100: skipped after three failures, and left in place."""
    place = Place(source="imap", account="a", folder="INBOX", uid="1/1")
    with pair.aanbieder.store.unit(now=pair.clock(), actor="test") as unit:
        for _ in range(3):
            quarantine.sweep(unit)
            assert tasks.open_tasks(unit) == []
            unit.places.fetch_failed(place)
        quarantine.sweep(unit)
        assert [(each.sleutel, each.body.weight) for each in tasks.open_tasks(unit)] == [("alarm/unreadable", "alarm")]
