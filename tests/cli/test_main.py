"""The command line as a whole: exit codes, where words go, never a traceback, a fast start."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main as program
from gateway.cli import start
from gateway.cli.output import BROKEN, GOOD, Surroundings


def gateway(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real program."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments], capture_output=True, text=True, check=False, timeout=60, env=env
    )


def test_help_lists_the_commands_and_exits_0() -> None:
    """`gateway --help` is an answer, on standard output, without colour codes when it is no terminal."""
    run = gateway("--help")
    assert run.returncode == GOOD
    assert "Usage: gateway" in run.stdout
    assert "\x1b" not in run.stdout


def test_an_unknown_command_is_wrong_usage() -> None:
    """Exit code 2, the words on standard error, nothing on standard output."""
    run = gateway("bestaat-niet")
    assert (run.returncode, run.stdout) == (BROKEN, "")
    assert "bestaat-niet" in run.stderr


def test_a_fault_of_ours_is_one_sentence_without_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SM-150: no traceback and no exception message, which might quote what was read."""
    monkeypatch.setattr(program, "app", _raise(ValueError("999900006")))
    assert program.run([]) == BROKEN
    shown = capsys.readouterr()
    assert shown.err.count("\n") == 1
    assert "999900006" not in shown.err
    assert "GATEWAY_REPORT" in shown.err


def test_the_report_has_places_and_no_values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The report names file, line and function of the whole chain, and nothing that was read."""
    wanted = tmp_path / "report.txt"
    monkeypatch.setenv("GATEWAY_REPORT", str(wanted))
    monkeypatch.setattr(program, "app", _raise(ValueError("999900006")))
    assert program.run([]) == BROKEN
    text = wanted.read_text()
    assert "ValueError" in text
    assert "gateway/cli/main.py" in text
    assert "999900006" not in text


@pytest.mark.parametrize("error", [Surroundings("De map bestaat niet."), FileNotFoundError(2, "No such file", "x.xml")])
def test_broken_surroundings_are_a_sentence_and_exit_2(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that cannot be read says which and why."""
    monkeypatch.setattr(program, "app", _raise(error))
    assert program.run([]) == BROKEN
    assert capsys.readouterr().err.strip().endswith(".")


def test_help_loads_nothing_that_takes_time() -> None:
    """A person who asks for help does not wait for XML, databases or cryptography to load."""
    heavy = {"lxml", "xmlschema", "sqlalchemy", "cryptography", "asn1crypto", "weasyprint", "aiosmtplib", "asyncio"}
    code = f"import sys; from gateway.cli.main import run; run(['--help']); print(sorted(set(sys.modules) & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_an_interruption_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C at any moment: exit code 130, as a shell expects, and not a word."""
    monkeypatch.setattr(program, "run", _raise(KeyboardInterrupt()))
    with pytest.raises(SystemExit) as end:
        start.main()
    assert end.value.code == 130
    assert capsys.readouterr().err == ""


def _raise(error: BaseException):  # type: ignore[no-untyped-def]
    def app(*_: object, **__: object) -> None:
        raise error

    return app
