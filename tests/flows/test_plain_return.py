"""SM-107: a form in ordinary mail is offered to a person where that was agreed, and counts as given by that person."""

import msgspec
import pytest

from gateway.flows import plain_return, tasks
from gateway.flows.cases import traject_of_plan
from gateway.flows.parties import partner
from gateway.flows.partners import record_partner
from gateway.plans import Ondersteuningsplan
from gateway.store import InboxItem

from .conftest import PARTY, PDF, Pair

OWN = "mx1.provider.example"


def agree(pair: Pair, *, plain: bool = True) -> None:
    """The municipality agrees that this provider may send forms by its own mail."""
    pair.gemeente.us.authserv_id = OWN
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        record = partner(unit, PARTY["aanbieder"].code)
        assert record is not None
        agreed = msgspec.structs.replace(record.agreements, plain_return=plain)
        record_partner(unit, msgspec.structs.replace(record, agreements=agreed))


def mail(*, dkim: str = "pass", part: bytes = PDF) -> bytes:
    """What the provider's secure-mail program sends, as our mail provider delivers it."""
    domain = PARTY["aanbieder"].address.rpartition("@")[2]
    head = (
        f"Authentication-Results: {OWN}; dkim={dkim} header.d={domain}; dmarc=pass\r\n"
        f"Received: from out.{domain} by {OWN}; Mon, 2 Mar 2026 10:00:00 +0100\r\n"
        f"From: {PARTY['aanbieder'].address}\r\nMessage-ID: <1@{domain}>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nHierbij.\r\n"
        '--b\r\nContent-Type: application/pdf; name="plan.pdf"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    )
    return head.encode() + part.replace(b"\n", b"\r\n") + b"\r\n--b--\r\n"


def offered(pair: Pair, raw: bytes) -> tuple[InboxItem, str]:
    """The row of such a mail, and what its task advises."""
    item = pair.take_in("gemeente", raw)
    with pair.gemeente.store.view(now=pair.clock()) as view:
        task = tasks.find(view, f"inbox/{item.id}")
    assert task is not None
    return item, task.body.advice


def plan_of(pair: Pair) -> str:
    """The code of the request that is out."""
    traject = pair.traject()
    assert traject is not None
    return traject.uitvraag[-1].id


def form(pair: Pair, item: InboxItem, plan_id: str | None = None) -> plain_return.Form | str:
    """What a person may take in."""
    with pair.gemeente.store.view(now=pair.clock()) as view:
        return plain_return.find_form(view, pair.gemeente.us, item, plan_id or plan_of(pair))


def test_a_form_that_was_agreed_on_is_offered_and_nothing_happens_by_itself(delivered: Pair) -> None:
    """It waits as `not-smime`; no receipt, and the case stands where it stood."""
    agree(delivered)
    before, sent = delivered.traject(), delivered.outgoing("gemeente")
    item, advice = offered(delivered, mail())
    assert (item.state, item.reason) == ("quarantined", "not-smime")
    assert "gateway inbox accept" in advice
    assert (delivered.traject(), delivered.outgoing("gemeente")) == (before, sent)


@pytest.mark.parametrize("why", ["not agreed", "no dkim", "no authserv-id"])
def test_without_agreement_or_voucher_nothing_is_offered_nor_taken(delivered: Pair, why: str) -> None:
    """Each of them alone is not enough."""
    agree(delivered, plain=why != "not agreed")
    if why == "no authserv-id":
        delivered.gemeente.us.authserv_id = None
    item, advice = offered(delivered, mail(dkim="fail" if why == "no dkim" else "pass"))
    assert "gateway inbox accept" not in advice
    assert isinstance(form(delivered, item), str)


def test_a_person_takes_it_in_with_a_reason(delivered: Pair) -> None:
    """The plan lies there as received from a person; who and why stand in the trail; the task is done."""
    agree(delivered)
    item, _ = offered(delivered, mail())
    found = form(delivered, item)
    assert isinstance(found, plain_return.Form)
    asked = found.uitvraag.momentopname
    assert isinstance(asked, Ondersteuningsplan)
    with delivered.gemeente.store.unit(now=delivered.clock(), actor="person:jansen") as unit:
        assert plain_return.accept(unit, delivered.gemeente.us, item, found, asked, "gebeld: formulier klopt") == ()
        case = traject_of_plan(unit, plan_of(delivered))
        assert case is not None
        assert (case.body.toestand, case.body.plan[-1].ontvangen_als) == ("plan_ontvangen", "pdf_formulier")
        (row,) = [r for r in unit.audit.list(object=f"inbox/{item.id}") if r.action == "taken_in_by_hand"]
        assert (row.actor, row.ground, "false" in row.detail) == ("person:jansen", "gebeld: formulier klopt", True)
        assert unit.inbox.get(item.id).state == "handled"
        task = tasks.find(unit, f"inbox/{item.id}")
        assert task is not None
        assert task.body.state == "done"
    assert delivered.receipts("gemeente") == []
    assert isinstance(form(delivered, delivered.item("gemeente", item.id)), str)


def test_what_is_no_form_is_never_taken_in(delivered: Pair) -> None:
    """An iWmo message above all, or a plan of another request."""
    agree(delivered)
    item, _ = offered(delivered, mail(part=b"<Bericht/>"))
    assert form(delivered, item) == "het bericht bevat niet precies één formulier (PDF)"
    item, _ = offered(delivered, mail())
    assert form(delivered, item, "onbekend") == "er is geen uitvraag met dit kenmerk aan deze partner"
