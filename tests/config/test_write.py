"""The written gateway.toml explains every setting and reads back as the same settings."""

from pathlib import Path

import pytest

from gateway.config import FILE, Gateway, Limits, Mailbox, Relay, RevocationData, Settings, Store, read_settings, render
from gateway.config.describe import everything

OWN = Gateway(role="aanbieder", code="99990001", name='Zorg "De Linde"', address="plan@zorg.example")


@pytest.mark.parametrize(
    "settings",
    [
        Settings(gateway=OWN),
        Settings(
            gateway=OWN,
            store=Store(url="postgresql://wmo@db/wmo"),
            relay=Relay(host="127.0.0.1", port=2525, user="plan", authority="keys/ca.pem"),
            mailbox=Mailbox(kind="maildir", path="mail"),
            revocation=RevocationData(lists=("http://crl.example/a.crl", "https://crl.example/b.crl"), grace_hours=0),
            limits=Limits(message_mb=20),
        ),
    ],
)
def test_what_is_written_reads_back_the_same(tmp_path: Path, settings: Settings) -> None:
    """`gateway init` writes a file that is right."""
    (tmp_path / FILE).write_text(render(settings))
    assert read_settings(tmp_path, {}) == settings


def test_every_setting_is_explained_in_place() -> None:
    """Each key stands in the file, with its meaning in the comment above it."""
    text = render(Settings(gateway=OWN))
    joined = " ".join(line.removeprefix("# ") for line in text.splitlines())
    for one in everything():
        assert f"\n#{one.key} = " in text or f"\n{one.key} = " in text, one.path
        assert one.text in joined, one.path


@pytest.mark.parametrize("section", ["relay", "mailbox", "revocation"])
def test_removing_the_marks_of_a_section_gives_a_right_one(tmp_path: Path, section: str) -> None:
    """What is shown as default or example is of the right form."""
    lines, inside = [], False
    for line in render(Settings(gateway=OWN)).splitlines():
        if line.startswith(("[", "#[")):
            inside = line.strip("#[]") == section
        lines.append(line.removeprefix("#") if inside and not line.startswith("# ") else line)
    (tmp_path / FILE).write_text("\n".join(lines))
    settings = read_settings(tmp_path, {})
    assert isinstance(settings, Settings)
    assert getattr(settings, section) is not None
