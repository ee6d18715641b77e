"""The two seams to the outside: a way out with its verdict, and a mailbox that lets go only when told (habit 7).

Foreign exceptions end here: a `Transport` answers with an `Outcome`, a `Mailbox` raises one of the two below.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from gateway.domain.delivery import Outcome, Shipment

BeforeData = Callable[[], Awaitable[None]]
"""Called when the next byte could make the message arrive; what it raises stops the transmission (SM-87)."""


class Transport(Protocol):
    """A way out."""

    async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        """Make one attempt. Never raises for what the other side does; lets through what `before_data` raises."""
        ...

    async def close(self) -> None:
        """End connections in good order."""
        ...


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A message that stands in a mailbox."""

    uid: str  # names it for good: IMAP UIDVALIDITY/UID, POP3 UIDL, file name
    size: int  # as the mailbox says: a hint, not a promise
    received_at: datetime


class Mailbox(Protocol):
    """A place where messages arrive. One reader at a time (SM-99)."""

    source: str  # imap, pop3, maildir, folder
    account: str
    folder: str

    async def list(self) -> Sequence[Listed]:
        """What stands there, oldest first; at most 1 000 (SM-102). MailboxDown."""
        ...

    async def fetch(self, uid: str, limit: int) -> bytes:
        """The message as it stands there, at most `limit` + 1 bytes (SM-93). Unreadable, MailboxDown."""
        ...

    async def header(self, uid: str) -> bytes:
        """At most 64 KB of its header. Unreadable, MailboxDown."""
        ...

    async def release(self, uids: Collection[str]) -> Collection[str]:
        """Move or delete committed messages; those that no longer stand there. MailboxDown."""
        ...

    async def set_aside(self, uids: Collection[str]) -> Collection[str]:
        """Move messages of which only the header was fetched to the quarantine folder, out of sight of the next look.

        Those that need nothing more. POP3 has no folders: they are left there, whole. MailboxDown (SM-93, SM-144).
        """
        ...

    async def close(self) -> None:
        """End the session."""
        ...


LIST_MAX = 1_000  # SM-102: fetching runs ahead of processing by at most this many
HEADER_MAX = 65_536  # SM-93


class MailboxDown(Exception):
    """The mailbox cannot be reached or used now; nothing is known of its messages."""


class Unreadable(Exception):
    """This one message cannot be read; the session was dropped, others may go well (SM-100)."""
