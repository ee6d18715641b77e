"""Verdicts on certificates, their cache, OCSP, and the choice of recipients."""

from datetime import datetime, timedelta

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from gateway import securemail as sm
from gateway.demo import ca
from gateway.domain.findings import Finding
from gateway.securemail import certificates
from tests.cost import calls
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    PROVIDER,
    START,
    crls,
    issuing,
    key,
    leaf,
    other_root,
    partner,
    recipient,
    revocation,
    root,
)

DAY = timedelta(days=1)
SIGNER = leaf(PROVIDER)


def question(data: sm.Revocation | None = None, **changes) -> sm.Question:
    asked = sm.Question(
        partner=partner(SIGNER),
        trust=sm.Trust(),
        revocation=data or revocation(),
        at=NOW,
        now=NOW,
        carried=(issuing().der,),
    )
    return msgspec.structs.replace(asked, **changes)


def verdict(der: bytes = SIGNER.der, usage="sign", cache=None, **changes) -> sm.Verdict:
    return sm.check_certificate(der, usage, question(**changes), cache)


def test_a_good_certificate_has_a_verdict_with_a_window():
    """Valid for signing and encrypting, until the earliest of expiry, nextUpdate and one hour."""
    good = verdict()

    assert good.valid
    assert good.until == NOW + timedelta(hours=1)
    assert good.not_before <= NOW <= good.not_after
    assert verdict(usage="encrypt").valid


def test_sm41_a_verdict_ends_with_the_data_it_rests_on():
    """nextUpdate in ten minutes."""
    soon = NOW + timedelta(minutes=10)

    assert verdict(data=sm.Revocation(crls(end=soon))).until == soon


def counted(monkeypatch) -> list[int]:
    runs: list[int] = []
    real = certificates.walk
    monkeypatch.setattr(certificates, "walk", lambda *a: runs.append(1) or real(*a))
    return runs


def test_sm41_a_cached_verdict_spares_the_chain(monkeypatch):
    """Same certificate, anchors, data and usage."""
    runs, cache = counted(monkeypatch), sm.VerdictCache()

    for _ in range(3):
        assert verdict(cache=cache).valid

    assert len(runs) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"usage": "encrypt"},
        {"data": sm.Revocation(crls(start=NOW - DAY))},
        {"partner": partner(SIGNER, anchors=(sm.Anchor(certificate=other_root().der),))},
        {"partner": partner(SIGNER, agreements={"usage_extension": "if present"})},
        {"now": NOW + timedelta(hours=2)},
        {"at": START - DAY},
    ],
    ids=["usage", "data", "anchors", "agreement", "too old", "outside its window"],
)
def test_sm41_a_verdict_serves_nothing_else(monkeypatch, changes):
    """Each part of the key, its end, and the validity at the time of arrival."""
    runs, cache = counted(monkeypatch), sm.VerdictCache()
    verdict(cache=cache)

    verdict(cache=cache, **changes)

    assert len(runs) == 2


def test_sm41_refusals_are_not_kept(monkeypatch):
    """They may depend on the moment."""
    runs, cache = counted(monkeypatch), sm.VerdictCache()

    for _ in range(2):
        assert verdict(cache=cache, at=START - DAY).reason == "signer-expired"

    assert len(runs) == 2


def test_sm41_the_cache_is_bounded(monkeypatch):
    """It starts anew when full."""
    monkeypatch.setattr(certificates, "_CACHE_SIZE", 2)
    cache = sm.VerdictCache()

    for number in range(20, 25):
        assert verdict(leaf(number=number).der, cache=cache).valid

    assert len(cache._verdicts) <= 2


def test_sm42_the_check_runs_inside_an_event_loop_too():
    """certvalidator never suspends with fetching off."""
    import asyncio

    async def inside() -> bool:
        return verdict().valid

    assert asyncio.run(inside())


