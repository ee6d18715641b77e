"""One message that comes in: opened, handed over, answered; what cannot be handled waits in quarantine, whole."""

import msgspec
import pytest

from gateway import berichten, securemail
from gateway.berichten import wmo301
from gateway.demo import story
from gateway.domain.findings import Finding
from gateway.flows import exchange
from gateway.flows.cases import uitvragen
from gateway.flows.owed import Owed
from gateway.flows.parties import add_partner, partner
from gateway.flows.payload import Unusable
from gateway.securemail import Attachment, Sealed

from .conftest import OTHER, PARTY, PDF, Pair, plan_part, xml_part

AGAIN = "deferred"  # a message that was sent and is due once more
TEXT = Attachment(None, "text/plain; charset=utf-8", b"hallo\r\n")


@pytest.mark.parametrize(
    ("parts", "detail"),
    [
        ((TEXT,), "PAYLOAD"),
        ((TEXT, plan_part(b"{}"), xml_part(b"<a/>")), "PAYLOAD"),
        ((plan_part(b"{}"), plan_part(b"[]")), "PAYLOAD"),
        ((plan_part(b"no json"),), "JSON"),
        ((plan_part(b'{"schema": "ondersteuningsplan-uitwisseling/1"}'),), "veldgrenzen"),
        ((xml_part(b"<Bericht><nog"),), None),
        ((xml_part(b'<Bericht xmlns="urn:other"/>'),), None),
        ((Attachment("form.pdf", "application/pdf", PDF),), "PAYLOAD"),
    ],
    ids=["text", "plan-and-xml", "two-plans", "no-json", "no-plan", "torn-xml", "other-xml", "pdf-only"],
)
def test_a_payload_that_cannot_be_used_waits_in_quarantine_and_its_sender_is_told(
    pair: Pair, parts: tuple[Attachment, ...], detail: str | None
) -> None:
    """SM-66, SM-103: whole, with its reason; `processed/error` is all that goes out, and nothing is registered."""
    sealed = pair.seal("gemeente", *parts)
    item = pair.take_in("aanbieder", sealed.raw)

    assert (item.state, item.reason, item.partner) == ("quarantined", "payload", "0957")
    assert item.detail == detail or (detail is None and item.detail)
    assert pair.outgoing("aanbieder") == ["receipt"]
    assert pair.receipts("aanbieder") == ["processed/error"]
    assert pair.registered("aanbieder") == []
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        assert view.inbox.raw(item.id) == sealed.raw
        assert view.identities.look_up("0957", sealed.message_id, sealed.mic).verdict == "new"
        assert uitvragen(view) == []


def test_a_stranger_gets_no_answer_of_any_kind(pair: Pair) -> None:
    """SM-67: mail from nobody we know is kept, and nothing goes out."""
    item = pair.take_in("aanbieder", b"From: x@elders.example\r\nMessage-ID: <1@elders.example>\r\n\r\nhallo\r\n")

    assert item.state == "quarantined"
    assert item.partner is None
    assert pair.outgoing("aanbieder") == []


def _traces(pair: Pair) -> tuple[object, ...]:
    """What an effect at the provider would show in."""
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        cases = [(case.versie, case.body) for case in uitvragen(view)]
    return cases, pair.outgoing("aanbieder"), pair.registered("aanbieder")


def _sent_plan(pair: Pair) -> Sealed:
    """The dispatch as it was sealed: the envelope alone can be made again (SM-15)."""
    item = pair.sent("gemeente", "plan")[0]
    with pair.gemeente.store.view(now=pair.clock()) as view:
        key = view.outbox.content_key(item.id)
    assert key is not None
    assert item.mic is not None
    kept = securemail.reopen(pair.wire("gemeente", "plan"), key, bytes.fromhex(item.mic), item.message_id)
    assert isinstance(kept, Sealed)
    return kept


def _receipt_state(pair: Pair) -> str:
    return pair.sent("aanbieder", "receipt")[0].state


