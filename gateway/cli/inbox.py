"""`gateway inbox`: what came in, quarantine with its reasons, and handling again after mending (SM-103, SM-104)."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.acting import ROW_MAX, After, By, Done, Numbers, Reason, Yes, actor, age, agreed, report
from gateway.cli.home import HERE, Dir, open_gateway, open_state
from gateway.cli.output import Json, Surroundings, emit, show, table

if TYPE_CHECKING:
    from gateway.app import App
    from gateway.store import InboxItem, Unit

app = typer.Typer(no_args_is_help=True, help="Berichten die binnenkwamen, en de quarantaine.")

State = Annotated[list[str] | None, typer.Option("--state", metavar="STATE", help="Alleen deze toestand. Herhaalbaar.")]
Why = Annotated[str | None, typer.Option("--why", metavar="CODE", help="Alleen met deze reden van quarantaine.")]
Number = Annotated[int, typer.Argument(min=1, max=ROW_MAX, metavar="NUMMER", help="Nummer van het bericht.")]


@app.command("list")
def list_(
    state: State = None,
    why: Why = None,
    after: After = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="Hoogstens zoveel.")] = 100,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """De berichten die binnenkwamen, in volgorde van nummer."""
    from gateway.cli.history import camel

    now = datetime.now(UTC)
    with open_state(folder) as store, store.view(now=now) as view:
        items = view.inbox.list(states=_states(state), reason=why, after=after, limit=limit)
    if json:
        for item in items:
            emit(camel(item, leave_out=("dossier",)))
        return
    rows = [(i.id, i.state, i.partner, age(i.received_at, now), i.tries, i.reason, i.detail) for i in items]
    table(("nummer", "toestand", "partner", "oud", "pogingen", "reden", "uitleg"), rows)


@app.command("show")
def show_(number: Number, folder: Dir = HERE, json: Json = False) -> None:
    """De geschiedenis van één bericht en wie aan zet is; de inhoud wordt niet getoond."""
    from gateway.cli.history import camel, inbox_story, who_has

    with open_state(folder) as store, store.view(now=datetime.now(UTC)) as view:
        item = _get(view, number)
        story = inbox_story(view, item)
    if json:
        emit(camel(item, leave_out=("dossier",)) | {"whoHasIt": who_has(item), "history": story})
        return
    show(f"Bericht {item.id} van {item.partner or 'een onbekende'}, {item.size} bytes, sha256 {item.sha256}")
    for line in story:
        show(f"  {line.at.astimezone():%Y-%m-%d %H:%M:%S}  {line.what}")
    show(f"Nu: {item.state}. Aan zet: {who_has(item)}.")


@app.command()
def process(
    reason: Reason,
    numbers: Numbers = None,
    why: Why = None,
    yes: Yes = False,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Verwerk het nu opnieuw, uit dezelfde bytes, met de sleutels en partners van vandaag."""
    _do("process", reason, numbers, why, yes, by, folder, json)


