"""What an opened message carries, for the flow that owns its kind."""

from typing import Final

import msgspec

from gateway import berichten
from gateway.berichten import Reading, Xml
from gateway.domain.findings import Finding
from gateway.flows import canary
from gateway.flows.dispatch import Letter
from gateway.flows.dossiers import Client
from gateway.plans.exchange import SCHEMA
from gateway.securemail import Opened, Part
from gateway.store import BerichtIn

DECLARED: Final = frozenset({"application/json", "application/xml", "text/xml"})
NO_BERICHT: Final = ("plan", canary.KIND)  # kinds that are no iWmo message
_FAMILY: Final = SCHEMA.rpartition("/")[0]


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The one payload of a message and the parts beside it."""

    kind: str  # plan, or the kind of an iWmo message
    content: bytes
    rest: tuple[Part, ...] = ()
    xml: Xml | None = None  # of an iWmo message, for who reads it …
    reading: Reading | None = None  # … and if that was done already


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The payload took effect, in this dossier; None if it is about no client. The rest is still to be written."""

    dossier: str | None = None
    begins: Client | None = None  # whose dossier is new
    entry: BerichtIn | None = None  # in the register …
    keys: frozenset[str] = frozenset()  # … to be found by these
    reply: Letter | None = None  # the return message


class Unusable(msgspec.Struct, frozen=True, kw_only=True):
    """The payload cannot be used; nothing of it took effect."""

    findings: tuple[Finding, ...]
    dossier: str | None = None  # whose it is, where that could be read
    early: bool = False  # nothing is wrong with it but the moment: kept, and the sender learns it was received (PL-73)


class _Named(msgspec.Struct, frozen=True):
    """A JSON document that says what it is."""

    schema: str


def payload_of(opened: Opened) -> Payload | Unusable:
    """Exactly one payload, known by its bytes and not by its name or media type; others are kept, never executed.

    Where no part says by itself what it is, the one that is declared to be data counts: its faults are told (SM-62).
    """
    parts = [(part, xml := _xml(part.content), kind_of(part.content, xml)) for part in opened.parts]
    found = [one for one in parts if one[2] is not None] or [one for one in parts if one[0].type in DECLARED]
    if len(found) != 1:
        return Unusable(findings=(_not_one(),))
    part, xml, known = found[0]
    rest = tuple(p for p in opened.parts if p is not part)
    kind = known or ("plan" if part.type == "application/json" else "iwmo")
    return Payload(kind=kind, content=part.content, rest=rest, xml=xml)


def _xml(content: bytes) -> Xml | None:
    return berichten.xml_of(content) if _begins(content) == b"<" else None


def _begins(content: bytes) -> bytes:
    return content.lstrip(b" \t\r\n")[:1]


def _not_one() -> Finding:
    return Finding(
        code="PAYLOAD",
        severity="error",
        message="Het bericht bevat niet precies één plan of iWmo-bericht.",
        advice="Neem contact op met de afzender.",
    )


def kind_of(content: bytes, xml: Xml | None = None) -> str | None:
    """What a part says it is, by its own bytes: `plan`, `canary`, the kind of an iWmo message; None for anything else.

    The root's namespace or the JSON schema decides, never a name or a media type (SM-62).
    """
    begin = _begins(content)
    if begin == b"<":
        return berichten.soort_of(content, xml=xml)
    if begin != b"{":
        return None
    if canary.is_canary(content):
        return canary.KIND
    try:
        named = msgspec.json.decode(content, type=_Named)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return "plan" if named.schema.rpartition("/")[0] == _FAMILY else None
