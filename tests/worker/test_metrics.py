"""Metrics say what the store says, and count what this process saw (SM-119)."""

import asyncio
from datetime import timedelta

from gateway.store import Store
from gateway.worker import Metrics, Pulse, deliver_due

from .conftest import HandClock, Obedient, put


def test_depth_attempts_and_time_to_receipt(store: Store, clock: HandClock) -> None:
    """Each receipt is counted once, however often somebody looks; codes of partners are the only names."""
    metrics = Metrics(store, Pulse(clock), clock, lambda view: [("crl", "issuer", view.now + timedelta(days=3))])
    put(store, 1, wants_receipt=True)
    put(store, 2)
    text = metrics.text().decode()
    assert 'gateway_outbox_messages{partner="zorg",state="new"} 2.0' in text
    assert 'gateway_expiry_days{kind="crl",who="issuer"} 3.0' in text
    metrics.delivered(asyncio.run(deliver_due(store, {"out": Obedient()}, clock)))
    clock.forward(minutes=2)
    with store.unit(now=clock(), actor="test") as unit:
        unit.outbox.receipt(1, accepted=True)
    for _ in range(2):
        text = metrics.text().decode()
        assert 'gateway_attempts_total{verdict="submitted"} 2.0' in text
        assert "gateway_receipt_seconds_count 1.0" in text
        assert "gateway_receipt_seconds_sum 120.0" in text
