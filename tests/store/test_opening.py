"""A database that cannot be used is refused with a sentence, and nothing is written to it."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.store import (
    CorruptDatabase,
    ForeignDatabase,
    KeyRefused,
    MasterKey,
    NewerSchema,
    OpenRefused,
    Store,
    StoreBusy,
    StoreError,
    WrongMasterKey,
)

from .conftest import NOW


@pytest.fixture
def path(tmp_path: Path, master: MasterKey) -> Path:
    """A closed database with a record in it."""
    made = tmp_path / "gateway.db"
    with Store.open(made, master) as store, store.unit(now=NOW, actor="test") as unit:
        unit.records.add("plan", "1", {"a": 1})
    return made


def refused(path: Path, master: MasterKey, kind: type[OpenRefused]) -> str:
    """The sentence of a refusal, after which every file in the folder is what it was."""
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    with pytest.raises(kind) as caught:
        Store.open(path, master)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()} == before
    return str(caught.value)


def test_it_opens_again_with_what_was_committed(path: Path, master: MasterKey) -> None:
    """The file is its owner's alone."""
    assert path.stat().st_mode & 0o077 == 0
    with Store.open(path, master) as store, store.view(now=NOW) as view:
        record = view.records.get("plan", "1", dict)
    assert record is not None
    assert record.body == {"a": 1}


def test_another_master_key_is_refused(path: Path) -> None:
    """SM-145: seen from a check value before anything is written."""
    assert "master key" in refused(path, MasterKey.generate(), WrongMasterKey)


