"""`gateway job`: what the running gateway does by itself: when, how it ended, and one run of it now."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.output import GOOD, NO, Json, emit, say, table

if TYPE_CHECKING:
    from gateway.store import JobState
    from gateway.worker import Job

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))

app = typer.Typer(no_args_is_help=True, help="The jobs of the running gateway.")


@app.command("list")
def list_(folder: Dir = HERE, json: Json = False) -> None:
    """Every job: when it runs, when it last ran and how that ended, when it runs again, and who is at it now."""
    from gateway.jobs import gateway_jobs

    now = datetime.now(UTC)
    with open_gateway(folder) as gateway:
        jobs = gateway_jobs(gateway)
        with gateway.store.view(now=now) as view:
            states = view.jobs.list()
    rows = [row for job in jobs for row in _rows(job, states, now)]
    if json:
        for row in rows:
            emit(row)
        return
    shown = ("job", "schedule", "result", "lastRun", "nextRun", "atIt", "detail")
    table(
        ("job", "when", "result", "last run", "next run", "at it now", "what it did"),
        [[_shown(row[name]) for name in shown] for row in rows],
    )


def _rows(job: "Job", states: "list[JobState] | Any", now: datetime) -> list[dict[str, Any]]:
    """A job and its state; one that runs on every node has a state a node."""
    mine = [s for s in states if s.name == job.name or (job.everywhere and s.name.partition("@")[0] == job.name)]
    schedule = f"daily {job.daily}" if job.daily is not None else f"every {_every(job.every)}"
    rows = []
    for state in mine or [None]:
        held = state is not None and state.lease_until is not None and state.lease_until > now
        rows.append(
            {
                "job": job.name if state is None else state.name,
                "schedule": schedule,
                "result": state and state.result,
                "lastRun": state and state.ended_at,
                "nextRun": state and state.next_at,
                "atIt": state.lease_owner if held else None,
                "detail": state and state.detail,
            }
        )
    return rows


def _every(time: timedelta | None) -> str:
    """`10 s`, `5 min`, `1 h`, `1 d`: the largest unit that it is a whole number of."""
    seconds = int(time.total_seconds()) if time is not None else 0
    size, unit = next(one for one in _UNITS if seconds % one[0] == 0)
    return f"{seconds // size} {unit}"


def _shown(value: Any) -> Any:
    return f"{value.astimezone():%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value


@app.command()
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A job; gateway job list names them.")],
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Run one job now, once, as the schedule would; also while the gateway serves.

    Exit code 1 if it failed, or if another process is at it.
    """
    import asyncio

    from gateway import logs
    from gateway.cli.serving import once

    logs.configure()
    with open_gateway(folder) as gateway:
        result = asyncio.run(once(gateway, name))
    if json:
        emit(result)
    else:
        say(f"{result.name}: {result.result}, {result.detail}")
    raise typer.Exit(GOOD if result.result == "ok" else NO)
