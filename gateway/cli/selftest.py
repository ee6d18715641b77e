"""`gateway selftest`: proofs on this machine. No gateway's state is touched."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.output import GOOD, NO, Json, Surroundings, emit, say, show

if TYPE_CHECKING:
    from gateway.worker.selftest import CrashReport

TOLD = 50  # kills between two lines on how far it is

app = typer.Typer(no_args_is_help=True, help="Proofs on this machine.")

Run = Callable[[Path, Callable[[], str]], "CrashReport"]  # folder, new database


@app.callback()
def selftest() -> None:
    """Proofs on this machine."""


@app.command()
def crash(
    every: Annotated[int, typer.Option(min=1, metavar="N", help="Kill at every Nth numbered step only.")] = 1,
    kills: Annotated[
        int,
        typer.Option(min=0, metavar="N", help="Instead: kill running gateways N times, at random, under load."),
    ] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the random moments.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, max=9, metavar="N", help="Nodes of the municipality (PostgreSQL).")] = 1,
    database: Annotated[
        str | None,
        typer.Option(metavar="URL", help="postgresql://…: schemas of its own there, removed afterwards. Else SQLite."),
    ] = None,
    json: Json = False,
) -> None:
    """Kill gateways at every numbered step, or at random under load, start them again: nothing lost, nothing twice."""
    import logging

    from gateway import logs

    if nodes > 1 and database is None:
        raise Surroundings("More than one node needs a server: give --database.")
    logs.configure(level=logging.CRITICAL)
    code = GOOD
    for name, run in _runs(every, kills, seed, nodes):
        with tempfile.TemporaryDirectory(prefix="gateway-selftest-") as folder, _places(database, folder) as new:
            report = run(Path(folder), new if kills else _telling(name, new))
        code = NO if report.faults else code
        if json:
            emit({"case": name, "steps": report.steps, "kills": report.kills, "faults": report.faults})
            continue
        what = "orders" if kills else "steps"
        show(f"{name}: {report.steps} {what}, {report.kills} kills, {len(report.faults)} faults")
        for fault in report.faults:
            show(f"    {fault}")
    raise typer.Exit(code)


def _runs(every: int, kills: int, seed: int, nodes: int) -> Iterator[tuple[str, Run]]:
    from gateway.cli.serving import serve_alone
    from gateway.worker.selftest import RECEIVING, SENDING, crash_test

    try:
        from gateway.demo import crash as whole
    except ImportError:
        raise Surroundings("The relay of this proof is not installed: pip install 'wmo-gateway[demo]'.") from None
    if kills:
        yield "running", lambda folder, new: whole.killed(folder, new, serve_alone, kills=kills, seed=seed, nodes=nodes)
        return
    for case in (SENDING, RECEIVING):
        yield case.name, lambda folder, new, case=case: crash_test(case, folder, lambda _: new(), every=every)  # type: ignore[misc]
    yield "exchange", lambda folder, new: whole.numbered(folder, new, every=every)


def _telling(name: str, new: Callable[[], str]) -> Callable[[], str]:
    """The same places; now and then it is said how far the proof is: every step of all takes a quarter of an hour."""
    made = 0
    a_run = 2 if name == "exchange" else 1  # databases

    def place() -> str:
        nonlocal made
        made += 1
        if made % (TOLD * a_run) == 0:
            say(f"{name}: killed {made // a_run} times")
        return new()

    return place


@contextmanager
def _places(database: str | None, folder: str) -> Iterator[Callable[[], str]]:
    """Where each run gets its empty databases."""
    from gateway.store import StoreError
    from gateway.store.scratch import scratch

    if database is None:
        count = iter(range(1, 1_000_000))
        yield lambda: str(Path(folder) / f"{next(count)}.db")
        return
    try:
        with scratch(database) as new:
            yield new
    except StoreError as error:
        raise Surroundings(str(error)) from None
