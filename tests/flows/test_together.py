"""Messages that share a commit leave what they leave one by one: whatever they are, and in whatever order they come."""

import asyncio
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from gateway import berichten, securemail
from gateway.berichten import wmo301, wmo302, wmo305, wmo306, wmo323
from gateway.demo import settlement, story
from gateway.demo.cast import DAYS, at
from gateway.flows import declaration, delivery, intake, tasks
from gateway.flows.cases import trajecten, uitvragen
from gateway.flows.parties import partner
from gateway.plans import maak_uitvraag
from gateway.securemail import Attachment, Sealed
from gateway.store import MasterKey, Store, Unit
from gateway.store.moving import move_state
from gateway.store.scratch import scratch
from gateway.worker import handle as worker

from .conftest import OTHER, Pair, Stages, _pair, plan_part, xml_part

replace = msgspec.structs.replace
SEEDS = range(2)
MESSAGES = 20
BSNS = ("999912345", "999900006", "999911110")
TEXT = Attachment(None, "text/plain; charset=utf-8", b"hallo\r\n")


# -- what may come ---------------------------------------------------------------------------------------------------


class Post:
    """Mail for one side: genuine, repeated, and worse; of few clients, names and numbers, so that they meet."""

    def __init__(self, pair: Pair, role: str, dice: random.Random) -> None:
        self.pair, self.role, self.sender, self.dice = pair, role, OTHER[role], dice
        self.sealed: list[Sealed] = []
        self.raws: list[bytes] = []
        self.contents: list[bytes] = []
        with pair.apps[self.sender].store.view(now=pair.clock()) as view:
            self.real = [view.outbox.wire(item.id) for item in view.outbox.list(limit=1000)]

    def one(self) -> bytes:
        """Any of all that."""
        raise NotImplementedError

    def mail(self, *parts: Attachment, **named: Any) -> bytes:
        sealed = self.pair.seal(self.sender, *parts, **named)
        self.sealed.append(sealed)
        return sealed.raw

    def xml(self, bericht: Any) -> bytes:
        self.contents.append(berichten.build(bericht))
        return self.mail(xml_part(self.contents[-1]))

    def first(self) -> list[bytes]:
        """What surely meets in one commit: the newest that the other side really sent, each by another route too."""
        both = ((raw, b"Received: from other.example\r\n" + raw) for raw in reversed(self.real[-2:]))
        return [raw for each in both for raw in each]

    def again(self) -> bytes:
        """A message that came, or the contents of one, in one of the ways in which it comes again."""
        ways: list[Callable[[], bytes]] = [self._by_another_route]
        if self.sealed:
            ways += [self._in_another_envelope, self._under_its_name]
        if self.contents:
            ways += [self._in_another_mail, self._in_other_bytes]
        return self.dice.choice(ways)()

    def _by_another_route(self) -> bytes:
        return b"Received: from %d.example\r\n" % self.dice.randrange(3) + self.dice.choice(self.raws[-3:] or self.real)

    def _in_another_envelope(self) -> bytes:
        again = securemail.reseal(self.dice.choice(self.sealed), self.pair.recipients(self.sender), "strict")
        assert isinstance(again, Sealed)
        return again.raw

    def _under_its_name(self) -> bytes:
        return self.mail(TEXT, plan_part(b"{}"), message_id=self.dice.choice(self.sealed).message_id)

    def _in_another_mail(self) -> bytes:
        return self.mail(xml_part(self.dice.choice(self.contents)))

    def _in_other_bytes(self) -> bytes:
        return self.mail(xml_part(self.dice.choice(self.contents) + b"\n<!-- %d -->" % self.dice.randrange(2)))

    def sent(self) -> bytes:
        """What the other side really sent: most of it was handled, some not."""
        return self.dice.choice(self.dice.choice([self.real, self.real[-2:]]))

    def useless(self) -> bytes:
        """What takes no effect."""
        stranger = b"From: x@elders.example\r\nMessage-ID: <%d@elders.example>\r\n\r\nhallo\r\n"
        parts = (TEXT, xml_part(b"<Bericht><nog"), plan_part(b'{"schema": "ondersteuningsplan-uitwisseling/1"}'))
        mails = [*(self.mail(part) for part in parts), stranger % self.dice.randrange(10**6), self.sent()[:-40]]
        return self.dice.choice(mails)

    def named(self, header: Any) -> Any:
        """Under one of few names."""
        name = replace(header.bericht_identificatie, identificatie=f"T{self.dice.randrange(6)}")
        return replace(header, bericht_identificatie=name)


