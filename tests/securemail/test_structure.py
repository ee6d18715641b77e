"""Odd structures that are neither attack nor accident of one tool: each is refused for what it is."""

import pytest

from gateway import securemail as sm
from gateway.securemail import cms_write, der, envelope, layout, profiles, scanner
from gateway.securemail.refusal import Refusal
from tests.securemail import forge
from tests.securemail.forge import READER, SIGNER, entity, enveloped, fields, genuine, mail, signature, signed
from tests.securemail.world import MUNICIPALITY, decrypting, leaf, open_mail, opened, partner, reason

KEY = decrypting(READER)
RSA = leaf(MUNICIPALITY, "rsa-2048")
IV = der.octets(bytes(16))
CBC = der.sequence(der.oid(profiles.AES256_CBC.oid), IV)


def open_it(raw: bytes, **agreements) -> sm.Opened | sm.Refused:
    return open_mail(raw, partner(SIGNER, agreements=agreements), KEY, decrypting(RSA))


def ktri(*, transport: bytes | None = None, name: bytes | None = None) -> bytes:
    to = cms_write.recipient(RSA.der)
    assert isinstance(to, sm.Recipient)
    wrapped = RSA.key.public_key().encrypt(bytes(32), cms_write.padding.PKCS1v15())
    return der.sequence(
        der.integer(0),
        name or to.issuer_serial,
        transport or profiles.transport_identifier("pkcs1"),
        der.octets(wrapped),
    )


def content(cipher: bytes = CBC, *, body: bytes | None = bytes(32), kind: str = profiles.DATA) -> bytes:
    return der.sequence(der.oid(kind), cipher, *([] if body is None else [der.implicit(0, body)]))


def cms(*infos: bytes, info: bytes, kind: str = profiles.ENVELOPED_DATA, tail: bytes = b"") -> bytes:
    body = der.sequence(der.integer(0), der.set_of(*infos), info + tail)
    return der.sequence(der.oid(kind), der.explicit(0, body))


GCM = der.sequence(der.oid(profiles.AES256_GCM.oid), der.sequence(der.octets(bytes(12)), der.integer(16)))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (cms(ktri(), info=content()), "decrypt"),
        (cms(info=content()), "malformed"),
        (cms(ktri(), info=content(body=None)), "malformed"),
        (cms(ktri(), info=content(body=b"")), "malformed"),
        (cms(ktri(), info=content(body=bytes(31))), "malformed"),
        (cms(ktri(), info=content(kind=profiles.SIGNED_DATA)), "malformed"),
        (cms(ktri(), info=content(GCM)), "malformed"),
        (cms(ktri(), info=content(der.sequence(der.oid(profiles.AES256_CBC.oid), der.octets(bytes(8))))), "malformed"),
        (cms(ktri(), info=content(der.sequence(der.oid(profiles.AES256_CBC.oid)))), "malformed"),
        (cms(ktri(), info=content(), kind=profiles.AUTH_ENVELOPED_DATA, tail=der.octets(bytes(16))), "malformed"),
        (cms(ktri(transport=der.sequence(der.oid(profiles.RSA), der.octets(b"x"))), info=content()), "malformed"),
        (cms(*[ktri(name=der.implicit(0, bytes([n]))) for n in range(51)], info=content()), "malformed"),
        (cms(ktri(name=der.implicit(0, b"onbekend")), info=content()), "no-key"),
        (der.sequence(der.oid(profiles.DATA), der.explicit(0, der.octets(b"x"))), "algorithm"),
        (signature(b"x"), "not-encrypted"),
        (b"\x30\x00", "malformed"),
        (b"geen CMS", "malformed"),
    ],
)
def test_envelopes_of_another_shape(data, expected):
    """Content missing, of impossible length or under the wrong cipher; recipients missing or too many."""
    assert reason(open_it(mail(data))) == expected


def oaep_with(parameters: bytes) -> bytes:
    return cms(ktri(transport=der.sequence(der.oid(profiles.RSA_OAEP), parameters)), info=content())


SHA256 = der.sequence(der.oid(profiles.SHA256.oid), der.NULL)
MGF = der.sequence(der.oid(profiles.MGF1), SHA256)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (der.sequence(der.explicit(0, SHA256), der.explicit(1, MGF)), "decrypt"),
        (der.sequence(), "decrypt"),  # SHA-1 throughout
        (der.sequence(der.explicit(2, der.sequence(der.oid(profiles.P_SPECIFIED), der.octets(b"label")))), "algorithm"),
        (der.sequence(der.explicit(0, der.sequence(der.oid("1.2.840.113549.2.5")))), "algorithm"),
        (der.sequence(der.explicit(1, der.sequence(der.oid(profiles.SHA256.oid), SHA256))), "algorithm"),
        (der.sequence(der.explicit(1, der.sequence(der.oid(profiles.MGF1)))), "algorithm"),
    ],
)
def test_oaep_parameters(parameters, expected):
    """A label, MD5 or another mask function are outside the table."""
    assert reason(open_it(mail(oaep_with(parameters)))) == expected


