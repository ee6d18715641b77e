"""`make demo` and `make test` on bad surroundings: a sentence that says what to do, exit code 2, never a question."""

import ast
import os
import subprocess
from pathlib import Path

import pytest

from scripts import bootstrap

ROOT = bootstrap.ROOT


def test_an_old_python_can_read_the_script() -> None:
    """Otherwise it would answer with a syntax error instead of a sentence."""
    ast.parse((ROOT / "scripts/bootstrap.py").read_text(), feature_version=(3, 7))


def test_an_old_python_is_told_what_to_do() -> None:
    """The version found, the version needed, and how to name another."""
    with pytest.raises(bootstrap.Missing, match=r"Python 3\.10 is too old: 3\.11 or newer.*make PYTHON="):
        bootstrap.new_enough_python((3, 10), which=lambda _: None)


def test_a_newer_python_beside_an_old_one_is_used() -> None:
    """Many machines have python3.12 next to an older python3."""
    assert bootstrap.new_enough_python((3, 9), which=lambda name: "true" if name == "python3.12" else None) == "true"
    assert bootstrap.new_enough_python((3, 11)) is None


def test_a_folder_that_is_not_writable_is_named(tmp_path: Path) -> None:
    """Root may write almost anywhere, so the folder here is one that is not there."""
    with pytest.raises(bootstrap.Missing, match="is not writable"):
        bootstrap.check_writable(tmp_path / "gone")


def test_a_python_without_venv_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Debian splits venv off; without root the sentence says what to ask for."""
    monkeypatch.setattr(bootstrap.sys, "executable", "/bin/false")
    monkeypatch.setattr(bootstrap.shutil, "which", lambda *_, **__: None)
    with pytest.raises(bootstrap.Missing, match="apt-get install python3-venv"):
        bootstrap.make_venv(tmp_path / "venv", install_system=False)
    assert not (tmp_path / "venv").exists()


def test_without_network_the_sentence_speaks_of_network_and_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A real pip that may look nowhere; its last lines are shown, all of them are in the log."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(bootstrap.Missing, match=r"No network, or a proxy"):
        bootstrap.install(tmp_path / "venv", ["demo"], install_system=False)
    assert (tmp_path / "venv" / bootstrap.LOG).read_text()
    assert not (tmp_path / "venv" / "installed").exists()


def test_a_program_that_is_not_there_is_no_success() -> None:
    """sudo, for instance: absent on many machines, forbidden on some."""
    assert not bootstrap.quiet(["no-such-program"])
    assert not bootstrap.quiet(["/etc/hostname"])


def test_versions_that_do_not_go_together_are_not_blamed_on_the_network() -> None:
    """An old patch release of Python may lack a version that constraints.txt names."""
    assert "constraints.txt do not go together" in bootstrap.why_not("ERROR: ResolutionImpossible: for help")


def test_the_second_time_is_a_look_at_one_file(tmp_path: Path) -> None:
    """More extras than asked is fine; fewer, or other versions of the files, is not."""
    stamp = tmp_path / "installed"
    assert not bootstrap.up_to_date(stamp, ["demo"])
    stamp.write_text(bootstrap.wanted_stamp(bootstrap.EXTRAS["test"]))
    assert bootstrap.up_to_date(stamp, bootstrap.EXTRAS["demo"])
    stamp.write_text(bootstrap.wanted_stamp(bootstrap.EXTRAS["demo"]))
    assert not bootstrap.up_to_date(stamp, bootstrap.EXTRAS["test"])
    stamp.write_text("0" * 64 + " demo")
    assert not bootstrap.up_to_date(stamp, ["demo"])


def test_missing_system_packages_are_named_with_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line for each: what is lost, and what to install."""
    rows = [("demo", "Pango", lambda: False, ["libpango-1.0-0"], "tests marked documents")]
    monkeypatch.setattr(bootstrap, "SYSTEM", rows)
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    bootstrap.system_packages("demo", install=False)
    bootstrap.system_packages("test", install=False)
    demo, test = capsys.readouterr().err.splitlines()
    assert "plans travel as data" in demo
    assert "left out: tests marked documents" in test
    assert "apt-get install libpango-1.0-0" in test


@pytest.mark.parametrize("command", ["demo", "test"])
def test_make_without_python_is_a_sentence_and_exit_2(command: str) -> None:
    """The interpreter is named, and how to name another."""
    run = subprocess.run(
        ["make", "-s", command, "PYTHON=no-such-python"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "No no-such-python found. Install Python 3.11 or newer" in run.stderr


def test_make_alone_lists_what_there_is() -> None:
    """`make` answers with the list."""
    run = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for command in ("demo", "test", "bench", "lint", "clean"):
        assert f"make {command}" in run.stdout
