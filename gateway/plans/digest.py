"""What a signature and a submission stand for: SHA-256 over canonical JSON (RFC 8785) of the content (plan 5.8)."""

import hashlib
from typing import Any

import rfc8785

from gateway.plans.model import Ondersteuningsplan
from gateway.plans.plain import to_plain

# Not part of the content: what is put on it (signatures), what happens to it later (status) and what the receiver adds.
_BUITEN_INHOUD = frozenset(
    {"status", "handtekening", "ontvangenOp", "conceptGedeeld", "ontvangenAls", "overgenomenDoor", "gecontroleerdDoor"}
    | {"document", "sha256"}
)


def canoniek(waarde: Any) -> bytes:
    """Plain JSON data as canonical bytes (RFC 8785): equal values give equal bytes on every system."""
    return rfc8785.dumps(waarde)


def sha256_van(waarde: Any) -> str:
    """Hex SHA-256 over the canonical bytes of plain JSON data."""
    return hashlib.sha256(canoniek(waarde)).hexdigest()


def inhoud_sha256(plan: Ondersteuningsplan) -> str:
    """The hash of a plan version: everything in it but signatures, status and what is added at receipt."""
    plain = to_plain(plan)
    return sha256_van({key: value for key, value in plain.items() if key not in _BUITEN_INHOUD})
