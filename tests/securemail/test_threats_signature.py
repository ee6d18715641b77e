"""Attacks on signatures and identity: each row of the threat table that this room must hold (section 15)."""

import subprocess
import sys
from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding

from gateway import securemail as sm
from gateway.demo import ca
from gateway.securemail import cms_write, der, layout, payload, profiles
from gateway.securemail.keyrules import BadCertificate, certificate_facts
from tests.cost import calls
from tests.securemail import forge
from tests.securemail.forge import (
    MESSAGE_ID,
    READER,
    SIGNER,
    entity,
    enveloped,
    fields,
    genuine,
    signed,
    signed_data,
    signer_info,
    with_signature,
)
from tests.securemail.world import (
    MUNICIPALITY,
    NOW,
    PROVIDER,
    START,
    crls,
    decrypting,
    issuing,
    key,
    leaf,
    open_mail,
    opened,
    other_root,
    partner,
    reason,
    root,
    signing,
)

KEY = decrypting(READER)
RSA_SIGNER = leaf(PROVIDER, "rsa-3072")


def open_it(raw: bytes, signer: ca.Issued = SIGNER, *, profile="standard", **options) -> sm.Opened | sm.Refused:
    agreements = {"agreements": options.pop("agreements")} if "agreements" in options else {}
    return open_mail(raw, partner(signer, profile, **agreements), KEY, **options)


# Structure (SM-28, SM-29)


def test_the_bent_signer_info_is_accepted_when_not_bent():
    """The builder of the attacks below writes a good signature when left alone."""
    content = entity()

    assert opened(open_it(with_signature(content, signed_data(signer_info(content)))))


def test_sm28_signed_attributes_confusion_is_refused():
    """Content = DER of another message's signed attributes, attributes removed: pyHanko alone accepts this."""
    content = entity()
    stolen = signer_info(content, attributes=lambda _: [])

    assert reason(open_it(with_signature(content, signed_data(stolen)))) == "signature"


@pytest.mark.parametrize(
    "bend",
    [
        lambda a: a[1:],  # no content type
        lambda a: [a[0], a[2]],  # no digest
        lambda a: [*a, a[0]],  # content type twice
        lambda a: [*a, a[2]],  # signing time twice
        lambda a: [der.sequence(der.oid(profiles.CONTENT_TYPE), der.set_of()), *a[1:]],
        lambda a: [
            der.sequence(der.oid(profiles.CONTENT_TYPE), der.set_of(der.oid(profiles.DATA), der.oid(profiles.DATA))),
            *a[1:],
        ],
        lambda a: [der.sequence(der.oid(profiles.CONTENT_TYPE), der.set_of(der.oid(profiles.SIGNED_DATA))), *a[1:]],
    ],
)
def test_sm28_each_attribute_once_and_the_two_present(bend):
    """Missing, double, empty or of another content."""
    content = entity()

    assert reason(open_it(with_signature(content, signed_data(signer_info(content, attributes=bend))))) == "signature"


def test_sm28_exactly_one_signer():
    """None and two are refused."""
    content = entity()
    one = signer_info(content)
    other = signer_info(content, RSA_SIGNER, kind="pkcs1")

    assert reason(open_it(with_signature(content, signed_data()))) == "signature"
    assert reason(open_it(with_signature(content, signed_data(one, other)))) == "signature"


def test_sm28_detached_and_opaque_are_not_mixed():
    """A detached signature with content, and an opaque one without."""
    content = entity()
    both = signed_data(signer_info(content), content=content)
    opaque = (
        b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )

    assert reason(open_it(with_signature(content, both))) == "signature"
    assert opened(open_it(enveloped(opaque + layout.base64_lines(both))))
    none = opaque + layout.base64_lines(signed_data(signer_info(content)))
    assert reason(open_it(enveloped(none))) == "signature"


def test_sm28_an_opaque_signature_beside_an_empty_part_is_refused():
    """Others show the empty part as what was signed."""
    content = entity()
    cms = signed_data(signer_info(content), content=content)

    assert reason(open_it(enveloped(layout.multipart_signed(b"", cms, "sha-256")))) == "signature"


def test_sm123_opaque_content_is_one_string():
    """Several strings side by side, and be they empty, are read otherwise by others."""
    content = entity()
    whole = der.explicit(0, der.octets(content))
    opaque = (
        b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )

    def with_content(written: bytes) -> bytes:
        body = der.sequence(
            der.integer(1),
            der.set_of(profiles.digest_identifier(profiles.SHA256)),
            der.sequence(der.oid(profiles.DATA), written),
            der.explicit(0, signing(SIGNER).certificate_set),
            der.set_of(signer_info(content)),
        )
        cms = der.sequence(der.oid(profiles.SIGNED_DATA), der.explicit(0, body))
        return enveloped(opaque + layout.base64_lines(cms))

    assert opened(open_it(with_content(whole)))
    pieces = der.element(0x24, der.octets(content[:9]) + der.octets(content[9:]))
    assert opened(open_it(with_content(der.explicit(0, pieces))))
    for several in (der.octets(content) + der.octets(b""), der.octets(content[:9]) + der.octets(content[9:])):
        assert reason(open_it(with_content(der.explicit(0, several)))) == "malformed"


