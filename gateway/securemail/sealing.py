"""Seal: payload, signed entity, signature, `multipart/signed`, envelope, mail; always in that order (section 4)."""

import os
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

import msgspec

from gateway.domain.findings import Finding
from gateway.securemail import cms_write, layout, profiles, protected, scanner
from gateway.securemail.cms_write import Recipient, digest_of
from gateway.securemail.decrypt import with_content_key
from gateway.securemail.envelope import read_envelope
from gateway.securemail.keyrules import fits_profile
from gateway.securemail.keys import SigningKey
from gateway.securemail.layout import Field, Message
from gateway.securemail.partners import Agreements
from gateway.securemail.profiles import PROFILES, ProfileName
from gateway.securemail.refusal import Refusal

MAX_RECIPIENT_CERTIFICATES = 3  # SM-14
_DATES = re.compile(rb"^((?:HP-Outer: )?)Date: [^\r\n]*", re.MULTILINE)
_MICALG = {"sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}


class Sealed(msgspec.Struct, frozen=True):
    """A sealed message; `raw` is stored and sent unchanged on every attempt (SM-15)."""

    raw: bytes  #: the whole mail, CRLF
    signed: bytes  #: the `multipart/signed` inside: what `reseal` puts in a new envelope
    mic: bytes  #: SHA-256 of the signed entity, 32 bytes
    message_id: str  #: angle brackets included
    content_key: bytes | None = None  #: what `reopen` opens the envelope with; None: there is no envelope


def seal(
    message: Message,
    signer: SigningKey,
    recipients: Sequence[Recipient],
    profile: ProfileName,
    now: datetime,
) -> Sealed | Finding:
    """Sign and encrypt *message*. *now* (with offset, to the second) becomes `Date` and `signingTime` (SM-6).

    *recipients* are the active certificates of the one recipient address, at most three (SM-14); see
    `choose_certificates`. A finding when the profile cannot be met (SM-3) or something may not be written (SM-60):
    nothing weaker is ever tried.
    """
    if fault := _cannot_seal(message, signer, profile) or _cannot_encrypt(recipients, profile):
        return fault
    message_id = message.message_id or layout.new_message_id(message.sender)
    outer = layout.outer_fields(message, message_id, now)
    protected = layout.protected_fields(message, message_id, now)
    # The entity is not kept beside what it is signed in: both are as large as the message.
    signed, mic = sign_entity(layout.signed_entity(message, protected, outer), signer, profile, now)
    raw, key = _envelop(outer, signed, recipients, profile)
    return Sealed(raw, signed, mic, message_id, key)


def seal_clear(message: Message, signer: SigningKey, profile: ProfileName, now: datetime) -> Sealed | Finding:
    """Sign *message* without encrypting: receipts, and partners with `transport_only` (SM-115). As `seal` otherwise."""
    if fault := _cannot_seal(message, signer, profile):
        return fault
    message_id = message.message_id or layout.new_message_id(message.sender)
    outer = layout.outer_fields(message, message_id, now)
    protected = layout.protected_fields(message, message_id, now)
    entity = layout.signed_entity(message, protected, None)
    signed, mic = sign_entity(entity, signer, profile, now)
    return Sealed(layout.clear_mail(outer, signed), signed, mic, message_id)


def reopen(raw: bytes, content_key: bytes, mic: bytes, message_id: str) -> Sealed | Finding:
    """A message of ours from what is kept of it, for `reseal` and `redate` (SM-15).

    The signed entity is inside the envelope: who keeps the key of the envelope need not keep it once more. A finding
    when what the key makes of the envelope is not what that MIC was taken of.
    """
    try:
        # No name for the envelope: it is as large as what is in it, and let go first.
        signed, _ = with_content_key(read_envelope(scanner.decode_body(scanner.read_entity(raw))), content_key)
        # The padding of CBC alone would take some wrong keys for the right one.
        if digest_of(protected.signed_place(signed).view, profiles.SHA256) == mic:
            return Sealed(raw, signed, mic, message_id, content_key)
    except Refusal:
        pass
    return _finding("SM-15", "De bewaarde sleutel opent de bewaarde envelop niet.", None)


def reseal(sealed: Sealed, recipients: Sequence[Recipient], profile: ProfileName) -> Sealed | Finding:
    """A new envelope around the same signed entity: Message-ID, Date and MIC stay (SM-15).

    The outer fields are those that the signed entity records as HP-Outer.
    """
    if fault := _cannot_encrypt(recipients, profile):
        return fault
    outer = protected.recorded_outer_fields(sealed.signed)
    if outer is None:
        return _finding("SM-15", "Het opgeslagen ondertekende deel is niet voor een envelop gemaakt.", None)
    fields = tuple(Field(name, value) for name, value in outer)
    raw, key = _envelop(fields, sealed.signed, recipients, profile)
    return msgspec.structs.replace(sealed, raw=raw, content_key=key)


def redate(
    sealed: Sealed, signer: SigningKey, recipients: Sequence[Recipient], profile: ProfileName, now: datetime
) -> Sealed | Finding:
    """The same message signed and sealed again with a new `Date`: only before any attempt (SM-55).

    Message-ID and content stay; MIC and signature are new, so nothing of the old bytes may have left.
    """
    if fault := _cannot_encrypt(recipients, profile):
        return fault
    if not fits_profile(signer.facts, PROFILES[profile]):
        return _unfit(profile)
    entity = protected.signed_place(sealed.signed)
    blank = entity.data.find(b"\r\n\r\n", entity.start, entity.stop)
    head, rest = entity.data[entity.start : blank], memoryview(entity.data)[blank : entity.stop]
    date = f"Date: {format_datetime(now.replace(microsecond=0))}".encode("ascii")
    head, changed = _DATES.subn(lambda found: found[1] + date, head)
    if changed != 2:  # the protected field, and its HP-Outer line
        return _finding("SM-55", "Het opgeslagen ondertekende deel is niet voor een envelop gemaakt.", None)
    signed, mic = sign_entity(b"".join((head, rest)), signer, profile, now)
    fields = tuple(Field(name, value) for name, value in protected.recorded_outer_fields(signed) or ())
    raw, key = _envelop(fields, signed, recipients, profile)
    return Sealed(raw, signed, mic, sealed.message_id, key)


def check_size(
    message: Message, agreements: Agreements, sealed: Sealed | None = None, relay_limit: int | None = None
) -> Finding | None:
    """Files before sealing, and the sealed mail against the smaller of the partner's and the relay's limit (SM-16).

    *relay_limit* is the `SIZE` that the relay offers, or our own limit, in bytes. A finding names both numbers; nothing
    is sent.
    """
    largest = max((len(part.content) for part in message.parts), default=0)
    if largest > agreements.max_file:
        return _too_large("Een bestand", largest, agreements.max_file)
    limit = agreements.max_message if not relay_limit else min(agreements.max_message, relay_limit)
    size = sum(len(part.content) for part in message.parts) if sealed is None else len(sealed.raw)
    if size > limit:  # what is not sealed yet only grows
        return _too_large("Het bericht" if sealed is None else "Het verzegelde bericht", size, limit)
    return None


def _too_large(what: str, size: int, limit: int) -> Finding:
    return _finding(
        "OP179", f"{what} telt {size} bytes; de grens is {limit}.", "Verklein de bijlagen of verdeel ze over berichten."
    )


def sign_entity(entity: bytes, signer: SigningKey, profile: ProfileName, now: datetime) -> tuple[bytes, bytes]:
    """The `multipart/signed` around a MIME entity (CRLF), and its MIC."""
    rules = PROFILES[profile]
    mic = digest_of(entity, profiles.SHA256)
    _, digest = cms_write.signature_algorithm(signer.facts, rules)
    value = mic if digest is profiles.SHA256 else digest_of(entity, digest)
    signature = cms_write.signed_data(value, signer, rules, now)
    return layout.multipart_signed(entity, signature, _MICALG[digest.name]), mic


def _envelop(
    fields: Sequence[Field], signed: bytes, recipients: Sequence[Recipient], profile: ProfileName
) -> tuple[bytes, bytes]:
    """The mail, and the key of its content."""
    rules = PROFILES[profile]
    key = os.urandom(rules.content.key_size)
    envelope = cms_write.enveloped(signed, recipients, rules, key)
    return layout.enveloped_mail(fields, envelope, authenticated=rules.content.mode == "gcm"), key


def _cannot_seal(message: Message, signer: SigningKey, profile: ProfileName) -> Finding | None:
    if faults := layout.problems(message):
        return _finding("SM-60", f"Het bericht kan niet worden geschreven: {'; '.join(faults)}.", None)
    if not fits_profile(signer.facts, PROFILES[profile]):
        return _unfit(profile)
    return None


def _unfit(profile: ProfileName) -> Finding:
    return _finding(
        "SM-3", f"De eigen sleutel voldoet niet aan profiel {profile}.", "Neem een sleutel RSA-3072 of P-256."
    )


def _cannot_encrypt(recipients: Sequence[Recipient], profile: ProfileName) -> Finding | None:
    if not 1 <= len(recipients) <= MAX_RECIPIENT_CERTIFICATES:
        return _finding(
            "SM-3",
            f"Er zijn {len(recipients)} bruikbare certificaten van de ontvanger; nodig zijn er een tot drie.",
            "Vraag de partner om een geldig certificaat.",
        )
    if not all(fits_profile(r.facts, PROFILES[profile]) for r in recipients):
        return _finding(
            "SM-3",
            f"Een certificaat van de ontvanger voldoet niet aan profiel {profile}.",
            "Vraag de partner om een certificaat met RSA-3072 of P-256, of kies met hem een ander profiel.",
        )
    return None


def _finding(code: str, message: str, advice: str | None) -> Finding:
    return Finding(code=code, severity="error", message=message, advice=advice)
