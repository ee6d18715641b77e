"""The SignerInfo as pyHanko verifies it, put together from bytes that `signature` has taken apart (SM-28, SM-30).

pyHanko reads asn1crypto objects by the names of their fields. Building those for every message takes five times as
long as the RSA operation that they are for; nearly all of them say the same in every message of a partner, so these
are kept and the few others are filled in. Every byte that pyHanko hashes or compares still comes from the message.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

# `tsp` tells asn1crypto of the attributes that name the signer's certificate. Without it those of the first message
# would be kept as unknown ones, and never compared with the certificate.
from asn1crypto import cms, core, tsp  # noqa: F401

from gateway.securemail import algorithms, ber, der, profiles
from gateway.securemail.ber import Element
from gateway.securemail.guard import PARSER_ERRORS, remembered
from gateway.securemail.limits import Limits
from gateway.securemail.refusal import Refusal, malformed

_LONGEST_KEPT = 512  # bytes of an attribute: as objects, what a stranger puts in one takes a thousand times its size
_TIMES = {der.UTC_TIME: core.UTCTime, der.GENERALIZED_TIME: core.GeneralizedTime}


#: Attributes that pyHanko reads from their bytes, which name the signer. As objects they are encoded anew each time.
_NAMES_CERTIFICATE = frozenset(map(cms.CMSAttributeType.unmap, ("signing_certificate", "signing_certificate_v2")))


class _Value(NamedTuple):
    """A value that is read by its `native` only, as of an asn1crypto object."""

    native: object


class _Bytes(NamedTuple):
    """A value that is read by its bytes."""

    whole: bytes
    parsed: Any

    @property
    def native(self) -> object:
        """What they say."""
        return self.parsed.native

    def dump(self) -> bytes:
        """As they came."""
        return self.whole


class Attribute(NamedTuple):
    """A signed attribute: its values as bytes, and the whole for pyHanko."""

    values: list[Element]
    fields: Mapping[str, Any]


class SignedAttributes:
    """The signed attributes, by type; read once, checked by `signature`, and handed to pyHanko as they are."""

    def __init__(self, signed: Element, limits: Limits) -> None:
        """Each present once (SM-28: their absence opens the confusion attack); `Refusal` signature or malformed."""
        listed = ber.elements(signed.contents)
        if not listed:
            raise Refusal("signature", "geen ondertekende attributen")
        if len(listed) > limits.attributes:
            raise malformed("te veel attributen")
        self._signed = der.element(der.SET, signed.contents)
        self.by_type: dict[str, Attribute] = {}
        for one in listed:
            written, values = ber.fields(one, der.OID, der.SET)
            oid = algorithms.dotted(written.contents)
            if oid in self.by_type:
                raise Refusal("signature", "attribuut staat er twee keer in")
            found = ber.elements(values.contents)
            self.by_type[oid] = Attribute(found, _fields(oid, one.whole, found))

    def untag(self) -> Self:
        """In place of the tag [0] of the SignerInfo they have the one that was signed already (RFC 5652 5.4)."""
        return self

    def dump(self) -> bytes:
        """What was signed."""
        return self._signed

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return (attribute.fields for attribute in self.by_type.values())


def _fields(oid: str, attribute: bytes, values: Sequence[Element]) -> Mapping[str, Any]:
    if oid == profiles.MESSAGE_DIGEST:
        return {"type": _Value("message_digest"), "values": [_Value(algorithms.octets(v)) for v in values]}
    if oid == profiles.SIGNING_TIME:
        return {"type": _Value("signing_time"), "values": [_Value(_time(v)) for v in values]}
    parsed = _repeated(attribute) if len(attribute) <= _LONGEST_KEPT else _attribute(attribute)
    if oid not in _NAMES_CERTIFICATE:
        return parsed
    return parsed | {"values": [_Bytes(v.whole, said) for v, said in zip(values, parsed["values"], strict=True)]}


def _time(value: Element) -> object:
    if value.tag not in _TIMES:
        raise malformed("ondertekentijd is geen tijd")
    return _TIMES[value.tag].load(value.whole, strict=True).native


def _attribute(attribute: bytes) -> dict[str, Any]:
    parsed = _to_its_end(cms.CMSAttribute, attribute)
    return {"type": _Value(parsed["type"].native), "values": parsed["values"]}


#: Attributes that every message of a partner repeats.
_repeated = remembered(_attribute)


def signer_info(digest: bytes, scheme: bytes, attributes: SignedAttributes, value: bytes) -> Mapping[str, Any]:
    """What `validate_sig_integrity` reads of a SignerInfo: both algorithm identifiers, the attributes, the value."""
    return {
        "digest_algorithm": _digest_algorithm(digest),
        "signature_algorithm": _signature_algorithm(scheme),
        "signed_attrs": attributes,
        "signature": _Value(value),
    }


@remembered
def _digest_algorithm(identifier: bytes) -> cms.DigestAlgorithm:
    return _to_its_end(cms.DigestAlgorithm, identifier)


@remembered
def _signature_algorithm(identifier: bytes) -> cms.SignedDigestAlgorithm:
    return _to_its_end(cms.SignedDigestAlgorithm, identifier)


def _to_its_end(kind: type[core.Asn1Value], data: bytes) -> Any:
    """Load and read all of it: asn1crypto would go on at first use, which threads may share."""
    parsed = kind.load(data, strict=True)
    with contextlib.suppress(*PARSER_ERRORS):  # whoever needs the unreadable part meets the error again
        _ = parsed.native
    return parsed