class AtProvider(Post):
    """Orders, plans, answers to starts."""

    def first(self) -> list[bytes]:
        """And a plan of a client, with an order for the same one: it belongs to the case that the plan begins."""
        newest, again, *others = super().first()
        return [newest, again, self.plan("0", BSNS[2]), self.order(BSNS[2]), *others]

    def order(self, bsn: str | None = None) -> bytes:
        """Of a client, new or not, for allocations that were made or not."""
        of = berichten.parse(self.pair.xml_of("gemeente", "WMO301"), wmo301.Bericht)
        number = self.dice.choice([1001, 2001, 2001, 3001])
        products = tuple(
            replace(product, toewijzing_nummer=number + place)
            for place, product in enumerate(of.client.toegewezen_producten)
        )
        bsn = bsn or self.dice.choice([*BSNS, of.client.bsn])
        return self.xml(
            replace(
                of,
                header=self.named(of.header),
                client=replace(of.client, bsn=bsn, toegewezen_producten=products),
            )
        )

    def plan(self, digit: str | None = None, bsn: str | None = None) -> bytes:
        """A request for a plan, of a client that has no case here, or one."""
        traject = self.pair.traject()
        assert traject is not None
        part = traject.uitvraag[0].momentopname
        assert part is not None
        plan_id = part.plan_id[:-1] + (digit or self.dice.choice(part.plan_id[-1] + "0123"))
        part = replace(part, plan_id=plan_id, client=replace(part.client, bsn=bsn or self.dice.choice(BSNS)))
        content = maak_uitvraag(part, self.pair.gemeente.us.formaat, verzonden_op=self.pair.clock())
        return self.mail(plan_part(content))

    def answer(self) -> bytes:
        """To a start, where one was sent; else the order."""
        if "WMO306" not in self.pair.outgoing("gemeente"):
            return self.order()
        of = berichten.parse(self.pair.xml_of("gemeente", "WMO306"), wmo306.Bericht)
        return self.xml(replace(of, header=replace(of.header, identificatie_retour=f"R{self.dice.randrange(2)}")))

    def one(self) -> bytes:
        return self.dice.choice(
            [
                self.order,
                self.order,
                self.order,
                self.plan,
                self.answer,
                self.sent,
                self.again,
                self.again,
                self.useless,
            ]
        )()


class AtMunicipality(Post):
    """Starts, declarations, answers to orders."""

    def start(self) -> bytes:
        of = berichten.parse(self.pair.xml_of("aanbieder", "WMO305"), wmo305.Bericht)
        status = self.dice.choice(["1", "1", "3"])
        products = tuple(replace(product, status_aanlevering=status) for product in of.client.start_producten)
        bsn = self.dice.choice([*BSNS, of.client.bsn, of.client.bsn, of.client.bsn])
        return self.xml(
            replace(of, header=self.named(of.header), client=replace(of.client, bsn=bsn, start_producten=products))
        )

    def declared(self) -> bytes:
        of = berichten.parse(self.pair.xml_of("aanbieder", "WMO323"), wmo323.Bericht)
        number = self.dice.choice([of.declaratie.declaratie_nummer, "N1"])
        return self.xml(
            replace(of, header=self.named(of.header), declaratie=replace(of.declaratie, declaratie_nummer=number))
        )

    def answer(self) -> bytes:
        of = berichten.parse(self.pair.xml_of("aanbieder", "WMO302"), wmo302.Bericht)
        return self.xml(replace(of, header=replace(of.header, identificatie_retour=f"R{self.dice.randrange(2)}")))

    def one(self) -> bytes:
        often, seldom = (self.start, self.sent, self.again), (self.start, self.declared, self.answer, self.useless)
        return self.dice.choice((*often, *often, *seldom))()


# -- what is left of it ----------------------------------------------------------------------------------------------


