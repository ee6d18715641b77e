"""The whole way of an order and its answer, killed at every step of it, and two running gateways killed at random.

`numbered`: flow, claim, connection, promise of DATA, DATA, outcome; look in the mailbox, raw bytes, move, mark,
opening, effect with receipt and answer, and all of that once more for both on their way back. One process does it step
by step and is killed (SIGKILL) at step n; then another goes on.

`killed`: gateways as `gateway serve` runs them, a clerk who commits orders, and a relay that counts; sometimes it takes
a message and hangs up without a word. Each kill hits one of them at a random moment. At the end all is looked at.
"""

import asyncio
import hashlib
import logging
import os
import random
import re
import shutil
import signal
import ssl
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.app import App
from gateway.demo.cast import AANBIEDER, CAST, GEMEENTE
from gateway.demo.relay import Account, Relay
from gateway.demo.scene import Scene, StepFailed
from gateway.demo.stage import ROLES, Places, Stage, name_of, set_up
from gateway.domain.delivery import Outcome, Shipment
from gateway.store import Unit
from gateway.transports import BeforeData, FolderMailbox, FolderTransport
from gateway.worker.selftest import CrashReport, Step, dying

OTHER: dict[str, str] = {GEMEENTE.role: AANBIEDER.role, AANBIEDER.role: GEMEENTE.role}
ORDERS = 2  # in a numbered run, and before the first of the random kills
SETTLE_MAX = 200  # looks at everything that is due before something is called stuck
LIFE = (0.2, 2.5)  # seconds between two kills
HANGS_UP = 0.03  # of the messages that the relay takes it takes without saying so

_MESSAGE_ID = re.compile(rb"(?mi)^message-id:\s*(<[^>\r\n]+>)")

Arrived = Mapping[str, Sequence[str]]  # Message-ID: SHA-256 of each copy that came to the counterpart


# -- killed at every numbered step ------------------------------------------------------------------------------------


def numbered(folder: Path, places: Places, *, every: int = 1, first: int = 1) -> CrashReport:
    """Kill at steps `first`, `first` + `every`, … of the whole exchange, until a run ends by itself."""
    stage = Stage(folder / "stage")
    faults: list[str] = []
    kills, number = 0, first
    while True:
        home = folder / f"run-{number}"
        for role in ROLES:
            (home / role).mkdir(parents=True)
        where = {role: places() for role in ROLES}
        stage.introduce(where)
        killed = _until(number, stage, where, home)
        scene = _on_folders(stage.scene(where, datetime.now(UTC)), home, lambda _: None)
        with _closing(scene):
            for count in range(1, ORDERS + 1):
                _order_once(stage, scene.gemeente, count)
            _settle(scene)
            faults += [f"killed at step {number}: {fault}" for fault in _wrong(scene, _in_folders(home))]
        shutil.rmtree(home)
        if not killed:
            return CrashReport(steps=number - 1, kills=kills, faults=tuple(faults))
        kills, number = kills + 1, number + every


def _until(number: int, stage: Stage, where: Mapping[str, str], home: Path) -> bool:
    """Run in a child that dies at this step; False if it came to its end before."""

    def run() -> None:
        scene = stage.scene(where, datetime.now(UTC))
        with _closing(scene), dying(number) as step:
            _on_folders(scene, home, step)
            for app in scene.apps.values():
                app.store.on_step(step)
            for count in range(1, ORDERS + 1):
                _order_once(stage, scene.gemeente, count)
            _settle(scene)

    return _ended(_child(run)) == -signal.SIGKILL


def _order_once(stage: Stage, app: App, number: int) -> None:
    """As a clerk does who looks whether it was done before: the change and its message are one commit."""
    with app.store.unit(now=datetime.now(UTC), actor="clerk") as unit:
        if unit.berichten.find("uit", "WMO301", GEMEENTE.code, name_of(number)) is None:
            stage.order(unit, app, number)


def _on_folders(scene: Scene, home: Path, step: Step) -> Scene:
    """Both sides hand each other mail through folders; every move is a step."""
    for role, app in scene.apps.items():
        app.transports = {app.us.channel: _Counting(home / OTHER[role], home / "arrived", step)}
        app.mailbox = _Stepping(home / role, role, step)
    return scene


class _Counting(FolderTransport):
    """A way out that counts what it hands over, whether or not its caller lives to hear of it."""

    def __init__(self, folder: Path, log: Path, step: Step) -> None:
        super().__init__(folder)
        self._log, self._step = log, step

    async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        """One file, one line."""
        self._step("connected")

        async def told() -> None:
            await before_data()
            self._step("before DATA")
            _note(self._log, shipment.message_id, shipment.wire)

        outcome = await super().deliver(shipment, told)
        self._step("after the dot")
        return outcome


