"""Proof on this machine that a crash loses nothing and doubles nothing: processes killed at every numbered step.

A child process sends, or receives, and kills itself (SIGKILL) at step n: before a statement, around a commit, between
two moves of the dialogue. A second run then finishes the work, and a counterpart that only counts is compared with what
the store says. Steps are counted, not chosen, so a step that is added later is tested without a change here.
"""

import asyncio
import hashlib
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from gateway.domain.delivery import Outcome, Shipment
from gateway.store import InboxItem, MasterKey, NewIdentity, Outgoing, Settled, Store
from gateway.transports import BeforeData, MaildirMailbox

from .deliver import deliver_due
from .handle import handle_inbox
from .pickup import pickup

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
MESSAGES = 4
ROUNDS = 2  # an hour each: longer than every waiting time that one crash can leave
ME, PARTNER = "wmo@gemeente.example", "plan@zorg.example"

Step = Callable[[str], None]


class CrashReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one series of kills."""

    steps: int  # numbered steps in an undisturbed run; of random kills: the orders that were made meanwhile
    kills: int
    faults: tuple[str, ...]  # one sentence each; empty is the proof


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One side of the work: how it begins, what is done until it is killed, and what must then be true."""

    name: str
    begin: Callable[[Store, Path], None]
    work: Callable[[Store, Path, datetime, Step], None]
    faults: Callable[[Store, Path], Iterable[str]]


def crash_test(case: Case, folder: Path, place: Callable[[int], str], *, every: int = 1, first: int = 1) -> CrashReport:
    """Kill at steps `first`, `first` + `every`, …, until a run ends by itself.

    `place` gives an empty database for each kill; `folder` is where the mailbox and the counterpart keep their files.
    """
    faults: list[str] = []
    kills, number = 0, first
    while True:
        home = folder / f"{case.name}-{number}"
        home.mkdir()
        where, master = place(number), MasterKey.generate()
        with Store.open(where, master, node="selftest") as store:
            case.begin(store, home)
        killed = _until(number, case, where, master, home)
        with Store.open(where, master, node="selftest") as store:
            _finish(case, store, home)
            faults += [f"{case.name}, killed at step {number}: {fault}" for fault in case.faults(store, home)]
        if not killed:
            return CrashReport(steps=number - 1, kills=kills, faults=tuple(faults))
        kills, number = kills + 1, number + every


def _until(number: int, case: Case, where: str, master: MasterKey, home: Path) -> bool:
    """Run in a child that dies at this step; False if it came to its end before."""
    child = os.fork()
    if child == 0:
        try:
            with Store.open(where, master, node="selftest") as store, dying(number) as step:
                store.on_step(step)
                case.work(store, home, START, step)
            os._exit(0)
        finally:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise RuntimeError(f"{case.name}: the child failed at step {number} without being killed")
    return False


