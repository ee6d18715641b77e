"""Messages from the command line: a cold start, the import alone, and many files on all cores."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gateway import berichten
from tests.bench.bench_berichten import ROOT, small_301
from tests.bench.rows import Row

FILES = 2_000
CORES = 2  # what the target is stated for


def rows() -> list[Row]:
    """Seconds are for an idle machine with two cores."""
    return [_cold_start(), _import(), _many_files()]


def _cold_start() -> Row:
    """One valid file, from nothing: interpreter, command line, schema, rules."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "301.xml"
        file.write_bytes(small_301())
        measured = _best_seconds([sys.executable, "-m", "gateway", "bericht", "validate", str(file)])
    return Row(
        name="gateway bericht validate, one file, cold", measured=measured, reference=0.5, against="half a second",
        target=1.0, unit="s",
    )  # fmt: skip


def _import() -> Row:
    """`import gateway.berichten`, without the interpreter's own start."""
    code = "import time; t = time.perf_counter(); import gateway.berichten; print(time.perf_counter() - t)"
    runs = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT).stdout)
        for _ in range(5)
    ]
    return Row(
        name="import gateway.berichten", measured=min(runs), reference=0.15, against="0.15 s", target=1.0, unit="s"
    )


def _many_files() -> Row:
    """Files a second of the command on all cores, against one process in memory."""
    data = small_301()
    start = time.perf_counter()
    for _ in range(FILES // 4):
        berichten.validate(data)
    alone = FILES // 4 / (time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(FILES):
            (Path(folder) / f"{number:04}.xml").write_bytes(data)
        measured = FILES / _best_seconds([sys.executable, "-m", "gateway", "bericht", "validate", folder], repeat=2)
    return Row(
        name=f"{FILES} files of 7 KB from the command line", measured=measured, reference=CORES * alone,
        against="twice one process in memory", target=0.6, better="higher", unit="/s",
    )  # fmt: skip


def _best_seconds(command: list[str], repeat: int = 5) -> float:
    taken = []
    for _ in range(repeat):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
        taken.append(time.perf_counter() - start)
    return min(taken)
