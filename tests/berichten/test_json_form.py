"""The JSON form of a message, and what is told about JSON that does not have it."""

import json
import random
from typing import Any

import msgspec
import pytest
from lxml import etree

from gateway import berichten
from gateway.berichten.schema_sets import iwmo
from tests.berichten.messages import random_message


class Everything(random.Random):
    def randint(self, a: int, b: int) -> int:
        return b


def document() -> dict[str, Any]:
    """A full 301 as plain JSON values."""
    message = iwmo().by_soort("WMO301")
    assert message is not None
    bericht = berichten.parse(etree.tostring(random_message(message.schema, Everything(1), lists=2)))
    found = json.loads(berichten.to_json(bericht))
    assert isinstance(found, dict)
    return found


def test_shape() -> None:
    """bericht, release, header, client; lowerCamelCase, lists as arrays, dates as strings, numbers as integers."""
    found = document()

    assert list(found) == ["bericht", "release", "header", "client"]
    assert (found["bericht"], found["release"]) == ("WMO301", "3.2")
    product = found["client"]["toegewezenProducten"][1]
    assert isinstance(product["toewijzingNummer"], int)
    assert isinstance(product["omvang"]["volume"], int)
    assert product["toewijzingsdatum"].count("-") == 2
    assert product["toewijzingstijd"].count(":") == 2
    assert "telefoon01" in found["client"]["contactgegevens"][0]["telefoon"]


def test_absent_is_left_out() -> None:
    """No nulls."""
    message = iwmo().by_soort("WMO319")
    assert message is not None

    class Least(random.Random):
        def randint(self, a: int, b: int) -> int:
            return a

    bericht = berichten.parse(etree.tostring(random_message(message.schema, Least(1))))

    assert b"null" not in berichten.to_json(bericht)


WRONG = {
    "unknown member": (("client", "naam", "roepnaam"), "X", "Element `roepnaam` hoort niet in `Naam`."),
    "number as text": (("client", "toegewezenProducten", 0, "toewijzingNummer"), "12", "een geheel getal"),
    "true for a number": (("client", "toegewezenProducten", 0, "budget"), True, "een geheel getal"),
    "text as number": (("client", "bsn"), 999900006, "een tekst"),
    "no date": (("client", "geboortedatum", "datum"), "01-02-1950", "een datum"),
    "no time": (("client", "toegewezenProducten", 1, "toewijzingstijd"), "half twee", "een tijdstip"),
    "object for a list": (("client", "toegewezenProducten"), {}, "een lijst"),
    "list for an object": (("client", "naam"), [], "een object"),
    "missing": (("client", "geslacht"), ..., "`Geslacht` ontbreekt in `Client`"),
    "null where needed": (("client", "geslacht"), None, "een tekst"),
}


def put(found: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        found = found[step]
    if value is ...:
        del found[path[-1]]
    else:
        found[path[-1]] = value


@pytest.mark.parametrize("name", WRONG)
def test_wrong_json_is_a_finding(name: str) -> None:
    """Where, what, and in both languages."""
    path, value, text = WRONG[name]
    found = document()
    put(found, path, value)

    reading = berichten.from_json(json.dumps(found).encode())
    english = berichten.from_json(json.dumps(found).encode(), lang="en")

    assert (reading.soort, reading.bericht, len(reading.findings)) == ("WMO301", None, 1)
    assert text in reading.findings[0].message
    assert english.findings[0].message != reading.findings[0].message


def test_all_wrongs_are_told_at_once() -> None:
    """Ten faults, ten findings."""
    found = document()
    for path, value, _ in WRONG.values():
        if path not in {("client", "toegewezenProducten"), ("client", "naam")}:
            put(found, path, value)
    found["client"].pop("geslacht", None)

    assert len(berichten.from_json(json.dumps(found).encode()).findings) == 7


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"3",
        b"null",
        b"{}",
        b'{"bericht":"WMO999","release":"3.2"}',
        b'{"bericht":3}',
        b"[" * 100_000,
    ],
)
def test_no_message_at_all(data: bytes) -> None:
    """Never an exception."""
    (found,) = berichten.from_json(data).findings

    assert found.code == "JSON"


def test_values_are_judged_when_the_message_is_built() -> None:
    """The JSON form has the right structure, the schema still rejects the value."""
    found = document()
    found["client"]["bsn"] = "12"
    bericht = berichten.from_json(json.dumps(found).encode()).bericht
    assert bericht is not None

    with pytest.raises(berichten.OngeldigBericht) as caught:
        berichten.build(bericht)

    assert [f.path for f in caught.value.findings] == ["/Bericht/Client/Bsn"]


HOSTILE = ["</Bsn><Bsn>", "&amp;", "<!--", "]]>", "a\x00b", "\ud800", "x" * 300]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_value_can_break_out_of_its_element(text: str) -> None:
    """Values are written as text, or refused; never as markup."""
    found = document()
    found["client"]["commentaar"] = text
    found["client"]["geslacht"] = f"1</Geslacht>{text}<Geslacht>1"
    message = iwmo().by_soort("WMO301")
    assert message is not None
    document_without_head = {k: v for k, v in found.items() if k not in {"bericht", "release"}}
    bericht = msgspec.convert(document_without_head, message.model)

    with pytest.raises(berichten.OngeldigBericht):
        berichten.build(bericht)


@pytest.mark.parametrize("text", HOSTILE[:4])
def test_markup_in_free_text_survives(text: str) -> None:
    """What looks like markup comes back as it was."""
    found = document()
    found["client"]["commentaar"] = text
    bericht = berichten.from_json(json.dumps(found).encode()).bericht
    assert bericht is not None

    assert berichten.parse(berichten.build(bericht)) == bericht
