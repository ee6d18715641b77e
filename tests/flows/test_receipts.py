"""Receipts: what a signed one proves, what anything else does not (secure-mail 9)."""

from typing import Any

import msgspec
import pytest

from gateway import securemail
from gateway.demo import story
from gateway.flows import receipts, tasks
from gateway.flows.parties import partner_book
from gateway.securemail import Opened, Reporter
from gateway.securemail.receipts import Disposition

from .conftest import Pair, plan_part


@pytest.fixture
def sent(pair: Pair) -> Pair:
    """The dispatch is with the relay; no receipt yet."""
    pair.run(story.dispatch_plan)
    pair.send("gemeente")
    return pair


def receipt(pair: Pair, disposition: Disposition = "processed", **changes: Any) -> bytes:
    """What the provider's gateway says about the dispatch, or about one that is changed in this."""
    us = pair.aanbieder.us
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        book = partner_book(view)
    now = pair.clock()
    opened = securemail.open(pair.wire("gemeente", "plan"), us.mailbox, book, us.trust, us.revocation, now, now)
    assert isinstance(opened, Opened)
    made = securemail.make_receipt(
        msgspec.structs.replace(opened, **changes), disposition, Reporter("x.example", "test"), us.signer, now
    )
    assert isinstance(made, securemail.Sealed)
    return made.raw


def state(pair: Pair) -> str:
    return pair.sent("gemeente", "plan")[0].state


def notes(pair: Pair) -> list[str]:
    """What the outbox keeps about the dispatch, in words."""
    item = pair.sent("gemeente", "plan")[0]
    with pair.gemeente.store.view(now=pair.clock()) as view:
        return [note.detail or "" for note in view.outbox.notes(item.id) if note.event == "receipt"]


def test_a_valid_receipt_makes_the_message_received(sent: Pair) -> None:
    """SM-70: final for the transport, and nothing goes back."""
    assert sent.take_in("gemeente", receipt(sent)).state == "handled"
    assert state(sent) == "received"
    assert sent.outgoing("gemeente") == ["plan"]


def test_a_receipt_that_says_error_makes_it_refused(sent: Pair) -> None:
    """SM-70: the partner has it and cannot use it; a person looks, the case stays."""
    assert sent.take_in("gemeente", receipt(sent, "processed/error")).state == "handled"
    assert state(sent) == "refused"
    traject = sent.traject()
    assert traject is not None
    assert traject.uitvraag[0].bezorgd_op is None


def test_a_receipt_over_other_bytes_is_a_note_only(sent: Pair) -> None:
    """SM-70: the MIC is not ours, so it proves nothing."""
    assert sent.take_in("gemeente", receipt(sent, mic=bytes(32))).state == "handled"
    assert state(sent) == "submitted"
    assert len(notes(sent)) == 1


def test_a_receipt_of_an_unknown_message_changes_nothing(sent: Pair) -> None:
    """SM-70: Original-Message-ID names no message of ours."""
    opened_headers = {"headers": _renamed(sent)}
    assert sent.take_in("gemeente", receipt(sent, **opened_headers)).state == "handled"
    assert state(sent) == "submitted"


def _renamed(pair: Pair) -> Any:
    us = pair.aanbieder.us
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        book = partner_book(view)
    now = pair.clock()
    opened = securemail.open(pair.wire("gemeente", "plan"), us.mailbox, book, us.trust, us.revocation, now, now)
    assert isinstance(opened, Opened)
    return msgspec.structs.replace(opened.headers, message_id="<nooit@gemeente.example>")


def test_a_receipt_that_was_tampered_with_is_no_receipt(sent: Pair) -> None:
    """SM-67, SM-70: its signature does not hold: quarantine, no reply."""
    raw = receipt(sent)
    other = raw.replace(b"processed", b"displayed", 1)
    assert other != raw
    assert sent.take_in("gemeente", other).state == "quarantined"
    assert state(sent) == "submitted"
    assert sent.outgoing("gemeente") == ["plan"]


def test_a_second_receipt_is_harmless(sent: Pair) -> None:
    """A duplicate that was answered again, or one that says otherwise: the first counts."""
    sent.take_in("gemeente", receipt(sent))
    traject = sent.traject()
    sent.take_in("gemeente", receipt(sent))
    sent.take_in("gemeente", receipt(sent, "processed/error"))
    assert state(sent) == "received"
    assert sent.traject() == traject


def test_a_message_that_asks_for_no_receipt_gets_none(pair: Pair) -> None:
    """SM-64: only who asks."""
    us = pair.gemeente.us
    message = securemail.plan_message(us.ourselves.address, "plan@aanbieder.example", "x", b"{}", wants_receipt=False)
    sealed = securemail.seal(message, us.signer, pair.recipients("gemeente"), "strict", pair.clock())
    assert isinstance(sealed, securemail.Sealed)
    assert pair.take_in("aanbieder", sealed.raw).state == "quarantined"
    assert pair.outgoing("aanbieder") == []


def test_too_many_replies_that_a_message_is_of_no_use_wait_for_a_person(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SM-77: two machines may be answering each other; the reply is kept, and somebody is told."""
    monkeypatch.setattr(receipts, "REPLIES_MAX", 1)
    for content in (b"{}", b"[]"):
        pair.take_in("aanbieder", pair.seal("gemeente", plan_part(content)).raw)
    assert [item.state for item in pair.sent("aanbieder", "receipt")] == ["new", "held"]
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        assert "replies/0957" in [task.sleutel for task in tasks.open_tasks(view)]


def test_a_message_that_took_effect_gets_its_receipt_however_many_there_are(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decision 0015: an hour in which a municipality orders for many clients is no loop."""
    monkeypatch.setattr(receipts, "REPLIES_MAX", 0)
    pair.run(story.dispatch_plan)
    assert pair.take_in("aanbieder", pair.wire("gemeente", "plan")).state == "handled"
    assert [item.state for item in pair.sent("aanbieder", "receipt")] == ["new"]


def test_a_receipt_belongs_to_the_dossier_of_its_message(sent: Pair) -> None:
    """SM-147: its raw mail goes with it."""
    item = sent.take_in("gemeente", receipt(sent))
    assert item.dossier is not None
    assert item.dossier == sent.sent("gemeente", "plan")[0].dossier
