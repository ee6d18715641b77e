"""Agreements with a partner, what is missing before safe exchange, and the proof that the partner can answer."""

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest
from cryptography import x509

from gateway.demo import ca
from gateway.demo.cast import AANBIEDER, DAYS, GEMEENTE
from gateway.domain.findings import Finding
from gateway.flows.canary import last_canary, send_canary
from gateway.flows.parties import PartnerRecord, partner
from gateway.flows.partner_terms import except_transport, shortcomings
from gateway.flows.partners import record_partner
from gateway.securemail import SigningKey

from .conftest import Pair
from .test_routes import agree, change


def known(pair: Pair) -> PartnerRecord:
    """The municipality's record of the provider."""
    with pair.gemeente.store.view(now=pair.clock()) as view:
        record = partner(view, AANBIEDER.code)
    assert record is not None
    return record


def missing(pair: Pair) -> dict[str, Finding]:
    """What stands between the two, by code."""
    with pair.gemeente.store.view(now=pair.clock()) as view:
        return {f.code: f for f in shortcomings(view, pair.gemeente.us, known(pair))}


def test_a_partner_with_all_in_order_misses_only_a_canary(pair: Pair) -> None:
    """Information, no error."""
    assert {(f.code, f.severity) for f in missing(pair).values()} == {("SM-70", "info")}


def test_a_canary_proves_that_the_partner_opens_our_mail(pair: Pair) -> None:
    """SM-70: the provider's signed receipt is the proof; nothing else happens there."""
    with pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit:
        number = send_canary(unit, pair.gemeente.us, known(pair))
    assert "nog niet beantwoord" in missing(pair)["SM-70"].message
    pair.settle_now()
    with pair.gemeente.store.view(now=pair.clock()) as view:
        last = last_canary(view, AANBIEDER.code)
        assert (last.id, last.state) == (number, "received") if last else False
    assert missing(pair) == {}
    with pair.aanbieder.store.view(now=pair.clock()) as view:
        assert [item.state for item in view.inbox.list()] == ["handled"]


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_receipt_is_encrypted_where_that_was_agreed(pair: Pair, encrypted: bool) -> None:
    """8.2: `encrypt_receipts` adds the envelope; the receipt counts either way."""
    for app, other in ((pair.gemeente, AANBIEDER), (pair.aanbieder, GEMEENTE)):
        with app.store.unit(now=pair.clock(), actor="person:test") as unit:
            record = partner(unit, other.code)
            assert record is not None
            agreed = msgspec.structs.replace(record.agreements, encrypt_receipts=encrypted)
            record_partner(unit, msgspec.structs.replace(record, agreements=agreed))
    with pair.gemeente.store.unit(now=pair.clock(), actor="person:test") as unit:
        number = send_canary(unit, pair.gemeente.us, known(pair))
    pair.settle_now()
    with pair.gemeente.store.view(now=pair.clock()) as view:
        assert view.outbox.get(number).state == "received"
    assert (b"enveloped" in pair.wire("aanbieder", "receipt").lower()) is encrypted


def test_each_thing_that_is_missing_is_named_with_what_to_do(pair: Pair) -> None:
    """Certificates, route, profile, formats: each with its requirement."""
    agree(pair, internet_route=False)
    change(pair, lambda r: msgspec.structs.replace(r, profile="standard", formats=("ander/1",), binding="oin"))
    found = missing(pair)
    assert {"SM-114", "SM-1", "PL-11", "SM-70"} <= set(found)
    assert "buiten het veilige netwerk" in found["SM-114"].message
    assert all(f.advice for f in found.values())
    change(pair, lambda r: msgspec.structs.replace(r, addresses=("elders@zorg.example",), binding="san-email"))
    assert "adres" in missing(pair)["SM-51"].message
    change(pair, lambda r: msgspec.structs.replace(r, certificates=()))
    assert missing(pair)["SM-136"].severity == "error"


