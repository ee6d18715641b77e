"""Pickup by POP3 over implicit TLS; poplib's calls run in a thread (SM-101)."""

import asyncio
import base64
import poplib
import ssl
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from .bounded import WAIT_MAX, BoundedSocket, Bounds
from .sasl import CHALLENGES_MAX, NAMES, Auth, Secret, begin, decode
from .seam import HEADER_MAX, LIST_MAX, UIDS_MAX, Aside, Keep, Listed, MailboxDown, Unreadable

PIECE = 65_536  # bytes read at once; a longer line comes in pieces
LISTING_MAX = 15_000_000  # bytes of UIDL or LIST: 200 000 messages
_DIGITS = 20
_NAME_MAX = 250  # RFC 1939 allows 70
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))  # what a unique-id is made of; anything else is written as %XX

TROUBLE = (poplib.error_proto, OSError, ValueError, LookupError)

T = TypeVar("T")


class Pop3Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One mailbox."""

    host: str
    username: str
    password: Secret
    auth: Auth = "plain"
    port: int = 995

    def __repr__(self) -> str:
        return f"Pop3Settings({self.username} at {self.host}:{self.port})"


class Pop3Mailbox:
    """A mailbox behind POP3. Nothing is deleted but committed messages, and that only when QUIT succeeds."""

    source = "pop3"
    folder = ""
    lets_go_for_good = True

    def __init__(self, settings: Pop3Settings, context: ssl.SSLContext) -> None:
        self._settings, self._context = settings, context
        self.account = settings.username
        self._client: _Client | None = None
        self._numbers: dict[str, int] = {}  # UIDL to the number of this session

    async def uids(self) -> Sequence[str]:
        """See `Mailbox`."""
        return await self._run(lambda _: list(self._numbers)[:UIDS_MAX])

    async def list(self, uids: Sequence[str] | None = None) -> Sequence[Listed]:
        """See `Mailbox`. POP3 knows no time of arrival."""
        return await self._run(lambda client: self._list(client, uids))

    async def fetch(self, uid: str, limit: int) -> bytes:
        """See `Mailbox`."""
        retrieve = partial(self._bounded, command="RETR {}", uid=uid, limit=limit)
        return await self._run(retrieve, one=True, size=limit)

    async def header(self, uid: str) -> bytes:
        """See `Mailbox`."""
        return await self._run(partial(self._bounded, command="TOP {} 0", uid=uid, limit=HEADER_MAX), one=True)

    async def headers(self, uids: Sequence[str]) -> Mapping[str, bytes]:
        """See `Mailbox`. POP3 gives one message at a time."""
        return {}

    async def fetch_all(self, uids: Sequence[str], limit: int) -> Mapping[str, bytes]:
        """See `Mailbox`. POP3 gives one message at a time."""
        return {}

    async def release(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`. Ends the session: only then are they gone."""
        return await self._run(lambda client: self._delete(client, uids))

    async def set_aside(self, uids: Collection[str]) -> Collection[str]:
        """See `Mailbox`. Nothing is asked of the server: what was not fetched whole must not be deleted."""
        return set(uids)

    async def recall(self, aside: Aside, limit: int, keep: Keep) -> bool:
        """See `Mailbox`. It was left where it stood, and is named as it was."""
        if aside.uid not in await self.uids():
            return False
        await keep(await self.fetch(aside.uid, limit))
        return True

    async def purge(self, before: datetime) -> int:
        """See `Mailbox`. There is no other folder: what is kept stands in the mailbox until it is let go of."""
        return 0

    async def close(self) -> None:
        """QUIT."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(_quit, client)

    async def _run(self, call: Callable[["_Client"], T], *, one: bool = False, size: int = 0) -> T:
        """As `ImapMailbox._run`: a message is to blame only if the mailbox itself can still be opened."""
        connected = self._client is not None
        try:
            return await asyncio.to_thread(self._connected, call, size)
        except _Gone as gone:
            raise Unreadable(f"pop3 {self._settings.host}: no longer there") from gone
        except TROUBLE as error:
            # After an error poplib is out of step with the server: never go on with this connection.
            client, self._client = self._client, None
            if client is not None:
                client.leave()
            if one and connected:
                await self._run(lambda _: None)
                raise Unreadable(f"pop3 {self._settings.host}: {type(error).__name__}") from error
            raise MailboxDown(f"pop3 {self._settings.host}: {type(error).__name__}") from error

    def _connected(self, call: Callable[["_Client"], T], size: int) -> T:
        if self._client is None:
            client = self._client = _Client(self._settings, self._context)
            _log_in(client, self._settings)
            if "UIDL" not in client.capa():
                raise poplib.error_proto("the server has no UIDL")
            self._numbers = _unique_ids(client)
        self._client.bounds.begin(size)
        return call(self._client)

    def _bounded(self, client: "_Client", command: str, uid: str, limit: int) -> bytes:
        """Lines of an answer, at most `limit` + 1 bytes of them; more ends the session, as the rest stands in it."""
        if uid not in self._numbers:
            raise _Gone
        data, whole = _answer(client, command.format(self._numbers[uid]), limit)
        if not whole:
            client.leave()
            self._client = None
        return data

    def _list(self, client: "_Client", uids: Sequence[str] | None) -> Sequence[Listed]:
        sizes = dict(_pairs(client, "LIST"))
        wanted = list(self._numbers)[:LIST_MAX] if uids is None else [uid for uid in uids if uid in self._numbers]
        return [Listed(uid=uid, size=_size(sizes.get(self._numbers[uid])), received_at=None) for uid in wanted]

    def _delete(self, client: "_Client", uids: Collection[str]) -> Collection[str]:
        for uid in uids:
            if uid in self._numbers:
                client.dele(self._numbers[uid])
        client.quit()
        self._client = None
        return set(uids)


class _Gone(Exception):
    """The message is no longer there: nothing is wrong with the connection."""


class _Client(poplib.POP3_SSL):
    """poplib's side, read within bounds."""

    def __init__(self, settings: Pop3Settings, context: ssl.SSLContext) -> None:
        self.bounds = Bounds()
        super().__init__(settings.host, settings.port, timeout=WAIT_MAX, context=context)

    def _create_socket(self, timeout: float) -> Any:
        return BoundedSocket(super()._create_socket(timeout), self.bounds)  # type: ignore[misc]

    def leave(self) -> None:
        """At once."""
        with suppress(OSError):
            self.close()


