"""From settings to the ways out and in."""

from pathlib import Path

import pytest

from gateway.config import Gateway, Settings, Store
from gateway.ways import Files, store_place

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
