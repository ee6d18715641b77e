"""Keep revocation data fresh while the gateway runs: fetch what is due, use it at once, without a restart (6.2)."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.config import RevocationData
from gateway.flows.parties import Surroundings
from gateway.flows.revocation import (
    Acted,
    Question,
    act,
    authorities,
    due,
    keep_list,
    keep_response,
    questions,
    standing,
    stored,
    take_dropped,
    tell_overdue,
)
from gateway.securemail import Revocation
from gateway.securemail.revocation_check import read_list, read_response
from gateway.store import Store, Unit
from gateway.transports.fetch import Fetched, Fetcher
from gateway.worker import Clock

log = structlog.get_logger("gateway.revocation")

ACTOR = "job:revocation"
AT_ONCE = 4  # on their way together
A_RUN = 20  # of each at most: also when every server is silent a run ends within minutes, and good data are used


class Sources(msgspec.Struct, frozen=True):
    """Where revocation data come from: the addresses of the settings, and the folder where an operator puts lists."""

    settings: RevocationData
    folder: Path

    def fetcher(self) -> Fetcher:
        """For these addresses only (SM-36)."""
        return Fetcher((*self.settings.lists, *self.settings.responders))

    def may_ask(self, url: str) -> bool:
        """Whether this responder is configured; an address of a list is none."""
        return Fetcher(self.settings.responders).may(url)

    def files(self) -> tuple[tuple[str, int, int], ...]:
        """What is in the folder, so that a change is seen."""
        found = sorted(self.folder.glob("*")) if self.folder.is_dir() else []
        return tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in found)


def load(store: Store, us: Surroundings, sources: Sources, now: datetime) -> bool:
    """Put the data of store and folder into `us` if they changed since; whether they did (SM-41).

    A list from the folder is kept in the store like a fetched one, so that an older one that is put there later is
    seen to be put back, and not used (SM-137). One whose authority is not configured cannot be checked before it is
    needed: it is used as it is, and not remembered.
    """
    with store.view(now=now) as view:
        stamp = (standing(view).changes, sources.files())
        if us.revocation_stamp == stamp:
            return False
        lists, responses = stored(view)
    found = [(file, read_list(data, authorities(us), now)) for file, data in _dropped(sources.folder, set(lists))]
    unchecked = [_der(file) for file, one in found if one in ("signer", "from-the-future")]
    for file, one in found:
        if isinstance(one, str) and one not in ("signer", "from-the-future"):
            log.warning("list_unusable", file=file.name, why=one)
    verified = [(file.name, one) for file, one in found if not isinstance(one, str)]
    if verified:
        with _alone(store, now) as unit:
            for name in take_dropped(unit, verified):
                log.warning("list_put_back", file=name)
            stamp = (standing(unit).changes, stamp[1])
            lists, responses = stored(unit)
    grace = timedelta(hours=sources.settings.grace_hours)
    us.revocation = Revocation((*unchecked, *lists), responses, grace)
    us.revocation_stamp = stamp
    return True


@contextmanager
def _alone(store: Store, now: datetime) -> Iterator[Unit]:
    """Every node does it every minute, and they keep their standing in the same record."""
    with store.unit(now=now, actor=ACTOR) as unit:
        unit.alone_at(ACTOR)
        yield unit


def _dropped(folder: Path, known: set[bytes]) -> list[tuple[Path, bytes]]:
    """The files in the folder that are not in the store already, byte for byte."""
    files = sorted(file for file in folder.glob("*") if file.is_file()) if folder.is_dir() else []
    return [(file, data) for file in files if (data := file.read_bytes()) not in known]


def _der(file: Path) -> bytes:
    data = file.read_bytes()
    return x509.load_pem_x509_crl(data).public_bytes(Encoding.DER) if data.startswith(b"-----") else data


async def refresh_revocation(
    store: Store, us: Surroundings, sources: Sources, clock: Clock, fetcher: Fetcher | None = None
) -> str:
    """Fetch what is due, use it, open again what waited for it; what was done, in a few words.

    To be run every minute, on every node: a certificate that was confirmed just now is asked about then too.
    """
    fetcher = fetcher or sources.fetcher()
    urls, asked = await asyncio.to_thread(_due, store, us, sources, clock())
    turn, one = asyncio.Semaphore(AT_ONCE), asyncio.Lock()  # one: all keep their standing in the same record

    async def get(url: str) -> bool:
        async with turn:
            fetched = await fetcher.get(url)
        async with one:
            return await asyncio.to_thread(_keep_list, store, us, url, fetched, clock())

    async def ask(question: Question) -> bool:
        async with turn:
            fetched = await fetcher.ask(question.url, question.request)
        async with one:
            return await asyncio.to_thread(_keep_response, store, question, fetched, clock())

    new = sum(await asyncio.gather(*map(get, urls), *map(ask, asked)))
    acted, late = await asyncio.to_thread(_use, store, us, sources, clock())
    return (
        f"{len(urls)} lists and {len(asked)} certificates asked, {new} new, {acted.reopened} opened again, {late} late"
    )


def _due(store: Store, us: Surroundings, sources: Sources, now: datetime) -> tuple[list[str], Sequence[Question]]:
    wanted = sources.settings
    with store.view(now=now) as view:
        urls = due(view, wanted.lists, timedelta(minutes=wanted.lists_minutes))[:A_RUN]
        if not wanted.responders:
            return urls, ()
        asked = {question.source: question for question in questions(view, us, sources.may_ask)}
        names = due(view, asked, timedelta(hours=wanted.responders_hours))
    return urls, [asked[name] for name in names[:A_RUN]]


def _keep_list(store: Store, us: Surroundings, url: str, fetched: Fetched, now: datetime) -> bool:
    found = fetched.fault or read_list(fetched.content, authorities(us), now)
    if isinstance(found, str):
        log.warning("list_missed", url=url, why=found)
    with _alone(store, now) as unit:
        return keep_list(unit, url, found)


def _keep_response(store: Store, question: Question, fetched: Fetched, now: datetime) -> bool:
    found = fetched.fault or read_response(fetched.content, question.certificate, question.issuer, now)
    if isinstance(found, str):
        log.warning("response_missed", url=question.url, why=found)
    with _alone(store, now) as unit:
        return keep_response(unit, question.source, found)


def _use(store: Store, us: Surroundings, sources: Sources, now: datetime) -> tuple[Acted, int]:
    load(store, us, sources, now)
    with _alone(store, now) as unit:
        acted, late = act(unit, us), tell_overdue(unit)
    for code in acted.revoked:
        log.warning("certificate_revoked", partner=code)
    if late:
        log.warning("waits_for_revocation_data", messages=late)
    return acted, late