def _log_in(client: _Client, settings: Pop3Settings) -> None:
    if settings.auth == "plain":
        password = settings.password
        client.user(settings.username)
        client.pass_(password if isinstance(password, str) else password())
        return
    mechanism = begin(settings.auth, settings.username, settings.password)
    said = _say(client, f"AUTH {NAMES[settings.auth]}".encode("ascii"))
    for _ in range(CHALLENGES_MAX):
        if not said.startswith(b"+ "):
            break
        said = _say(client, base64.b64encode(mechanism.answer(decode(said[2:]))))
    if not said.startswith(b"+OK"):
        raise poplib.error_proto("the server does not let us in")
    mechanism.check_end()


def _say(client: _Client, line: bytes) -> bytes:
    client.sock.sendall(line + b"\r\n")
    said: bytes = client.file.readline(PIECE)
    # "+" alone is an empty challenge too (RFC 5034 section 4).
    return b"+ " if said.strip() == b"+" else said.rstrip(b"\r\n")


def _size(said: bytes | None) -> int:
    """What LIST says: a hint, and none if it is nonsense."""
    return int(said) if said is not None and said.isdigit() and len(said) < _DIGITS else 0


def _pairs(client: _Client, command: str) -> list[tuple[int, bytes]]:
    """Message number and value of every line of UIDL or LIST that has a number."""
    data, whole = _answer(client, command, LISTING_MAX)
    if not whole:
        raise poplib.error_proto(f"{command} has no end")
    parts = (line.partition(b" ") for line in data.split(b"\r\n"))
    return [(int(number), value.strip()) for number, _, value in parts if number.isdigit() and len(number) < _DIGITS]


def _unique_ids(client: _Client) -> dict[str, int]:
    """Names of the messages and their numbers, by number.

    Copies of one message may have the same unique-id (RFC 1939 section 7): they are told apart by counting.
    """
    names: dict[int, str] = {}
    often: Counter[str] = Counter()
    for number, value in sorted(_pairs(client, "UIDL")):
        if number in names:
            continue
        name = quote(value, safe=_PRINTABLE)
        name = name if len(name) <= _NAME_MAX else sha256(value).hexdigest()
        often[name] += 1
        names[number] = name if often[name] == 1 else f"{name} {often[name]}"
    return {name: number for number, name in names.items()}


def _answer(client: _Client, command: str, limit: int) -> tuple[bytes, bool]:
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


def _quit(client: _Client) -> None:
    try:
        client.bounds.begin()
        client.quit()
    except TROUBLE:
        client.leave()
