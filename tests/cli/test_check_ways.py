"""`gateway check` with servers: the relay and the mailbox are greeted, logged in to, and left."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import check_round_trip
from gateway.cli.output import BROKEN, GOOD, NO
from gateway.config import Mailbox, Relay, Settings, read_settings, render
from gateway.demo import ca
from gateway.demo.relay import Account
from gateway.demo.relay import Relay as Server
from gateway.transports import MaildirMailbox
from tests import ports, realmail
from tests.cli.conftest import Answer, lines
from tests.cli.test_setup import checks, complete, folder, tight
from tests.transports.pki import Authority

Gateway = Callable[..., Answer]
NOW = datetime.now(UTC)
ME = "wmo@gemeente.example"

__all__ = ["complete", "folder"]


@pytest.fixture
def served(complete: Path, tmp_path: Path) -> Iterator[tuple[Path, Server]]:
    """A gateway and the relay that its settings name, with a maildir."""
    root = ca.make_root("Proef", NOW - timedelta(days=1))
    tls = ca.make_tls(root, NOW - timedelta(days=1))
    tight(tmp_path / "tls.key", tls.key_pem())
    (tmp_path / "tls.pem").write_bytes(tls.chain_pem)
    (complete / "roots.pem").write_bytes(root.pem)
    tight(complete / "keys/relay.password", b"geheim")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem", tmp_path / "tls.key")
    with Server(tmp_path / "relay", (Account(ME, "geheim"),), context, lambda: NOW) as server:
        (complete / "mail").symlink_to(server.maildir(ME))
        yield complete, server


def name(home: Path, port: int, **relay: Any) -> None:
    """Put relay and mailbox in the settings."""
    settings = read_settings(home, {})
    assert isinstance(settings, Settings)
    known = Relay(**{"host": "127.0.0.1", "port": port, "user": ME, "authority": "roots.pem", **relay})
    box = Mailbox(kind="maildir", path="mail")
    text = render(Settings(gateway=settings.gateway, relay=known, mailbox=box))
    (home / "gateway.toml").write_text(text)


def test_a_relay_that_works_and_a_mailbox_that_opens(gateway: Gateway, served: tuple[Path, Server]) -> None:
    """STARTTLS, its certificate, AUTH; then a mail to ourselves goes the whole way, and is not left behind."""
    home, server = served
    name(home, server.port)
    code, found = checks(gateway, home)
    assert code == GOOD, found
    assert "knows us" in found["relay"]["what"]
    assert found["mailbox"]["what"] == "opens; 0 messages wait"
    assert found["round trip"]["what"].startswith("a sealed mail to ourselves arrived unaltered")
    assert not any((home / "mail" / "new").iterdir())


def test_a_wrong_password_is_named_as_such(gateway: Gateway, served: tuple[Path, Server]) -> None:
    """And not shown."""
    home, server = served
    name(home, server.port)
    tight(home / "keys/relay.password", b"verkeerd-123")
    code, out, words = gateway("check", "--dir", home, "--json")
    (line,) = [line for line in lines(out) if line["check"] == "relay"]
    assert (code, line["ok"]) == (NO, False)
    assert "relay.user and its password" in line["advice"]
    assert "verkeerd-123" not in out + words


def test_a_certificate_of_another_authority_is_refused(gateway: Gateway, served: tuple[Path, Server]) -> None:
    """SM-79: there is no setting for less."""
    home, server = served
    name(home, server.port, authority="keys/anchors.pem")
    code, found = checks(gateway, home)
    assert (code, found["relay"]["ok"]) == (NO, False)
    assert "relay.authority" in found["relay"]["advice"]


def test_a_closed_port_is_named(gateway: Gateway, served: tuple[Path, Server]) -> None:
    """Host and port as they were tried."""
    home, _ = served
    with ports.reserved(1) as (port,):
        name(home, port)
        code, found = checks(gateway, home)
    assert (code, found["relay"]["ok"]) == (NO, False)
    assert f"127.0.0.1:{port} fails at connect" in found["relay"]["what"]


@pytest.mark.parametrize("gone", ["keys/relay.password", "roots.pem"])
def test_a_file_that_the_relay_needs_is_named(gateway: Gateway, served: tuple[Path, Server], gone: str) -> None:
    """Nothing is tried without it."""
    home, server = served
    name(home, server.port)
    (home / gone).unlink()
    code, found = checks(gateway, home)
    assert (code, found["relay"]["ok"]) == (NO, False)
    assert Path(gone).name in found["relay"]["what"]


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_a_mailbox_that_does_not_answer_is_named(gateway: Gateway, served: tuple[Path, Server], kind: str) -> None:
    """Without its password first, then without a server."""
    home, server = served
    name(home, server.port)
    settings = read_settings(home, {})
    assert isinstance(settings, Settings)
    box = Mailbox(kind=kind, host="127.0.0.1", port=1, user=ME, authority="roots.pem")  # type: ignore[arg-type]
    (home / "gateway.toml").write_text(render(Settings(gateway=settings.gateway, relay=settings.relay, mailbox=box)))
    assert checks(gateway, home)[1]["mailbox"]["ok"] is False
    tight(home / "keys/mailbox.password", b"geheim")
    code, found = checks(gateway, home)
    assert (code, found["mailbox"]["ok"]) == (NO, False)
    assert "127.0.0.1" in found["mailbox"]["what"]


@pytest.mark.parametrize(
    ("text", "ok"), [("revision = '1'", True), ("tarieven = 1", False), (None, False)], ids=["good", "wrong", "gone"]
)
def test_a_contract_is_read(gateway: Gateway, complete: Path, text: str | None, ok: bool) -> None:
    """The file that region.contract names."""
    file = complete / "gateway.toml"
    file.write_text(file.read_text().replace("#contract = ", "contract = "))
    if text:
        (complete / "contract.json").write_text(text)
    assert checks(gateway, complete)[1]["contract"]["ok"] is ok


def test_a_mail_that_does_not_come_back_is_said_so(
    gateway: Gateway, served: tuple[Path, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken by the relay, and the mailbox of the settings is another one; without the round trip all seems well."""
    home, server = served
    name(home, server.port)
    monkeypatch.setattr(check_round_trip, "WAIT", 0.5)
    (home / "mail").unlink()
    for part in ("new", "cur"):
        (home / "mail" / part).mkdir(parents=True)
    code, found = checks(gateway, home)
    assert (code, found["round trip"]["ok"]) == (NO, False)
    assert "spam" in found["round trip"]["advice"]
    assert gateway("check", "--no-round-trip", "--dir", home)[0] == GOOD


