"""The whole way of an order and its answer survives kills: a seeded slice; all of it with `gateway selftest crash`."""

import asyncio
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from gateway.cli.serving import serve_alone
from gateway.demo import crash
from gateway.demo.stage import ROLES, Stage
from gateway.store import MasterKey, Store
from gateway.store.scratch import scratch
from tests import postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """New databases, on both kinds."""
    if request.param == "sqlite":
        numbers = count()
        yield lambda: str(tmp_path / f"{next(numbers)}.db")
        return
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.server() as url, scratch(url) as new:
        yield new


def test_a_kill_at_a_step_of_the_whole_exchange_loses_nothing_and_doubles_nothing(
    tmp_path: Path, places: Callable[[], str]
) -> None:
    """WMO301 out, in, receipt and WMO302 out, in, and the receipt for that: some of its thousand steps."""
    report = crash.numbered(tmp_path, places, every=701, first=137)
    assert report.faults == ()
    assert report.kills >= 2


def test_running_gateways_killed_at_random_lose_nothing_and_double_nothing(
    tmp_path: Path, places: Callable[[], str]
) -> None:
    """Two gateways as `gateway serve` runs them, a clerk and a relay that counts."""
    report = crash.killed(tmp_path, places, serve_alone, kills=3, seed=20260301, life=(0.2, 1.0))
    assert report.faults == ()
    assert report.steps >= 1


def test_a_power_cut_keeps_what_was_committed_whole(tmp_path: Path) -> None:
    """The files as the disk has them at random moments: every change is there with its message, or neither."""
    stage, chance = Stage(tmp_path / "stage"), random.Random(20260301)
    places = {role: str(tmp_path / f"{role}.db") for role in ROLES}
    stage.introduce(places)
    clerks = [
        crash._child(lambda: _busy(stage, places, tmp_path)),
        crash._child(lambda: crash._clerk(stage, places["gemeente"])),
    ]
    counts = []
    try:
        end = time.monotonic() + 60
        for cut in count():
            if cut >= 8 and (counts[-1] >= 1 or time.monotonic() > end):
                break
            time.sleep(chance.uniform(0.1, 0.4))
            for pid in clerks:  # nobody writes while the two files are copied, as in the moment of the cut
                os.kill(pid, signal.SIGSTOP)
                os.waitpid(pid, os.WUNTRACED)
            for suffix in ("", "-wal"):
                if (file := tmp_path / f"gemeente.db{suffix}").exists():
                    shutil.copy(file, tmp_path / f"cut-{cut}.db{suffix}")
            for pid in clerks:
                os.kill(pid, signal.SIGCONT)
            counts.append(_whole(stage, tmp_path / f"cut-{cut}.db"))
    finally:
        for pid in clerks:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    assert counts == sorted(counts)
    assert counts[-1] >= 1


def _busy(stage: Stage, places: Mapping[str, str], home: Path) -> None:
    """Both sides work, one after the other, for ever."""
    for role in ROLES:
        (home / role).mkdir(exist_ok=True)
    scene = crash._on_folders(stage.scene(places, datetime.now(UTC)), home, lambda _: None)
    while True:
        asyncio.run(scene.run_once())
        scene.clock.advance_to(datetime.now(UTC))


def _whole(stage: Stage, file: Path) -> int:
    """How many orders the copy holds; each with its message, which can be opened, and a trail that is not broken."""
    app = stage.app("gemeente", str(file))
    with app.store, app.store.view(now=datetime.now(UTC)) as view:
        orders = view.berichten.list(soort="WMO301")
        messages = {item.id: item for item in crash._all(view) if item.kind == "WMO301"}
        assert sorted(row.outbox_id or 0 for row in orders) == sorted(messages)
        for number, item in messages.items():
            assert hashlib.sha256(view.outbox.wire(number)).hexdigest() == item.sha256
        assert view.audit.verify().broken_at is None
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return len(orders)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_two_hundred_kills(tmp_path: Path, places: Callable[[], str], seed: int) -> None:
    """As `gateway selftest crash --kills 200`."""
    assert crash.killed(tmp_path, places, serve_alone, kills=200, seed=seed).faults == ()


@pytest.mark.slow
@pytest.mark.postgres
def test_two_hundred_kills_of_three_nodes(tmp_path: Path) -> None:
    """As `gateway selftest crash --kills 200 --nodes 3 --database …`."""
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.server() as url, scratch(url) as new:
        assert crash.killed(tmp_path, new, serve_alone, kills=200, seed=3, nodes=3).faults == ()


# -- the proof can fail -----------------------------------------------------------------------------------------------


@pytest.fixture
def done(tmp_path: Path) -> Iterator[crash.Scene]:
    """An exchange that went well, with everything that arrived."""
    stage = Stage(tmp_path / "stage")
    places = {role: str(tmp_path / f"{role}.db") for role in ROLES}
    stage.introduce(places)
    for role in ROLES:
        (tmp_path / role).mkdir()
    scene = crash._on_folders(stage.scene(places, datetime.now(UTC)), tmp_path, lambda _: None)
    crash._order_once(stage, scene.gemeente, 1)
    crash._settle(scene)
    yield scene
    for app in scene.apps.values():
        app.store.close()


def test_a_message_that_never_arrived_or_with_other_bytes_or_too_often_is_a_fault(
    done: crash.Scene, tmp_path: Path
) -> None:
    """What the counterpart counted is compared with what the outbox says."""
    arrived = crash._in_folders(tmp_path)
    assert list(crash._wrong(done, arrived)) == []
    name = next(iter(arrived))

    def said(**changes: list[str]) -> str:
        return " ".join(crash._wrong(done, {**arrived, **changes}))

    assert "never arrived" in said(**{name: []})
    assert "different bytes" in said(**{name: [*arrived[name], "0" * 64]})
    assert "2 times" in said(**{name: [*arrived[name]] * 2})
    assert "no outbox knows it" in said(**{"<x@y>": ["0"]})


def test_an_effect_without_its_order_is_a_fault(done: crash.Scene, tmp_path: Path) -> None:
    """The provider has what the municipality never committed."""
    with Store.open(tmp_path / "leeg.db", MasterKey.generate()) as empty:
        full, done.gemeente.store = done.gemeente.store, empty
        said = " ".join(crash._wrong(done, {}))
        done.gemeente.store = full
    assert "no order was made" in said
    assert "had 1 effects" in said


def test_a_gateway_that_ended_by_itself_is_a_fault() -> None:
    """Nothing is lost or doubled where nothing runs."""
    gone, alive = crash._child(lambda: None), crash._child(signal.pause)
    os.waitid(os.P_PID, gone, os.WEXITED | os.WNOWAIT)
    assert list(crash._kill(gone, "node-1")) == ["node-1 ended by itself (0)"]
    assert list(crash._kill(alive, "node-2")) == []
