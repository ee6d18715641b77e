"""Revocation data from a web server to a verdict: fetched, kept, used at once; what waited is opened again (6.2)."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from gateway.config import RevocationData
from gateway.demo import ca
from gateway.flows.parties import Confirmation, PartnerCertificate, add_partner, partner
from gateway.flows.revocation import Standing, overdue, revoked_certificates, standing
from gateway.flows.tasks import open_tasks
from gateway.revocation_data import Sources, load, refresh_revocation
from gateway.securemail import Anchor, Attachment, Revocation, SigningKey, Trust, signing_key
from gateway.store import InboxItem
from gateway.transports.fetch import Fetcher
from tests.transports.web import Web

from .conftest import PARTY, Pair

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TEXT = Attachment(None, "text/plain; charset=utf-8", b"hallo\r\n")


class Authority:
    """An authority that publishes lists, and the municipality's certificate from it."""

    def __init__(self, pair: Pair, web: Web, folder: Path, responder: str | None = None) -> None:
        self.pair, self.web, self.app = pair, web, pair.aanbieder
        self.began = pair.clock() - 30 * DAY
        self.root = ca.make_root("Stam", self.began)
        self.issuing = ca.make_issuing_ca(self.root, "Uitgever", self.began)
        options = ca.LeafOptions(
            emails=(PARTY["gemeente"].address,),
            use="sign",
            ocsp_url=None if responder is None else web.base + responder,
        )
        self.leaf = ca.make_leaf(self.issuing, "Gemeente", self.began, options=options)
        self.folder = folder
        shutil.copytree(self.app.folder / "keys" / "crl", folder)
        self.urls = (web.base + "root.crl", web.base + "uitgever.crl")
        self.responders: tuple[str, ...] = ()
        self._trusted()
        self.publish("root.crl", ca.make_crl(self.root, self.began, pair.clock() + 300 * DAY))

    def _trusted(self) -> None:
        """The provider knows this authority and the certificate; the municipality signs with it."""
        trust = self.app.us.trust
        self.app.us.trust = Trust(
            (*trust.anchors, Anchor(certificate=self.root.der)), (*trust.intermediates, self.issuing.der)
        )
        day = self.pair.clock().date()
        known = PartnerCertificate(
            der=self.leaf.der, proposed_on=day, confirmed=Confirmation(by="jansen", on=day, channel="telefoon")
        )
        with self.app.store.unit(now=self.pair.clock(), actor="test") as unit:
            record = partner(unit, PARTY["gemeente"].code)
            assert record is not None
            add_partner(unit, msgspec.structs.replace(record, certificates=(*record.certificates, known)))
        key = signing_key(self.leaf.key, self.leaf.der, self.leaf.intermediates)
        assert isinstance(key, SigningKey)
        self.pair.gemeente.us.signer = key

    def publish(self, name: str, content: bytes) -> None:
        self.web.serve(name, content)

    def list(
        self, start: datetime | None = None, end: datetime | None = None, number: int = 1, **more: object
    ) -> bytes:
        """A list of the issuing authority, from now for a week."""
        return ca.make_crl(self.issuing, start or self.pair.clock(), end, number=number, **more)  # type: ignore[arg-type]

    def sources(self) -> Sources:
        return Sources(RevocationData(lists=self.urls, responders=self.responders), self.folder)

    def refresh(self, fetcher: Fetcher | None = None) -> str:
        return asyncio.run(refresh_revocation(self.app.store, self.app.us, self.sources(), self.pair.clock, fetcher))

    def standing(self) -> Standing:
        with self.app.store.view(now=self.pair.clock()) as view:
            return standing(view)

    def fault(self, name: str = "uitgever.crl") -> str | None:
        return self.standing().sources[self.web.base + name].fault

    def receive(self) -> InboxItem:
        """A message of the municipality, signed with this certificate, as the provider's gateway leaves it."""
        return self.pair.take_in("aanbieder", self.pair.seal("gemeente", TEXT).raw)

    def later(self, item: InboxItem) -> str | None:
        """Why the message is in quarantine after the provider worked again. `payload`: its signature was believed."""
        self.pair.work("aanbieder")
        return self.pair.item("aanbieder", item.id).reason


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        yield server


@pytest.fixture
def authority(pair: Pair, web: Web, tmp_path: Path) -> Authority:
    return Authority(pair, web, tmp_path / "crl")


def test_a_message_waits_for_a_list_and_is_handled_when_it_comes(authority: Authority) -> None:
    """SM-39: neither trusted nor refused; no restart, and nobody has to do anything."""
    authority.refresh()
    waits = authority.receive()
    assert (waits.state, waits.reason) == ("quarantined", "revocation-unknown")
    assert authority.fault() == "status 404"

    authority.publish("uitgever.crl", authority.list())
    authority.pair.later(minutes=6)
    said = authority.refresh()

    assert said == "1 lists and 0 certificates asked, 1 new, 1 opened again, 0 late"
    assert authority.later(waits) == "payload"
    assert authority.fault() is None


