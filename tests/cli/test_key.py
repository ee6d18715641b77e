"""`gateway key`: the keys that lock the store are replaced, and what is broken off goes on."""

import json
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli.output import BROKEN, GOOD
from gateway.config import FILE
from gateway.store import MasterKey, Store
from gateway.worker import only_one
from tests.cli.conftest import Answer

Gateway = Callable[..., Answer]


@pytest.fixture
def folder(pair: Path) -> Path:
    """A municipality's gateway, to spoil."""
    return pair / "gemeente"


def works(gateway: Gateway, folder: Path) -> bool:
    """Whether the store opens, and what is sealed is read."""
    code, out, _ = gateway("audit", "verify", "--dir", folder, "--json")
    return code == GOOD and json.loads(out)["rows"] > 0


def test_a_new_master_key_takes_the_place_of_the_old_one(gateway: Gateway, folder: Path) -> None:
    """SM-145: the old one is kept for backups, opens nothing any more, and each file has mode 0600."""
    master = folder / "keys" / "master.key"
    before = master.read_text()
    code, out, _ = gateway("key", "rotate", "--dir", folder, "--json")
    old = Path(json.loads(out)["old"])
    assert (code, old.read_text(), master.read_text() == before) == (GOOD, before, False)
    assert {file.stat().st_mode & 0o777 for file in (master, old)} == {0o600}
    assert works(gateway, folder)
    shutil.copy(old, master)
    code, _, words = gateway("status", "--dir", folder)
    assert (code, "does not open this database" in words) == (BROKEN, True)


@pytest.mark.parametrize("moment", ["made", "locked"])
def test_a_change_that_was_broken_off_goes_on(gateway: Gateway, folder: Path, moment: str) -> None:
    """With the new key made, or with everything locked anew and the file not in its place yet."""
    master = folder / "keys" / "master.key"
    new = MasterKey.create(master.with_name("master.key.new"))
    if moment == "locked":
        with Store.open(folder / "gateway.db", MasterKey.from_file(master)) as store:
            store.rewrap(new)
        code, _, words = gateway("status", "--dir", folder)
        assert (code, "gateway key rotate again" in words) == (BROKEN, True)
    assert gateway("key", "rotate", "--dir", folder)[0] == GOOD
    assert MasterKey.from_file(master).secret == new.secret
    assert works(gateway, folder)


def test_a_master_key_may_come_from_a_command(gateway: Gateway, folder: Path, tmp_path: Path) -> None:
    """SM-145: from its file to a command, and from one command to another."""
    keys = [tmp_path / name for name in ("one", "two")]
    for key in keys:
        MasterKey.create(key)
    print_it = [sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())"]
    assert (
        gateway(
            "key", "rotate", "--command", " ".join([*print_it[:2], f"'{print_it[2]}'", str(keys[0])]), "--dir", folder
        )[0]
        == GOOD
    )
    text = (folder / FILE).read_text()

    def by(key: Path) -> None:
        line = f"master_command = {json.dumps([*print_it, str(key)])}\n"
        (folder / FILE).write_text(text.replace("[keys]\n", "[keys]\n" + line))

    by(keys[0])
    assert works(gateway, folder)
    code, _, words = gateway("key", "rotate", "--dir", folder)
    assert (code, "--command" in words) == (BROKEN, True)
    assert (
        gateway(
            "key", "rotate", "--command", " ".join([*print_it[:2], f"'{print_it[2]}'", str(keys[1])]), "--dir", folder
        )[0]
        == GOOD
    )
    assert not works(gateway, folder)
    by(keys[1])
    assert works(gateway, folder)
    (folder / FILE).write_text(text.replace("[keys]\n", '[keys]\nmaster_command = ["/nowhere/fetch"]\n'))
    code, _, words = gateway("status", "--dir", folder)
    assert (code, "command for the master key failed" in words) == (BROKEN, True)


def test_a_master_key_is_not_replaced_under_a_running_gateway(gateway: Gateway, folder: Path) -> None:
    """It would go on with keys that it cannot open any more."""
    with only_one(folder / "serve.lock"):
        code, _, words = gateway("key", "rotate", "--dir", folder)
    assert (code, "runs here already" in words) == (BROKEN, True)
    assert not (folder / "keys" / "master.key.new").exists()


def test_the_index_key_is_replaced(gateway: Gateway, folder: Path) -> None:
    """SM-146; also beside a running gateway."""
    with only_one(folder / "serve.lock"):
        assert gateway("key", "reindex", "--dir", folder)[0] == GOOD
    with Store.open(folder / "gateway.db", MasterKey.from_file(folder / "keys/master.key")) as store:
        now = datetime.now(UTC)
        with store.view(now=now) as view:
            assert "index_key_replaced" in [row.action for row in view.audit.list(limit=1000)]