def test_sm28_signed_content_of_another_type_is_refused():
    """eContentType must be id-data."""
    content = entity()
    cms = signed_data(signer_info(content), content_type=profiles.ENVELOPED_DATA)

    assert reason(open_it(with_signature(content, cms))) == "signature"


def test_sm30_changed_content_or_value_is_refused():
    """One bit of the entity, one of the digest, one of the value."""
    content = entity()
    plain = signed(content)
    value = bytearray(forge.signature(content))
    value[-3] ^= 1

    assert reason(open_it(enveloped(plain.replace(b"%PDF", b"%PDf").replace(b"JVBE", b"JVBF")))) == "signature"
    assert reason(open_it(with_signature(content, bytes(value)))) == "signature"


def naming(certificate: ca.Issued) -> bytes:
    """A message whose signed attributes name this certificate."""
    content, named = entity(), signing(certificate).signing_certificate
    return with_signature(content, signed_data(signer_info(content, attributes=lambda listed: [*listed, named])))


def test_sm30_the_certificate_that_is_named_is_the_one_that_signed():
    """By signingCertificateV2 (RFC 5035), if there is one: also in the first message that a process opens.

    What an attribute was read as is kept, so one that was not understood would be passed over from then on.
    """
    assert opened(open_it(naming(SIGNER)))
    assert reason(open_it(naming(leaf(PROVIDER, number=7)))) == "signature"
    first = (
        "from tests.securemail.test_threats_signature import *\n"
        "print(reason(open_it(naming(leaf(PROVIDER, number=7)))))"
    )
    done = subprocess.run([sys.executable, "-c", first], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("signature\n", "")


def test_sm29_the_signer_is_found_by_identifier_not_by_position():
    """Other certificates before it in the set change nothing; none of them may take its place."""
    content = entity()
    stranger = leaf("iemand@elders.example")
    before = signed_data(signer_info(content), certificates=stranger.der + SIGNER.der + issuing().der)
    without = signed_data(signer_info(content), certificates=stranger.der)

    assert opened(open_it(with_signature(content, before)))
    unknown = partner(SIGNER, certificates=())
    assert reason(open_mail(with_signature(content, without), unknown, KEY)) == "signer-untrusted"


# Algorithms (SM-120, SM-121)


def rsa_signer_info(content: bytes, scheme: bytes, how: padding.AsymmetricPadding, digest=profiles.SHA256) -> bytes:
    return signer_info(
        content,
        RSA_SIGNER,
        scheme=scheme,
        digest=digest,
        sign=lambda body: RSA_SIGNER.key.sign(body, how, digest.make()),
    )


def pss(digest, mask, salt: int, trailer: bytes = b"") -> bytes:
    def hashed(d):
        return der.sequence(der.oid(d.oid), der.NULL)

    return der.sequence(
        der.oid(profiles.RSA_PSS),
        der.sequence(
            der.explicit(0, hashed(digest)),
            der.explicit(1, der.sequence(der.oid(profiles.MGF1), hashed(mask))),
            der.explicit(2, der.integer(salt)),
            *([der.explicit(3, trailer)] if trailer else []),
        ),
    )


@pytest.mark.parametrize(
    ("scheme", "how", "digest"),
    [
        (profiles.signature_identifier("pkcs1", profiles.SHA512), padding.PKCS1v15(), profiles.SHA256),
        (
            pss(profiles.SHA256, profiles.SHA256, 0),
            padding.PSS(padding.MGF1(profiles.SHA256.make()), 0),
            profiles.SHA256,
        ),
        (pss(profiles.SHA256, profiles.SHA1, 32), padding.PSS(padding.MGF1(profiles.SHA1.make()), 32), profiles.SHA256),
        (
            pss(profiles.SHA512, profiles.SHA512, 64),
            padding.PSS(padding.MGF1(profiles.SHA512.make()), 64),
            profiles.SHA256,
        ),
        (der.sequence(der.oid(profiles.RSA_PSS), der.sequence()), padding.PKCS1v15(), profiles.SHA256),
        (der.sequence(der.oid("1.2.840.113549.1.1.4"), der.NULL), padding.PKCS1v15(), profiles.SHA256),
        (der.sequence(der.oid("1.2.840.113549.1.1.5"), der.NULL), padding.PKCS1v15(), profiles.SHA256),
        (der.sequence(der.oid("1.2.840.10045.4.3.2")), padding.PKCS1v15(), profiles.SHA256),
    ],
)
def test_sm120_one_hash_throughout(scheme, how, digest):
    """Mixed digests, PSS without salt, MGF1 with SHA-1, MD5 and SHA-1, a scheme for another kind of key."""
    content = entity()
    info = rsa_signer_info(content, scheme, how, digest)
    cms = signed_data(info, certificates=signing(RSA_SIGNER).certificate_set)

    assert reason(open_it(with_signature(content, cms), RSA_SIGNER)) == "algorithm"


def test_sm120_the_same_builder_writes_an_accepted_pss():
    """So the refusals above are about what was bent."""
    content = entity()
    good = padding.PSS(padding.MGF1(profiles.SHA256.make()), 32)
    info = rsa_signer_info(content, pss(profiles.SHA256, profiles.SHA256, 32), good)
    cms = signed_data(info, certificates=signing(RSA_SIGNER).certificate_set)

    assert opened(open_it(with_signature(content, cms), RSA_SIGNER)).algorithms.signature == "pss-sha256"


def test_sm120_strict_wants_pss_and_the_certificate_named():
    """PKCS#1 v1.5 and a signature without signingCertificateV2 are outside `strict`."""
    content = entity()
    strict = {"profile": profiles.STRICT}
    pkcs1 = enveloped(signed(content, RSA_SIGNER), **strict)
    bare = signed_data(signer_info(content))
    unnamed = enveloped(layout.multipart_signed(content, bare, "sha-256"), **strict)

    assert reason(open_it(pkcs1, RSA_SIGNER, profile="strict")) == "algorithm"
    assert reason(open_it(unnamed, profile="strict")) == "algorithm"
    assert opened(open_it(enveloped(signed(content, RSA_SIGNER, **strict), **strict), RSA_SIGNER, profile="strict"))


def test_sm121_rsa_1024_is_refused():
    """certvalidator would accept it."""
    weak = ca.make_leaf(issuing(), "zwak", START, key=key("rsa-1024"), options=ca.LeafOptions(emails=(PROVIDER,)))
    content = entity()
    parsed = cms_write.asn1_x509.Certificate.load(weak.der)
    info = signer_info(
        content, kind="pkcs1", sign=lambda b: weak.key.sign(b, padding.PKCS1v15(), profiles.SHA256.make())
    )
    info = info.replace(signing(SIGNER).issuer_serial, cms_write.issuer_and_serial(parsed))
    cms = signed_data(rewrapped(info), certificates=weak.der + issuing().der)

    assert reason(open_it(with_signature(content, cms), weak)) == "algorithm"


def rewrapped(info: bytes) -> bytes:
    """A SEQUENCE whose contents changed length, its head written again."""
    skip = 2 if info[1] < 0x80 else 2 + (info[1] & 0x7F)
    return der.sequence(info[skip:])


def test_sm121_an_rsa_key_for_pss_alone_is_refused(tmp_path):
    """`cryptography` reads it as any RSA key, and would encrypt to it."""
    alone = self_signed(tmp_path, "-pkeyopt", "rsa_keygen_bits:2048", kind="rsa-pss")

    assert isinstance(certificate_facts(alone), BadCertificate)


@pytest.mark.parametrize("curve", ["secp521r1", "secp256k1", "brainpoolP256r1"])
def test_sm121_other_curves_are_refused(tmp_path, curve):
    """P-256 and P-384 only."""
    assert isinstance(
        certificate_facts(self_signed(tmp_path, "-pkeyopt", f"ec_paramgen_curve:{curve}")), BadCertificate
    )


def test_sm121_explicit_curve_parameters_are_refused(tmp_path):
    """`cryptography` loads them as P-256."""
    explicit = self_signed(tmp_path, "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit")
    named = self_signed(tmp_path, "-pkeyopt", "ec_paramgen_curve:P-256")

    assert isinstance(certificate_facts(explicit), BadCertificate)
    assert not isinstance(certificate_facts(named), BadCertificate)


@pytest.mark.parametrize("exponent", ["3", "65535"])
def test_sm121_odd_rsa_exponents_are_refused(tmp_path, exponent):
    """65537 to 2^32."""
    path = tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt",
         f"rsa_keygen_pubexp:{exponent}", "-out", path],
        check=True, capture_output=True,
    )  # fmt: skip
    der_bytes = subprocess.run(
        ["openssl", "req", "-x509", "-key", path, "-subj", "/CN=x", "-outform", "DER"], check=True, capture_output=True
    ).stdout

    assert isinstance(certificate_facts(der_bytes), BadCertificate)


