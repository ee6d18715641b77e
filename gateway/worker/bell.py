"""Look in the mailbox as soon as it rings; the look by the clock goes on beside it (SM-98)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from gateway.transports import MailboxDown

log = structlog.get_logger("gateway.bell")

PAUSE = 60.0  # seconds before a mailbox that cannot be listened to is tried again


class Bell(Protocol):
    """Something that knows when mail arrives; see `ImapBell`."""

    async def wait(self) -> bool:
        """True when a look is due, False if this mailbox never rings. MailboxDown."""
        ...


async def look_when_rung(bell: Bell, look: Callable[[], Awaitable[object]], pause: float = PAUSE) -> None:
    """Until cancelled, or the mailbox turns out to have no bell. `look` is the whole look, as by the clock."""
    while True:
        try:
            if not await bell.wait():
                log.info("no_idle")
                return
        except MailboxDown as down:
            log.info("not_listening", error=str(down))
            await asyncio.sleep(pause)
            continue
        await look()
