"""Two gateways that hand each other mail through folders: the flows with everything real but the network."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.app import CHANNEL, App
from gateway.demo import play, setup, story
from gateway.demo.cast import DAYS, at
from gateway.demo.scene import Scene, StoryClock
from gateway.store import Place, Raw
from gateway.transports import FolderMailbox, FolderTransport

PDF = b"%PDF-1.7 a document\n%%EOF\n"
TO_ORDER = (
    story.dispatch_plan,
    story.deliver_plan,
    story.fill_in_plan,
    story.return_plan,
    story.compare_plan,
    story.decide,
    story.allocate,
    story.accept_order,
)


class Pair(Scene):
    """Both gateways with a folder as way out and in."""

    def take_in(self, role: str, raw: bytes) -> str:
        """Offer mail to one side as if its mailbox held it; the state it ends in."""
        app = self.apps[role]
        with app.store.unit(now=self.clock(), actor="test") as unit:
            place = Place(source="test", account=role, folder="", uid=str(len(unit.inbox.list(limit=1000))))
            number = unit.inbox.add(Raw(place=place, received_at=self.clock(), data=raw)).id
        asyncio.run(app.receive(self.clock))
        with app.store.view(now=self.clock()) as view:
            return view.inbox.get(number).state

    def wire(self, role: str, kind: str) -> bytes:
        """The last mail of a kind that one side sent."""
        item = self.sent(role, kind)[-1]
        with self.apps[role].store.view(now=self.clock()) as view:
            return view.outbox.wire(item.id)

    def run(self, *steps: Callable[[Scene], object]) -> None:
        """Take these steps of the story."""
        for step in steps:
            asyncio.run(step(self))  # type: ignore[arg-type]

    def settle_now(self) -> None:
        """Both work until nothing moves."""
        asyncio.run(self.settle())


def open_pair(folder: Path) -> Pair:
    """The pair in a folder that the demo's setup made."""
    environ = {"GATEWAY_RELAY_PORT": "1"}  # never spoken to
    gemeente, aanbieder = (App.open(folder / role, environ) for role in ("gemeente", "aanbieder"))
    boxes = {role: folder / f"post-{role}" for role in ("gemeente", "aanbieder")}
    for box in boxes.values():
        box.mkdir(exist_ok=True)
    gemeente.transports = {CHANNEL: FolderTransport(boxes["aanbieder"])}
    aanbieder.transports = {CHANNEL: FolderTransport(boxes["gemeente"])}
    gemeente.mailbox = FolderMailbox(boxes["gemeente"], "gemeente")
    aanbieder.mailbox = FolderMailbox(boxes["aanbieder"], "aanbieder")
    pair = Pair(folder, gemeente, aanbieder, StoryClock(at(DAYS.melding)))
    play.recover(pair)
    play.introduce(pair)
    return pair


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both gateways set up; copied, never used."""
    folder = tmp_path_factory.mktemp("pair")
    setup.set_up(folder, datetime(2026, 1, 1, tzinfo=UTC))
    (folder / "gemeente" / "contract.json").write_text(play.contract())
    return folder


@pytest.fixture(scope="session")
def ordered_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after an accepted WMO301."""
    folder = tmp_path_factory.mktemp("ordered") / "pair"
    shutil.copytree(template, folder)
    with pytest.MonkeyPatch.context() as patch:
        _without_pdf(patch)
        pair = open_pair(folder)
        pair.run(*TO_ORDER)
        asyncio.run(pair.close())
    return folder


@pytest.fixture
def pair(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Two gateways that know each other and exchanged nothing yet."""
    yield from _opened(template, tmp_path, monkeypatch)


@pytest.fixture
def ordered(ordered_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    """Two gateways with an accepted order between them."""
    yield from _opened(ordered_template, tmp_path, monkeypatch)


def _opened(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    _without_pdf(monkeypatch)
    folder = tmp_path / "pair"
    shutil.copytree(template, folder)
    pair = open_pair(folder)
    yield pair
    asyncio.run(pair.close())


def _without_pdf(patch: pytest.MonkeyPatch) -> None:
    """Documents that take no time to make; the real ones have tests of their own."""
    for name in ("formulier_pdf", "plan_pdf"):
        patch.setattr(story, name, lambda *_: PDF)
    patch.setattr(story, "verslag_pdf", lambda **_: PDF + b"%verslag\n")
