"""`gateway selftest`: proofs on this machine. No gateway's state is touched."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import GOOD, NO, Json, emit, show

app = typer.Typer(no_args_is_help=True, help="Proofs on this machine.")


@app.callback()
def selftest() -> None:
    """Proofs on this machine."""


@app.command()
def crash(
    every: Annotated[int, typer.Option(min=1, metavar="N", help="Kill at every Nth numbered step only.")] = 1,
    json: Json = False,
) -> None:
    """Kill a sender and a receiver at every numbered step, start them again: nothing lost, no second effect."""
    import logging

    from gateway import logs
    from gateway.worker.selftest import RECEIVING, SENDING, crash_test

    logs.configure(level=logging.ERROR)
    code = GOOD
    for case in (SENDING, RECEIVING):
        with tempfile.TemporaryDirectory(prefix="gateway-selftest-") as name:
            home = Path(name)
            report = crash_test(case, home, lambda n, home=home: str(home / f"{n}.db"), every=every)  # type: ignore[misc]
        code = NO if report.faults else code
        if json:
            emit({"case": case.name, "steps": report.steps, "kills": report.kills, "faults": report.faults})
            continue
        show(f"{case.name}: {report.steps} steps, {report.kills} kills, {len(report.faults)} faults")
        for fault in report.faults:
            show(f"    {fault}")
    raise typer.Exit(code)
