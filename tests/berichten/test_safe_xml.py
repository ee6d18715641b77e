"""Files that are broken or hostile are answered with findings, never with an exception, the disk or the network."""

import random
from collections.abc import Callable

import pytest
from lxml import etree

from gateway import berichten
from gateway.berichten.schema_sets import iwmo
from tests.berichten.messages import random_message
from tests.cost import is_linear

MESSAGE = iwmo().by_soort("WMO301")
assert MESSAGE is not None
GOOD = etree.tostring(random_message(MESSAGE.schema, random.Random(1)), xml_declaration=True, encoding="UTF-8")
BODY = GOOD.partition(b"?>")[2]
END = b"</Bericht>"
ROOT = b'<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_2/wmo301/schema">'

BROKEN = {
    "empty": (b"", "XML", "leeg"),
    "blank": (b" \n ", "XML", "leeg"),
    "UTF-8 BOM": (b"\xef\xbb\xbf" + GOOD, "XML", "byte order mark"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "XML", "UTF-8"),
    "UTF-16 without BOM": (BODY.decode().encode("utf-16-be"), "XML", "UTF-8"),
    "Latin-1": (b"<?xml version='1.0' encoding='ISO-8859-1'?>" + BODY, "XML", "andere codering"),
    "bad UTF-8": (GOOD.replace(END, b"\xe9" + END), "XML", "UTF-8"),
    "NUL": (GOOD.replace(END, b"\0" + END), "XML", "stuurteken"),
    "control character": (GOOD.replace(END, b"\x07" + END), "XML", "stuurteken"),
    "reference to NUL": (GOOD.replace(END, b"&#0;" + END), "XML", "stuurteken"),
    "cut in a tag": (GOOD[:-20], "XML", "houdt op"),
    "cut between tags": (GOOD[: GOOD.index(b"<Ontvanger>")], "XML", "houdt op"),
    "two documents": (GOOD + GOOD, "XML", "goed gevormd"),
    "unbound prefix": (b"<x:Bericht/>", "XML", "goed gevormd"),
    "PDF": (b"%PDF-1.7", "XML", "geen XML"),
    "ten thousand levels": (b"<a>" * 10_000 + b"</a>" * 10_000, "XML", "te diep"),
    "levels in a large file": (b"<a>" * 10_000 + b"x" * 10_000_001 + b"</a>" * 10_000, "XML", "te diep"),
    "DTD": (b'<!DOCTYPE Bericht [<!ENTITY a "b">]>' + BODY, "XML", "DTD"),
    "DTD after comments": (
        b"<?xml version='1.0'?><!--x--><?p?>\n<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>",
        "XML",
        "DTD",
    ),
    "unknown entity": (GOOD.replace(END, b"&foo;" + END), "XML", "entiteit"),
    "too large": (b" " * 25_000_001, "OP179", "25 MB"),
    "older release": (BODY.replace(b"3_2/wmo301", b"3_1/wmo301"), "XSD", "WMO301 van release 3.1"),
    "iJw": (BODY.replace(b"iwmo/3_2/wmo301", b"ijw/3_2/jw301"), "XSD", "iJw-bericht (JW301, release 3.2)"),
    "no such message": (BODY.replace(b"wmo301", b"wmo399"), "XSD", "WMO399 is geen bericht"),
    "other namespace": (b'<Bericht xmlns="urn:x"/>', "XSD", "geen bericht dat"),
    "other root": (ROOT.replace(b"Bericht", b"Foo") + b"</Foo>", "XSD", "is `Bericht`, niet `Foo`"),
    "levels of Header": (ROOT + b"<Header>" * 200 + b"</Header>" * 200 + END, "XSD", "ontbreekt"),
    "xsi:nil": (
        GOOD.replace(b"<Header>", b'<Header xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">'),
        "XSD",
        "attribuut",
    ),
    "xsi:type": (
        GOOD.replace(b"<Header>", b'<Header xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="Client">'),
        "XSD",
        "attribuut",
    ),
    "XInclude": (
        GOOD.replace(
            END, b'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>' + END
        ),
        "XSD",
        "hoort niet in",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_a_finding(name: str) -> None:
    """The first finding says what is wrong, with what to do."""
    data, code, text = BROKEN[name]

    reading = berichten.read(data)

    assert reading.bericht is None
    assert (reading.findings[0].code, reading.findings[0].severity) == (code, "error")
    assert text in reading.findings[0].message
    assert reading.findings[0].advice


@pytest.mark.parametrize("name", BROKEN)
def test_every_finding_has_english_words(name: str) -> None:
    """--lang en."""
    nl, en = berichten.read(BROKEN[name][0]), berichten.read(BROKEN[name][0], lang="en")

    assert [f.path for f in nl.findings] == [f.path for f in en.findings]
    assert all(a.message != b.message for a, b in zip(nl.findings, en.findings, strict=True))


def test_random_damage_never_raises() -> None:
    """Bytes replaced, cut and repeated anywhere in a good message."""
    rng = random.Random(7)
    for _ in range(400):
        data = bytearray(GOOD)
        for _ in range(rng.randint(1, 5)):
            where = rng.randrange(len(data))
            data[where : where + rng.randint(0, 30)] = rng.choice(
                [b"", b"<", b"&", b"\xff", b"]]>", b"<!--", b"x" * 40]
            )

        reading = berichten.read(bytes(data))

        assert (reading.bericht is None) == bool(reading.findings)


def test_comments_and_cdata_are_no_part_of_a_value() -> None:
    """A comment, an instruction or CDATA inside a value leaves the value whole."""
    plain = GOOD.replace(b"<BerichtCode>414<", b"<BerichtCode>4<!--x-->1<?y z?><![CDATA[4]]><")

    assert plain != GOOD
    assert berichten.parse(plain) == berichten.parse(GOOD)


def test_prolog_of_many_instructions_is_read_in_linear_time() -> None:
    """A hostile prolog cannot keep the gateway busy."""

    def reading(instructions: int) -> Callable[[], object]:
        data = b"<?a?>" * instructions + b"<a/>"
        return lambda: berichten.read(data)

    assert is_linear(reading, 50_000)


def test_long_comment_text_is_legal() -> None:
    """LDT_Commentaar has no maximum: a value beyond libxml2's ordinary ten million characters is read."""
    root = etree.fromstring(GOOD)
    product = root.find(".//{*}ToegewezenProduct")
    assert product is not None
    for old in product.findall("{*}Commentaar"):
        product.remove(old)
    etree.SubElement(product, "{http://www.istandaarden.nl/iwmo/3_2/wmo301/schema}Commentaar").text = "abc " * 2_600_000

    assert berichten.read(etree.tostring(root)).findings == ()