class _Stepping(FolderMailbox):
    def __init__(self, path: Path, account: str, step: Step) -> None:
        super().__init__(path, account)
        self._step = step

    def _move(self, uids: Any, target: Path) -> set[str]:
        gone = set()
        for uid in uids:
            self._step("before the move")
            gone |= super()._move([uid], target)
            self._step("after the move")
        return gone

    def _read(self, uid: str, limit: int) -> bytes:
        self._step("fetch")
        return super()._read(uid, limit)


def _in_folders(home: Path) -> Arrived:
    return _arrived(home / "arrived")


# -- killed at random moments, under load -----------------------------------------------------------------------------


def killed(
    folder: Path,
    places: Places,
    serve: Callable[[App], None],
    *,
    kills: int,
    seed: int,
    nodes: int = 1,
    life: tuple[float, float] = LIFE,
) -> CrashReport:
    """Kill running gateways, and the clerk who feeds them, so many times. `nodes` serve the municipality at once.

    `serve` is what `gateway serve` does with an opened gateway.
    """
    chance = random.Random(seed)
    set_up(folder / "stage")
    log = folder / "arrived"
    with _relay(folder / "stage", log, seed) as port:
        stage = Stage(folder / "stage", port)
        where = {role: places() for role in ROLES}
        stage.introduce(where)
        with (first := stage.app(GEMEENTE.role, where[GEMEENTE.role])).store:
            for count in range(1, ORDERS + 1):  # so that there is work however soon the clerk dies
                _order_once(stage, first, count)
        cast: dict[str, Callable[[], None]] = {
            "clerk": lambda: _clerk(stage, where[GEMEENTE.role]),
            AANBIEDER.role: lambda: serve(stage.app(AANBIEDER.role, where[AANBIEDER.role])),
        }
        for number in range(1, nodes + 1):
            node = f"node-{number}"
            cast[node] = lambda node=node: serve(stage.app(GEMEENTE.role, where[GEMEENTE.role], node))  # type: ignore[misc]
        running = {_child(work): name for name, work in cast.items()}
        faults: list[str] = []
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(*life))
                victim = chance.choice(sorted(running))
                name = running.pop(victim)
                faults += _kill(victim, name)
                running[_child(cast[name])] = name
        finally:
            for pid, name in running.items():
                faults += _kill(pid, name)
        scene = stage.scene(where, datetime.now(UTC))
        with _closing(scene):
            _settle(scene)
            faults += _wrong(scene, _arrived(log))
            with scene.gemeente.store.view(now=scene.clock()) as view:
                orders = len(view.berichten.list(soort="WMO301", limit=100_000))
    return CrashReport(steps=orders, kills=kills, faults=tuple(faults))


def _kill(pid: int, name: str) -> Iterator[str]:
    """A fault if it had ended already: then nothing was running that could lose or double anything."""
    if (ended := os.waitpid(pid, os.WNOHANG)) != (0, 0):
        yield f"{name} ended by itself ({os.waitstatus_to_exitcode(ended[1])})"
        return
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _clerk(stage: Stage, place: str) -> None:
    """Commits one order after another for as long as it lives."""
    app = stage.app(GEMEENTE.role, place, node="clerk")
    with app.store.view(now=datetime.now(UTC)) as view:
        number = max(
            (int(row.identificatie[1:]) for row in view.berichten.list(soort="WMO301", limit=100_000)), default=0
        )
    while True:
        number += 1
        with app.store.unit(now=datetime.now(UTC), actor="clerk") as unit:
            stage.order(unit, app, number)
        time.sleep(0.2)


@contextmanager
def _relay(folder: Path, log: Path, seed: int) -> Iterator[int]:
    """A relay in a process of its own, on a free port."""
    read, write = os.pipe()

    def run() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "relay" / "tls.pem", folder / "relay" / "tls.key")
        passwords = {party: (folder / party.role / "keys" / "relay.password").read_text().strip() for party in CAST}
        accounts = tuple(Account(party.address, password) for party, password in passwords.items())
        relay = _CountingRelay(folder / "relay", accounts, context, lambda: datetime.now(UTC))
        relay.log, relay.chance = log, random.Random(seed)
        with relay:
            os.write(write, f"{relay.port}\n".encode())
            signal.pause()

    pid = _child(run)
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            yield int(pipe.readline())
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


class _CountingRelay(Relay):
    """Counts what it takes; now and then it takes a message and hangs up instead of saying so."""

    log: Path
    chance: random.Random

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """One line a message."""
        answer = await super().handle_DATA(server, session, envelope)
        found = _MESSAGE_ID.search(envelope.content)
        _note(self.log, found.group(1).decode() if found else "<none>", envelope.content)
        if self.chance.random() < HANGS_UP:
            server.transport.abort()
        return answer


# -- what must be true ------------------------------------------------------------------------------------------------


