"""Play the story: set up, open both gateways and the relay, take the steps in order, stop at the first that fails."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.app import App
from gateway.demo import evidence, setup
from gateway.demo.cast import AANBIEDER, CAST, DAYS, GEMEENTE, at
from gateway.demo.leesmij import leesmij
from gateway.demo.relay import Account, Relay
from gateway.demo.scene import Scene, StepFailed, StoryClock, iwmo_name
from gateway.demo.settlement import TARIFFS
from gateway.demo.setup import NotOurs
from gateway.demo.story import STORY, Step, Told
from gateway.domain.findings import Finding
from gateway.flows import partners
from gateway.flows.dispatch import Refused
from gateway.flows.parties import Confirmation, partner
from gateway.flows.partner_card import own_card, read_card
from gateway.flows.partners import Compared
from gateway.store import Store
from gateway.transports import write_whole
from gateway.ways import CannotStart
from gateway.worker import AlreadyRunning, only_one

CARD_LIMIT = 35_000_000  # bytes
FIRST = Step("inrichten", "demo", lambda _: _nothing())

UNUSED_PORT = 1  # for looking only: nothing is sent


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the answer: a step that was taken, or the one that failed (docs/commands.md, demo)."""

    step: str
    actor: str
    what: str
    ok: bool
    files: tuple[str, ...] = ()
    ms: int = 0