@app.command()
def release(
    reason: Reason,
    numbers: Numbers = None,
    why: Why = None,
    yes: Yes = False,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Zet het terug in de rij: de draaiende gateway verwerkt het bij de volgende ronde."""
    _do("release", reason, numbers, why, yes, by, folder, json)


@app.command()
def accept(
    number: Number,
    plan: Annotated[str, typer.Option("--plan", metavar="PLAN", help="Kenmerk van de uitvraag waar het bij hoort.")],
    reason: Reason,
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Neem een formulier over uit gewone e-mail van een partner, waar dat is afgesproken; het telt als van u."""
    from gateway import logs

    logs.configure()
    with open_gateway(folder) as gateway:
        done = _accept(gateway, number, plan, reason, actor(by))
    report([done], json)


def _accept(gateway: "App", number: int, plan_id: str, reason: str, who: str) -> Done:
    from gateway.cli.plan_child import Question, read_form
    from gateway.domain.findings import has_errors
    from gateway.flows.plain_return import accept, find_form
    from gateway.plans import Ondersteuningsplan
    from gateway.plans.digest import canoniek
    from gateway.plans.plain import from_plain, to_plain

    now = datetime.now(UTC)
    with gateway.store.view(now=now) as view:
        item = _get(view, number)
        if item.state == "handled":
            return Done(id=number, act="accept", result="already", state=item.state)
        form = find_form(view, gateway.us, item, plan_id)
    if isinstance(form, str):
        return Done(id=number, act="accept", result="refused", state=item.state, why=form)
    sent = canoniek(to_plain(form.uitvraag.momentopname))
    answer = read_form(Question(pdf=form.document.inhoud, uitvraag=sent, formaat=gateway.plan_format))
    plan, _ = from_plain(Ondersteuningsplan, answer.plan) if answer.plan is not None else (None, [])
    faults = answer.findings
    if plan is not None and not has_errors(faults):
        with gateway.store.unit(now=now, actor=who) as unit:
            faults = accept(unit, gateway.us, item, form, plan, reason)
            if not faults:
                return Done(id=number, act="accept", result="done", state="handled")
    why = "; ".join(dict.fromkeys(one.message for one in faults)) or "het formulier is niet te lezen"
    return Done(id=number, act="accept", result="refused", state=item.state, why=why)


# -- in common --------------------------------------------------------------------------------------------------------


def _do(
    name: str,
    reason: str,
    numbers: list[int] | None,
    why: str | None,
    yes: bool,
    by: str | None,
    folder: Path,
    json: bool,
) -> None:
    from gateway import logs

    logs.configure()
    if not numbers and why is None:
        raise typer.BadParameter("noem nummers van berichten, of kies met --why")
    if numbers and why is not None:
        raise typer.BadParameter("noem nummers van berichten, of kies; niet allebei")
    with ExitStack() as stack:
        gateway = stack.enter_context(open_gateway(folder))
        with gateway.store.view(now=datetime.now(UTC)) as view:
            items = _chosen(view, numbers, why)
        agreed(items, lambda item: item.received_at, name, yes=yes, json=json)
        report((_one(gateway, name, item.id, reason, actor(by)) for item in items), json)


def _one(gateway: "App", name: str, number: int, reason: str, who: str) -> Done:
    """Back in the row, with its line in the trail; `process` then handles it in this process, before anybody else."""
    from gateway.flows.intake import handler
    from gateway.store import IllegalMove
    from gateway.store.states import HEADER_ONLY

    now = datetime.now(UTC)
    try:
        with gateway.store.unit(now=now, actor=who) as unit:
            item = unit.inbox.get(number)
            if item.state == "quarantined" and item.reason in HEADER_ONLY:
                return _ask_for(unit, name, item, reason)
            if item.state in ("handled", "duplicate") or (name == "release" and item.state == "new"):
                return Done(id=number, act=name, result="already", state=item.state)
            if item.state != "new":
                unit.inbox.reopen(number)
            subject = unit.dossiers.pseudonym(item.dossier) if item.dossier else None
            about = f"inbox/{number}"
            unit.audit.write(f"inbox_{name}", about, subject=subject, partner=item.partner, ground=reason[:160])
            raw = unit.inbox.begin(number) if name == "process" else None
    except IllegalMove as illegal:
        return Done(id=number, act=name, result="refused", state=illegal.state, why="dat kan niet in deze toestand")
    beaten = None
    if raw is not None:
        try:
            handler(gateway.store, gateway.us)(item, raw, now)
        except IllegalMove as illegal:  # the running gateway had it in hand and settled it first: what it did stands
            beaten = illegal
    with gateway.store.view(now=now) as view:
        after = view.inbox.get(number)
    if beaten is not None and after.state == "new":
        raise beaten
    refused = after.state == "quarantined"
    why = ", ".join(part for part in (after.reason, after.detail) if part) if refused else ""
    return Done(id=number, act=name, result="refused" if refused else "done", state=after.state, why=why)


def _ask_for(unit: "Unit", name: str, item: "InboxItem", reason: str) -> Done:
    """Only its header is here, too large or a stranger's: the next look in the mailbox fetches it whole (SM-144)."""
    new = unit.inbox.want(item.id)
    if new:
        unit.audit.write(f"inbox_{name}", f"inbox/{item.id}", ground=reason[:160])
    why = "alleen de kop is hier; het wordt heel opgehaald bij de volgende blik in de postbus"
    return Done(id=item.id, act=name, result="done" if new else "already", state=item.state, why=why)


def _chosen(view: "Unit", numbers: list[int] | None, why: str | None) -> "Sequence[InboxItem]":
    if numbers:
        return [_get(view, number) for number in dict.fromkeys(numbers)]
    found: list[InboxItem] = []
    while page := view.inbox.list(states=["quarantined"], reason=why, after=found[-1].id if found else 0, limit=1000):
        found += page
    return found


def _get(view: "Unit", number: int) -> "InboxItem":
    from gateway.store import NotThere

    try:
        return view.inbox.get(number)
    except NotThere:
        raise Surroundings(f"Er is geen binnengekomen bericht {number}. Zie: gateway inbox list.") from None


def _states(names: list[str] | None) -> "list[Any] | None":
    from gateway.store.states import INBOX_MOVES

    if names and (wrong := [name for name in names if name not in INBOX_MOVES]):
        raise typer.BadParameter(f"geen toestand: {', '.join(wrong)}; wel: {', '.join(INBOX_MOVES)}")
    return names or None
