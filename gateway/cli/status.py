"""`gateway status`: how much is open, the oldest of each kind and who has it, and how the jobs do."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.output import GOOD, NO, Json, emit, show, table

if TYPE_CHECKING:
    from gateway.store import Unit


def status(folder: Dir = HERE, json: Json = False) -> None:
    """Wat er open staat, het oudste van elke soort en wie aan zet is, de taken; 1 als er iets stilstaat."""
    now = datetime.now(UTC)
    with open_gateway(folder) as gateway, gateway.store.view(now=now) as view:
        answer = _answer(view)
    if json:
        emit(answer)
    else:
        _tell(answer, now)
    raise typer.Exit(NO if answer["wrong"] else GOOD)


def _answer(view: "Unit") -> dict[str, Any]:
    from gateway.cli.history import camel, who_has_state
    from gateway.worker import trouble

    return {
        "outbox": view.outbox.counts(),
        "inbox": view.inbox.counts(),
        "quarantine": view.status.quarantine(),
        "open": [camel(o) | {"whoHasIt": who_has_state(o.kind, o.state)} for o in view.status.oldest()],
        "channels": [camel(channel) for channel in view.channels.list()],
        "jobs": [camel(job, leave_out=("fence",)) for job in view.jobs.list()],
        "wrong": trouble(view),
    }


def _tell(answer: dict[str, Any], now: datetime) -> None:
    from gateway.cli.acting import age

    for one in answer["open"]:
        where = f"{one['kind']} {one['state']}: {one['count']}, het oudste is {one['id']} ({age(one['since'], now)})"
        show(f"{where}; aan zet: {one['whoHasIt']}")
    if not answer["open"]:
        show("Er staat niets open.")
    for reason, count in answer["quarantine"].items():
        show(f"quarantaine {reason}: {count}")
    rows = [(j["name"], j["result"], _local(j["endedAt"]), _local(j["nextAt"]), j["detail"]) for j in answer["jobs"]]
    if rows:
        show("")
        table(("taak", "uitslag", "laatst", "volgende", "wat"), rows)
    for sentence in answer["wrong"]:
        show(f"STAAT STIL {sentence}")


def _local(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