def self_signed(tmp_path, *options: str, kind: str = "ec") -> bytes:
    return subprocess.run(
        ["openssl", "req", "-x509", "-newkey", kind, *options, "-nodes", "-keyout", tmp_path / "k.pem",
         "-subj", "/CN=x", "-outform", "DER"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"geen certificaat", b"\x30\x80\x00\x00"])
def test_sm20_unreadable_certificates_are_an_answer(data):
    """Never an exception."""
    assert isinstance(certificate_facts(data), BadCertificate)


# Certificates (SM-33 to SM-39, SM-128, SM-134, SM-135)


def sent_by(signer: ca.Issued, *, known: bool = True, data=None, **options) -> sm.Opened | sm.Refused:
    """A message signed by *signer*, for a partner whose record holds its certificate."""
    record = partner(signer)
    changes = options.pop("record", {})
    record = msgspec.structs.replace(record, **changes)
    if not known:
        record = msgspec.structs.replace(record, certificates=())
    return open_mail(enveloped(signed(entity(), signer)), record, KEY, data=data, **options)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("signer", "expected"),
    [
        (leaf(issuer=other_root(), number=1), "signer-untrusted"),
        (leaf(number=2, start=START, end=NOW - DAY), "signer-expired"),
        (leaf(number=3, start=NOW + DAY, end=NOW + 9 * DAY), "signer-expired"),
        (leaf(number=4, extended=("server",)), "signer-untrusted"),
        (leaf(number=5, extended=()), "signer-untrusted"),
        (leaf(number=6, use="encrypt"), "signer-untrusted"),
        (leaf("iemand@elders.example", number=7), "sender"),
        (leaf(number=8, emails=()), "sender"),
    ],
    ids=[
        "other CA",
        "expired",
        "not yet valid",
        "server only",
        "no usage",
        "encrypt only",
        "other address",
        "no address",
    ],
)
def test_certificates_that_may_not_speak_for_the_partner(signer, expected):
    """Each with the reason that says what is wrong."""
    assert reason(sent_by(signer)) == expected