def test_sm42_a_check_that_suspends_is_a_bug():
    """It raises instead of waiting."""
    import types

    @types.coroutine
    def waits():
        yield

    async def suspends():
        await waits()

    with pytest.raises(RuntimeError, match="suspended"):
        certificates._run(suspends())


def test_sm36_intermediates_come_from_message_or_configuration():
    """Never from an address inside a certificate."""
    assert verdict(carried=()).reason == "signer-untrusted"
    assert verdict(carried=(), trust=sm.Trust(intermediates=(issuing().der,))).valid
    assert verdict(carried=(b"onzin", issuing().der)).valid


def test_sm34_a_certificate_that_is_its_own_anchor_ends_like_any_other():
    """RFC 5280 says nothing about the validity of an anchor; a small provider's only certificate is one."""
    own = key("p256", 64)

    def alone(end: datetime) -> ca.Issued:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "alleen")])
        builder = x509.CertificateBuilder(name, name, own.public_key(), 5, START, end)
        for extension in (
            x509.BasicConstraints(ca=True, path_length=None),
            x509.SubjectAlternativeName([x509.RFC822Name(PROVIDER)]),
            x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]),
            ca._usage(digital_signature=True, key_cert_sign=True, crl_sign=True),
        ):
            builder = builder.add_extension(extension, critical=False)
        return ca.Issued(own, builder.sign(own, hashes.SHA256()))

    for end, expected in ((NOW + DAY, None), (NOW - timedelta(hours=1), "signer-expired")):
        only = alone(end)
        anchored = partner(only, anchors=(sm.Anchor(certificate=only.der),))
        data = sm.Revocation([ca.make_crl(only, NOW - DAY, NOW + DAY)])
        assert verdict(only.der, partner=anchored, data=data, carried=()).reason == expected


def test_sm128_of_a_cross_signed_authority_the_fitting_certificate_is_taken():
    """Same name and key under two roots, or renewed: what else is at hand does no harm."""
    elsewhere = ca.make_issuing_ca(other_root(), "Uitgever", START, issuing().key)
    outdated = ca.make_issuing_ca(root(), "Uitgever", START - 4_000 * DAY, issuing().key)
    assert outdated.certificate.not_valid_after_utc < NOW

    assert verdict(carried=(elsewhere.der, issuing().der)).valid
    assert verdict(carried=(issuing().der,), trust=sm.Trust(intermediates=(outdated.der,))).valid


def test_sm33_shared_anchors_serve_partners_without_their_own():
    """A partner's own anchors are the only ones for it."""
    shared = sm.Trust(anchors=(sm.Anchor(certificate=root().der),))

    assert verdict(partner=partner(SIGNER, anchors=()), trust=shared).valid
    assert not verdict(partner=partner(SIGNER, anchors=()), trust=sm.Trust()).valid
    own = partner(SIGNER, anchors=(sm.Anchor(certificate=other_root().der),))
    assert not verdict(partner=own, trust=shared).valid


def test_sm34_name_and_path_constraints_hold():
    """An issuing authority with path length 0 may not make another one."""
    below = ca.make_issuing_ca(issuing(), "Te diep", START, key("p256", 60))
    deep = ca.make_leaf(below, "x", START, key=key("p256", 61), options=ca.LeafOptions(emails=(PROVIDER,)))
    data = sm.Revocation([*crls(), ca.make_crl(below, START, NOW + DAY)])

    assert verdict(deep.der, data=data, carried=(issuing().der, below.der)).reason == "signer-untrusted"


def test_sm128_a_leaf_cannot_issue():
    """A certificate signed by another customer's key."""
    stolen = ca.make_leaf(leaf(number=12), "x", START, key=key("p256", 62), options=ca.LeafOptions(emails=(PROVIDER,)))

    assert verdict(stolen.der, carried=(leaf(number=12).der, issuing().der)).reason in (
        "signer-untrusted",
        "revocation-unknown",
    )


