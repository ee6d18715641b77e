"""From settings to the ways out and in."""

from pathlib import Path

import pytest

from gateway.config import Gateway, Mailbox, Relay, Settings, Store
from gateway.transports import FolderMailbox, FolderTransport
from gateway.transports.sasl import NoSecret
from gateway.ways import CannotStart, Files, bell, mailbox, relay, store_place

OWN = Gateway(role="gemeente", code="0957", name="Voorbeeld", address="wmo@gemeente.example")


@pytest.mark.parametrize(
    ("url", "environ", "place"),
    [
        ("sqlite:///gateway.db", {}, Path("/gw/gateway.db")),
        ("sqlite:////srv/state.db", {}, Path("/srv/state.db")),
        ("postgresql://wmo@db/wmo", {}, "postgresql://wmo@db/wmo"),
        ("postgresql://wmo@db/wmo", {"GATEWAY_STORE_PASSWORD": "a/b@c"}, "postgresql://wmo:a%2Fb%40c@db/wmo"),
        ("postgresql://db/wmo", {"GATEWAY_STORE_PASSWORD": "x"}, "postgresql://db/wmo"),
    ],
)
def test_the_store_is_a_file_of_the_gateway_or_a_server(url: str, environ: dict[str, str], place: Path | str) -> None:
    """The password comes from the environment and is never in the file."""
    settings = Settings(gateway=OWN, store=Store(url=url))
    assert store_place(settings, Files(Path("/gw"), environ)) == place


def test_only_a_mailbox_by_imap_has_a_bell(tmp_path: Path) -> None:
    """SM-98: POP3 and a maildir are looked in by the clock alone."""
    files = Files(tmp_path, {"GATEWAY_MAILBOX_PASSWORD": "geheim"})
    for kind, rings in (("imap", True), ("pop3", False), ("maildir", False)):
        box = Mailbox(kind=kind, host="mail.example", user="wmo", path="mail", authority="system")  # type: ignore[arg-type]
        assert (bell(Settings(gateway=OWN, mailbox=box), files) is not None) == rings
    assert bell(Settings(gateway=OWN), files) is None


def test_who_vouches_for_a_server_is_asked_for_by_name(tmp_path: Path) -> None:
    """SM-79: the machine's own list of roots only where the settings say `system`."""
    files = Files(tmp_path, {"GATEWAY_RELAY_PASSWORD": "geheim"})
    with pytest.raises(CannotStart, match=r"relay\.authority is missing"):
        relay(Settings(gateway=OWN, relay=Relay(host="mail.example", user="wmo")), files)
    assert relay(Settings(gateway=OWN, relay=Relay(host="mail.example", user="wmo", authority="system")), files)
    (tmp_path / "roots.pem").write_text("no certificate")
    with pytest.raises(CannotStart, match="no certificates"):
        relay(Settings(gateway=OWN, relay=Relay(host="mail.example", user="wmo", authority="roots.pem")), files)


def test_a_folder_is_a_way_out_and_in(tmp_path: Path) -> None:
    """For brokers and portals of the national route: whole files."""
    files = Files(tmp_path, {})
    settings = Settings(gateway=OWN, relay=Relay(kind="folder", path="uit"), mailbox=Mailbox(kind="folder", path="in"))
    assert isinstance(relay(settings, files), FolderTransport)
    assert isinstance(mailbox(settings, files), FolderMailbox)


def test_a_password_or_token_comes_from_a_command_at_every_log_in(tmp_path: Path) -> None:
    """SM-80: a token is another one every hour; what fails is said without what was printed."""
    (tmp_path / "token").write_text("first\n")
    out = Relay(host="h", user="wmo", authority="system", auth="xoauth2", password_command=("cat", "token"))
    way = relay(Settings(gateway=OWN, relay=out), Files(tmp_path, {}))
    secret = way._settings.password  # type: ignore[union-attr]
    assert secret() == "first"
    (tmp_path / "token").write_text("second\n")
    assert secret() == "second"
    (tmp_path / "token").write_text("")
    with pytest.raises(NoSecret, match="prints nothing"):
        secret()
    (tmp_path / "token").unlink()
    with pytest.raises(NoSecret, match="password_command fails"):
        secret()


def test_a_token_in_a_file_is_read_anew_and_its_mode_is_looked_at(tmp_path: Path) -> None:
    """SM-80: another program keeps it fresh."""
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text("first\n")
    box = Mailbox(kind="imap", host="h", user="wmo", authority="system", auth="xoauth2", password_file=str(token))
    way = mailbox(Settings(gateway=OWN, mailbox=box), Files(tmp_path, {}))
    secret = way._settings.password  # type: ignore[union-attr]
    token.write_text("second\n")
    assert secret() == "second"
    token.chmod(0o644)
    with pytest.raises(NoSecret):
        secret()


def test_a_client_certificate_needs_its_key_and_nobody_else_reads_it(tmp_path: Path) -> None:
    """SM-80: refused before anything is connected."""
    (tmp_path / "client.key").touch(mode=0o644)
    out = Relay(host="h", authority="system", auth="external", client_certificate="client.pem", client_key="client.key")
    with pytest.raises(CannotStart, match="0644"):
        relay(Settings(gateway=OWN, relay=out), Files(tmp_path, {}))
    (tmp_path / "client.key").chmod(0o600)
    with pytest.raises(CannotStart, match="client_certificate"):
        relay(Settings(gateway=OWN, relay=out), Files(tmp_path, {}))
