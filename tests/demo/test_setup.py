"""Whose folder it is, and how far the demo in it is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.demo import setup

TODAY = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_folder_is_claimed_before_anything_is_made_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while keys are made: the next run knows the folder as its own and makes the setup anew, old files gone."""
    monkeypatch.setattr(setup.ca, "make_root", _killed)
    with pytest.raises(KeyboardInterrupt):
        setup.set_up(tmp_path, TODAY, "{}")
    (tmp_path / "post").mkdir()
    (tmp_path / "post" / "old.eml").touch()
    monkeypatch.undo()

    assert not setup.is_ready(tmp_path)
    setup.set_up(tmp_path, TODAY, "{}")
    assert setup.is_ready(tmp_path)
    assert not (tmp_path / "post").exists()
    assert (tmp_path / "gemeente" / "contract.json").read_text() == "{}"


def test_a_folder_with_anything_else_in_it_is_not_ours(tmp_path: Path) -> None:
    """NotOurs, and the file stands; the log and the lock alone do not make a folder somebody's."""
    (tmp_path / setup.LOG).touch()
    (tmp_path / setup.LOCK).touch()
    setup.check_ours(tmp_path)
    (tmp_path / "gemeente").mkdir()

    with pytest.raises(setup.NotOurs):
        setup.set_up(tmp_path, TODAY, "{}")
    assert (tmp_path / "gemeente").is_dir()
    assert not (tmp_path / setup.MARKER).exists()


def test_only_a_demo_told_to_its_end_counts_as_played(tmp_path: Path) -> None:
    """Begun, played, and begun again by who wants it anew."""
    setup.start_over(tmp_path)
    assert not setup.is_played(tmp_path)
    setup.played(tmp_path)
    assert setup.is_played(tmp_path)
    assert setup.is_ready(tmp_path)
    setup.start_over(tmp_path)
    assert not setup.is_ready(tmp_path)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
