"""Nothing that came in is lost, and nothing is there twice, whatever stops the pickup between two steps."""

import asyncio
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.domain.delivery import Admission
from gateway.store import IllegalMove, Settled, Store
from gateway.transports import FolderMailbox, Listed, Mailbox, MailboxDown, MaildirMailbox
from gateway.transports.seam import HEADER_MAX
from gateway.worker import Picked, pickup
from tests.damage import alter

from .conftest import HandClock

looking = sys.modules["gateway.worker.pickup"]  # the package has a function of that name


def maildir(path: Path, *messages: bytes) -> MaildirMailbox:
    """A maildir with these messages in `new`."""
    for part in ("new", "cur", "tmp"):
        (path / part).mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(messages, start=len(list((path / "new").iterdir()))):
        (path / "new" / f"1700000{number:03}.M1.host").write_bytes(data)
    return MaildirMailbox(path, "wmo@gemeente.example")


def look(store: Store, mailbox: Mailbox, clock: HandClock, size_max: int = 1_000_000) -> Picked:
    """One look at the mailbox."""
    return asyncio.run(pickup(store, mailbox, clock, size_max=size_max))


def contents(store: Store, clock: HandClock) -> list[tuple[str, bytes]]:
    """State and bytes of everything in the inbox."""
    with store.view(now=clock()) as view:
        return [(item.state, view.inbox.raw(item.id)) for item in view.inbox.list()]