def _by_another_route(raw: bytes) -> bytes:
    """The same mail as another server delivers it."""
    return b"Received: from relay.example by mx.example; Mon, 17 Feb 2025 10:00:00 +0100\r\n" + raw


def test_the_same_bytes_again_are_the_same_message(delivered: Pair) -> None:
    """SM-94: they are one row; nothing is handled twice."""
    before = _traces(delivered)
    item = delivered.take_in("aanbieder", delivered.wire("gemeente", "plan"))

    assert item.state == "handled"
    assert _traces(delivered) == before
    assert _receipt_state(delivered) == "submitted"


def test_the_same_mail_by_another_route_gets_the_first_receipt_again(delivered: Pair) -> None:
    """SM-66, SM-76, SM-125: a duplicate, no effect, the very outbox row of the receipt goes again."""
    before = _traces(delivered)
    item = delivered.take_in("aanbieder", _by_another_route(delivered.wire("gemeente", "plan")))

    assert item.state == "duplicate"
    assert _traces(delivered) == before
    assert _receipt_state(delivered) == AGAIN


def test_a_repeat_of_a_business_message_is_never_answered_twice(allocated: Pair) -> None:
    """SM-76, IV028: by another route, or in a mail of its own: one WMO302, one effect, and the receipt again."""
    raw, xml = allocated.wire("gemeente", "WMO301"), allocated.xml_of("gemeente", "WMO301")
    assert allocated.take_in("aanbieder", raw).state == "handled"
    before = allocated.uitvraag(), allocated.registered("aanbieder")
    assert allocated.outgoing("aanbieder").count("WMO302") == 1
    assert allocated.take_in("aanbieder", _by_another_route(raw)).state == "duplicate"
    assert allocated.take_in("aanbieder", allocated.seal("gemeente", xml_part(xml)).raw).state == "handled"
    assert (allocated.uitvraag(), allocated.registered("aanbieder")) == before
    assert allocated.outgoing("aanbieder").count("WMO302") == 1


def test_a_message_under_a_name_that_was_used_is_answered_once_however_often_it_comes(allocated: Pair) -> None:
    """TR056: it is refused and has no place in the register, and in a mail of its own it is known by its answer."""
    assert allocated.take_in("aanbieder", allocated.wire("gemeente", "WMO301")).state == "handled"
    order = berichten.parse(allocated.xml_of("gemeente", "WMO301"), wmo301.Bericht)
    other = msgspec.structs.replace(order, client=msgspec.structs.replace(order.client, bsn="999911110"))
    for _ in range(3):
        item = allocated.take_in("aanbieder", allocated.seal("gemeente", xml_part(berichten.build(other))).raw)
        assert item.state == "handled"
    assert allocated.outgoing("aanbieder").count("WMO302") == 2
    assert allocated.receipts("aanbieder")[-3:] == ["processed"] * 3


