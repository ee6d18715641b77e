"""New certificates of partners and lost keys of ours: what begins, and what stops (SM-2, SM-44, SM-47, SM-141)."""

from datetime import timedelta

import msgspec
import pytest

from gateway import securemail
from gateway.demo import ca
from gateway.demo.cast import AANBIEDER, GEMEENTE
from gateway.domain.findings import Finding
from gateway.flows.canary import send_canary
from gateway.flows.capabilities import Capabilities, capabilities, suggestion
from gateway.flows.own_keys import report_loss, still_needed
from gateway.flows.parties import Confirmation, PartnerCertificate, PartnerRecord, Withdrawal, partner
from gateway.flows.partner_card import card_of, own_card
from gateway.flows.partners import Compared, confirm, refuse
from gateway.flows.revocation import act
from gateway.flows.routes import reconsider
from gateway.flows.tasks import open_tasks
from gateway.revocation_data import load
from gateway.securemail import Anchor, SigningKey, signing_key
from gateway.store import Settled

from .conftest import Pair
from .test_partner_terms import known
from .test_routes import change

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAIL = ca.LeafOptions(emails=(AANBIEDER.address,))


class Renewal:
    """The provider signs with a certificate of a new authority, and carries a next one along."""

    def __init__(self, pair: Pair) -> None:
        self.pair, self.began = pair, pair.clock() - 30 * DAY
        self.root = ca.make_root("Nieuwe uitgever", self.began)
        self.signer = ca.make_leaf(self.root, "Zorg", self.began, options=MAIL)
        us = pair.gemeente.us
        us.trust = msgspec.structs.replace(us.trust, anchors=(*us.trust.anchors, Anchor(certificate=self.root.der)))
        self.publish()
        seen = Confirmation(by="jansen", on=pair.clock().date(), channel="telefoon")
        known = PartnerCertificate(der=self.signer.der, proposed_on=pair.clock().date(), confirmed=seen)
        change(pair, lambda r: msgspec.structs.replace(r, certificates=(*r.certificates, known)))

    def publish(self, *revoked: ca.Issued) -> None:
        """The authority's list, in the municipality's folder."""
        app, number = self.pair.gemeente, 1 + len(revoked)
        start = self.began + number * HOUR
        crl = ca.make_crl(self.root, start, start + 400 * DAY, number=number, revoked=[r.certificate for r in revoked])
        (app.folder / "keys" / "crl" / "nieuw.crl").write_bytes(crl)
        load(app.store, app.us, app.revocation_sources, self.pair.clock())

    def agreed(self, how: str = "auto") -> None:
        """Whether a new certificate starts by itself."""
        change(
            self.pair,
            lambda r: msgspec.structs.replace(
                r, agreements=msgspec.structs.replace(r.agreements, recipient_change=how)
            ),
        )

    def announce(self, following: ca.Issued) -> PartnerCertificate:
        """A message that carries it; the certificate as the municipality then knows it."""
        us = self.pair.aanbieder.us
        before, us.signer = us.signer, _key(self.signer, following)
        with self.pair.aanbieder.store.unit(now=self.pair.clock(), actor="test") as unit:
            to = partner(unit, GEMEENTE.code)
            assert to is not None
            send_canary(unit, us, to)
        us.signer = before
        self.pair.settle_now()
        (found,) = [c for c in known(self.pair).certificates if c.der == following.der]
        return found

    def sealed_for(self) -> set[bytes]:
        """What the municipality would seal for now."""
        return {one.certificate for one in self.pair.recipients("gemeente")}


def _key(leaf: ca.Issued, *following: ca.Issued) -> SigningKey:
    made = signing_key(leaf.key, leaf.der, leaf.intermediates, [one.der for one in following])
    assert isinstance(made, SigningKey)
    return made


@pytest.fixture
def renewal(pair: Pair) -> Renewal:
    return Renewal(pair)


def test_a_new_certificate_starts_after_a_day_where_that_was_agreed(renewal: Renewal) -> None:
    """SM-44, SM-134: told to a person and believed as signer at once, encrypted for from 24 hours later."""
    renewal.agreed()
    following = ca.make_leaf(renewal.root, "Zorg 2027", renewal.began, options=MAIL)
    now = renewal.pair.clock()
    announced = renewal.announce(following)
    assert announced.state == "automatic"
    assert announced.active_from is not None
    assert announced.active_from - now >= timedelta(hours=24)
    with renewal.pair.gemeente.store.view(now=renewal.pair.clock()) as view:
        (task,) = [t.body for t in open_tasks(view) if t.sleutel.startswith("certificate/new/")]
    assert f"gateway partner refuse {AANBIEDER.code} {announced.sha256}" in task.advice
    assert following.der not in renewal.sealed_for()
    renewal.pair.later(hours=25)
    assert following.der in renewal.sealed_for()
    believed = known(renewal.pair).mail_partner(renewal.pair.clock().date())
    assert believed.knows(bytes.fromhex(announced.sha256))


