"""Reading and writing are each other's inverse, for every message of the standard."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway import berichten
from gateway.berichten import wmo301, wmo305
from gateway.berichten.schema_sets import Message, iwmo
from tests.berichten.messages import random_message
from tests.berichten.mutations import mutate

MESSAGES = iwmo().messages


def same_tree(left: etree._Element, right: etree._Element) -> bool:
    """Equal names, values and order."""
    mine, yours = list(left.iter()), list(right.iter())
    pairs = zip(mine, yours, strict=False)
    return len(mine) == len(yours) and all(a.tag == b.tag and (len(a) or a.text == b.text) for a, b in pairs)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: m.soort.soort)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_what_is_read_is_written_and_read_again(message: Message, seed: int) -> None:
    """parse(build(m)) == m, and build(parse(x)) is x but for prefixes and line ends."""
    root = random_message(message.schema, random.Random(seed))
    data = etree.tostring(root)

    bericht = berichten.parse(data)
    built = berichten.build(bericht)

    assert berichten.parse(built) == bericht
    assert same_tree(etree.fromstring(built, etree.XMLParser(remove_blank_text=True)), root)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda m: m.soort.soort)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_json_form_holds_the_whole_message(message: Message, seed: int) -> None:
    """from_json(to_json(m)) == m."""
    bericht = message.read(random_message(message.schema, random.Random(seed)), [])

    reading = berichten.from_json(berichten.to_json(bericht))

    assert reading == berichten.Reading(soort=message.soort.soort, release="3.2", bericht=bericht)


def test_kind_can_be_asked_for() -> None:
    """parse(data, wmo301.Bericht) has that type, and refuses a good message of another kind."""
    message = iwmo().by_soort("WMO301")
    assert message is not None
    data = etree.tostring(random_message(message.schema, random.Random(1)))

    assert berichten.parse(data, wmo301.Bericht).client.toegewezen_producten
    with pytest.raises(berichten.OngeldigBericht, match="Dit is een WMO301; hier hoort een WMO305"):
        berichten.parse(data, wmo305.Bericht)


def test_threads_share_schemas_and_parsers() -> None:
    """Eight threads give what one gives, for good and for broken messages."""
    rng = random.Random(5)
    work = []
    for seed in range(20):
        for message in MESSAGES:
            root = random_message(message.schema, random.Random(seed), lists=6)
            if seed % 3 == 0:
                mutate(root, message.schema, rng)
            work.append(etree.tostring(root))
    alone = [berichten.read(data) for data in work]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(berichten.read, work))

    assert together == alone


def test_unusual_spellings_are_values_and_stay_visible() -> None:
    """ToewijzingNummer 0101 is 101; TR101, TR358 and TR416 compare what was written."""
    for seed in range(40):
        for message in MESSAGES:
            root = random_message(message.schema, random.Random(seed), spelling=True)
            reading = berichten.read(etree.tostring(root))

            rebuilt = berichten.read(berichten.build(reading.bericht)).bericht if reading.bericht else None

            assert reading.findings == ()
            assert rebuilt == reading.bericht
            for path, text in reading.oddities.items():
                assert at(root, path).text == text


def at(root: etree._Element, path: str) -> etree._Element:
    """The element at a path as findings write it."""
    node = root
    for step in path.split("/")[2:]:
        name, _, index = step.rstrip("]").partition("[")
        node = [kid for kid in node if etree.QName(kid).localname == name][int(index or 1) - 1]
    return node
