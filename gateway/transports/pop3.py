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
        return await self._run(lambda client: _lines(client, f"RETR {self._number(uid)}", limit), one=True)

    async def header(self, uid: str) -> bytes:
        """See `Mailbox`."""
        return await self._run(lambda client: _lines(client, f"TOP {self._number(uid)} 0", HEADER_MAX), one=True)

    async def release(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`. Ends the session: only then are they gone."""
        return await self._run(lambda client: self._delete(client, uids))

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

    def _list(self, client: poplib.POP3_SSL) -> Sequence[Listed]:
        sizes = dict(_pair(line) for line in client.list()[1])
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


def _pair(line: bytes) -> tuple[str, str]:
    number, _, value = line.decode("ascii").partition(" ")
    return number, value.strip()


def _unique_ids(client: poplib.POP3_SSL) -> dict[str, int]:
    answer = client.uidl()
    lines: list[bytes] = answer[1] if isinstance(answer, tuple) else []
    return {uid: int(number) for number, uid in map(_pair, lines)}


def _lines(client: poplib.POP3_SSL, command: str, limit: int) -> bytes:
    """An answer of lines, joined with CRLF; reading stops beyond `limit`, and with it the session."""
    verb, *rest = command.split()
    _, lines, _ = client.top(int(rest[0]), 0) if verb == "TOP" else client.retr(int(rest[0]))
    return b"".join(line + b"\r\n" for line in lines)[: limit + 1]


def _quit(client: poplib.POP3_SSL) -> None:
    try:
        client.quit()
    except (poplib.error_proto, OSError):
        client.close()