def test_a_repeat_of_a_message_that_failed_is_handled(allocated: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was registered of it, so the same mail takes effect once what was wrong is mended; once, and no more."""
    raw = allocated.wire("gemeente", "WMO301")
    with monkeypatch.context() as patch:
        fault = Finding(code="XSD", severity="error", message="onleesbaar")
        patch.setattr(exchange, "take_bericht", lambda *_: Unusable(findings=(fault,)))
        assert allocated.take_in("aanbieder", raw).state == "quarantined"
    assert "WMO302" not in allocated.outgoing("aanbieder")
    assert allocated.take_in("aanbieder", _by_another_route(raw)).state == "handled"
    assert allocated.take_in("aanbieder", _by_another_route(_by_another_route(raw))).state == "duplicate"
    assert allocated.outgoing("aanbieder").count("WMO302") == 1


def test_a_new_envelope_around_the_same_signed_entity_is_a_duplicate(delivered: Pair) -> None:
    """SM-15, SM-125: no effect; an envelope that authenticates its content is no oracle, so the receipt goes again."""
    before = _traces(delivered)
    again = securemail.reseal(_sent_plan(delivered), delivered.recipients("gemeente"), "strict")
    assert isinstance(again, Sealed)
    item = delivered.take_in("aanbieder", again.raw)

    assert item.state == "duplicate"
    assert _traces(delivered) == before
    assert _receipt_state(delivered) == AGAIN


def test_a_cbc_envelope_is_answered_again_only_if_it_is_the_first_one(pair: Pair) -> None:
    """SM-125: another CBC envelope around a known signed entity gets no receipt; the first one, again, does."""
    _agree_on_cbc(pair)
    pair.run(story.dispatch_plan)
    pair.settle_now()
    assert _receipt_state(pair) == "submitted"
    again = securemail.reseal(_sent_plan(pair), pair.recipients("gemeente"), "standard")
    assert isinstance(again, Sealed)

    assert pair.take_in("aanbieder", again.raw).state == "duplicate"
    assert _receipt_state(pair) == "submitted"
    assert pair.take_in("aanbieder", _by_another_route(pair.wire("gemeente", "plan"))).state == "duplicate"
    assert _receipt_state(pair) == AGAIN


def _agree_on_cbc(pair: Pair) -> None:
    for role, app in pair.apps.items():
        with app.store.unit(now=pair.clock(), actor="test") as unit:
            record = partner(unit, PARTY[OTHER[role]].code)
            assert record is not None
            add_partner(unit, msgspec.structs.replace(record, profile="standard"))


def test_a_known_message_id_with_other_content_is_a_conflict(asked: Pair) -> None:
    """SM-65, SM-76: quarantined without a receipt, whoever sealed it."""
    name = asked.sent("gemeente", "plan")[0].message_id
    before = _traces(asked)
    item = asked.take_in("aanbieder", asked.seal("gemeente", TEXT, plan_part(b"{}"), message_id=name).raw)

    assert (item.state, item.reason) == ("quarantined", "conflict")
    assert _traces(asked) == before


def test_our_own_message_that_comes_back_is_a_loop(asked: Pair) -> None:
    """SM-77: nobody answers itself."""
    name = asked.sent("gemeente", "plan")[0].message_id
    sealed = asked.seal("aanbieder", TEXT, plan_part(b"{}"), message_id=name)
    item = asked.take_in("gemeente", sealed.raw)

    assert (item.state, item.reason) == ("quarantined", "loop")


def test_a_handler_that_dies_undoes_everything_and_three_tries_end_in_quarantine(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SM-103: nothing of a half handled message stays; its bytes do."""
    pair.run(story.dispatch_plan)
    raw = pair.wire("gemeente", "plan")
    monkeypatch.setattr(Owed, "add", _dies)
    before = _traces(pair)
    number = pair.put("aanbieder", raw)
    states = []
    for _ in range(4):
        pair.work("aanbieder")
        states.append(pair.item("aanbieder", number).state)
        assert _traces(pair) == before
        pair.later(hours=12)

    assert states == ["new", "new", "new", "quarantined"]
    assert pair.item("aanbieder", number).reason == "crash"
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        assert view.inbox.raw(number) == raw


def test_what_waits_in_quarantine_is_handled_when_it_is_opened_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SM-104: nothing was registered of it, so after mending it takes effect as if it came now."""
    pair.run(story.dispatch_plan)
    with monkeypatch.context() as broken:
        broken.setattr(pair.aanbieder.us, "find_format", lambda *_: None)
        item = pair.take_in("aanbieder", pair.wire("gemeente", "plan"))
        assert (item.state, item.detail) == ("quarantined", "FORMAAT_ONBEKEND")
    with pair.aanbieder.store.unit(now=pair.clock(), actor="jansen") as unit:
        unit.inbox.reopen(item.id)
    pair.work("aanbieder")

    assert pair.item("aanbieder", item.id).state == "handled"
    assert pair.receipts("aanbieder") == ["processed/error", "processed"]
    uitvraag = pair.uitvraag()
    assert uitvraag is not None
    assert uitvraag.toestand == "ontvangen"


def _dies(*_: object) -> None:
    raise RuntimeError("in the middle")