async def play(folder: Path, today: datetime, *, anew: bool = False) -> AsyncIterator[Beat | Step]:
    """Yields each step before it is taken, then what came of it; ends after the first failure.

    `anew`: a demo that was played to its end makes room for a new one, if nothing in it was altered; one that was cut
    off goes on.
    Raises OSError when the folder cannot be used, NotOurs when it holds what no demo made (nothing is touched then),
    AlreadyRunning when another demo plays in it.
    """
    setup.check_ours(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with only_one(folder / setup.LOCK):
        yield FIRST
        began = time.monotonic()
        if anew and setup.is_played(folder):
            try:
                await _verify(folder)
            except (StepFailed, CannotStart) as error:
                yield _failed(FIRST, error, began)
                return
            setup.start_over(folder)
        if not setup.is_ready(folder):
            await asyncio.to_thread(setup.set_up, folder, today, contract())
        async with AsyncExitStack() as stack:
            clock = StoryClock(at(DAYS.melding))
            try:
                evidence.check_stores(folder)
                relay = stack.enter_context(_relay(folder, clock))
                scene = _scene(folder, relay.port, clock)
                stack.push_async_callback(scene.close)
                recover(scene)
                introduce(scene)
                evidence.check_mailboxes(scene)
            except (StepFailed, CannotStart) as error:
                yield _failed(FIRST, error, began)
                return
            yield _done(FIRST, Told("Twee gateways met elk een eigen map, database, sleutels en certificaten."), began)
            async for beat in _steps(scene):
                yield beat


async def _verify(folder: Path) -> None:
    """What a played demo left is still what it was: only then it makes room for a new one. StepFailed if not."""
    evidence.check_stores(folder)
    scene = _scene(folder, UNUSED_PORT, StoryClock(at(DAYS.melding)))
    try:
        evidence.check_mailboxes(scene)
        scene.export()
    finally:
        await scene.close()


async def _steps(scene: Scene) -> AsyncIterator[Beat | Step]:
    for step in STORY:
        yield step
        began = time.monotonic()
        try:
            told = await step.run(scene)
            scene.export()
        except (StepFailed, Refused, CannotStart) as error:
            yield _failed(step, error, began)
            return
        yield _done(step, told, began)
    plan, order = scene.files_of("gemeente", "plan")[0], scene.bericht("gemeente", "WMO301")
    assert order is not None, "the story's steps made it"
    write_whole(scene.folder / "LEESMIJ.txt", leesmij(Path(plan).name, Path(iwmo_name(order)).name).encode())
    setup.played(scene.folder)


def _done(step: Step, told: Told, began: float) -> Beat:
    return Beat(step=step.name, actor=step.actor, what=told.what, ok=True, files=told.files, ms=_ms(began))


def _failed(step: Step, error: Exception, began: float) -> Beat:
    what = str(error)
    if isinstance(error, Refused | CannotStart):
        what = " ".join(f"{f.code}: {f.message} {f.advice or ''}".strip() for f in error.findings)
    return Beat(step=step.name, actor=step.actor, what=what, ok=False, ms=_ms(began))


def _ms(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _relay(folder: Path, clock: StoryClock) -> Relay:
    """The relay with what the setup made for it; StepFailed if that is no longer whole."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(folder / "relay" / "tls.pem", folder / "relay" / "tls.key")
        accounts = tuple(
            Account(party.address, (folder / party.role / "keys" / "relay.password").read_text().strip())
            for party in CAST
        )
    except OSError as error:  # an ssl.SSLError is one
        raise StepFailed(
            "De verzendserver van de demo kan niet starten: relay/tls.pem, relay/tls.key of keys/relay.password "
            f"ontbreekt of is beschadigd ({error.strerror or error}). "
            "Zet het bestand terug, of speel in een andere map."
        ) from None
    return Relay(folder / "relay", accounts, context, clock, refuse_once=frozenset({AANBIEDER.address}))


def _scene(folder: Path, port: int, clock: StoryClock) -> Scene:
    # The relay takes a free port at each run; everything else is as the folders say.
    environ = {"GATEWAY_RELAY_PORT": str(port)}
    gemeente = App.open(folder / GEMEENTE.role, environ)
    try:
        return Scene(folder, gemeente, App.open(folder / AANBIEDER.role, environ), clock)
    except CannotStart:
        gemeente.store.close()
        raise


def recover(scene: Scene) -> None:
    """Go on where a killed run stopped: its time of the story, and the messages it held."""
    for app in scene.apps.values():
        scene.clock.advance_to(_last_moment(app.store))
    for app in scene.apps.values():
        with app.store.unit(now=scene.clock(), actor="demo") as unit:
            unit.attempts.recover(node=app.store.node)


def _last_moment(store: Store) -> datetime:
    """The latest moment that was committed."""
    moments = [at(DAYS.melding)]
    with store.view(now=at(DAYS.melding)) as view:
        head = view.audit.head().nr
        moments += [entry.at for entry in view.audit.list(after=max(head - 1, 0))]
        moments += [item.changed_at for item in view.outbox.list(limit=1000)]
        moments += [item.settled_at or item.fetched_at for item in view.inbox.list(limit=1000)]
    return max(moments)


def introduce(scene: Scene) -> None:
    """Make each side a partner of the other by its card: what people do who compare fingerprints by telephone (SM-136).

    The demo's relay stands for the internet, so both agreed that sealed mail may go there (13.4).
    """
    for ours, theirs in ((GEMEENTE, AANBIEDER), (AANBIEDER, GEMEENTE)):
        moment = scene.clock()
        file = own_card(scene.apps[theirs.role].us, max_message=CARD_LIMIT, now=moment)
        assert isinstance(file, bytes), "the demo lost no key"
        card = read_card(file)
        assert not isinstance(card, Finding), "the card was made a line ago"
        by_telephone = Confirmation(by="demo", on=DAYS.melding, channel="telefoon")
        with scene.apps[ours.role].store.unit(now=moment, actor="demo") as unit:
            known = partner(unit, theirs.code)
            record = partners.introduce(known, card, DAYS.melding, Compared(card.signer.hex(), by_telephone))
            assert not isinstance(record, Finding), "the fingerprint is the card's own"
            agreed = msgspec.structs.replace(record.agreements, internet_route=True)
            partners.record_partner(unit, msgspec.structs.replace(record, agreements=agreed))


def contract() -> str:
    """What both sides agreed: tariffs and products. Without it a declaration is held, not judged."""
    rows: list[dict[str, Any]] = [
        {"product_code": "02A03", "eenheid": "04", "tarief": str(TARIFFS["02A03"]), "begindatum": "2025-01-01"},
        {"product_code": "07A03", "eenheid": "16", "tarief": str(TARIFFS["07A03"]), "begindatum": "2025-01-01"},
    ]
    agreed = {
        "revision": "demo-1",
        "gemeente": GEMEENTE.code,
        "aanbieder": AANBIEDER.code,
        "own_codes": [GEMEENTE.code],
        "contract_tariffs": rows,
        "contract_complete": [{"begindatum": "2025-01-01"}],
        "product_list": [
            {"product_categorie": code[:2], "product_code": code, "begindatum": "2025-01-01"} for code in TARIFFS
        ],
    }
    return json.dumps(agreed, indent=2) + "\n"


async def _nothing() -> Told:
    return Told("")


__all__ = ["AlreadyRunning", "Beat", "NotOurs", "play"]