def test_agreements_that_no_root_vouches_for_are_named(pair: Pair) -> None:
    """SM-134, SM-135: `oin` needs a root of which that is said; `auto` one that asks for more than a mailbox."""
    us = pair.gemeente.us

    def strange(record: PartnerRecord) -> PartnerRecord:
        agreed = msgspec.structs.replace(record.agreements, signer_change="auto")
        return msgspec.structs.replace(record, binding="oin", oin="00000001", agreements=agreed)

    change(pair, strange)
    assert {"SM-134", "SM-135"} <= set(missing(pair))
    said = [msgspec.structs.replace(a, serial_number_is_oin=True, mailbox_validated=False) for a in us.trust.anchors]
    us.trust = msgspec.structs.replace(us.trust, anchors=tuple(said))
    assert not {"SM-134", "SM-135"} & set(missing(pair))


def test_certificates_that_end_soon_are_a_warning_and_ended_ones_an_error(pair: Pair) -> None:
    """SM-46: getting a new one takes weeks."""
    ends = max(_ends(pair))
    pair.clock.advance_to(ends - timedelta(days=30))
    assert missing(pair)["SM-46"].severity == "warning"
    pair.clock.advance_to(ends + timedelta(days=3))
    found = missing(pair)
    assert "signer-expired" in found["SM-51"].message
    assert found["SM-114"].severity == "error"


def _ends(pair: Pair) -> list[datetime]:
    return [x509.load_der_x509_certificate(c.der).not_valid_after_utc for c in known(pair).certificates]


def test_an_exception_has_a_reason_and_ends_within_a_year(pair: Pair) -> None:
    """SM-115; while it lasts it is shown."""
    day = DAYS.melding
    assert isinstance(except_transport(known(pair), day + timedelta(days=400), "overgang", day), Finding)
    assert isinstance(except_transport(known(pair), day + timedelta(days=30), " ", day), Finding)
    assert isinstance(except_transport(known(pair), day - timedelta(days=1), "overgang", day), Finding)
    excepted = except_transport(known(pair), day + timedelta(days=30), "overgang", day)
    assert isinstance(excepted, PartnerRecord)
    change(pair, lambda _: excepted)
    assert "overgang" in missing(pair)["SM-115"].message
    pair.clock.advance_to(pair.clock() + timedelta(days=40))
    assert "SM-115" not in missing(pair)


def test_standard_ends_where_an_end_was_agreed(pair: Pair) -> None:
    """After its last day the partner is held to `strict`, in both directions."""
    change(pair, lambda r: msgspec.structs.replace(r, profile="standard", profile_until=DAYS.melding))
    record = known(pair)
    assert (record.profile_on(DAYS.melding), record.profile_on(DAYS.melding + timedelta(days=1))) == (
        "standard",
        "strict",
    )
    assert asyncio.run(pair.gemeente.reconsider(pair.clock)) == []


def test_a_certificate_that_a_confirmed_signer_carries_along_becomes_a_proposal(pair: Pair) -> None:
    """SM-44, SM-134: kept and shown, not used, until a person compared it; once is enough."""
    us = pair.aanbieder.us
    root = ca.make_root("Ander", pair.clock() - timedelta(days=1))
    mail = ca.LeafOptions(emails=(AANBIEDER.address,))
    following = ca.make_leaf(root, "nieuw", pair.clock() - timedelta(days=1), options=mail)
    stranger = ca.make_leaf(root, "vreemd", pair.clock() - timedelta(days=1))
    carried = sorted((us.signer.certificate_set, following.der, stranger.der, root.der))
    us.signer = msgspec.structs.replace(us.signer, certificate_set=b"".join(carried))
    for _ in range(2):
        with pair.aanbieder.store.unit(now=pair.clock(), actor="person:test") as unit:
            to = partner(unit, GEMEENTE.code)
            assert to is not None
            send_canary(unit, us, to)
        _deliver_with(pair, us.signer)
    record = known(pair)
    assert [c.der for c in record.certificates if c.confirmed is None] == [following.der]
    assert following.der not in [c.der for c in record.usable]


def _deliver_with(pair: Pair, signer: SigningKey) -> None:
    """Settle while this key signs."""
    pair.settle_now()
    pair.aanbieder.us.signer = signer
