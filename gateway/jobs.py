"""What a running gateway does by itself, and when: the standing jobs of the worker and those that call flows."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from logging.handlers import SysLogHandler
from typing import Any

import structlog

from gateway.app import App
from gateway.flows import tasks, waiting
from gateway.flows.cases import today
from gateway.flows.certificates import Ending, forecast, overview
from gateway.flows.comparison import compare
from gateway.flows.intake import handler
from gateway.flows.parties import partners
from gateway.flows.quarantine import sweep
from gateway.flows.reopening import reopen
from gateway.flows.secure_domains import book_fetched_at
from gateway.flows.terms import tell_terms
from gateway.flows.welcome import Doorkeeper
from gateway.securemail.domainbook import KEPT_FOR
from gateway.store import Damaged, NotCleaned, Unit
from gateway.worker import Clock, Delivery, Job, Jumps, standing_jobs, system_clock

log = structlog.get_logger("gateway.jobs")

FORECAST_DAYS = 30
NAMED_MAX = 5  # of what cannot be read


def gateway_jobs(app: App, delivered: Callable[[Sequence[Delivery]], None] | None = None) -> list[Job]:
    """All jobs of this gateway. `delivered` is told of every round of attempts."""
    every = app.settings.schedule
    return [
        *standing_jobs(
            app.store,
            app.transports,
            app.mailbox,
            handler(app.store, app.us),
            deliver_every=timedelta(seconds=every.dispatch_seconds),
            look_every=timedelta(seconds=every.pickup_seconds),
            policy=app.policy,
            policies=app.policies,
            size_max=app.us.largest,
            welcome=Doorkeeper(app.store, system_clock, app.folder, app.settings.gateway.address),
            keep_mail=app.keep_mail,
            recheck=app.recheck,
            settled=Jumps().settled,
            delivered=delivered,
        ),
        *app.route_jobs(),
        *app.revocation_jobs(),
        Job(name="quarantine", run=_in_thread(tell_quarantine, app), every=timedelta(minutes=1)),
        Job(name="reopen", run=_in_thread(reopen_quarantine, app), every=timedelta(minutes=1)),
        Job(name="waiting", run=_in_thread(tell_waiting, app), every=timedelta(minutes=1)),
        Job(name="reconcile", run=_in_thread(reconcile, app), daily="02:30"),
        Job(name="clean-up", run=_in_thread(clean_up, app), daily="03:30"),
        Job(name="mailbox", run=partial(purge_mailbox, app), daily="03:45"),
        Job(name="audit-head", run=_in_thread(keep_audit_head, app), daily="04:00"),
        Job(name="terms", run=_in_thread(terms, app), daily="06:00"),
        Job(name="tasks", run=_in_thread(list_overdue, app), daily="07:00"),
        Job(name="certificates", run=_in_thread(certificates, app), daily="06:15"),
    ]


def _in_thread(work: Callable[[App, datetime], str], app: App) -> Callable[[Clock], Any]:
    async def run(clock: Clock) -> str:
        return await asyncio.to_thread(partial(work, app, clock()))

    return run


def tell_quarantine(app: App, now: datetime) -> str:
    """A task for what fetching, or a handler that died, put in quarantine (SM-106)."""
    with app.store.unit(now=now, actor="worker:quarantine") as unit:
        return f"{sweep(unit)} new in quarantine"


def reopen_quarantine(app: App, now: datetime) -> str:
    """Open again what a change of keys, partners, anchors or formats may help (SM-104)."""
    with app.store.unit(now=now, actor="worker:reopen") as unit:
        done = reopen(unit, app.us)
    return f"{done.messages} opened again, {done.recalled} to be fetched whole"


async def purge_mailbox(app: App, clock: Clock) -> str:
    """Remove processed mail at the provider after its time (SM-97)."""
    return f"{await app.purge_mailbox(clock())} removed"


def tell_waiting(app: App, now: datetime) -> str:
    """Tasks about what is held, given up or not answered (9.3, SM-116)."""
    with app.store.unit(now=now, actor="worker:waiting") as unit:
        return f"{waiting.tell(unit)} open"


def list_overdue(app: App, now: datetime) -> str:
    """Tasks that wait longer than five working days, every day until they are done (SM-106)."""
    with app.store.view(now=now) as view:
        late = tasks.overdue(view)
    for one in late:
        since = tasks.opened_at(one).isoformat(timespec="seconds")
        log.warning("task_overdue", task=one.sleutel, weight=one.body.weight, since=since)
    return f"{len(late)} older than {tasks.OVERDUE_AFTER} working days"


def reconcile(app: App, now: datetime) -> str:
    """Every decision against every order that was sent: a control for people that changes nothing (OP364).

    Damaged if something cannot be read, after all the rest was compared.
    """
    if app.settings.gateway.role != "gemeente":
        return "not for a provider"
    left_out: list[str] = []
    compared = equal = differences = 0
    with app.store.view(now=now) as view:
        for part in compare(view, app.us, today(view), left_out):
            compared, equal = compared + part.compared, equal + part.equal
            differences += len(part.verschillen)
    log.info("reconciled", compared=compared, equal=equal, differences=differences, left_out=len(left_out))
    told = f"{compared} compared, {differences} differences"
    if left_out:
        named = ", ".join(left_out[:NAMED_MAX]) + (", …" if len(left_out) > NAMED_MAX else "")
        raise Damaged(f"{told}; {len(left_out)} cannot be read and were left out with their case: {named}")
    return told


def clean_up(app: App, now: datetime) -> str:
    """Let nothing of what was deleted stay in the file, and count what a person may destroy."""
    before = now - timedelta(days=app.settings.retention.mail_days)
    with app.store.view(now=now) as view:
        expired = view.dossiers.count_expired()
        mail = view.outbox.count_done(before) + view.inbox.count_done(before)
    said = f"{expired} dossiers and {mail} messages past their term"
    try:
        app.store.clean()
    except NotCleaned:
        return f"{said}; the log is in use, cut next time"
    return said


def keep_audit_head(app: App, now: datetime) -> str:
    """The end of the trail, outside the database and in the log: what is cut off after it is seen (SM-149)."""
    with app.store.view(now=now) as view:
        head = view.audit.head()
    line = f"{head.nr} {head.mac} {now.isoformat(timespec='seconds')}"
    with (app.folder / app.settings.audit.heads).open("a", encoding="ascii") as file:
        file.write(f"{line}\n")
    log.info("audit_head", nr=head.nr, mac=head.mac)
    if app.settings.audit.syslog is not None:
        _to_syslog(app.settings.audit.syslog, line)
    return f"row {head.nr}"


class _Syslog(SysLogHandler):
    """One that says so when it cannot hand something over: then the job has failed."""

    ident = "wmo-gateway: "

    def handleError(self, record: logging.LogRecord) -> None:
        raise


def _to_syslog(address: str, line: str) -> None:
    host, _, port = address.rpartition(":")
    handler = _Syslog((host, int(port)) if host else address, SysLogHandler.LOG_AUTH)
    try:
        handler.emit(logging.makeLogRecord({"msg": f"audit-head {line}", "levelname": "INFO"}))
    finally:
        handler.close()


def terms(app: App, now: datetime) -> str:
    """Terms of cases that fell due."""
    if app.settings.gateway.role != "gemeente":
        return "not for a provider"
    return f"{tell_terms(app.store, app.us, now)} told"


def certificates(app: App, now: datetime) -> str:
    """What ends within a month and breaks something then (6.4): a warning in the log every day."""
    with app.store.view(now=now) as view:
        soon = forecast(endings(app, view), FORECAST_DAYS)
    for one in soon:
        log.warning("ending", kind=one.kind, sha256=one.sha256, days=one.days, partners=list(one.partners))
    return f"{len(soon)} end within {FORECAST_DAYS} days"


def endings(app: App, view: Unit) -> list[Ending]:
    """Every certificate and revocation list that mail depends on, and when it ends."""
    signing = [(begin, key.certificate) for begin, key in app.signers.turns]
    return overview(app.us, partners(view), signing, view.now)


def expiries(app: App, view: Unit) -> list[tuple[str, str, datetime]]:
    """The same for metrics: what, whose, when. A certificate's own subject may name a person and stays out."""
    found = [
        (str(one.kind), one.who, one.not_after)
        for one in endings(app, view)
        if one.state == "active" and one.kind != "agreement"
    ]
    fetched_at = book_fetched_at(view)
    return found if fetched_at is None else [*found, ("domain-book", "", fetched_at + KEPT_FOR)]
