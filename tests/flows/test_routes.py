"""Fail closed: what may not go waits, whole, with the condition that failed; and not a byte of it is on the wire."""

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path

import msgspec
import pytest

from gateway import berichten
from gateway.app import CHANNEL, App
from gateway.berichten import wmo301
from gateway.demo import ca, story
from gateway.demo.cast import AANBIEDER, DAYS, at
from gateway.flows import routes
from gateway.flows.dispatch import Letter, Refused, post_berichten, seal_berichten, send
from gateway.flows.parties import Confirmation, PartnerCertificate, PartnerRecord, partner
from gateway.flows.partners import record_partner
from gateway.flows.secure_domains import (
    dns_answers,
    in_domain_book,
    qualified_by,
    take_book,
    take_qualification,
)
from gateway.securemail import Attachment, Message, Qualification, Revocation, TransportOnly
from gateway.securemail.nta7516 import DnsFact
from gateway.store import Damaged, IllegalMove, OutboxItem
from gateway.transports import SmtpSettings, SmtpTransport, client_context
from tests.damage import alter

from .conftest import Pair

BASIS = Path(__file__).parents[1] / "berichten/regels/basis"
DOMAIN = AANBIEDER.address.rpartition("@")[2]
BOOK = f"domeinboek\n{DOMAIN}\nzorg.example\n".encode()


class Wire:
    """A relay that is never more than a socket: it counts who connects and keeps what it is sent."""

    def __init__(self) -> None:
        self.connections, self.received = 0, b""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.connections += 1
                connection.sendall(b"421 not today\r\n")
                self.received += connection.recv(1000)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A capture in the relay's place."""
    capture = Wire()
    yield capture
    capture.close()


def change(pair: Pair, edit: Callable[[PartnerRecord], PartnerRecord]) -> None:
    """What a person changes in the municipality's record of the provider."""
    with pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit:
        record = partner(unit, AANBIEDER.code)
        assert record is not None
        record_partner(unit, edit(record))


def agree(pair: Pair, **terms: object) -> None:
    """Change agreements."""
    change(pair, lambda r: msgspec.structs.replace(r, agreements=msgspec.structs.replace(r.agreements, **terms)))


def only(pair: Pair, kind: str = "plan") -> OutboxItem:
    """The one message of that kind."""
    (item,) = pair.sent("gemeente", kind)
    return item


def note(pair: Pair, kind: str = "plan", content: bytes = b"{}") -> int:
    """A message of the municipality to the provider, through the one door."""
    us = pair.gemeente.us
    message = Message(
        sender=us.ourselves.address,
        recipient=AANBIEDER.address,
        subject="Bericht 1",
        parts=(Attachment("a.json", "application/json", content),),
        wants_receipt=True,
    )
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        to = partner(unit, AANBIEDER.code)
        assert to is not None
        return send(unit, us, to, message, kind=kind)


def state(app: App, pair: Pair, number: int) -> tuple[str, str]:
    with app.store.view(now=pair.clock()) as view:
        item = view.outbox.get(number)
    return item.state, item.reason or ""


def test_what_has_no_route_is_held_and_not_a_byte_leaves_until_it_is_mended(pair: Pair, wire: Wire) -> None:
    """SM-3, SM-116: nothing of the user's work is lost; the exact condition stands with the message."""
    agree(pair, internet_route=False)
    smtp = SmtpSettings(host="127.0.0.1", port=wire.port, tls="starttls")
    folder = pair.gemeente.transports[CHANNEL]
    pair.gemeente.transports = {CHANNEL: SmtpTransport(smtp, client_context(None))}
    pair.run(story.dispatch_plan)
    item = only(pair)

    assert (item.state, item.reason) == ("held", "domein ligt buiten het veilige netwerk.")
    asyncio.run(pair.gemeente.deliver(pair.clock))
    assert asyncio.run(pair.gemeente.reconsider(pair.clock)) == []
    with pair.gemeente.store.view(now=pair.clock()) as view:
        assert view.outbox.notes(item.id) == []  # the same reason once more is no news
    assert (wire.connections, item.size, item.mic) == (0, 0, None)

    agree(pair, internet_route=True)
    pair.clock.advance_to(pair.clock() + timedelta(days=6))
    assert asyncio.run(pair.gemeente.reconsider(pair.clock)) == [item.id]
    asyncio.run(pair.gemeente.deliver(pair.clock))
    assert wire.connections == 1  # the capture sees what leaves

    pair.gemeente.transports = {CHANNEL: folder}
    pair.clock.advance_to(pair.clock() + timedelta(hours=1))
    pair.settle_now()
    assert only(pair).state == "received"


