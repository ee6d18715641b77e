"""The composition root: opens a gateway as its folder says, or says everything that is not right."""

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gateway import berichten
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
    setup.set_up(folder, CERTIFICATES_FROM, contract())
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
        ("keys/signing.pem", b"no certificate", "PEM noch DER"),
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


@pytest.fixture
def with_folders(home: Path) -> Iterator[Path]:
    """The same with the two folders of [messages], empty."""
    for name in ("xsd", "lijsten"):
        (home / name).mkdir()
    yield home
    for name in ("xsd", "lijsten"):
        shutil.rmtree(home / name)


FOLDERS = ENVIRON | {"GATEWAY_MESSAGES_SCHEMAS": "xsd", "GATEWAY_MESSAGES_CODELISTS": "lijsten"}
XSD = Path(berichten.__file__).parents[2] / "xsd" / "iwmo" / "3.2"


def test_messages_are_judged_by_the_folders_that_the_settings_name(with_folders: Path) -> None:
    """The publisher's schemas, for as far as they are there, and dated lists of one's own (TR378, TR381)."""
    for name in ("basisschema.xsd", "WMO305.xsd"):
        shutil.copy(XSD / name, with_folders / "xsd")
    (with_folders / "lijsten" / "WMO021.csv").write_text("categorie,code,gemeente\n01,01A01,\n01,01A02,0344\n")
    (with_folders / "lijsten" / "GEMEENTEN.csv").write_text("code,label\n0957,Voorbeeld\n")
    with App.open(with_folders, FOLDERS) as app:
        paths = {m.soort.soort: m.path.parent for m in app.us.schemas.messages}
        assert (paths["WMO305"], paths["WMO301"]) == (with_folders / "xsd", XSD)
        asked = [app.us.sources["productcodes"].past("01", code, date(2026, 1, 1)) for code in ("01A01", "01A02")]
        assert asked == [True, GEMEENTE.code == "0344"]
        assert not app.us.sources["gemeentecodes"].valid("0384")
        assert app.us.contract is not None
        assert not app.us.contract.cbs_has("0384", date(2026, 1, 1))
        assert app.us.contract.has_product(GEMEENTE.code, "01", "01A01", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("remove", "said"), [("xsd", "messages.schemas"), ("lijsten", "messages.codelists"), ("", "messages.codelists")]
)
def test_a_folder_that_cannot_be_used_stops_the_start(with_folders: Path, remove: str, said: str) -> None:
    """Missing or empty: named by its setting."""
    if remove == "xsd":
        (with_folders / "lijsten" / "GEMEENTEN.csv").write_text("code,label\n0957,Voorbeeld\n")
    if remove == "lijsten":
        (with_folders / "lijsten").rmdir()
    try:
        with pytest.raises(CannotStart) as refused:
            App.open(with_folders, FOLDERS)
    finally:
        (with_folders / "lijsten").mkdir(exist_ok=True)
    assert refused.value.findings[0].path == said
