"""`gateway serve` as a process: it sends and receives by itself, stops when told, and says when it stands still."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.app import App
from gateway.cli.output import BROKEN, GOOD
from gateway.cli.serving import STOP_MAX, Serving
from gateway.demo import play, setup, story
from gateway.demo.cast import CAST
from gateway.demo.relay import Account, Relay
from gateway.demo.scene import StoryClock
from gateway.store import MasterKey, Outgoing, Store, StoreDown
from gateway.worker import PortTaken, Pulse, system_clock
from tests import ports, postgres

ROOT = Path(__file__).parents[2]
LONGEST = 60.0  # seconds
STOPS = 25.0  # seconds; it gives itself nine, and connections would be waited for thirty


@pytest.fixture
def port() -> Iterator[int]:
    """A port of loopback for this test's gateway."""
    with ports.reserved(1) as (free,):
        yield free


@contextmanager
def serving(folder: Path, **environ: object) -> Iterator[subprocess.Popen[str]]:
    """A gateway that runs in `folder`; killed if it did not stop by itself."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GATEWAY_")}
    kept |= {"PYTHONPATH": str(ROOT)} | {key: str(value) for key, value in environ.items()}
    command = [sys.executable, "-m", "gateway", "serve", "--dir", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=kept) as process:
        try:
            yield process
        finally:
            process.kill()


def stopped(process: "subprocess.Popen[str]") -> tuple[int, list[dict[str, Any]]]:
    """SIGTERM; exit code and the log. Fails if it waits for anybody: the machine may be slow, not so slow."""
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=STOPS)
    return process.returncode, [json.loads(line) for line in log.splitlines()]


def ask(port: int, path: str) -> tuple[int, str]:
    """A page of the endpoint, waited for."""
    until = time.monotonic() + LONGEST
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def ready(port: int) -> tuple[int, str]:
    """What /readyz says once the start is over."""
    until = time.monotonic() + LONGEST
    while "starting" in (answer := ask(port, "/readyz"))[1] and time.monotonic() < until:
        time.sleep(0.1)
    return answer


def test_two_gateways_exchange_a_plan_and_its_receipt_by_themselves(tmp_path: Path) -> None:
    """Dispatched in one, picked up and handled in the other, its signed receipt taken: nobody calls anything."""
    now = datetime.now(UTC)
    setup.set_up(tmp_path, now, play.contract())
    with _relay(tmp_path) as relay:
        scene = play._scene(tmp_path, relay.port, StoryClock(now))
        play.introduce(scene)
        asyncio.run(story.dispatch_plan(scene))
        environ = {
            "GATEWAY_RELAY_PORT": relay.port,
            "GATEWAY_SCHEDULE_DISPATCH_SECONDS": 1,
            "GATEWAY_SCHEDULE_PICKUP_SECONDS": 1,
        }
        with serving(tmp_path / "gemeente", **environ) as one, serving(tmp_path / "aanbieder", **environ) as other:
            until = time.monotonic() + LONGEST
            while scene.sent("gemeente", "plan")[0].state != "received" and time.monotonic() < until:
                time.sleep(0.2)
            codes = [stopped(process) for process in (one, other)]
        assert scene.sent("gemeente", "plan")[0].state == "received"
        assert scene.uitvraag() is not None
        asyncio.run(scene.close())
    assert [code for code, _ in codes] == [0, 0]
    for _, log in codes:
        assert [log[0]["event"], log[-1]["event"]] == ["started", "stopped"]
        assert {line["event"] for line in log} >= {"attempt"}


def test_health_and_readiness_and_metrics_on_loopback(pair: Path, port: int) -> None:
    """A gateway that does its work is alive and ready, and says how it does."""
    with serving(pair / "gemeente", GATEWAY_HEALTH_PORT=port) as process:
        assert ready(port) == (200, '{"ok":true,"wrong":[]}')
        assert ask(port, "/healthz")[0] == 200
        status, text = ask(port, "/metrics")
        assert status == 200
        assert "gateway_ready 1.0" in text
        assert ask(port, "/elsewhere")[0] == 404
        assert stopped(process)[0] == 0


def test_a_queue_that_stands_still_is_not_ready(pair: Path, port: int) -> None:
    """Alive, but what is due is not attempted: 503 and which message, so that somebody is called."""
    number = send_one(pair, "gone")
    with serving(pair / "gemeente", GATEWAY_HEALTH_PORT=port) as process:
        status, words = ready(port)
        assert status == 503
        assert ask(port, "/healthz")[0] == 200
        assert f"outbox: message {number}" in words
        assert "gateway_ready 0.0" in ask(port, "/metrics")[1]
        assert stopped(process)[0] == 0


def test_a_second_start_is_refused_with_a_sentence(pair: Path, port: int) -> None:
    """Exit code 2; the first goes on."""
    with serving(pair / "gemeente", GATEWAY_HEALTH_PORT=port) as first:
        ask(port, "/healthz")
        with serving(pair / "gemeente") as second:
            _, words = second.communicate(timeout=LONGEST)
        assert second.returncode == BROKEN
        assert str(first.pid) in words
        assert len(words.splitlines()) == 1
        assert ready(port)[0] == 200
        assert stopped(first)[0] == 0


@pytest.mark.postgres
def test_two_folders_on_one_database_need_two_names(pair: Path) -> None:
    """Under one name each would take the other for its own past: exit code 2. With a name of its own it joins."""
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    copied = Path(shutil.copytree(pair / "gemeente", pair / "elders"))
    with ports.reserved(2) as free, postgres.server() as url:
        shared = {"GATEWAY_STORE_URL": url.replace("+psycopg", "")}
        with serving(pair / "gemeente", GATEWAY_HEALTH_PORT=free[0], **shared) as first:
            assert ready(free[0])[0] == 200
            with serving(copied, **shared) as second:
                _, words = second.communicate(timeout=LONGEST)
            assert (second.returncode, len(words.splitlines())) == (BROKEN, 1)
            assert "store.node" in words
            with serving(copied, GATEWAY_STORE_NODE="elders", GATEWAY_HEALTH_PORT=free[1], **shared) as third:
                assert ready(free[1])[0] == 200
                assert stopped(third)[0] == 0
            assert stopped(first)[0] == 0


def test_who_finds_the_endpoint_open_may_say_stop(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM is heard before the port answers: a supervisor that sees it answer would else end it in mid-start."""
    heard: list[object] = []

    def open_endpoint(*_: object) -> None:
        heard.append(signal.getsignal(signal.SIGTERM))
        raise PortTaken("enough seen")

    monkeypatch.setattr(Serving, "_open_endpoint", open_endpoint)
    app = App.open(pair / "gemeente", {})
    with app.store, ExitStack() as stack, pytest.raises(PortTaken):
        asyncio.run(Serving(app, lambda: None).run(stack))
    assert heard != [signal.SIG_DFL]