def kari(
    *,
    kdf: str = "1.3.132.1.11.1",
    wrap: bytes | None = der.sequence(der.oid(profiles.AES256_WRAP.oid)),
    key: str = profiles.EC_PUBLIC_KEY,
    point: bytes = b"\x04" + bytes(64),
    originator: bytes | None = None,
    bits: bytes | None = None,
    ukm: bytes = b"",
) -> bytes:
    to = cms_write.recipient(READER.der)
    assert isinstance(to, sm.Recipient)
    public = der.explicit(1, der.sequence(der.oid(key)) + (bits or der.bits(point)))
    agreement = der.sequence(der.oid(kdf), *([] if wrap is None else [wrap]))
    keys = der.sequence(der.sequence(to.issuer_serial, der.octets(bytes(40))))
    return der.explicit(1, der.integer(3) + der.explicit(0, originator or public) + ukm + agreement + keys)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (kari(), "decrypt"),  # not a point of the curve
        (kari(point=b"\x02" + bytes(32)), "decrypt"),  # compressed
        (kari(point=b"\x04" + bytes(96)), "decrypt"),  # of another curve
        (kari(ukm=der.explicit(1, der.octets(b"zout"))), "decrypt"),
        (kari(kdf="1.3.132.1.14.1"), "algorithm"),
        (kari(wrap=der.sequence(der.oid("1.2.840.113549.1.9.16.3.6"))), "algorithm"),  # 3DES wrap
        (kari(wrap=None), "malformed"),
        (kari(key="1.3.101.110"), "algorithm"),  # X25519
        (kari(originator=der.implicit(0, b"sleutel")), "algorithm"),
        (kari(bits=der.element(der.BIT_STRING, b"\x03" + bytes(65))), "malformed"),
    ],
)
def test_key_agreements_of_another_shape(info, expected):
    """Every failure after parsing is `decrypt`, everything outside the table `algorithm`."""
    assert reason(open_it(mail(cms(info, info=content())))) == expected


def test_sm24_user_keying_material_and_null_wrap_parameters_are_read():
    """The wrap identifier enters the derivation as it was received; key material as well."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    inner = signed(entity())
    wrap = der.sequence(der.oid(profiles.AES256_WRAP.oid), der.NULL)
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    secret = ephemeral.exchange(ec.ECDH(), READER.key.public_key())
    key = bytes(range(32))
    wrapped = aes_key_wrap(cms_write.derive_key(secret, profiles.SHA256, wrap, 32, b"zout"), key)
    point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    info = kari(wrap=wrap, point=point, ukm=der.explicit(1, der.octets(b"zout")))
    info = info.replace(der.octets(bytes(40)), der.octets(wrapped))
    fill = 16 - len(inner) % 16
    encryptor = cms_write.Cipher(cms_write.AES256(key), cms_write.CBC(bytes(16))).encryptor()
    body = encryptor.update(inner + bytes([fill]) * fill) + encryptor.finalize()

    assert opened(open_it(mail(cms(info, info=content(body=body)))))


def test_sm24_authenticated_attributes_are_covered_by_the_tag():
    """As SET OF; a changed attribute opens nothing."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    inner = signed(entity())
    attributes = der.set_of(der.sequence(der.oid(profiles.CONTENT_TYPE), der.set_of(der.oid(profiles.DATA))))
    sealed = AESGCM(bytes(32)).encrypt(bytes(12), inner, attributes)
    tail = b"\xa1" + attributes[1:] + der.octets(sealed[-16:])
    data = cms(ktri(), info=content(GCM, body=sealed[:-16]), kind=profiles.AUTH_ENVELOPED_DATA, tail=tail)

    assert opened(open_it(mail(data)))
    assert envelope.read_envelope(data).associated == attributes
    changed = data.replace(tail, tail.replace(der.oid(profiles.DATA), der.oid(profiles.SIGNED_DATA)))
    assert reason(open_it(mail(changed))) == "decrypt"


