"""Open a message: the fourteen steps of section 5.1, each only after the one before (SM-17).

Pure; every failure is a `Refused` with one of the reasons of section 12. Step 14, the payload, is for the room that
owns it.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Literal, TypeVar

import msgspec

from gateway.securemail import decrypt, envelope, payload, protected, scanner, senders, signature
from gateway.securemail.certificates import Question, Verdict, VerdictCache, check_certificate
from gateway.securemail.chains import Certificate
from gateway.securemail.cms_write import digest_of
from gateway.securemail.decrypt import Plaintext
from gateway.securemail.guard import parser
from gateway.securemail.identity import NOTHING_SEEN, Identities, Identity, identify
from gateway.securemail.keyrules import BadCertificate
from gateway.securemail.kinds import kind_of_type
from gateway.securemail.limits import LIMITS, Limits
from gateway.securemail.partners import Mailbox, Partner, PartnerBook, Trust
from gateway.securemail.payload import Part
from gateway.securemail.profiles import PROFILES, SHA256, ContentCipher, ProfileName
from gateway.securemail.protected import Headers
from gateway.securemail.refusal import Refusal, Refused, malformed
from gateway.securemail.revocation import Revocation
from gateway.securemail.scanner import Entity, Header, Span
from gateway.securemail.signature import Signature, Signed

T = TypeVar("T")

DATE_BEFORE = timedelta(days=10)
DATE_AFTER = timedelta(minutes=10)


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that signed."""

    certificate: bytes  #: DER
    fingerprint: str  #: SHA-256, hex
    serial: str  #: hex (SM-126)
    subject: str  #: RFC 4514
    addresses: tuple[str, ...]
    not_after: datetime
    phase_out: bool  #: RSA below 3072 bits


class Algorithms(msgspec.Struct, frozen=True):
    """What the message used, by name."""

    signature: str
    content: str | None  #: None: not encrypted
    key: str | None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a partner, decrypted and verified; its payload is not yet judged."""

    partner: Partner
    signer: Signer
    address: str  #: ours, to which it was sent
    headers: Headers  #: the protected ones; `protection` none: SM-129 holds, the payload must name us
    parts: tuple[Part, ...]
    mic: bytes  #: SHA-256 of the signed entity
    cms_sha256: bytes  #: of the outermost CMS bytes (SM-125)
    is_cbc: bool
    encrypted: bool
    profile: ProfileName
    algorithms: Algorithms
    wants_receipt: bool  #: asked for, to an address of the partner, and a reply is allowed at all (SM-65, SM-67)
    identity: Identity
    is_receipt: bool  #: its root is a disposition notification: for `read_receipt`
    signing_time: datetime | None  #: a claim (SM-37)
    capabilities: tuple[str, ...]  #: content ciphers the signer says it can read; a suggestion (SM-2)
    carried: tuple[bytes, ...]  #: certificates in the signature: announcements (SM-134) and proposals (SM-44)
    notes: tuple[str, ...] = ()


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when a message arrived, and what was known then."""

    mailbox: Mailbox
    partners: PartnerBook
    trust: Trust
    revocation: Revocation
    received_at: datetime  #: of the provider's mailbox (SM-37)
    now: datetime
    identities: Identities = NOTHING_SEEN
    limits: Limits = LIMITS


class _Inside(msgspec.Struct, frozen=True):
    """What stands inside the envelope, or stood in the open."""

    signed: Signed
    cms_sha256: bytes
    cipher: ContentCipher | None  #: None: there was no envelope
    key_algorithm: str | None


def open(
    raw: bytes,
    mailbox: Mailbox,
    partners: PartnerBook,
    trust: Trust,
    revocation: Revocation,
    received_at: datetime,
    now: datetime,
    *,
    identities: Identities = NOTHING_SEEN,
    limits: Limits = LIMITS,
    cache: VerdictCache | None = None,
) -> Opened | Refused:
    """Open *raw*, received in *mailbox* at *received_at*. Never raises for anything in the message (SM-20).

    Opening again later with today's keys, trust and revocation data and the original *received_at* is idempotent
    (SM-104).
    """
    arrival = Arrival(
        mailbox=mailbox,
        partners=partners,
        trust=trust,
        revocation=revocation,
        received_at=received_at,
        now=now,
        identities=identities,
        limits=limits,
    )
    opening = Opening(raw, arrival)
    opening.decrypt()
    return opening.finish(cache or VerdictCache())