def test_a_held_message_goes_with_the_date_of_its_release(pair: Pair) -> None:
    """SM-55: the receiver refuses dates of more than ten days ago, so nothing is signed before it goes."""
    agree(pair, internet_route=False)
    pair.run(story.dispatch_plan)
    before = only(pair)
    agree(pair, internet_route=True)
    pair.clock.advance_to(pair.clock() + timedelta(days=20))
    asyncio.run(pair.gemeente.reconsider(pair.clock))
    mail = message_from_bytes(pair.wire("gemeente", "plan"))

    assert parsedate_to_datetime(mail["Date"]) == pair.clock().replace(microsecond=0)
    assert mail["Message-ID"] == before.message_id
    pair.settle_now()
    assert only(pair).state == "received"


def test_a_draft_cannot_be_released_by_hand(pair: Pair) -> None:
    """There are no bytes to send: a person mends the condition, or cancels."""
    agree(pair, internet_route=False)
    number = note(pair)
    with (
        pytest.raises(IllegalMove),
        pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit,
    ):
        unit.outbox.release(number)
    with pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit:
        assert unit.outbox.cancel(number, "per post") == "cancelled"


def test_a_message_held_by_a_person_is_not_let_go_by_a_route(pair: Pair) -> None:
    """Only what a route holds is reconsidered."""
    number = note(pair)
    with pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit:
        unit.outbox.hold(number, "eerst bellen")
    assert asyncio.run(pair.gemeente.reconsider(pair.clock)) == []
    assert state(pair.gemeente, pair, number) == ("held", "eerst bellen")


def test_what_a_person_held_for_long_is_signed_again_when_he_lets_it_go(pair: Pair) -> None:
    """SM-55: with the date of the release; sooner the bytes stay, and with no route it stays held."""
    number = note(pair)
    us = pair.gemeente.us

    def wait(days: int) -> tuple[str | None, bytes, str | None]:
        with pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit:
            unit.outbox.hold(number, "eerst bellen")
        pair.clock.advance_to(pair.clock() + timedelta(days=days))
        with pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit:
            why = routes.release(unit, us, number)
            return why, unit.outbox.wire(number), unit.outbox.get(number).mic

    before = pair.wire("gemeente", "plan")
    assert wait(4)[:2] == (None, before)
    why, after, mic = wait(2)
    assert (why, after != before) == (None, True)
    mail = message_from_bytes(after)
    assert parsedate_to_datetime(mail["Date"]) == pair.clock().replace(microsecond=0)
    assert mail["Message-ID"] == message_from_bytes(before)["Message-ID"]
    pair.settle_now()
    assert state(pair.gemeente, pair, number)[0] in {"received", "refused"}  # its receipt quoted the new MIC
    assert mic is not None


def test_a_person_cannot_let_go_what_no_route_allows(pair: Pair) -> None:
    """Threat: an operator works around a held message; exceptions are agreements with an end (SM-115)."""
    agree(pair, internet_route=False)
    number = note(pair)
    with pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit:
        assert routes.release(unit, pair.gemeente.us, number) == "domein ligt buiten het veilige netwerk."
        assert unit.outbox.get(number).state == "held"
    agree(pair, internet_route=True)
    with pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit:
        assert routes.release(unit, pair.gemeente.us, number) is None


