"""Two nodes as `gateway serve` runs them, and the cable between each of them and the database: both go on, nothing is
lost, nothing takes effect twice, and nobody waits for longer than the connection's patience."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from gateway.cli.serving import serve_alone
from gateway.demo import crash
from gateway.demo.cast import AANBIEDER, GEMEENTE
from gateway.demo.stage import ROLES, Stage, set_up
from gateway.store import Store, server
from gateway.store.jobs import DELIVER, of_node
from gateway.store.scratch import scratch
from tests import postgres
from tests.proxy import Cable, cable

pytestmark = pytest.mark.postgres

NODES = ("node-1", "node-2")
ANSWER, IN_TRANSACTION = 0.5, 2.0  # seconds: less patient than real nodes and servers
BACK = 60.0  # seconds until work is done again: a lost lease, a lost session's locks, and a busy machine

Trouble = Callable[[Cable], None]


def _dead(wire: Cable) -> None:
    """A pulled plug, put back later than anybody waits."""
    wire.dead()
    time.sleep(2 * ANSWER)
    wire.mend()


def _deaf(wire: Cable) -> None:
    """What the node says arrives, COMMIT too; no answer does."""
    wire.deaf()
    time.sleep(2 * ANSWER)
    wire.mend()


TROUBLES: dict[str, Trouble] = {
    "dead": _dead,
    "deaf": _deaf,
    "cut": Cable.cut,
    "half open": Cable.forsake,  # the server keeps the session, and what it holds, for as long as it has patience
}


@pytest.fixture
def running() -> Iterator[postgres.Cluster]:
    """A server of this test."""
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.cluster() as made:
        yield made


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For this process and the nodes that it begins."""
    monkeypatch.setattr(server.Connection, "answer_max", ANSWER)
    monkeypatch.setitem(server.CONNECT, "connect_timeout", 2)
    monkeypatch.setitem(server.SESSION, "idle_in_transaction_session_timeout", f"{IN_TRANSACTION:.0f}s")


def test_two_nodes_whose_cables_fail_one_after_the_other_lose_nothing(
    running: postgres.Cluster, tmp_path: Path
) -> None:
    """Each kind of trouble once, at a random moment under load."""
    cut_off(running, tmp_path, [*TROUBLES], seed=20260301)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_however_often_their_cables_fail(running: postgres.Cluster, tmp_path: Path, seed: int) -> None:
    """Ten times each."""
    cut_off(running, tmp_path, [*TROUBLES] * 10, seed=seed)


def cut_off(running: postgres.Cluster, folder: Path, troubles: list[str], *, seed: int) -> None:
    """Let these befall the two nodes of a municipality, each time one of them, and then look at everything."""
    chance = random.Random(seed)
    chance.shuffle(troubles)
    set_up(folder / "stage")
    log = folder / "arrived"
    with ExitStack() as stack:
        new = stack.enter_context(scratch(running.url))
        wires = {node: stack.enter_context(cable(running.socket)) for node in NODES}
        stage = Stage(folder / "stage", stack.enter_context(crash._relay(folder / "stage", log, seed)))
        where = {role: new() for role in ROLES}
        stage.introduce(where)
        cast: dict[str, Callable[[], None]] = {
            "clerk": lambda: crash._clerk(stage, where[GEMEENTE.role]),
            AANBIEDER.role: lambda: serve_alone(stage.app(AANBIEDER.role, where[AANBIEDER.role])),
        }
        for node, wire in wires.items():
            there = make_url(where[GEMEENTE.role]).set(host="127.0.0.1", port=wire.port)
            place = there.difference_update_query(["host"]).render_as_string(hide_password=False)
            cast[node] = lambda node=node, place=place: serve_alone(stage.app(GEMEENTE.role, place, node))  # type: ignore[misc]
        pids = {crash._child(work): name for name, work in cast.items()}
        try:
            look = stage.app(GEMEENTE.role, where[GEMEENTE.role], "look").store
            stack.callback(look.close)
            until_at_work(look, datetime.now(UTC))
            for trouble in troubles:
                time.sleep(chance.uniform(0.1, 0.8))
                TROUBLES[trouble](wires[chance.choice(NODES)])
                until_at_work(look, datetime.now(UTC))
            assert [name for pid, name in pids.items() if os.waitpid(pid, os.WNOHANG) != (0, 0)] == []
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        scene = stage.scene(where, datetime.now(UTC))
        with crash._closing(scene):
            crash._settle(scene)
            assert list(crash._wrong(scene, crash._arrived(log))) == []


def until_at_work(store: Store, since: datetime) -> None:
    """Until each node did a round of sending, and one of them looked in the mailbox, begun after this."""
    wanted = {*(of_node(DELIVER, node) for node in NODES), "pickup"}
    end = time.monotonic() + BACK
    while True:
        with store.view(now=since) as view:
            done = {
                job.name
                for job in view.jobs.list()
                if job.result == "ok" and job.started_at and job.ended_at and job.ended_at > job.started_at > since
            }
        if wanted <= done:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"{wanted - done} did nothing for {BACK} s")
        time.sleep(0.1)