def test_sm34_a_certificate_without_extended_usage_where_the_record_allows_it():
    """Set by a person per partner."""
    signer = leaf(number=5, extended=())
    allowed = sm.Agreements(usage_extension="if present")

    assert opened(sent_by(signer, record={"agreements": allowed}))


def test_sm37_valid_at_the_time_of_arrival_is_enough():
    """A message received yesterday under a certificate that expired since is opened today."""
    signer = leaf(number=9, start=START, end=NOW - timedelta(hours=1))
    raw = enveloped(signed(entity(NOW - DAY), signer, now=NOW - DAY), outer=fields(NOW - DAY))
    data = sm.Revocation(crls(start=NOW - 2 * DAY))

    assert opened(open_mail(raw, partner(signer), KEY, received_at=NOW - DAY, data=data))


def test_sm137_data_made_after_expiry_prove_nothing():
    """Authorities drop expired entries; without data from before, the message waits."""
    signer = leaf(number=9, start=START, end=NOW - timedelta(hours=1))
    raw = enveloped(signed(entity(NOW - DAY), signer, now=NOW - DAY), outer=fields(NOW - DAY))
    data = sm.Revocation(crls(start=NOW - timedelta(minutes=30)))

    assert reason(open_mail(raw, partner(signer), KEY, received_at=NOW - DAY, data=data)) == "revocation-unknown"


@pytest.mark.parametrize("revoked_at", [START, NOW - DAY, NOW])
def test_sm38_revoked_is_refused_whatever_the_date(revoked_at):
    """Also for a message from before the revocation."""
    crl = ca.make_crl(issuing(), NOW - DAY, NOW + DAY, revoked=[SIGNER.certificate], revoked_at=revoked_at)
    data = sm.Revocation([crls()[0], crl])

    assert reason(sent_by(SIGNER, data=data)) == "signer-revoked"


def test_sm38_a_revoked_issuer_is_refused():
    """The whole chain is looked at."""
    crl = ca.make_crl(root(), NOW - DAY, NOW + DAY, revoked=[issuing().certificate])

    assert reason(sent_by(SIGNER, data=sm.Revocation([crl, crls()[1]]))) == "signer-revoked"


def test_sm137_the_newest_data_win():
    """An old list without the entry does not undo a newer one; a lifted hold is lifted."""
    old = ca.make_crl(issuing(), NOW - 2 * DAY, NOW + DAY)
    new = ca.make_crl(issuing(), NOW - DAY, NOW + DAY, revoked=[SIGNER.certificate])
    lifted = ca.make_crl(issuing(), NOW - timedelta(hours=1), NOW + DAY)
    parent = crls()[0]

    assert reason(sent_by(SIGNER, data=sm.Revocation([parent, new, old]))) == "signer-revoked"
    assert opened(sent_by(SIGNER, data=sm.Revocation([parent, new, old, lifted])))


