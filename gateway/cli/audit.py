"""`gateway audit`: who did what, of whom, on what ground; held to its chain and to heads kept elsewhere."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.acting import ROW_MAX, By, actor
from gateway.cli.home import HERE, Dir, open_state, settings_of
from gateway.cli.output import GOOD, NO, Json, Surroundings, emit, show, table

if TYPE_CHECKING:
    from gateway.store import AuditHead, Store

app = typer.Typer(no_args_is_help=True, help="The audit trail.")


@app.callback()
def audit() -> None:
    """The audit trail."""


@app.command()
def verify(
    heads: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Heads kept elsewhere; else the file of audit.heads."),
    ] = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Walk the whole chain and hold it to the heads that were kept outside the database; 1 if it is broken."""
    known = _heads(heads or folder / settings_of(folder).audit.heads, must=heads is not None)
    with open_state(folder) as store, store.view(now=datetime.now(UTC)) as view:
        found = view.audit.verify(known)
    last = max((head.nr for head in known), default=None)
    if json:
        head = {"nr": found.head.nr, "mac": found.head.mac}
        emit({"rows": found.rows, "head": head, "brokenAt": found.broken_at, "heldTo": last, "heads": len(known)})
    elif found.broken_at is not None:
        show(f"The trail is broken: row {found.broken_at} is missing, altered or out of place.")
    else:
        held = (
            f"; {len(known)} heads kept outside are in it, up to row {last}" if known else "; no head was kept outside"
        )
        show(f"{found.rows} rows, the chain is whole{held}.")
    raise typer.Exit(GOOD if found.broken_at is None else NO)


def _heads(file: Path, *, must: bool) -> "list[AuditHead]":
    """Every head in the file that the running gateway adds to daily, or in a copy of its log lines: number, MAC."""
    from gateway.store import AuditHead

    if not file.is_file():
        if must:
            raise Surroundings(f"{file} cannot be read: it is not there.")
        return []
    found = []
    for number, line in enumerate(file.read_text(encoding="ascii", errors="replace").splitlines(), 1):
        match line.split():
            case [nr, mac, *_] if nr.isdigit() and len(mac) == 64:
                found.append(AuditHead(nr=int(nr), mac=mac))
            case []:
                continue
            case _:
                raise Surroundings(f"{file}:{number} is no head of the trail: a number, a MAC of 64 digits and a time.")
    return found


@app.command("list")
def list_(
    client: Annotated[
        bool, typer.Option("--client", help="Of one client; the BSN is read from standard input, never an argument.")
    ] = False,
    object: Annotated[str | None, typer.Option(metavar="OBJECT", help="Of one object, such as outbox/12.")] = None,
    who: Annotated[str | None, typer.Option(metavar="ACTOR", help="By one actor, such as person:jansen.")] = None,
    after: Annotated[int, typer.Option(min=0, max=ROW_MAX, metavar="NR", help="From the row after this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="At most so many.")] = 100,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why this is looked at: wanted with --client.")] = "",
    by: By = None,
    folder: Dir = HERE,
    json: Json = False,
) -> None:
    """Who did what, to what, of which client (by pseudonym), when and on what ground; also who looked (NEN 7513)."""
    if client and not reason.strip():
        raise typer.BadParameter("say with --reason why a client's trail is looked at; that is in the trail too")
    with open_state(folder) as store:
        subjects = _subjects(store, reason, actor(by)) if client else None
        with store.view(now=datetime.now(UTC)) as view:
            rows = view.audit.list(after=after, limit=limit, object=object, subjects=subjects, actor=who)
    if json:
        for row in rows:
            emit(row)
        return
    heading = ("nr", "when", "who", "what", "object", "client", "partner", "ground", "outcome")
    table(
        heading,
        [
            (r.nr, f"{r.at:%Y-%m-%dT%H:%M:%SZ}", r.actor, r.action, r.object, r.subject, r.partner, r.ground, r.outcome)
            for r in rows
        ],
    )


def _subjects(store: "Store", reason: str, who: str) -> list[str]:
    """The pseudonyms of a client's dossiers. That somebody asked is itself a row of the trail."""
    from gateway.domain.ids import is_bsn
    from gateway.flows.dossiers import BSN

    bsn = sys.stdin.readline().strip()
    if not is_bsn(bsn):
        raise Surroundings("Standard input holds no BSN (nine digits that pass the elfproef).")
    with store.unit(now=datetime.now(UTC), actor=who) as unit:
        names = dict.fromkeys(dossier for _, dossier in unit.records.dossiers(BSN, bsn))
        found = [unit.dossiers.pseudonym(dossier) for dossier in names]
        looked: list[str | None] = [*found] or [None]
        for subject in looked:
            unit.audit.write("audit_read", "audit", subject=subject, ground=reason[:160])
    return found
