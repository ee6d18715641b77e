"""`gateway backup`, `restore`, `purge`, `migrate`, `audit verify`, `selftest crash`: faces of what the store does."""

import io
import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.cli.output import BROKEN, GOOD, NO
from gateway.flows.numbers import next_number
from gateway.store import MasterKey, Store, database
from tests.cli.conftest import Answer, lines

Gateway = Callable[..., Answer]
NOW = datetime.now(UTC)
BSN = "999900006"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(pair: Path) -> Path:
    """A municipality's gateway, to spoil."""
    return pair / "gemeente"


def state(folder: Path) -> Store:
    """The store of a gateway."""
    return Store.open(folder / "gateway.db", MasterKey.from_file(folder / "keys/master.key"))


def keep(folder: Path, dossier: str, until: datetime) -> None:
    """A dossier with a term and a record."""
    with state(folder) as store, store.unit(now=NOW, actor="test") as unit:
        unit.dossiers.keep(dossier, until)
        unit.records.add("proef", dossier, {}, dossier=dossier)


def test_a_purge_that_gets_no_turn_says_so_and_counts_nothing(
    gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process writes all the time: exit code 2, where it once said that all was destroyed."""
    keep(folder, "oud", NOW - timedelta(days=1))
    monkeypatch.setattr(database, "BUSY_MS", 100)
    with closing(sqlite3.connect(folder / "gateway.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        code, out, err = gateway("purge", "--yes", "--by", "J. de Tester", "--dir", folder)
    assert (code, out, "try again" in err) == (BROKEN, "", True)
    code, out, _ = gateway("purge", "--yes", "--by", "J. de Tester", "--dir", folder)
    assert (code, out.split()[0]) == (GOOD, "1")


def test_a_backup_is_put_back_without_what_was_destroyed_since(gateway: Gateway, folder: Path, tmp_path: Path) -> None:
    """SM-148: the list of destroyed dossiers is applied before anything starts."""
    keep(folder, "oud", NOW - timedelta(days=1))
    keep(folder, "nieuw", NOW + timedelta(days=1))
    copy = tmp_path / "copy.db"
    assert gateway("backup", copy, "--dir", folder)[0] == GOOD
    assert gateway("backup", copy, "--dir", folder)[0] == BROKEN  # never overwritten
    code, _, words = gateway("purge", "--dir", folder)
    assert (code, words.split()[0]) == (NO, "1")
    code, out, _ = gateway("purge", "--yes", "--by", "J. de Tester", "--dir", folder, "--json")
    assert (code, json.loads(out)["destroyed"]) == (GOOD, 1)
    assert gateway("restore", copy, "--dir", folder)[0] == BROKEN  # there is a state
    for file in folder.glob("gateway.db*"):
        file.unlink()
    code, out, _ = gateway("restore", copy, "--dir", folder, "--json")
    assert (code, json.loads(out)["destroyedAgain"]) == (GOOD, 1)
    with state(folder) as store, store.unit(now=NOW, actor="test") as unit:
        assert [record.sleutel for record in unit.records.list("proef", dict)] == ["nieuw"]
        assert next_number(unit, "WMO301") > 1_000_000  # the others may have been given out since the backup


def test_a_gateway_that_cannot_start_is_copied_all_the_same(gateway: Gateway, folder: Path, tmp_path: Path) -> None:
    """A certificate that is gone is a reason for a backup, not against one. No state: nothing to copy."""
    (folder / "keys" / "signing.pem").unlink()
    assert gateway("status", "--dir", folder)[0] == BROKEN
    assert gateway("backup", tmp_path / "copy.db", "--dir", folder)[0] == GOOD
    for command in (("audit", "verify"), ("audit", "list"), ("outbox", "list"), ("inbox", "list")):
        assert gateway(*command, "--dir", folder)[0] == GOOD, command  # what is there can be looked at
    for file in folder.glob("gateway.db*"):
        file.unlink()
    code, _, words = gateway("backup", tmp_path / "other.db", "--dir", folder)
    assert (code, "no state yet" in words) == (BROKEN, True)
    assert not (folder / "gateway.db").exists()


def test_a_restore_without_a_backup_or_list_is_a_sentence(gateway: Gateway, folder: Path, tmp_path: Path) -> None:
    """Nothing is made."""
    assert gateway("restore", tmp_path / "gone.db", "--dir", folder)[0] == BROKEN
    assert gateway("backup", tmp_path / "copy.db", "--dir", folder)[0] == GOOD
    (folder / "destroyed.txt").unlink()
    for file in folder.glob("gateway.db*"):
        file.unlink()
    code, _, words = gateway("restore", tmp_path / "copy.db", "--dir", folder)
    assert (code, "destroyed" in words) == (BROKEN, True)
    assert not (folder / "gateway.db").exists()


def test_a_state_moves_to_an_empty_database(gateway: Gateway, folder: Path, tmp_path: Path) -> None:
    """Table by table with counts and hashes; a second time the target is not empty."""
    keep(folder, "een", NOW + timedelta(days=1))
    url = f"sqlite:///{tmp_path / 'other.db'}"
    code, out, words = gateway("migrate", url, "--dir", folder, "--json")
    assert code == GOOD, words
    with closing(sqlite3.connect(folder / "gateway.db")) as base, base:
        (there,) = base.execute("SELECT count(*) FROM records").fetchone()
    assert {line["table"]: line["rows"] for line in lines(out)}["records"] == there > 0
    assert "store.url" in words
    assert gateway("migrate", url, "--dir", folder)[0] == BROKEN


def test_a_file_to_move_to_is_named_as_the_shell_means_it(
    gateway: Gateway, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to write in the settings, where a name is seen from the gateway's folder, is said."""
    monkeypatch.chdir(tmp_path)
    code, _, words = gateway("migrate", "elders.db", "--dir", folder)
    assert (code, f"sqlite:///{tmp_path}/elders.db" in words, Path("elders.db").exists()) == (GOOD, True, True)


@pytest.mark.parametrize("url", ["mysql://x@localhost/y", "postgresql+psycopg://x@localhost/y"])
def test_what_the_settings_would_refuse_is_moved_to_no_more(gateway: Gateway, folder: Path, url: str) -> None:
    """Else the state would be where no gateway can be pointed to."""
    code, _, words = gateway("migrate", url, "--dir", folder)
    assert (code, "postgresql://user@host/database" in words) == (BROKEN, True)


def test_nothing_past_its_term_is_said_so(gateway: Gateway, folder: Path) -> None:
    """No word of backups that hold what was not destroyed."""
    assert gateway("purge", "--dir", folder)[:2] == (GOOD, "Nothing is past its term.\n")


def test_the_trail_is_held_to_the_head_that_was_kept_outside(gateway: Gateway, folder: Path) -> None:
    """SM-149: rows cut off at the end are seen, which the chain alone cannot."""
    assert json.loads(gateway("audit", "verify", "--dir", folder, "--json")[1])["heldTo"] is None
    gateway("job", "run", "audit-head", "--dir", folder)
    code, out, _ = gateway("audit", "verify", "--dir", folder, "--json")
    found = json.loads(out)
    assert (code, found["brokenAt"], found["heldTo"]) == (GOOD, None, found["rows"])
    elsewhere = folder.parent / "heads-elsewhere.txt"
    elsewhere.write_text((folder / "audit-heads.txt").read_text())
    with closing(sqlite3.connect(folder / "gateway.db")) as base, base:
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f"DROP TRIGGER {name}")
        base.execute("DELETE FROM audit WHERE nr = (SELECT max(nr) FROM audit)")
    code, out, _ = gateway("audit", "verify", "--dir", folder)
    assert (code, "broken" in out) == (NO, True)
    (folder / "audit-heads.txt").unlink()  # who owns the database may own this folder too
    assert gateway("audit", "verify", "--dir", folder)[0] == GOOD  # the chain alone cannot tell
    assert gateway("audit", "verify", "--heads", elsewhere, "--dir", folder)[0] == NO
    code, _, words = gateway("audit", "verify", "--heads", folder / "gateway.toml", "--dir", folder)
    assert (code, "is no head of the trail" in words) == (BROKEN, True)
    assert gateway("audit", "verify", "--heads", folder / "gone", "--dir", folder)[0] == BROKEN


