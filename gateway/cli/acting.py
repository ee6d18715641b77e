"""Acts on messages: who does it, on which, what is shown first when there are more, and what came of each."""

import getpass
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Protocol

import msgspec
import typer

from gateway.cli.output import GOOD, NO, emit, say, show

ROW_MAX = 2**63 - 1  # the largest number that a database takes

Numbers = Annotated[
    list[int] | None, typer.Argument(min=1, max=ROW_MAX, metavar="NUMMER", help="Nummers van berichten.")
]
After = Annotated[
    int, typer.Option("--after", min=0, max=ROW_MAX, metavar="NUMMER", help="Vanaf het bericht na dit nummer.")
]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Wie dit doet; anders de gebruiker van nu.")]


def _said(reason: str) -> str:
    if not reason.strip():
        raise typer.BadParameter("zeg waarom: het komt in het logboek")
    return reason


Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", callback=_said, help="Waarom: komt in het logboek.")]
Yes = Annotated[bool, typer.Option("--yes", help="Doe het, ook als het meer dan één bericht raakt.")]


class Item(Protocol):
    """A message of the outbox or the inbox."""

    @property
    def id(self) -> int: ...
    @property
    def partner(self) -> str | None: ...
    @property
    def state(self) -> str: ...


class Done(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of one act on one message."""

    id: int
    act: str
    result: Literal["done", "already", "refused"]
    state: str
    why: str = ""


def actor(by: str | None) -> str:
    """The name in the audit trail: who was named, else who is logged in on this machine."""
    try:
        return f"person:{by or getpass.getuser()}"[:64]
    except (KeyError, OSError):
        return "person:cli"


def age(since: datetime, now: datetime | None = None) -> str:
    """For people: 3 d 4 u, 12 min."""
    passed = max((now or datetime.now(UTC)) - since, timedelta())
    hours, minutes = passed.seconds // 3600, passed.seconds // 60 % 60
    if passed.days:
        return f"{passed.days} d {hours} u"
    return f"{hours} u {minutes} min" if hours else f"{minutes} min"


def agreed(items: Sequence[Item], since: Callable[[Any], datetime], act: str, *, yes: bool, json: bool) -> None:
    """More than one message: show count, parties and ages first, and go on only with --yes. Exit 1 otherwise."""
    if not items:
        say("Er is geen bericht dat hieraan voldoet.")
        raise typer.Exit(NO)
    if len(items) == 1 or yes:
        return
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.partner or "onbekend", []).append(item)
    ages = {who: (min(map(since, mine)), max(map(since, mine))) for who, mine in groups.items()}
    if json:
        parties = {w: {"count": len(m), "oldest": ages[w][0], "newest": ages[w][1]} for w, m in groups.items()}
        emit({"act": act, "count": len(items), "partners": parties, "done": False})
    say(f"{act}: {len(items)} berichten, {len(groups)} partijen. Er is nog niets gedaan.")
    for who, mine in sorted(groups.items()):
        say(f"    {who}: {len(mine)}, het oudste {age(ages[who][0])} oud, het nieuwste {age(ages[who][1])}")
    say("Doe het met --yes.")
    raise typer.Exit(NO)


def report(done: Iterable[Done], json: bool) -> None:
    """Each message's answer, as it is done: what stops half-way has said so far; exit 1 if one was refused."""
    code = GOOD
    for one in done:
        code = NO if one.result == "refused" else code
        if json:
            emit(one)
            continue
        words = {"done": "gedaan", "already": "was al zo", "refused": "kan niet"}[one.result]
        show(f"{one.id}: {words} ({one.state}){f': {one.why}' if one.why else ''}")
    raise typer.Exit(code)
