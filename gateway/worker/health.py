"""Is the gateway doing its work? Not only alive: a queue that stands still is as bad as a process that is gone."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.store import OutboxItem, Unit

from .pulse import Pulse

DUE_MAX = timedelta(minutes=5)  # a due message waits seconds; nobody attempting anything for so long is a standstill
DUE_MAX_BUSY = timedelta(hours=1)  # while others go, and none of them that fell due before it
INBOX_MAX = timedelta(minutes=10)
CHANNEL_MAX = timedelta(minutes=15)  # SM-89: then a person is told
FAILURES_MAX = 3  # of one job in a row
RUNS_MISSED_MAX = 10  # a job whose last good run is so many intervals ago does not come round
RUN_MAX = timedelta(hours=1)  # one run; longer than the slowest transmission (SM-81)


def trouble(view: Unit, pulse: Pulse | None = None) -> list[str]:
    """What stands still, a sentence each; empty: ready for work. `pulse` if asked in the running process."""
    return [*_outbox(view), *_inbox(view), *_channels(view), *(_process(pulse, view.now) if pulse else ())]


def _outbox(view: Unit) -> Iterator[str]:
    waiting = view.attempts.overdue(view.now - DUE_MAX)
    last = view.attempts.last_started()
    if last is not None and last >= view.now - DUE_MAX:
        waiting = _passed_over(view)
    if waiting is not None and waiting.next_at is not None:
        yield f"outbox: message {waiting.id} is due since {_at(waiting.next_at)} and is not attempted"


def _passed_over(view: Unit) -> OutboxItem | None:
    """What is due for too long while others go, if it is not in a queue that moves: one at a partner's rate is long."""
    moving: list[str] = []
    while (one := view.attempts.overdue(view.now - DUE_MAX_BUSY, besides=moving)) is not None:
        if one.next_at is None or not view.attempts.moves(one.partner, one.channel, one.next_at, view.now - DUE_MAX):
            return one
        moving.append(one.partner)
    return None


def _inbox(view: Unit) -> Iterator[str]:
    for item in view.inbox.due(1):
        if item.next_at is not None and item.next_at < view.now - INBOX_MAX:
            yield f"inbox: message {item.id} is due since {_at(item.next_at)} and is not handled"


def _channels(view: Unit) -> Iterator[str]:
    for channel in view.channels.list():
        if channel.failing_since is not None and channel.failing_since < view.now - CHANNEL_MAX:
            yield f"channel {channel.name}: fails since {_at(channel.failing_since)} ({channel.reason})"


def _process(pulse: Pulse, now: datetime) -> Iterator[str]:
    if not pulse.jobs:
        yield "starting: the whole database is read first, to see that it is sound"
    if not pulse.alone:
        yield "node: another process works under the name of this one; give each its own store.node"
    for name, beat in pulse.jobs.items():
        if beat.failures >= FAILURES_MAX:
            yield f"job {name}: failed {beat.failures} times in a row"
        elif beat.running is not None:
            if now - beat.running > RUN_MAX:
                yield f"job {name}: runs since {_at(beat.running)} and does not end"
        elif beat.every is not None and now - beat.since > max(beat.every * RUNS_MISSED_MAX, DUE_MAX):
            yield f"job {name}: no good run since {_at(beat.since)}"


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
