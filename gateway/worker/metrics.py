"""What a monitoring system sees (SM-119): counts and ages; of messages never more than partner, kind and state.

Most is read from the store when it is asked for, so every node says the same. Attempts and times to receipt are counted
by the process that saw them.
"""

from collections import Counter as Counted
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.flows.tasks import open_tasks
from gateway.store import Store, Unit

from .clock import Clock
from .deliver import Delivery
from .health import trouble
from .pulse import Pulse

_DURATIONS = (10, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 5 * 24 * 3600)  # seconds

Expiries = Callable[[Unit], Sequence[tuple[str, str, datetime]]]
"""What ends, by kind (own-sign, partner, crl …) and whose, and when: the composition root knows how to look."""


class Metrics:
    """The metrics of one process."""

    def __init__(self, store: Store, pulse: Pulse, clock: Clock, expiries: Expiries | None = None) -> None:
        self._store, self._clock = store, clock
        self._registry = CollectorRegistry()
        self._attempts = Counter(
            "gateway_attempts", "Attempts of this process, by outcome.", ["verdict"], registry=self._registry
        )
        self._receipts = Histogram(
            "gateway_receipt_seconds",
            "Time from submission to a signed receipt.",
            buckets=_DURATIONS,
            registry=self._registry,
        )
        self._registry.register(_State(store, pulse, clock, expiries))
        ProcessCollector(registry=self._registry)
        with store.view(now=clock()) as view:
            self._noted = view.status.last_note()

    def delivered(self, made: Sequence[Delivery]) -> None:
        """Count a round of attempts."""
        for each in made:
            self._attempts.labels(each.outcome.verdict).inc()

    def text(self) -> bytes:
        """Everything, in Prometheus' text form."""
        with self._store.view(now=self._clock()) as view:
            self._noted, waited = view.status.receipts(self._noted)
        for seconds in waited:
            self._receipts.observe(seconds)
        return generate_latest(self._registry)

    def names(self) -> set[str]:
        """All of our own metrics' names."""
        return {metric.name for metric in self._registry.collect() if metric.name.startswith("gateway_")}


class _State(Collector):
    """What the store says now."""

    def __init__(self, store: Store, pulse: Pulse, clock: Clock, expiries: Expiries | None) -> None:
        self._store, self._pulse, self._clock, self._expiries = store, pulse, clock, expiries

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand: the store is asked when a scrape asks."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """One consistent picture."""
        with self._store.view(now=self._clock()) as view:
            yield from _outbox(view)
            yield from _inbox(view)
            yield from _jobs(view, self._pulse)
            yield from _channels(view)
            yield _tasks(view)
            yield _one("gateway_ready", "1 if nothing stands still.", float(not trouble(view, self._pulse)))
            if self._expiries is not None:
                yield _ages("gateway_expiry_days", "Days until it ends.", view, self._expiries(view))


def _outbox(view: Unit) -> Iterator[Metric]:
    depth = GaugeMetricFamily("gateway_outbox_messages", "Open outgoing messages.", labels=["partner", "state"])
    age = GaugeMetricFamily("gateway_outbox_oldest_seconds", "Age of the oldest of them.", labels=["partner", "state"])
    for each in view.status.outbox():
        depth.add_metric([each.partner, each.state], each.count)
        age.add_metric([each.partner, each.state], (view.now - each.oldest).total_seconds())
    yield from (depth, age)


def _inbox(view: Unit) -> Iterator[Metric]:
    quarantine = GaugeMetricFamily("gateway_quarantine_messages", "Messages in quarantine.", labels=["reason"])
    for reason, count in view.status.quarantine().items():
        quarantine.add_metric([reason], count)
    depth = GaugeMetricFamily("gateway_inbox_messages", "Open incoming messages.", labels=["state"])
    age = GaugeMetricFamily("gateway_inbox_oldest_seconds", "Age of the oldest of them.", labels=["state"])
    for each in view.status.oldest():
        if each.kind == "inbox":
            depth.add_metric([each.state], each.count)
            age.add_metric([each.state], (view.now - each.since).total_seconds())
    yield from (quarantine, depth, age)


def _jobs(view: Unit, pulse: Pulse) -> Iterator[Metric]:
    good = GaugeMetricFamily(
        "gateway_job_seconds_since_good_run", "Since a job last ended well here, or the start.", labels=["job"]
    )
    failures = GaugeMetricFamily("gateway_job_failures", "Failures of a job in a row.", labels=["job"])
    for name, beat in pulse.jobs.items():
        good.add_metric([name], (view.now - beat.since).total_seconds())
        failures.add_metric([name], beat.failures)
    yield from (good, failures)


def _channels(view: Unit) -> Iterator[Metric]:
    failing = GaugeMetricFamily("gateway_channel_failing_seconds", "How long a way out has failed.", labels=["channel"])
    for each in view.channels.list():
        since = 0.0 if each.failing_since is None else (view.now - each.failing_since).total_seconds()
        failing.add_metric([each.name], since)
    yield failing


def _tasks(view: Unit) -> Metric:
    found = GaugeMetricFamily("gateway_tasks", "What waits for a person.", labels=["weight"])
    for weight, count in Counted(each.body.weight for each in open_tasks(view)).items():
        found.add_metric([weight], count)
    return found


def _ages(name: str, text: str, view: Unit, found: Sequence[tuple[str, str, datetime]]) -> Metric:
    ends = GaugeMetricFamily(name, text, labels=["kind", "who"])
    first: dict[tuple[str, str], datetime] = {}
    for kind, who, at in found:
        first[kind, who] = min(at, first.get((kind, who), at))
    for (kind, who), at in first.items():
        ends.add_metric([kind, who], (at - view.now).total_seconds() / 86_400)
    return ends


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
