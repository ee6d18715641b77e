"""Messages that share a commit: each stands or falls by itself, and what answers them is written for all at once."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from gateway import berichten
from gateway.berichten import reading, wmo302
from gateway.flows import dispatch, intake, owed, tasks
from gateway.flows.dispatch import Letter, post_berichten, seal_berichten
from gateway.flows.dossiers import CLIENT
from gateway.flows.parties import add_partner, partners
from gateway.store import InboxItem, MasterKey, Place, Raw, Store, StoreDown
from gateway.store.berichten import Berichten
from gateway.store.prepared import Prepared
from gateway.worker import Handled, handle_inbox
from gateway.worker import handle as worker
from tests.bench import world
from tests.securemail import world as mail

US = world.surroundings("aanbieder", world.code(0), world.address(0))


@contextmanager
def provider(path: Path) -> Iterator[Store]:
    """The provider's store, empty but for the municipality."""
    with Store.open(path, MasterKey.generate()) as opened:
        with opened.unit(now=world.now(), actor="test") as unit:
            add_partner(unit, world.record("gemeente", world.EXAMPLE.header.afzender, mail.MUNICIPALITY))
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """One provider's."""
    with provider(tmp_path / "theirs.db") as opened:
        yield opened


def sealed(maker: world.Municipality, orders: Sequence[Any]) -> list[bytes]:
    """Mails with these orders."""
    with maker.store.unit(now=world.now(), actor="test") as unit:
        (to,) = partners(unit)
        known = max((item.id for item in unit.outbox.list(limit=1000)), default=0)
        made = [Letter(to=to, bericht=one, xml=berichten.build(one), reference=None) for one in orders]
        post_berichten(unit, maker.us, seal_berichten(unit, maker.us, made))
        return [unit.outbox.wire(item.id) for item in unit.outbox.list(after=known)]


def arrive(store: Store, wires: Sequence[bytes], uid: str = "") -> None:
    """Fetched, not handled yet."""
    with store.unit(now=world.now(), actor="test") as unit:
        places = [Place(source="test", account="a", folder="", uid=f"{uid}{number}") for number in range(len(wires))]
        unit.inbox.add_all(
            [Raw(place=p, received_at=world.now(), data=data) for p, data in zip(places, wires, strict=True)]
        )


def orders(first: int, count: int) -> list[Any]:
    """Orders for as many clients."""
    return [world.order(number, world.code(0), f"owed{number}") for number in range(first, first + count)]


def handle(store: Store) -> list[Handled]:
    """Everything that waits."""
    return asyncio.run(handle_inbox(store, intake.handler(store, US), world.now))


def waiting(store: Store) -> list[tuple[InboxItem, bytes]]:
    """What was not handled."""
    with store.view(now=world.now()) as view:
        return [(item, view.inbox.raw(item.id)) for item in view.inbox.list(states=["new"])]


def answers(store: Store) -> list[tuple[int, str]]:
    """What was put in the outbox and belongs to an accepted message: by the number of that message, what answers it.

    Fails if anything is there without the rest: an answer without its order, an identity without its receipt.
    """
    with store.view(now=world.now()) as view:
        kinds = {item.id: item.kind for item in view.outbox.list(limit=1000)}
        rows = view.berichten.list()
        items = view.inbox.list(limit=1000)
        found = []
        for item in items:
            if item.state != "handled":
                continue
            assert item.message_id is not None
            assert item.partner is not None
            assert item.mic is not None
            first = view.identities.look_up(item.partner, item.message_id, bytes.fromhex(item.mic)).first
            assert first is not None
            assert first.receipt_id is not None
            assert first.inbox_id == item.id
            found.append((item.id, kinds.pop(first.receipt_id)))
        came = {row.id for row in rows if row.richting == "in"}
        went = [row for row in rows if row.richting == "uit"]
        assert sorted(row.antwoord_op or 0 for row in went) == sorted(came)
        assert sorted(kinds.values()) == sorted(row.soort for row in went)
        assert {row.outbox_id for row in went} == set(kinds)
        assert len(went) == len(found)
    return found


def test_each_message_of_a_shared_commit_gets_its_own_answers(maker: world.Municipality, store: Store) -> None:
    """A WMO302 and a receipt each, that name each other as they would have if each had been handled alone."""
    arrive(store, sealed(maker, orders(1000, 5)))
    assert [each.state for each in handle(store)] == ["handled"] * 5
    assert answers(store) == [(number, "receipt") for number in range(1, 6)]


def _told(asked: list[str], name: str) -> Any:
    """That question, which tells; what `each` asks of a file for each is one question of a server."""
    real = getattr(Prepared, name)

    def told(*given: Any) -> Any:
        before = len(asked)
        answer = real(*given)
        del asked[before:]
        asked.append(name)
        return answer

    return told


