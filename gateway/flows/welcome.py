"""Which mail is fetched whole: partners', and reports of what we sent; of strangers the header (SM-144)."""

import re
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from gateway import securemail
from gateway.domain.delivery import Admission
from gateway.flows import tasks
from gateway.flows.cases import today
from gateway.flows.tasks import Task
from gateway.securemail.kinds import Classified
from gateway.store import Load, Store, Unit

QUOTA_BYTES: Final = 2_000_000_000  # of all mail that was refused before its sender was known
QUOTA_ENTRIES: Final = 10_000
CLAIMED: Final = 10  # times that, for mail that only says to be a partner's: who forges it must not fill the disk
FREE_DISK: Final = 2_000_000_000
REPORTS_MAX: Final = 10  # about one message by its Message-ID, which others know too; by envelope id there is no limit
LOAD_KEPT: Final = timedelta(seconds=10)  # what is in quarantine is counted again after that
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
        self._counted: tuple[datetime, Load] | None = None

    def by_header(self, header: bytes) -> Admission:
        """`by_headers` for one."""
        return self.by_headers([header])[0]

    def by_headers(self, headers: Sequence[bytes]) -> Sequence[Admission]:
        """A partner's whole; a report is looked into; of a stranger the header, or nothing while there is no room."""
        if self._free() < FREE_FLOOR:
            return [self._no_room("post")] * len(headers)
        seen = [securemail.classify(header) for header in headers]
        with self._store.view(now=self._clock()) as view:
            senders = {each.sender for each in seen if each.sender is not None}
            partners = {sender for sender in senders if view.partners.find("address", sender) is not None}
            flooded = bool(partners) and self._flooded(view)
        return [self._judged(each, is_partner=each.sender in partners, flooded=flooded) for each in seen]

    def _judged(self, seen: Classified, *, is_partner: bool, flooded: bool) -> Admission:
        if (
            seen.sender is not None
            and seen.sender == self._own
            and (seen.message_id or "").startswith(f"<{SELF_CHECK}")
        ):
            return "leave"
        if is_partner:
            return self._no_room("post die zegt van een partner te zijn") if flooded else "whole"
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
            room = self._has_room(view), self._flooded(view), self._free() < FREE_FLOOR
            return view.partners.addresses(), *room

    def _stranger(self) -> Admission:
        with self._store.view(now=self._clock()) as view:
            room = self._has_room(view)
        return "header" if room else self._no_room("post van onbekende afzenders")

    def _has_room(self, view: Unit) -> bool:
        return not self._over(view, 1) and self._free() >= FREE_DISK

    def _flooded(self, view: Unit) -> bool:
        """Partners' mail cannot be told from forged mail before it is opened: it gets more room, not all there is."""
        return self._over(view, CLAIMED) or (self._over(view, 1) and self._free() < FREE_DISK)

    def _over(self, view: Unit, times: int) -> bool:
        if self._counted is None or not timedelta() <= view.now - self._counted[0] < LOAD_KEPT:
            self._counted = view.now, view.inbox.unproven()
        load = self._counted[1]
        return load.bytes >= times * QUOTA_BYTES or load.entries >= times * QUOTA_ENTRIES

    def _free(self) -> int:
        return shutil.disk_usage(self._disk).free

    def _no_room(self, what: str) -> Admission:
        with self._store.unit(now=self._clock(), actor=ACTOR) as unit:
            _alarm(unit, "post" if self._free() < FREE_FLOOR else what)
        return "leave"


def _names_ours(unit: Unit, raw: bytes) -> bool:
    envelope_ids = {found.decode().lower() for found in _ENVELOPE_ID.findall(raw)}
    message_ids = {found.decode() for found in _MESSAGE_ID.findall(raw)}
    if len(envelope_ids) + len(message_ids) > _NAMES_MAX:
        return False
    if any(unit.outbox.by_envelope_id(each) is not None for each in envelope_ids):
        return True
    return any(_may_be_reported(unit, each) for each in message_ids)


def _may_be_reported(unit: Unit, message_id: str) -> bool:
    """Whether it is ours, and not told of so often that somebody must be playing with it."""
    sent = unit.outbox.by_message_id(message_id)
    if sent is None:
        return False
    return sum(note.event in ("bounce", "receipt") for note in unit.outbox.notes(sent.id)) < REPORTS_MAX


def _alarm(unit: Unit, what: str) -> None:
    """Once a day for each kind of mail; the mail itself waits in the mailbox, unread."""
    about = f"alarm/room/{what.rpartition(' ')[2]}/{today(unit)}"
    if unit.records.get(tasks.SOORT, about, Task) is None:
        task = Task(
            what=f"Er is geen ruimte meer voor {what}; zij blijft ongelezen in de postbus staan.",
            who="Post van partners wordt nog opgehaald zolang er ruimte is.",
            advice="Ruim de quarantaine op of maak schijfruimte vrij.",
            weight="alarm",
        )
        tasks.raise_task(unit, about, task)