def test_messages_are_committed_whole_and_then_moved(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """SM-92, SM-94; a maildir's bare LF become the CRLF of the wire."""
    box = maildir(tmp_path / "mail", b"Subject: 1\n\na\n", b"Subject: 2\r\n\r\nb\r\n")
    assert look(store, box, clock) == Picked(new=2, moved=2)
    assert contents(store, clock) == [("new", b"Subject: 1\r\n\r\na\r\n"), ("new", b"Subject: 2\r\n\r\nb\r\n")]
    assert list((tmp_path / "mail" / "new").iterdir()) == []
    assert len(list((tmp_path / "mail" / ".Verwerkt" / "cur").iterdir())) == 2
    assert look(store, box, clock) == Picked()


def test_the_same_bytes_at_another_place_are_one_message(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """SM-95: recognised by the SHA-256 of the raw bytes; the second copy is moved too."""
    box = maildir(tmp_path / "mail", b"Subject: 1\r\n\r\n", b"Subject: 1\r\n\r\n")
    assert look(store, box, clock) == Picked(new=1, known=1, moved=2)
    assert len(contents(store, clock)) == 1


class _Dies(MaildirMailbox):
    """Stops at a step, as a killed process would."""

    def __init__(self, path: Path, step: str) -> None:
        super().__init__(path, "wmo@gemeente.example")
        self._step = step

    async def release(self, uids: Collection[str]) -> Collection[str]:
        if self._step == "before-move":
            raise KeyboardInterrupt
        gone = await super().release(uids)
        if self._step == "after-move":
            raise KeyboardInterrupt
        return gone


@pytest.mark.parametrize("step", ["before-move", "after-move"])
def test_a_stop_between_two_steps_and_a_second_look_leave_one_row(
    store: Store, clock: HandClock, tmp_path: Path, step: str
) -> None:
    """SM-94: committed but not moved, or moved but not marked."""
    maildir(tmp_path / "mail", b"Subject: 1\r\n\r\n")
    with pytest.raises(KeyboardInterrupt):
        look(store, _Dies(tmp_path / "mail", step), clock)
    assert look(store, maildir(tmp_path / "mail"), clock).moved == 1
    assert len(contents(store, clock)) == 1
    assert list((tmp_path / "mail" / "new").iterdir()) == []
    with store.view(now=clock()) as view:
        assert view.places.unmoved("maildir", "wmo@gemeente.example", "mail") == []


def test_an_oversize_message_is_recorded_by_its_header_and_moved(
    store: Store, clock: HandClock, tmp_path: Path
) -> None:
    """SM-93: quarantined as too-large; only the header is fetched."""
    box = maildir(tmp_path / "mail", b"Subject: big\r\n\r\n" + b"x" * 2000)
    assert look(store, box, clock, size_max=1000) == Picked(oversize=1, moved=1)
    assert contents(store, clock) == [("quarantined", b"Subject: big")]
    with store.view(now=clock()) as view:
        assert view.inbox.list(reason="too-large")[0].size > 2000


@pytest.mark.parametrize("header", [20, 4_094, 4_095, 4_096, 4_097, 10_000, 65_000, 70_000])
@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\n\n", b""])
def test_a_header_is_read_whole_however_long_and_a_message_too(tmp_path: Path, header: int, end: bytes) -> None:
    """As far as a header is read at all (SM-93); of a file that ends in it, all there is."""
    start = (b"Subject: a" + b"a" * header)[:header]
    message = start + end + (b"text\r\n" * 20_000 if end else b"")
    box = maildir(tmp_path, message)

    async def scenario() -> None:
        (uid,) = await box.uids()
        whole = await box.fetch(uid, 1_000_000)
        assert whole == message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        assert await box.fetch(uid, 100) == whole[:101]
        known = start if header <= HEADER_MAX else start[:HEADER_MAX]
        assert await box.header(uid) == known
        assert await box.headers([uid, "gone"]) == {uid: known}

    asyncio.run(scenario())


def test_one_unreadable_message_does_not_stop_the_others(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """SM-100: skipped after three failures, left in place; asked for with another, then by itself."""

    class OneBroken(MaildirMailbox):
        tries = 0

        def _read(self, uid: str, limit: int) -> bytes:
            if uid.startswith("1700000000"):
                OneBroken.tries += 1
                raise OSError("broken")
            return super()._read(uid, limit)

    maildir(tmp_path / "mail", b"Subject: 1\r\n\r\n", b"Subject: 2\r\n\r\n")
    box = OneBroken(tmp_path / "mail", "wmo@gemeente.example")
    assert look(store, box, clock) == Picked(new=1, unreadable=1, moved=1)
    for _ in range(5):
        look(store, box, clock)
    assert OneBroken.tries == 1 + 3
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 1


def test_a_mailbox_that_is_gone_is_said_so(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """MailboxDown goes to the job, which shows it."""
    with pytest.raises(MailboxDown):
        look(store, FolderMailbox(tmp_path / "nowhere", "drop"), clock)


def test_a_folder_is_read_without_the_files_still_being_written(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """Names that begin with a dot are not finished; the bytes are taken as they are."""
    drop = tmp_path / "in"
    drop.mkdir()
    (drop / "a.xml").write_bytes(b"<a/>\n")
    (drop / ".b.xml.tmp").write_bytes(b"<b")
    assert look(store, FolderMailbox(drop, "drop"), clock) == Picked(new=1, moved=1)
    assert contents(store, clock) == [("new", b"<a/>\n")]
    assert (drop / "verwerkt" / "a.xml").exists()


class _Known:
    """One partner; a report that names us is welcome; from one sender there is no room."""

    def by_headers(self, headers: Sequence[bytes]) -> Sequence[Admission]:
        return [self._by_header(header) for header in headers]

    def _by_header(self, header: bytes) -> Admission:
        if b"Return-Path: <>" in header:
            return "look"
        if b"full.example" in header:
            return "leave"
        return "whole" if b"zorg.example" in header else "header"

    def by_report(self, raw: bytes) -> Admission:
        return "whole" if b"<ours@" in raw else "header"

    def stamp(self) -> object:
        return self.partners

    partners = 1


def test_a_report_is_looked_into_and_what_has_no_room_is_left(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """SM-144: of a report that is not about us only the header is kept; what is left stays there, and nothing of it."""
    report = b"Return-Path: <>\r\nFrom: m@x.example\r\n\r\n"
    mails = (report + b"<ours@gemeente.example>\r\n", report + b"other\r\n", b"From: x@full.example\r\n\r\nx\r\n")
    large = report + b"<ours@gemeente.example>" + b"x" * 300_000
    box = maildir(tmp_path / "mail", *mails, large)
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())) == Picked(new=1, strangers=2, left=1, moved=3)
    assert [state for state, _ in contents(store, clock)] == ["new", "quarantined", "quarantined"]
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 1


def test_of_a_strangers_mail_only_the_header_is_kept(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """SM-144: a row and a move; its body is never fetched, so strangers cannot fill the store."""
    spam = b"From: x@elders.example\r\nSubject: win\r\n\r\n" + b"x" * 5000
    box = maildir(tmp_path / "mail", b"From: plan@zorg.example\r\n\r\na\r\n", spam)
    fetched: list[str] = []

    class Watched(MaildirMailbox):
        async def fetch_all(self, uids: Sequence[str], limit: int) -> Mapping[str, bytes]:
            fetched.extend(uids)
            return await super().fetch_all(uids, limit)

    box = Watched(tmp_path / "mail", "wmo@gemeente.example")
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())) == Picked(new=1, strangers=1, moved=2)
    with store.view(now=clock()) as view:
        (item,) = view.inbox.list(reason="stranger")
        assert b"x" * 100 not in view.inbox.raw(item.id)
        assert (item.state, item.size) == ("quarantined", len(spam))
    with pytest.raises(IllegalMove, match="only the header"), store.unit(now=clock(), actor="jansen") as unit:
        unit.inbox.reopen(item.id)


def test_a_strangers_mail_is_fetched_whole_when_it_is_asked_for(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """SM-144: from where it was set aside, in place of its header, once; then it is handled like any other."""
    spam = b"From: x@elders.example\r\nSubject: win\r\n\r\n" + b"x" * 5000
    box = maildir(tmp_path / "mail", spam)
    asyncio.run(pickup(store, box, clock, welcome=_Known()))
    with store.unit(now=clock(), actor="jansen") as unit:
        (item,) = unit.inbox.list(reason="stranger")
        assert [unit.inbox.want(item.id), unit.inbox.want(item.id)] == [True, False]
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())) == Picked(new=1)
    assert contents(store, clock) == [("new", spam)]
    assert len(list((tmp_path / "mail" / ".Verwerkt" / "cur").iterdir())) == 1
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())) == Picked()