def test_without_a_confirmed_certificate_nothing_is_sealed(pair: Pair) -> None:
    """SM-43, SM-136: a proposal is not used; why is named, and the next reason replaces it."""
    change(
        pair,
        lambda r: msgspec.structs.replace(
            r, certificates=tuple(msgspec.structs.replace(c, confirmed=None) for c in r.certificates)
        ),
    )
    number = note(pair)
    how, why = state(pair.gemeente, pair, number)
    assert (how, "er is er geen geregistreerd" in why) == ("held", True)
    pair.gemeente.us.revocation = Revocation()
    yes = Confirmation(by="J", on=DAYS.melding, channel="telefoon")
    change(
        pair,
        lambda r: msgspec.structs.replace(
            r, certificates=tuple(msgspec.structs.replace(c, confirmed=yes) for c in r.certificates)
        ),
    )
    asyncio.run(pair.gemeente.reconsider(pair.clock))
    with pair.gemeente.store.view(now=pair.clock()) as view:
        evidence = routes.evidence_of(view, number)
    assert evidence is not None
    assert "revocation-unknown" in evidence.why


def test_the_evidence_of_a_route_is_kept_with_the_message(pair: Pair) -> None:
    """SM-114: the decision with its inputs, as record and in the audit trail."""
    number = note(pair)
    with pair.gemeente.store.view(now=pair.clock()) as view:
        evidence = routes.evidence_of(view, number)
        entry = next(e for e in view.audit.list() if e.object == f"outbox/{number}")
    assert evidence is not None
    assert (evidence.action, evidence.profile, evidence.internet_route) == ("seal", "strict", True)
    assert len(evidence.certificates) == 1
    assert (entry.action, entry.outcome) == ("sealed", "seal")
    assert evidence.certificates[0] in entry.detail


def test_a_revocation_after_sealing_holds_the_message_before_its_attempt(pair: Pair) -> None:
    """SM-45: certificates are looked at when sealing and again before each attempt."""
    number = note(pair)
    pair.gemeente.us.revocation = Revocation()  # the lists ran out
    pair.gemeente.us.verdicts = type(pair.gemeente.us.verdicts)()
    assert asyncio.run(pair.gemeente.deliver(pair.clock)) == []
    how, why = state(pair.gemeente, pair, number)
    assert (how, "revocation-unknown" in why) == ("held", True)


def test_a_changed_certificate_gets_a_new_envelope_around_the_same_signature(pair: Pair) -> None:
    """SM-15: Message-ID and MIC stay, the bytes change; after that nothing changes any more."""
    number = note(pair)
    with pair.gemeente.store.view(now=pair.clock()) as view:
        before, bytes_before = view.outbox.get(number), view.outbox.wire(number)
    root = ca.make_root("Ander", at(DAYS.melding) - timedelta(days=1))
    crl = ca.make_crl(root, at(DAYS.melding) - timedelta(days=1), at(DAYS.melding) + timedelta(days=30))
    leaf = ca.make_leaf(
        root,
        "nieuw",
        at(DAYS.melding) - timedelta(days=1),
        options=ca.LeafOptions(emails=(AANBIEDER.address,), use="encrypt"),
    )
    us = pair.gemeente.us
    us.trust = msgspec.structs.replace(
        us.trust, anchors=(*us.trust.anchors, type(us.trust.anchors[0])(certificate=root.der))
    )
    us.revocation = Revocation([crl, *_lists(pair)])
    yes = Confirmation(by="J", on=DAYS.melding, channel="telefoon")
    new = PartnerCertificate(der=leaf.der, proposed_on=DAYS.melding, confirmed=yes)
    change(pair, lambda r: msgspec.structs.replace(r, certificates=(*r.certificates, new)))
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        routes.recheck(unit, us)
        after, bytes_after = unit.outbox.get(number), unit.outbox.wire(number)
        routes.recheck(unit, us)
        again = unit.outbox.wire(number)
    assert (after.message_id, after.mic) == (before.message_id, before.mic)
    assert bytes_after != bytes_before
    assert again == bytes_after
    pair.settle_now()
    assert state(pair.gemeente, pair, number)[0] in {"received", "refused"}  # the provider opened it


