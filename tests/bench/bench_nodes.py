"""The outbound path of two processes over one PostgreSQL against that of one: `python -m tests.bench nodes`.

Server, sink and both processes share the machine. The server keeps its promises (fsync). What one process, its server
and its sink leave idle is all that a second one can use: with two thirds of two cores in use by one, two do one and a
half times as much at most, however well they work beside each other. So it says how much was used.

Every turn has a database of its own, with the same ten partners in it and nothing else, and every order is for a client
of its own. Else the later turns, and of each turn that of two processes, would meet more history and clients who were
ordered for before: an order for such a client is judged by what was exchanged, so more work is done and not the same
work by more processes. Each process has made and delivered a batch before its time counts, as in `bench_delivery`.
"""

import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import sqlalchemy as sa

from gateway.store import MasterKey, Store
from gateway.transports import SmtpSettings, SmtpTransport, client_context
from gateway.worker import deliver_due
from tests import postgres
from tests.bench import quiet, sink, world
from tests.bench.rows import Row
from tests.bench.sink import Count
from tests.transports.pki import Authority

MESSAGES = 6400  # of all processes of a turn: many, for at its begin and its end some wait for others
ROUNDS = 3

FORK = multiprocessing.get_context("fork")  # the keys of the benchmark's world are made once


def rows() -> list[Row]:
    """Messages a second, two processes and one."""
    if (reason := postgres.missing()) is not None:
        raise RuntimeError(reason)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wmo-bench-")))
        authority = Authority(folder)
        port, count = stack.enter_context(sink.running(folder, *authority.server()))
        stack.enter_context(quiet.logs_in(folder / "log"))
        server = stack.enter_context(postgres.server(durable=True, language=None))
        best = {1: 0.0, 2: 0.0}
        used = {1: 0.0, 2: 0.0}  # share of all cores, in the best turn
        for turn in range(ROUNDS + 1):  # the first one is to warm up
            for processes in best:
                with _introduced(server) as (url, master):
                    rate, busy = _rate(processes, (url, master, port, authority.pem), count)
                if turn and rate > best[processes]:
                    best[processes], used[processes] = rate, busy
    print(
        f"  one process, its server and the sink used {used[1]:.0%} of the cores, two {used[2]:.0%}:"
        f" for the same work a message, no more than {1 / used[1]:.2f} x is possible on this machine",
        file=sys.stderr,
    )
    return [
        Row(
            name="outbound on PostgreSQL, two processes",
            measured=best[2],
            reference=best[1],
            against="one process on PostgreSQL",
            target=1.5,
            better="higher",
            unit="/s",
        )
    ]


Where = tuple[str, MasterKey, int, str]  # database, its master key, the sink's port, who vouches for it


@contextmanager
def _introduced(server: str) -> Iterator[tuple[str, MasterKey]]:
    """A database on this server where the partners are known, gone afterwards; its master key."""
    engine, master = sa.create_engine(server, isolation_level="AUTOCOMMIT"), MasterKey.generate()
    with engine.connect() as conn:
        conn.exec_driver_sql("CREATE DATABASE turn")
    try:
        url = sa.make_url(server).set(database="turn").render_as_string(hide_password=False)
        first = world.Municipality(url, master)
        first.introduce()
        first.store.close()
        yield url, master
    finally:
        with engine.connect() as conn:
            conn.exec_driver_sql("DROP DATABASE turn WITH (FORCE)")
        engine.dispose()


def _rate(processes: int, where: Where, count: Count) -> tuple[float, float]:
    """Messages a second from the word to begin until the sink has everything; the share of the cores that were used."""
    go, stop, ready = FORK.Event(), FORK.Event(), FORK.Semaphore(0)
    left = FORK.Semaphore(MESSAGES // world.BATCH)  # batches that nobody makes yet: whoever is free takes the next
    warm = count.value + processes * world.BATCH
    nodes = [
        FORK.Process(target=_node, args=(number, where, left.acquire, ready.release, go, stop), daemon=True)
        for number in range(processes)
    ]
    for node in nodes:
        node.start()
    try:
        for _ in nodes:
            ready.acquire(timeout=30)
        count.wait(warm)
        before, start, jiffies = count.value, time.perf_counter(), _jiffies()
        go.set()
        count.wait(before + MESSAGES)
        seconds, (idle, every) = time.perf_counter() - start, _jiffies()
        return MESSAGES / seconds, 1 - (idle - jiffies[0]) / (every - jiffies[1])
    finally:
        stop.set()
        for node in nodes:
            node.join(30)


def _jiffies() -> tuple[int, int]:
    """Of all cores since the machine began: idle, and all (proc(5))."""
    spent = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return spent[3] + spent[4], sum(spent)


def _waiting(store: Store) -> bool:
    with store.view(now=world.now()) as view:
        return view.outbox.next_due() is not None


def _node(
    number: int, where: Where, take: Callable[[bool], bool], ready: Callable[[], None], go: Event, stop: Event
) -> None:
    """A gateway that makes what is to be made and delivers whatever is due, until it is told to stop."""
    url, master, port, authority = where
    ours = world.Municipality(url, master, node=f"n{number}-", first=number * (MESSAGES + world.BATCH))
    relay = SmtpTransport(SmtpSettings(host="127.0.0.1", port=port, tls="implicit"), client_context(authority))

    async def make() -> None:
        while take(False):
            await asyncio.to_thread(ours.order, world.BATCH)

    async def run() -> None:
        await asyncio.to_thread(ours.order, world.BATCH)
        while _waiting(ours.store):  # everything is used once, and nothing of it is left
            await deliver_due(ours.store, {world.CHANNEL: relay}, world.now)
        ready()
        await asyncio.to_thread(go.wait, 60)
        making = asyncio.create_task(make())
        while not stop.is_set():
            if not await deliver_due(ours.store, {world.CHANNEL: relay}, world.now):
                await asyncio.sleep(0.005)
        await making
        await relay.close()

    asyncio.run(run())
