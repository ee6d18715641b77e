"""What a part is, by its own bytes: not by its name and not by the media type that somebody wrote on it (SM-62)."""

import pytest

from gateway.flows.payload import kind_of
from gateway.securemail import Attachment

from .conftest import Pair

IWMO = b'<?xml version="1.0"?>\n<x:Bericht xmlns:x="http://www.istandaarden.nl/iwmo/3_2/wmo301/schema"/>'
PLAN = b'{"schema": "ondersteuningsplan-uitwisseling/1"}'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PLAN, "plan"),
        (b"\xef\xbb\xbf \r\n" + PLAN, None),  # a byte order mark is no JSON
        (b"  " + PLAN, "plan"),
        (b'{"schema": "ondersteuningsplan-uitwisseling/9"}', "plan"),
        (b'{"schema": "iets-anders/1"}', None),
        (b'{"schema": 1}', None),
        (b"{}", None),
        (b"[]", None),
        (b'{"schema": "\xff"}', None),
        (IWMO, "WMO301"),
        (b"<html><body>hallo</body></html>", None),
        (b'<Bericht xmlns="urn:other"/>', None),
        (b"<Bericht", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_a_part_says_itself_what_it_is(content: bytes, kind: str | None) -> None:
    """The namespace of the root, the schema of the document; everything else says nothing."""
    assert kind_of(content) == kind


def test_a_wrong_media_type_hides_no_payload_and_makes_none(pair: Pair) -> None:
    """A plan that its sender's program calls octets is read as a plan; a web page beside it counts for nothing."""
    octets = Attachment("bijlage.bin", "application/octet-stream", PLAN)
    page = Attachment(None, "text/xml", b"<html><body>zie bijlage</body></html>")
    item = pair.take_in("aanbieder", pair.seal("gemeente", page, octets).raw)
    assert item.state == "quarantined"
    assert "veldgrenzen" in (item.detail or "")  # judged as the plan it says it is


def test_two_payloads_are_one_too_many_whatever_they_are_called(pair: Pair) -> None:
    """Neither is acted upon."""
    parts = (Attachment("a.txt", "text/plain", PLAN), Attachment("b.bin", "application/octet-stream", IWMO))
    item = pair.take_in("aanbieder", pair.seal("gemeente", *parts).raw)
    assert (item.state, item.detail) == ("quarantined", "PAYLOAD")
