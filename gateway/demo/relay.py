"""The demo's mail relay: STARTTLS and AUTH required, one maildir an address, on loopback only.

It stands for the secure-mail provider of both sides. `refuse_once` names the addresses whose first message gets a
temporary refusal (451), once in the life of the folder, so that the story shows a retry on any run.
"""

import asyncio
import hmac
import mailbox
import os
import ssl
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"
MESSAGE_LIMIT = 50_000_000  # bytes; as the gateway's own limit on a message (SM-19)


class Account(msgspec.Struct, frozen=True):
    """One mailbox at the relay. The address is the login name too."""

    address: str
    password: str


class Relay:
    """A relay on a free port of loopback; a context manager that stops what it started."""

    def __init__(
        self,
        folder: Path,
        accounts: tuple[Account, ...],
        tls: ssl.SSLContext,
        clock: Callable[[], datetime],
        refuse_once: frozenset[str] = frozenset(),
    ) -> None:
        self._folder = folder
        self._accounts = {a.address: a for a in accounts}
        self._tls = tls
        self._clock = clock
        self._refuse_once = refuse_once
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="demo-relay", daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0

    def maildir(self, address: str) -> Path:
        """Where mail for `address` is found."""
        return self._folder / address.replace("@", "_at_")

    def __enter__(self) -> "Relay":
        self._folder.mkdir(parents=True, exist_ok=True)
        for address in self._accounts:
            mailbox.Maildir(self.maildir(address), create=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _start(self) -> None:
        self._server = await self._loop.create_server(self._session, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        # A client that keeps its connection for reuse must not keep the demo from ending.
        tasks = [t for t in asyncio.all_tasks(self._loop) if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _session(self) -> SMTP:
        return SMTP(
            self,
            hostname="relay.demo.example",
            ident="demo relay",
            data_size_limit=MESSAGE_LIMIT,
            tls_context=self._tls,
            require_starttls=True,
            auth_required=True,
            auth_require_tls=True,
            authenticator=self._authenticate,
            loop=self._loop,
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        refused = AuthResult(success=False, handled=False)
        if mechanism not in ("PLAIN", "LOGIN") or not isinstance(data, LoginPassword):
            return refused
        account = self._accounts.get(data.login.decode("ascii", "replace"))
        if account is None or not hmac.compare_digest(account.password.encode(), data.password):
            return refused
        return AuthResult(success=True, auth_data=data)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Known address or 550; a temporary refusal for an address that is to see one."""
        if address not in self._accounts:
            return "550 5.1.1 no such mailbox here"
        marker = self._folder / f".refused-{address.replace('@', '_at_')}"
        if address in self._refuse_once and not marker.exists():
            marker.touch()
            return "451 4.3.2 busy, please try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Whole message into the maildir of each recipient: first under tmp, then linked into new."""
        content = envelope.content
        assert isinstance(content, bytes)
        for address in envelope.rcpt_tos:
            box = mailbox.Maildir(self.maildir(address), create=False)
            key = box.add(content)  # the bytes as they came over the line
            # The time of delivery is the story's: what the receiving gateway takes as the mailbox's own time.
            moment = self._clock().timestamp()
            os.utime(self.maildir(address) / "new" / key, (moment, moment))
        return "250 2.0.0 queued as demo"
