"""States of a message and the moves between them, as data (secure-mail 9.3, 10.2).

A claim is not a state but a lease on a row: a process that dies before DATA leaves the message as it was. `sending` is
written before DATA: a process that dies after that leaves a message of which nobody knows if it arrived, `uncertain`.
"""

from typing import Final, Literal

from .errors import IllegalMove

OutState = Literal[
    "new",  # committed, never handed over
    "held",  # waits for a person or a route; keeps its place
    "sending",  # DATA was about to be given
    "deferred",  # waits for its next attempt, after a temporary refusal, a hold or a repeat
    "uncertain",  # may have arrived; the same bytes again after 10 minutes (SM-86)
    "submitted",  # the relay took responsibility
    "received",  # signed receipt with our MIC: final for transport
    "refused",  # signed receipt that says the payload is of no use
    "bounced",  # delivery status: failed
    "failed",  # permanent refusal
    "expired",  # given up on time
    "cancelled",  # a person withdrew it
]

OutEvent = Literal[
    "data",
    "submitted",
    "deferred",
    "failed",
    "uncertain",
    "channel",
    "expire",
    "hold",
    "release",
    "cancel",
    "retry",
    "repeat",
    "reroute",
    "reseal",
    "receipt",
    "receipt-error",
    "bounce",
]

CLAIMABLE: Final[tuple[OutState, ...]] = ("new", "deferred", "uncertain")
OPEN: Final[tuple[OutState, ...]] = ("new", "deferred", "uncertain", "sending", "held")
"""Not handed over yet: blocks later messages of the same reference (SM-90)."""
ENDED: Final[tuple[OutState, ...]] = ("received", "refused", "bounced", "failed", "expired", "cancelled")
"""More came of it than that the relay took it."""

OUTBOX_MOVES: Final[dict[OutState, dict[OutEvent, OutState]]] = {
    # An attempt. Refusals before DATA come while the state is still the old one; `channel` leaves it alone (SM-89).
    "new": {
        "data": "sending",
        "deferred": "deferred",
        "failed": "failed",
        "expire": "expired",
        "channel": "new",
        "hold": "held",
        "cancel": "cancelled",
        "retry": "new",
        "reroute": "new",
        "reseal": "new",
    },
    "deferred": {
        "data": "sending",
        "deferred": "deferred",
        "failed": "failed",
        "expire": "expired",
        "channel": "deferred",
        "hold": "held",
        "cancel": "cancelled",
        "retry": "deferred",
        "reroute": "deferred",
        "reseal": "deferred",
        "receipt": "received",
        "receipt-error": "refused",
        "bounce": "bounced",
    },
    "uncertain": {
        "data": "sending",
        "submitted": "submitted",  # the outcome came after the lease had run out: it did arrive
        "deferred": "uncertain",  # a later refusal says nothing of the attempt that may have arrived
        "failed": "failed",
        "expire": "expired",
        "channel": "uncertain",
        "hold": "held",
        "retry": "uncertain",
        "reroute": "uncertain",
        "receipt": "received",
        "receipt-error": "refused",
        "bounce": "bounced",
    },
    "sending": {
        "submitted": "submitted",
        "deferred": "deferred",
        "failed": "failed",
        "uncertain": "uncertain",
        "channel": "deferred",  # written as next in line, and then the way out broke before its turn
        "expire": "expired",
        "receipt": "received",
        "receipt-error": "refused",
        "bounce": "bounced",
    },
    "held": {
        "release": "deferred",
        "cancel": "cancelled",
        "reroute": "held",
        "reseal": "held",
        "receipt": "received",
        "receipt-error": "refused",
    },
    "submitted": {
        "receipt": "received",
        "receipt-error": "refused",
        "bounce": "bounced",
        "expire": "expired",
        "repeat": "deferred",
        "retry": "uncertain",  # a person sends again what may be there already: it travels as a possible duplicate
    },
    # Evidence that arrives while an attempt runs wins over the attempt's own outcome.
    "received": {
        "submitted": "received",
        "deferred": "received",
        "failed": "received",
        "uncertain": "received",
        "expire": "received",
        "receipt": "received",
        "receipt-error": "received",
        "bounce": "received",
        "repeat": "deferred",
    },
    "refused": {
        "submitted": "refused",
        "deferred": "refused",
        "failed": "refused",
        "uncertain": "refused",
        "expire": "refused",
        "receipt": "received",
        "receipt-error": "refused",
        "bounce": "refused",
    },
    "bounced": {
        "submitted": "bounced",
        "deferred": "bounced",
        "failed": "bounced",
        "uncertain": "bounced",
        "expire": "bounced",
        "receipt": "received",  # a valid receipt overrules any bounce, in either order (SM-74)
        "receipt-error": "refused",
        "bounce": "bounced",
        "retry": "uncertain",
        "cancel": "cancelled",
        "repeat": "deferred",
    },
    "failed": {
        "receipt": "received",
        "receipt-error": "refused",
        "bounce": "failed",
        "retry": "uncertain",
        "reroute": "failed",
        "cancel": "cancelled",
        "repeat": "deferred",
    },
    "expired": {
        "receipt": "received",
        "receipt-error": "refused",
        "bounce": "bounced",
        "retry": "uncertain",
        "reroute": "expired",
        "cancel": "cancelled",
        "repeat": "deferred",
    },
    "cancelled": {"receipt": "received", "receipt-error": "refused", "bounce": "cancelled"},
}

InState = Literal[
    "new",  # raw bytes committed, not handled yet
    "handled",  # accepted: its effect is committed
    "duplicate",  # known identity and content: no effect (SM-76)
    "quarantined",  # waits for a person or for better keys, whole (SM-103)
    "ignored",  # nothing to do with it, kept
]
InEvent = Literal["handled", "duplicate", "quarantined", "ignored", "reopen"]

HEADER_ONLY: Final = ("too-large", "stranger")
"""Why a message is in quarantine that was not fetched whole."""

INBOX_MOVES: Final[dict[InState, dict[InEvent, InState]]] = {
    "new": {"handled": "handled", "duplicate": "duplicate", "quarantined": "quarantined", "ignored": "ignored"},
    "quarantined": {"reopen": "new", "ignored": "ignored"},
    "ignored": {"reopen": "new"},
    "handled": {},
    "duplicate": {},
}


def move_out(message: str, state: OutState, event: OutEvent) -> OutState:
    """The outgoing message's next state; IllegalMove if the table has none."""
    try:
        return OUTBOX_MOVES[state][event]
    except KeyError:
        raise IllegalMove(message, state, event) from None


def move_in(message: str, state: InState, event: InEvent) -> InState:
    """The incoming message's next state; IllegalMove if the table has none."""
    try:
        return INBOX_MOVES[state][event]
    except KeyError:
        raise IllegalMove(message, state, event) from None