class Opening:
    """A message on its way through `open`, to be taken step by step where several are opened at once.

    Made: everything up to the work of a private key. `decrypt`: that work and no other, which leaves room for other
    threads. `finish`: the rest, and the answer of `open`.
    """

    def __init__(self, raw: bytes, arrival: Arrival) -> None:
        if arrival.received_at > arrival.now:
            arrival = msgspec.structs.replace(arrival, received_at=arrival.now)
        self._arrival = arrival
        self._claims = _Claims()
        self._begun: _Begun | Refused = self._answer(lambda: _begin(raw, arrival, self._claims))

    def decrypt(self) -> None:
        """Try the first of our keys that fits. Never raises."""
        if not isinstance(self._begun, Refused) and (sealed := self._begun.sealed) is not None:
            first = next(sealed.plaintexts, None)
            sealed.plaintexts = iter(()) if first is None else chain((first,), sealed.plaintexts)

    def finish(self, cache: VerdictCache) -> Opened | Refused:
        """Everything else. Once."""
        begun = self._begun
        return begun if isinstance(begun, Refused) else self._answer(lambda: _finish(begun, self._arrival, cache))

    def _answer(self, work: Callable[[], T]) -> T | Refused:
        try:
            return work()
        except Refusal as refusal:
            detail, claims = "" if refusal.reason == "decrypt" else refusal.detail, self._claims
            return Refused(reason=refusal.reason, detail=detail, partner=claims.partner, message_id=claims.message_id)


def identified(opened: Opened, identities: Identities) -> Opened | Refused:
    """A message that was opened without `identities`, now with them: known, in conflict, or a loop (SM-76, SM-77)."""
    name, code = opened.headers.message_id, opened.partner.id
    try:
        identity = identify(identities, code, name, opened.mic, opened.cms_sha256, is_cbc=opened.is_cbc)
    except Refusal as refusal:
        return Refused(reason=refusal.reason, detail=refusal.detail, partner=code, message_id=name)
    return msgspec.structs.replace(opened, identity=identity)


class _Claims:
    """What the outer header claims, kept for the quarantine row."""

    partner: str | None = None
    message_id: str | None = None


class _Sealed(msgspec.Struct):
    """An envelope, and what our keys make of it one after the other."""

    sha256: bytes  # of its CMS bytes
    cipher: ContentCipher
    plaintexts: Iterator[Plaintext]


class _Begun(msgspec.Struct):
    """A message of which only what stands outside was read."""

    mail: Entity
    outer: Headers
    partner: Partner
    sealed: _Sealed | None  # None: it came in the open


def _begin(raw: bytes, arrival: Arrival, claims: _Claims) -> _Begun:
    mail, outer = _outside(raw, arrival.limits)
    claims.message_id = outer.message_id
    partner = arrival.partners.at(outer.sender)
    if partner is None:
        raise Refusal("sender", "afzender is geen partner")
    claims.partner = partner.id
    sealed = None if kind_of_type(mail.type) == "signed" else _sealed(mail, partner, arrival)
    return _Begun(mail, outer, partner, sealed)


def _finish(begun: _Begun, arrival: Arrival, cache: VerdictCache) -> Opened:
    mail, outer, partner = begun.mail, begun.outer, begun.partner
    header, inside = mail.header, _inside(begun, arrival)
    checked = signature.read_signature(inside.signed, arrival.limits)
    certificate, verdict = _signer(checked, partner, arrival, cache)
    entity, headers = _signed_headers(checked.entity, header, outer, partner, inside, arrival.limits)
    if headers.sender != outer.sender:
        raise Refusal("sender", "binnenste en buitenste afzender verschillen")
    senders.check_sender(certificate, verdict, headers.sender, partner, arrival.partners)
    address = _check_headers(headers, checked, header, arrival)
    mic = checked.digest if checked.signing.digest is SHA256 else digest_of(checked.entity.view, SHA256)
    is_cbc = inside.cipher is not None and inside.cipher.mode == "cbc"
    identity = identify(arrival.identities, partner.id, headers.message_id, mic, inside.cms_sha256, is_cbc=is_cbc)
    is_receipt = kind_of_type(entity.type) == "disposition-notification"
    return Opened(
        partner=partner,
        signer=_describe(certificate),
        address=address,
        headers=headers,
        parts=_read_parts(entity, arrival.limits),
        mic=mic,
        cms_sha256=inside.cms_sha256,
        is_cbc=is_cbc,
        encrypted=inside.cipher is not None,
        profile=partner.profile,
        algorithms=Algorithms(checked.algorithm, inside.cipher.name if inside.cipher else None, inside.key_algorithm),
        wants_receipt=_wants_receipt(headers, header, partner, is_receipt=is_receipt),
        identity=identity,
        is_receipt=is_receipt,
        signing_time=checked.signing_time,
        capabilities=checked.capabilities,
        carried=checked.certificates,
        notes=_notes(headers, partner, entity, header),
    )


