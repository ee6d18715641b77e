"""The composition root: from a gateway's folder to a gateway that can send, receive and decide.

Reads top to bottom: settings, store, keys, trust, the region's format, the contract, the ways out and in. Whatever is
wrong is said with all its faults at once, and nothing is started.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from gateway import __version__, securemail
from gateway.anchors import read_trust
from gateway.berichten import Codelijsten, Schemas, iwmo, iwmo_from, load_codelists
from gateway.config import Settings, read_settings
from gateway.domain.findings import has_errors
from gateway.flows.intake import handler
from gateway.flows.parties import Keep, Ourselves, Surroundings, sending_policies
from gateway.flows.routes import ACTOR as ROUTES
from gateway.flows.routes import recheck, reconsider_all
from gateway.flows.welcome import Doorkeeper
from gateway.keyring import lost_certificates, read_decrypters, read_signers
from gateway.keyring import stamp as key_stamp
from gateway.plans import Formaat, laad_formaat
from gateway.plans.contract import Contractregel
from gateway.plans.formaat import formaat_bestand
from gateway.reconcile.contract import Contract
from gateway.reconcile.contract_bestand import laad_contract, with_lists
from gateway.revocation_data import Sources, load, refresh_revocation
from gateway.route_data import refresh_book, refresh_domains
from gateway.securemail import Mailbox, Revocation
from gateway.store import RetryPolicy
from gateway.transports import Transport
from gateway.ways import CannotStart, Files, mailbox, open_store, read_folder, relay
from gateway.worker import Clock, Job, deliver_due, handle_inbox, pickup, system_clock
from gateway.worker.deliver import Delivery
from gateway.worker.handle import Handled
from gateway.worker.pickup import Picked

log = structlog.get_logger("gateway.app")

CHANNEL = "relay"
MEGA = 1_000_000
A_YEAR = timedelta(days=366)  # rather a few days too long


class App:
    """A gateway, ready for work. Use it as a context manager: it closes what it opened."""

    def __init__(self, folder: Path, settings: Settings, environ: Mapping[str, str]) -> None:
        # Absolute, so that a path joined to it twice is still the same path.
        self.folder, self.settings = folder.absolute(), settings
        self.own_files = Files(self.folder, environ)
        self.keys_seen = key_stamp(settings.keys, self.own_files)
        self.signers = read_signers(settings.keys, self.own_files)
        self.us = self._surroundings()
        self.store = open_store(settings, self.own_files)
        load(self.store, self.us, self.revocation_sources, system_clock())
        out = relay(settings, self.own_files)
        self.transports: dict[str, Transport] = {} if out is None else {CHANNEL: out}
        self.mailbox = mailbox(settings, self.own_files)

    @classmethod
    def open(cls, folder: Path, environ: Mapping[str, str]) -> "App":
        """The gateway in `folder`. Raises CannotStart with every fault of the first thing that is not right."""
        settings = read_settings(folder, environ)
        if isinstance(settings, tuple):
            raise CannotStart(settings)
        return cls(folder, settings, environ)

    def __enter__(self) -> "App":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()

    # -- work --------------------------------------------------------------------------------------------------------

    async def deliver(self, clock: Clock) -> list[Delivery]:
        """Attempt everything in the outbox that is due; what may no longer go is held first (SM-45)."""
        await asyncio.to_thread(self.recheck, clock())
        policies = await asyncio.to_thread(self.policies, clock())
        return await deliver_due(self.store, self.transports, clock, policy=self.policy, policies=policies)

    @property
    def policy(self) -> RetryPolicy:
        """How mail is offered to partners with whom nothing else was agreed."""
        return RetryPolicy(give_up_after=timedelta(hours=self.settings.limits.give_up_hours))

    def policies(self, now: datetime) -> dict[str, RetryPolicy]:
        """The partners to whom it is offered in another way, as agreed by now."""
        with self.store.view(now=now) as view:
            return sending_policies(view, self.policy)

    async def reconsider(self, clock: Clock) -> list[int]:
        """Decide again about what a route holds: hourly, and when partners or certificates changed (SM-116)."""
        return await asyncio.to_thread(reconsider_all, self.store, self.us, clock())

    def route_jobs(self) -> list[Job]:
        """What keeps routes fresh and lets go what they hold: for the running process, beside the standing jobs."""

        async def reconsider(clock: Clock) -> str:
            return f"{len(await self.reconsider(clock))} held messages may go"

        async def book(clock: Clock) -> str:
            return await refresh_book(self.store, self.settings.route, self.folder, clock)

        async def domains(clock: Clock) -> str:
            return await refresh_domains(self.store, self.settings.route, clock)

        return [
            Job(name="domain-book", run=book, every=timedelta(hours=24)),
            Job(name="nta7516", run=domains, every=timedelta(minutes=5)),
            Job(name="reconsider", run=reconsider, every=timedelta(hours=1)),
        ]

    @property
    def revocation_sources(self) -> Sources:
        """Where data on revoked certificates come from."""
        return Sources(self.settings.revocation, self.folder / self.settings.keys.revocation)

    async def refresh_revocation(self, clock: Clock) -> str:
        """Fetch the revocation data that are due, and use what is new (SM-39, SM-41)."""
        return await refresh_revocation(self.store, self.us, self.revocation_sources, clock)

    def revocation_jobs(self) -> list[Job]:
        """What keeps revocation data fresh: every minute a look at what is due, on every node."""
        return [Job(name="revocation", run=self.refresh_revocation, every=timedelta(minutes=1), everywhere=True)]

    def recheck(self, now: datetime) -> None:
        """Before a look at the outbox: the key whose turn it is, and what may no longer go is held (SM-45)."""
        self._follow_keys()
        # Also a process that runs for years takes the next key in time, and lets go of one that is lost (SM-141).
        self.us.lost = self.signers.lost = lost_certificates(self.settings.keys, self.own_files)
        self.us.signer = self.signers.on(now)
        with self.store.unit(now=now, actor=ROUTES) as unit:
            recheck(unit, self.us)

    def _follow_keys(self) -> None:
        """Use the keys that were put beside ours, and leave those that were destroyed, since they were last read.

        As long as they cannot be read, those of before are used: a file may be half there.
        """
        seen = key_stamp(self.settings.keys, self.own_files)
        if seen == self.keys_seen:
            return
        self.keys_seen = seen
        try:
            signers, opening = read_signers(self.settings.keys, self.own_files), self._decrypters()
        except CannotStart as fault:
            log.error("keys_refused", codes=sorted({finding.code for finding in fault.findings}))
            return
        self.signers, self.us.mailbox = signers, opening
        log.info("keys_read", signing=len(signers.turns), opening=len(opening.keys))

    async def receive(self, clock: Clock) -> tuple[Picked, list[Handled]]:
        """Fetch what stands in the mailbox and handle everything that waits."""
        welcome = Doorkeeper(self.store, clock, self.folder, self.settings.gateway.address)
        box, most, keep = self.mailbox, self.us.largest, self.keep_mail
        picked = (
            Picked() if box is None else await pickup(self.store, box, clock, size_max=most, welcome=welcome, keep=keep)
        )
        return picked, await handle_inbox(self.store, handler(self.store, self.us), clock)

    @property
    def keep_mail(self) -> timedelta | None:
        """How long fetched mail stays in the mailbox, where it is removed rather than moved (SM-96)."""
        box = self.settings.mailbox
        if box is None or not (box.kind == "pop3" or box.after == "delete"):
            return None
        return timedelta(days=self.settings.retention.processed_mail_days)

    async def purge_mailbox(self, now: datetime) -> int:
        """Empty the folder of processed mail of what is past its time (SM-97); how many."""
        if self.mailbox is None:
            return 0
        try:
            return await self.mailbox.purge(now - timedelta(days=self.settings.retention.processed_mail_days))
        finally:
            await self.mailbox.close()

    async def close_connections(self) -> None:
        """End what the ways out and in hold open."""
        for transport in self.transports.values():
            await transport.close()
        if self.mailbox is not None:
            await self.mailbox.close()

    # -- parts -------------------------------------------------------------------------------------------------------

    def _surroundings(self) -> Surroundings:
        own = self.settings.gateway
        formaat, lists = self._formaat(), self._codelists()
        contract = self._contract(lists)
        return Surroundings(
            Ourselves(role=own.role, code=own.code, name=own.name, address=own.address),
            signer=self.signers.on(system_clock()),
            lost=self.signers.lost,
            mailbox=self._decrypters(),
            trust=read_trust(self.settings.keys, self.own_files),
            revocation=Revocation(),
            formaat=formaat,
            contract=contract,
            products=() if contract is None else tuple(_products(contract, formaat)),
            sources=self._sources(contract, lists),
            schemas=self._schemas(),
            codelists=lists,
            channel=CHANNEL,
            keep=self._keep(),
            largest=self.settings.limits.message_mb * MEGA,
            rules=rules_version(),
            mapping=self._mapping(),
            authserv_id=None if self.settings.mailbox is None else self.settings.mailbox.authserv_id,
        )

    def _decrypters(self) -> Mailbox:
        address = self.settings.gateway.address
        return Mailbox(frozenset({address}), read_decrypters(self.settings.keys, self.own_files))

    def _mapping(self) -> str:
        """Changes when payloads may be read or judged otherwise: the program, or a file that the settings name."""
        named, region = self.settings.messages, self.settings.region
        names = (named.schemas, named.codelists, region.plan_format, region.contract)
        paths = [self.folder / name for name in names if name is not None]
        files = [file for path in paths for file in (sorted(path.glob("*")) if path.is_dir() else [path])]
        stamps = [(file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.is_file()]
        return hashlib.sha256(repr((__version__, stamps)).encode()).hexdigest()

    def _keep(self) -> Keep:
        terms = self.settings.retention
        return Keep(dossier=A_YEAR * terms.dossier_years, declaration=A_YEAR * terms.declaration_years)

    def _sources(self, contract: Contract | None, lists: Codelijsten) -> dict[str, Any]:
        """Lists of others that rules of level 4 look into; what is missing is reported as not checked."""
        own = self.settings.gateway
        sources = lists.bronnen(own.code if own.role == "gemeente" else None)
        if contract is not None and own.role == "gemeente":
            sources.setdefault("productcodes", _ProductList(contract, own.code))
        return sources

    def _schemas(self) -> Schemas:
        name = self.settings.messages.schemas
        return iwmo() if name is None else read_folder(iwmo_from, self.folder / name, "messages.schemas")

    def _codelists(self) -> Codelijsten:
        name = self.settings.messages.codelists
        return (
            load_codelists() if name is None else read_folder(load_codelists, self.folder / name, "messages.codelists")
        )

    @property
    def plan_format(self) -> bytes:
        """The file of the region's form."""
        name = self.settings.region.plan_format
        file = self.folder / name
        if not file.is_file():
            file = formaat_bestand(name)
        return self.own_files.read(file, "region.plan_format")

    def _formaat(self) -> Formaat:
        formaat, findings = laad_formaat(self.plan_format)
        if formaat is None:
            raise CannotStart(tuple(findings))
        return formaat

    def _contract(self, lists: Codelijsten) -> Contract | None:
        name = self.settings.region.contract
        if name is None:
            return None
        contract, findings = laad_contract(self.own_files.read(name, "region.contract"))
        if contract is None or has_errors(findings):
            raise CannotStart(findings)
        return with_lists(contract, lists)


