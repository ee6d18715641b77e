"""`gateway init` makes a gateway that reads back; `gateway check` tests what its settings name."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import berichten
from gateway.cli.output import BROKEN, GOOD, NO
from gateway.config import Settings, read_settings
from gateway.demo import ca
from gateway.store import MasterKey, Store
from tests.cli.conftest import Answer, lines, tight

Gateway = Callable[..., Answer]
NOW = datetime.now(UTC)
OWN = ("--role", "gemeente", "--code", "0957", "--name", "Voorbeeld", "--address", "wmo@gemeente.example")
PASSWORD = b"test"


@pytest.fixture
def folder(gateway: Gateway, tmp_path: Path) -> Path:
    """A gateway as `init` leaves it."""
    home = tmp_path / "gw"
    assert gateway("init", *OWN, "--dir", home)[0] == GOOD
    return home


@pytest.fixture
def complete(folder: Path) -> Path:
    """The same with keys, certificates and anchors in place."""
    root = ca.make_root("Proef", NOW - timedelta(days=1))
    keys = folder / "keys"
    (keys / "anchors.pem").write_bytes(root.pem)
    for name in ("signing", "decryption"):
        own = ca.make_leaf(root, "Voorbeeld", NOW - timedelta(days=1))
        tight(keys / f"{name}.key", own.key_pem(PASSWORD))
        (keys / f"{name}.pem").write_bytes(own.chain_pem)
    tight(keys / "keys.password", PASSWORD)
    return folder


def checks(gateway: Gateway, folder: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the lines of `check --json` by subject."""
    code, out, _ = gateway("check", "--dir", folder, "--json")
    return code, {line["check"]: line for line in lines(out)}


def test_init_makes_a_folder_for_its_owner_only(folder: Path) -> None:
    """State and keys are nobody else's."""
    modes = {name: (folder / name).stat().st_mode & 0o777 for name in (".", "keys", "keys/master.key")}
    assert modes == {".": 0o700, "keys": 0o700, "keys/master.key": 0o600}


def test_what_init_writes_reads_back(folder: Path) -> None:
    """No fault in a file that the program wrote."""
    settings = read_settings(folder, {})
    assert isinstance(settings, Settings)
    assert (settings.gateway.code, settings.relay) == ("0957", None)


def test_init_says_where_things_are(gateway: Gateway, tmp_path: Path) -> None:
    """`--json`: one document with the paths."""
    code, out, words = gateway("init", *OWN, "--dir", tmp_path / "gw", "--json")
    assert (code, words) == (GOOD, "")
    assert Path(lines(out)[0]["settings"]).exists()


def test_init_never_overwrites(gateway: Gateway, folder: Path) -> None:
    """A second time would lose the key that locks the store."""
    before = (folder / "keys/master.key").read_bytes()
    code, _, words = gateway("init", *OWN, "--dir", folder)
    assert code == BROKEN
    assert "--dir" in words
    (folder / "gateway.toml").unlink()
    assert gateway("init", *OWN, "--dir", folder)[0] == BROKEN
    assert (folder / "keys/master.key").read_bytes() == before


def test_init_refuses_wrong_values_all_at_once(gateway: Gateway, tmp_path: Path) -> None:
    """Nothing is made; each fault says what would be right."""
    own = ("--role", "gemeente", "--code", "957", "--name", "V", "--address", "wmo")
    code, _, words = gateway("init", *own, "--dir", tmp_path / "gw")
    assert code == BROKEN
    assert "gateway.code" in words
    assert "a mail address" in words
    assert not (tmp_path / "gw").exists()


def test_check_says_what_a_fresh_gateway_still_needs(gateway: Gateway, folder: Path) -> None:
    """Exit code 1: keys and anchors are not there yet."""
    code, found = checks(gateway, folder)
    assert code == NO
    assert {name for name, line in found.items() if not line["ok"]} == {"key password", "anchors"}
    assert all(line["advice"] for line in found.values() if not line["ok"])


def test_check_of_a_complete_gateway_is_good(gateway: Gateway, complete: Path) -> None:
    """Keys fit their certificates; the store opens."""
    Store.open(complete / "gateway.db", MasterKey.from_file(complete / "keys/master.key")).close()
    code, found = checks(gateway, complete)
    assert code == GOOD, found
    assert "fits its certificate" in found["signing key"]["what"]
    assert found["store"]["what"] == "opens with this master key"


