"""From settings to the ways out and in."""

from pathlib import Path

import pytest

from gateway.config import Gateway, Mailbox, Settings, Store
from gateway.ways import Files, bell, store_place

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
        box = Mailbox(kind=kind, host="mail.example", user="wmo", path="mail")  # type: ignore[arg-type]
        assert (bell(Settings(gateway=OWN, mailbox=box), files) is not None) == rings
    assert bell(Settings(gateway=OWN), files) is None
