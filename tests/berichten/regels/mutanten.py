"""Random messages that their schema accepts, near those of the cases: values changed, parts left out and doubled."""

import copy
import functools
import math
import random
from collections.abc import Iterator
from datetime import date, timedelta

from lxml import etree

from gateway.berichten import codelijsten
from gateway.berichten.soorten import SOORTEN
from tests.berichten.regels.bericht import voldoet_aan_schema, xml
from tests.berichten.regels.gevallen import GEVALLEN

_DATUMS = [
    *("1900-01-01", "1905-09-04", "1905-09-05", "1950-01-01", "1950-03-01", "2020-02-29", "2020-12-31", "2021-01-01"),
    *("2023-02-28", "2024-02-29", "2025-07-01", "2025-07-31", "2025-08-01", "2025-08-31", "2025-09-05", "2025-09-06"),
    *("2025-09-08", "2025-12-28", "2025-12-29", "2026-03-29"),
]
_WAARDEN = {
    "Bsn": ["999900006", "999900018", "999996770", "999900007", "000000000", "123456789"],
    "Postcode": ["3511AB", "3511ab", "0511AB", "3511 AB", "B-1000", "3511A1"],
    "LandCode": ["NL", "BE"],
    "NaamGebruik": list("123456"),
    "TotaalBedrag": ["0", "00", "1", "249750", "0249750", "+249750", " 249750", "344500", "+0", "+327250"],
    "Bedrag": ["0", "1", "093750", "93750", "126000", "+0", "+93750", "+165000"],
    "GeleverdVolume": ["0", "15", "165000", "0165000", "93750", "+15", "+165000"],
    "ToewijzingNummer": ["20072", "020072", "20073", " 20072", "0"],
    "ReferentieNummer": ["RN200", "RN202", "RN101", "RN 2", " RN200", " "],
    "VorigReferentieNummer": ["RN200", "RN202", "RN101", "RN 2", " RN101 ", " "],
    "ReferentieAanbieder": ["VOT-1", " VOT-1", "VOT-1 ", "VOT-2"],
    "Code": ["02A03", "01A01", "07A12"],
    "RetourCode": ["0200", "8001", "9333", "0233"],
    "Nummer": ["1", "2"],
    "Type": ["01", "02", "05", "08"],
    "Datum": _DATUMS,
}


@functools.cache
def _codes(naam: str) -> list[str]:
    """Codes of the list that belongs to an element of this name."""
    lijst = {
        "Categorie": "WMO020", "ProductCategorie": "WMO020", "Eenheid": "WJ756", "Frequentie": "WMO757",
        "DebetCredit": "COD043", "DatumGebruik": "COD170", "StatusAanlevering": "COD467", "Vorm": "COD747",
        "RedenWijziging": "WMO002", "RedenBeeindiging": "WMO588", "VerzoekAntwoord": "WJ760",
        "RedenAfwijzingVerzoek": "WJ759", "Soort": "COD757",
    }.get(naam)  # fmt: skip
    return list(codelijsten.get(lijst).codes) if lijst else []


def _waarden(naam: str) -> list[str]:
    datum = naam.lower().endswith(("datum", "dagtekening"))
    return _WAARDEN.get(naam) or _codes(naam) or (_DATUMS if datum else [])


def mutanten(soort: str, aantal: int, zaad: int = 1) -> Iterator[bytes]:
    """`aantal` files of a kind that the schema accepts, the same ones for the same seed."""
    kans = random.Random(f"{soort}{zaad}")
    gevallen = [wijziging for geval in GEVALLEN if geval.bericht == soort for wijziging in (geval.goed, geval.fout)]
    while aantal:
        root = etree.fromstring(xml(soort, kans.choice([{}, *gevallen])))
        for _ in range(kans.choice((1, 1, 2, 3))):
            kans.choice((_waarde, _waarde, _waarde, _schuif, _weg, _dubbel, _ruil, _wit))(root, kans)
        if soort == "WMO323" and kans.random() < 0.6:
            _tel_op(root)
        data = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        if voldoet_aan_schema(soort, data):
            aantal -= 1
            yield data


def _bladen(root: etree._Element) -> list[etree._Element]:
    return [node for node in root.iter(etree.Element) if not len(node) and _waarden(etree.QName(node).localname)]


def _waarde(root: etree._Element, kans: random.Random) -> None:
    if bladen := _bladen(root):
        blad = kans.choice(bladen)
        blad.text = kans.choice(_waarden(etree.QName(blad).localname))


def _schuif(root: etree._Element, kans: random.Random) -> None:
    """A date some days or about a month away."""
    datums = [node for node in _bladen(root) if node.text and node.text[4:5] == "-" and len(node.text) == 10]
    if datums:
        blad = kans.choice(datums)
        dag = date.fromisoformat(str(blad.text)) + timedelta(days=kans.choice((-31, -30, -1, 1, 28, 31)))
        blad.text = dag.isoformat()


def _weg(root: etree._Element, kans: random.Random) -> None:
    node = kans.choice([node for node in root.iter(etree.Element) if node.getparent() is not None])
    node.getparent().remove(node)


def _dubbel(root: etree._Element, kans: random.Random) -> None:
    node = kans.choice([n for n in root.iter(etree.Element) if len(n)])
    if node is not root:
        node.addnext(copy.deepcopy(node))


def _ruil(root: etree._Element, kans: random.Random) -> None:
    """The value of one leaf in another of the same name."""
    if bladen := _bladen(root):
        blad = kans.choice(bladen)
        blad.text = kans.choice(list(root.iter(blad.tag))).text


def _wit(root: etree._Element, kans: random.Random) -> None:
    """Blanks around a date or a number, which the schema allows."""
    blad = kans.choice([node for node in _bladen(root) if node.text and node.text.strip()[-1:].isdigit()])
    blad.text = kans.choice((" {}", "{} ", "\t{}\n", "    {}", " " * 10 + "{}")).format(blad.text)


def _tel_op(root: etree._Element) -> None:
    """Make the total of a declaration right again, so that other rules get their turn."""
    ns = {"m": SOORTEN["WMO323"].namespace, "i": SOORTEN["WMO323"].namespace.replace("wmo323", "basisschema")}
    regels = "//m:IngediendBedrag[i:DebetCredit='{}']/i:Bedrag"
    uitkomst = root.xpath(f"sum({regels.format('D')}) - sum({regels.format('C')})", namespaces=ns)
    if math.isnan(uitkomst):  # an amount with a plus sign
        return
    som = int(uitkomst)
    for node in root.iterfind("m:Declaratie/m:TotaalIngediendBedrag/*", ns):
        node.text = str(abs(som)) if node.tag.endswith("}TotaalBedrag") else "C" if som < 0 else "D"
