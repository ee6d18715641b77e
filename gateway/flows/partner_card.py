"""The partner card: what a partner needs to know of a gateway, as one signed file (SM-136).

JSON inside a signed file (`securemail.sign_file`). A card introduces; it never makes anybody trusted: that takes a
person who compares the fingerprint of the certificate that signed it.
"""

from datetime import datetime
from typing import Final

import msgspec
from cryptography import x509

from gateway.domain.findings import Finding
from gateway.domain.ids import is_agb, is_gemeentecode
from gateway.flows.parties import Ourselves, Role, Surroundings
from gateway.securemail import DecryptionKey, Refused, best_profile, read_signed_file, sign_file
from gateway.securemail.addresses import is_address
from gateway.securemail.profiles import ProfileName

MEDIA_TYPE: Final = "application/json"
VERSION: Final = 1


class CardLimits(msgspec.Struct, frozen=True, rename="camel"):
    """What the organisation's mail takes, in bytes (SM-16)."""

    max_message: int = 35_000_000
    max_file: int = 25_000_000


class Card(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The facts on a card, as the organisation itself states them."""

    card: int  # version of this form
    made: datetime
    role: Role
    code: str
    name: str
    addresses: tuple[str, ...]
    profile: ProfileName
    certificates: tuple[bytes, ...]  # DER; base64 in the file
    plan_formats: tuple[str, ...] = ()
    iwmo: tuple[str, ...] = ()
    limits: CardLimits = CardLimits()


class ReadCard(msgspec.Struct, frozen=True):
    """A card whose signature is right, and the certificate that made it: what people compare."""

    card: Card
    signer: bytes  # SHA-256 of the signing certificate, 32 bytes


def own_card(
    us: Surroundings, *, max_message: int, now: datetime, profile: ProfileName | None = None
) -> bytes | Finding:
    """Our card, signed with our signing key. `profile`: for a partner whose software can do no more than `standard`.

    A finding when the key that signs was reported lost (SM-141), or cannot do the profile.
    """
    if not us.may_sign:
        return _cannot("de sleutel om te ondertekenen is als verloren gemeld", "SM-141")
    if profile == "strict" and best_profile(us.signer) != "strict":
        return _cannot("de sleutel om te ondertekenen is te kort voor profiel strict", "SM-121")
    card = card_of(us.ourselves, us, max_message=max_message, now=now, profile=profile)
    return sign_file(msgspec.json.format(msgspec.json.encode(card), indent=1), MEDIA_TYPE, us.signer, now)


def card_of(
    ourselves: Ourselves, us: Surroundings, *, max_message: int, now: datetime, profile: ProfileName | None = None
) -> Card:
    """The facts on it: `strict` when our own keys can do it, so that two gateways agree on that by themselves.

    On it are the keys that serve that profile (SM-122), without those that ended or were reported lost (SM-141).
    """
    proposed = [key for key in us.mailbox.keys if _proposed(key, us, now)]
    offered = profile or best_profile(us.signer)
    if profile is None and not any(offered in key.profiles for key in proposed):
        offered = "standard"
    opening = [key.certificate for key in proposed if offered in key.profiles]
    own = (us.signer.certificate, *opening)
    formaat = us.formaat.formaat
    return Card(
        card=VERSION,
        made=now.replace(microsecond=0),
        role=ourselves.role,
        code=ourselves.code,
        name=ourselves.name,
        addresses=(ourselves.address.lower(),),
        profile=offered,
        certificates=tuple(dict.fromkeys(own)),
        plan_formats=(f"{formaat.id}/{formaat.versie}",),
        iwmo=("3.2",),
        limits=CardLimits(max_message=max_message),
    )


def _proposed(key: DecryptionKey, us: Surroundings, now: datetime) -> bool:
    ends = x509.load_der_x509_certificate(key.certificate).not_valid_after_utc
    return ends > now and key.certificate not in us.lost


def _cannot(why: str, code: str) -> Finding:
    return Finding(
        code=code,
        severity="error",
        message=f"Er kan geen kaart worden gemaakt: {why}.",
        advice="Voeg een volgende sleutel toe: gateway cert add --use sign.",
    )


def read_card(data: bytes) -> ReadCard | Finding:
    """Read a card file; a finding says why it cannot be used."""
    signed = read_signed_file(data)
    if isinstance(signed, Refused):
        return _useless(f"de handtekening of vorm is niet in orde ({signed.reason}: {signed.detail})")
    if signed.type != MEDIA_TYPE:
        return _useless("het is wel ondertekend, maar geen partnerkaart")
    try:
        card = msgspec.json.decode(signed.content, type=Card)
    except msgspec.DecodeError as wrong:  # ValidationError included: names fields, no content of people
        return _useless(f"de inhoud is geen partnerkaart ({wrong})")
    if fault := _fault(card, signed.signer.der):
        return _useless(fault)
    lowered = tuple(address.lower() for address in card.addresses)
    return ReadCard(msgspec.structs.replace(card, addresses=lowered), signed.signer.fingerprint)


def _fault(card: Card, signer: bytes) -> str | None:
    if card.card != VERSION:
        return f"kaart van versie {card.card}; bekend is {VERSION}"
    right = is_gemeentecode if card.role == "gemeente" else is_agb
    if not right(card.code):
        return "de code is geen gemeentecode of AGB-code die bij de rol past"
    if not card.addresses or not all(map(is_address, card.addresses)):
        return "een adres is geen gewoon ASCII-adres"
    if signer not in card.certificates:
        return "de kaart is ondertekend met een certificaat dat er zelf niet op staat"
    return None


def _useless(why: str) -> Finding:
    return Finding(
        code="SM-136",
        severity="error",
        message=f"De partnerkaart is niet te gebruiken: {why}.",
        advice="Vraag de partner om een nieuwe kaart (gateway partner card).",
    )
