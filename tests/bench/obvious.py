"""The outbound path as one puts it together from the packages' obvious calls: what row two of `delivery` is against.

xmlschema builds and validates the XML, cryptography signs and encrypts as S/MIME, sqlite3 commits each step with
`synchronous=FULL`, aiosmtplib sends each message over a connection of its own. No rules of the standard, no checks of
certificates, no encryption at rest, no second try.
"""

import sqlite3
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Any

import aiosmtplib
import xmlschema
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from lxml import etree

from gateway import berichten
from gateway.berichten import iwmo
from tests.bench import world
from tests.securemail import world as mail


class Obvious:
    """A sender that keeps what it sends in a database of its own."""

    def __init__(self, path: Path, authority: str) -> None:
        found = iwmo().by_soort("WMO301")
        assert found is not None
        self._schema = xmlschema.XMLSchema(str(found.path))
        self._data = self._schema.decode(berichten.build(world.EXAMPLE))
        ours = mail.leaf(mail.MUNICIPALITY, world.KEYS)
        self._certificate, self._key = x509.load_der_x509_certificate(ours.der), ours.key
        theirs = mail.leaf(world.address(0), world.KEYS)
        self._recipient = x509.load_der_x509_certificate(theirs.der)
        self._tls = ssl.create_default_context(cadata=authority)
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, wire BLOB, state TEXT)")

    async def send(self, count: int, port: int) -> None:
        """So many orders, one after the other."""
        for number in range(count):
            wire = self._sealed(self._xml(number))
            with self._db:
                key = self._db.execute("INSERT INTO outbox (wire, state) VALUES (?, 'new')", (wire,)).lastrowid
            with self._db:
                self._db.execute("UPDATE outbox SET state = 'sending' WHERE id = ?", (key,))
            await aiosmtplib.send(
                wire,
                sender=mail.MUNICIPALITY,
                recipients=[world.address(0)],
                hostname="127.0.0.1",
                port=port,
                use_tls=True,
                tls_context=self._tls,
            )
            with self._db:
                self._db.execute("UPDATE outbox SET state = 'sent' WHERE id = ?", (key,))

    def _xml(self, number: int) -> bytes:
        data: dict[str, Any] = dict(self._data)
        data["Client"] = {**data["Client"], "Bsn": world.bsn(number)}
        made = self._schema.encode(data, path="Bericht")
        return etree.tostring(etree.fromstring(xmlschema.etree_tostring(made)), xml_declaration=True, encoding="UTF-8")

    def _sealed(self, xml: bytes) -> bytes:
        inner = EmailMessage()
        inner.set_content(xml, maintype="application", subtype="xml", filename="bericht.xml")
        signed = (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(inner.as_bytes())
            .add_signer(self._certificate, self._key, hashes.SHA256())
            .sign(Encoding.SMIME, [pkcs7.PKCS7Options.DetachedSignature])
        )
        envelope = (
            pkcs7.PKCS7EnvelopeBuilder()
            .set_data(signed)
            .add_recipient(self._recipient)
            .encrypt(Encoding.SMIME, [pkcs7.PKCS7Options.Binary])
        )
        head = (
            f"From: {mail.MUNICIPALITY}\r\nTo: {world.address(0)}\r\nSubject: WMO301\r\n"
            f"Date: {formatdate()}\r\nMessage-ID: {make_msgid()}\r\n"
        )
        return head.encode() + envelope.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