def test_a_header_that_was_damaged_here_stops_no_intake(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """A bad row is one message for a person; what else stands in the mailbox is fetched."""
    box = maildir(tmp_path / "mail", b"From: x@elders.example\r\n\r\n" + b"x" * 5000)
    asyncio.run(pickup(store, box, clock, welcome=_Known()))
    with store.unit(now=clock(), actor="jansen") as unit:
        unit.inbox.want(1)
    alter(store, "inbox.raw", 1)
    (tmp_path / "mail" / "new" / "1700000999.M1.host").write_bytes(b"From: wmo@zorg.example\r\n\r\n")
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())).new == 1
    with store.view(now=clock()) as view:
        item = view.inbox.get(1)
        assert (item.state, item.wanted_at) == ("quarantined", None)
        assert "beschadigd" in str(item.detail)


@pytest.mark.parametrize(("size_max", "why"), [(1_000_000, "staat niet meer in de postbus"), (100, "is te groot")])
def test_what_cannot_be_fetched_whole_stays_as_it_was(
    store: Store, clock: HandClock, tmp_path: Path, size_max: int, why: str
) -> None:
    """SM-144: somebody else removed it, or it is larger than what may be fetched; asked for once."""
    box = maildir(tmp_path / "mail", b"From: x@elders.example\r\n\r\n" + b"x" * 200)
    asyncio.run(pickup(store, box, clock, welcome=_Known()))
    with store.unit(now=clock(), actor="jansen") as unit:
        unit.inbox.want(1)
    if size_max > 100:
        next((tmp_path / "mail" / ".Quarantaine" / "cur").iterdir()).unlink()
    assert asyncio.run(pickup(store, box, clock, welcome=_Known(), size_max=size_max)) == Picked()
    with store.view(now=clock()) as view:
        item = view.inbox.get(1)
        assert (item.state, item.wanted_at) == ("quarantined", None)
        assert why in str(item.detail)


