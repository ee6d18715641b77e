"""A state that cannot be used: a sentence that says what to do, exit code 2, and not a byte written."""

import hashlib
import os
import pwd
import resource
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli.main import run
from gateway.cli.output import BROKEN, GOOD, NO
from gateway.store import MasterKey, Outgoing, Store, database
from tests.cli.conftest import Answer

Gateway = Callable[..., Answer]
PAGE = 4096


@pytest.fixture
def folder(pair: Path) -> Path:
    """A gateway with messages in its store, closed."""
    home = pair / "gemeente"
    with Store.open(home / "gateway.db", MasterKey.from_file(home / "keys/master.key")) as store:
        with store.unit(now=datetime.now(UTC), actor="test") as unit:
            unit.outbox.put_all([_message(number) for number in range(60)])
        store.clean()
    return home


def _message(number: int) -> Outgoing:
    return Outgoing(
        message_id=f"<{number}@gemeente.example>",
        kind="iwmo",
        partner="99990001",
        channel="relay",
        sender="a@gemeente.example",
        recipient="b@aanbieder.example",
        wire=b"x" * 3000,
    )


def contents(folder: Path) -> dict[str, str]:
    """Every file with its hash."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def overwrite(at: int, data: bytes) -> Callable[[Path], None]:
    """Other bytes in the file."""

    def do(file: Path) -> None:
        with file.open("r+b") as opened:
            opened.seek(at)
            opened.write(data)

    return do


def cut(file: Path) -> None:
    """The first half of the file."""
    os.truncate(file, file.stat().st_size // 2 // PAGE * PAGE + 100)


def sql(*statements: str) -> Callable[[Path], None]:
    """Something that another program did."""

    def do(file: Path) -> None:
        with closing(sqlite3.connect(file)) as base, base:
            for statement in statements:
                base.execute(statement)

    return do


def foreign(file: Path) -> None:
    """Another program's database in its place."""
    file.unlink()
    sql("CREATE TABLE people (name)")(file)


