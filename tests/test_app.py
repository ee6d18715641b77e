"""The composition root: opens a gateway as its folder says, or says everything that is not right."""

import os
from pathlib import Path

import pytest

from gateway.app import App
from gateway.demo import setup
from gateway.demo.cast import CERTIFICATES_FROM, GEMEENTE
from gateway.demo.play import contract
from gateway.ways import CannotStart

ENVIRON = {"GATEWAY_RELAY_PORT": "1"}  # never spoken to


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A municipality's folder, not to be changed for good."""
    folder = tmp_path_factory.mktemp("app")
    setup.set_up(folder, CERTIFICATES_FROM)
    (folder / GEMEENTE.role / "contract.json").write_text(contract())
    return folder / GEMEENTE.role


def test_a_gateway_opens_from_a_relative_folder_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--dir outbox/demo`: what is in the folder is found wherever the command is given."""
    monkeypatch.chdir(home.parent)
    with App.open(Path(home.name), ENVIRON) as app:
        assert app.us.ourselves.code == GEMEENTE.code
        assert app.us.products
        assert os.path.isabs(app.folder)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("keys/signing.pem", b"no certificate", "no certificate in PEM form"),
        ("keys/signing.key", b"no key", "kan niet worden gelezen"),
        ("contract.json", b"{", "leesbare TOML of JSON"),
        ("gateway.toml", b"[gateway\n", "not TOML"),
        ("keys/master.key", b"short", "master"),
    ],
)
def test_what_is_not_right_is_said_and_nothing_is_started(home: Path, name: str, content: bytes, said: str) -> None:
    """One file at a time is spoiled; the finding names it or what it is."""
    file = home / name
    whole = file.read_bytes()
    try:
        file.write_bytes(content)
        with pytest.raises(CannotStart) as refused:
            App.open(home, ENVIRON)
    finally:
        file.write_bytes(whole)

    assert said in str(refused.value)


def test_a_private_key_that_others_can_read_is_refused(home: Path) -> None:
    """SM-50: tight modes, or no start."""
    key = home / "keys" / "signing.key"
    key.chmod(0o644)
    try:
        with pytest.raises(CannotStart, match="mode 0644"):
            App.open(home, ENVIRON)
    finally:
        key.chmod(0o600)