def test_a_source_is_asked_when_its_time_has_come(authority: Authority) -> None:
    """6.2: a list every hour; five minutes after a try that gave nothing."""
    authority.publish("uitgever.crl", authority.list())
    asked = [len(authority.web.asked)]
    for minutes in (0, 1, 4, 54, 1):
        authority.pair.later(minutes=minutes)
        authority.refresh()
        asked.append(len(authority.web.asked))
    assert asked == [0, 2, 2, 2, 2, 4]

    del authority.web.pages["/uitgever.crl"]
    for minutes in (60, 4, 1):
        authority.pair.later(minutes=minutes)
        authority.refresh()
        asked.append(len(authority.web.asked))
    assert asked[-3:] == [6, 6, 7]


def test_data_past_their_end_and_grace_are_not_enough(authority: Authority) -> None:
    """SM-39: 24 hours after nextUpdate mail waits; just before it is believed."""
    now = authority.pair.clock()
    authority.publish("uitgever.crl", authority.list(now - 8 * DAY, now - 25 * HOUR))
    authority.refresh()
    assert authority.receive().reason == "revocation-unknown"

    authority.publish("uitgever.crl", authority.list(now - 7 * DAY, now - 22 * HOUR, number=2))
    authority.pair.later(hours=1)
    authority.refresh()
    assert authority.receive().reason == "payload"


def test_an_older_list_never_takes_the_place_of_a_newer(authority: Authority) -> None:
    """SM-137: an old, still valid list, from before the revocation, is a replay; the newer one goes on to count."""
    now = authority.pair.clock()
    authority.publish("uitgever.crl", authority.list(now - HOUR, number=8, revoked=[authority.leaf.certificate]))
    authority.refresh()
    authority.publish("uitgever.crl", authority.list(now - DAY, number=7))
    authority.pair.later(hours=1)
    authority.refresh()

    assert authority.fault() == "older"
    assert authority.receive().reason == "signer-revoked"


@pytest.mark.parametrize("what", ["stranger", "no-list", "huge", "elsewhere", "silence"])
def test_whatever_else_comes_is_no_data(authority: Authority, what: str) -> None:
    """SM-40, SM-137: the fault is kept for people and in the trail, once; mail waits."""
    fetcher = Fetcher([authority.web.base], seconds=2, max_bytes=3_000)
    faults = {
        "stranger": "signer",
        "no-list": "unreadable",
        "huge": "too-large",
        "elsewhere": "redirect",
        "silence": "timeout",
    }
    if what == "stranger":
        stranger = ca.make_issuing_ca(ca.make_root("Stam", authority.began), "Uitgever", authority.began)
        authority.publish("uitgever.crl", ca.make_crl(stranger, authority.pair.clock()))
    elif what == "no-list":
        authority.publish("uitgever.crl", b"<html>onderhoud</html>")
    elif what == "huge":
        authority.publish("uitgever.crl", authority.list(revoked=range(1, 400)))
    elif what == "elsewhere":
        authority.web.pages["/uitgever.crl"] = (302, {"Location": "http://localhost:9/uitgever.crl"}, b"")
    else:
        authority.web.silence = 0.4
        fetcher = Fetcher([authority.web.base], seconds=0.1)

    for _ in range(2):
        authority.refresh(fetcher)
        authority.pair.later(minutes=6)

    assert authority.fault() == faults[what]
    assert authority.receive().reason == "revocation-unknown"
    with authority.app.store.view(now=authority.pair.clock()) as view:
        missed = [e.outcome for e in view.audit.list(limit=1000) if e.action == "revocation_data_missed"]
    assert missed.count(faults[what]) == (2 if what == "silence" else 1)  # in silence the root's list is missed too


def test_data_outlive_a_restart(authority: Authority) -> None:
    """6.2: stored; a new process has them before it fetched anything."""
    authority.publish("uitgever.crl", authority.list())
    authority.refresh()
    version = authority.app.us.revocation.version

    us = authority.app.us
    us.revocation, us.revocation_stamp = Revocation(), None
    assert load(authority.app.store, us, authority.sources(), authority.pair.clock())
    assert us.revocation.version == version
    assert not load(authority.app.store, us, authority.sources(), authority.pair.clock())
    assert authority.receive().reason == "payload"


def test_a_list_that_an_operator_puts_in_the_folder_is_used_without_a_restart(authority: Authority) -> None:
    """6.2 offline: closed networks have no addresses; what waited is opened again all the same."""
    authority.urls = ()
    authority.refresh()
    waits = authority.receive()
    assert waits.reason == "revocation-unknown"

    (authority.folder / "eigen-root.crl").write_bytes(
        ca.make_crl(authority.root, authority.began, authority.pair.clock() + DAY)
    )
    (authority.folder / "eigen.crl").write_bytes(authority.list())
    authority.refresh()

    assert authority.later(waits) == "payload"
    assert authority.web.asked == []


