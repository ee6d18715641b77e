"""What happened to a message, in words for people (Dutch). No personal data: kinds, codes, states, times."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from gateway.store import Attempt, InboxItem, Note, OutboxItem, Unit

_VERDICTS: Final = {
    "submitted": "overgedragen aan de verzendserver",
    "deferred": "voorlopig geweigerd, later opnieuw",
    "failed": "definitief geweigerd",
    "uncertain": "afgebroken tijdens het verzenden: misschien aangekomen, gaat later ongewijzigd nog eens",
    "channel": "de weg naar buiten werkte niet; telt niet als poging",
}
_EVENTS: Final = {
    "hold": "vastgehouden",
    "release": "vrijgegeven",
    "cancel": "ingetrokken",
    "retry": "opnieuw aangeboden door een persoon",
    "repeat": "ontvangstbevestiging nog eens klaargezet",
    "reroute": "andere weg naar buiten",
    "reseal": "opnieuw verzegeld",
    "receipt": "ondertekende ontvangstbevestiging",
    "receipt-error": "de partner meldt dat de inhoud niet bruikbaar is",
    "bounce": "onbestelbaar gemeld",
    "expire": "opgegeven: te oud",
    "no-receipt": "na een werkdag nog geen ontvangstbevestiging",
    "route": "route opnieuw bekeken",
}
_ACTS_IN: Final = {
    "opened": "geopend en verwerkt",
    "receipt_read": "gelezen als ontvangstbevestiging",
    "report_read": "gelezen als melding van een mailserver",
    "quarantined": "in quarantaine gezet",
    "duplicate": "herkend als herhaling",
    "fetched_whole": "heel opgevraagd bij de postbus",
    "taken_in_by_hand": "als formulier overgenomen",
    "read": "inhoud bekeken",
    "inbox_process": "opnieuw aangeboden om te verwerken",
    "inbox_release": "teruggezet in de rij",
}
_STATES_IN: Final = {
    "handled": "verwerkt",
    "duplicate": "een herhaling: er veranderde niets",
    "quarantined": "in quarantaine",
    "ignored": "weggelegd",
}
_WHO_OUT: Final = {
    "new": "de gateway, die het verzendt",
    "deferred": "de gateway, die het opnieuw probeert",
    "uncertain": "de gateway, die het opnieuw aanbiedt",
    "sending": "de gateway, die nu verzendt",
    "held": "een medewerker, of een voorwaarde van de route: zie de reden",
    "submitted": "de partner, die de ontvangst bevestigt",
    "failed": "een medewerker: adres of inhoud klopt niet",
    "bounced": "een medewerker: vraag de partner naar de mailbox",
    "refused": "een medewerker: de partner kan de inhoud niet gebruiken",
    "expired": "een medewerker: vraag de partner of het is aangekomen",
}
_NOBODY: Final = "niemand: het is klaar"
_WHO_IN: Final = {"new": "de gateway, die het verwerkt", "quarantined": "een medewerker: zie de reden"}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    at: datetime
    what: str


def outbox_story(view: "Unit", item: "OutboxItem") -> list[Line]:
    """Everything that happened to an outgoing message, oldest first."""
    lines = [Line(at=item.created_at, what="klaargezet, tegelijk met de wijziging waar het bij hoort")]
    lines += [_attempt(number, each) for number, each in enumerate(view.outbox.attempts(item.id), 1)]
    lines += [_note(each) for each in view.outbox.notes(item.id)]
    if item.next_at is not None:
        lines.append(Line(at=item.next_at, what="volgende poging gepland"))
    return sorted(lines, key=lambda line: line.at)


def inbox_story(view: "Unit", item: "InboxItem") -> list[Line]:
    """What happened to an incoming message, oldest first."""
    lines = [
        Line(at=item.received_at, what="kwam aan in de mailbox"),
        Line(at=item.fetched_at, what="opgehaald en bewaard zoals het was"),
    ]
    for entry in view.audit.list(object=f"inbox/{item.id}"):
        why = f": {entry.ground}" if entry.ground else ""
        lines.append(Line(at=entry.at, what=f"{_ACTS_IN.get(entry.action, entry.action)} door {entry.actor}{why}"))
    if item.settled_at is not None and item.state != "new":
        about = ", ".join(part for part in (item.reason, item.detail) if part)
        state = _STATES_IN.get(item.state, item.state)
        lines.append(Line(at=item.settled_at, what=f"{state} ({about})" if about else state))
    return sorted(lines, key=lambda line: line.at)


def who_has(item: "OutboxItem | InboxItem") -> str:
    """Who must do something now."""
    if item.state == "submitted" and not getattr(item, "wants_receipt", False):
        return _NOBODY
    return who_has_state("outbox" if hasattr(item, "channel") else "inbox", item.state)


def who_has_state(kind: str, state: str) -> str:
    """Who must do something with messages in this state."""
    return (_WHO_OUT if kind == "outbox" else _WHO_IN).get(state, _NOBODY)


def camel(item: msgspec.Struct, *, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """A row as the JSON answer has it: names in lowerCamelCase."""
    kept = {name: value for name, value in msgspec.structs.asdict(item).items() if name not in leave_out}
    return {_camel(name): value for name, value in kept.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _attempt(number: int, each: "Attempt") -> Line:
    said = " ".join(str(part) for part in (each.code, each.enhanced) if part is not None)
    what = _VERDICTS.get(each.verdict or "", "loopt, of het proces stopte")
    return Line(at=each.started_at, what=f"poging {number}: {what}{f' ({said})' if said else ''}")


def _note(each: "Note") -> Line:
    detail = f": {each.detail}" if each.detail else ""
    return Line(at=each.at, what=f"{_EVENTS.get(each.event, each.event)}{detail} (door {each.actor}, nu {each.state})")
