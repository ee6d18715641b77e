"""One TLS context for all mail protocols (SM-79, SM-143)."""

import base64
import hashlib
import ssl
from collections.abc import Collection

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # for TLS 1.2; those of 1.3 are all sufficient (NCSC 2025-05)


def client_context(
    anchors: str | None, pins: Collection[str] = (), own: tuple[str, str] | None = None
) -> ssl.SSLContext:
    """TLS 1.2 or 1.3 with certificate and host name checked; `anchors` are PEM certificates, None the system's.

    `own` are the files of our certificate and its key, for a server that wants to know who connects.

    With `pins`, see `pin_of`, the server's key must be one of these besides: then its authority alone cannot replace
    it. There is no way to ask for less: the libraries' own defaults connect without any verification.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=anchors)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    if own is not None:
        context.load_cert_chain(*own)
    if pins:
        _pin(context, frozenset(pins))
    return context


def pin_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the SubjectPublicKeyInfo in base64 (RFC 7469 2.4): it stays when the key's certificate is renewed."""
    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(info).digest()).decode("ascii")


def _pin(context: ssl.SSLContext, pins: frozenset[str]) -> None:
    """Every handshake of this context ends with a look at the server's key, before a byte of ours is sent."""

    def look(peer: bytes | None) -> None:
        if peer is None or pin_of(x509.load_der_x509_certificate(peer)) not in pins:
            raise ssl.SSLCertVerificationError("the key of the server is none of those that are pinned")

    class PinnedSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            look(self.getpeercert(binary_form=True))

    class PinnedObject(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            look(self.getpeercert(binary_form=True))

    context.sslsocket_class, context.sslobject_class = PinnedSocket, PinnedObject  # plain sockets, and asyncio
