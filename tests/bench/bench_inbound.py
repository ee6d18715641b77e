"""The whole inbound path against the outbound one: `python -m tests.bench inbound`.

A provider fetches orders that a municipality sealed: raw bytes committed, let go of by the mailbox, opened, parsed,
judged by the rules, registered, answered with a sealed WMO302 and a signed receipt, both queued. So a message in is a
decryption and two signatures, where one out is one signature. IMAP is measured where Dovecot can be started.

Fetching and handling are two jobs of a running gateway, which handles what is fetched while it fetches more. So they
run beside each other here, as making orders and delivering them do in the outbound figure.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gateway.flows.intake import handler
from gateway.flows.parties import add_partner
from gateway.flows.welcome import Doorkeeper
from gateway.store import MasterKey, Store
from gateway.transports import ImapMailbox, ImapSettings, Mailbox, MaildirMailbox, client_context
from gateway.worker import handle_inbox, pickup
from tests import realmail
from tests.bench import quiet, sink, world
from tests.bench.rows import Row
from tests.securemail import world as mail
from tests.transports.pki import Authority

MESSAGES = 200
ROUNDS = 3
USER = realmail.USERS[0]


def rows() -> list[Row]:
    """Messages a second out, in from a maildir, in from IMAP."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wmo-bench-")))
        folder.chmod(0o755)
        stack.enter_context(quiet.logs_in(folder / "log"))
        authority = Authority(folder)
        port, _ = stack.enter_context(sink.running(folder, *authority.server()))
        sender = world.Municipality(folder / "sender.db", MasterKey.generate())
        maker = world.Municipality(folder / "maker.db", MasterKey.generate(), providers=1, node="maker")
        sender.introduce()
        maker.introduce()
        asyncio.run(world.send(sender, world.BATCH, port, authority.pem))
        boxes: dict[str, _Box] = {"a maildir": _Maildir(folder / "box")}
        if realmail.missing() is None:
            system = stack.enter_context(realmail.system(*authority.server()))
            boxes["IMAP"] = _Imap(system, authority.pem)
        best = dict.fromkeys(boxes, 0.0)
        out = 0.0
        for turn in range(ROUNDS + 1):  # the first one is to warm up
            for name, box in boxes.items():
                with _provider(folder / f"{turn}-{name.replace(' ', '')}.db") as take:
                    rate = _rate(take, box, _wires(maker, MESSAGES))
                best[name] = max(best[name], rate if turn else 0.0)
            start = time.perf_counter()
            asyncio.run(world.send(sender, MESSAGES, port, authority.pem))
            out = max(out, MESSAGES / (time.perf_counter() - start))
    targets = {"a maildir": 0.5, "IMAP": 0.4}
    return [
        Row(
            name=f"inbound, whole path from {name}",
            measured=rate,
            reference=out,
            against="outbound, whole path",
            target=targets[name],
            better="higher",
            unit="/s",
        )
        for name, rate in best.items()
    ]


class _Box:
    """A mailbox that can be filled."""

    mailbox: Callable[[], Mailbox]

    def fill(self, wires: Sequence[bytes]) -> None:
        """Put messages into it."""
        raise NotImplementedError


class _Maildir(_Box):
    def __init__(self, path: Path) -> None:
        self._path = path
        for part in ("new", "cur", "tmp"):
            (path / part).mkdir(parents=True)
        self.mailbox = lambda: MaildirMailbox(path, world.address(0))

    def fill(self, wires: Sequence[bytes]) -> None:
        for number, wire in enumerate(wires):
            (self._path / "new" / f"{time.time_ns()}.{number}.bench").write_bytes(wire)


class _Imap(_Box):
    """Dovecot: filled through its folders, read by IMAP under TLS."""

    def __init__(self, system: realmail.Mail, authority: str) -> None:
        self._new = system.maildir(USER) / "new"
        settings = ImapSettings(host="127.0.0.1", port=system.imaps, username=USER, password=realmail.SECRET)
        self.mailbox = lambda: ImapMailbox(settings, client_context(authority))
        for part in ("", "new", "cur", "tmp"):
            (system.maildir(USER) / part).mkdir(exist_ok=True)
            shutil.chown(system.maildir(USER) / part, "nobody")

    def fill(self, wires: Sequence[bytes]) -> None:
        for number, wire in enumerate(wires):
            path = self._new / f"{time.time_ns()}.{number}.bench"
            path.write_bytes(wire.replace(b"\r\n", b"\n"))
            os.chmod(path, 0o644)


Take = Callable[[Mailbox], int]


@contextmanager
def _provider(path: Path) -> Iterator[Take]:
    """A provider with an empty store: takes in everything of a mailbox, and says how many."""
    us = world.surroundings("aanbieder", world.code(0), world.address(0))
    with Store.open(path, MasterKey.generate(), node="in") as store:
        with store.unit(now=world.now(), actor="bench") as unit:
            add_partner(unit, world.record("gemeente", world.EXAMPLE.header.afzender, mail.MUNICIPALITY))

        async def take(mailbox: Mailbox) -> int:
            doorkeeper, handle = Doorkeeper(store, world.now, path.parent), handler(store, us)
            fetching, done = asyncio.create_task(pickup(store, mailbox, world.now, welcome=doorkeeper)), []
            while not fetching.done():
                done += await handle_inbox(store, handle, world.now)
                await asyncio.wait({fetching}, timeout=0.005)
            await fetching
            done += await handle_inbox(store, handle, world.now)
            assert all(each.state == "handled" for each in done), done
            return len(done)

        yield lambda mailbox: asyncio.run(take(mailbox))
        with store.view(now=world.now()) as view:
            waiting = [item.kind for item in view.outbox.list(limit=2 * MESSAGES + 1)]
        assert sorted(waiting) == ["WMO302"] * MESSAGES + ["receipt"] * MESSAGES, waiting


def _wires(maker: world.Municipality, count: int) -> list[bytes]:
    """Sealed orders that nobody sends."""
    with maker.store.view(now=world.now()) as view:
        last = max((item.id for item in view.outbox.list(limit=1_000_000)), default=0)
    maker.order(count)
    with maker.store.view(now=world.now()) as view:
        return [view.outbox.wire(item.id) for item in view.outbox.list(after=last, limit=count)]


def _rate(take: Take, box: _Box, wires: Sequence[bytes]) -> float:
    box.fill(wires)
    start, taken = time.perf_counter(), 0
    while taken < len(wires):
        taken += take(box.mailbox())
    return len(wires) / (time.perf_counter() - start)