def left(pair: Pair, role: str) -> dict[str, Any]:
    """Everything that the messages left at one side, without random names and the order of rows."""
    store = pair.apps[role].store
    with store.view(now=pair.clock()) as view:
        items = view.inbox.list(limit=1000)
        rows = view.berichten.list()
        outgoing = view.outbox.list(limit=1000)
        known = view._conn.execute(sa.text("SELECT * FROM identities")).mappings().all()
        documents = view._conn.execute(sa.text("SELECT soort, sleutel, dossier FROM records")).mappings().all()
        pseudonyms = dict(map(tuple, view._conn.execute(sa.text("SELECT pseudonym, id FROM dossiers"))))
        said = {item.id: _said(view, item) for item in outgoing}
        members: dict[str | None, list[str]] = {}
        for item in items:
            members.setdefault(item.dossier, []).append(f"inbox {item.id}")
        for row in rows:
            name = row.identificatie if row.richting == "in" else f"answer to {_named(rows, row.antwoord_op)}"
            members.setdefault(row.dossier, []).append(f"{row.richting} {row.soort} {name}")
        for item in outgoing:
            members.setdefault(item.dossier, []).append(f"out {said[item.id]}")
        for record in documents:
            members.setdefault(record["dossier"], []).append(record["soort"])
        members.pop(None, None)
        of = {None: "", **{dossier: " | ".join(sorted(names)) for dossier, names in members.items()}}

        def about(text: str) -> str:
            kind, _, number = text.removeprefix("task/").partition("/")
            if kind == "outbox":
                return str(said[int(number.partition("/")[0])])
            return "message" if kind in ("message", "certificate") else text

        return {
            "inbox": [(i.id, i.state, i.reason, i.detail, i.partner, i.message_id, i.mic, i.tries) for i in items],
            "dossiers": sorted(of.values()),
            "register": sorted(
                (row.richting, row.soort, row.status, _content(view, row), _named(rows, row.antwoord_op) or "")
                for row in rows
            ),
            "outbox": sorted((said[i.id], i.state, i.reason or "", of[i.dossier]) for i in outgoing),
            "identities": sorted(
                (k["message_id"], k["mic"], k["outcome"], k["cms_sha256"], k["inbox_id"], said.get(k["receipt_id"], ""))
                for k in known
            ),
            "tasks": sorted(
                (about(t.sleutel), t.body.what, t.body.count, t.body.state)
                for t in view.records.list(tasks.SOORT, tasks.Task)
            ),
            "audit": Counter(
                (e.action, about(e.object), e.partner, e.outcome, e.ground, of.get(pseudonyms.get(e.subject or "")))
                for e in view.audit.list(limit=10_000)
            ),
            "cases": [
                (c.body.toestand, [(v.soort, v.bericht_id) for v in c.body.gebeurtenis])
                for c in (uitvragen(view) if role == "aanbieder" else trajecten(view))
            ],
            "trail": view.audit.verify().broken_at,
        }


def _named(rows: Sequence[Any], number: int | None) -> str | None:
    return next((f"{row.soort} {row.identificatie}" for row in rows if row.id == number), None)


def _content(view: Unit, row: Any) -> str:
    """Without what is made anew for each answer: its own name."""
    text = view.berichten.xml(row.id).decode()
    return re.sub(r"(<[^<>]*dentificatieRetour>)[^<]*", r"\1", text) if row.richting == "uit" else text


def _said(view: Unit, item: Any) -> str:
    """What a message of ours is: a receipt by what it confirms and how."""
    if item.kind != "receipt":
        return str(item.kind)
    raw = view.outbox.wire(item.id).decode("latin-1")
    original = re.search(r"Original-Message-ID: *(\S+)", raw)
    disposition = re.search(r"processed(/error)?", raw)
    return f"receipt {original and original[1]} {disposition and disposition[0]}"


# -- the same ---------------------------------------------------------------------------------------------------------

PLACES: dict[str, tuple[str, str, type[Post]]] = {
    "an order is due": ("aanbieder", "allocated", AtProvider),
    "a start was answered": ("aanbieder", "ordered", AtProvider),
    "a start and a declaration are due": ("gemeente", "ordered", AtMunicipality),
}


def begun(stages: Stages, where: str, tmp_path: Path) -> Pair:
    """A stage, with what is due there in the sender's outbox."""
    role, stage, _ = PLACES[where]
    shutil.copytree(stages.folder(stage), tmp_path / "begun")
    pair = _pair(tmp_path / "begun", stages.apps)
    if stage == "ordered":
        pair.clock.advance_to(at(DAYS.start, 16))
        with pair.aanbieder.store.unit(now=pair.clock(), actor="test") as unit:
            to = partner(unit, pair.gemeente.us.ourselves.code)
            assert to is not None
            number = story._order(pair)
            delivery.start(unit, pair.aanbieder.us, to, number, DAYS.start)
        if role == "aanbieder":
            pair.take_in("gemeente", pair.wire("aanbieder", "WMO305"))
        else:
            pair.clock.advance_to(at(DAYS.declaratie))
            with pair.aanbieder.store.unit(now=pair.clock(), actor="test") as unit:
                delivered = settlement.delivered(unit.berichten.xml(number))
                month = (DAYS.maand_begin, DAYS.maand_eind)
                declaration.declare(unit, pair.aanbieder.us, to, number, delivered, month)
    return pair


