"""`gateway taak`: what waits for a person, in plain Dutch; done by whom and how stands in the trail (SM-106)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.acting import By, actor, age
from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.output import Json, Surroundings, emit, show, table

if TYPE_CHECKING:
    from gateway.flows.tasks import Task
    from gateway.store import Record, Unit

app = typer.Typer(no_args_is_help=True, help="Wat op een medewerker wacht.")

About = Annotated[str, typer.Argument(metavar="TAAK", help="Waar de taak over gaat, zoals `taak list` het noemt.")]


@app.command("list")
def list_(
    overdue: Annotated[bool, typer.Option("--overdue", help="Alleen ouder dan vijf werkdagen.")] = False,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """De open taken: alarmen eerst, dan wat het langst wacht."""
    from gateway.flows import tasks

    now = datetime.now(UTC)
    with open_gateway(folder) as gateway, gateway.store.view(now=now) as view:
        found = tasks.overdue(view) if overdue else tasks.open_tasks(view)
        answers = [task_answer(view, each) for each in in_order(found)]
    if json:
        for one in answers:
            emit(one)
        return
    rows = [(one["about"], one["weight"], age(one["since"], now), one["count"], one["what"]) for one in answers]
    table(("taak", "gewicht", "oud", "keer", "wat"), rows)


@app.command("show")
def show_(about: About, folder: Dir = HERE, json: Json = False) -> None:
    """Eén taak: wat er is, wie het aangaat en wat er nu te doen is."""
    now = datetime.now(UTC)
    with open_gateway(folder) as gateway, gateway.store.view(now=now) as view:
        one = task_answer(view, _get(view, about))
    if json:
        emit(one)
        return
    show(
        f"{one['about']} ({one['weight']}), open sinds {one['since'].astimezone():%Y-%m-%d %H:%M}, {one['count']} keer"
    )
    for part in ("what", "who", "advice"):
        show(f"  {one[part]}")
    if one["state"] == "done":
        show(f"Gedaan: {one['outcome']}")


@app.command()
def done(
    about: About,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Wat er is gedaan: komt in het logboek.")],
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Sluit een taak af. Wat zij meldde verandert er niet door; komt het terug, dan staat zij weer open."""
    from gateway.flows import tasks

    with open_gateway(folder) as gateway, gateway.store.unit(now=datetime.now(UTC), actor=actor(by)) as unit:
        _get(unit, about)
        closed = tasks.done(unit, about, reason)
        one = task_answer(unit, _get(unit, about))
    if json:
        emit({"about": about, "result": "done" if closed else "already", "outcome": one["outcome"]})
    else:
        show(f"{about}: {'gedaan' if closed else 'was al gedaan'}")


def task_answer(view: "Unit", record: "Record[Task]") -> dict[str, Any]:
    """A task as the answers have it."""
    from gateway.flows import tasks
    from gateway.flows.cases import today

    task = record.body
    return {
        "about": record.sleutel,
        "state": task.state,
        "weight": task.weight,
        "since": tasks.opened_at(record),
        "overdue": tasks.is_overdue(record, today(view)),
        "count": task.count,
        "what": task.what,
        "who": task.who,
        "advice": task.advice,
        "outcome": task.outcome,
    }


def in_order(found: "Sequence[Record[Task]]") -> "list[Record[Task]]":
    """Alarms first, then what waits longest."""
    from gateway.flows import tasks

    return sorted(found, key=lambda each: (each.body.weight != "alarm", tasks.opened_at(each)))


def _get(view: "Unit", about: str) -> "Record[Task]":
    from gateway.flows import tasks

    found = tasks.find(view, about)
    if found is None:
        raise Surroundings(f"Er is geen taak over {about[:80]}. Zie: gateway taak list.")
    return found