def test_an_earlier_head_shows_a_trail_that_was_written_anew(gateway: Gateway, folder: Path) -> None:
    """SM-149: who has the key cuts rows off and goes on; the last head fits, the one before does not."""
    gateway("job", "run", "audit-head", "--dir", folder)
    first = (folder / "audit-heads.txt").read_text()
    nr, _, at = first.split()
    (folder / "audit-heads.txt").write_text(f"{nr} {'0' * 64} {at}\n")
    keep(folder, "een", NOW)
    with state(folder) as store, store.unit(now=NOW, actor="test") as unit:
        unit.audit.write("made", "proef")
    gateway("job", "run", "audit-head", "--dir", folder)
    assert gateway("audit", "verify", "--dir", folder)[0] == NO
    (folder / "audit-heads.txt").write_text(first)
    assert gateway("audit", "verify", "--dir", folder)[0] == GOOD


def test_the_head_goes_to_syslog_and_a_file_that_is_named(gateway: Gateway, folder: Path, tmp_path: Path) -> None:
    """SM-149: a place that the database's owner cannot write."""
    text = (folder / "gateway.toml").read_text()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(5)
        own = f'[audit]\nheads = "{tmp_path}/heads"\nsyslog = "localhost:{syslog.getsockname()[1]}"\n'
        (folder / "gateway.toml").write_text(text.replace("[audit]\n", own) if "[audit]\n" in text else text + own)
        assert gateway("job", "run", "audit-head", "--dir", folder)[0] == GOOD
        told = syslog.recv(1000).decode()
    assert (tmp_path / "heads").read_text().strip() in told
    assert "wmo-gateway: audit-head" in told


