"""How a partner comes to be trusted, and how nobody else does in its name (SM-136)."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from gateway import securemail as sm
from gateway.demo import ca
from gateway.domain.findings import Finding
from gateway.flows.parties import Confirmation, PartnerRecord
from gateway.flows.partner_card import MEDIA_TYPE, Card, ReadCard, read_card
from gateway.flows.partners import Compared, confirm, introduce, propose

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
TODAY = NOW.date()
ROOT = ca.make_root("Proef", NOW - timedelta(days=1))
GENUINE = ca.make_leaf(ROOT, "echt", NOW - timedelta(days=1), options=ca.LeafOptions(emails=("plan@zorg.example",)))
FALSE = ca.make_leaf(ROOT, "vals", NOW - timedelta(days=1), options=ca.LeafOptions(emails=("plan@dief.example",)))
BY = Confirmation(by="J", on=TODAY, channel="telefoon")
FACTS = Card(
    card=1,
    made=NOW,
    role="aanbieder",
    code="99990001",
    name="De Linde",
    addresses=("Plan@Zorg.example",),
    profile="strict",
    certificates=(GENUINE.der,),
)


def signed(card: object, by: ca.Issued = GENUINE, media_type: str = MEDIA_TYPE) -> bytes:
    """A card file."""
    key = sm.signing_key(by.key, by.der)
    assert isinstance(key, sm.SigningKey)
    return sm.sign_file(msgspec.json.encode(card), media_type, key, NOW)


def card(by: ca.Issued = GENUINE, **other: object) -> ReadCard:
    """A card that can be read, with other facts."""
    read = read_card(signed(msgspec.structs.replace(FACTS, **other), by))
    assert isinstance(read, ReadCard)
    return read


def taken(known: PartnerRecord | None, read: ReadCard, fingerprint: bytes | None = None) -> PartnerRecord:
    """The record after a card, its fingerprint compared or not."""
    compared = None if fingerprint is None else Compared(fingerprint.hex(), BY)
    record = introduce(known, read, TODAY, compared)
    assert isinstance(record, PartnerRecord)
    return record


def test_a_card_alone_makes_nobody_trusted() -> None:
    """Its certificates are proposals; the mail room gets none of them."""
    record = taken(None, card())
    assert (record.address, record.profile, record.usable) == ("plan@zorg.example", "strict", ())
    assert record.mail_partner(TODAY).certificates == ()


def test_the_signers_fingerprint_confirms_every_certificate_on_its_card() -> None:
    """Who holds the key vouches for them; who, when and how is kept with each."""
    read = card(certificates=(GENUINE.der, FALSE.der))
    record = taken(taken(None, read), read, read.signer)
    assert [c.confirmed for c in record.certificates] == [BY, BY]
    assert len(record.mail_partner(TODAY).certificates) == 2


def test_a_false_card_that_lists_the_genuine_certificate_gains_nothing() -> None:
    """Confirming the genuine fingerprint leaves the false certificate, and the facts of the false card, unused."""
    false = card(FALSE, addresses=("plan@dief.example",), certificates=(FALSE.der, GENUINE.der))
    record = taken(None, false)
    confirmed = confirm(record, Compared(GENUINE_PRINT, BY))
    assert isinstance(confirmed, PartnerRecord)
    assert [c.der for c in confirmed.confirmed] == [GENUINE.der]
    assert confirmed.usable == ()  # the address is still what nobody vouched for
    mended = taken(confirmed, card(), bytes.fromhex(GENUINE_PRINT))
    assert (mended.address, [c.der for c in mended.usable]) == ("plan@zorg.example", [GENUINE.der])


def test_a_known_partner_moves_only_by_a_card_of_a_confirmed_signer() -> None:
    """Addresses and profile stay; a false card leaves a proposal behind, for a person to see."""
    known = taken(None, card(), bytes.fromhex(GENUINE_PRINT))
    after = taken(known, card(FALSE, addresses=("plan@dief.example",), certificates=(FALSE.der,), profile="standard"))
    assert (after.address, after.profile, len(after.usable), len(after.certificates)) == (known.address, "strict", 1, 2)
    moved = taken(known, card(addresses=("nieuw@zorg.example",)))
    assert moved.address == "nieuw@zorg.example"


def test_new_certificates_of_a_known_partner_wait_for_a_comparison_too() -> None:
    """SM-44: a stolen signing key must not silently add a reader."""
    known = taken(None, card(), bytes.fromhex(GENUINE_PRINT))
    after = taken(known, card(certificates=(GENUINE.der, FALSE.der)))
    assert [c.der for c in after.usable] == [GENUINE.der]


def test_the_first_confirmation_stays() -> None:
    """Who compared it, and when, is not written over by a second look."""
    known = taken(None, card(), bytes.fromhex(GENUINE_PRINT))
    again = confirm(known, Compared(GENUINE_PRINT, Confirmation(by="K", on=date(2027, 1, 1), channel="brief")))
    assert again == known


@pytest.mark.parametrize("typed", ["{}", "{:>66}", "SHA256 Fingerprint is not hex: {}"])
def test_a_fingerprint_is_read_as_people_write_it(typed: str) -> None:
    """Colons, blanks and capitals do not matter; 64 digits do, and anything more than them."""
    colons = ":".join(GENUINE_PRINT[i : i + 2] for i in range(0, 64, 2)).upper()
    record = propose(taken(None, card()), (), TODAY)
    outcome = confirm(record, Compared(typed.format(colons), BY))
    assert isinstance(outcome, PartnerRecord) is ("hex" not in typed)
    assert isinstance(confirm(record, Compared(GENUINE_PRINT[:62], BY)), Finding)


@pytest.mark.parametrize(
    "wrong",
    [
        {"card": 2},
        {"code": "0957"},
        {"addresses": ()},
        {"addresses": ("X <x@y.example>",)},
        {"certificates": (FALSE.der,)},
    ],
)
def test_a_card_that_does_not_fit_together_is_refused(wrong: dict[str, object]) -> None:
    """Another version, a code of the other role, no plain address, a signer that is not on it."""
    found = read_card(signed(msgspec.structs.replace(FACTS, **wrong)))
    assert isinstance(found, Finding)
    assert found.code == "SM-136"


def test_what_is_signed_but_no_card_is_refused() -> None:
    """Another type, another content; and a card of the other role for a code that is known."""
    assert isinstance(read_card(signed(FACTS, media_type="text/plain")), Finding)
    assert isinstance(read_card(signed({"a": 1})), Finding)
    known = PartnerRecord(code="99990001", role="gemeente", name="x", addresses=("x@y.example",))
    assert isinstance(introduce(known, card(), TODAY), Finding)


GENUINE_PRINT = card().signer.hex()