def test_a_newer_schema_is_refused(path: Path, master: MasterKey) -> None:
    """A database of a later version is left to that version."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    assert "newer version" in refused(path, master, NewerSchema)


def test_a_database_of_something_else_is_refused(tmp_path: Path, master: MasterKey) -> None:
    """Tables, but none of ours."""
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    assert "none of a gateway" in refused(other, master, ForeignDatabase)


@pytest.mark.parametrize("where", [0, 100], ids=["header", "schema"])
def test_a_corrupt_file_is_refused(path: Path, master: MasterKey, where: int) -> None:
    """Overwritten at the start, or in the first page of the schema."""
    data = bytearray(path.read_bytes())
    data[where : where + 400] = os.urandom(400)
    path.write_bytes(data)
    assert "restore a backup" in refused(path, master, CorruptDatabase)


def test_a_text_file_is_no_database(tmp_path: Path, master: MasterKey) -> None:
    """Not even SQLite."""
    wrong = tmp_path / "gateway.toml"
    wrong.write_text("[gateway]\n" * 100)
    refused(wrong, master, CorruptDatabase)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, master: MasterKey) -> None:
    """And not made."""
    with pytest.raises(OpenRefused, match="does not exist"):
        Store.open(tmp_path / "nowhere" / "gateway.db", master)


def test_a_server_that_is_not_there_is_said_so(tmp_path: Path, master: MasterKey) -> None:
    """Without the password of the URL."""
    with pytest.raises(OpenRefused, match="cannot be opened") as caught:
        Store.open(f"postgresql+psycopg://gateway:geheim@/x?host={tmp_path}", master)
    assert "geheim" not in str(caught.value)


def test_damage_found_later_is_a_sentence_too(path: Path, master: MasterKey) -> None:
    """A page of data that is garbage shows when it is read."""
    with Store.open(path, master) as store, store.unit(now=NOW, actor="test") as unit:
        for number in range(2, 300):
            unit.records.add("plan", str(number), {"text": "x" * 400})
    data = bytearray(path.read_bytes())
    for page in range(4096 * 40, len(data), 4096):
        data[page : page + 100] = os.urandom(100)
    path.write_bytes(data)
    with pytest.raises(StoreError), Store.open(path, master) as store, store.view(now=NOW) as view:
        view.records.list("plan", dict)


def test_a_view_cannot_write(store: Store) -> None:
    """A question never changes anything, on either database."""
    with pytest.raises(StoreError), store.view(now=NOW) as view:
        view.audit.write("viewed", "plan/1")
    with store.unit(now=NOW, actor="test") as unit:
        unit.audit.write("viewed", "plan/1")
        assert unit.audit.head().nr == 1


def test_a_writer_that_waits_too_long_says_so(path: Path, master: MasterKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """One writer at a time; the second gives up with a sentence, not with a trace of the driver."""
    monkeypatch.setattr("gateway.store.database.BUSY_MS", 20)
    with Store.open(path, master) as store, store.unit(now=NOW, actor="a"):
        second = store.unit(now=NOW, actor="b")
        with pytest.raises(StoreBusy, match="try again"):
            second.__enter__()


def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(path: Path, master: MasterKey) -> None:
    """Nothing of the unit is kept; when there is room again the same work succeeds."""
    with Store.open(path, master) as store:

        def fill() -> None:
            with store.unit(now=NOW, actor="test") as unit:
                for number in range(2, 40):
                    unit.records.add("plan", str(number), {"text": "x" * 20_000})

        with store.connection(write=True) as conn:
            pages = conn.exec_driver_sql("PRAGMA page_count").scalar()
            conn.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="disk is full"):
            fill()
        with store.connection(write=True) as conn:
            conn.exec_driver_sql("PRAGMA max_page_count = 1000000")
            assert conn.exec_driver_sql("SELECT count(*) FROM records").scalar() == 1
        fill()
        with store.view(now=NOW) as view:
            assert len(view.records.list("plan", dict)) == 39


def test_a_unit_that_fails_leaves_nothing_behind(store: Store) -> None:
    """Everything of a unit, or nothing."""
    with pytest.raises(ZeroDivisionError), store.unit(now=NOW, actor="test") as unit:
        unit.records.add("plan", "1", {})
        unit.audit.write("made", "plan/1")
        assert 1 / (unit.audit.head().nr - 1)
    with store.view(now=NOW) as view:
        assert view.records.get("plan", "1", dict) is None
        assert view.audit.head().nr == 0


def test_a_part_of_a_unit_can_fail_alone(store: Store) -> None:
    """What belongs to another message in the same commit stays."""
    with store.unit(now=NOW, actor="test") as unit:
        unit.records.add("plan", "1", {})
        with pytest.raises(ZeroDivisionError), unit.part():
            assert unit.records.add("plan", "2", {}) / 0
    with store.view(now=NOW) as view:
        assert [record.sleutel for record in view.records.list("plan", dict)] == ["1"]


def test_what_a_part_made_is_made_anew_after_it_was_undone(store: Store) -> None:
    """Keys, pseudonyms and what was read of partners: what the unit remembers of an undone part is no longer there."""
    with store.unit(now=NOW, actor="test") as unit:
        unit.partners.put("zorg", {"n": 1})
        for number, fails in ((2, True), (3, False)):
            with suppress(ZeroDivisionError), unit.part():
                unit.records.add("plan", "1", {"n": number}, dossier="d")
                pseudonym = unit.dossiers.pseudonym("d")
                unit.partners.put("zorg", {"n": number}, versie=unit.partners.get("zorg", dict)[1])  # type: ignore[index]
                assert unit.partners.get("zorg", dict) == ({"n": number}, 2)
                if fails:
                    raise ZeroDivisionError
        unit.records.add("plan", "2", {"n": 4}, dossier="d")
    with store.view(now=NOW) as view:
        assert [record.body for record in view.records.list("plan", dict)] == [{"n": 3}, {"n": 4}]
        assert view.dossiers.pseudonym("d") == pseudonym
        assert view.partners.get("zorg", dict) == ({"n": 3}, 2)


def test_a_time_without_a_zone_is_a_bug(store: Store) -> None:
    """Every time is UTC in the tables; which zone was meant cannot be guessed."""
    with pytest.raises(Exception, match="without a zone"), store.unit(now=NOW, actor="test") as unit:
        unit.outbox.unanswered(NOW.replace(tzinfo=None))


def test_a_master_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    """SM-145: 0600, refused otherwise; never overwritten; never printed."""
    made = MasterKey.create(tmp_path / "master.key")
    read = MasterKey.from_file(tmp_path / "master.key")
    assert read.secret == made.secret
    assert made.secret.hex() not in repr(made)
    with pytest.raises(KeyRefused, match="not overwritten"):
        MasterKey.create(tmp_path / "master.key")
    (tmp_path / "master.key").chmod(0o640)
    with pytest.raises(KeyRefused, match="chmod 600"):
        MasterKey.from_file(tmp_path / "master.key")


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "00" * 31, "é" * 64])
def test_what_is_no_master_key_is_refused(tmp_path: Path, content: str) -> None:
    """64 hex digits, nothing else."""
    file = tmp_path / "master.key"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(KeyRefused, match="64 hex digits"):
        MasterKey.from_file(file)


def test_a_master_key_can_come_from_a_command(tmp_path: Path) -> None:
    """SM-145; a command that fails is a sentence without its output."""
    key = MasterKey.generate()
    assert MasterKey.from_command(["echo", key.secret.hex()]).secret == key.secret
    with pytest.raises(KeyRefused, match="failed"):
        MasterKey.from_command(["false"])
    with pytest.raises(KeyRefused, match="cannot be read"):
        MasterKey.from_file(tmp_path / "absent")
