"""The jobs that every running gateway has: fetch, handle, deliver, watch. Others are added by the composition root."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from gateway.store import RetryPolicy, Store
from gateway.store.jobs import DELIVER
from gateway.transports import Mailbox, Transport

from .clock import Clock
from .deliver import Delivery, deliver_due
from .handle import Handler, Together, handle_inbox
from .pickup import SIZE_MAX, Left, Welcome, pickup
from .scribe import Owed
from .watch import watch_outbox
from .worker import Job

LOOK_EVERY = timedelta(seconds=30)  # SM-98: the base of fetching; waking up earlier only shortens the wait
DELIVER_EVERY = timedelta(seconds=5)  # an empty look at the outbox writes nothing
# Attempts after which agreements and certificates are looked at again (SM-45), and the round's list let go.
ROUND = 1_000
WATCH_EVERY = timedelta(minutes=1)


def standing_jobs(
    store: Store,
    transports: Mapping[str, Transport],
    mailbox: Mailbox | None,
    handler: Handler | Together,
    *,
    deliver_every: timedelta = DELIVER_EVERY,
    look_every: timedelta = LOOK_EVERY,
    policy: RetryPolicy | None = None,
    policies: Callable[[datetime], Mapping[str, RetryPolicy]] | None = None,
    size_max: int = SIZE_MAX,
    delivered: Callable[[Sequence[Delivery]], None] | None = None,
    welcome: Welcome | None = None,
    keep_mail: timedelta | None = None,
    recheck: Callable[[datetime], None] | None = None,
    settled: Callable[[], bool] = lambda: True,
) -> list[Job]:
    """The jobs of one gateway, to be given to `Worker`; each says in a few words what it did.

    What is fetched is handled at once, while more is fetched, and what answers it leaves at once.

    `policies` tells which partners differ from `policy`, asked before each look: agreements change while it runs.
    `recheck` is called before each look at the outbox: it holds what may no longer go (SM-45).
    `delivered` is told of every round of attempts. `settled` says if the clock can be believed (`watch_outbox`).
    """
    told: set[int] = set()
    left: Left = {}
    owed = Owed()
    fetched, answered = asyncio.Event(), asyncio.Event()

    async def deliver(clock: Clock) -> str:
        attempts = submitted = 0
        while True:
            if recheck is not None:
                await asyncio.to_thread(recheck, clock())
            others = await asyncio.to_thread(policies, clock()) if policies is not None else None
            made = await deliver_due(
                store, transports, clock, policy=policy, policies=others, owed=owed, attempts_max=ROUND
            )
            if delivered is not None:
                delivered(made)
            attempts += len(made)
            submitted += sum(each.state == "submitted" for each in made)
            if len(made) < ROUND:
                return f"{attempts} attempts, {submitted} submitted"

    async def fetch(clock: Clock) -> str:
        if mailbox is None:
            return "no mailbox"
        picked = await pickup(
            store, mailbox, clock, size_max=size_max, welcome=welcome, keep=keep_mail, left=left, fetched=fetched.set
        )
        return f"{picked.new} new, {picked.known} known, {picked.oversize + picked.strangers} by header"

    async def handle(clock: Clock) -> str:
        done = await handle_inbox(store, handler, clock)
        if done:
            answered.set()
        return f"{len(done)} handled, {sum(each.error is not None for each in done)} failed"

    async def watch(clock: Clock) -> str:
        found = await watch_outbox(store, clock, told, settled=settled())
        return (
            f"{found.recovered} taken back, {found.late} late, {found.unanswered} unanswered, {found.expired} expired"
        )

    return [
        Job(name=DELIVER, run=deliver, every=deliver_every, everywhere=True, due=answered),
        Job(name="pickup", run=fetch, every=look_every),
        Job(name="handle", run=handle, every=DELIVER_EVERY, due=fetched),
        Job(name="watch", run=watch, every=WATCH_EVERY),
    ]