def test_mail_that_waits_for_a_day_is_told(authority: Authority) -> None:
    """SM-39 and section 12: an alarm after 24 hours, and only for what still waits."""
    authority.refresh()
    waits = authority.receive()
    for hours, late in ((23, 0), (2, 1)):
        authority.pair.later(hours=hours)
        assert authority.refresh().endswith(f"{late} late")
    with authority.app.store.view(now=authority.pair.clock()) as view:
        assert [item.id for item in overdue(view)] == [waits.id]
    assert alarms(authority) == [("alarm/revocation-unknown", 1)]
    authority.pair.later(hours=1)
    authority.refresh()
    assert alarms(authority) == [("alarm/revocation-unknown", 1)]

    authority.publish("uitgever.crl", authority.list())
    authority.pair.later(hours=1)
    authority.refresh()
    assert alarms(authority) == []


def alarms(authority: Authority) -> list[tuple[str, int]]:
    """What people are told about, and how often."""
    with authority.app.store.view(now=authority.pair.clock()) as view:
        return [(task.sleutel, task.body.count) for task in open_tasks(view) if task.body.weight == "alarm"]


def test_a_revoked_certificate_is_refused_whatever_the_date_and_one_task_says_what_it_brought(
    authority: Authority,
) -> None:
    """SM-38, SM-138: also mail from before the revocation; the task lists what was accepted since, and comes once."""
    authority.publish("uitgever.crl", authority.list())
    authority.refresh()
    begun = authority.pair.clock()
    kept = []
    for _ in range(3):
        authority.pair.later(hours=2)
        kept.append(_accepted(authority))
    early = authority.pair.put("aanbieder", authority.pair.seal("gemeente", TEXT).raw)

    authority.pair.later(hours=1)
    for number in (2, 3):
        revoked = authority.list(
            number=number, revoked=[authority.leaf.certificate], revoked_at=begun + timedelta(hours=3)
        )
        authority.publish("uitgever.crl", revoked)
        authority.refresh()
        authority.pair.later(hours=1)

    authority.pair.work("aanbieder")
    assert authority.pair.item("aanbieder", early).reason == "signer-revoked"
    with authority.app.store.view(now=authority.pair.clock()) as view:
        (task,) = revoked_certificates(view)
        trail = [e.action for e in view.audit.list(object=f"partner/{PARTY['gemeente'].code}", limit=1000)]
    assert (task.partner, task.since) == (PARTY["gemeente"].code, begun + timedelta(hours=3))
    assert [one.inbox for one in task.messages] == kept[1:]
    assert all(one.message_id for one in task.messages)
    assert trail.count("certificate_revoked") == 1
    assert alarms(authority) == [(f"certificate/{task.sha256}", 1)]


def _accepted(authority: Authority) -> int:
    """A canary of the municipality, which the provider's gateway accepts; its number."""
    part = Attachment("proefbericht.json", "application/json", b'{"proefbericht": "%d"}' % authority.pair.offered)
    item = authority.pair.take_in("aanbieder", authority.pair.seal("gemeente", part).raw)
    assert item.state == "handled", item
    return item.id


# -- OCSP ------------------------------------------------------------------------------------------------------------


def responder(authority: Authority, status: ocsp.OCSPCertStatus) -> None:
    """Answer what is asked, signed by the issuing authority."""

    def answer(body: bytes) -> tuple[int, dict[str, str], bytes]:
        asked = ocsp.load_der_ocsp_request(body)
        assert asked.serial_number == authority.leaf.certificate.serial_number
        now = authority.pair.clock()
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=authority.leaf.certificate,
            issuer=authority.issuing.certificate,
            algorithm=hashes.SHA1(),
            cert_status=status,
            this_update=now,
            next_update=now + DAY,
            revocation_time=now - HOUR if status is ocsp.OCSPCertStatus.REVOKED else None,
            revocation_reason=None,
        )
        made = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, authority.issuing.certificate)
        return 200, {}, made.sign(authority.issuing.key, hashes.SHA256()).public_bytes(Encoding.DER)

    authority.web.pages["/ocsp/"] = answer


def questions(authority: Authority) -> int:
    return sum(method == "POST" for method, _, _ in authority.web.asked)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(ocsp.OCSPCertStatus.GOOD, "payload"), (ocsp.OCSPCertStatus.REVOKED, "signer-revoked")],
    ids=["good", "revoked"],
)
def test_a_configured_responder_is_asked_about_a_partners_certificate(
    pair: Pair, web: Web, tmp_path: Path, status: ocsp.OCSPCertStatus, reason: str
) -> None:
    """6.2, SM-36, SM-38: not unless configured; at once for a new certificate, then every six hours."""
    authority = Authority(pair, web, tmp_path / "crl", responder="ocsp/")
    authority.urls = authority.urls[:1]
    responder(authority, status)
    authority.refresh()
    waits = authority.receive()
    assert (waits.reason, questions(authority)) == ("revocation-unknown", 0)

    authority.responders = (web.base + "ocsp/",)
    asked = []
    for hours in (0, 5, 1):
        pair.later(hours=hours)
        authority.refresh()
        asked.append(questions(authority))

    assert asked == [1, 1, 2]
    assert authority.later(waits) == reason