@pytest.mark.parametrize(
    ("find", "put"),
    [
        (b'protocol="application/pkcs7-signature"', b'protocol="application/pgp-signature"'),
        (b"application/pkcs7-signature; name", b"application/octet-stream; name"),
        (b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: uuencode"),
    ],
)
def test_multipart_signed_of_another_shape(find, put):
    """It decrypted, yet nothing more is said than that."""
    plain = signed(entity())
    at = plain.rindex(find)

    assert reason(open_it(enveloped(plain[:at] + put + plain[at + len(find) :]))) == "decrypt"


def test_multipart_signed_with_three_parts():
    """Exactly the signed entity and its signature."""
    plain = signed(entity())
    mark = scanner.boundary_of(scanner.read_entity(plain).type).encode()
    extra = plain.replace(b"\r\n--" + mark + b"--", b"\r\n--" + mark + b"\r\n\r\nx\r\n--" + mark + b"--")

    assert reason(open_it(enveloped(extra))) == "decrypt"


def test_cms_of_another_kind_where_the_signature_should_be():
    """An envelope as smime.p7s."""
    inner = scanner.decode_body(scanner.read_entity(genuine()))

    assert reason(open_it(enveloped(layout.multipart_signed(entity(), inner, "sha-256")))) == "structure"


@pytest.mark.parametrize("ending", [b"\x01\x81", b"\x80\x01"], ids=["not ended", "zeros in front"])
def test_sm123_an_object_identifier_is_read_in_one_way(ending):
    """asn1crypto passes over an arc that is not ended, and over zeros in front of one."""
    good = der.oid(profiles.DATA)
    odd = der.element(der.OID, good[2:-1] + ending)
    data = cms(ktri(), info=der.sequence(odd, CBC, der.implicit(0, bytes(32))))

    assert reason(open_it(mail(data))) == "malformed"


def test_sm19_more_than_ten_certificates_or_64_attributes():
    """Bounded, although every element would fit."""
    body = entity()
    many = [leaf(f"a{n}@b.example").der for n in range(11)]
    crowded = forge.signed_data(forge.signer_info(body), certificates=b"".join(sorted(many)))
    extra = [der.sequence(der.oid(f"1.2.3.{n}"), der.set_of(der.NULL)) for n in range(64)]
    verbose = forge.signed_data(forge.signer_info(body, attributes=lambda a: [*a, *extra]))

    assert reason(open_it(forge.with_signature(body, crowded))) == "malformed"
    assert reason(open_it(forge.with_signature(body, verbose))) == "malformed"


@pytest.mark.parametrize(
    ("find", "put"),
    [
        (b"From: plan@zorg.example", b"From: plan@zorg.example\r\nFrom: x@y.example"),
        (b"From: plan@zorg.example", b"From: plan@zorg.example, x@y.example"),
        (b"From: plan@zorg.example", b"From : plan@zorg.example"),
        (b"From: plan@zorg.example", b'From: "plan@zorg.example"'),
        (b"Message-ID: <", b"Message-ID: <a@b> <"),
        (b"Message-ID: <", b"X-Message-ID: <"),
        (b"Date: ", b"Date: gisteren "),
        (b"Content-Type: ", b"X-Type: "),
        (b"Content-Type: application/pkcs7-mime", b"Content-Type: application/pkcs7-mime (x)"),
        (b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: 7bit"),
    ],
)
def test_sm52_an_outer_header_that_is_not_exactly_right(find, put):
    """One From with one address, one Message-ID, a Date that is one, a type and an encoding."""
    raw = genuine()
    assert find in raw

    assert reason(open_it(raw.replace(find, put, 1))) == "malformed"


@pytest.mark.parametrize(
    ("find", "put", "expected"),
    [
        (b"HP-Outer: To", b"HP-Outer: From", "malformed"),
        (b"HP-Outer: To: ", b"HP-Outer: ", "malformed"),
        (b"Date: ", b"Date: Mon, 99 Nov 2026 ", "malformed"),
        (b"\r\nDate: ", b"\r\nX-Date: ", "date"),
        (b"\r\nTo: ", b"\r\nX-To: ", "not-for-us"),
    ],
)
def test_a_protected_header_that_is_not_exactly_right(find, put, expected):
    """Signed by the partner's software, and still refused."""
    content_ = entity()
    assert find in content_

    assert reason(open_it(enveloped(signed(content_.replace(find, put, 1))))) == expected


def test_a_date_without_zone_is_utc():
    """RFC 5322 4.3."""
    plain = entity().replace(b" +0000\r\nMessage-ID", b" -0000\r\nMessage-ID", 1)

    assert opened(open_it(enveloped(signed(plain)))).headers.date


def test_sm19_a_message_over_the_limit_is_too_large():
    """Before anything is read."""
    small = sm.Limits(message=1000)

    assert reason(open_mail(genuine(), partner(SIGNER), KEY, limits=small)) == "too-large"


def test_sm56_a_subject_changed_on_the_way_is_noted():
    """For people; nothing depends on it."""
    raw = genuine().replace(b"Subject: [...]", b"Subject: [EXTERN]", 1)

    assert opened(open_it(raw)).notes == ("buitenste Subject is onderweg gewijzigd",)
    assert opened(open_it(genuine())).notes == ()


def test_refusals_inside_stay_inside():
    """The exception never leaves the room."""
    with pytest.raises(Refusal):
        envelope.read_envelope(b"")
    assert isinstance(open_it(mail(b"", fields())), sm.Refused)
