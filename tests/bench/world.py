"""A municipality and its providers for the benchmarks of whole paths: real flows, real store, keys of RSA-2048."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec

from gateway import berichten
from gateway.berichten import iwmo, load_codelists, wmo301
from gateway.flows.parties import (
    Confirmation,
    Keep,
    Ourselves,
    PartnerCertificate,
    PartnerRecord,
    Surroundings,
    add_partner,
)
from gateway.flows.sending import Made, send_made
from gateway.plans import laad_formaat
from gateway.plans.formaat import formaat_bestand
from gateway.securemail import Agreements, Anchor, Mailbox, Revocation, Trust
from gateway.store import MasterKey, Store
from gateway.transports import SmtpSettings, SmtpTransport, client_context
from gateway.worker import deliver_due
from gateway.worker.standing import ROUND
from tests.securemail import world

ROOT = Path(__file__).parents[2]
TODAY = date(2025, 9, 5)
KEYS = "rsa-2048"
PARTNERS = 10
BATCH = 100  # orders in one unit of work
CHANNEL = "relay"
EXAMPLE = msgspec.json.decode(
    (ROOT / "tests/berichten/regels/basis/WMO301.json").read_bytes(), type=wmo301.Bericht
)  # of 3 KB: two products, with a relation of the client


def address(number: int) -> str:
    """Where provider `number` gets its mail."""
    return f"plan{number}@zorg.example"


def code(number: int) -> str:
    """AGB code of provider `number`."""
    return f"{12345678 + number}"


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class Municipality:
    """A gateway that orders support from `providers` providers."""

    def __init__(
        self, where: Path | str, master: MasterKey, *, providers: int = PARTNERS, node: str = "bench", first: int = 0
    ) -> None:
        self.store = Store.open(where, master, node=node)
        self.us = surroundings("gemeente", EXAMPLE.header.afzender, world.MUNICIPALITY)
        self.made, self._node, self._partners = first, node, providers

    def introduce(self) -> None:
        """Record the providers."""
        with self.store.unit(now=now(), actor="bench") as unit:
            for number in range(self._partners):
                add_partner(unit, record("aanbieder", code(number), address(number)))

    def order(self, count: int) -> None:
        """Build, check, seal and commit so many orders, all in one unit of work."""
        numbers = range(self.made + 1, self.made + 1 + count)
        self.made += count
        orders = (order(n, code(n % self._partners), f"{self._node}{n}") for n in numbers)
        made = (Made(bericht=one, xml=berichten.build(one, schemas=self.us.schemas)) for one in orders)
        sent = list(send_made(self.store, self.us, made, now(), actor="bench"))
        assert all(one.result == "queued" for one in sent), sent


async def send(municipality: Municipality, count: int, port: int, authority: str) -> None:
    """The whole path of so many orders: some are made while others are delivered, as in a running gateway."""

    async def make() -> None:
        for _ in range(count // BATCH):
            await asyncio.to_thread(municipality.order, BATCH)

    settings = SmtpSettings(host="127.0.0.1", port=port, tls="implicit")
    relay = SmtpTransport(settings, client_context(authority))
    making, sent = asyncio.create_task(make()), 0
    while sent < count:
        made = await deliver_due(municipality.store, {CHANNEL: relay}, now, attempts_max=ROUND)
        assert all(one.state == "submitted" for one in made), made
        sent += len(made)
        await asyncio.sleep(0 if made else 0.005)
    await making
    await relay.close()


def order(number: int, aanbieder: str, identificatie: str) -> wmo301.Bericht:
    """An order for one client of many."""
    replace = msgspec.structs.replace
    name = replace(EXAMPLE.header.bericht_identificatie, identificatie=identificatie[-12:])
    header = replace(EXAMPLE.header, ontvanger=aanbieder, bericht_identificatie=name)
    both = enumerate(EXAMPLE.client.toegewezen_producten)
    products = tuple(replace(product, toewijzing_nummer=2 * number + place) for place, product in both)
    return replace(
        EXAMPLE, header=header, client=replace(EXAMPLE.client, bsn=bsn(number), toegewezen_producten=products)
    )


def bsn(number: int) -> str:
    """A number of the reserved range that passes the test of eleven: one for each of nine thousand clients."""
    return _BSNS[number % len(_BSNS)]


def _passes(digits: str) -> bool:
    return sum(int(d) * weight for d, weight in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True)) % 11 == 0


_BSNS = [digits for last in range(100_000) if _passes(digits := f"9999{last:05d}")]


def record(role: str, code_: str, address_: str) -> PartnerRecord:
    """A partner whose certificate was compared."""
    confirmed = Confirmation(by="bench", on=TODAY, channel="telefoon")
    ders = [world.leaf(address_, KEYS).der]
    return PartnerRecord(
        code=code_,
        role=role,  # type: ignore[arg-type]
        name=f"Partij {code_}",
        addresses=(address_,),
        agreements=Agreements(internet_route=True),
        certificates=tuple(PartnerCertificate(der=der, proposed_on=TODAY, confirmed=confirmed) for der in ders),
    )


def surroundings(role: str, code_: str, address_: str) -> Surroundings:
    """What the flows of one party need; `CHANNEL` is its way out."""
    ours = world.leaf(address_, KEYS)
    formaat, _ = laad_formaat(formaat_bestand("mlo-2018").read_bytes())
    assert formaat is not None
    lists = load_codelists()
    return Surroundings(
        Ourselves(role=role, code=code_, name=f"Partij {code_}", address=address_),  # type: ignore[arg-type]
        signer=world.signing(ours),
        mailbox=Mailbox(frozenset({address_}), (world.decrypting(ours),)),
        trust=Trust((Anchor(certificate=world.root().der),), (world.issuing().der,)),
        revocation=Revocation(world.crls()),
        formaat=formaat,
        contract=None,
        products=(),
        sources=lists.bronnen(code_ if role == "gemeente" else None),
        schemas=iwmo(),
        codelists=lists,
        channel=CHANNEL,
        largest=50_000_000,
        keep=Keep(dossier=timedelta(days=3650), declaration=timedelta(days=2555)),
    )