def test_while_it_starts_it_is_alive_and_not_ready_and_stops_when_told(pair: Path, port: int) -> None:
    """A large file takes a while to be read: who looks after the process must not end it for that. Nothing runs yet."""
    app = App.open(pair / "gemeente", {"GATEWAY_HEALTH_PORT": str(port)})
    reading, read = threading.Event(), threading.Event()

    def prepare() -> None:
        reading.set()
        assert read.wait(LONGEST)

    def look() -> list[tuple[int, str]]:
        assert reading.wait(LONGEST)
        answers = [ask(port, page) for page in ("/healthz", "/readyz", "/metrics")]
        with app.store.view(now=datetime.now(UTC)) as view:
            answers.append((len(view.jobs.list()), "jobs"))
        os.kill(os.getpid(), signal.SIGTERM)
        return answers

    async def scenario(serving: Serving, stack: ExitStack) -> list[tuple[int, str]]:
        looking = asyncio.create_task(asyncio.to_thread(look))
        await serving.run(stack)
        read.set()
        return await looking

    with app.store, ExitStack() as stack:
        serving = Serving(app, prepare)
        healthz, readyz, metrics, jobs = asyncio.run(scenario(serving, stack))
        assert serving.leaving.is_alive()  # had the reading not ended, it would be left behind
        serving.leaving.cancel()
    assert healthz == (200, '{"ok":true,"wrong":[]}')
    assert readyz[0] == 503
    assert "starting" in readyz[1]
    assert "gateway_ready 0.0" in metrics[1]
    assert jobs == (0, "jobs")