def test_sm121_a_chain_signed_with_sha1_is_refused():
    """The anchor's own signature is not looked at."""
    builder = x509.CertificateBuilder(
        subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "oud")]),
        issuer_name=issuing().certificate.subject,
        public_key=key("p256", 63).public_key(),
        serial_number=5,
        not_valid_before=START,
        not_valid_after=NOW + DAY,
    )
    old = builder.sign(issuing().key, hashes.SHA224()).public_bytes(Encoding.DER)

    assert verdict(old).reason == "signer-untrusted"


def test_sm41_a_large_crl_is_paid_for_once():
    """50 000 entries cost certvalidator hundreds of milliseconds; the second message does not pay."""
    large = ca.make_crl(issuing(), START, NOW + DAY, revoked=range(10**20, 10**20 + 20_000))
    data, cache = sm.Revocation([crls()[0], large]), sm.VerdictCache()
    first = calls(lambda: verdict(data=data, cache=cache))

    assert verdict(data=data, cache=cache).valid
    assert calls(lambda: verdict(data=data, cache=cache)) < first / 20


# OCSP


# certvalidator looks at OCSP only for certificates that name a responder.
WITH_OCSP = leaf(number=15, ocsp_url="http://ocsp.example/")


def ocsp_response(status=ocsp.OCSPCertStatus.GOOD, *, start=NOW - DAY, end=NOW + DAY, signer=None, about=None) -> bytes:
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    signer, about = signer or issuing(), about or WITH_OCSP
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=about.certificate,
            issuer=issuing().certificate,
            algorithm=hashes.SHA1(),
            cert_status=status,
            this_update=start,
            next_update=end,
            revocation_time=NOW if revoked else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        .certificates([signer.certificate])
    )
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


RESPONDER = ca.make_leaf(
    issuing(), "OCSP", START, key=key("p256", 64), options=ca.LeafOptions(use="sign", extended=("ocsp",))
)


@pytest.mark.parametrize("signer", [issuing(), RESPONDER], ids=["issuer", "responder"])
def test_an_ocsp_response_takes_the_place_of_a_crl(signer):
    """Signed by the issuer or a responder it made."""
    assert verdict(WITH_OCSP.der, data=sm.Revocation([crls()[0]], [ocsp_response(signer=signer)])).valid


@pytest.mark.parametrize(
    ("responses", "expected"),
    [
        ([ocsp_response(ocsp.OCSPCertStatus.REVOKED)], "signer-revoked"),
        ([ocsp_response(start=NOW - 9 * DAY, end=NOW - 2 * DAY)], "revocation-unknown"),
        ([ocsp_response(about=leaf(number=13))], "revocation-unknown"),
        ([ocsp_response(signer=leaf(number=14))], "revocation-unknown"),
        ([ocsp_response(end=None)], "revocation-unknown"),
        ([b"onzin"], "revocation-unknown"),
    ],
    ids=["revoked", "stale", "about another", "not a responder", "without end", "unreadable"],
)
def test_other_ocsp_responses(responses, expected):
    """Revoked, or no proof at all."""
    assert verdict(WITH_OCSP.der, data=sm.Revocation([crls()[0]], responses)).reason == expected


# Recipients (SM-43)


def known(issued: ca.Issued, **options) -> sm.KnownCertificate:
    return sm.KnownCertificate(certificate=issued.der, **options)


def choose(*certificates: sm.KnownCertificate, profile="standard", data=None) -> tuple[sm.Recipient, ...] | Finding:
    record = sm.Partner(
        id="gemeente",
        addresses=(MUNICIPALITY,),
        certificates=certificates,
        anchors=(sm.Anchor(certificate=root().der),),
        profile=profile,
    )
    trust = sm.Trust(intermediates=(issuing().der,))
    return sm.choose_certificates(record, MUNICIPALITY, trust, data or revocation(), NOW)


RSA, EC = leaf(MUNICIPALITY, "rsa-2048"), leaf(MUNICIPALITY)