@pytest.mark.parametrize("why", ["not agreed", "other authority", "to sign with only"])
def test_any_other_new_certificate_waits_for_a_person(renewal: Renewal, why: str) -> None:
    """SM-44: the same anchor, the same address, meant to encrypt for, and agreed."""
    renewal.agreed("confirm" if why == "not agreed" else "auto")
    issuer = ca.make_root("Ander", renewal.began) if why == "other authority" else renewal.root
    options = ca.LeafOptions(emails=(AANBIEDER.address,), use="sign" if why == "to sign with only" else "both")
    announced = renewal.announce(ca.make_leaf(issuer, "Zorg", renewal.began, options=options))
    assert (announced.state, announced.active_from) == ("proposed", None)
    believed = known(renewal.pair).mail_partner(renewal.pair.clock().date())
    assert believed.knows(bytes.fromhex(announced.sha256)) is (why != "other authority")


def test_an_announced_certificate_signs_for_the_partner_without_a_person(renewal: Renewal) -> None:
    """SM-134: what it signs is accepted; nothing is sealed for it; what it announces itself waits for a person."""
    following = ca.make_leaf(renewal.root, "Zorg 2027", renewal.began, options=MAIL)
    announced = renewal.announce(following)
    record = known(renewal.pair)
    assert (announced.state, record.announced) == ("proposed", (announced,))
    assert following.der not in renewal.sealed_for()
    renewal.signer = following
    third = ca.make_leaf(renewal.root, "Zorg 2028", renewal.began, options=MAIL)
    after = renewal.announce(third)  # it would not be known had the message been refused
    assert after.announced_by == announced.sha256
    assert not known(renewal.pair).mail_partner(renewal.pair.clock().date()).knows(bytes.fromhex(after.sha256))


def test_a_person_or_a_revocation_stops_it(renewal: Renewal) -> None:
    """SM-44: a stolen signing key must not add a reader: refused by name, or with the certificate that announced it."""
    renewal.agreed()
    following = ca.make_leaf(renewal.root, "Zorg 2027", renewal.began, options=MAIL)
    announced = renewal.announce(following)
    no = Withdrawal(by="jansen", on=renewal.pair.clock().date(), reason="niet van hem")
    refused = refuse(known(renewal.pair), announced.sha256, no)
    assert isinstance(refused, PartnerRecord)
    assert refused.automatic == refused.announced == ()
    without = refuse(known(renewal.pair), announced.announced_by or "", no)
    assert isinstance(without, PartnerRecord)
    assert without.automatic == without.announced == ()
    renewal.publish(renewal.signer)
    renewal.pair.work("gemeente")
    with renewal.pair.gemeente.store.unit(now=renewal.pair.clock(), actor="test") as unit:
        act(unit, renewal.pair.gemeente.us)
    assert known(renewal.pair).automatic == known(renewal.pair).announced == ()
    renewal.pair.later(hours=25)
    assert following.der not in renewal.sealed_for()


def test_a_refused_certificate_comes_back_by_its_own_fingerprint_only(pair: Pair) -> None:
    """SM-136: not with a card, not by carrying it along again."""
    record = known(pair)
    first = record.certificates[0]
    no = Withdrawal(by="jansen", on=pair.clock().date(), reason="sleutel kwijt")
    refused = refuse(record, first.sha256.upper(), no)
    assert isinstance(refused, PartnerRecord)
    assert first.der not in [c.der for c in refused.confirmed]
    seen = Confirmation(by="jansen", on=pair.clock().date(), channel="telefoon")
    by_card = confirm(refused, Compared(next(c.sha256 for c in refused.certificates if c.sha256 != first.sha256), seen))
    assert isinstance(by_card, PartnerRecord)
    assert by_card.certificates[0].state == "refused"
    back = confirm(refused, Compared(first.sha256, seen))
    assert isinstance(back, PartnerRecord)
    assert back.certificates[0].state == "confirmed"
    assert isinstance(refuse(record, "ab" * 32, no), Finding)


def test_what_software_says_it_can_is_a_suggestion(pair: Pair) -> None:
    """SM-2: kept from an accepted message, shown, and nothing that is sent depends on it."""
    with pair.aanbieder.store.unit(now=pair.clock(), actor="test") as unit:
        to = partner(unit, GEMEENTE.code)
        assert to is not None
        send_canary(unit, pair.aanbieder.us, to)
    pair.settle_now()
    with pair.gemeente.store.view(now=pair.clock()) as view:
        told = capabilities(view, AANBIEDER.code)
    assert told is not None
    assert "aes256-gcm" in told.ciphers
    record = known(pair)
    assert suggestion(record, told) is None
    standard = msgspec.structs.replace(record, profile="standard")
    assert "profiel strict" in (suggestion(standard, told) or "")
    old = Capabilities(ciphers=("aes128-cbc",), seen_at=pair.clock())
    assert suggestion(standard, old) is None
    assert "niets wat bij profiel strict hoort" in (suggestion(record, old) or "")
    assert standard.mail_partner(pair.clock().date()).profile == "standard"


