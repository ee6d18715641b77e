"""One dead partner among fifty: what it does to the delay of the others; `python -m tests.bench partners`.

Messages fall due at an even pace, for all partners alike. Of the dead one the relay says nothing after RCPT, so that
its transmissions hold their connections until time runs out.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from gateway.store import MasterKey, Outgoing, Store
from gateway.transports import SmtpSettings, SmtpTransport, client_context
from gateway.worker import deliver_due
from tests.bench import quiet, sink, world
from tests.bench.rows import Row
from tests.transports.pki import Authority

PARTNERS = 50
MESSAGES = 400
A_SECOND = 80
LOOK = 0.25  # seconds between two looks at the outbox, as the job does it
WIRE = b"Subject: x\r\n\r\n" + (b"x" * 74 + b"\r\n") * 170
ROUNDS = 5


def rows() -> list[Row]:
    """95th percentile of the delay of the other partners' messages, from being committed to being taken.

    The median of several turns, of both in turn: of a tail one disturbed second would decide the best or the whole.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wmo-bench-")))
        stack.enter_context(quiet.logs_in(folder / "log"))
        authority = Authority(folder)
        port, _ = stack.enter_context(sink.running(folder, *authority.server()))
        relay = SmtpSettings(host="127.0.0.1", port=port, tls="implicit")
        found: dict[str, list[float]] = {"alive": [], "dead": []}
        for turn in range(ROUNDS):
            for name, tails in found.items():
                with Store.open(folder / f"{turn}-{name}.db", MasterKey.generate()) as store:
                    delays = asyncio.run(_delays(store, relay, authority.pem, f"{name}@zorg.example"))
                tails.append(statistics.quantiles(delays, n=20)[-1])
    return [
        Row(
            name=f"one dead partner of {PARTNERS}: others, 95th percentile of the delay",
            measured=statistics.median(found["dead"]) * 1000,
            reference=statistics.median(found["alive"]) * 1000,
            against="all alive",
            target=1.1,
        )
    ]


async def _delays(store: Store, settings: SmtpSettings, authority: str, first: str) -> Sequence[float]:
    """Seconds from commit to acceptance, of all partners but the first one, whose address is given."""
    relay = SmtpTransport(settings, client_context(authority))

    async def deliver() -> None:
        while True:
            await deliver_due(store, {world.CHANNEL: relay}, world.now)
            await asyncio.sleep(LOOK)

    delivering = asyncio.create_task(deliver())
    start = time.perf_counter()
    for number in range(MESSAGES):
        await asyncio.sleep(max(0.0, start + number / A_SECOND - time.perf_counter()))
        await asyncio.to_thread(_put, store, number, first)
    await asyncio.sleep(5 * LOOK)
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    with store.view(now=world.now()) as view:
        others = [item for item in view.outbox.list(limit=MESSAGES) if item.partner != "partner-0"]
    assert all(item.state == "submitted" for item in others)
    return [(item.submitted_at - item.created_at).total_seconds() for item in others if item.submitted_at]


def _put(store: Store, number: int, first: str) -> None:
    partner = number % PARTNERS
    with store.unit(now=world.now(), actor="bench") as unit:
        unit.outbox.put(
            Outgoing(
                message_id=f"<{number:032x}@gemeente.example>",
                kind="iwmo",
                partner=f"partner-{partner}",
                channel=world.CHANNEL,
                sender="wmo@gemeente.example",
                recipient=world.address(partner) if partner else first,
                wire=WIRE,
            )
        )