def test_a_mail_that_arrives_altered_is_said_so(
    gateway: Gateway, served: tuple[Path, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scanner that adds a line to what is sealed makes it unreadable for everybody."""
    home, server = served
    name(home, server.port)

    async def fetch(self: MaildirMailbox, uid: str, limit: int) -> bytes:
        return self._read(uid, limit) + b"Gescand op virussen.\r\n"

    monkeypatch.setattr(MaildirMailbox, "fetch", fetch)
    code, found = checks(gateway, home)
    assert (code, found["round trip"]["what"]) == (NO, "a sealed mail to ourselves arrives altered")


def test_who_vouches_for_a_server_is_said_when_it_is_anybody(gateway: Gateway, served: tuple[Path, Server]) -> None:
    """SM-79: the machine's own list, by name only; here it does not know the relay's authority."""
    home, server = served
    name(home, server.port, authority="system")
    code, found = checks(gateway, home)
    assert (code, found["relay"]["ok"]) == (NO, False)
    name(home, server.port)
    (home / "gateway.toml").write_text((home / "gateway.toml").read_text().replace('authority = "roots.pem"', ""))
    code, _, words = gateway("check", "--dir", home)
    assert code == BROKEN
    assert "relay.authority" in words
    assert "system" in words


@pytest.mark.real_mail
@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_the_whole_way_with_postfix_and_dovecot(gateway: Gateway, complete: Path, tmp_path: Path, kind: str) -> None:
    """SCRAM out and in, the servers' certificates, and a mail to ourselves; then each thing wrong by itself."""
    if (reason := realmail.missing()) is not None:
        pytest.skip(reason)
    authority = Authority(tmp_path)
    (complete / "roots.pem").write_text(authority.pem)
    for secret in ("relay", "mailbox"):
        tight(complete / f"keys/{secret}.password", realmail.SECRET.encode())
    settings = read_settings(complete, {})
    assert isinstance(settings, Settings)

    def check(**changes: Any) -> tuple[int, dict[str, Any]]:
        out = Relay(host="127.0.0.1", port=mail.submission, user=ME, authority="roots.pem", auth="scram-sha-256")
        values = {
            "kind": kind,
            "host": "127.0.0.1",
            "port": mail.imaps if kind == "imap" else mail.pops,
            "user": ME,
            "authority": "roots.pem",
            "auth": "scram-sha-256",
        }
        box = Mailbox(**(values | changes))
        (complete / "gateway.toml").write_text(render(Settings(gateway=settings.gateway, relay=out, mailbox=box)))
        return checks(gateway, complete)

    with realmail.system(*authority.server()) as mail:
        code, found = check()
        assert (code, found["round trip"]["ok"]) == (GOOD, True), found
        for changes, advice in (
            ({"port": mail.smtp}, "mailbox.port"),
            ({"authority": "keys/anchors.pem"}, "mailbox.authority"),
            ({"user": "ander@gemeente.example"}, "password"),
            ({"port": 1}, "firewall"),
        ):
            code, found = check(**changes)
            assert (code, found["mailbox"]["ok"], found["round trip"]["what"]) == (NO, False, "not tried")
            assert advice in found["mailbox"]["advice"], (changes, found["mailbox"])
