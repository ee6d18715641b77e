"""The month of the story: what was delivered, what came of the declaration in euros, and a message tampered with."""

import base64
import mailbox
import os
from datetime import date

import msgspec

from gateway import berichten
from gateway.berichten import wmo301
from gateway.demo.cast import AANBIEDER, DAYS
from gateway.demo.scene import Scene, StepFailed
from gateway.demo.setup import maildir_name
from gateway.domain.money import euro
from gateway.flows.declaration import RECORD, Beoordeeld
from gateway.flows.deliveries import Geleverd
from gateway.transports import write_whole

TARIFFS = {"02A03": 6250, "07A03": 4500}  # eurocents per hour, per dagdeel
REPORT = "afrekening.txt"
TAMPERED = "post/geknoei.eml"
IN_WORDS = {
    "approved": "toegekend",
    "partly": "deels toegekend",
    "rejected": "afgewezen",
    "held": "aangehouden",
    "notAssessed": "niet beoordeeld",
    "undecided": "nog niet beslist",
}


class Line(msgspec.Struct, frozen=True):
    """One judged line, as the answer tells it (docs/commands.md, declaratie)."""

    referentieNummer: str
    verdict: str
    retourcodes: list[str]
    cents: int
    explanation: str


class Judged(msgspec.Struct, frozen=True):
    """A judged declaration, as the answer tells it."""

    declaratieNummer: str
    verdict: str
    submittedCents: int
    awardedCents: int
    prestaties: list[Line]


class Offered(msgspec.Struct, frozen=True):
    """The tampered copy: its bytes as the mailbox gives them, and where it is kept."""

    raw: bytes
    name: str


def delivered(xml: bytes) -> list[Geleverd]:
    """Individual support in March and April within the order; group support in April beyond it.

    April has five weeks for an order per week: 4 dagdelen a week allow 20, and 24 are claimed (TR321).
    """
    order = berichten.parse(xml)
    assert isinstance(order, wmo301.Bericht)
    by_code = {p.product.code: p for p in order.client.toegewezen_producten if p.product is not None}
    hours, groups = by_code["02A03"], by_code["07A03"]
    return [
        _line(hours, DAYS.ingang, DAYS.ingang.replace(day=31), 4),
        _line(hours, DAYS.maand_begin, DAYS.maand_eind, 10),
        _line(groups, DAYS.maand_begin, DAYS.maand_eind, 24),
    ]


def _line(product: wmo301.ToegewezenProduct, begin: date, end: date, volume: int) -> Geleverd:
    assert product.product is not None
    assert product.omvang is not None
    tariff = TARIFFS[product.product.code or ""]
    return Geleverd(
        toewijzing_nummer=product.toewijzing_nummer,
        begindatum=begin,
        einddatum=end,
        volume=volume,
        eenheid=product.omvang.eenheid,
        tarief=tariff,
        bedrag=tariff * volume,
    )


def judged(scene: Scene) -> Judged:
    """The verdict on the declaration, as the municipality recorded it."""
    with scene.gemeente.store.view(now=scene.clock()) as view:
        found = view.records.list(RECORD, Beoordeeld)
    if not found:
        raise StepFailed("Er is geen declaratie beoordeeld.")
    return msgspec.convert(found[0].body.answer, Judged)


def write_report(scene: Scene, found: Judged) -> str:
    """The settlement in words; its name in the demo's folder."""
    lines = [
        f"Declaratie {found.declaratieNummer}: {IN_WORDS[found.verdict]}",
        f"  ingediend  {euro(found.submittedCents):>14}",
        f"  toegekend  {euro(found.awardedCents):>14}",
        f"  afgewezen  {euro(found.submittedCents - found.awardedCents):>14}",
        "",
    ]
    for line in found.prestaties:
        codes = " ".join(line.retourcodes)
        lines.append(f"{line.referentieNummer}  {IN_WORDS[line.verdict]}  {euro(line.cents)}  {codes}".rstrip())
        lines.append(f"  {line.explanation}")
    write_whole(scene.folder / REPORT, ("\n".join(lines) + "\n").encode())
    return REPORT


def offer_tampered(scene: Scene) -> Offered:
    """Put a copy of the sealed WMO301 with one byte changed in the provider's mailbox, once."""
    item = scene.sent("gemeente", "WMO301")[0]
    with scene.gemeente.store.view(now=scene.clock()) as view:
        copy = changed(view.outbox.wire(item.id))
    scene.keep(TAMPERED, copy)
    with scene.aanbieder.store.view(now=scene.clock()) as view:
        known = any(view.inbox.raw(i.id) == copy for i in view.inbox.list(states=["quarantined"], limit=1000))
    if not known:
        box = mailbox.Maildir(scene.folder / "relay" / maildir_name(AANBIEDER.address), create=False)
        key = box.add(copy)
        moment = scene.clock().timestamp()
        os.utime(scene.folder / "relay" / maildir_name(AANBIEDER.address) / "new" / key, (moment, moment))
    return Offered(copy, TAMPERED)


def changed(wire: bytes) -> bytes:
    """The mail with one bit of its encrypted content turned, base64 and length as they were."""
    head, _, body = wire.partition(b"\r\n\r\n")
    cms = bytearray(base64.b64decode(body))
    cms[len(cms) // 2] ^= 1
    encoded = base64.b64encode(cms)
    lines = [encoded[i : i + 76] for i in range(0, len(encoded), 76)]
    return head + b"\r\n\r\n" + b"\r\n".join(lines) + b"\r\n"
