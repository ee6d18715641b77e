"""A municipality and a provider for the crash tests: set up once, opened once, copied for every run.

What the crash tests do not try is made beforehand, so that a killed process is back within a tenth of a second.
"""

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from gateway import berichten
from gateway.app import CHANNEL, App
from gateway.berichten import wmo301
from gateway.demo import play, setup
from gateway.demo.cast import AANBIEDER, CAST, GEMEENTE
from gateway.demo.scene import Scene, StoryClock
from gateway.flows.dispatch import Letter, send_bericht
from gateway.flows.dossiers import reference
from gateway.flows.orders import wmo301_from
from gateway.flows.parties import partner
from gateway.plans import gemeentedeel, voorbeeld
from gateway.store import MasterKey, Store, Unit
from gateway.ways import relay

Places = Callable[[], str]  # a new, empty database each time
ROLES: tuple[str, ...] = tuple(party.role for party in CAST)


class Stage:
    """Both gateways, whose databases are made anew for each run."""

    def __init__(self, folder: Path, port: int = 1) -> None:
        """Opened from `folder`, set up there if nobody did; `port` is the relay's."""
        self.folder = folder
        environ = {
            "GATEWAY_RELAY_PORT": str(port),
            "GATEWAY_SCHEDULE_DISPATCH_SECONDS": "1",
            "GATEWAY_SCHEDULE_PICKUP_SECONDS": "1",
        }
        if not setup.is_ready(folder):
            set_up(folder)
        self._opened: dict[str, App] = {role: App.open(folder / role, environ) for role in ROLES}
        self._example = _example(self._opened[GEMEENTE.role])
        for app in self._opened.values():
            app.store.close()  # no connection may live in two processes

    def introduce(self, places: Mapping[str, str]) -> None:
        """Make the databases, and each side a partner of the other."""
        scene = self.scene(places, datetime.now(UTC))
        play.introduce(scene)
        for app in scene.apps.values():
            app.store.close()

    def app(self, role: str, place: str, node: str = "gateway") -> App:
        """One side on its database. Its connections are this process's own."""
        app = copy.copy(self._opened[role])
        app.us = copy.copy(app.us)
        out = relay(app.settings, app.own_files)
        app.transports = {} if out is None else {CHANNEL: out}
        app.store = Store.open(place, MasterKey.from_file(app.folder / app.settings.keys.master), node=node)
        return app

    def scene(self, places: Mapping[str, str], now: datetime) -> Scene:
        """Both sides, at this time."""
        gemeente, aanbieder = (self.app(role, places[role]) for role in (GEMEENTE.role, AANBIEDER.role))
        return Scene(self.folder, gemeente, aanbieder, StoryClock(now))

    def order(self, unit: Unit, app: App, number: int) -> int:
        """Send order `number` to the provider, for a client of its own; its number in the register."""
        to = partner(unit, AANBIEDER.code)
        assert to is not None, "both were introduced"
        bericht = _order(self._example, number)
        xml = berichten.build(bericht, schemas=app.us.schemas)
        dossier = f"traject-{number}"
        letter = Letter(to=to, bericht=bericht, xml=xml, reference=reference(dossier), dossier=dossier)
        return send_bericht(unit, app.us, letter)


def set_up(folder: Path) -> None:
    """Keys, certificates and folders of both sides and the relay; takes a second."""
    folder.mkdir(parents=True, exist_ok=True)
    setup.set_up(folder, datetime.now(UTC), play.contract())


def name_of(number: int) -> str:
    """BerichtIdentificatie of an order."""
    return f"T{number:08d}"


def _example(app: App) -> wmo301.Bericht:
    days = voorbeeld.dagen_voor(date(2025, 3, 24))
    traject = voorbeeld.traject(days)
    part = gemeentedeel(traject, traject.uitvraag[-1], app.us.formaat, days.uitvraag)
    plan = voorbeeld.ondertekend(voorbeeld.ingevuld(part, days), days)
    besluit = voorbeeld.besluit(plan, app.us.formaat, days)
    numbers = {line.nr: line.nr for line in besluit.regel}
    return wmo301_from(
        voorbeeld.client(),
        besluit,
        numbers,
        gemeente=GEMEENTE.code,
        aanbieder=AANBIEDER.code,
        identificatie=name_of(0),
        dagtekening=days.besluit,
    )


def _order(example: wmo301.Bericht, number: int) -> wmo301.Bericht:
    replace = msgspec.structs.replace
    named = replace(example.header.bericht_identificatie, identificatie=name_of(number))
    products = example.client.toegewezen_producten
    renumbered = tuple(
        replace(product, toewijzing_nummer=number * len(products) + place) for place, product in enumerate(products)
    )
    client = replace(example.client, bsn=_bsn(number), toegewezen_producten=renumbered)
    return replace(example, header=replace(example.header, bericht_identificatie=named), client=client)


def _bsn(number: int) -> str:
    """A number of the range reserved for tests that passes the test of eleven."""
    for last in range(10):
        digits = f"9999{number % 10_000:04d}{last}"
        total = sum(int(d) * weight for d, weight in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
        if total % 11 == 0:
            return digits
    return _bsn(number + 5_000)
