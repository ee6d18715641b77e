"""`gateway status`: how much is open, the oldest of each kind and who has it, and how the jobs do."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.output import GOOD, NO, Json, emit, show, table

if TYPE_CHECKING:
    from gateway.store import Unit


def status(folder: Dir = HERE, json: Json = False) -> None:
    """Wat er open staat, het oudste van elke soort en wie aan zet is, alarmen; 1 als er een is of iets stilstaat."""
    now = datetime.now(UTC)
    with open_gateway(folder) as gateway, gateway.store.view(now=now) as view:
        answer = _answer(view)
    if json:
        emit(answer)
    else:
        _tell(answer, now)
    raise typer.Exit(NO if answer["wrong"] or answer["tasks"]["alarms"] else GOOD)


def _answer(view: "Unit") -> dict[str, Any]:
    from gateway.cli.history import camel, who_has_state
    from gateway.cli.taak import in_order, task_answer
    from gateway.flows import tasks
    from gateway.flows.cases import today
    from gateway.flows.secure_domains import book_fetched_at
    from gateway.worker import trouble

    waiting, day = tasks.open_tasks(view), today(view)
    alarms = [each for each in waiting if each.body.weight == "alarm"]
    return {
        "outbox": view.outbox.counts(),
        "inbox": view.inbox.counts(),
        "quarantine": view.status.quarantine(),
        "open": [camel(o) | {"whoHasIt": who_has_state(o.kind, o.state)} for o in view.status.oldest()],
        "tasks": {
            "open": len(waiting),
            "overdue": sum(tasks.is_overdue(each, day) for each in waiting),
            "alarms": [task_answer(view, each) for each in in_order(alarms)],
        },
        "exceptions": _exceptions(view),
        "domainBook": {"fetchedAt": book_fetched_at(view)},
        "channels": [camel(channel) for channel in view.channels.list()],
        "jobs": [camel(job, leave_out=("fence",)) for job in view.jobs.list()],
        "wrong": trouble(view),
    }


def _exceptions(view: "Unit") -> list[dict[str, Any]]:
    """Partners to whom plans may go signed but not encrypted, while that holds (SM-115)."""
    from gateway.flows.cases import today
    from gateway.flows.parties import partners

    day = today(view)
    found = [(record.code, record.agreements.transport_only) for record in partners(view)]
    return [
        {"partner": code, "since": one.since, "until": one.until, "reason": one.reason}
        for code, one in found
        if one is not None and one.holds(day)
    ]


def _tell(answer: dict[str, Any], now: datetime) -> None:
    from gateway.cli.acting import age

    for one in answer["open"]:
        where = f"{one['kind']} {one['state']}: {one['count']}, het oudste is {one['id']} ({age(one['since'], now)})"
        show(f"{where}; aan zet: {one['whoHasIt']}")
    if not answer["open"]:
        show("Er staat niets open.")
    for reason, count in answer["quarantine"].items():
        show(f"quarantaine {reason}: {count}")
    waiting = answer["tasks"]
    if waiting["open"]:
        late = f", waarvan {waiting['overdue']} ouder dan vijf werkdagen" if waiting["overdue"] else ""
        show(f"taken: {waiting['open']}{late}; zie: gateway taak list")
    for one in answer["exceptions"]:
        show(f"uitzondering: onversleuteld aan partner {one['partner']} tot en met {one['until']}: {one['reason']}")
    if (fetched := answer["domainBook"]["fetchedAt"]) is not None:
        show(f"domeinboek: {age(fetched, now)} oud")
    rows = [(j["name"], j["result"], _local(j["endedAt"]), _local(j["nextAt"]), j["detail"]) for j in answer["jobs"]]
    if rows:
        show("")
        table(("taak", "uitslag", "laatst", "volgende", "wat"), rows)
    for one in waiting["alarms"]:
        show(f"ALARM {one['about']} ({age(one['since'], now)}): {one['what']} {one['who']} {one['advice']}")
    for sentence in answer["wrong"]:
        show(f"STAAT STIL {sentence}")


def _local(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
