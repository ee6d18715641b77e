"""The rules of levels 3 and 4 about declarations, in the register of rules.

They need the state of the municipality, so they are judged where `Context.sources["declaraties"]` holds a `Voorkennis`;
elsewhere they are "not checked". The functions that decide are those of `regels_declaratie` and `regels_prestatie`.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from gateway.berichten import wmo323
from gateway.berichten.regels import Context, Hit, niet_gecontroleerd, regel
from gateway.reconcile import ontvangen_antwoord, regels_declaratie, regels_prestatie
from gateway.reconcile.beoordeling import Assessment, assess
from gateway.reconcile.contract import Contract
from gateway.reconcile.state import State

BRON = "declaraties"
_MISSING = "de toewijzingen en eerdere declaraties"

_RULES: dict[str, Callable[..., Any]] = {
    "TR333": regels_declaratie.tr333,
    "TR318": regels_declaratie.tr318,
    "TR304": regels_declaratie.tr304_client,
    "TR314": regels_prestatie.tr314,
    "TR323": regels_prestatie.tr323,
    "TR390": regels_prestatie.tr390,
    "TR338": regels_prestatie.tr338,
    "TR384": regels_prestatie.tr384,
    "TR339": regels_prestatie.tr339,
    "TR340": regels_prestatie.tr340,
    "TR341": regels_prestatie.tr341,
    "TR307": regels_prestatie.tr307,
    "TR308": regels_prestatie.tr308,
    "TR387": regels_prestatie.tr387,
    "TR388": regels_prestatie.tr388,
    "TR389": regels_prestatie.tr389,
    "TR418": regels_prestatie.tr418,
    "TR346": regels_prestatie.tr346,
    "TR321": regels_prestatie.tr321,
    "TR322": regels_prestatie.tr322,
    "TR369": regels_prestatie.tr369,
}


class Voorkennis:
    """What a declaration is judged with: state and configuration. One message is assessed once for all rules."""

    def __init__(self, state: State, contract: Contract, received_on: date) -> None:
        self._state, self._contract, self._received_on = state, contract, received_on
        self._last: tuple[wmo323.Bericht, Assessment] | None = None

    def hits(self, bericht: wmo323.Bericht, code: str) -> Iterator[Hit]:
        """The places that break rule `code`, or could not be judged."""
        if self._last is None or self._last[0] is not bericht:
            self._last = bericht, assess(bericht, self._state, self._contract, self._received_on)
        return (hit for found, hit in self._last[1].hits if found == code)


def _registered(code: str, decides: Callable[..., Any]) -> None:
    def toets(bericht: wmo323.Bericht, ctx: Context) -> Iterator[Hit]:
        known = ctx.sources.get(BRON)
        if known is None:
            yield niet_gecontroleerd("/Bericht/Declaratie", _MISSING)
        else:
            yield from known.hits(bericht, code)

    # The register shows where a rule is decided, not this bridge.
    toets.__module__, toets.__name__ = decides.__module__, decides.__name__
    regel(code, "WMO323")(toets)


for _code, _decides in _RULES.items():
    _registered(_code, _decides)

__all__ = ["BRON", "Voorkennis", "ontvangen_antwoord"]
