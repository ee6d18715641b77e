"""The two gateways of the demo: a folder each with configuration, keys and certificates, made as a person would have.

One authority signs both sides' S/MIME certificates and the relay's; its certificates cover the story and today.
"""

import os
import secrets
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from gateway.config import FILE, Gateway, Keys, Mailbox, Region, Relay, Settings, Store, render
from gateway.demo import ca
from gateway.demo.cast import CAST, CERTIFICATES_FROM
from gateway.flows.parties import Ourselves
from gateway.store import MasterKey
from gateway.transports import write_whole

MARKER = "demo.json"
VERSION = 2
RELAY_HOST = "127.0.0.1"
LOG, LOCK = "demo.log", ".lock"
MADE = ("gemeente", "aanbieder", "autoriteit", "relay", "post", "iwmo", "documenten", "afrekening.txt", "LEESMIJ.txt")


class NotOurs(Exception):
    """The folder holds something that no demo made. Nothing in it was touched."""


class Marker(msgspec.Struct, frozen=True):
    """Says that the folder is the demo's, and how far it is. Written before anything else is made there."""

    version: int
    state: Literal["begun", "ready", "played"] = "ready"


def is_ready(folder: Path) -> bool:
    """True if the folder holds a demo that was set up completely by this version."""
    found = _marker(folder)
    return found is not None and found.version == VERSION and found.state != "begun"


def is_played(folder: Path) -> bool:
    """True if a whole demo was played there."""
    found = _marker(folder)
    return found is not None and found.state == "played"


def check_ours(folder: Path) -> None:
    """NotOurs unless the folder is a demo's, empty or not there yet: what the demo removes was always made by it."""
    if _marker(folder) is None and folder.exists() and any(p.name not in (LOG, LOCK) for p in folder.iterdir()):
        raise NotOurs(folder)


def start_over(folder: Path) -> None:
    """Have the setup made anew, whatever was played."""
    _mark(folder, "begun")


def played(folder: Path) -> None:
    """The story was told to its end."""
    _mark(folder, "played")


def _marker(folder: Path) -> Marker | None:
    try:
        return msgspec.json.decode((folder / MARKER).read_bytes(), type=Marker)
    except (OSError, msgspec.DecodeError):
        return None


def _mark(folder: Path, state: Literal["begun", "ready", "played"]) -> None:
    write_whole(folder / MARKER, msgspec.json.encode(Marker(VERSION, state)))


def set_up(folder: Path, today: datetime, contract: str) -> None:
    """Make authority, keys, certificates and both gateways' folders, and the contract of the municipality.

    Replaces what an earlier run left.

    NotOurs if the folder holds what no demo made.
    """
    check_ours(folder)
    _mark(folder, "begun")
    for name in MADE:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).unlink(missing_ok=True)
    until = max(today, CERTIFICATES_FROM) + timedelta(days=730)
    root = ca.make_root("Demo-autoriteit (alleen voor de demo)", CERTIFICATES_FROM)
    issuing = ca.make_issuing_ca(root, "Demo-uitgever (alleen voor de demo)", CERTIFICATES_FROM)
    authority = folder / "autoriteit"
    _write(authority / "root.pem", root.pem)
    _write(authority / "uitgever.pem", issuing.pem)
    crl = ca.make_crl(issuing, CERTIFICATES_FROM, until)
    root_crl = ca.make_crl(root, CERTIFICATES_FROM, until)
    relay = ca.make_tls(issuing, CERTIFICATES_FROM, (RELAY_HOST, "localhost"), until)
    _write(folder / "relay" / "tls.pem", relay.chain_pem)
    _write(folder / "relay" / "tls.key", relay.key_pem(), secret=True)
    for party in CAST:
        home = folder / party.role
        _write(home / "keys" / "anchors.pem", root.pem + issuing.pem)
        _write(home / "keys" / "crl" / "uitgever.crl", crl)
        _write(home / "keys" / "crl" / "root.crl", root_crl)
        _keys(home, party, issuing, until)
        _configuration(folder, home, party)
    _write(folder / "gemeente" / "contract.json", contract.encode())
    _mark(folder, "ready")


def _keys(home: Path, party: Ourselves, issuing: ca.Issued, until: datetime) -> None:
    """A key to sign and a key to decrypt (SM-49), encrypted; the store's master key; the account at the relay."""
    password = secrets.token_urlsafe(24)
    _write(home / "keys" / "keys.password", password.encode() + b"\n", secret=True)
    _write(home / "keys" / "relay.password", secrets.token_urlsafe(24).encode() + b"\n", secret=True)
    for use, file in (("sign", "signing"), ("encrypt", "decryption")):
        options = ca.LeafOptions(emails=(party.address,), use=use)  # type: ignore[arg-type]
        leaf = ca.make_leaf(issuing, party.name, CERTIFICATES_FROM, until, key=ca.new_key("rsa-3072"), options=options)
        _write(home / "keys" / f"{file}.pem", leaf.chain_pem)
        _write(home / "keys" / f"{file}.key", leaf.key_pem(password.encode()), secret=True)
    MasterKey.create(home / "keys" / "master.key")


def _configuration(folder: Path, home: Path, party: Ourselves) -> None:
    settings = Settings(
        gateway=Gateway(role=party.role, code=party.code, name=party.name, address=party.address),
        store=Store(),
        keys=Keys(),
        # The relay takes a free port at each run; the demo gives it in GATEWAY_RELAY_PORT.
        relay=Relay(
            host=RELAY_HOST,
            user=party.address,
            authority=os.path.relpath(folder / "autoriteit" / "root.pem", home),
        ),
        mailbox=Mailbox(kind="maildir", path=os.path.relpath(folder / "relay" / maildir_name(party.address), home)),
        region=Region(contract="contract.json") if party.role == "gemeente" else Region(),
    )
    _write(home / FILE, render(settings).encode())


def maildir_name(address: str) -> str:
    """Folder of a mailbox at the relay."""
    return address.replace("@", "_at_")


def _write(path: Path, data: bytes, *, secret: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if secret else 0o644
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