def test_a_clients_trail_tells_who_did_and_looked_at_what(
    gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NEN 7513: by pseudonym; the BSN is never an argument, and looking is in the trail with its reason."""
    with state(folder) as store, store.unit(now=NOW, actor="person:jansen") as unit:
        unit.records.add("client", "d1", {"bsn": BSN}, dossier="d1", personal={"bsn": BSN})
        unit.audit.write("read", "inbox/1", subject=unit.dossiers.pseudonym("d1"), ground="verzoek om inzage")
        unit.audit.write("read", "inbox/2", subject=unit.dossiers.pseudonym("d2"))
    assert gateway("audit", "list", "--client", "--dir", folder)[0] == BROKEN  # without a reason
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{BSN}\n"))
    asked = ("--client", "--reason", "inzageverzoek", "--by", "fg", "--dir", folder)
    code, out, _ = gateway("audit", "list", *asked, "--json")
    told = [(row["actor"], row["action"], row["object"], row["ground"]) for row in lines(out)]
    assert (code, told) == (
        GOOD,
        [
            ("person:jansen", "read", "inbox/1", "verzoek om inzage"),
            ("person:fg", "audit_read", "audit", "inzageverzoek"),
        ],
    )
    assert BSN not in out
    monkeypatch.setattr("sys.stdin", io.StringIO("123\n"))
    assert gateway("audit", "list", *asked)[0] == BROKEN


def test_a_crash_test_on_this_machine() -> None:
    """A slice; both sides and the whole way are proved. In a process of its own: it forks."""
    command = [sys.executable, "-m", "gateway", "selftest", "crash", "--every", "900", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    found = [(line["case"], line["faults"]) for line in lines(done.stdout)]
    assert (done.returncode, found) == (GOOD, [("sending", []), ("receiving", []), ("exchange", [])])