def test_what_cannot_be_read_any_more_holds_its_own_message_only(pair: Pair) -> None:
    """The kept decision of one message was altered outside the gateway: it waits for a person, the other one goes."""
    first, second = note(pair), note(pair)
    pair.gemeente.us.revocation = Revocation()  # so that every waiting message is looked at again
    pair.gemeente.us.verdicts = type(pair.gemeente.us.verdicts)()
    with closing(sqlite3.connect(pair.folder / "gemeente" / "gateway.db")) as base, base:
        (row,) = base.execute("select id from records where sleutel = ?", (f"outbox/{first}",)).fetchone()
        base.execute("update sealed set data = zeroblob(60) where field = 'records.body' and row_id = ?", (row,))
    asyncio.run(pair.gemeente.deliver(pair.clock))
    assert "altered outside the gateway" in state(pair.gemeente, pair, first)[1]
    assert "revocation-unknown" in state(pair.gemeente, pair, second)[1]


def test_a_held_message_that_cannot_be_read_any_more_keeps_no_other_waiting(pair: Pair) -> None:
    """A bad disk: its draft, then its decision. The first says so with the message, the second in the job's result."""
    agree(pair, internet_route=False)
    draft, decision, good = note(pair), note(pair), note(pair)
    alter(pair.gemeente.store, "outbox.draft", draft)
    with pair.gemeente.store.view(now=pair.clock()) as view:
        record = view.records.get(routes.EVIDENCE, f"outbox/{decision}", dict)
    assert record is not None
    alter(pair.gemeente.store, "records.body", record.id)
    agree(pair, internet_route=True)
    with pytest.raises(Damaged, match=f"^1 held messages may go; message {decision}: records.body of row"):
        asyncio.run(pair.gemeente.reconsider(pair.clock))
    assert [state(pair.gemeente, pair, number)[0] for number in (draft, decision, good)] == ["held", "held", "deferred"]
    with pair.gemeente.store.view(now=pair.clock()) as view:
        assert "outbox.draft" in (view.outbox.notes(draft)[-1].detail or "")


def _lists(pair: Pair) -> list[bytes]:
    return [file.read_bytes() for file in (pair.folder / "gemeente" / "keys" / "crl").iterdir()]


def test_an_exception_sends_a_plan_signed_only_over_a_secure_route_and_never_an_iwmo_message(pair: Pair) -> None:
    """SM-115: by a person, with a reason and an end date; 13.4 wants the domain in the book."""
    change(pair, lambda r: msgspec.structs.replace(r, certificates=()))
    agree(pair, transport_only=TransportOnly(DAYS.melding, DAYS.melding + timedelta(days=30), "overgang"))
    held = note(pair)
    assert state(pair.gemeente, pair, held)[1].startswith("geen certificaat en geen veilige route")
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        take_book(unit, BOOK)
    assert asyncio.run(pair.gemeente.reconsider(pair.clock)) == [held]
    assert b"multipart/signed" in pair.wire("gemeente", "plan")
    iwmo = note(pair, "WMO301")
    assert state(pair.gemeente, pair, iwmo)[1].startswith("iWmo-berichten gaan nooit onversleuteld")


def test_a_book_that_shrank_is_kept_aside_and_one_of_last_week_no_longer_counts(pair: Pair) -> None:
    """SM-113: the last good one stays in force for seven days."""
    store = pair.gemeente.store
    with store.unit(now=pair.clock(), actor="test") as unit:
        take_book(unit, BOOK)
        take_book(unit, b"kop\nzorg.example\n")
        assert in_domain_book(unit, DOMAIN)
        take_book(unit, BOOK + b"nieuw.example\n")
        assert in_domain_book(unit, "nieuw.example")
    with store.view(now=pair.clock() + timedelta(days=8)) as view:
        assert not in_domain_book(view, DOMAIN)


def test_while_dns_is_silent_the_last_good_answer_counts_for_a_day(pair: Pair) -> None:
    """SM-110: after 24 hours the domain is not qualified."""
    store, now = pair.gemeente.store, pair.clock()
    with store.unit(now=now, actor="test") as unit:
        assert not qualified_by(unit, DOMAIN)[0]
        take_qualification(unit, DOMAIN, Qualification("qualified"), until=now)
    with store.unit(now=now + timedelta(hours=1), actor="test") as unit:
        take_qualification(unit, DOMAIN, Qualification("unknown", "SERVFAIL"), until=now)
        assert qualified_by(unit, DOMAIN)[0]
    with store.view(now=now + timedelta(hours=25)) as view:
        assert not qualified_by(view, DOMAIN)[0]