@contextmanager
def dying(number: int) -> Iterator[Step]:
    """A step that kills this process (SIGKILL) when it is called for the `number`th time."""
    count = 0

    def step(_: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    yield step


def _finish(case: Case, store: Store, home: Path) -> None:
    """What a restart does, until nothing is left to do."""
    with store.unit(now=START, actor="selftest") as unit:
        unit.attempts.recover(node="selftest")
    for hour in range(1, ROUNDS + 1):
        case.work(store, home, START + timedelta(hours=hour), lambda _: None)


# -- sending ---------------------------------------------------------------------------------------------------------


class _Counterpart:
    """A relay that counts: what it was given stands in a file, one line a message."""

    def __init__(self, home: Path, step: Step) -> None:
        self._log, self._step = home / "arrived", step

    async def deliver(self, shipment: Shipment, before_data: BeforeData) -> Outcome:
        """Take the message; every move is a step."""
        self._step("connected")
        await before_data()
        self._step("before DATA")
        with self._log.open("a") as file:
            file.write(f"{shipment.message_id} {hashlib.sha256(shipment.wire).hexdigest()}\n")
        self._step("after the dot")
        return Outcome(verdict="submitted", phase="data", code=250)

    async def close(self) -> None:
        """Nothing to end."""


def _put(store: Store, _: Path) -> None:
    for number in range(MESSAGES):
        with store.unit(now=START, actor="selftest") as unit:
            unit.outbox.put(
                Outgoing(
                    message_id=f"<{number}@gemeente.example>",
                    kind="selftest",
                    partner="zorg",
                    channel="out",
                    sender=ME,
                    recipient=PARTNER,
                    wire=f"Subject: {number}\r\n\r\n".encode(),
                    reference="toewijzing-1" if number < 2 else None,
                )
            )


def _send(store: Store, home: Path, now: datetime, step: Step) -> None:
    asyncio.run(deliver_due(store, {"out": _Counterpart(home, step)}, lambda: now, claimed_max=2))


def _sent_wrong(store: Store, home: Path) -> Iterator[str]:
    arrived = [line.split() for line in (home / "arrived").read_text().splitlines()]
    with store.view(now=START) as view:
        for item in view.outbox.list():
            copies = [digest for message_id, digest in arrived if message_id == item.message_id]
            if not copies:
                yield f"{item.message_id} is lost (state {item.state})"
            if len(set(copies)) > 1:
                yield f"{item.message_id} was sent with different bytes"
            if len(copies) > 2:
                yield f"{item.message_id} was sent {len(copies)} times for one crash"
            if item.state != "submitted":
                yield f"{item.message_id} ended as {item.state}"
            if {a.sha256 for a in view.outbox.attempts(item.id)} != {item.sha256}:
                yield f"{item.message_id}: an attempt recorded other bytes"
        ordered = [f"<{number}@gemeente.example>" for number in (0, 1)]
        if next((message_id for message_id, _ in arrived if message_id in ordered), None) != ordered[0]:
            yield "the order within one reference was lost"


# -- receiving -------------------------------------------------------------------------------------------------------


def _arrive(_: Store, home: Path) -> None:
    new = home / "mail" / "new"
    new.mkdir(parents=True)
    for number in range(MESSAGES):
        (new / f"{number}.host").write_bytes(f"Message-ID: <{number}@zorg.example>\r\n\r\n{number}\r\n".encode())
    # The same message once more, as a relay makes it after a lost reply: other bytes around the same identity.
    again = f"Received: twice\r\nMessage-ID: <0@zorg.example>\r\n\r\n{0}\r\n".encode()
    (new / "again.host").write_bytes(again)


def _receive(store: Store, home: Path, now: datetime, step: Step) -> None:
    class Mailbox(MaildirMailbox):
        def _move(self, uids: Iterable[str], target: Path) -> set[str]:
            gone = set()
            for uid in uids:
                step("before the move")
                gone |= super()._move([uid], target)
                step("after the move")
            return gone

    async def both() -> None:
        await pickup(store, Mailbox(home / "mail", ME), lambda: now)
        await handle_inbox(store, _accept(store), lambda: now)

    asyncio.run(both())


def _accept(store: Store) -> Callable[[InboxItem, bytes, datetime], None]:
    """A flow in small: effect, receipt, identity and settlement in one unit."""

    def handler(item: InboxItem, raw: bytes, now: datetime) -> None:
        message_id = raw.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode()
        mic = hashlib.sha256(raw.partition(b"\r\n\r\n")[2]).digest()
        with store.unit(now=now, actor="selftest") as unit:
            if unit.identities.look_up("zorg", message_id, mic).verdict == "duplicate":
                unit.inbox.settle(Settled(item.id, "duplicate"))
                return
            unit.records.add("effect", f"{message_id} {item.id}", {})
            receipt = unit.outbox.put(
                Outgoing(
                    message_id=f"<receipt-{item.id}@gemeente.example>",
                    kind="receipt",
                    partner="zorg",
                    channel="out",
                    sender="",
                    recipient=PARTNER,
                    wire=b"Subject: receipt\r\n\r\n",
                )
            )
            unit.identities.register(
                NewIdentity("zorg", message_id, mic, outcome="handled", inbox_id=item.id, receipt_id=receipt)
            )
            unit.audit.write("handled", f"inbox/{item.id}")
            unit.inbox.settle(Settled(item.id, "handled", partner="zorg", message_id=message_id, mic=mic))

    return handler


def _received_wrong(store: Store, home: Path) -> Iterator[str]:
    with store.view(now=START) as view:
        states = sorted(item.state for item in view.inbox.list())
        if states != ["duplicate"] + ["handled"] * MESSAGES:
            yield f"the inbox ended as {states}"
        effects = sorted(record.sleutel.split()[0] for record in view.records.list("effect", dict))
        if effects != [f"<{number}@zorg.example>" for number in range(MESSAGES)]:
            yield f"effects: {effects}"
        if len(view.outbox.list()) != MESSAGES:
            yield f"{len(view.outbox.list())} receipts"
        if view.audit.verify().broken_at is not None or view.audit.head().nr != MESSAGES:
            yield "the trail is not what was done"
        if view.places.unmoved("maildir", ME, "mail"):
            yield "a moved message is not marked"
    if list((home / "mail" / "new").iterdir()):
        yield "a message still stands in the mailbox"


SENDING = Case(name="sending", begin=_put, work=_send, faults=_sent_wrong)
RECEIVING = Case(name="receiving", begin=_arrive, work=_receive, faults=_received_wrong)