def _settle(scene: Scene) -> None:
    """What a restart does, and then all that time brings, until nothing is left to do."""
    for app in scene.apps.values():
        with app.store.unit(now=scene.clock(), actor="selftest") as unit:
            for node in _nodes(unit):
                unit.attempts.recover(node=node)
    asyncio.run(_until_quiet(scene))


def _nodes(unit: Unit) -> set[str]:
    """Every node that ever made an attempt: all of them are dead by now."""
    return {attempt.node for item in _all(unit) for attempt in unit.outbox.attempts(item.id)}


async def _until_quiet(scene: Scene) -> None:
    try:
        for _ in range(SETTLE_MAX):
            with suppress(StepFailed):
                await scene.settle()
                return
    finally:
        for app in scene.apps.values():
            await app.close_connections()


def _wrong(scene: Scene, arrived: Arrived) -> Iterator[str]:
    now = scene.clock()
    with scene.gemeente.store.view(now=now) as ours, scene.aanbieder.store.view(now=now) as theirs:
        yield from _wrong_orders(ours, theirs)
        known: set[str] = set()
        for side, view in ((GEMEENTE.role, ours), (AANBIEDER.role, theirs)):
            yield from (f"{side}: {fault}" for fault in _wrong_outbox(view, arrived, known))
            for item in view.inbox.list(limit=100_000):
                if item.state not in ("handled", "duplicate"):
                    yield f"{side}: incoming message {item.id} ended as {item.state} ({item.reason}, {item.detail})"
            if view.audit.verify().broken_at is not None:
                yield f"{side}: the audit trail is broken"
        yield from (f"{name} arrived and no outbox knows it" for name in arrived if name not in known)


def _wrong_orders(ours: Unit, theirs: Unit) -> Iterator[str]:
    """Each order that was committed has one effect and one answer, and nothing else has."""
    orders = {row.identificatie: row for row in ours.berichten.list(soort="WMO301", limit=100_000)}
    taken = Counter(row.identificatie for row in theirs.berichten.list(soort="WMO301", limit=100_000))
    if not orders:
        yield "no order was made"
    yield from (f"{name} had {count} effects" for name, count in taken.items() if count != 1 or name not in orders)
    for name, row in orders.items():
        if row.outbox_id is None or ours.outbox.get(row.outbox_id).kind != "WMO301":
            yield f"{name} was committed without its message"
        if name not in taken:
            yield f"{name} is lost"
        answers = [answer for answer in ours.berichten.answers(row.id) if answer.richting == "in"]
        if len(answers) != 1:
            yield f"{name} has {len(answers)} answers"
        if row.status != "accepted":
            yield f"{name} ended as {row.status}"
    carried = sum(item.kind == "WMO301" for item in _all(ours))
    if carried != len(orders):
        yield f"{carried} messages for {len(orders)} orders"


def _wrong_outbox(view: Unit, arrived: Arrived, known: set[str]) -> Iterator[str]:
    for item in _all(view):
        known.add(item.message_id)
        copies, attempts = arrived.get(item.message_id, ()), view.outbox.attempts(item.id)
        if not copies:
            yield f"{item.kind} {item.id} never arrived (state {item.state})"
        if len({*copies, *(attempt.sha256 for attempt in attempts), item.sha256}) != 1:
            yield f"{item.kind} {item.id} was sent with different bytes"
        if item.state != ("submitted" if item.kind == "receipt" else "received"):
            yield f"{item.kind} {item.id} ended as {item.state} ({item.reason})"
        repeats = sum(note.event == "repeat" for note in view.outbox.notes(item.id))
        doubtful = sum(a.verdict in (None, "uncertain") for a in attempts)
        if len(copies) > 1 + repeats + doubtful:
            yield f"{item.kind} {item.id} was sent {len(copies)} times, of which {doubtful} attempts were doubtful"


def _all(view: Unit) -> Iterator[Any]:
    after = 0
    while batch := view.outbox.list(after=after, limit=1000):
        yield from batch
        after = batch[-1].id


# -- processes and files ----------------------------------------------------------------------------------------------


def _child(work: Callable[[], None]) -> int:
    """Do it in a process of its own; its id. It ends with 0, or with 3 if it failed."""
    child = os.fork()
    if child:
        return child
    try:
        logging.disable(logging.CRITICAL)
        work()
        os._exit(0)
    finally:
        os._exit(3)


def _ended(child: int) -> int:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code > 0:
        raise RuntimeError("a child failed without being killed")
    return code


@contextmanager
def _closing(scene: Scene) -> Iterator[None]:
    try:
        yield
    finally:
        for app in scene.apps.values():
            app.store.close()


def _note(log: Path, message_id: str, wire: bytes) -> None:
    """One write, so that a line is whole or not there."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{message_id} {hashlib.sha256(wire).hexdigest()}\n".encode())
    os.close(descriptor)


def _arrived(log: Path) -> Arrived:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for line in log.read_text().splitlines() if log.exists() else ():
        message_id, digest = line.split()
        found[message_id].append(digest)
    return found
