"""Secrets are read from files that only their owner reaches, or from the environment."""

from pathlib import Path

from gateway.config import read_secret
from gateway.domain.findings import Finding


def secret(file: Path, **environ: str) -> str | Finding:
    """The relay's password."""
    return read_secret(file, "relay.password_file", environ, "GATEWAY_RELAY_PASSWORD")


def test_a_tight_file_gives_its_first_line(tmp_path: Path) -> None:
    """Editors add a line end; it is no part of a password."""
    file = tmp_path / "p"
    file.touch(mode=0o600)
    file.write_text("geheim\n")
    assert secret(file) == "geheim"


def test_a_file_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    """The finding says how to mend it, and does not show the secret."""
    file = tmp_path / "p"
    file.write_text("geheim")
    file.chmod(0o640)
    answer = secret(file)
    assert isinstance(answer, Finding)
    assert (answer.code, answer.advice) == ("CFG-MODE", f"chmod 600 {file}")
    assert "geheim" not in repr(answer)


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    """Not an exception: the operator reads what to make."""
    answer = secret(tmp_path / "p")
    assert isinstance(answer, Finding)
    assert answer.code == "CFG-FILE"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """For containers, where a secret arrives as a variable."""
    assert secret(tmp_path / "p", GATEWAY_RELAY_PASSWORD="uit-omgeving") == "uit-omgeving"
