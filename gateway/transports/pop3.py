"""Pickup by POP3 over implicit TLS; poplib's calls run in a thread (SM-101)."""

import asyncio
import poplib
import ssl
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from .seam import HEADER_MAX, LIST_MAX, Listed, MailboxDown, Unreadable

TIMEOUT = 60.0
PIECE = 65_536  # bytes read at once; a longer line comes in pieces
LISTING_MAX = 16_000_000  # bytes of UIDL or LIST: 200 000 messages

T = TypeVar("T")


class Pop3Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox."""

    host: str
    username: str
    password: str
    port: int = 995

    def __repr__(self) -> str:
        return f"Pop3Settings({self.username} at {self.host}:{self.port})"


class Pop3Mailbox:
    """A mailbox behind POP3. Nothing is deleted but committed messages, and that only when QUIT succeeds."""

    source = "pop3"
    folder = ""

    def __init__(self, settings: Pop3Settings, context: ssl.SSLContext, clock: Callable[[], datetime]) -> None:
        self._settings, self._context, self._clock = settings, context, clock
        self.account = settings.username
        self._client: poplib.POP3_SSL | None = None
        self._numbers: dict[str, int] = {}  # UIDL to the number of this session

    async def list(self) -> Sequence[Listed]:
        """See `Mailbox`. POP3 knows no time of arrival: it is the time of this look."""
        return await self._run(self._list)

    async def fetch(self, uid: str, limit: int) -> bytes:
        """See `Mailbox`."""
        return await self._run(lambda client: self._bounded(client, f"RETR {self._number(uid)}", limit), one=True)

    async def header(self, uid: str) -> bytes:
        """See `Mailbox`."""
        return await self._run(lambda client: self._bounded(client, f"TOP {self._number(uid)} 0", HEADER_MAX), one=True)

    async def release(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`. Ends the session: only then are they gone."""
        return await self._run(lambda client: self._delete(client, uids))

    async def set_aside(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`. Nothing is asked of the server: what was not fetched whole must not be deleted."""
        return set(uids)

    async def close(self) -> None:
        """QUIT."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(_quit, client)

    async def _run(self, call: Callable[[poplib.POP3_SSL], T], *, one: bool = False) -> T:
        connected = self._client is not None
        try:
            return await asyncio.to_thread(self._connected, call)
        except (poplib.error_proto, OSError, ssl.SSLError, ValueError, KeyError) as error:
            # After an error poplib is out of step with the server: never go on with this connection.
            client, self._client = self._client, None
            if client is not None:
                client.close()
            kind = Unreadable if one and connected else MailboxDown
            raise kind(f"pop3 {self._settings.host}: {type(error).__name__}") from error

    def _connected(self, call: Callable[[poplib.POP3_SSL], T]) -> T:
        if self._client is None:
            client = poplib.POP3_SSL(self._settings.host, self._settings.port, timeout=TIMEOUT, context=self._context)
            self._client = client
            client.user(self._settings.username)
            client.pass_(self._settings.password)
            if "UIDL" not in client.capa():
                raise poplib.error_proto("the server has no UIDL")
            self._numbers = _unique_ids(client)
        return call(self._client)

    def _number(self, uid: str) -> int:
        return self._numbers[uid]

    def _bounded(self, client: poplib.POP3_SSL, command: str, limit: int) -> bytes:
        """Lines of an answer, at most `limit` + 1 bytes of them; more ends the session, as the rest stands in it."""
        data, whole = _answer(client, command, limit)
        if not whole:
            client.close()
            self._client = None
        return data

    def _list(self, client: poplib.POP3_SSL) -> Sequence[Listed]:
        sizes = dict(_pairs(client, "LIST"))
        now = self._clock().astimezone(UTC)
        return [
            Listed(uid=uid, size=int(sizes.get(str(number), "0")), received_at=now)
            for uid, number in list(self._numbers.items())[:LIST_MAX]
        ]

    def _delete(self, client: poplib.POP3_SSL, uids: Collection[str]) -> Collection[str]:
        for uid in uids:
            if uid in self._numbers:
                client.dele(self._numbers[uid])
        client.quit()
        self._client = None
        return set(uids)


def _pairs(client: poplib.POP3_SSL, command: str) -> list[tuple[str, str]]:
    """Message number and value of every line of UIDL or LIST."""
    data, whole = _answer(client, command, LISTING_MAX)
    if not whole:
        raise poplib.error_proto(f"{command} has no end")
    pairs = (line.decode("ascii").partition(" ") for line in data.splitlines())
    return [(number, value.strip()) for number, _, value in pairs]


def _unique_ids(client: poplib.POP3_SSL) -> dict[str, int]:
    return {uid: int(number) for number, uid in _pairs(client, "UIDL")}


def _answer(client: poplib.POP3_SSL, command: str, limit: int) -> tuple[bytes, bool]:
    """An answer of lines, and whether it ended within `limit` bytes; reading stops there (SM-93).

    Not poplib's own reading: it keeps all lines before any can be counted, and dies of one over 2 048 bytes (SM-100).
    """
    client.sock.sendall(f"{command}\r\n".encode("ascii"))
    status = client.file.readline(PIECE)
    if not status.startswith(b"+OK"):
        raise poplib.error_proto(status[:80])
    data, begins = bytearray(), True
    while piece := client.file.readline(PIECE):
        ends = piece.endswith(b"\n")
        if begins and ends and piece.rstrip(b"\r\n") == b".":
            return bytes(data), True
        if begins and piece.startswith(b"."):
            piece = piece[1:]
        data += piece
        if len(data) > limit:
            return bytes(data[: limit + 1]), False
        begins = ends
    raise poplib.error_proto(b"the connection was closed within an answer")


def _quit(client: poplib.POP3_SSL) -> None:
    try:
        client.quit()
    except (poplib.error_proto, OSError):
        client.close()