# Steps 1 to 3


@parser
def _outside(raw: bytes, limits: Limits) -> tuple[Entity, Headers]:
    """Size, header block, and what kind of mail it is."""
    if len(raw) > limits.message:
        raise Refusal("too-large", f"bericht van {len(raw)} bytes, grens {limits.message}")
    mail = scanner.read_entity(raw, limits)
    if mail.header.get("content-type") is None:
        raise malformed("Content-Type ontbreekt")
    if len(mail.header.all("received")) > limits.received_fields:
        raise Refusal("loop", "bericht kwam langs te veel servers")
    headers = protected.read_headers(mail.header, "none")
    if kind_of_type(mail.type) not in ("encrypted", "signed"):
        raise Refusal("not-smime", "bericht is geen S/MIME")
    return mail, headers


# Steps 4 to 8


def _sealed(mail: Entity, partner: Partner, arrival: Arrival) -> _Sealed:
    cms = _decode(mail)
    enclosing = envelope.read_envelope(cms, arrival.limits)
    envelope.check_envelope(enclosing, PROFILES[partner.profile])
    pairs = decrypt.matching(enclosing, arrival.mailbox.keys)
    return _Sealed(hashlib.sha256(cms).digest(), enclosing.cipher, decrypt.plaintexts(enclosing, pairs))


def _inside(begun: _Begun, arrival: Arrival) -> _Inside:
    sealed, begun.sealed = begun.sealed, None  # of a large message half of the memory, let go of here
    if sealed is None:
        return _in_the_open(begun.mail, begun.partner, arrival)
    refused: Refusal | None = None
    for plaintext in sealed.plaintexts:
        try:
            signed = _split(plaintext.data, arrival.limits)
        except Refusal as refusal:
            if plaintext.whole:
                refused = refusal
            continue
        if plaintext.whole:
            return _Inside(signed, sealed.sha256, sealed.cipher, plaintext.algorithm)
    raise refused or Refusal("decrypt")


def _decode(mail: Entity) -> bytes:
    if mail.encoding != "base64":
        raise malformed("S/MIME is niet in base64")
    return scanner.decode_body(mail)


def _split(plaintext: bytes, limits: Limits) -> Signed:
    """Step 8; whatever is not well-formed MIME is `decrypt` without further detail (SM-23)."""
    try:
        root, signed = _split_strictly(plaintext, limits)
    except Refusal:
        raise Refusal("decrypt") from None
    if signed is not None:
        return signed
    if root.header.get("content-type") is None:
        raise Refusal("decrypt")
    if root.type.type in signature.MIME_TYPES:
        raise Refusal("structure", "versleuteling binnen versleuteling")
    raise Refusal("not-signed", "versleuteld maar niet ondertekend")


@parser
def _split_strictly(plaintext: bytes, limits: Limits) -> tuple[Entity, Signed | None]:
    root = scanner.read_entity(scanner.canonical_lines(plaintext), limits)
    return root, signature.split_signed(root, limits)


@parser
def _in_the_open(mail: Entity, partner: Partner, arrival: Arrival) -> _Inside:
    """Clear-signed: receipts, and partners with `transport_only` until its end date (SM-115)."""
    place = scanner.whole(scanner.canonical_lines(mail.body))
    signed = signature.split_signed(msgspec.structs.replace(mail, place=place), arrival.limits)
    if signed is None:
        raise Refusal("structure", "S/MIME-vorm niet toegestaan")
    exception = partner.agreements.transport_only
    allowed = exception is not None and exception.holds(arrival.received_at.date())
    if not allowed and not _is_receipt(signed, arrival.limits):
        raise Refusal("not-encrypted", "ondertekend maar niet versleuteld")
    return _Inside(signed, hashlib.sha256(signed.cms).digest(), None, None)


def _is_receipt(signed: Signed, limits: Limits) -> bool:
    if signed.entity is None:
        return False
    return kind_of_type(scanner.read_entity(signed.entity, limits).type) == "disposition-notification"


# Steps 9 to 12