def test_the_store_is_asked_and_told_as_often_for_many_as_for_a_few(
    maker: world.Municipality, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages that share a commit and have nothing to do with each other: no statement is one message's own."""
    asked: list[str] = []
    for name in ("rows", "many", "each"):
        monkeypatch.setattr(Prepared, name, _told(asked, name))
    arrive(store, sealed(maker, orders(900, 1)), "first/")
    handle(store)  # what is the same for all that come later is made
    counts = []
    for some in (orders(910, 3), orders(920, 12)):
        arrive(store, sealed(maker, some), f"{len(some)}/")
        asked.clear()
        assert {each.state for each in handle(store)} == {"handled"}
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_answers_that_share_a_commit_have_their_effect_and_their_receipts(
    maker: world.Municipality, store: Store
) -> None:
    """At the municipality: each order gets its status, and one that came twice is answered once."""
    count = 4
    arrive(store, sealed(maker, orders(1600, count)))
    handle(store)
    with store.view(now=world.now()) as view:
        wires = [view.outbox.wire(item.id) for item in view.outbox.list() if item.kind == "WMO302"]
    with maker.store.view(now=world.now()) as view:
        before = len([item for item in view.outbox.list(limit=1000) if item.kind == "receipt"])
    arrive(maker.store, [*wires, b"X-Way: other\r\n" + wires[0]], "answers/")
    done = asyncio.run(handle_inbox(maker.store, intake.handler(maker.store, maker.us), world.now))
    assert [each.state for each in done] == ["handled"] * count + ["duplicate"]
    with maker.store.view(now=world.now()) as view:
        receipts = [item for item in view.outbox.list(limit=1000) if item.kind == "receipt"]
        sent = [view.berichten.find("uit", "WMO301", maker.us.ourselves.code, f"owed{1600 + n}") for n in range(count)]
        opened = [view.audit.list(object=f"inbox/{each.id}") for each in done]
    assert len(receipts) == before + count
    assert [row and row.status for row in sent] == ["accepted"] * count
    assert [[row.action for row in rows] for rows in opened] == [["opened"]] * count + [["duplicate"]]


def test_what_came_in_is_parsed_once(maker: world.Municipality, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """To see what it is and to read it: the same tree."""
    parsed: list[bytes] = []
    real = reading.parse_xml
    monkeypatch.setattr(reading, "parse_xml", lambda data: parsed.append(data) or real(data))
    for some in (orders(1050, 3), orders(1060, 1)):  # several, and one by itself
        arrive(store, sealed(maker, some), f"{len(some)}/")
        handle(store)
    with store.view(now=world.now()) as view:
        came = [view.berichten.xml(row.id) for row in view.berichten.list() if row.richting == "in"]
    assert len(came) == 4
    assert sorted(parsed) == sorted(came)


def test_a_message_that_fails_takes_nothing_of_the_others_with_it(
    maker: world.Municipality, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails after its own answers were owed: they are owed no more, those of the others are written."""
    arrive(store, sealed(maker, orders(1100, 4)))
    real, tried = intake.keep_announced, []

    def fails(unit: Any, us: Any, opened: Any) -> None:
        tried.append(opened)
        if len(tried) == 2:
            raise ValueError("a name that must not be logged")
        real(unit, us, opened)

    with monkeypatch.context() as patch:
        patch.setattr(intake, "keep_announced", fails)
        done = handle(store)
    assert [(each.state, each.error) for each in done] == [
        ("handled", None),
        ("new", "ValueError"),
        ("handled", None),
        ("handled", None),
    ]
    assert answers(store) == [(1, "receipt"), (3, "receipt"), (4, "receipt")]


def test_what_fails_for_all_at_once_is_done_for_each(
    maker: world.Municipality, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers that cannot be written undo the commit; then each message is handled by itself, and one is to blame."""
    arrive(store, sealed(maker, orders(1200, 4)))
    real = dispatch.post_berichten

    def fails(unit: Any, us: Any, letters: Sequence[Any]) -> list[int]:
        if any(one.letter.bericht.header.bericht_identificatie.identificatie == "owed1201" for one in letters):
            raise ValueError
        return real(unit, us, letters)

    with monkeypatch.context() as patch:
        patch.setattr(owed, "post_berichten", fails)
        done = handle(store)
    assert [each.error for each in done] == [None, "ValueError", None, None]
    assert [number for number, _ in answers(store)] == [1, 3, 4]


def test_a_crash_before_the_commit_leaves_neither_effect_nor_answer(
    maker: world.Municipality, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every answer written and the commit not made nothing is there; the next time everything is, once."""
    arrive(store, sealed(maker, orders(1300, 3)))
    real = owed.Owed.write

    def dies(self: owed.Owed, unit: Any) -> None:
        real(self, unit)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owed.Owed, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            handle(store)
    assert answers(store) == []
    with store.view(now=world.now()) as view:
        assert (view.outbox.list(), view.berichten.list()) == ([], [])
    assert len(waiting(store)) == 3
    for item, raw in waiting(store):
        intake.handler(store, US)(item, raw, world.now())
    assert [number for number, _ in answers(store)] == [1, 2, 3]


@pytest.mark.parametrize(("undoing", "first"), [("no room", 1700), ("no memory", 1710)])
def test_what_undoes_the_whole_transaction_ends_it(
    maker: world.Municipality, store: Store, monkeypatch: pytest.MonkeyPatch, undoing: str, first: int
) -> None:
    """A disk that is full undoes in SQLite what the messages before did too: nothing of the others goes on without
    that, and no message is to blame.
    """
    arrive(store, sealed(maker, orders(first, 3)))
    tried: list[Any] = []

    def fills(unit: Any, us: Any, opened: Any) -> None:
        tried.append(opened)
        tasks.raise_task(unit, f"test/{len(tried)}", tasks.Task(what="", who="", advice=""))
        if len(tried) != 2:
            return
        try:
            no_room(unit)
        except sa.exc.DBAPIError:
            if undoing == "no memory":
                raise MemoryError from None  # as the driver says it, where SQLite has none
            raise

    with monkeypatch.context() as patch:
        patch.setattr(intake, "keep_announced", fills)
        with pytest.raises(StoreDown):
            handle(store)
        assert (answers(store), len(tried)) == ([], 2)
        with store.view(now=world.now()) as view:
            assert [item.tries for item in view.inbox.list(states=["new"])] == [0, 0, 0]
            assert tasks.open_tasks(view) == []
    for item, raw in waiting(store):
        intake.handler(store, US)(item, raw, world.now())
    assert len(answers(store)) == 3


def no_room(unit: Any) -> None:
    """What a full disk does to a transaction."""
    driver = unit._conn.connection.dbapi_connection
    (pages,) = driver.execute("PRAGMA page_count").fetchone()
    driver.execute(f"PRAGMA max_page_count = {pages}").close()
    try:
        place = Place(source="test", account="a", folder="", uid="large")
        unit.inbox.add(Raw(place=place, received_at=unit.now, data=bytes(1_000_000)))
    finally:
        driver.execute("PRAGMA max_page_count = 1000000").close()


@pytest.mark.parametrize("before", [0, 1, 3])
def test_who_asks_for_what_is_still_owed_sees_it(
    maker: world.Municipality, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    """The same whether messages share a commit or not: one sent twice, an order again in another mail, under a name
    that was used, and for the allocation that the one before it made; also where some were handled earlier.
    """
    first, other = orders(1400, 2)
    name = first.header.bericht_identificatie
    named = msgspec.structs.replace(other, header=msgspec.structs.replace(other.header, bericht_identificatie=name))
    renamed = msgspec.structs.replace(name, identificatie="again1400")
    again = msgspec.structs.replace(first, header=msgspec.structs.replace(first.header, bericht_identificatie=renamed))
    with monkeypatch.context() as patch:  # a gateway of ours refuses to use a name twice
        patch.setattr(Berichten, "add_all", lambda _, made: [0] * len(made))
        wires = [wire for one in (first, again, first, named) for wire in sealed(maker, [one])]
    wires.insert(1, b"X-Way: other\r\n" + wires[0])
    seen = []
    for size in (1, 20):
        monkeypatch.setattr(worker, "TOGETHER", size)
        with provider(tmp_path / f"{size}.db") as store:
            states = []
            for some in (wires[:before], wires[before:]):
                arrive(store, some, f"{len(some)}/")
                states += [each.state for each in handle(store)]
            with store.view(now=world.now()) as view:
                register = view.berichten.list()
                codes = [
                    berichten.parse(view.berichten.xml(row.id), wmo302.Bericht).header.retour_codes
                    for row in register
                    if row.richting == "uit"
                ]
                kinds = sorted(item.kind for item in view.outbox.list())
                dossiers = [len({row.dossier for row in register}), len(view.records.list(CLIENT, dict))]
            seen.append((states, [(row.richting, row.status) for row in register], codes, kinds, dossiers))
    (states, register_, codes, _, dossiers), together = seen
    assert dossiers == [2, 2]  # one for each client, also where several of its messages share a commit
    assert together[0] == states == ["handled", "duplicate", "handled", "handled", "handled"]
    assert (sorted(together[1]), together[2:]) == (sorted(register_), seen[0][2:])
    assert len({str(code) for code in codes}) > 1  # what was judged by another's answer was judged otherwise
