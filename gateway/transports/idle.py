"""IMAP IDLE: a second connection that rings when mail arrives, so that a look need not wait its turn (SM-98).

It only shortens the wait. Whatever it says or fails to say, the look by the clock goes on.
"""

import asyncio
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

from .imap import TROUBLE, ImapSettings, connect, drop, log_in, log_out
from .seam import MailboxDown

RENEW = 9 * 60.0  # seconds; servers may end IDLE after 30 minutes, and what stands between us much sooner


class ImapBell:
    """Waits for mail in one folder. It reads and changes nothing."""

    def __init__(self, settings: ImapSettings, context: ssl.SSLContext, renew: float = RENEW) -> None:
        self._settings, self._context, self._renew = settings, context, renew
        self._client: Any = None

    async def wait(self) -> bool:
        """True when a full look is due: mail arrived, or the connection or IDLE was begun anew. MailboxDown.

        False at once if the server has no IDLE. Cancelling ends the connection.
        """
        try:
            return await asyncio.to_thread(self._wait)
        except TROUBLE as error:
            self._client = None
            raise MailboxDown(f"imap idle {self._settings.host}: {type(error).__name__}") from error
        except asyncio.CancelledError:
            client, self._client = self._client, None
            if client is not None:
                with suppress(OSError):
                    client.socket().shutdown(socket.SHUT_RDWR)  # the thread that listens to it wakes and closes it
            raise

    async def close(self) -> None:
        """Log out. Not while `wait` runs: cancel that."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(_leave, client)

    def _wait(self) -> bool:
        if self._client is None:
            return self._begin()
        client = self._client
        try:
            _listen(client, self._renew)
        except BaseException:
            drop(client)
            raise
        return True

    def _begin(self) -> bool:
        """Connect and idle; what arrived before is found by the look that follows."""
        client = connect(self._settings, self._context)
        try:
            log_in(client, self._settings)
            offered: bool = client.has_capability("IDLE")
            if offered:
                client.select_folder(self._settings.folder, readonly=True)
                client.idle()
        except BaseException:
            drop(client)
            raise
        if offered:
            self._client = client
        else:
            log_out(client)
        return offered


def _listen(client: Any, renew: float) -> None:
    """Until mail arrives, or `renew` seconds have passed and IDLE was begun anew.

    Beginning anew is a reason to look: what the server says together with its "+ idling" is not heard.
    """
    until = time.monotonic() + renew
    client.begin(seconds=None)
    while (left := until - time.monotonic()) > 0:
        heard = client.idle_check(timeout=left)
        if any(map(_is_mail, heard)):
            return
        if not heard:
            break  # the time is over, or the connection: DONE tells which, for it must be answered
    client.idle_done()
    client.idle()


def _is_mail(response: tuple[Any, ...]) -> bool:
    """EXISTS; not RECENT, which also follows on mail that left."""
    return response[1:2] == (b"EXISTS",)


def _leave(client: Any) -> None:
    with suppress(*TROUBLE):
        client.idle_done()
    log_out(client)
