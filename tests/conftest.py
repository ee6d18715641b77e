"""Policy for the whole suite: hypothesis profiles, and what it means that a test is left out.

On a person's machine a test that cannot run is left out and named, with what to install. In CI (`CI` set) it is a
failure, unless tests/allowed-skips.txt has a line for it with the reason.
"""

import fnmatch
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

HERE = Path(__file__).parent
CI = bool(os.environ.get("CI"))

_SHARED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}  # machines differ in speed
hypothesis.settings.register_profile("ci", derandomize=True, max_examples=60, database=None, **_SHARED)
hypothesis.settings.register_profile("dev", max_examples=60, **_SHARED)
hypothesis.settings.register_profile("long", max_examples=2000, **_SHARED)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if CI else "dev"))


def allowed_skips() -> dict[str, str]:
    """Pattern -> reason. A pattern is a marker (@reference) or a glob over test ids (tests/plans/test_pdf.py::*)."""
    lines = (line.strip() for line in (HERE / "allowed-skips.txt").read_text().splitlines())
    rows = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return {row[0]: row[1] for row in rows}


def is_allowed(report: Any, allowed: dict[str, str]) -> bool:
    """True if the list has a line for this left-out test."""
    return any(
        pattern[1:] in report.keywords if pattern.startswith("@") else fnmatch.fnmatch(report.nodeid, pattern)
        for pattern in allowed
    )


def left_out(config: pytest.Config) -> Iterator[Any]:
    """Reports of tests that were skipped without a line in the list. On the controlling process only."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    allowed = allowed_skips()
    for report in reporter.stats.get("skipped", []) if reporter else []:
        if not is_allowed(report, allowed):
            yield report


def reason(report: Any) -> str:
    """Why a test was skipped, as its author wrote it."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing is left out in silence; elsewhere the coverage floors learn that something was."""
    if hasattr(session.config, "workerinput"):
        return
    missing = list(left_out(session.config))
    if missing and CI and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if missing and not CI:
        (HERE.parent / ".coverage.left-out").write_text(f"{len(missing)}\n")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name what was left out, grouped by what is missing."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for report in left_out(config):
        by_reason[reason(report)].append(report.nodeid)
    if not by_reason:
        return
    terminalreporter.section("left out: " + ("a failure in CI" if CI else "install what is named to run these too"))
    for why, tests in sorted(by_reason.items()):
        terminalreporter.write_line(f"{why}: {len(tests)}")
        for test in tests:
            terminalreporter.write_line(f"    {test}")
