"""The stage of the demo: two gateways, the relay between them, the story's clock, and the folder a person looks in."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from gateway import securemail
from gateway.app import App
from gateway.demo.cast import AANBIEDER, GEMEENTE
from gateway.domain.delivery import Outcome
from gateway.flows.cases import DOCUMENT, Document, trajecten, uitvragen
from gateway.flows.parties import partner_book
from gateway.plans.model import OntvangenUitvraag, Traject
from gateway.securemail import Opened
from gateway.store import Bericht, OutboxItem
from gateway.transports import write_whole

ROUNDS_MAX = 20  # rounds of sending and receiving before a step says that nothing arrives
POST, IWMO, DOCUMENTEN = "post", "iwmo", "documenten"
PLAN_REFERENCE = 8  # characters of the plan code in a file name


class StepFailed(Exception):
    """The story cannot go on. The text is a Dutch sentence: what is wrong and what to do."""


class StoryClock:
    """The time of the story: goes forward only, and only when the story says so."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def __call__(self) -> datetime:
        return self._now

    def advance_to(self, moment: datetime) -> None:
        """Go on to `moment`; staying where we are if that lies in the past, as after a restart."""
        self._now = max(self._now, moment)


class Scene:
    """What every step of the story works with."""

    def __init__(self, folder: Path, gemeente: App, aanbieder: App, clock: StoryClock) -> None:
        self.folder, self.gemeente, self.aanbieder, self.clock = folder, gemeente, aanbieder, clock
        self.apps: Mapping[str, App] = {GEMEENTE.role: gemeente, AANBIEDER.role: aanbieder}

    # -- working ------------------------------------------------------------------------------------------------------

    async def run_once(self) -> bool:
        """One round: both gateways send what is due and take in what arrived; whether anything happened."""
        happened = False
        for app in self.apps.values():
            happened |= bool(await app.deliver(self.clock))
        for app in self.apps.values():
            picked, handled = await app.receive(self.clock)
            happened |= bool(picked.new or handled)
        return happened

    async def settle(self) -> None:
        """Rounds until nothing moves any more; what waits for a later time gets it."""
        for _ in range(ROUNDS_MAX):
            if await self.run_once():
                continue
            following = self._next_due()
            if following is None:
                return
            self.clock.advance_to(following)
        raise StepFailed(self._why_stuck())

    def _next_due(self) -> datetime | None:
        """When the next message, out or in, may be tried again; None if none waits."""
        found: list[datetime] = []
        for app in self.apps.values():
            with app.store.view(now=self.clock()) as view:
                paused = [c for c in view.channels.list() if c.paused_until is not None]
                following = view.outbox.next_due()
                # What a killed run was handling waits a moment before it is tried again.
                found += [item.next_at for item in view.inbox.list(states=["new"]) if item.next_at is not None]
            if following is not None:
                found.append(max([following, *(c.paused_until for c in paused if c.paused_until)]))
        return min(found, default=None)

    def _why_stuck(self) -> str:
        for role, app in self.apps.items():
            with app.store.view(now=self.clock()) as view:
                for channel in view.channels.list():
                    if channel.reason:
                        return f"De {role} kan niet verzenden: {channel.reason}. Draait de verzendserver nog?"
                for item in view.outbox.list(states=["failed", "held", "expired", "bounced", "refused"]):
                    return f"Een bericht van de {role} kwam niet aan: {item.reason or item.state}."
        return "De berichten blijven heen en weer gaan; dat hoort niet."

    # -- looking ------------------------------------------------------------------------------------------------------

    def traject(self) -> Traject | None:
        """The municipality's case."""
        with self.gemeente.store.view(now=self.clock()) as view:
            found = trajecten(view)
        return found[0].body if found else None

    def uitvraag(self) -> OntvangenUitvraag | None:
        """The provider's case."""
        with self.aanbieder.store.view(now=self.clock()) as view:
            found = uitvragen(view)
        return found[0].body if found else None

    def sent(self, role: str, kind: str) -> list[OutboxItem]:
        """Messages of this kind in the outbox of one side, oldest first."""
        with self.apps[role].store.view(now=self.clock()) as view:
            return [item for item in view.outbox.list(limit=1000) if item.kind == kind]

    def bericht(self, role: str, soort: str, richting: str = "uit") -> Bericht | None:
        """The message of this kind in the register of one side."""
        with self.apps[role].store.view(now=self.clock()) as view:
            found = view.berichten.list(soort=soort, richting=richting)
        return found[0] if found else None

    def xml(self, role: str, row: Bericht) -> bytes:
        """A registered message as it travelled."""
        with self.apps[role].store.view(now=self.clock()) as view:
            return view.berichten.xml(row.id)

    def opened(self, role: str, message_id: str) -> Opened:
        """A message that was taken in, opened once more for who wants to look; StepFailed if it was refused."""
        app = self.apps[role]
        with app.store.view(now=self.clock()) as view:
            for item in view.inbox.list(limit=1000):
                if item.message_id == message_id:
                    raw, partners = view.inbox.raw(item.id), partner_book(view)
                    break
            else:
                raise StepFailed(self.why_not_taken_in(role))
        us = app.us
        opened = securemail.open(
            raw, us.mailbox, partners, us.trust, us.revocation, item.received_at, self.clock(), cache=us.verdicts
        )
        if isinstance(opened, securemail.Refused):
            raise StepFailed(f"Het bericht kan niet worden geopend: {opened.reason}. {opened.detail}".strip())
        return opened

    def why_not_taken_in(self, role: str) -> str:
        """A sentence for who misses a message at one side: it is in quarantine there, or it never came."""
        with self.apps[role].store.view(now=self.clock()) as view:
            for item in view.inbox.list(states=["quarantined"], limit=1000):
                return (
                    f"Bij de {role} staat een bericht in quarantaine: {item.reason} ({item.detail or 'geen details'})."
                )
        return f"Het bericht is niet aangekomen bij de {role}: het ging na de aflevering verloren of is weggehaald."

    # -- keeping ------------------------------------------------------------------------------------------------------

    def export(self) -> None:
        """Write every message and document into the folder in the form in which it travelled.

        StepFailed if a file that was written before is no longer what it was: someone changed the evidence.
        """
        for role, app in self.apps.items():
            with app.store.view(now=self.clock()) as view:
                for item in view.outbox.list(limit=1000):
                    if has_travelled(item):
                        self.keep(self.post_name(role, item), view.outbox.wire(item.id))
                for row in view.berichten.list(richting="uit"):
                    self.keep(iwmo_name(row), view.berichten.xml(row.id))
                for record in view.records.list(DOCUMENT, Document):
                    self.keep(f"{DOCUMENTEN}/{record.body.naam}", record.body.inhoud)

    def keep(self, name: str, data: bytes) -> None:
        """Write a file once; StepFailed if it stands there with other content."""
        path = self.folder / name
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_whole(path, data)
        elif path.read_bytes() != data:
            raise StepFailed(
                f"Het bestand {name} is gewijzigd sinds de demo het schreef. Zet het terug of verwijder het; "
                "het origineel staat in de gateway."
            )

    def post_name(self, role: str, item: OutboxItem) -> str:
        """Where a mail is kept: who sent it, its number at the sender, what it is."""
        return f"{POST}/{role}-{item.id:02d}-{item.kind}.eml"

    def files_of(self, role: str, kind: str) -> list[str]:
        """Names of the mails of this kind that one side sent."""
        return [self.post_name(role, item) for item in self.sent(role, kind) if has_travelled(item)]

    def attempts(self, role: str, item: OutboxItem) -> list[Outcome | None]:
        """How each attempt to send a message ended, oldest first; None for one that was cut off."""
        with self.apps[role].store.view(now=self.clock()) as view:
            return [
                None
                if a.verdict is None
                else Outcome(verdict=a.verdict, phase=a.phase or "connect", code=a.code, enhanced=a.enhanced)  # type: ignore[arg-type]
                for a in view.outbox.attempts(item.id)
            ]

    async def close(self) -> None:
        """End connections and let go of the stores."""
        for app in self.apps.values():
            await asyncio.wait_for(app.close_connections(), 10)
            app.store.close()


def has_travelled(item: OutboxItem) -> bool:
    """True if the mail was handed over at least once: only then is it evidence of what went over the line."""
    return item.state in ("submitted", "received", "refused", "bounced", "uncertain")


def iwmo_name(row: Bericht) -> str:
    """Where an iWmo message is kept."""
    return f"{IWMO}/{row.soort}-{row.identificatie}.xml"
