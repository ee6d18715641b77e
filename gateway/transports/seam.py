"""The two seams to the outside: a way out with its verdict, and a mailbox that lets go only when told (habit 7).

Foreign exceptions end here: a `Transport` answers with an `Outcome`, a `Mailbox` raises one of the two below.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from gateway.domain.delivery import Outcome, Shipment

BeforeData = Callable[[], Awaitable[None]]
"""Called when the next byte could make the message arrive; what it raises stops the transmission (SM-87)."""

Keep = Callable[[bytes], Awaitable[None]]
"""Commits a message; only after it may the mailbox let go."""


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
    received_at: datetime | None  # None: this mailbox does not know (POP3)


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was set aside after its header was read."""

    uid: str  # where it stood then
    header: bytes
    received_at: datetime
    size: int


class Mailbox(Protocol):
    """A place where messages arrive. One reader at a time (SM-99)."""

    source: str  # imap, pop3, maildir, folder
    account: str
    folder: str
    lets_go_for_good: bool
    """What was let go of can stand there no more: the same name is then another message (POP3)."""

    async def uids(self) -> Sequence[str]:
        """Names of all that stands there, oldest first; at most 100 000. MailboxDown."""
        ...

    async def list(self, uids: Sequence[str] | None = None) -> Sequence[Listed]:
        """What is known of these, or of the oldest 1 000; what is no longer there is left out. MailboxDown."""
        ...

    async def fetch(self, uid: str, limit: int) -> bytes:
        """The message as it stands there, at most `limit` + 1 bytes (SM-93). Unreadable, MailboxDown."""
        ...

    async def header(self, uid: str) -> bytes:
        """At most 64 KB of its header. Unreadable, MailboxDown."""
        ...

    async def headers(self, uids: Sequence[str]) -> Mapping[str, bytes]:
        """`header` of several at once. What it leaves out is to be asked for by itself. MailboxDown."""
        ...

    async def fetch_all(self, uids: Sequence[str], limit: int) -> Mapping[str, bytes]:
        """`fetch` of several that are together said to be at most `limit` bytes. As `headers`."""
        ...

    async def release(self, uids: Collection[str]) -> Collection[str]:
        """Move or delete committed messages; those that no longer stand there. MailboxDown."""
        ...

    async def set_aside(self, uids: Collection[str]) -> Collection[str]:
        """Move messages of which only the header was fetched to the quarantine folder, out of sight of the next look.

        Those that need nothing more. POP3 has no folders: they are left there, whole. MailboxDown (SM-93, SM-144).
        """
        ...

    async def recall(self, aside: Aside, limit: int, keep: Keep) -> bool:
        """Fetch a message whole that was set aside, give it to `keep`, then let go of it; False if it is not found.

        At most `limit` + 1 bytes; one that is larger stays where it is. Unreadable, MailboxDown (SM-144).
        """
        ...

    async def purge(self, before: datetime) -> int:
        """Remove what was moved to the processed folder before that time; how many (SM-97). MailboxDown."""
        ...

    async def close(self) -> None:
        """End the session."""
        ...


UIDS_MAX = 100_000
LIST_MAX = 1_000
HEADER_MAX = 65_536  # SM-93


class MailboxDown(Exception):
    """The mailbox cannot be reached or used now; nothing is known of its messages."""


class Unreadable(Exception):
    """This one message cannot be read; the session was dropped, others may go well (SM-100)."""