def test_a_store_that_is_slow_to_close_is_left_behind_too(
    pair: Path, gateway: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that has much to write the log of the file takes its time: the process is gone in nine seconds."""
    bounded: list[bool] = []

    def is_bounded() -> bool:
        return any(isinstance(thread, threading.Timer) for thread in threading.enumerate())

    async def run(serving: Serving, _: ExitStack) -> None:
        serving.leaving.start()

    close = Store.close
    monkeypatch.setattr(Serving, "run", run)
    monkeypatch.setattr(Store, "close", lambda store: (bounded.append(is_bounded()), close(store))[1])
    assert gateway("serve", "--dir", pair / "gemeente")[0] == GOOD
    assert bounded == [True]


def test_a_name_that_another_process_took_is_said_until_it_is_ours_again(
    pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at every fifteen seconds; a database that is away says nothing about it."""
    answers = [True, False, None, False, True]  # None: the database is away
    seen: list[bool] = []
    monkeypatch.setattr("gateway.cli.serving.NAME_LOOK", 0)
    app, pulse = App.open(pair / "gemeente", {}), Pulse(system_clock)

    def keep() -> bool:
        seen.append(pulse.alone)
        if (answer := answers.pop(0)) is None:
            raise StoreDown("away")
        return answer

    with app.store, capture_logs() as logged, pytest.raises(IndexError):  # no more answers
        asyncio.run(Serving(app, lambda: None, keep)._stay_alone(pulse))
    assert seen == [True, True, False, False, False, True]
    assert [line["event"] for line in logged] == ["name_taken"]


def test_a_file_that_is_corrupt_far_inside_is_refused_before_anything_is_written(pair: Path, port: int) -> None:
    """A sentence and exit code 2, whatever page it is: found at the start, and not by the message that needs it."""
    file = pair / "gemeente/gateway.db"
    with closing(sqlite3.connect(file)) as base:
        ((page,),) = base.execute("SELECT rootpage FROM sqlite_master WHERE name = 'inbox_places'")
        ((size,),) = base.execute("PRAGMA page_size")
    data = bytearray(file.read_bytes())
    data[(page - 1) * size : page * size] = os.urandom(size)
    file.write_bytes(data)
    with serving(pair / "gemeente", GATEWAY_HEALTH_PORT=port) as process:
        _, words = process.communicate(timeout=LONGEST)
    assert (process.returncode, len(words.splitlines())) == (BROKEN, 1)
    assert "restore a backup" in words
    assert file.read_bytes() == data


def test_servers_that_say_nothing_do_not_keep_a_gateway_from_stopping(pair: Path) -> None:
    """The relay and the mailbox take the connection and never answer: it stops within a supervisor's ten seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(LONGEST / 2)
        port = silent.getsockname()[1]
        where = f'host = "127.0.0.1"\nport = {port}\nauthority = "system"\n'
        with (pair / "gemeente/gateway.toml").open("a") as file:
            file.write(f'\n[relay]\n{where}\n[mailbox]\nkind = "imap"\nuser = "wmo@gemeente.example"\n{where}')
        send_one(pair, "relay")
        with serving(pair / "gemeente", GATEWAY_MAILBOX_PASSWORD="secret") as process:
            both = [silent.accept()[0] for _ in range(2)]  # it waits for the one's greeting and the other's
            code, log = stopped(process)
            for connection in both:
                connection.close()
    assert code == 0
    assert {"stopped", "left_behind"} & {line["event"] for line in log}
    assert STOP_MAX < 10
    master = MasterKey.from_file(pair / "gemeente/keys/master.key")
    with Store.open(pair / "gemeente/gateway.db", master) as store, store.view(now=datetime.now(UTC)) as view:
        assert view.outbox.counts() == {"new": 1}


def send_one(pair: Path, channel: str) -> int:
    """A message that has been due for six minutes."""
    master, before = MasterKey.from_file(pair / "gemeente/keys/master.key"), datetime.now(UTC) - timedelta(minutes=6)
    with Store.open(pair / "gemeente/gateway.db", master) as store, store.unit(now=before, actor="test") as unit:
        return unit.outbox.put(
            Outgoing(
                message_id="<1@gemeente.example>",
                kind="plan",
                partner="99990001",
                channel=channel,
                sender="wmo@gemeente.example",
                recipient="plan@aanbieder.example",
                wire=b"Subject: x\r\n\r\n",
            )
        )


def test_a_taken_port_is_a_sentence(pair: Path) -> None:
    """Nothing is started: a gateway that nobody can watch does not run."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serving(pair / "gemeente", GATEWAY_HEALTH_PORT=port) as process:
            _, words = process.communicate(timeout=LONGEST)
    assert process.returncode == BROKEN
    assert f"port {port}" in words
    assert "[health] port" in words


def test_one_job_runs_by_hand(pair: Path, gateway: Any) -> None:
    """Once, now, with its answer; an unknown name is told which there are."""
    code, out, _ = gateway("job", "run", "deliver", "--dir", pair / "gemeente", "--json")
    assert (code, json.loads(out)["result"]) == (0, "ok")
    code, _, words = gateway("job", "run", "nonsense", "--dir", pair / "gemeente")
    assert code == BROKEN
    assert "certificates" in words


def test_every_job_is_listed_with_its_schedule_and_last_run(pair: Path, gateway: Any) -> None:
    """Also those that never ran; who holds one now is named."""
    folder = pair / "gemeente"
    assert gateway("job", "run", "audit-head", "--dir", folder)[0] == 0
    now = datetime.now(UTC)
    master = MasterKey.from_file(folder / "keys/master.key")
    with Store.open(folder / "gateway.db", master) as store, store.unit(now=now, actor="worker") as unit:
        unit.jobs.acquire("reconcile", "node-b", timedelta(minutes=2))
    code, out, _ = gateway("job", "list", "--dir", folder, "--json")
    found = {row["job"]: row for row in map(json.loads, out.splitlines())}
    assert code == 0
    assert {*JOBS, *FETCHING, "deliver", "pickup", "handle"} <= set(found)
    assert (found["audit-head"]["schedule"], found["audit-head"]["result"]) == ("daily 04:00", "ok")
    assert found["terms"]["lastRun"] is None
    assert found["reconcile"]["atIt"] == "node-b"
    assert "daily 04:00" in gateway("job", "list", "--dir", folder)[1]
    code, out, _ = gateway("job", "run", "reconcile", "--dir", folder, "--json")
    assert (code, json.loads(out)["detail"]) == (1, "node-b is at it")


JOBS = ["reconsider", "reconcile", "clean-up", "audit-head", "terms", "certificates", "watch"]
FETCHING = ["domain-book", "nta7516", "revocation"]


@pytest.mark.parametrize("job", [*JOBS, *FETCHING])
def test_every_job_of_a_running_gateway_runs_on_a_fresh_one(pair: Path, gateway: Any, job: str) -> None:
    """On both sides, and says what it did; revocation data and routes are fetched too (SM-40, SM-111, SM-112)."""
    for role in ("gemeente", "aanbieder"):
        code, out, _ = gateway("job", "run", job, "--dir", pair / role, "--json")
        answer = json.loads(out)
        assert (code, answer["result"]) == (0, "ok"), answer


def _relay(folder: Path) -> Relay:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "relay" / "tls.pem", folder / "relay" / "tls.key")
    accounts = tuple(
        Account(party.address, (folder / party.role / "keys" / "relay.password").read_text().strip()) for party in CAST
    )
    return Relay(folder / "relay", accounts, context, lambda: datetime.now(UTC))
