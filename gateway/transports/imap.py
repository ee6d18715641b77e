"""Pickup by IMAP over implicit TLS; IMAPClient's calls run in a thread (secure-mail 11)."""

import asyncio
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.tls import IMAP4_TLS

from .bounded import CALL_MAX, WAIT_MAX, BoundedSocket, Bounds, TooMuch
from .sasl import NAMES, Auth, Secret, begin
from .seam import HEADER_MAX, LIST_MAX, UIDS_MAX, Aside, Keep, Listed, MailboxDown, Unreadable

PURGE_MAX = 1_000  # messages in one command

TROUBLE = (IMAPClientError, OSError, UnicodeError, ValueError, LookupError)  # LookupError: a reply without its parts

T = TypeVar("T")


class ImapSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox."""

    host: str
    username: str
    password: Secret
    auth: Auth = "plain"
    port: int = 993
    folder: str = "INBOX"
    processed: str | None = "Verwerkt"  # None: what is let go of is removed
    quarantine: str = "Quarantaine"  # only what was judged by size or header (SM-97)

    def __repr__(self) -> str:
        return f"ImapSettings({self.username} at {self.host}:{self.port})"


class _Gone(Exception):
    """The message is no longer there: nothing is wrong with the connection."""


class ImapMailbox:
    """A mailbox behind IMAP. A uid is `UIDVALIDITY/UID`: when the first changes, all are new (SM-95)."""

    source = "imap"
    lets_go_for_good = False  # without UIDPLUS a message stays, marked

    def __init__(self, settings: ImapSettings, context: ssl.SSLContext) -> None:
        self._settings, self._context = settings, context
        self.account, self.folder = settings.username, settings.folder
        self._client: Any = None
        self._validity = 0

    async def uids(self) -> Sequence[str]:
        """See `Mailbox`."""
        return await self._run(lambda: [f"{self._validity}/{uid}" for uid in self._present()[:UIDS_MAX]])

    async def list(self, uids: Sequence[str] | None = None) -> Sequence[Listed]:
        """See `Mailbox`."""
        return await self._run(lambda: self._list(uids))

    async def fetch(self, uid: str, limit: int) -> bytes:
        """See `Mailbox`."""
        return await self._run(lambda: self._part(uid, f"BODY.PEEK[]<0.{limit + 1}>"), one=True, size=limit)

    async def header(self, uid: str) -> bytes:
        """See `Mailbox`."""
        return await self._run(lambda: self._part(uid, f"BODY.PEEK[HEADER]<0.{HEADER_MAX}>"), one=True)

    async def headers(self, uids: Sequence[str]) -> Mapping[str, bytes]:
        """See `Mailbox`. In one command."""
        return await self._several(uids, f"BODY.PEEK[HEADER]<0.{HEADER_MAX}>", len(uids) * HEADER_MAX)

    async def fetch_all(self, uids: Sequence[str], limit: int) -> Mapping[str, bytes]:
        """See `Mailbox`. In one command."""
        return await self._several(uids, f"BODY.PEEK[]<0.{limit + 1}>", limit)

    async def _several(self, uids: Sequence[str], item: str, size: int) -> Mapping[str, bytes]:
        """Trouble blames none of them: which one it was shows when they are asked for one by one."""
        try:
            return await self._run(lambda: self._parts(uids, item), size=size)
        except MailboxDown:
            await self._run(lambda: None)
            return {}

    async def release(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`."""
        return await self._run(lambda: self._release(uids, self._settings.processed))

    async def set_aside(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`."""
        return await self._run(lambda: self._release(uids, self._settings.quarantine))

    async def recall(self, aside: Aside, limit: int, keep: Keep) -> bool:
        """See `Mailbox`. Known by its time, its size and its header, for a move gave it another number."""
        found = await self._run(lambda: self._find(aside, limit), one=True, size=limit)
        if found is None:
            return False
        number, data = found
        await keep(data)
        await self._run(lambda: self._take_from(self._settings.quarantine, [number], self._settings.processed))
        return True

    async def purge(self, before: datetime) -> int:
        """See `Mailbox`. By the time of the move where the server keeps it (SAVEDATE), else by that of arrival."""
        return await self._run(lambda: self._purge(before))

    async def close(self) -> None:
        """Log out."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(log_out, client)

    async def _run(self, call: Callable[[], T], *, one: bool = False, size: int = 0) -> T:
        """Run in a thread; any trouble drops the connection (SM-100).

        `one`: it is about one message. That is to blame only if the mailbox itself can still be opened: a line that
        fails three times must not cost a message. `size`: bytes that it may take.
        """
        connected = self._client is not None
        try:
            return await asyncio.to_thread(self._connected, call, size)
        except _Gone as gone:
            raise Unreadable(f"imap {self._settings.host}: no longer there") from gone
        except TROUBLE as error:
            await self._drop()
            if one and connected:
                await self._run(lambda: None)
                raise Unreadable(f"imap {self._settings.host}: {type(error).__name__}") from error
            raise MailboxDown(f"imap {self._settings.host}: {said(error)}") from error

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(drop, client)

    def _connected(self, call: Callable[[], T], size: int) -> T:
        if self._client is None:
            client = self._client = connect(self._settings, self._context)
            log_in(client, self._settings)
            for folder in (self._settings.processed, self._settings.quarantine):
                if folder is not None:
                    _make_folder(client, folder)
            self._select()
        self._client.begin(size)
        answer = call()
        if self._client.new_validity(self._validity):
            raise IMAPClientError("UIDVALIDITY changed while the folder was open")
        return answer

    def _select(self, folder: str | None = None) -> None:
        """Our folder, or another for a moment."""
        selected = self._client.select_folder(folder or self._settings.folder)
        if folder is None:
            self._validity = int(selected[b"UIDVALIDITY"])

    def _present(self) -> Sequence[int]:
        """Numbers grow in the order of arrival."""
        return sorted(set(self._client.search("ALL")))

    def _list(self, uids: Sequence[str] | None) -> Sequence[Listed]:
        numbers = self._present()[:LIST_MAX] if uids is None else [n for uid in uids if (n := self._number(uid))]
        if not numbers:
            return []
        found = self._client.fetch(numbers, ["INTERNALDATE", "RFC822.SIZE"])
        listed = [
            Listed(uid=f"{self._validity}/{uid}", size=data[b"RFC822.SIZE"], received_at=_utc(data[b"INTERNALDATE"]))
            for uid, data in found.items()
            if _is_described(data)
        ]
        return sorted(listed, key=lambda each: (each.received_at, int(each.uid.partition("/")[2])))

    def _number(self, uid: str) -> int | None:
        """The UID within the folder as it is now; None if the folder was made anew."""
        validity, _, number = uid.partition("/")
        return int(number) if int(validity) == self._validity else None

    def _part(self, uid: str, item: str) -> bytes:
        number = self._number(uid)
        if number is None:
            raise _Gone
        return self._bytes(number, item)

    def _parts(self, uids: Sequence[str], item: str) -> Mapping[str, bytes]:
        numbers = {number: uid for uid in uids if (number := self._number(uid)) is not None}
        if not numbers:
            return {}
        found = self._client.fetch(list(numbers), [item]).items()
        bodies = ((numbers[number], _body(data)) for number, data in found if number in numbers)
        return {uid: data for uid, data in bodies if data is not None}

    def _bytes(self, number: int, item: str) -> bytes:
        data = _body(self._client.fetch([number], [item]).get(number, {}))
        if data is None:
            raise _Gone
        return data

    def _find(self, aside: Aside, limit: int) -> tuple[int, bytes] | None:
        """Number and bytes of a message in the quarantine folder."""
        day = timedelta(days=1)  # the server's day may be another than ours
        try:
            self._select(self._settings.quarantine)
            near = ["SINCE", (aside.received_at - day).date(), "BEFORE", (aside.received_at + 2 * day).date()]
            numbers = sorted(self._client.search(near))
            found = self._client.fetch(numbers, ["INTERNALDATE", "RFC822.SIZE"]) if numbers else {}
            for number, data in found.items():
                if not _is_described(data) or _utc(data[b"INTERNALDATE"]) != aside.received_at:
                    continue
                if self._bytes(number, f"BODY.PEEK[HEADER]<0.{HEADER_MAX}>") == aside.header:
                    return number, self._bytes(number, f"BODY.PEEK[]<0.{limit + 1}>")
            return None
        finally:
            self._select()

    def _take_from(self, folder: str, numbers: Sequence[int], target: str | None) -> None:
        try:
            self._select(folder)
            self._take_out(numbers, target)
        finally:
            self._select()

    def _purge(self, before: datetime) -> int:
        folder = self._settings.processed
        if folder is None:
            return 0
        try:
            self._select(folder)
            # SAVEDBEFORE counts from the move; BEFORE from the arrival, which is never later.
            word = "SAVEDBEFORE" if self._client.has_capability("SAVEDATE") else "BEFORE"
            numbers = self._client.search([word, before.date()])[:PURGE_MAX]
            if numbers:
                self._take_out(numbers, None)
            return len(numbers)
        finally:
            self._select()

    def _release(self, uids: Collection[str], target: str | None) -> Collection[str]:
        numbers = {uid: self._number(uid) for uid in uids}
        present = set(self._client.search("ALL"))
        here = [number for number in numbers.values() if number is not None and number in present]
        if here:
            self._take_out(here, target)
            present = set(self._client.search(["UNDELETED"]))
        return {uid for uid, number in numbers.items() if number is None or number not in present}

    def _take_out(self, numbers: Sequence[int], target: str | None) -> None:
        """MOVE; without it COPY and UID EXPUNGE of these; without that only flags, while others are flagged (SM-96).

        Without a target they are removed.
        """
        client = self._client
        if target is not None and client.has_capability("MOVE"):
            client.move(numbers, target)
            return
        if target is not None:
            client.copy(numbers, target)
        client.add_flags(numbers, [b"\\Deleted"], silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(numbers)
        elif set(client.search(["DELETED"])) <= set(numbers):
            client.expunge()


class _Imap(IMAP4_TLS):  # type: ignore[misc]
    """imaplib's side, read within bounds."""

    def __init__(self, bounds: Bounds, *arguments: Any) -> None:
        self._bounds = bounds
        super().__init__(*arguments)

    def _create_socket(self, timeout: float | None = None) -> Any:
        return BoundedSocket(super()._create_socket(timeout), self._bounds)

    def readline(self) -> bytes:
        """A line of any length within bounds: SEARCH names a whole mailbox in one."""
        line: bytes = self.file.readline()
        return line

    def read(self, size: int) -> bytes:
        """A literal: room for it is made only if that many bytes may come."""
        if size > self._bounds.left:
            raise TooMuch("the server announces too much")
        data: bytes = super().read(size)
        if len(data) != size:
            raise TooMuch("the connection ended within a literal")
        return data


class Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient, read within bounds."""

    def __init__(self, settings: ImapSettings, context: ssl.SSLContext) -> None:
        self._bounds = Bounds()
        super().__init__(settings.host, settings.port, ssl=True, ssl_context=context, timeout=WAIT_MAX)
        self._imap.debug = 0  # else every message is written out for a log, twice, whether anybody keeps one or not

    def _create_IMAP4(self) -> _Imap:
        return _Imap(self._bounds, self.host, self.port, self.ssl_context, WAIT_MAX)

    def begin(self, size: int = 0, seconds: float | None = CALL_MAX) -> None:
        """See `Bounds.begin`."""
        self._bounds.begin(size, seconds)

    def new_validity(self, known: int) -> bool:
        """Whether the server said in passing that the numbers of this folder are others now (SM-95)."""
        heard = self._imap.untagged_responses.get("UIDVALIDITY", [])
        return any(value != b"%d" % known for value in heard)


def connect(settings: ImapSettings, context: ssl.SSLContext) -> Client:
    """A connection under TLS from its first byte, not yet logged in (SM-143)."""
    return Client(settings, context)


def log_in(client: Any, settings: ImapSettings) -> None:
    """Make ourselves known. A server that says we already are (PREAUTH) is an error: LOGIN is not allowed then."""
    if settings.auth == "plain":
        password = settings.password
        client.login(settings.username, password if isinstance(password, str) else password())
        return
    mechanism = begin(settings.auth, settings.username, settings.password)
    client.sasl_login(NAMES[settings.auth], mechanism.answer)
    mechanism.check_end()


def said(error: Exception) -> str:
    """An error for an operator, without what a server said: only of which kind it is."""
    return type(error).__name__


def _body(data: Mapping[bytes, Any]) -> bytes | None:
    """The bytes that were asked for, in the answer about one message."""
    found = next((value for key, value in data.items() if key.startswith(b"BODY[")), None)
    return found if isinstance(found, bytes) else None


def _is_described(data: Mapping[bytes, Any]) -> bool:
    return isinstance(data.get(b"RFC822.SIZE"), int) and isinstance(data.get(b"INTERNALDATE"), datetime)


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
        client.begin()
        client.logout()
    except (IMAPClientError, OSError):
        drop(client)


def drop(client: Any) -> None:
    """Leave at once."""
    with suppress(IMAPClientError, OSError):
        client.shutdown()
