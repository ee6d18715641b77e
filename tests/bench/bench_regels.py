"""Level 2 on a declaration of 10 000 lines, against what it costs to parse the file and validate it with its schema."""

from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree
from msgspec.structs import replace

from gateway.berichten import wmo323
from gateway.berichten.basis import Referentie
from gateway.berichten.codec.wmo323 import write
from gateway.berichten.regels import Context, hits
from gateway.berichten.regels.personen import voldoet_aan_elfproef
from tests.bench.rows import Row, best_ms
from tests.berichten.regels.bericht import bericht

SCHEMA = Path(__file__).parents[2] / "xsd" / "iwmo" / "3.2" / "WMO323.xsd"
CLIENTEN, REGELS = 2_000, 5  # of each client
_TESTRANGE = range(999900000, 1_000_000_000)  # BSNs that are never given out


def grote_declaratie() -> wmo323.Bericht:
    """A declaration without a fault: 2 000 clients with 5 lines each."""
    basis: Any = bericht("WMO323", {})
    regel = basis.declaratie.clienten[0].prestaties[0]
    bsns = islice((str(n) for n in _TESTRANGE if voldoet_aan_elfproef(str(n))), CLIENTEN)
    clienten = tuple(
        wmo323.Client(
            bsn=bsn,
            prestaties=tuple(
                replace(
                    regel,
                    toewijzing_nummer=100_000 + c * REGELS + p,
                    product_referentie=Referentie(referentie_nummer=f"D202508-{c:04}-{p:04}"),
                )
                for p in range(REGELS)
            ),
        )
        for c, bsn in enumerate(bsns)
    )
    totaal = replace(
        basis.declaratie.totaal_ingediend_bedrag, totaal_bedrag=CLIENTEN * REGELS * regel.ingediend_bedrag.bedrag
    )
    declaratie = replace(basis.declaratie, clienten=clienten, totaal_ingediend_bedrag=totaal)
    return wmo323.Bericht(header=basis.header, declaratie=declaratie)


def rows() -> list[Row]:
    groot = grote_declaratie()
    data = write(groot).encode()
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    assert schema.validate(etree.fromstring(data))
    assert list(hits(groot, Context(), "WMO323")) == []
    return [
        Row(
            name=f"WMO323 of {CLIENTEN * REGELS} lines: all rules of level 2",
            measured=best_ms(lambda: list(hits(groot, Context(), "WMO323")), number=1),
            reference=best_ms(lambda: schema.validate(etree.fromstring(data)), number=1),
            against="bare lxml parse + XSD validate",
            target=1.0,
        )
    ]
