"""Which mail is fetched whole: partners', and reports of what we sent; of strangers the header (SM-144)."""

import re
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway import securemail
from gateway.domain.delivery import Admission
from gateway.flows import tasks
from gateway.flows.cases import today
from gateway.flows.tasks import Task
from gateway.store import Store, Unit

QUOTA_BYTES: Final = 2_000_000_000  # of all mail that was refused before its sender was known
QUOTA_ENTRIES: Final = 10_000
FREE_DISK: Final = 2_000_000_000
FREE_FLOOR: Final = 200_000_000  # below it nothing is fetched any more: what is here must still be handled and answered
ACTOR: Final = "flow:welcome"
SELF_CHECK: Final = "check."
"""Begins the Message-ID of a mail to ourselves by `gateway check`, which waits for it in the mailbox."""

_ENVELOPE_ID = re.compile(rb"^Original-Envelope-Id:[ \t]*([0-9a-f]{32})\s*$", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(rb"<[0-9a-f]{32}@[A-Za-z0-9.-]{1,200}>")
_NAMES_MAX = 50  # looked up in one report: ours has one


class Doorkeeper:
    """Judges mail before it is fetched. Everything it reads is a claim: it decides what is stored, nothing else."""

    def __init__(self, store: Store, clock: Callable[[], datetime], disk: Path, own: str | None = None) -> None:
        self._store, self._clock, self._disk = store, clock, disk
        self._own = None if own is None else own.lower()

    def by_header(self, header: bytes) -> Admission:
        """A partner's whole; a report is looked into; of a stranger the header, or nothing while there is no room."""
        if self._free() < FREE_FLOOR:
            return self._no_room()
        seen = securemail.classify(header)
        if (
            seen.sender is not None
            and seen.sender == self._own
            and (seen.message_id or "").startswith(f"<{SELF_CHECK}")
        ):
            return "leave"
        with self._store.view(now=self._clock()) as view:
            if seen.sender is not None and view.partners.find("address", seen.sender) is not None:
                return "whole"
        if seen.null_sender or seen.kind in ("delivery-status", "disposition-notification"):
            return "look"
        return self._stranger()

    def by_report(self, raw: bytes) -> Admission:
        """A report that names an envelope id or a Message-ID of ours whole; any other is a stranger's."""
        with self._store.view(now=self._clock()) as view:
            if _names_ours(view, raw):
                return "whole"
        return self._stranger()

    def stamp(self) -> object:
        """Partners' addresses, and whether there is room: what was left is judged again when these changed."""
        with self._store.view(now=self._clock()) as view:
            return view.partners.addresses(), self._has_room(view), self._free() < FREE_FLOOR

    def _stranger(self) -> Admission:
        with self._store.view(now=self._clock()) as view:
            room = self._has_room(view)
        return "header" if room else self._no_room()

    def _has_room(self, view: Unit) -> bool:
        load = view.inbox.unproven()
        return load.bytes < QUOTA_BYTES and load.entries < QUOTA_ENTRIES and self._free() >= FREE_DISK

    def _free(self) -> int:
        return shutil.disk_usage(self._disk).free

    def _no_room(self) -> Admission:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            _alarm(unit, "post" if self._free() < FREE_FLOOR else "post van onbekende afzenders")
        return "leave"


def _names_ours(unit: Unit, raw: bytes) -> bool:
    envelope_ids = {found.decode().lower() for found in _ENVELOPE_ID.findall(raw)}
    message_ids = {found.decode() for found in _MESSAGE_ID.findall(raw)}
    if len(envelope_ids) + len(message_ids) > _NAMES_MAX:
        return False
    return any(unit.outbox.by_envelope_id(each) is not None for each in envelope_ids) or any(
        unit.outbox.by_message_id(each) is not None for each in message_ids
    )


def _alarm(unit: Unit, what: str) -> None:
    """Once a day; the mail itself waits in the mailbox, unread."""
    about = f"alarm/room/{today(unit)}"
    if unit.records.get(tasks.SOORT, about, Task) is None:
        task = Task(
            what=f"Er is geen ruimte meer voor {what}; zij blijft ongelezen in de postbus staan.",
            who="Post van partners wordt nog opgehaald zolang er ruimte is.",
            advice="Ruim de quarantaine op of maak schijfruimte vrij.",
            weight="alarm",
        )
        tasks.raise_task(unit, about, task)