def test_check_finds_the_files_of_a_folder_named_from_here(
    gateway: Gateway, complete: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--dir outbox`, the default, is such a name: what it holds is looked for once below it."""
    monkeypatch.chdir(complete.parent)
    assert gateway("check", "--dir", complete.name)[0] == GOOD


def test_check_for_people_names_what_to_mend(gateway: Gateway, folder: Path) -> None:
    """Words go to standard error: they are about the surroundings, not an answer to pipe on."""
    _, out, words = gateway("check", "--dir", folder)
    assert out == ""
    assert "MEND  anchors" in words


@pytest.mark.parametrize("name", ["master.key", "keys.password", "signing.key"])
def test_a_key_that_others_can_read_is_named(gateway: Gateway, complete: Path, name: str) -> None:
    """SM-145: mode 0600, refused otherwise, with the command that mends it."""
    (complete / "keys" / name).chmod(0o644)
    code, found = checks(gateway, complete)
    assert code == NO
    assert any("chmod 600" in (line["what"] + line.get("advice", "")) for line in found.values() if not line["ok"])


def test_a_key_with_the_certificate_of_another_is_named(gateway: Gateway, complete: Path) -> None:
    """A mix-up of files would otherwise show at the first partner."""
    keys = complete / "keys"
    (keys / "signing.pem").write_bytes((keys / "decryption.pem").read_bytes())
    code, found = checks(gateway, complete)
    assert (code, found["signing key"]["ok"]) == (NO, False)


@pytest.mark.parametrize(("end", "ok"), [(timedelta(hours=-1), False), (timedelta(days=30), True)])
def test_a_certificate_that_ends_is_told_in_time(gateway: Gateway, complete: Path, end: timedelta, ok: bool) -> None:
    """Expired is a fault; soon is good with advice, for a new one takes weeks."""
    root = ca.make_root("Proef", NOW - timedelta(days=400))
    own = ca.make_leaf(root, "Voorbeeld", NOW - timedelta(days=300), NOW + end)
    tight(complete / "keys/signing.key", own.key_pem(PASSWORD))
    (complete / "keys/signing.pem").write_bytes(own.pem)
    _, found = checks(gateway, complete)
    assert found["signing key"]["ok"] is ok
    assert "new one" in found["signing key"]["advice"]


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("keys/signing.key", "signing key"),
        ("keys/signing.pem", "signing key"),
        ("keys/anchors.pem", "anchors"),
        ("keys/master.key", "master key"),
        ("gateway.db", "store"),
    ],
)
def test_what_cannot_be_read_is_a_line_and_no_fault_of_ours(
    gateway: Gateway, complete: Path, name: str, subject: str
) -> None:
    """Rubbish in any file that the settings name."""
    tight(complete / name, b"rubbish")
    code, found = checks(gateway, complete)
    assert (code, found[subject]["ok"]) == (NO, False)


@pytest.mark.parametrize("text", ["schema: iets", None])
def test_a_plan_format_of_ones_own_is_tested(gateway: Gateway, complete: Path, text: str | None) -> None:
    """Wrong or not there."""
    settings = (
        (complete / "gateway.toml").read_text().replace('#plan_format = "mlo-2018"', 'plan_format = "eigen.yaml"')
    )
    (complete / "gateway.toml").write_text(settings)
    if text:
        (complete / "eigen.yaml").write_text(text)
    code, found = checks(gateway, complete)
    assert (code, found["plan format"]["ok"]) == (NO, False)


def test_wrong_settings_are_shown_all_and_nothing_else_is_tested(
    gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2: without settings there is nothing to test."""
    monkeypatch.setenv("GATEWAY_RELAY_HOTS", "x")
    code, found = checks(gateway, folder)
    assert code == BROKEN
    assert found.keys() == {"settings"}
    assert gateway("check", "--dir", folder)[0] == BROKEN


def test_the_folder_may_come_from_the_environment(
    gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GATEWAY_DIR, for services and containers."""
    monkeypatch.setenv("GATEWAY_DIR", str(folder))
    assert gateway("check")[0] == NO


def test_without_pango_plans_travel_as_data(gateway: Gateway, complete: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No fault, for a gateway works without; the advice says how to have forms."""
    monkeypatch.setattr("gateway.cli.checks._has_pango", lambda: False)
    code, found = checks(gateway, complete)
    assert code == GOOD
    assert "libpango" in found["documents"]["advice"]


def test_a_folder_that_cannot_be_made_is_a_sentence(gateway: Gateway, tmp_path: Path) -> None:
    """Exit code 2, with the path and why."""
    (tmp_path / "file").touch()
    code, _, words = gateway("init", *OWN, "--dir", tmp_path / "file" / "gw")
    assert code == BROKEN
    assert str(tmp_path / "file") in words


def test_check_says_whether_the_folders_for_messages_load(gateway: Gateway, complete: Path) -> None:
    """`[messages]`: how many schemas, which lists; or why not."""
    settings = complete / "gateway.toml"
    settings.write_text(
        settings.read_text().replace("[messages]", '[messages]\nschemas = "xsd"\ncodelists = "lijsten"')
    )
    for name in ("xsd", "lijsten"):
        (complete / name).mkdir()
    code, found = checks(gateway, complete)
    assert (code, found["schemas"]["ok"], found["code lists"]["ok"]) == (NO, False, False)
    own = Path(berichten.__file__).parents[2] / "xsd" / "iwmo" / "3.2"
    for name in ("basisschema.xsd", "WMO301.xsd"):
        shutil.copy(own / name, complete / "xsd")
    (complete / "lijsten" / "AGB.csv").write_text("code,label\n65656055,Zorg\n")
    _, found = checks(gateway, complete)
    assert found["schemas"]["what"].startswith("1 of 14 messages")
    assert found["code lists"]["what"] == "of your own: AGB"
