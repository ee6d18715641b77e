"""When to try, and to try again: pure functions of attempt, first try and now (SM-88, SM-89, secure-mail 10.3)."""

from datetime import UTC, datetime, time, timedelta

import msgspec

from gateway.domain.zone import AMSTERDAM

UNCERTAIN_WAIT = timedelta(minutes=10)  # SM-86: the receiver, or its relay, may still be busy with the first copy
CHANNEL_FIRST = timedelta(seconds=30)
CHANNEL_MAX = timedelta(minutes=15)
POLICY_RUN = 3  # 10.2: so many different recipients refused by policy in a row mean that we are the problem


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When and how fast a partner is sent to; the defaults are table 10.3."""

    first: tuple[timedelta, ...] = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30))
    then: timedelta = timedelta(minutes=60)
    jitter: float = 0.2  # share of `then`, to either side
    warn_after: timedelta = timedelta(hours=4)
    give_up_after: timedelta = timedelta(days=5)
    window: tuple[time, time] | None = None  # send only from … until before …, by the Dutch clock; the first is earlier
    at_once: int = 2  # transmissions at a time of one process: half of a relay's four connections (SM-82)
    per_minute: int | None = None  # attempts begun in a minute by one process


DEFAULT_POLICY = RetryPolicy()


def next_open(policy: RetryPolicy, now: datetime) -> datetime:
    """`now` if the window of sending is open, else when it opens."""
    if policy.window is None:
        return now
    begin, end = policy.window
    local = now.astimezone(AMSTERDAM)
    if begin <= local.time() < end:
        return now
    day = local.date() if local.time() < begin else local.date() + timedelta(days=1)
    return datetime.combine(day, begin, AMSTERDAM).astimezone(UTC)


def next_attempt(
    policy: RetryPolicy, attempt: int, first_try: datetime, now: datetime, jitter: float = 0.5
) -> datetime | None:
    """When to try after attempt number `attempt` (from 1), or None: given up.

    `jitter` is a number of [0, 1); 0.5 is none. The last try falls exactly on the give-up time, never after it.
    """
    end = first_try + policy.give_up_after
    if now >= end:
        return None
    if attempt <= len(policy.first):
        wait = policy.first[attempt - 1]
    else:
        wait = policy.then * (1 + policy.jitter * (2 * jitter - 1))
    return min(now + wait, end)


def channel_pause(failures: int) -> timedelta:
    """How long a channel rests after its n-th failure in a row (n from 1): 30 s doubling to 15 min."""
    doubled: timedelta = CHANNEL_FIRST * 2 ** min(failures - 1, 10)
    return min(doubled, CHANNEL_MAX)
