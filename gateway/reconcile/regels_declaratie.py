"""Rules about header, declaration and client of a WMO323: stages S2, S3 and S4 (1.4.6)."""

from datetime import date

from gateway.domain import calendar
from gateway.reconcile.contract import Contract
from gateway.reconcile.declaraties import Client, Declaratie
from gateway.reconcile.state import State
from gateway.reconcile.uitslag import Uitslag, judged, skipped


def tr056(declaratie: Declaratie, state: State) -> Uitslag:
    """TR056, 9056: an Identificatie is used once per provider and message type."""
    used = (*declaratie.pair, declaratie.identificatie) in state.identificaties
    return judged("TR056", not used, declaratie.identificatie)


def tr135(declaratie: Declaratie, received_on: date) -> Uitslag:
    """TR135, 8848: the header is not dated after the day of receipt."""
    good = declaratie.dagtekening <= received_on
    return judged("TR135", good, declaratie.dagtekening.isoformat(), received_on.isoformat())


def tr378(declaratie: Declaratie, state: State, contract: Contract, received_on: date) -> Uitslag:
    """TR378, S300: the receiver is an existing municipality, and this one or a predecessor of it [C47].

    A code that existed when every allocation referred to began is good too (herindeling). Without a CBS list only
    the own codes decide; without both nothing can be concluded.
    """
    gemeente = declaratie.gemeente
    if contract.eigen_codes and gemeente not in contract.eigen_codes:
        return judged("TR378", False, gemeente, "eigen code")
    exists = contract.cbs_has(gemeente, received_on)
    if exists is None:
        return judged("TR378", True, gemeente, "eigen code") if contract.eigen_codes else skipped("TR378")
    return judged("TR378", exists or _existed(declaratie, state, contract), gemeente, "CBS-lijst")


def _existed(declaratie: Declaratie, state: State, contract: Contract) -> bool:
    numbers = {p.toewijzing_nummer for p in declaratie.prestaties}
    found = [state.toewijzingen.get((declaratie.gemeente, number)) for number in sorted(numbers)]
    begun = [t.newest.ingangsdatum for t in found if t is not None]
    return len(begun) == len(found) and all(contract.cbs_has(declaratie.gemeente, day) for day in begun)


def tr333(declaratie: Declaratie, state: State) -> Uitslag:
    """TR333, 9333: a DeclaratieNummer is used once per provider [C23] [C45]."""
    used = (*declaratie.pair, declaratie.declaratie_nummer) in state.declaratienummers
    return judged("TR333", not used, declaratie.declaratie_nummer)


def tr318(declaratie: Declaratie, state: State) -> Uitslag:
    """TR318, 8214: the period is not earlier than the last one filed, measured by DeclaratieDagtekening [C17]."""
    begin = declaratie.declaratie_periode.begin
    before = state.previous_period(declaratie.pair, declaratie.declaratie_dagtekening)
    return judged("TR318", before is None or begin >= before, begin.isoformat(), before.isoformat() if before else None)


def has_gap(declaratie: Declaratie, state: State) -> bool:
    """True if a month was left out since the last period filed: information only (TR318)."""
    before = state.previous_period(declaratie.pair, declaratie.declaratie_dagtekening)
    return before is not None and declaratie.declaratie_periode.begin > calendar.next_month(before)


def tr304_client(client: Client, declaratie: Declaratie, state: State, contract: Contract) -> Uitslag:
    """TR304 on the client, 8187: some allocation for this client was ever sent to this provider [C12]."""
    known = any(
        (declaratie.gemeente, agb, client.bsn) in state.clienten for agb in contract.aliassen(declaratie.aanbieder)
    )
    return judged("TR304", known)
