"""Two gateways that hand each other mail through folders: the flows with everything real but the network.

A stage of the story is played once and copied for each test; keys are opened once.
"""

import asyncio
import copy
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import securemail
from gateway.app import CHANNEL, App
from gateway.demo import material, play, setup, story
from gateway.demo.cast import AANBIEDER, CAST, DAYS, GEMEENTE, at
from gateway.demo.scene import Scene, StoryClock
from gateway.domain.findings import Finding
from gateway.flows.parties import partner, partner_book
from gateway.securemail import Attachment, Message, Sealed
from gateway.store import InboxItem, MasterKey, Place, Raw, Store
from gateway.transports import FolderMailbox, FolderTransport
from gateway.ways import Files
from tests import postgres
from tests.bench import world

PDF = b"%PDF-1.7 a document\n%%EOF\n"
STAGES: dict[str, tuple[Callable[[Scene], Any], ...]] = {
    "met": (),
    "delivered": (story.dispatch_plan, story.deliver_plan),
    "asked": (story.fill_in_plan,),
    "weighed": (story.return_plan, story.compare_plan),
    "allocated": (story.decide, story.allocate),
    "ordered": (story.accept_order,),
}
TO_ORDER = tuple(step for steps in STAGES.values() for step in steps)
OTHER = {"gemeente": "aanbieder", "aanbieder": "gemeente"}
PARTY = {party.role: party for party in CAST}


class Pair(Scene):
    """Both gateways with a folder as way out and in."""

    offered = 0

    def run(self, *steps: Callable[[Scene], Any]) -> None:
        """Take these steps of the story."""
        for step in steps:
            asyncio.run(step(self))

    def settle_now(self) -> None:
        """Both work until nothing moves."""
        asyncio.run(self.settle())

    def put(self, role: str, raw: bytes) -> int:
        """Mail in the inbox of one side, not handled yet; its number."""
        self.offered += 1
        with self.apps[role].store.unit(now=self.clock(), actor="test") as unit:
            place = Place(source="test", account=role, folder="", uid=str(self.offered))
            return unit.inbox.add(Raw(place=place, received_at=self.clock(), data=raw)).id

    def send(self, role: str) -> None:
        """One side sends what is due."""
        asyncio.run(self.apps[role].deliver(self.clock))

    def work(self, role: str) -> None:
        """One side handles what waits."""
        asyncio.run(self.apps[role].receive(self.clock))

    def item(self, role: str, number: int) -> InboxItem:
        with self.apps[role].store.view(now=self.clock()) as view:
            return view.inbox.get(number)

    def take_in(self, role: str, raw: bytes) -> InboxItem:
        """Offer mail to one side as if its mailbox held it; the row it ends in."""
        number = self.put(role, raw)
        self.work(role)
        return self.item(role, number)

    def seal(
        self, sender: str, *parts: Attachment, in_reply_to: str | None = None, message_id: str | None = None
    ) -> Sealed:
        """A genuine mail of one side to the other, with these parts."""
        us, to = self.apps[sender].us, PARTY[OTHER[sender]]
        message = Message(
            sender=us.ourselves.address,
            recipient=to.address,
            subject="test",
            parts=parts,
            message_id=message_id,
            in_reply_to=in_reply_to,
            wants_receipt=True,
        )
        sealed = securemail.seal(message, us.signer, self.recipients(sender), "strict", self.clock())
        assert isinstance(sealed, Sealed), sealed
        return sealed

    def recipients(self, sender: str) -> Any:
        """The certificates that one side seals for."""
        us, to = self.apps[sender].us, PARTY[OTHER[sender]]
        with self.apps[sender].store.view(now=self.clock()) as view:
            record = partner(view, to.code)
        assert record is not None
        chosen = securemail.choose_certificates(
            record.mail_partner(self.clock().date()), to.address, us.trust, us.revocation, self.clock(), us.verdicts
        )
        assert not isinstance(chosen, Finding), chosen
        return chosen

    def wire(self, role: str, kind: str) -> bytes:
        """The last mail of a kind that one side sent."""
        item = self.sent(role, kind)[-1]
        with self.apps[role].store.view(now=self.clock()) as view:
            return view.outbox.wire(item.id)

    def xml_of(self, role: str, soort: str) -> bytes:
        """The last iWmo message of a kind that one side sent."""
        with self.apps[role].store.view(now=self.clock()) as view:
            return view.berichten.xml(view.berichten.list(soort=soort, richting="uit")[-1].id)

    def outgoing(self, role: str) -> list[str]:
        """Kinds of everything in one side's outbox, in order."""
        with self.apps[role].store.view(now=self.clock()) as view:
            return [item.kind for item in view.outbox.list(limit=1000)]

    def registered(self, role: str) -> list[tuple[str, str, str]]:
        """The register of one side: direction, kind, status."""
        with self.apps[role].store.view(now=self.clock()) as view:
            return [(row.richting, row.soort, row.status) for row in view.berichten.list()]

    def receipts(self, role: str) -> list[str]:
        """What the receipts of one side say, in order: processed, or processed/error."""
        app, other = self.apps[role], self.apps[OTHER[role]]
        said = []
        for item in self.sent(role, "receipt"):
            with app.store.view(now=self.clock()) as view:
                raw = view.outbox.wire(item.id)
            us = other.us
            with other.store.view(now=self.clock()) as view:
                book = partner_book(view)
            opened = securemail.open(raw, us.mailbox, book, us.trust, us.revocation, item.created_at, item.created_at)
            assert isinstance(opened, securemail.Opened), opened
            notice = next(p for p in opened.parts if p.type == "message/disposition-notification").content.decode()
            said.append("processed/error" if "processed/error" in notice else "processed")
        return said

    def later(self, **delta: int) -> None:
        """Let time pass."""
        self.clock.advance_to(self.clock() + timedelta(**delta))


