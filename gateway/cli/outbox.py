"""`gateway outbox`: what goes out, the whole history of one message, and a person's acts, each in the audit trail."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gateway.cli.acting import ROW_MAX, After, By, Done, Numbers, Reason, Yes, actor, age, agreed, report
from gateway.cli.home import HERE, Dir, open_gateway, open_state
from gateway.cli.output import Json, Surroundings, emit, show, table

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.store import OutboxItem, Unit

app = typer.Typer(no_args_is_help=True, help="Berichten die uitgaan.")

State = Annotated[list[str] | None, typer.Option("--state", metavar="STATE", help="Alleen deze toestand. Herhaalbaar.")]
Partner = Annotated[str | None, typer.Option("--partner", metavar="CODE", help="Alleen van deze partner.")]
Number = Annotated[int, typer.Argument(min=1, max=ROW_MAX, metavar="NUMMER", help="Nummer van het bericht.")]

Act = Callable[["Unit", "App", "OutboxItem"], str | None]
"""Does it to one message; why not, if it may not be."""


@app.command("list")
def list_(
    state: State = None,
    partner: Partner = None,
    after: After = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Hoogstens zoveel.")] = 100,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """De berichten die uitgaan of uitgingen, in volgorde van nummer."""
    now = datetime.now(UTC)
    with open_state(folder) as store, store.view(now=now) as view:
        items = view.outbox.list(states=_states(state), partner=partner, after=after, limit=limit)
    if json:
        for item in items:
            emit(_plain(item))
        return
    rows = [(i.id, i.state, i.kind, i.partner, age(i.created_at, now), i.attempts, i.reason or "") for i in items]
    table(("nummer", "toestand", "soort", "partner", "oud", "pogingen", "reden"), rows)


@app.command("show")
def show_(number: Number, folder: Dir = HERE, json: Json = False) -> None:
    """De hele geschiedenis van één bericht: wat ermee gebeurde, wanneer, en wie nu aan zet is."""
    from gateway.cli.history import outbox_story, who_has
    from gateway.flows.clocks import clocks

    with open_state(folder) as store, store.view(now=datetime.now(UTC)) as view:
        item = _get(view, number)
        story, proved = outbox_story(view, item), clocks(view, item)
        route = _route(view, number)
    if json:
        emit(_plain(item) | {"whoHasIt": who_has(item), "clocks": proved, "route": route, "history": story})
        return
    show(f"Bericht {item.id} ({item.kind}) aan {item.partner}, {item.size} bytes, sha256 {item.sha256}")
    show(f"Message-ID {item.message_id}")
    for line in story:
        show(f"  {line.at.astimezone():%Y-%m-%d %H:%M:%S}  {line.what}")
    moments = (proved.handed_over, proved.delivered, proved.opened, proved.answered)
    for word, at in zip(("overgedragen", "afgeleverd", "geopend", "beantwoord"), moments, strict=True):
        show(f"  {word}: {'-' if at is None else f'{at.astimezone():%Y-%m-%d %H:%M:%S}'}")
    show(f"Nu: {item.state}. Aan zet: {who_has(item)}.")


@app.command()
def retry(
    reason: Reason,
    numbers: Numbers = None,
    state: State = None,
    partner: Partner = None,
    yes: Yes = False,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Probeer het nu opnieuw, met dezelfde bytes en een nieuwe termijn; de ontvanger herkent een dubbele.

    Een weg naar buiten die na een storing rust, wordt meteen weer gebruikt.
    """

    def act(unit: "Unit", _: "App", item: "OutboxItem") -> str | None:
        unit.outbox.retry(item.id, reason)
        return None

    _do("retry", act, reason, numbers, state, partner, yes, by, folder, json)