@pytest.mark.parametrize(
    "data",
    [
        sm.Revocation(),
        sm.Revocation(crls()[:1]),
        sm.Revocation(crls(end=NOW - timedelta(hours=25))),
        sm.Revocation([crls()[0], ca.make_crl(other_root(), START, NOW + DAY)]),
        sm.Revocation([crls()[0], b"geen CRL"]),
    ],
    ids=["none", "issuer only", "stale", "of another authority", "unreadable"],
)
def test_sm39_without_fresh_data_the_message_waits(data):
    """Neither trusted nor refused."""
    assert reason(sent_by(SIGNER, data=data)) == "revocation-unknown"


def test_sm39_data_count_for_a_day_beyond_their_next_update():
    """The grace of 24 hours."""
    assert opened(sent_by(SIGNER, data=sm.Revocation(crls(end=NOW - timedelta(hours=23)))))


def test_a_crl_signed_by_somebody_else_does_not_count():
    """The name is right, the key is not."""
    impostor = ca.make_issuing_ca(other_root(), "Uitgever", START)
    forged = ca.make_crl(impostor, NOW - DAY, NOW + DAY, revoked=[SIGNER.certificate])

    assert opened(sent_by(SIGNER, data=sm.Revocation([*crls(), forged])))
    assert reason(sent_by(SIGNER, data=sm.Revocation([crls()[0], forged]))) == "revocation-unknown"


def test_sm134_a_new_certificate_of_the_partner_waits_for_a_person():
    """Whoever can read a functional mailbox for a minute obtains one."""
    assert reason(sent_by(SIGNER, known=False)) == "sender"


@pytest.mark.parametrize(
    ("change", "validated", "policies", "expected"),
    [
        ("auto", False, (), None),
        ("auto", True, (), "sender"),
        ("auto", False, ("2.23.140.1.5.1.3",), "sender"),
        ("confirm", False, (), "sender"),
    ],
)
def test_sm134_automatic_change_of_signer_needs_an_anchor_that_vets(change, validated, policies, expected):
    """Refused where mailbox-validated certificates are issued too."""
    signer = leaf(number=10, policies=policies)
    record = {
        "agreements": sm.Agreements(signer_change=change),
        "anchors": (sm.Anchor(certificate=root().der, mailbox_validated=validated),),
    }

    answer = sent_by(signer, known=False, record=record)

    assert (reason(answer) if expected else opened(answer).partner.id) == (expected or "zorg")


OIN = "00000001234567890000"


@pytest.mark.parametrize(
    ("vouched", "number", "expected"),
    [(True, OIN, None), (False, OIN, "sender"), (True, "00000009", "sender"), (True, None, "sender")],
)
def test_sm135_an_oin_counts_only_under_an_anchor_that_vouches_for_it(vouched, number, expected):
    """Elsewhere serialNumber is free text."""
    signer = leaf(number=11, serial_number=number, emails=())
    record = {
        "binding": "oin",
        "oin": OIN,
        "anchors": (sm.Anchor(certificate=root().der, serial_number_is_oin=vouched),),
    }

    answer = sent_by(signer, record=record)

    assert (reason(answer) if expected else opened(answer).partner.id) == (expected or "zorg")


@pytest.mark.parametrize(("pinned", "expected"), [(True, None), (False, "sender")])
def test_sm51_a_pinned_key(pinned, expected):
    """The SHA-256 of the public key stands in the record."""
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    spki = SIGNER.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pins = frozenset({hashlib.sha256(spki if pinned else b"").digest()})

    answer = sent_by(SIGNER, record={"binding": "pinned", "pins": pins})

    assert (reason(answer) if expected else opened(answer).partner.id) == (expected or "zorg")


def test_sm133_a_certificate_of_two_partners_needs_both_records_to_say_so():
    """A software supplier signs for several."""
    shared = sm.Agreements(shared_certificate=True)
    other = sm.Partner(id="ander", addresses=("x@ander.example",), certificates=partner(SIGNER).certificates)
    agreed = msgspec.structs.replace(other, agreements=shared)

    assert reason(sent_by(SIGNER, others=(other,))) == "sender"
    assert reason(sent_by(SIGNER, others=(agreed,))) == "sender"
    assert opened(sent_by(SIGNER, others=(agreed,), record={"agreements": shared}))


def test_sm133_an_address_belongs_to_one_partner():
    """A configuration that says otherwise is refused."""
    twice = msgspec.structs.replace(partner(SIGNER), id="ander")

    with pytest.raises(ValueError, match="one partner"):
        sm.PartnerBook((partner(SIGNER), twice))