def on_server(pair: Pair, role: str, place: str) -> None:
    """Move the state of one side there."""
    app = pair.apps[role]
    moved = Store.open(place, MasterKey.from_file(app.folder / app.settings.keys.master))
    move_state(app.store, moved)
    app.store.close()
    app.store = moved


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("where", PLACES)
def test_many_that_share_a_commit_leave_what_they_leave_one_by_one(
    stages: Stages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, seed: int
) -> None:
    """The same register, dossiers, answers, receipts, tasks, cases and trail; one of them may fail each time."""
    assert compare(stages, tmp_path, monkeypatch, where, seed)


@pytest.mark.postgres
@pytest.mark.parametrize("where", PLACES)
def test_they_do_so_on_postgresql_as_well(
    stages: Stages, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Rows go as lists there, numbers come from a counter, and an exception undoes to a savepoint of the server."""
    with scratch(server) as new:
        assert compare(stages, tmp_path, monkeypatch, where, seed=3, new=new)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 20))
@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_they_always_do(
    stages: Stages,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    where: str,
    seed: int,
) -> None:
    """On demand: ten times as many, on both."""
    if database == "sqlite":
        compare(stages, tmp_path, monkeypatch, where, seed)
    else:
        with scratch(request.getfixturevalue("server")) as new:
            compare(stages, tmp_path, monkeypatch, where, seed, new=new)


def compare(
    stages: Stages,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    seed: int,
    new: Callable[[], str] | None = None,
) -> int:
    """What mail of this seed leaves one by one and together, in a file, or with `new` on a server.

    How many were refused and opened again, which depends on the seed.
    """
    dice = random.Random(seed)
    role, _, kind = PLACES[where]
    pair = begun(stages, where, tmp_path)
    post = kind(pair, role, dice)
    post.raws += post.first()
    at_once = [len(post.raws), *(dice.randrange(2, 9) for _ in range(MESSAGES))]
    while len(post.raws) < MESSAGES:
        post.raws.append(post.one())
    poison = {one.message_id for one in dice.sample(post.sealed, k=dice.randrange(2))}
    _fail(monkeypatch, poison)
    undone = _watched(monkeypatch)
    asyncio.run(pair.close())
    seen = []
    for size in (1, 50):
        monkeypatch.setattr(worker, "TOGETHER", size)
        shutil.copytree(pair.folder, tmp_path / str(size))
        copied = _pair(tmp_path / str(size), stages.apps)
        copied.clock.advance_to(pair.clock())
        if new is not None:
            on_server(copied, role, new())
        arriving = iter(post.raws)
        for count in at_once:
            for raw in islice(arriving, count):
                copied.put(role, raw)
            copied.work(role)
        copied.clock.advance_to(copied.clock() + timedelta(hours=1))
        with copied.apps[role].store.unit(now=copied.clock(), actor="test") as unit:
            again = unit.inbox.reopen_all(["payload", "conflict", "date", "malformed", "report", "decrypt"])
        copied.work(role)  # what failed is tried again, and what was refused
        seen.append(left(copied, role))
        asyncio.run(copied.close())
    for name, one_by_one in seen[0].items():
        assert seen[1][name] == one_by_one, name
    assert seen[0]["trail"] is None
    assert not undone
    return again


def _fail(monkeypatch: pytest.MonkeyPatch, poison: set[str]) -> None:
    """Handling these raises when all else of it is done."""
    real = intake.keep_announced

    def keep_announced(unit: Any, us: Any, opened: Any) -> None:
        if opened.headers.message_id in poison:
            raise ValueError
        real(unit, us, opened)

    monkeypatch.setattr(intake, "keep_announced", keep_announced)


def _watched(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """What undid all that shared a commit, and had each done by itself: that would look the same."""
    real, undone = intake.Intake.together, []

    @contextmanager
    def together(self: intake.Intake, *some: Any) -> Iterator[Any]:
        try:
            with real(self, *some) as one:
                yield one
        except Exception as error:
            undone.append(error)
            raise

    monkeypatch.setattr(intake.Intake, "together", together)
    return undone