@app.command()
def hold(
    reason: Reason,
    numbers: Numbers = None,
    state: State = None,
    partner: Partner = None,
    yes: Yes = False,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Houd het vast tot iemand het vrijgeeft; een poging die nog niet verzendt, wordt afgebroken."""

    def act(unit: "Unit", _: "App", item: "OutboxItem") -> str | None:
        unit.outbox.hold(item.id, reason)
        return None

    _do("hold", act, reason, numbers, state, partner, yes, by, folder, json)


@app.command()
def release(
    reason: Reason,
    numbers: Numbers = None,
    partner: Partner = None,
    all_: Annotated[bool, typer.Option("--all", help="Alles wat vastgehouden wordt.")] = False,
    yes: Yes = False,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Laat een vastgehouden bericht gaan, als er een veilige route is; anders staat er wat daarvoor nodig is."""

    def act(unit: "Unit", gateway: "App", item: "OutboxItem") -> str | None:
        from gateway.flows.routes import release as let_go

        return let_go(unit, gateway.us, item.id)

    _do("release", act, reason, numbers, ["held"] if all_ else None, partner, yes, by, folder, json)


@app.command()
def cancel(
    reason: Reason,
    numbers: Numbers = None,
    state: State = None,
    partner: Partner = None,
    yes: Yes = False,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Trek in wat nog niet is overgedragen, of leg weg wat mislukte; er wordt niets gewist."""

    def act(unit: "Unit", _: "App", item: "OutboxItem") -> str | None:
        unit.outbox.cancel(item.id, reason)
        return None

    _do("cancel", act, reason, numbers, state, partner, yes, by, folder, json)


@app.command()
def reroute(
    channel: Annotated[str, typer.Option(metavar="NAME", help="De andere weg naar buiten.")],
    reason: Reason,
    numbers: Numbers = None,
    state: State = None,
    partner: Partner = None,
    yes: Yes = False,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Neem een andere weg naar buiten, die in de instellingen staat."""

    def act(unit: "Unit", gateway: "App", item: "OutboxItem") -> str | None:
        if channel not in gateway.transports:
            return f"er is geen weg {channel}; wel: {', '.join(gateway.transports) or 'geen'}"
        unit.outbox.reroute(item.id, channel)
        return None

    _do("reroute", act, reason, numbers, state, partner, yes, by, folder, json, already=lambda i: i.channel == channel)


# -- in common --------------------------------------------------------------------------------------------------------


class _Chosen(msgspec.Struct, frozen=True, gc=False):
    """What is shown of a message before the act: there may be many."""

    id: int
    partner: str
    state: str
    created_at: datetime


_ALREADY: dict[str, Callable[["OutboxItem"], bool]] = {
    "retry": lambda i: i.attempts == 0 and i.next_at is not None and i.next_at <= datetime.now(UTC),
    "hold": lambda i: i.state == "held",
    "release": lambda i: i.state in ("new", "deferred", "sending", "submitted", "received"),
    "cancel": lambda i: i.state == "cancelled",
}


def _do(
    name: str,
    act: Act,
    reason: str,
    numbers: list[int] | None,
    states: list[str] | None,
    partner: str | None,
    yes: bool,
    by: str | None,
    folder: Path,
    json: bool,
    already: "Callable[[OutboxItem], bool] | None" = None,
) -> None:
    """One act on each message chosen, in a transaction of its own with its line in the audit trail."""
    if not numbers and not states and partner is None:
        choice = "--all" if name == "release" else "--state"
        raise typer.BadParameter(f"noem nummers van berichten, of kies met {choice} of --partner")
    if numbers and (states or partner is not None):
        raise typer.BadParameter("noem nummers van berichten, of kies; niet allebei")
    wanted = None if numbers else _within_reach(name, _states(states))
    with ExitStack() as stack:
        gateway = stack.enter_context(open_gateway(folder))
        with gateway.store.view(now=datetime.now(UTC)) as view:
            items = _chosen(view, numbers, wanted, partner)
        agreed(items, lambda item: item.created_at, name, yes=yes, json=json)
        is_so = already or _ALREADY[name]
        report((_one(gateway, name, act, item.id, reason, actor(by), is_so, wanted) for item in items), json)


def _one(
    gateway: "App",
    name: str,
    act: Act,
    number: int,
    reason: str,
    who: str,
    is_so: "Callable[[OutboxItem], bool]",
    wanted: list[Any] | None,
) -> Done:
    """`wanted`: states that were chosen in; one that a running gateway moved out of them meanwhile is left alone."""
    from gateway.store import IllegalMove

    try:
        with gateway.store.unit(now=datetime.now(UTC), actor=who) as unit:
            item = unit.outbox.get(number, stays=True)
            if wanted is not None and item.state not in wanted:
                moved = f"het is intussen {item.state}"
                return Done(id=number, act=name, result="refused", state=item.state, why=moved)
            woken = name == "retry" and unit.channels.resume(item.channel)  # a way out that failed rests a while
            if is_so(item) and not woken:
                return Done(id=number, act=name, result="already", state=item.state)
            why = act(unit, gateway, item)
            state = unit.outbox.get(number).state
            outcome = "ok" if why is None else "refused"
            unit.audit.write(
                f"outbox_{name}",
                f"outbox/{number}",
                subject=unit.dossiers.pseudonym(item.dossier) if item.dossier else None,
                partner=item.partner,
                ground=reason[:160],
                outcome=outcome,
            )
    except IllegalMove as illegal:
        why = f"dat kan niet in toestand {illegal.state}"
        return Done(id=number, act=name, result="refused", state=illegal.state, why=why)
    return Done(id=number, act=name, result="done" if why is None else "refused", state=state, why=why or "")


def _within_reach(name: str, states: list[Any] | None) -> list[Any]:
    """The states to choose messages in: those that the act can move one out of, and not what was handed over.

    Of a partner with years of mail all but a few are done. Sending those again must be asked for: `--state submitted`.
    """
    from gateway.store.states import OUTBOX_MOVES

    possible = [state for state, moves in OUTBOX_MOVES.items() if name in moves]
    if wrong := [state for state in states or () if state not in possible]:
        raise typer.BadParameter(f"{name} kan niet in toestand {', '.join(wrong)}; wel in: {', '.join(possible)}")
    return states or [state for state in possible if state != "submitted"]


def _chosen(
    view: "Unit", numbers: list[int] | None, states: list[Any] | None, partner: str | None
) -> Sequence[_Chosen]:
    if numbers:
        return [_brief(_get(view, number)) for number in dict.fromkeys(numbers)]
    found: list[_Chosen] = []
    while page := view.outbox.list(states=states, partner=partner, after=found[-1].id if found else 0, limit=1000):
        found += map(_brief, page)
    return found


def _brief(item: "OutboxItem") -> _Chosen:
    return _Chosen(item.id, item.partner, item.state, item.created_at)


def _route(view: "Unit", number: int) -> dict[str, Any] | None:
    """The last decision about its route, with what DNS had said; None for what needs no route (a receipt)."""
    from gateway.cli.history import camel
    from gateway.flows.routes import evidence_of
    from gateway.flows.secure_domains import dns_answers

    evidence = evidence_of(view, number)
    if evidence is None:
        return None
    answers = dns_answers(view, evidence.dns)
    return camel(evidence, leave_out=("dns",)) | {"dns": None if answers is None else answers.facts}


def _get(view: "Unit", number: int) -> "OutboxItem":
    from gateway.store import NotThere

    try:
        return view.outbox.get(number)
    except NotThere:
        raise Surroundings(f"Er is geen uitgaand bericht {number}. Zie: gateway outbox list.") from None


def _states(names: list[str] | None) -> "list[Any] | None":
    from gateway.store.states import OUTBOX_MOVES

    if names and (wrong := [name for name in names if name not in OUTBOX_MOVES]):
        raise typer.BadParameter(f"geen toestand: {', '.join(wrong)}; wel: {', '.join(OUTBOX_MOVES)}")
    return names or None


def _plain(item: "OutboxItem") -> dict[str, Any]:
    """The row for `--json`; sender, recipient and reference stay: they are organisations and plan codes."""
    from gateway.cli.history import camel

    return camel(item, leave_out=("dossier", "lease_until"))