def test_sm43_active_certificates_of_the_address_are_chosen_newest_first():
    """At most three, of exactly that address."""
    newer = leaf(MUNICIPALITY, number=1, start=START + DAY)
    more = [leaf(MUNICIPALITY, number=n, start=START + n * DAY) for n in (2, 3, 4)]

    assert choose(known(EC), known(newer)) == (recipient(newer), recipient(EC))
    assert choose(known(EC, address=MUNICIPALITY), known(newer, address="x@y.example")) == (recipient(EC),)
    assert len(choose(*map(known, [EC, newer, *more]))) == 3


@pytest.mark.parametrize(
    "certificates",
    [
        (),
        (known(leaf(MUNICIPALITY, number=5, end=NOW - DAY)),),
        (known(leaf(MUNICIPALITY, number=6, use="sign")),),
        (known(leaf(MUNICIPALITY, number=7, issuer=other_root())),),
        (known(EC, active_from=NOW + DAY),),
        (sm.KnownCertificate(certificate=b"onzin"),),
    ],
    ids=["none", "expired", "signing only", "other CA", "not yet active", "unreadable"],
)
def test_sm3_without_an_active_certificate_the_message_is_held(certificates):
    """With the reason, for a person."""
    held = choose(*certificates)

    assert isinstance(held, Finding)
    assert held.code == "SM-3"


def test_sm3_a_short_key_does_not_meet_strict():
    """RSA-2048 serves `standard` only."""
    assert isinstance(choose(known(RSA), profile="strict"), Finding)
    assert choose(known(RSA), known(EC), profile="strict") == (recipient(EC),)


def test_sm45_a_revoked_recipient_is_not_chosen():
    """Asked again before each attempt."""
    data = sm.Revocation(crls((EC.certificate,)))

    assert isinstance(choose(known(EC), data=data), Finding)
    assert choose(known(EC), known(RSA), data=data) == (recipient(RSA),)


def scoped(
    scope: x509.IssuingDistributionPoint | None, *, revoked=(), start=NOW - DAY, end=NOW + DAY, delta=False
) -> bytes:
    """A CRL of the issuing authority for part of its certificates."""
    builder = x509.CertificateRevocationListBuilder(issuing().certificate.subject, start, end)
    if scope is not None:
        builder = builder.add_extension(scope, critical=True)
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(1), critical=True)
    for issued in revoked:
        entry = x509.RevokedCertificateBuilder(issued.certificate.serial_number, NOW)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuing().key, hashes.SHA256()).public_bytes(Encoding.DER)


def point(**only: bool) -> x509.IssuingDistributionPoint:
    settings = {
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(
        full_name=None, relative_name=None, only_some_reasons=None, **{**settings, **only}
    )


USERS, AUTHORITIES = point(only_contains_user_certs=True), point(only_contains_ca_certs=True)


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([scoped(USERS), scoped(AUTHORITIES, start=NOW)], None),
        ([scoped(USERS, revoked=[SIGNER]), scoped(AUTHORITIES, start=NOW)], "signer-revoked"),
        ([scoped(AUTHORITIES)], "revocation-unknown"),
        ([scoped(USERS, end=NOW - 2 * DAY, start=NOW - 9 * DAY), scoped(AUTHORITIES)], "revocation-unknown"),
        ([scoped(None, delta=True)], "revocation-unknown"),
    ],
    ids=["both parts", "revoked in an older part", "wrong part", "stale part", "changes only"],
)
def test_sm38_of_a_split_list_every_part_counts(lists, expected):
    """An authority may publish a list for users and one for authorities."""
    assert verdict(data=sm.Revocation([crls()[0], *lists])).reason == expected


def test_sm44_certificates_that_travel_along_are_proposals():
    """For the address that sent them, not known yet, and no authority's."""
    new, stranger = leaf(PROVIDER, number=16), leaf("iemand@elders.example")
    carried = (SIGNER.der, issuing().der, new.der, stranger.der, b"onzin")

    assert sm.announced(PROVIDER, partner(SIGNER), carried) == (new.der,)
