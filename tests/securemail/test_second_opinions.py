"""Every verdict of ours beside that of OpenSSL, pyHanko and the standard library (SM-30, SM-127)."""

import email
from datetime import timedelta

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from pyhanko.sign.validation import KeyUsageConstraints, async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

from gateway import securemail as sm
from gateway.demo import ca
from gateway.securemail import layout, payload, scanner
from tests.securemail import forge
from tests.securemail.oracles import OpenSsl, ToolError
from tests.securemail.world import NOW, PROVIDER, START, crls, leaf, open_mail, other_root, partner, root

DAY = timedelta(days=1)
TODAY = sm.TransportOnly(NOW.date(), NOW.date(), "proef")


def sample(signer: ca.Issued, change=lambda entity, signature: (entity, signature)) -> tuple[bytes, bytes, bytes]:
    """A clear-signed mail, its signed entity and its signature, the last two bent by *change*."""
    entity = forge.entity(enveloped=False)
    entity, signature = change(entity, forge.signature(entity, signer))
    signed = layout.multipart_signed(entity, signature, "sha-256")
    return layout.clear_mail(forge.fields(), signed), entity, signature


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


SAMPLES = {
    "good P-256": sample(leaf()),
    "good P-384": sample(leaf(kind="p384")),
    "good RSA": sample(leaf(kind="rsa-2048")),
    "no intermediates": sample(ca.Issued(leaf().key, leaf().certificate)),
    "changed content": sample(leaf(), lambda e, s: (e.replace(b"Ondersteuningsplan", b"Ondersteuningsplam"), s)),
    "changed value": sample(leaf(), lambda e, s: (e, flipped(s, len(s) - 5))),
    # the hour of the signing time, by one: still a time
    "changed attributes": sample(leaf(), lambda e, s: (e, flipped(s, s.rindex(NOW.strftime("%y%m%d").encode()) + 7))),
    "other authority": sample(leaf(issuer=other_root(), number=1)),
    "expired": sample(leaf(number=2, start=START, end=NOW - DAY)),
    "not yet valid": sample(leaf(number=3, start=NOW + DAY, end=NOW + 9 * DAY)),
    "for servers only": sample(leaf(number=4, extended=("server",))),
    "for encryption only": sample(leaf(number=6, use="encrypt")),
}


def ours(raw: bytes, signature: bytes) -> bool:
    """Our verdict, by a partner that knows whichever certificate signed."""
    carried = [c.chosen.dump() for c in cms.ContentInfo.load(signature)["content"]["certificates"]]
    record = partner(leaf(), agreements={"transport_only": TODAY})
    known = tuple(sm.KnownCertificate(certificate=der) for der in carried)
    record = sm.Partner(
        id=record.id,
        addresses=(PROVIDER,),
        certificates=known,
        anchors=record.anchors,
        agreements=record.agreements,
    )
    return isinstance(open_mail(raw, record), sm.Opened)


def of_openssl(openssl: OpenSsl, raw: bytes) -> bool:
    try:
        openssl.verify(raw)
    except ToolError:
        return False
    return True


def of_pyhanko(entity: bytes, signature: bytes) -> bool:
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(root().der)], crls=list(crls()), revocation_mode="require"
    )
    check = async_validate_detached_cms(
        entity,
        cms.ContentInfo.load(signature)["content"],
        signer_validation_context=context,
        key_usage_settings=KeyUsageConstraints(
            key_usage={"digital_signature"}, extd_key_usage={"email_protection"}, explicit_extd_key_usage_required=True
        ),
    )
    try:
        check.send(None)
    except StopIteration as end:
        return bool(end.value.intact and end.value.valid and end.value.trusted)
    raise AssertionError("suspended")


@pytest.mark.parametrize("name", SAMPLES)
def test_sm30_openssl_and_pyhanko_agree_with_us(tmp_path, name):
    """The same verdict on every sample, accepted and refused."""
    raw, entity, signature = SAMPLES[name]
    verdicts = {
        "ours": ours(raw, signature),
        "OpenSSL": of_openssl(OpenSsl(tmp_path, root()), raw),
        "pyHanko": of_pyhanko(entity, signature),
    }

    assert set(verdicts.values()) == {name.startswith("good")}, verdicts


def test_sm127_the_standard_library_reads_the_same_parts():
    """What our strict scanner accepts, a lenient parser reads no differently."""
    entity = forge.entity()
    theirs = email.message_from_bytes(entity)

    parts = payload.read_parts(scanner.read_entity(entity))

    assert [(p.get_filename(), p.get_content_type(), p.get_payload(decode=True)) for p in theirs.walk()][1:] == [
        (p.name, p.type, p.content) for p in parts
    ]
    assert theirs.items() == [(name, value) for name, value in scanner.read_entity(entity).header.fields]
