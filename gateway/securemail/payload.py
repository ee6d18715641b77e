"""The parts of a signed entity, after its signer is known (SM-17, SM-18, SM-62, SM-142)."""

import hashlib

import msgspec

from gateway.securemail import scanner
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.refusal import Refusal, malformed
from gateway.securemail.scanner import Entity

#: Never inside a signed entity: pieces of other messages, fetches from elsewhere, S/MIME or PGP again.
_REFUSED = frozenset(
    {
        "message/partial",
        "message/external-body",
        "multipart/signed",
        "multipart/encrypted",
        "application/pkcs7-mime",
        "application/x-pkcs7-mime",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
    }
)


class Part(msgspec.Struct, frozen=True):
    """One leaf part, as received. The name is data: never a path, shown escaped (`shown_name`)."""

    name: str | None
    type: str  #: media type, lower case, without parameters; what the sender claims
    content: bytes
    sha256: str  #: of the content, hex

    @property
    def shown_name(self) -> str:
        """The name for people: control and bidi characters escaped, cut at 100 (SM-142)."""
        return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in self.name or "")[:100]


def read_parts(entity: Entity, limits: Limits = LIMITS) -> tuple[Part, ...]:
    """All leaf parts in order; `Refusal` structure or malformed. `message/*` parts are leaves: never descended into."""
    found: list[Part] = []
    _collect(entity, (), found, limits)
    return tuple(found)


def _collect(entity: Entity, enclosing: tuple[str, ...], found: list[Part], limits: Limits) -> None:
    if entity.type.type in _REFUSED:
        raise Refusal("structure", "onderdeel dat niet in een ondertekend bericht hoort")
    if not entity.type.type.startswith("multipart/"):
        found.append(_part(entity))
        if len(found) > limits.parts:
            raise malformed("te veel onderdelen")
        return
    if len(enclosing) >= limits.part_depth:
        raise malformed("onderdelen te diep genest")
    boundary = scanner.boundary_of(entity.type, enclosing)
    for piece in scanner.parts_of(entity.place, boundary, limits):
        _collect(scanner.read_entity(piece, limits), (*enclosing, boundary), found, limits)


def _part(entity: Entity) -> Part:
    content = scanner.decode_body(entity)
    written = entity.header.get("content-disposition")
    disposition = {} if written is None else scanner.parse_disposition(written)
    name = disposition.get("filename", entity.type.parameters.get("name"))
    return Part(name, entity.type.type, content, hashlib.sha256(content).hexdigest())