def test_a_lost_key_signs_nothing_and_what_waits_is_held_until_there_is_another(pair: Pair) -> None:
    """SM-141: without a next key nothing leaves; with one, what waited is signed anew."""
    us = pair.gemeente.us
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        number = send_canary(unit, us, known(pair))
        before = unit.outbox.wire(number)
    lost = pair.gemeente.signers.turns[0][1]
    (pair.gemeente.folder / "keys" / "signing.lost").write_text("nu\n")
    pair.gemeente.recheck(pair.clock())
    assert (us.may_sign, lost.certificate in us.lost) == (False, True)
    with pair.gemeente.store.view(now=pair.clock()) as view:
        held = view.outbox.get(number)
    assert (held.state, "als verloren gemeld" in (held.reason or "")) == ("held", True)
    assert isinstance(own_card(us, max_message=1, now=pair.clock()), Finding)

    us.signer = _other(pair)
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        assert reconsider(unit, us, number)
        after = unit.outbox.wire(number)
        assert unit.outbox.get(number).state != "held"
    assert after != before


def _other(pair: Pair) -> SigningKey:
    leaf = ca.make_leaf(
        ca.make_root("Ander", pair.clock() - DAY),
        "Gemeente",
        pair.clock() - DAY,
        options=ca.LeafOptions(emails=(GEMEENTE.address,)),
    )
    return _key(leaf)


def test_a_lost_key_to_decrypt_names_what_was_sealed_to_it_and_whom_to_warn(pair: Pair) -> None:
    """SM-141: read from the envelopes of what is kept; it is on no card any more, and still opens what is under way."""
    us = pair.gemeente.us
    with pair.aanbieder.store.unit(now=pair.clock(), actor="test") as unit:
        to = partner(unit, GEMEENTE.code)
        assert to is not None
        send_canary(unit, pair.aanbieder.us, to)
    pair.settle_now()
    (key,) = us.mailbox.keys
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        told = report_loss(unit, sha256=key.identity, use="decrypt", next=None, key=key, why="laptop gestolen")
        (task,) = [t.body for t in open_tasks(unit) if t.sleutel.startswith("key/")]
    assert (told.partners, [m.partner for m in told.messages]) == ((AANBIEDER.code,), [AANBIEDER.code])
    assert (task.weight, AANBIEDER.code in task.who) == ("alarm", True)
    us.lost = frozenset({key.certificate})
    card = card_of(us.ourselves, us, max_message=1, now=pair.clock())
    assert key.certificate not in card.certificates
    assert pair.take_in("gemeente", pair.seal("aanbieder", _text()).raw).reason == "payload"  # it was opened


def _text() -> securemail.Attachment:
    return securemail.Attachment(None, "text/plain; charset=utf-8", b"hallo\r\n")


def test_a_key_is_needed_until_nothing_that_is_kept_was_sealed_to_it(pair: Pair) -> None:
    """SM-47: the only one; one that partners still seal for; mail in quarantine, its envelope readable or not."""
    (key,) = pair.gemeente.us.mailbox.keys
    waits = pair.take_in("gemeente", pair.seal("aanbieder", _text()).raw)
    broken = pair.take_in("gemeente", b"Content-Type: application/pkcs7-mime\r\nFrom: x@y.example\r\n\r\nAAAA\r\n")
    spam = pair.take_in("gemeente", b"Content-Type: text/plain\r\nFrom: x@y.example\r\n\r\nkoop nu\r\n")
    assert {one.state for one in (waits, broken, spam)} == {"quarantined"}
    with pair.gemeente.store.view(now=pair.clock()) as view:
        found = still_needed(view, key, others=0)
        assert [word in found[i].message for i, word in enumerate(("enige", "onderweg"))] == [True, True]
        named = [f.message for f in found[2:]]
        assert [f"Bericht {n.id} " in m for n, m in zip((waits, broken), named, strict=True)] == [True, True]
        assert all(f.advice for f in found)
        assert len(still_needed(view, key, others=1, early=True)) == 2
    with pair.gemeente.store.unit(now=pair.clock(), actor="test") as unit:
        for one in (waits, broken):
            unit.inbox.settle(Settled(one.id, "ignored"))
        assert still_needed(unit, key, others=1, early=True) == []


def test_a_card_offers_the_keys_of_its_profile(pair: Pair) -> None:
    """SM-122: a key for strict partners is not on the card for others: what is sealed to it is never an older form."""
    us = pair.gemeente.us
    (key,) = us.mailbox.keys
    for serves, on_strict, on_standard in (({"strict"}, True, False), ({"standard"}, False, True)):
        one = msgspec.structs.replace(key, profiles=frozenset(serves))
        us.mailbox = msgspec.structs.replace(us.mailbox, keys=(one,))
        for profile, there in (("strict", on_strict), ("standard", on_standard)):
            card = card_of(us.ourselves, us, max_message=1, now=pair.clock(), profile=profile)  # type: ignore[arg-type]
            assert ((one.certificate in card.certificates), card.profile) == (there, profile)
    assert card_of(us.ourselves, us, max_message=1, now=pair.clock()).profile == "standard"
