"""Messages: bytes to typed value and back, against lxml alone; `python -m tests.bench berichten`.

*Bare* is lxml.etree.fromstring plus lxml.etree.XMLSchema.validate: no values, no refusal of hostile files.
"""

import functools
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import xmlschema
from lxml import etree
from msgspec.structs import replace

from gateway import berichten
from gateway.berichten import wmo301
from gateway.berichten.schema_sets import Message, iwmo
from tests.bench.rows import Row, best_ms
from tests.berichten.messages import random_message

ROOT = Path(__file__).parents[2]
BARE = "bare lxml parse + validate"


def rows() -> list[Row]:
    """WMO301 of 7 KB, WMO323 of 8 MB with 10,000 lines, WMO323 of 25 MB for memory."""
    toewijzing, declaratie = small_301(), declaration(10_000)
    found = [*_codec("WMO301", toewijzing, 200), *_codec("WMO323", declaratie, 1)]
    return [*found, *_against_xmlschema(toewijzing, declaration(1_000)), _memory(declaration(30_000))]


def _message(soort: str) -> Message:
    found = iwmo().by_soort(soort)
    assert found is not None
    return found


def _codec(soort: str, data: bytes, number: int) -> list[Row]:
    validator = _message(soort).validator
    bericht = berichten.parse(data)
    label = f"{soort} {len(data) / 1000:,.0f} KB"
    bare, read, build = _in_turn(
        number,
        lambda: validator.validate(etree.fromstring(data)),
        lambda: berichten.parse(data),
        lambda: berichten.build(bericht),
    )
    return [
        Row(name=f"{label}: bytes to validated value", measured=read, reference=bare, against=BARE, target=2.0),
        Row(name=f"{label}: value to validated bytes", measured=build, reference=bare, against=BARE, target=1.6),
    ]


def _in_turn(number: int, *calls: Callable[[], object]) -> list[float]:
    """The best processor time of each in ms, in turn, so that a busy moment of the machine hits all alike."""

    def cpu_ms(call: Callable[[], object]) -> float:
        start = time.process_time()
        for _ in range(number):
            call()
        return (time.process_time() - start) / number * 1000

    rounds = [[cpu_ms(call) for call in calls] for _ in range(11)]
    return [min(times) for times in zip(*rounds, strict=True)]


def _against_xmlschema(small: bytes, large: bytes) -> list[Row]:
    """The verdict of xmlschema against our verdict, and a value besides: a WMO301, a declaration of 1,000 lines.

    On a small file bare lxml itself takes a large share of our time, and nothing that validates with libxml2 can be
    quicker than that: the row `bound` says how far bare is ahead of xmlschema.
    """
    rows = []
    for soort, data, number, label in (
        ("WMO301", small, 50, "WMO301 7 KB"),
        ("WMO323", large, 3, "WMO323 1,000 lines"),
    ):
        schema = xmlschema.XMLSchema(str(_message(soort).path))
        theirs = best_ms(functools.partial(schema.is_valid, data.decode()), repeat=3, number=1)
        ours = best_ms(functools.partial(berichten.parse, data), number=number)
        name = f"{label}: verdict of xmlschema"
        row = Row(name=name, measured=theirs, reference=ours, against="berichten.parse", target=15, better="higher")
        rows.append(row)
        if data is small:
            validator = _message(soort).validator
            bare = best_ms(lambda: validator.validate(etree.fromstring(small)), number=number)  # noqa: B023
            name = f"{label}: verdict of xmlschema, bound"
            rows.append(Row(name=name, measured=theirs, reference=bare, against=BARE, target=15, better="higher"))
    return rows


def _memory(data: bytes) -> Row:
    """Peak memory of a process that reads the file, above what it used before, in file sizes (Linux)."""
    code = (
        "import sys; from gateway import berichten; data = open(sys.argv[1], 'rb').read(); "
        "berichten.read(data[:9]); berichten.iwmo().by_soort('WMO323').validator; "
        "peak = lambda: int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) * 1024; "
        "before = peak() - len(data); assert berichten.read(data).bericht; print(peak() - before)"
    )
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(data)
        file.flush()
        done = subprocess.run([sys.executable, "-c", code, file.name], check=True, capture_output=True, cwd=ROOT)
    used = int(done.stdout) / 1e6
    size = len(data) / 1e6
    return Row(name="WMO323 25 MB: peak memory", measured=used, reference=size, against="file", target=12, unit="MB")


def small_301() -> bytes:
    """An ordinary toewijzing with as many products as make 7 KB."""
    example = (ROOT / "tests/berichten/regels/basis/WMO301.json").read_bytes()
    found = msgspec.json.decode(example, type=wmo301.Bericht)
    first = found.client.toegewezen_producten[0]
    products: list[wmo301.ToegewezenProduct] = []
    data = b""
    while len(data) < 7000:
        day = first.ingangsdatum + timedelta(days=len(products))  # one after the other: they may not overlap (TR302)
        products.append(replace(first, toewijzing_nummer=len(products) + 1, ingangsdatum=day, einddatum=day))
        data = berichten.build(replace(found, client=replace(found.client, toegewezen_producten=tuple(products))))
    return data


_LINE = """
          <Prestatie>
            <ProductReferentie>
              <iwmo:ReferentieNummer>R{number:010}</iwmo:ReferentieNummer>
            </ProductReferentie>
            <ToewijzingNummer>{number}</ToewijzingNummer>
            <ProductCategorie>02</ProductCategorie>
            <ProductCode>02A12</ProductCode>
            <ProductPeriode>
              <iwmo:Begindatum>2026-01-01</iwmo:Begindatum>
              <iwmo:Einddatum>2026-01-31</iwmo:Einddatum>
            </ProductPeriode>
            <GeleverdVolume>{volume}</GeleverdVolume>
            <Eenheid>04</Eenheid>
            <ProductTarief>6500</ProductTarief>
            <IngediendBedrag>
              <iwmo:Bedrag>{cents}</iwmo:Bedrag>
              <iwmo:DebetCredit>D</iwmo:DebetCredit>
            </IngediendBedrag>
          </Prestatie>"""


def declaration(lines: int, per_client: int = 4) -> bytes:
    """A declaration as software usually writes it: indented, about 830 bytes a line."""
    schema = _message("WMO323").schema
    head = etree.tostring(random_message(schema, random.Random(1)), encoding="unicode")
    start, end = head[: head.index("<Clienten>")], head[head.index("</Clienten>") :]
    clients = []
    for first in range(1, lines + 1, per_client):
        numbers = range(first, min(first + per_client, lines + 1))
        prestaties = "".join(_LINE.format(number=n, volume=n % 900 + 1, cents=(n % 900 + 1) * 65) for n in numbers)
        clients.append(
            f"\n      <Client>\n        <Bsn>999900006</Bsn>\n        <Prestaties>{prestaties}</Prestaties></Client>"
        )
    return f"{start}<Clienten>{''.join(clients)}{end}".encode()