SPOILED: dict[str, tuple[Callable[[Path], None], str]] = {
    "header": (overwrite(0, b"\xff" * 100), "restore a backup"),
    "first pages": (overwrite(PAGE, b"\xff" * PAGE * 4), "restore a backup"),
    "cut off": (cut, "restore a backup"),
    "no database": (lambda file: file.write_text("hello " * 1000) and None, "restore a backup"),
    "newer": (sql("UPDATE alembic_version SET version_num = '9999'"), "install that version"),
    "newer beside ours": (sql("INSERT INTO alembic_version VALUES ('9999')"), "install that version"),
    "a column short": (sql("ALTER TABLE jobs DROP COLUMN detail"), "missing: jobs.detail"),
    "half migrated": (sql("DROP TABLE outbox_notes", "DROP TABLE jobs"), "missing: jobs, outbox_notes"),
    "no version": (sql("DELETE FROM alembic_version"), "it has no version"),
    "no keys": (sql("DELETE FROM sealed", "DELETE FROM keys"), "missing: its keys"),
    "another program's": (foreign, "point to another file"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_database_that_cannot_be_used_is_left_as_it_is(gateway: Gateway, folder: Path, how: str) -> None:
    """Whatever is wrong with it: a verb that reads and one that writes say the same."""
    spoil, said = SPOILED[how]
    spoil(folder / "gateway.db")
    before = contents(folder)
    for command in (
        ("status",),
        ("outbox", "hold", "1", "--reason", "x"),
        ("job", "run", "deliver"),
        ("key", "reindex"),
    ):
        code, out, words = gateway(*command, "--dir", folder)
        assert (code, out, said in words) == (BROKEN, "", True), words
    assert contents(folder) == before


def test_a_damaged_page_that_opening_does_not_read_is_found_by_who_reads_all(
    gateway: Gateway, folder: Path, tmp_path: Path
) -> None:
    """`gateway check`, and serving does not begin; no backup is made of it that could not be restored."""
    file = folder / "gateway.db"
    with closing(sqlite3.connect(file)) as base:
        (page,) = base.execute("SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_outbox_1'").fetchone()
    overwrite((page - 1) * PAGE, b"\xff" * PAGE)(file)
    before = contents(folder)
    assert "restore a backup" in gateway("check", "--dir", folder)[2]
    code, _, words = gateway("backup", tmp_path / "copy.db", "--dir", folder)
    assert (code, "restore a backup" in words) == (BROKEN, True)
    assert list(tmp_path.glob("*copy.db*")) == []
    code, _, words = gateway("serve", "--dir", folder)
    assert (code, "restore a backup" in words) == (BROKEN, True)
    changed = {name for name, digest in contents(folder).items() if before.get(name) != digest}
    assert changed <= {"serve.lock", "destroyed.txt"}


KEYS: dict[str, tuple[Callable[[Path], None], str]] = {
    "wrong": (lambda key: key.write_text("ab" * 32) and None, "does not open this database"),
    "no key": (lambda key: key.write_text("secret") and None, "64 hex digits"),
    "gone": (lambda key: key.unlink(), "cannot be read"),
    "readable by others": (lambda key: key.chmod(0o640), "chmod 600"),
}


@pytest.mark.parametrize("how", KEYS)
def test_a_master_key_that_cannot_be_used_opens_nothing(gateway: Gateway, folder: Path, how: str) -> None:
    """SM-145: seen before anything is written."""
    spoil, said = KEYS[how]
    spoil(folder / "keys" / "master.key")
    before = contents(folder)
    code, _, words = gateway("outbox", "hold", "1", "--reason", "x", "--dir", folder)
    assert (code, said in words) == (BROKEN, True), words
    assert contents(folder) == before


def test_a_state_that_is_gone_is_not_made_anew(gateway: Gateway, folder: Path) -> None:
    """An empty state in its place would look as if nothing were open. The heads of its trail tell."""
    assert gateway("job", "run", "audit-head", "--dir", folder)[0] == GOOD
    for file in folder.glob("gateway.db*"):
        file.unlink()
    for again in range(2):
        code, _, words = gateway("status", "--dir", folder)
        assert (code, "restore a backup" in words) == (BROKEN, True), words
        if again == 0:
            assert not (folder / "gateway.db").exists()
            (folder / "gateway.db").touch()  # cut off to nothing
    (folder / "audit-heads.txt").rename(folder / "old-heads.txt")
    assert gateway("status", "--dir", folder)[0] == GOOD


def test_a_log_that_is_gone_is_seen_by_the_trail(gateway: Gateway, folder: Path) -> None:
    """SQLite itself cannot know that its write-ahead log was lost: an older state is a state."""
    gateway("outbox", "hold", "1", "--reason", "x", "--dir", folder)
    older = (folder / "gateway.db").read_bytes()
    gateway("outbox", "hold", "2", "--reason", "x", "--dir", folder)
    gateway("job", "run", "audit-head", "--dir", folder)
    for file in folder.glob("gateway.db-*"):
        file.unlink()
    (folder / "gateway.db").write_bytes(older)
    code, out, _ = gateway("audit", "verify", "--dir", folder)
    assert (code, "missing" in out) == (NO, True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a lock."""
    monkeypatch.setattr(database, "BUSY_MS", 50)
    monkeypatch.setattr(database, "INSPECT_WAIT", 0.05)


def test_a_database_that_another_program_keeps_is_not_waited_for_endlessly(
    gateway: Gateway, folder: Path, impatient: None
) -> None:
    """All to itself: nothing can be read. Only writing: what reads goes on."""
    with closing(sqlite3.connect(folder / "gateway.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert gateway("status", "--dir", folder)[0] == GOOD
        code, _, words = gateway("outbox", "hold", "1", "--reason", "x", "--dir", folder)
        assert (code, "try again" in words) == (BROKEN, True), words
        other.execute("ROLLBACK")
    with closing(sqlite3.connect(folder / "gateway.db", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE outbox SET reason = reason")
        code, _, words = gateway("status", "--dir", folder)
        assert (code, "locked" in words) == (BROKEN, True), words


def apart(folder: Path, *command: str, before: Callable[[], None]) -> tuple[int, str]:
    """A command in a process of its own, after `before`; exit code and words, over a pipe: files may be forbidden."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        sys.stdout = sys.stderr = os.fdopen(writing, "w", buffering=1)
        before()
        os._exit(run([*command, "--dir", str(folder)]))
    os.close(writing)
    with os.fdopen(reading) as words:
        said = words.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), said


def test_a_folder_that_may_not_be_written_is_a_sentence(folder: Path) -> None:
    """Read-only for the user that the gateway runs as."""
    nobody = pwd.getpwnam("nobody").pw_uid

    def drop() -> None:
        if os.geteuid() == 0:
            os.setresuid(nobody, nobody, nobody)

    for path in (folder, *folder.rglob("*"), *folder.parents):
        if path == folder or folder in path.parents:
            if os.geteuid() == 0:
                os.chown(path, nobody, -1)
            path.chmod(0o500 if path.is_dir() else 0o400)
        elif os.geteuid() == 0 and path.owner() == "root" and "pytest-of" in str(path):
            path.chmod(0o711)
    before = contents(folder)
    code, words = apart(folder, "outbox", "hold", "1", "--reason", "x", before=drop)
    assert (code, "Traceback" in words, "gateway.db" in words or "readonly" in words) == (BROKEN, False, True), words
    assert contents(folder) == before


def test_a_full_disk_is_a_sentence(folder: Path) -> None:
    """No byte can be written any more; what was there is still there when there is room."""

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8 * PAGE, 8 * PAGE))

    code, words = apart(folder, "outbox", "hold", "1", "--reason", "x" * 100_000, before=full)
    assert (code, "Traceback" in words, "database" in words) == (BROKEN, False, True), words
    with Store.open(folder / "gateway.db", MasterKey.from_file(folder / "keys/master.key")) as store:
        store.check()
        with store.view(now=datetime.now(UTC)) as view:
            assert view.outbox.get(1).state == "new"


@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_a_copy_for_which_there_is_no_room_leaves_nothing_behind(folder: Path, tmp_path: Path, verb: str) -> None:
    """Half a copy would take the room that the gateway itself needs."""
    if verb == "restore":
        Store.open(folder / "gateway.db", MasterKey.from_file(folder / "keys/master.key")).close()
        (folder / "gateway.db").rename(tmp_path / "copy.db")
        (folder / "destroyed.txt").touch()
    before = {path.name for place in (folder, tmp_path) for path in place.iterdir()}

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8 * PAGE, 8 * PAGE))

    code, words = apart(folder, verb, str(tmp_path / "copy.db"), before=full)
    assert (code, "Traceback" in words, "fault in the gateway" in words) == (BROKEN, False, False), words
    left = {path.name for place in (folder, tmp_path) for path in place.iterdir()} - before
    assert left <= {"destroyed.txt", "serve.lock", "gateway.db-wal", "gateway.db-shm"}
