"""Pickup by IMAP over implicit TLS; IMAPClient's calls run in a thread (secure-mail 11)."""

import asyncio
import ssl
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from .seam import HEADER_MAX, LIST_MAX, Listed, MailboxDown, Unreadable

TIMEOUT = 60.0  # seconds for a connection or a command

TROUBLE = (IMAPClientError, OSError, UnicodeError, ValueError, LookupError)  # LookupError: a reply without its parts

T = TypeVar("T")


class ImapSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox."""

    host: str
    username: str
    password: str
    port: int = 993
    folder: str = "INBOX"
    processed: str = "Verwerkt"
    quarantine: str = "Quarantaine"  # only what was judged by size or header (SM-97)

    def __repr__(self) -> str:
        return f"ImapSettings({self.username} at {self.host}:{self.port})"


class ImapMailbox:
    """A mailbox behind IMAP. A uid is `UIDVALIDITY/UID`: when the first changes, all are new (SM-95)."""

    source = "imap"

    def __init__(self, settings: ImapSettings, context: ssl.SSLContext) -> None:
        self._settings, self._context = settings, context
        self.account, self.folder = settings.username, settings.folder
        self._client: Any = None
        self._validity = 0

    async def list(self) -> Sequence[Listed]:
        """See `Mailbox`."""
        return await self._run(self._list)

    async def fetch(self, uid: str, limit: int) -> bytes:
        """See `Mailbox`."""
        return await self._run(lambda: self._part(uid, f"BODY.PEEK[]<0.{limit + 1}>"), one=True)

    async def header(self, uid: str) -> bytes:
        """See `Mailbox`."""
        return await self._run(lambda: self._part(uid, f"BODY.PEEK[HEADER]<0.{HEADER_MAX}>"), one=True)

    async def release(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`."""
        return await self._run(lambda: self._release(uids, self._settings.processed))

    async def set_aside(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`."""
        return await self._run(lambda: self._release(uids, self._settings.quarantine))

    async def close(self) -> None:
        """Log out."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(log_out, client)

    async def _run(self, call: Callable[[], T], *, one: bool = False) -> T:
        """Run in a thread; any trouble drops the connection (SM-100). `one`: it is the message's, not the mailbox's."""
        connected = self._client is not None
        try:
            return await asyncio.to_thread(self._connected, call)
        except TROUBLE as error:
            client, self._client = self._client, None
            if client is not None:
                await asyncio.to_thread(drop, client)
            kind = Unreadable if one and connected else MailboxDown
            raise kind(f"imap {self._settings.host}: {type(error).__name__}") from error

    def _connected(self, call: Callable[[], T]) -> T:
        if self._client is None:
            client = self._client = connect(self._settings, self._context)
            log_in(client, self._settings)
            for folder in (self._settings.processed, self._settings.quarantine):
                _make_folder(client, folder)
            self._validity = int(client.select_folder(self._settings.folder)[b"UIDVALIDITY"])
        return call()

    def _list(self) -> Sequence[Listed]:
        uids = sorted(self._client.search("ALL"))[:LIST_MAX]
        if not uids:
            return []
        found = self._client.fetch(uids, ["INTERNALDATE", "RFC822.SIZE"])
        listed = [
            Listed(uid=f"{self._validity}/{uid}", size=data[b"RFC822.SIZE"], received_at=_utc(data[b"INTERNALDATE"]))
            for uid, data in found.items()
            if b"RFC822.SIZE" in data
        ]
        return sorted(listed, key=lambda each: (each.received_at, each.uid))

    def _number(self, uid: str) -> int | None:
        """The UID within the folder as it is now; None if the folder was made anew."""
        validity, _, number = uid.partition("/")
        return int(number) if int(validity) == self._validity else None

    def _part(self, uid: str, item: str) -> bytes:
        number = self._number(uid)
        found = {} if number is None else self._client.fetch([number], [item]).get(number, {})
        data: bytes | None = next((value for key, value in found.items() if key.startswith(b"BODY[")), None)
        if data is None:
            raise IMAPClientError("the message is no longer there")
        return data

    def _release(self, uids: Collection[str], target: str) -> Collection[str]:
        numbers = {uid: self._number(uid) for uid in uids}
        present = set(self._client.search("ALL"))
        here = [number for number in numbers.values() if number is not None and number in present]
        if here:
            self._take_out(here, target)
            present = set(self._client.search(["UNDELETED"]))
        return {uid for uid, number in numbers.items() if number is None or number not in present}

    def _take_out(self, numbers: Sequence[int], target: str) -> None:
        """MOVE; without it COPY and UID EXPUNGE of these; without that only flags, while others are flagged (SM-96)."""
        client = self._client
        if client.has_capability("MOVE"):
            client.move(numbers, target)
            return
        client.copy(numbers, target)
        client.add_flags(numbers, [b"\\Deleted"], silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(numbers)
        elif set(client.search(["DELETED"])) <= set(numbers):
            client.expunge()


def connect(settings: ImapSettings, context: ssl.SSLContext) -> Any:
    """A connection under TLS from its first byte, not yet logged in (SM-143)."""
    return IMAPClient(settings.host, settings.port, ssl=True, ssl_context=context, timeout=TIMEOUT)


def log_in(client: Any, settings: ImapSettings) -> None:
    """Make ourselves known. A server that says we already are (PREAUTH) is an error: LOGIN is not allowed then."""
    client.login(settings.username, settings.password)


def _make_folder(client: Any, folder: str) -> None:
    """Make a folder; failing must never stop fetching (SM-97)."""
    with suppress(IMAPClientError):
        if not client.folder_exists(folder):
            client.create_folder(folder)


def _utc(moment: datetime) -> datetime:
    """IMAPClient gives local time without a zone."""
    return moment.astimezone(UTC)


def log_out(client: Any) -> None:
    """Leave in good order if that can be done."""
    try:
        client.logout()
    except (IMAPClientError, OSError):
        drop(client)


def drop(client: Any) -> None:
    """Leave at once."""
    with suppress(IMAPClientError, OSError):
        client.shutdown()