def test_sm135_policies_of_the_anchor_are_demanded():
    """Only certificates of the listed policies count."""
    anchors = (sm.Anchor(certificate=root().der, policies=("2.16.528.1.1003.1.2.5.4",)),)

    assert reason(sent_by(SIGNER, record={"anchors": anchors})) == "signer-untrusted"


def test_sm128_a_certificate_set_made_to_explode_is_walked_within_bounds():
    """Nine same-named certificates in every order cost certvalidator more than a minute."""

    name = "Zelfde naam"
    keys = [ca.new_key() for _ in range(9)]
    same = [ca.make_root(name, START, k) for k in keys]
    crossed = [ca.make_issuing_ca(a, name, START, key=b.key) for a, b in pairwise(same)]
    signer = ca.make_leaf(crossed[0], "x", START, key=key("p256", 55), options=ca.LeafOptions(emails=(PROVIDER,)))
    content = entity()
    cms = signed_data(
        rewrapped(
            signer_info(content, sign=lambda b: signer.key.sign(b, cms_write.ec.ECDSA(profiles.SHA256.make()))).replace(
                signing(SIGNER).issuer_serial,
                cms_write.issuer_and_serial(cms_write.asn1_x509.Certificate.load(signer.der)),
            )
        ),
        certificates=signer.der + b"".join(c.der for c in crossed[:8]),
    )
    outcome = []

    assert calls(lambda: outcome.append(open_it(with_signature(content, cms), signer))) < 200_000
    assert reason(outcome[0]) == "signer-untrusted"


# Headers, addressing, time, identity


def test_sm17_of_several_faults_the_earliest_step_answers():
    """Each row has the fault of the row before and one more, found by an earlier step."""
    stranger = partner(SIGNER, addresses=("x@elders.example",))
    late = signed(entity(NOW - 20 * DAY, recipient="iemand@elders.example"))
    unknown = partner(SIGNER, certificates=())
    untrusted = partner(SIGNER, certificates=(), anchors=(sm.Anchor(certificate=other_root().der),))

    assert reason(open_mail(enveloped(signed(entity(NOW - 20 * DAY)), outer=fields()), partner(SIGNER), KEY)) == "date"
    assert reason(open_mail(enveloped(late, outer=fields()), partner(SIGNER), KEY)) == "not-for-us"
    assert reason(open_mail(enveloped(late), unknown, KEY)) == "sender"
    assert reason(open_mail(enveloped(late), untrusted, KEY)) == "signer-untrusted"
    broken = late.replace(b"JVBE", b"JVBF")
    assert reason(open_mail(enveloped(broken), untrusted, KEY)) == "signature"
    assert reason(open_mail(enveloped(broken[:-9]), untrusted, KEY)) == "decrypt"
    assert reason(open_mail(enveloped(broken[:-9]), untrusted)) == "no-key"
    assert (
        reason(open_mail(enveloped(broken[:-9]), msgspec.structs.replace(untrusted, profile="strict"))) == "algorithm"
    )
    assert reason(open_mail(enveloped(broken[:-9]), stranger)) == "sender"
    assert reason(open_mail(b"From: x@y.example\r\n" + enveloped(broken), stranger)) == "malformed"


def test_sm17_no_payload_is_parsed_before_the_sender_is_known(monkeypatch):
    """Parts are read after step 11 only."""
    read: list[str] = []
    real = payload.read_parts
    monkeypatch.setattr(payload, "read_parts", lambda *a: read.append("parts") or real(*a))

    stranger = leaf("iemand@elders.example", number=7)
    for answer in (sent_by(SIGNER, known=False), sent_by(stranger), sent_by(SIGNER, data=sm.Revocation())):
        assert isinstance(answer, sm.Refused)
    assert read == []
    assert opened(sent_by(SIGNER))
    assert read == ["parts"]


def test_sm31_the_micalg_parameter_is_ignored():
    """The digest is the one in the SignerInfo."""
    plain = signed(entity()).replace(b"micalg=sha-256", b"micalg=md5")

    assert opened(open_it(enveloped(plain)))


def test_sm35_a_certificate_for_nonrepudiation_alone_may_sign():
    """Either digitalSignature or nonRepudiation; pyHanko's default would demand the latter."""
    assert opened(sent_by(leaf(number=17, use="commit")))
    assert opened(sent_by(leaf(number=18, use="sign")))


def test_sm53_other_fields_say_nothing_about_the_sender():
    """Sender, Reply-To, Return-Path, Authentication-Results and DKIM play no part."""
    noise = (
        b"Return-Path: <x@elders.example>\r\nSender: x@elders.example\r\nReply-To: x@elders.example\r\n"
        b"Authentication-Results: mx.example; dkim=fail; dmarc=fail\r\nDKIM-Signature: v=1; d=elders.example\r\n"
    )

    assert opened(open_it(noise + genuine())).headers.sender == PROVIDER


