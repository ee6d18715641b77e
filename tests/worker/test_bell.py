"""A bell shortens the wait, and its silence or failure stops nothing (SM-98)."""

import asyncio

import pytest

from gateway.store import Store
from gateway.transports import MailboxDown
from gateway.worker import Clock, Job, Worker, look_when_rung

from .conftest import HandClock


class Script:
    """A bell that does these things, and then is silent."""

    def __init__(self, *steps: bool | MailboxDown) -> None:
        self.steps = list(steps)

    async def wait(self) -> bool:
        """The next step."""
        if not self.steps:
            await asyncio.sleep(3600)
        step = self.steps.pop(0)
        if isinstance(step, MailboxDown):
            raise step
        return step


def test_every_ring_is_a_look_and_a_mailbox_that_is_down_is_tried_again() -> None:
    """Also after trouble; until the mailbox says it has no bell."""
    looks: list[int] = []

    async def look() -> None:
        looks.append(1)

    asyncio.run(look_when_rung(Script(True, MailboxDown("gone"), True, False, True), look, pause=0))
    assert len(looks) == 2


def test_a_look_under_way_is_finished_when_the_bell_is_taken_away(store: Store, clock: HandClock) -> None:
    """A stop waits for it, as for every job."""
    begun, done = asyncio.Event(), asyncio.Event()

    async def pickup(_: Clock) -> str:
        begun.set()
        await asyncio.sleep(0.05)
        done.set()
        return "1 new"

    async def scenario() -> None:
        worker = Worker(store, [Job(name="pickup", run=pickup, daily="02:30")], clock)
        await worker.start()
        ringing = asyncio.create_task(look_when_rung(Script(True), lambda: worker.run_soon("pickup")))
        await begun.wait()
        ringing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ringing
        await worker.stop()
        assert done.is_set()
        (state,) = await worker.status()
        assert (state.result, state.detail) == ("ok", "1 new")

    asyncio.run(scenario())


def test_a_ring_during_a_look_is_another_look_after_it(store: Store, clock: HandClock) -> None:
    """Never two at once: they would share one connection to the mailbox."""
    under_way, most, looks = 0, 0, 0

    async def pickup(_: Clock) -> str:
        nonlocal under_way, most, looks
        under_way, looks = under_way + 1, looks + 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return ""

    async def scenario() -> None:
        worker = Worker(store, [Job(name="pickup", run=pickup, daily="02:30")], clock)
        await worker.start()
        await asyncio.gather(*(worker.run_soon("pickup") for _ in range(3)))
        await worker.stop()

    asyncio.run(scenario())
    assert (most, looks) == (1, 4)  # one of them at the start, by the clock