def plan_part(content: bytes | Mapping[str, Any]) -> Attachment:
    """A plan as it travels."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Attachment("ondersteuningsplan.json", "application/json", data)


def xml_part(content: bytes) -> Attachment:
    """An iWmo message as it travels."""
    return Attachment("bericht.xml", "application/xml", content)


def _apps(folder: Path) -> Sequence[App]:
    return [App.open(folder / party.role, {"GATEWAY_RELAY_PORT": "1"}) for party in (GEMEENTE, AANBIEDER)]


def _pair(folder: Path, opened: Sequence[App]) -> Pair:
    """The pair whose state is in `folder`, with keys that were opened before."""
    apps = []
    for app in opened:
        role = app.us.ourselves.role
        app = copy.copy(app)
        app.us, app.signers = copy.copy(app.us), copy.copy(app.signers)
        app.folder = folder / role
        app.own_files = Files(app.folder, app.own_files.environ)
        app.store = Store.open(folder / role / "gateway.db", MasterKey.from_file(app.folder / app.settings.keys.master))
        box = folder / f"post-{role}"
        box.mkdir(exist_ok=True)
        app.transports = {CHANNEL: FolderTransport(folder / f"post-{OTHER[role]}")}
        app.mailbox = FolderMailbox(box, role)
        apps.append(app)
    pair = Pair(folder, *apps, StoryClock(at(DAYS.melding)))
    play.recover(pair)
    return pair


class Stages:
    """A folder for each stage of the story, played when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        (root / "met").mkdir()
        setup.set_up(root / "met", datetime(2026, 1, 1, tzinfo=UTC), play.contract())
        self.apps = _apps(root / "met")
        for app in self.apps:
            app.store.close()
        pair = _pair(root / "met", self.apps)
        play.introduce(pair)
        asyncio.run(pair.close())

    def folder(self, stage: str) -> Path:
        names = list(STAGES)
        folder = self._root / stage
        if not folder.exists():
            shutil.copytree(self.folder(names[names.index(stage) - 1]), folder)
            pair = _pair(folder, self.apps)
            pair.run(*STAGES[stage])
            asyncio.run(pair.close())
        return folder


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of the file that asks for it."""
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.server() as running:
        yield running


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[world.Municipality]:
    """A municipality that orders."""
    made = world.Municipality(tmp_path_factory.mktemp("maker") / "ours.db", MasterKey.generate(), providers=1)
    made.introduce()
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    """The story up to each of its stages; documents take no time to make, the real ones have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("invulformulier_pdf", "plan_pdf"):
            patch.setattr(story, name, lambda *_: PDF)
        patch.setattr(material, "verslag_pdf", lambda **_: PDF + b"%verslag\n")
        yield Stages(tmp_path_factory.mktemp("stages"))


def _copied(stages: Stages, stage: str, tmp_path: Path) -> Iterator[Pair]:
    shutil.copytree(stages.folder(stage), tmp_path / stage)
    pair = _pair(tmp_path / stage, stages.apps)
    yield pair
    asyncio.run(pair.close())


@pytest.fixture
def pair(stages: Stages, tmp_path: Path) -> Iterator[Pair]:
    """Two gateways that know each other and exchanged nothing yet."""
    yield from _copied(stages, "met", tmp_path)


@pytest.fixture
def delivered(stages: Stages, tmp_path: Path) -> Iterator[Pair]:
    """The provider has the request, and the municipality its receipt."""
    yield from _copied(stages, "delivered", tmp_path)


@pytest.fixture
def asked(stages: Stages, tmp_path: Path) -> Iterator[Pair]:
    """The provider has the request and a plan that both signed; it was not returned yet."""
    yield from _copied(stages, "asked", tmp_path)


@pytest.fixture
def weighed(stages: Stages, tmp_path: Path) -> Iterator[Pair]:
    """The returned plan lies before the klantmanager, on the day of the decision."""
    for pair in _copied(stages, "weighed", tmp_path):
        pair.clock.advance_to(at(DAYS.besluit))
        yield pair


@pytest.fixture
def allocated(stages: Stages, tmp_path: Path) -> Iterator[Pair]:
    """The WMO301 is in the municipality's outbox, not delivered yet."""
    yield from _copied(stages, "allocated", tmp_path)


@pytest.fixture
def ordered(stages: Stages, tmp_path: Path) -> Iterator[Pair]:
    """Two gateways with an accepted order between them."""
    yield from _copied(stages, "ordered", tmp_path)