def test_what_dns_said_is_kept_with_what_was_sent_because_of_it(pair: Pair) -> None:
    """SM-111: once for all messages; while DNS is silent the answers that still count, and new ones only afterwards."""
    store, now = pair.gemeente.store, pair.clock()
    first = (
        DnsFact(DOMAIN, "TXT", "secure", ("v=NTA7516-1", "v=spf1 -all")),
        DnsFact(DOMAIN, "MX", "secure", ("mx.",)),
    )
    second = (DnsFact(DOMAIN, "TXT", "secure", ("v=NTA7516-1",)),)

    def takes(facts: tuple[DnsFact, ...], status: str = "qualified") -> str:
        with store.unit(now=now, actor="test") as unit:
            take_qualification(unit, DOMAIN, Qualification(status), until=now, facts=facts)  # type: ignore[arg-type]
            return qualified_by(unit, DOMAIN)[1]

    name = takes(first)
    assert takes(tuple(msgspec.structs.replace(f, values=f.values[::-1]) for f in first)) == name
    assert takes((DnsFact(DOMAIN, "TXT", "unknown"),), "unknown") == name
    number = note(pair)
    with store.view(now=now) as view:
        evidence = routes.evidence_of(view, number)
        assert evidence is not None
        answers = dns_answers(view, evidence.dns)
    assert answers is not None
    assert [(fact.type, fact.values) for fact in answers.facts] == [
        ("TXT", ("v=NTA7516-1", "v=spf1 -all")),
        ("MX", ("mx.",)),
    ]
    assert takes(second) != name
    assert takes(first) == name


def test_what_is_too_large_is_refused_to_the_flow_at_once(pair: Pair) -> None:
    """SM-16: waiting would not help; both numbers are named."""
    agree(pair, max_file=10)
    with pytest.raises(Refused) as refused:
        note(pair, content=b"{" + b" " * 20 + b"}")
    assert {f.code for f in refused.value.findings} == {"OP179"}
    agree(pair, max_file=1000, max_message=100)
    with pytest.raises(Refused):
        note(pair)


def test_no_receipt_is_asked_of_a_partner_whose_software_gives_none(pair: Pair) -> None:
    """SM-64: only where receipts are expected is a missing one an alarm."""
    agree(pair, receipts_expected=False)
    note(pair)
    assert not only(pair).wants_receipt


def test_letters_sealed_in_a_view_are_posted_together(pair: Pair) -> None:
    """Each with its place in the register, its evidence and a row in the trail; the route is decided once a partner."""
    xml = msgspec.json.decode((BASIS / "WMO301.json").read_bytes(), type=wmo301.Bericht)
    us = pair.gemeente.us
    with pair.gemeente.store.view(now=pair.clock()) as view:
        to = partner(view, AANBIEDER.code)
        assert to is not None
        letters = [Letter(to=to, bericht=one, xml=berichten.build(one)) for one in named(xml, "B1", "B2", "B3")]
        sealed = seal_berichten(view, us, letters)
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        numbers = post_berichten(unit, us, sealed)
        rows = [unit.berichten.get(number) for number, _ in numbers]
        assert [row.outbox_id for row in rows] == [number for _, number in numbers]
        assert [row.identificatie for row in rows] == ["B1", "B2", "B3"]
        for row in rows:
            assert row.outbox_id is not None
            assert unit.outbox.get(row.outbox_id).state == "new"
            evidence = routes.evidence_of(unit, row.outbox_id)
            assert evidence is not None
            assert evidence.action == "seal"
        assert len({unit.outbox.get(row.outbox_id or 0).message_id for row in rows}) == 3


def named(bericht: wmo301.Bericht, *names: str) -> list[wmo301.Bericht]:
    """The same order under other names."""
    replace = msgspec.structs.replace
    header = bericht.header
    return [
        replace(
            bericht,
            header=replace(header, bericht_identificatie=replace(header.bericht_identificatie, identificatie=name)),
        )
        for name in names
    ]