def rules_version() -> str:
    """The program's version and a hash of the code that judges mail: between releases that is what changes (SM-103)."""
    code = sorted(Path(securemail.__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in code)).hexdigest()
    return f"{__version__} {digest[:12]}"


class _ProductList:
    """The contract's product list, as rule TR381 asks it."""

    def __init__(self, contract: Contract, gemeente: str) -> None:
        self._contract, self._gemeente = contract, gemeente

    def past(self, categorie: str, code: str, on: date | None = None) -> bool | None:
        """True if the code belongs to the category on that day; None without a list or a day."""
        return None if on is None else self._contract.has_product(self._gemeente, categorie, code, on)


def _products(contract: Contract, formaat: Formaat) -> Iterator[Contractregel]:
    """Who delivers what, in the words of the region's format: a line for each tariff of a product of the form."""
    for tarief in contract.tarieven:
        for product in formaat.producten:
            if tarief.product_code in product.iwmo.codes:
                minuut = ("01",) if tarief.eenheid == "04" and tarief.minuten else ()
                yield Contractregel(
                    gemeente=tarief.gemeente,
                    aanbieder=tarief.aanbieder,
                    product=product.id,
                    categorie=product.iwmo.categorie,
                    code=tarief.product_code,
                    eenheden=(tarief.eenheid, *minuut),
                    geldig_vanaf=tarief.geldig.begin,
                    geldig_tot=tarief.geldig.eind,
                )
