"""Write messages that our own sealing would never write: for attacks and for partners with other software."""

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

from gateway.demo import ca
from gateway.securemail import cms_write, der, layout, profiles
from gateway.securemail.layout import Field
from gateway.securemail.profiles import Digest, Profile, SchemeKind
from tests.securemail.world import MUNICIPALITY, NOW, PROVIDER, leaf, plan, recipient, signing

MESSAGE_ID = "<00112233445566778899aabbccddeeff@zorg.example>"
SIGNER = leaf(PROVIDER)
READER = leaf(MUNICIPALITY)


def fields(now: datetime = NOW, **changes: Any) -> tuple[Field, ...]:
    """The outer fields of a message."""
    return layout.outer_fields(plan(**changes), MESSAGE_ID, now)


def entity(now: datetime = NOW, *, enveloped: bool = True, protect: bool = True, **changes: Any) -> bytes:
    """A signed entity; without protection it carries no fields but Content-Type."""
    message = plan(**changes)
    if not protect:
        return layout.signed_entity(message, (), None).replace(b'; hp="clear"', b"")
    protected = layout.protected_fields(message, MESSAGE_ID, now)
    return layout.signed_entity(message, protected, fields(now, **changes) if enveloped else None)


def signature(
    content: bytes, signer: ca.Issued = SIGNER, profile: Profile = profiles.STANDARD, now: datetime = NOW
) -> bytes:
    """Our own signature over *content*."""
    key = signing(signer)
    _, digest = cms_write.signature_algorithm(key.facts, profile)
    return cms_write.signed_data(cms_write.digest_of(content, digest), key, profile, now)


def signed(content: bytes, signer: ca.Issued = SIGNER, **options: Any) -> bytes:
    """`multipart/signed` over *content*."""
    return layout.multipart_signed(content, signature(content, signer, **options), "sha-256")


def enveloped(
    plaintext: bytes, *readers: ca.Issued, profile: Profile = profiles.STANDARD, outer: tuple[Field, ...] | None = None
) -> bytes:
    """Any plaintext, encrypted, as mail."""
    cms = cms_write.enveloped(plaintext, [recipient(r) for r in readers or (READER,)], profile, os.urandom(32))
    return mail(cms, outer)


def mail(cms: bytes, outer: tuple[Field, ...] | None = None) -> bytes:
    """Any CMS bytes as mail."""
    return layout.enveloped_mail(outer or fields(), cms, authenticated=False)


def genuine() -> bytes:
    """A message with nothing wrong."""
    return enveloped(signed(entity()))


def signer_info(
    content: bytes,
    signer: ca.Issued = SIGNER,
    *,
    digest: Digest = profiles.SHA256,
    digest_identifier: bytes | None = None,
    scheme: bytes | None = None,
    kind: SchemeKind = "ecdsa",
    attributes: Callable[[list[bytes]], list[bytes]] = lambda a: a,
    sign: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """A SignerInfo of which every piece can be bent."""
    key = signing(signer)
    listed = [
        der.sequence(der.oid(profiles.CONTENT_TYPE), der.set_of(der.oid(profiles.DATA))),
        der.sequence(der.oid(profiles.MESSAGE_DIGEST), der.set_of(der.octets(cms_write.digest_of(content, digest)))),
        der.sequence(der.oid(profiles.SIGNING_TIME), der.set_of(der.time(NOW))),
    ]
    chosen = attributes(listed)
    body = der.set_of(*chosen)
    value = sign(body) if sign else key.signer.sign(body if chosen else content, kind, digest)
    return der.sequence(
        der.integer(1),
        key.issuer_serial,
        digest_identifier or profiles.digest_identifier(digest),
        *([b"\xa0" + body[1:]] if chosen else []),
        scheme or profiles.signature_identifier(kind, digest),
        der.octets(value),
    )


def signed_data(
    *infos: bytes, certificates: bytes | None = None, content_type: str = profiles.DATA, content: bytes = b""
) -> bytes:
    """SignedData around SignerInfos."""
    body = der.sequence(
        der.integer(1),
        der.set_of(profiles.digest_identifier(profiles.SHA256)),
        der.sequence(der.oid(content_type), *([der.explicit(0, der.octets(content))] if content else [])),
        der.explicit(0, signing(SIGNER).certificate_set if certificates is None else certificates),
        der.set_of(*infos),
    )
    return der.sequence(der.oid(profiles.SIGNED_DATA), der.explicit(0, body))


def with_signature(content: bytes, cms: bytes) -> bytes:
    """A whole message whose signature is given."""
    return enveloped(layout.multipart_signed(content, cms, "sha-256"))