def test_fetching_runs_no_more_than_so_far_ahead_of_handling(
    store: Store, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SM-102: over all looks, oldest first; what strangers sent does not count, for nobody handles it."""
    monkeypatch.setattr(looking, "AHEAD_MAX", 3)
    stranger = b"From: x@elders.example\r\n\r\n%d"
    mails = [b"From: plan@zorg.example\r\n\r\n%d" % n if n % 2 else stranger % n for n in range(10)]
    box = maildir(tmp_path / "mail", *mails)
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())).new == 3
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())).new == 0
    assert [data for state, data in contents(store, clock) if state == "new"] == mails[1:6:2]
    with store.unit(now=clock(), actor="test") as unit:
        for item in unit.inbox.list(states=["new"]):
            unit.inbox.settle(Settled(item.id, "handled"))
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())).new == 2


def test_strangers_that_were_left_starve_nobody_and_are_read_once(
    store: Store, clock: HandClock, tmp_path: Path
) -> None:
    """SM-144: a partner's mail behind more of them than one look lists; judged again when partners or room change."""
    strangers = [b"From: x@full.example\r\n\r\n%d" % number for number in range(1100)]
    read: list[str] = []

    class Watched(MaildirMailbox):
        async def headers(self, uids: Sequence[str]) -> Mapping[str, bytes]:
            read.extend(uids)
            return await super().headers(uids)

    maildir(tmp_path / "mail", *strangers, b"From: plan@zorg.example\r\n\r\na")
    box, left, welcome = Watched(tmp_path / "mail", "wmo@gemeente.example"), looking.Left(), _Known()
    assert asyncio.run(pickup(store, box, clock, welcome=welcome, left=left)) == Picked(new=1, left=1100, moved=1)
    read.clear()
    assert asyncio.run(pickup(store, box, clock, welcome=welcome, left=left)) == Picked(left=1100)
    assert read == []
    welcome.partners = 2
    assert asyncio.run(pickup(store, box, clock, welcome=welcome, left=left)).left == len(read) == 1100


def test_a_size_that_lies_does_not_fill_the_memory(
    store: Store, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SM-93: a batch ends by the bytes that came, not by those that were announced."""
    monkeypatch.setattr(looking, "BATCH_BYTES", 3000)
    commits: list[int] = []

    class Liar(MaildirMailbox):
        async def list(self, uids: Sequence[str] | None = None) -> Sequence[Listed]:
            return [msgspec.structs.replace(each, size=1) for each in await super().list(uids)]

        async def release(self, uids: Collection[str]) -> Collection[str]:
            commits.append(len(uids))
            return await super().release(uids)

    maildir(tmp_path / "mail", *(b"Subject: %d\r\n\r\n" % n + b"x" * 2000 for n in range(6)))
    assert look(store, Liar(tmp_path / "mail", "wmo@gemeente.example"), clock).new == 6
    assert commits == [2, 2, 2]


def test_processed_mail_is_removed_after_its_time_and_no_sooner(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """SM-97: by the time of the move; other files are left alone."""
    box = maildir(tmp_path / "mail", b"Subject: 1\r\n\r\n")
    look(store, box, clock)
    now = datetime.now(UTC)
    assert asyncio.run(box.purge(now - timedelta(days=1))) == 0
    assert asyncio.run(box.purge(now + timedelta(days=1))) == 1
    assert list((tmp_path / "mail" / ".Verwerkt" / "cur").iterdir()) == []


def test_a_mailbox_that_removes_lets_go_only_after_the_time_of_keeping(
    store: Store, clock: HandClock, tmp_path: Path
) -> None:
    """SM-96: counted from the fetch; meanwhile nothing is fetched twice."""
    box, keep = maildir(tmp_path / "mail", b"Subject: 1\r\n\r\n"), timedelta(days=30)
    assert asyncio.run(pickup(store, box, clock, keep=keep)) == Picked(new=1)
    clock.forward(days=29)
    assert asyncio.run(pickup(store, box, clock, keep=keep)) == Picked()
    clock.forward(days=2)
    assert asyncio.run(pickup(store, box, clock, keep=keep)) == Picked(moved=1)


def test_a_file_that_is_still_being_written_waits(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """Whole files only: by its name, or because it changed a moment ago; and nothing that points elsewhere."""
    drop, box = tmp_path / "in", FolderMailbox(tmp_path / "in", "drop", quiet=10)
    drop.mkdir()
    for name in (".a.xml", "b.xml.part", "c.tmp", "d~", "e.xml"):
        (drop / name).write_bytes(b"<a/>\n")
    (drop / "f.xml").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"secret")
    assert look(store, box, clock) == Picked()
    long_ago = datetime.now(UTC).timestamp() - 60
    for path in drop.iterdir():
        os.utime(path, (long_ago, long_ago))
    assert look(store, box, clock) == Picked(new=1, moved=1)
    assert contents(store, clock) == [("new", b"<a/>\n")]


@pytest.mark.parametrize("kind", [MaildirMailbox, FolderMailbox])
def test_a_name_in_another_character_set_is_a_name(
    store: Store, clock: HandClock, tmp_path: Path, kind: type[FolderMailbox]
) -> None:
    """A file from a machine that writes Latin-1: it is fetched, once, moved under its own name, and found again."""
    names = [b"plan \xe9\xe9n.eml", "plan éé.eml".encode(), b"a\nb.eml"]
    mail = tmp_path / "mail"
    folder = os.fsencode(mail / "new" if kind is MaildirMailbox else mail)
    os.makedirs(folder)
    for number, name in enumerate(names):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(b"From: x@elders.example\r\n\r\n%d" % number)
    box = kind(mail, "wmo@gemeente.example")
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())).strangers == 3
    assert {os.fsencode(file.name) for file in box._aside.iterdir()} == set(names)
    with store.unit(now=clock(), actor="jansen") as unit:
        for item in unit.inbox.list():
            unit.inbox.want(item.id)
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())) == Picked(new=3)
    assert {os.fsencode(file.name) for file in box._done.iterdir()} == set(names)
    assert asyncio.run(pickup(store, box, clock, welcome=_Known())) == Picked()


def test_a_full_maildir_is_walked_through_once_a_look(
    store: Store, clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever flags a mail program put on its messages; and what is no file is not opened."""
    box = maildir(tmp_path / "mail")
    for number in range(50):
        (tmp_path / "mail" / "cur" / f"{number}.M1.host:2,RS").write_bytes(b"Subject: %d\r\n\r\n" % number)
    os.mkfifo(tmp_path / "mail" / "new" / "pipe")
    walks, files = [0], MaildirMailbox._files

    def counted(self: MaildirMailbox) -> Iterator[Path]:
        walks[0] += 1
        yield from files(self)

    monkeypatch.setattr(MaildirMailbox, "_files", counted)
    assert look(store, box, clock) == Picked(new=50, moved=50)
    assert walks[0] < 10


def test_a_name_that_comes_again_is_another_file(store: Store, clock: HandClock, tmp_path: Path) -> None:
    """A broker that calls every file the same loses none, and the earlier one is not written over."""
    drop, box = tmp_path / "in", FolderMailbox(tmp_path / "in", "drop")
    drop.mkdir()
    for number in range(3):
        path = drop / "bericht.xml"
        path.write_bytes(b"<a>%d</a>" % number)
        os.utime(path, (number + 1, number + 1))
        assert look(store, box, clock) == Picked(new=1, moved=1)
    assert [data for _, data in contents(store, clock)] == [b"<a>%d</a>" % number for number in range(3)]
    assert len(list((drop / "verwerkt").iterdir())) == 3
