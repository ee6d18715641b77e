"""What the command line says and where: JSON on standard output, words for people on standard error.

`docs/commands.md`: `--json` prints only JSON on standard output; exit codes 0 (good), 1 (the answer is "no"), 2 (usage,
unreadable files, surroundings). No colour and no bar when the output is not a terminal: rich sees to that.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from gateway.domain.findings import Finding

T = TypeVar("T")

GOOD, NO, BROKEN = 0, 1, 2

Json = Annotated[bool, typer.Option("--json", help="Alleen JSON op de standaarduitvoer.")]


class Surroundings(Exception):
    """The surroundings do not work: a file that cannot be read, a port taken. The text says what to do; exit code 2."""


def emit(value: Any) -> None:
    """One JSON document on one line of standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()  # a reader of the lines sees each one when it is made


def say(text: str) -> None:
    """A line for people, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def show(text: str) -> None:
    """A line of the answer itself, for people, on standard output."""
    sys.stdout.write(text + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows of the answer, for people: a table on a terminal, tab-separated lines elsewhere."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [list(headings), *texts]:
            show("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table(*headings, box=None, pad_edge=False)
    for row in texts:
        shown.add_row(*row)
    Console().print(shown)


def findings(file: str, found: Iterable[Finding], to: Callable[[str], None] = say) -> None:
    """Findings for people: place, what is wrong, what to do. `to`: `show` where they are the answer itself."""
    for one in found:
        to(f"{file}{f':{one.line}' if one.line else ''}: {one.code} {one.path or ''}".rstrip())
        to(f"    {one.message}")
        if one.advice:
            to(f"    → {one.advice}")


@contextmanager
def bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """To be told how much of how much is done: a bar on standard error, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(words)
        yield lambda done, total: shown.update(task, completed=done, total=total)


def progress(items: Iterable[T], total: int, words: str) -> Iterator[T]:
    """The items, with a bar on standard error if that is a terminal and there is something to wait for."""
    if total < 2 or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, total=total, description=words, console=Console(stderr=True), transient=True)
