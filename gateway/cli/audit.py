"""`gateway audit`: the trail of who did what, held to its chain and to heads kept elsewhere."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gateway.cli.home import HERE, Dir, open_gateway
from gateway.cli.output import GOOD, NO, Json, emit, show

if TYPE_CHECKING:
    from gateway.store import AuditHead

app = typer.Typer(no_args_is_help=True, help="The audit trail.")


@app.callback()
def audit() -> None:
    """The audit trail."""


@app.command()
def verify(folder: Dir = HERE, json: Json = False) -> None:
    """Walk the whole chain and hold it to the last head that was kept outside the database; 1 if it is broken."""
    from gateway.jobs import HEADS

    with open_gateway(folder) as gateway:
        known = _last_head(gateway.folder / HEADS)
        with gateway.store.view(now=datetime.now(UTC)) as view:
            found = view.audit.verify(known)
    if json:
        head = {"nr": found.head.nr, "mac": found.head.mac}
        emit({"rows": found.rows, "head": head, "brokenAt": found.broken_at, "heldTo": known and known.nr})
    elif found.broken_at is not None:
        show(f"The trail is broken: row {found.broken_at} is missing, altered or out of place.")
    else:
        held = f", and row {known.nr} is the one that was kept outside" if known else "; no head was kept outside yet"
        show(f"{found.rows} rows, the chain is whole{held}.")
    raise typer.Exit(GOOD if found.broken_at is None else NO)


def _last_head(file: Path) -> "AuditHead | None":
    """The newest head in the file that the running gateway adds to every day."""
    from gateway.store import AuditHead

    if not file.is_file():
        return None
    lines = [line.split() for line in file.read_text(encoding="ascii").splitlines() if line.strip()]
    return AuditHead(nr=int(lines[-1][0]), mac=lines[-1][1]) if lines else None
