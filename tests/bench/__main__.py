"""`python -m tests.bench [NAME…]`: run every `rows()` of `tests/bench/bench_*.py` and print the ratios of this run.

A module with `ONLY_WHEN_NAMED` takes many minutes and is left out of a run without names.

Exit code 0: every ratio meets its target; 1: at least one does not; 2: a benchmark could not run.
"""

import gc
import importlib
import pkgutil
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.rows import Row


def modules(only: list[str]) -> list[str]:
    """Names of the benchmark modules, all of them or those whose name contains one of `only`."""
    found = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name.startswith("bench_"))
    return [name for name in found if not only or any(word in name for word in only)]


def table(rows: list[Row]) -> Table:
    """The rows as a table for people."""
    shown = Table(title="Ratios measured in this run")
    for heading in ("what", "measured", "reference", "against", "ratio", "target", "meets"):
        shown.add_column(heading, justify="left" if heading in {"what", "against"} else "right")
    for row in rows:
        bound = f"{'≤' if row.better == 'lower' else '≥'} {row.target:g}"
        shown.add_row(
            row.name,
            f"{row.measured:.3f} {row.unit}",
            f"{row.reference:.3f} {row.unit}",
            row.against,
            f"{row.ratio:.2f}",
            bound,
            "yes" if row.meets else "NO",
        )
    return shown


def main(only: list[str]) -> int:
    """Run, print, answer with the exit code."""
    console = Console(width=None if sys.stdout.isatty() else 130)
    words = Console(stderr=True)
    rows: list[Row] = []
    broken = False
    for name in modules(only):
        words.print(f"… {name}")
        try:
            module = importlib.import_module(f"tests.bench.{name}")
            gc.collect()
            gc.freeze()  # else each benchmark looks through what all before it left behind
            if only or not getattr(module, "ONLY_WHEN_NAMED", False):
                rows.extend(module.rows())
            else:
                words.print(f"  left out: make bench ARGS={name.removeprefix('bench_')}")
        except Exception as error:  # one broken benchmark must not hide the others
            words.print(f"{name} could not run: {type(error).__name__}: {error}")
            broken = True
    if rows:
        console.print(table(rows))
    if broken or not rows:
        return 2
    return 0 if all(row.meets for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
