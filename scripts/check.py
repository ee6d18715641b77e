"""`python -m scripts.check`: everything a change must pass; what `make test` runs after installing.

All steps run, also when an earlier one failed, so that one run shows everything. Exit code 0 or 1.
Arguments after the options go to pytest: `make test ARGS="tests/plans -x"` (coverage is judged in a full run only).
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from scripts import coverage_floor

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
REPORT = ROOT / ".coverage.json"
LEFT_OUT = ROOT / ".coverage.left-out"  # written by tests/conftest.py: tests that this machine could not run

LINT = [
    ("ruff check", ["ruff", "check", "."]),
    ("ruff format", ["ruff", "format", "--check", "."]),
    ("mypy", ["mypy"]),
    ("import contract", ["lint-imports", "--no-logo"]),
]


def step(name: str, command: list[str]) -> bool:
    """Run one step, its output where it belongs; True if it passed."""
    print(f"== {name}", flush=True)
    start = time.monotonic()
    passed = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, check=False).returncode == 0
    print(f"== {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - start:.0f} s\n", flush=True)
    return passed


def workers() -> str:
    """Test processes: one a core, four at most (more only fight over the mail servers)."""
    return str(
        min(4, max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))
    )


def tests(extra: list[str]) -> bool:
    """pytest with branch coverage; then the floors, when every test could run."""
    REPORT.unlink(missing_ok=True)
    LEFT_OUT.unlink(missing_ok=True)
    options = ["-q", "-n", workers(), "--dist", "worksteal", "--cov", f"--cov-report=json:{REPORT}", *extra]
    passed = step("tests", ["python", "-m", "pytest", *options])
    if extra or not REPORT.exists():
        return passed
    rooms = coverage_floor.per_room(REPORT)
    print("== coverage (lines and branches)")
    print("\n".join(coverage_floor.lines(rooms)))
    low = coverage_floor.too_low(rooms)
    if low and LEFT_OUT.exists():
        print(f"Not judged: {LEFT_OUT.read_text().strip()} tests were left out on this machine.")
        return passed
    return passed and not low


def main(arguments: list[str]) -> int:
    """Run the steps, say at the end which failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["lint", "tests"])
    options, extra = parser.parse_known_args(arguments)
    failed = []
    if options.only != "tests":
        failed += [name for name, command in LINT if not step(name, command)]
    if options.only != "lint" and not tests(extra):
        failed.append("tests or coverage")
    print(f"FAILED: {', '.join(failed)}" if failed else "All good.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