def test_sm54_surreptitious_forwarding_is_refused():
    """A partner re-encrypts to us what another partner signed for somebody else."""
    content = entity(recipient="iemand@elders.example")

    assert reason(open_it(enveloped(signed(content), outer=fields()))) == "not-for-us"


def test_sm56_a_replay_under_a_new_message_id_is_refused():
    """The outer Message-ID is recorded inside."""
    raw = genuine().replace(MESSAGE_ID.encode(), b"<ffeeddccbbaa99887766554433221100@zorg.example>", 1)

    assert reason(open_it(raw)) == "headers"


def test_sm52_a_message_of_one_partner_under_the_name_of_another_is_refused():
    """The outer From was changed to another known partner."""
    other = sm.Partner(
        id="ander",
        addresses=("x@ander.example",),
        certificates=(sm.KnownCertificate(certificate=SIGNER.der),),
        anchors=(sm.Anchor(certificate=root().der),),
        agreements=sm.Agreements(shared_certificate=True),
    )
    raw = genuine().replace(b"From: plan@zorg.example", b"From: x@ander.example", 1)

    answer = open_it(raw, others=(other,), agreements={"shared_certificate": True})

    assert reason(answer) in ("headers", "sender")


def test_sm56_a_changed_subject_or_to_outside_is_noted_only():
    """Mail systems put [EXTERN] before subjects and rewrite To."""
    raw = genuine().replace(b"Subject: [...]", b"Subject: [EXTERN] [...]", 1).replace(b"To: wmo@", b"To: WMO <wmo@", 1)
    raw = raw.replace(b"WMO <wmo@gemeente.example", b"WMO <wmo@gemeente.example>", 1)

    assert opened(open_it(raw)).headers.subject == "Ondersteuningsplan 7f3a9c"


@pytest.mark.parametrize(
    ("age", "accepted"),
    [
        (timedelta(0), True),
        (10 * DAY, True),
        (10 * DAY + timedelta(minutes=1), False),
        (-timedelta(minutes=10), True),
        (-timedelta(minutes=11), False),
    ],
)
def test_sm55_the_date_lies_near_the_arrival(age, accepted):
    """From 10 days before to 10 minutes after the mailbox time."""
    now = NOW - age
    raw = enveloped(signed(entity(now)), outer=fields(now))

    answer = open_it(raw)

    assert (opened(answer).headers.date == now) if accepted else (reason(answer) == "date")


def test_sm37_a_mailbox_time_after_now_is_now():
    """A provider's clock that runs ahead gives no extra room."""
    answer = open_mail(genuine(), partner(SIGNER), KEY, received_at=NOW + 30 * DAY)

    assert opened(answer)


BARE = {"agreements": {"header_protection": "if present"}}


def test_sm57_without_header_protection_only_where_the_record_allows_it():
    """Then the outer fields are used, and the caller must find us in the payload (SM-129)."""
    raw = enveloped(signed(entity(protect=False)))

    assert reason(open_it(raw)) == "headers"
    assert (
        reason(
            open_it(
                enveloped(signed(entity(protect=False), profile=profiles.STRICT), profile=profiles.STRICT),
                profile="strict",
                **BARE,
            )
        )
        == "headers"
    )
    assert opened(open_it(raw, **BARE)).headers.protection == "none"


def test_sm129_without_header_protection_the_signing_time_counts():
    """The outer Date is nobody's word."""
    old = signed(entity(protect=False), now=NOW - 11 * DAY)

    assert reason(open_it(enveloped(old), **BARE)) == "date"
    content = entity(protect=False)
    timeless = signed_data(signer_info(content, attributes=lambda a: a[:2]))
    assert reason(open_it(with_signature(content, timeless), **BARE)) == "date"


def test_sm57_the_older_wrapping_in_message_rfc822_is_opened_once():
    """RFC 8551: the protected fields stand in the wrapped message."""
    inner = entity(enveloped=False).replace(b'; hp="clear"', b"")
    wrapped = b"Content-Type: message/rfc822\r\n\r\n" + inner

    read = opened(open_it(enveloped(signed(wrapped))))

    assert read.headers.subject == "Ondersteuningsplan 7f3a9c"
    assert read.headers.protection == "wrapped"
    assert [p.type for p in read.parts][-1] == "application/pdf"
    moved = enveloped(signed(wrapped)).replace(MESSAGE_ID.encode(), b"<ander@zorg.example>", 1)
    assert reason(open_it(moved)) == "headers"