def _signer(checked: Signature, partner: Partner, arrival: Arrival, cache: VerdictCache) -> tuple[Certificate, Verdict]:
    """The certificate that signed, valid for it, over exactly these bytes (steps 9 and 10)."""
    certificate = _signer_certificate(checked, partner, cache)
    signature.check_profile(checked, certificate, PROFILES[partner.profile])
    signature.check_value(checked, certificate)
    question = Question(
        partner=partner,
        trust=arrival.trust,
        revocation=arrival.revocation,
        at=arrival.received_at,
        now=arrival.now,
        carried=checked.certificates,
    )
    verdict = check_certificate(certificate.der, "sign", question, cache)
    if verdict.reason is not None:
        raise Refusal(verdict.reason, verdict.detail)
    return certificate, verdict


def _signer_certificate(checked: Signature, partner: Partner, cache: VerdictCache) -> Certificate:
    candidates = (*checked.certificates, *(k.certificate for k in partner.certificates))
    der = signature.find_certificate(checked.signer, candidates)
    if der is None:
        raise Refusal("signer-untrusted", "certificaat van de ondertekenaar ontbreekt")
    certificate = cache.certificate(der)
    if isinstance(certificate, BadCertificate):
        raise Refusal("algorithm", certificate.detail)
    return certificate


@parser
def _signed_headers(
    signed: Span, header: Header, outer: Headers, partner: Partner, inside: _Inside, limits: Limits
) -> tuple[Entity, Headers]:
    """The signed entity and the headers to go by: protected, wrapped in message/rfc822, or the outer ones."""
    entity = scanner.read_entity(signed, limits)
    if entity.type.parameters.get("hp") is not None:
        receipt = partner.agreements.encrypt_receipts and kind_of_type(entity.type) == "disposition-notification"
        protected.check_protection(entity, header, enveloped=inside.cipher is not None, receipt=receipt)
        kind: Literal["cipher", "clear"] = "cipher" if entity.type.parameters["hp"] == "cipher" else "clear"
        return entity, protected.read_headers(entity.header, kind)
    if PROFILES[partner.profile].header_protection_required:
        raise Refusal("headers", "beschermde kop ontbreekt")
    if entity.type.type == "message/rfc822":
        wrapped = scanner.read_entity(scanner.decode_body(entity), limits)
        return wrapped, protected.read_headers(wrapped.header, "wrapped")
    if partner.agreements.header_protection == "required":
        raise Refusal("headers", "beschermde kop ontbreekt")
    return entity, outer


def _check_headers(headers: Headers, checked: Signature, header: Header, arrival: Arrival) -> str:
    """Addressed to us, now, under this Message-ID; our address to which it was sent."""
    address = arrival.mailbox.among(headers.recipients)
    if address is None:
        raise Refusal("not-for-us", "bericht is aan een ander gericht")
    if headers.protection == "wrapped" and headers.message_id != header.get("message-id"):
        raise Refusal("headers", "buitenste Message-ID verschilt van de binnenste")
    # Without header protection nobody signed the Date: the claim inside the signature takes its place (SM-129).
    written = checked.signing_time if headers.protection == "none" else headers.date
    received = arrival.received_at
    if written is None or not received - DATE_BEFORE <= written <= received + DATE_AFTER:
        raise Refusal("date", "datum ontbreekt of ligt te ver van de ontvangst")
    return address


# Afterwards


@parser
def _read_parts(entity: Entity, limits: Limits) -> tuple[Part, ...]:
    return payload.read_parts(entity, limits)


def _wants_receipt(headers: Headers, header: Header, partner: Partner, *, is_receipt: bool) -> bool:
    if is_receipt or not partner.has(headers.receipt_to) or not headers.receipt_signed:
        return False
    null_sender = (header.get("return-path") or "").replace(" ", "") == "<>"
    return not null_sender and (headers.auto_submitted or "").lower() != "auto-replied"


def _notes(headers: Headers, partner: Partner, entity: Entity, header: Header) -> tuple[str, ...]:
    """What a person may want to know and nothing depends on (SM-56, SM-65)."""
    changed = protected.changed_on_the_way(entity.header, header)
    notes = [f"buitenste {name} is onderweg gewijzigd" for name in changed]
    if headers.receipt_to is not None and not partner.has(headers.receipt_to):
        notes.append("ontvangstbevestiging gevraagd aan een vreemd adres: genegeerd")
    return tuple(notes)


def _describe(certificate: Certificate) -> Signer:
    return Signer(
        certificate=certificate.der,
        fingerprint=certificate.fingerprint.hex(),
        serial=f"{certificate.parsed.serial_number:x}",
        subject=certificate.subject,
        addresses=certificate.emails,
        not_after=certificate.parsed.not_valid_after_utc,
        phase_out=certificate.facts.to_be_phased_out,
    )
