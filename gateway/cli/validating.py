"""Validating many messages: one pool of processes on all cores, results in the order of the files.

Schemas, rules and the folder of earlier messages are read once; a message then costs about a millisecond. Few
files are done in this process: starting workers would take longer.
"""

import gc
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from gateway.berichten import SOORTEN, read, validate
from gateway.cli.schemas import codelists as load_codelists
from gateway.cli.schemas import schemas as load_schemas
from gateway.domain.findings import has_errors

if TYPE_CHECKING:
    from gateway.berichten import Codelijsten, Report, Schemas, wmo323
    from gateway.berichten.deel import Deel
    from gateway.berichten.historie import History
    from gateway.berichten.regels import Hit
    from gateway.reconcile.contract import Contract
    from gateway.reconcile.register import Voorkennis
    from gateway.reconcile.state import State

ALONE = 24  # up to this many files no pool
CHUNK = 16  # files handed to a worker at a time
AGAINST_EARLIER = 3  # the control level
NAMED_BEFORE = 4096  # a message names its schema at the start


class Job(NamedTuple):
    """What every file is judged with."""

    level: int | None
    today: date
    earlier: tuple[Path, ...]  # files of messages already exchanged; empty: none at hand
    schemas: Path | None
    codelists: Path | None
    lang: Literal["nl", "en"]


class Ready(NamedTuple):
    """The same, loaded."""

    job: Job
    earlier: "tuple[Deel, ...]"
    history: "History | None"
    state: "State | None"  # of declarations; None if no earlier messages are at hand
    schemas: "Schemas | None"
    codelists: "Codelijsten | None"


Result = tuple[Path, "Report | str"]  # str: why the file cannot be read

_ready: Ready | None = None  # what a worker judges with: inherited, or loaded when it starts


def validate_files(files: list[Path], job: Job) -> Iterator[Result]:
    """Every file's report, in order. The workers start here, before the caller starts a thread for its progress bar."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ready = load(job)  # a folder that is not usable is said here, once, and not by every worker that starts
    if len(files) <= ALONE or cores == 1:
        return ((file, _one(file, ready)) for file in files)
    # The first file is judged here: what it loads (schema, codec, rules), workers that are forked inherit.
    first, rest = (files[0], _one(files[0], ready)), files[1:]
    _keep(ready)
    gc.freeze()  # what is loaded stays: neither this process nor those forked from it look through it for garbage
    pool = ProcessPoolExecutor(min(cores, len(files) // CHUNK + 1), initializer=_start, initargs=(job,))
    reports = pool.map(_in_worker, rest, chunksize=CHUNK)
    return _with(pool, chain([first], zip(rest, reports, strict=True)))


def _with(pool: ProcessPoolExecutor, results: Iterator[Result]) -> Iterator[Result]:
    with pool:
        yield from results


def load(job: Job) -> Ready:
    """Schemas, lists and history, once for all files."""
    schemas, lists = load_schemas(job.schemas, job.lang), load_codelists(job.codelists, job.lang)
    if not job.earlier:
        return Ready(job, (), None, None, schemas, lists)
    from gateway.berichten.historie import History
    from gateway.reconcile.historie import uit_berichten

    earlier = messages(job.earlier, schemas)
    return Ready(job, earlier, History.of(earlier), uit_berichten(earlier).state, schemas, lists)


def messages(files: tuple[Path, ...], schemas: "Schemas | None" = None) -> "tuple[Deel, ...]":
    """The messages in these files; what cannot be read as one is left out."""
    readings = (read(file.read_bytes(), schemas=schemas) for file in files)
    return tuple(reading.bericht for reading in readings if reading.bericht is not None)


def _start(job: Job) -> None:
    if _ready is None or _ready.job != job:  # a worker that was not forked starts with nothing
        _keep(load(job))


def _keep(ready: Ready) -> None:
    global _ready
    _ready = ready


def _in_worker(file: Path) -> "Report | str":
    assert _ready is not None
    return _one(file, _ready)


def _one(file: Path, ready: Ready) -> "Report | str":
    job = ready.job
    try:
        data = file.read_bytes()
    except OSError as error:
        return f"{file} kan niet gelezen worden: {error.strerror}."
    sources: dict[str, Any] = {}
    if b"wmo323" in data[:NAMED_BEFORE]:
        # The rules about declarations live in a room above, and register themselves when they are loaded.
        from gateway.reconcile.register import BRON

        sources = {BRON: _Declaraties(ready)} if ready.state is not None else {}
    report = validate(
        data,
        level=job.level,
        today=job.today,
        earlier=ready.history,
        sources=sources,
        schemas=ready.schemas,
        codelists=ready.codelists,
        lang=job.lang,
    )
    return _as_answer(report, data, ready) if report.level >= AGAINST_EARLIER else report


def _as_answer(report: "Report", data: bytes, ready: Ready) -> "Report":
    """A return message is also held against the message that it answers (IV028); of a WMO325 the rules do so."""
    kind = SOORTEN.get(report.bericht or "")
    if kind is None or not kind.is_retour or kind.soort == "WMO325":
        return report
    bericht = read(data, schemas=ready.schemas).bericht
    if bericht is None:
        return report
    from gateway.berichten.regels.controle import met_regels
    from gateway.berichten.retour import controleer

    found = list(controleer(bericht, ready.history, ready.job.lang))
    if ready.history is None and ready.job.level is None:  # nobody asked to look back
        found = [f for f in found if f.severity != "unchecked"]
        report = msgspec.structs.replace(report, not_checked=(*report.not_checked, "IV028"))
    findings = (*report.findings, *met_regels(found, data, ready.schemas))
    return msgspec.structs.replace(report, findings=findings, valid=not has_errors(findings))


class _Declaraties:
    """What the rules about declarations look into; a declaration that lies among the earlier ones is left out."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready
        self._known: Voorkennis | None = None

    def hits(self, bericht: "wmo323.Bericht", code: str) -> "Iterator[Hit]":
        """The places where `bericht` breaks rule `code`."""
        if self._known is None:
            from gateway.reconcile.historie import uit_berichten
            from gateway.reconcile.register import Voorkennis

            ready = self._ready
            among = bericht in ready.earlier
            state = uit_berichten(ready.earlier, bericht).state if among else ready.state
            assert state is not None
            self._known = Voorkennis(state, self._contract(), ready.job.today)
        return self._known.hits(bericht, code)

    def _contract(self) -> "Contract":
        """No contract is at hand here; of what one holds, the lists may be (TR381)."""
        from gateway.reconcile.contract import Contract
        from gateway.reconcile.contract_bestand import with_lists

        lists = self._ready.codelists
        return Contract() if lists is None else with_lists(Contract(), lists)
