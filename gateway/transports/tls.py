"""One TLS context for all mail protocols (SM-79, SM-143)."""

import ssl

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # for TLS 1.2; those of 1.3 are all sufficient (NCSC 2025-05)


def client_context(anchors: str | None = None) -> ssl.SSLContext:
    """TLS 1.2 or 1.3 with certificate and host name checked; `anchors` are PEM certificates, None the system's.

    There is no way to ask for less: the libraries' own defaults connect without any verification.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cadata=anchors)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    return context
