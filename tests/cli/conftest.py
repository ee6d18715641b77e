"""Messages as files, and the command line run in this process."""

import json
import logging
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
import typer.main
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from lxml import etree

from gateway import app, berichten, keyring
from gateway.cli.main import run
from gateway.cli.output import GOOD
from gateway.demo import ca
from tests.berichten.messages import random_message


@pytest.fixture(autouse=True)
def quiet_logs() -> Iterator[None]:
    """A command that logs writes to this test's standard error: after it the next test's log must not."""
    before = logging.getLogger().handlers
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers = before


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """What every command makes anew and a process could know: the region's form, keys whose primes are proven, and
    the commands themselves. Most of the time of these tests went there.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyring, "load_key", cache(keyring.load_key))
        patch.setattr(app, "laad_formaat", cache(app.laad_formaat))
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


Answer = tuple[int, str, str]  # exit code, standard output, standard error


@pytest.fixture
def gateway(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Answer]:
    """Run one command line; exit code, standard output, standard error."""

    def call(*arguments: object) -> Answer:
        capfdbinary.readouterr()
        code = run([str(argument) for argument in arguments])
        shown = capfdbinary.readouterr()
        return code, shown.out.decode(), shown.err.decode()

    return call


@pytest.fixture
def message(tmp_path: Path) -> Callable[..., Path]:
    """A file with a schema-valid message of a kind, made up by its schema."""

    def make(soort: str, seed: int = 1) -> Path:
        schema = berichten.iwmo().by_soort(soort, "3.2").schema  # type: ignore[union-attr]
        path = tmp_path / f"{soort}-{seed}.xml"
        path.write_bytes(etree.tostring(random_message(schema, random.Random(seed)), encoding="UTF-8"))
        return path

    return make


def lines(text: str) -> list[dict[str, Any]]:
    """Standard output as JSON, a document a line; fails if anything else stands there."""
    return [json.loads(line) for line in text.splitlines()]


def tight(path: Path, data: bytes) -> None:
    """A file that only its owner reads."""
    path.touch(mode=0o600)
    path.write_bytes(data)


NOW = datetime.now(UTC)
PARTIES = {
    "gemeente": ("0957", "wmo@gemeente.example"),
    "aanbieder": ("99990001", "plan@aanbieder.example"),
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two gateways that know each other, under one authority with a revocation list. Made once: RSA keys take time."""
    home = tmp_path_factory.mktemp("pair")
    root = ca.make_root("Proef", NOW - timedelta(days=2))
    crl = ca.make_crl(root, NOW - timedelta(days=1))
    for role, (code, address) in PARTIES.items():
        own = ("--role", role, "--code", code, "--name", role, "--address", address)
        assert run(["init", *own, "--dir", str(home / role)]) == GOOD
        mail = ca.LeafOptions(emails=(address,))
        leaf = ca.make_leaf(root, role, NOW - timedelta(days=1), key=ca.new_key("rsa-3072"), options=mail)
        keys = home / role / "keys"
        (keys / "anchors.pem").write_bytes(root.pem)
        (keys / "crl").mkdir()
        (keys / "crl" / "root.crl").write_bytes(crl)
        for name in ("signing", "decryption"):
            tight(keys / f"{name}.key", leaf.key_pem(b"test"))
            (keys / f"{name}.pem").write_bytes(leaf.chain_pem)
        tight(keys / "keys.password", b"test")
        (home / f"{role}.pem").write_bytes(leaf.pem)
    for role, other in (("gemeente", "aanbieder"), ("aanbieder", "gemeente")):
        assert run(add(home, role, other)) == GOOD
    return home


@pytest.fixture
def pair(made: Path, tmp_path: Path) -> Path:
    """A copy of the two, to spoil."""
    return Path(shutil.copytree(made, tmp_path / "pair"))


def fingerprint(pem: Path) -> str:
    """SHA-256 of a certificate, hex."""
    certificate = x509.load_pem_x509_certificate(pem.read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex()


def add(home: Path, role: str, other: str) -> list[str]:
    """The command that makes `other` a partner of `role`, its fingerprint compared."""
    code, address = PARTIES[other]
    who = ["--code", code, "--name", other, "--address", address, "--certificate", str(home / f"{other}.pem")]
    confirmed = ["--confirm", fingerprint(home / f"{other}.pem"), "--by", "J. de Tester", "--channel", "telefoon"]
    return ["partner", "add", *who, *confirmed, "--dir", str(home / role)]
