"""Memory of a process that makes and delivers 100,000 messages: `python -m tests.bench memory`, some minutes.

The whole outbound path in a process of its own, as a gateway does it; resident memory after the first thousand messages
and after the last. Only when it is named.
"""

import asyncio
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import quiet, sink, world
from tests.bench.rows import Row
from tests.transports.pki import Authority

ONLY_WHEN_NAMED = True
FIRST, LAST = 1_000, 100_000
MOST = 250.0  # MB


def rows() -> list[Row]:
    """After the last message against after the first thousand, and against the bound."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wmo-bench-")))
        authority = Authority(folder)
        port, _ = stack.enter_context(sink.running(folder, *authority.server()))
        (folder / "root.pem").write_text(authority.pem)
        command = [sys.executable, "-m", "tests.bench.bench_memory", str(folder), str(port), str(FIRST), str(LAST)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    first, last = (float(line) for line in done.stdout.split())
    label = f"memory after {LAST:,} messages"
    return [
        Row(name=label, measured=last, reference=first, against=f"after {FIRST:,}", target=1.2, unit="MB"),
        Row(name=label, measured=last, reference=MOST, against="the bound", target=1.0, unit="MB"),
    ]


def _resident() -> float:
    """MB that this process has in memory."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    return int(text.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def _main(folder: Path, port: int, *marks: int) -> None:
    from gateway.store import MasterKey

    authority = (folder / "root.pem").read_text(encoding="ascii")
    with quiet.logs_in(folder / "log"):
        ours = world.Municipality(folder / "ours.db", MasterKey.generate())
        ours.introduce()
        for mark in marks:
            asyncio.run(world.send(ours, mark - ours.made, port, authority))
            print(_resident(), flush=True)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), *(int(each) for each in sys.argv[2:]))
