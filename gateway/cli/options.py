"""Options that several commands share."""

from datetime import date, datetime
from typing import Annotated

import typer

from gateway.domain.zone import AMSTERDAM


def as_day(text: str) -> date:
    """A date as typed; a usage error if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("een datum is jjjj-mm-dd, bijvoorbeeld 2026-03-31") from None


Today = Annotated[
    date | None,
    typer.Option("--today", parser=as_day, metavar="DATE", help="De dag van vandaag (jjjj-mm-dd)."),
]


def day(given: date | None) -> date:
    """The day that was given, else today in the Netherlands. Faces read the clock; rooms below get the day."""
    return given or datetime.now(AMSTERDAM).date()