@pytest.mark.parametrize(
    ("find", "put"),
    [
        (b"HP-Outer: From: plan@zorg.example\r\n", b""),
        (b"HP-Outer: From: plan@zorg.example\r\n", b"HP-Outer: From: x@y.example\r\n"),
        (b'hp="cipher"', b'hp="clear"'),
        (b'hp="cipher"', b'hp="anders"'),
        (b"From: plan@zorg.example\r\nTo", b"From: x@zorg.example\r\nTo"),
    ],
)
def test_sm56_what_the_sender_recorded_must_be_what_arrived(find, put):
    """Signed by the partner, but not this message in this envelope."""
    content = entity()
    assert find in content

    assert reason(open_it(enveloped(signed(content.replace(find, put, 1))))) in ("headers", "sender")


def accepted(*, mic: bytes, message_id: str = MESSAGE_ID, cms: bytes = b"") -> sm.Identities:
    found = sm.Accepted(message_id, mic, cms)
    return sm.Identities(accepted=lambda partner_id, _id, _mic: [found])


def test_sm76_the_same_message_again_is_a_duplicate_and_another_one_a_conflict():
    """Identity is Message-ID and MIC."""
    raw = genuine()
    first = opened(open_it(raw))

    again = opened(open_it(raw, identities=accepted(mic=first.mic, cms=first.cms_sha256)))
    assert (again.identity.state, again.identity.receipt_again) == ("duplicate", True)
    assert reason(open_it(raw, identities=accepted(mic=bytes(32)))) == "conflict"


def test_sm125_another_cbc_envelope_around_a_known_entity_gets_no_receipt():
    """With GCM the envelope cannot be an oracle."""
    inside = signed(entity())
    first = opened(open_it(enveloped(inside)))
    memory = accepted(mic=first.mic, cms=first.cms_sha256)

    cbc = opened(open_it(enveloped(inside), identities=memory))
    gcm = opened(open_it(enveloped(inside, profile=profiles.STRICT), identities=memory))

    assert (cbc.identity.state, cbc.identity.receipt_again) == ("duplicate", False)
    assert (gcm.identity.state, gcm.identity.receipt_again) == ("duplicate", True)


def test_sm131_a_known_mic_under_another_message_id_is_a_duplicate():
    """Where headers are not signed, a replay gets a new Message-ID."""
    inside = signed(entity(protect=False))
    first = opened(open_it(enveloped(inside), **BARE))
    raw = enveloped(inside).replace(MESSAGE_ID.encode(), b"<nieuw@zorg.example>", 1)

    again = opened(open_it(raw, identities=accepted(mic=first.mic), **BARE))

    assert again.identity.state == "duplicate"


def test_sm77_our_own_message_and_a_long_journey_are_a_loop():
    """Own Message-ID, or more than 30 Received fields."""
    ours = sm.Identities(ours=lambda message_id: message_id == MESSAGE_ID)

    assert reason(open_it(genuine(), identities=ours)) == "loop"
    assert reason(open_it(b"Received: by x\r\n" * 31 + genuine())) == "loop"
    assert opened(open_it(b"Received: by x\r\n" * 30 + genuine()))


@pytest.mark.parametrize(
    ("to", "before", "wanted"),
    [
        (PROVIDER, b"", True),
        ("x@vreemd.example", b"", False),
        (PROVIDER, b"Return-Path: <>\r\n", False),
        (PROVIDER, b"Return-Path: <plan@zorg.example>\r\n", True),
    ],
)
def test_sm65_a_receipt_goes_to_an_address_of_the_partner_only(to, before, wanted):
    """And never to a null return path (SM-67)."""
    content = entity().replace(b"Notification-To: plan@zorg.example", f"Notification-To: {to}".encode())

    read = opened(open_it(before + enveloped(signed(content))))

    assert read.wants_receipt is wanted
    assert bool(read.notes) is (to != PROVIDER)


def test_sm67_no_receipt_for_an_automatic_reply():
    """Auto-Submitted: auto-replied, inside."""
    content = entity(auto_submitted="auto-replied")

    assert not opened(open_it(enveloped(signed(content), outer=fields(auto_submitted="auto-replied")))).wants_receipt


def test_sm2_capabilities_are_recorded_and_change_nothing():
    """A suggestion for a person."""
    assert opened(open_it(genuine())).capabilities == ("aes256-gcm", "aes256-cbc")


def test_a_signer_is_described_for_people():
    """Serial in hex, addresses, and what is to be phased out (SM-121, SM-126)."""
    signer = leaf(PROVIDER, "rsa-2048")
    described = opened(open_it(enveloped(signed(entity(), signer)), signer)).signer

    assert described.serial == f"{signer.certificate.serial_number:x}"
    assert described.addresses == (PROVIDER,)
    assert described.phase_out
    assert x509.load_der_x509_certificate(described.certificate) == signer.certificate
    assert MUNICIPALITY not in described.subject
