"""The whole outbound path, from a decision to the relay's word for it, against Postfix and against obvious calls.

`python -m tests.bench delivery`; needs Postfix and root. Everybody hands over to the same sink (`sink.py`), under TLS,
messages of the same size. Ours are built, checked by the rules of the standard, signed with RSA-2048, encrypted and
registered with the evidence of their route, by the flow that the gateway uses; Postfix only passes on what smtp-source
makes up. Postfix may use its best concurrency, with and without reuse of connections; everybody's best turn counts.
"""

import asyncio
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from gateway.store import MasterKey
from tests.bench import postfix, quiet, sink, world
from tests.bench.obvious import Obvious
from tests.bench.rows import Row
from tests.bench.sink import Count
from tests.transports.pki import Authority

MESSAGES = 500
ROUNDS = 5
SESSIONS = (1, 2, 5, 10, 20)
OBVIOUS = 40  # messages in a turn of that one


def rows() -> list[Row]:
    """One process, whole path."""
    if (reason := postfix.missing()) is not None:
        raise RuntimeError(reason)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wmo-bench-")))
        folder.chmod(0o755)
        authority = Authority(folder)
        port, count = stack.enter_context(sink.running(folder, *authority.server()))
        stack.enter_context(quiet.logs_in(folder / "log"))
        ours = world.Municipality(folder / "ours.db", MasterKey.generate())
        ours.introduce()
        size = _warm(ours, port, authority.pem)
        relays = [
            stack.enter_context(postfix.running(folder / f"reuse-{reuse}", port, count, reuse=reuse))
            for reuse in (True, False)
        ]
        obvious = Obvious(folder / "obvious.db", authority.pem)
        found = [(relay.rate(MESSAGES, sessions, size), relay, sessions) for relay in relays for sessions in SESSIONS]
        theirs, relay, sessions = max(found, key=lambda each: each[0])
        own = plain = 0.0
        for _ in range(ROUNDS):
            own = max(own, _rate(ours, port, authority.pem, count))
            theirs = max(theirs, relay.rate(MESSAGES, sessions, size))
            start = time.perf_counter()
            asyncio.run(obvious.send(OBVIOUS, port))
            plain = max(plain, OBVIOUS / (time.perf_counter() - start))
    return [
        Row(
            name=f"outbound, whole path, one process, {size / 1000:.0f} KB",
            measured=own,
            reference=theirs,
            against=f"Postfix, {sessions} sessions, builds and seals nothing",
            target=1.0,
            better="higher",
            unit="/s",
        ),
        Row(
            name="the same",
            measured=own,
            reference=plain,
            against="xmlschema, cryptography, sqlite3, aiosmtplib.send",
            target=4.0,
            better="higher",
            unit="/s",
        ),
    ]


def _warm(ours: world.Municipality, port: int, authority: str) -> int:
    """Everything used once; bytes of a message."""
    asyncio.run(world.send(ours, world.BATCH, port, authority))
    with ours.store.view(now=world.now()) as view:
        return view.outbox.list(limit=1)[0].size


def _rate(ours: world.Municipality, port: int, authority: str, count: Count) -> float:
    before, start = count.value, time.perf_counter()
    asyncio.run(world.send(ours, MESSAGES, port, authority))
    rate = MESSAGES / (time.perf_counter() - start)
    assert count.value == before + MESSAGES
    return rate
