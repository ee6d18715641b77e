"""The small authority of demo and tests makes certificates that real software accepts."""

import ssl
from datetime import timedelta

import pytest

from gateway.demo import ca
from tests.securemail.oracles import run
from tests.securemail.world import NOW, START, issuing, leaf, root


def shake_hands(server: ca.Issued, host: str, tmp_path) -> None:
    """A TLS handshake in memory: the server with *server*, the client trusting the root and asking for *host*."""
    (tmp_path / "chain.pem").write_bytes(server.chain_pem)
    (tmp_path / "key.pem").write_bytes(server.key_pem(b"geheim"))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem", "geheim")
    ours = ssl.create_default_context(cadata=root().pem.decode())
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        ours.wrap_bio(to_client, to_server, server_hostname=host),
        theirs.wrap_bio(to_server, to_client, server_side=True),
    ]
    waiting = list(sides)
    while waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_tls_certificate_serves_localhost(tmp_path, host):
    """By name and by address; the client checks chain and name."""
    shake_hands(ca.make_tls(issuing(), START), host, tmp_path)


@pytest.mark.parametrize(
    "server",
    [ca.make_tls(issuing(), START, ["elders.example"]), ca.make_tls(issuing(), START, end=NOW - timedelta(days=1))],
    ids=["other name", "expired"],
)
def test_a_tls_certificate_serves_nothing_else(tmp_path, server):
    """The handshake fails."""
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server, "localhost", tmp_path)


@pytest.mark.parametrize("kind", ["rsa-2048", "rsa-3072", "p256", "p384"])
def test_openssl_accepts_the_chain_for_mail(tmp_path, kind):
    """Root, issuing authority, certificate, with a CRL of each."""
    issued = leaf(kind=kind)
    (tmp_path / "root.pem").write_bytes(root().pem)
    (tmp_path / "chain.pem").write_bytes(issued.chain_pem.removeprefix(issued.pem))
    (tmp_path / "leaf.pem").write_bytes(issued.pem)
    lists = b""
    for number, maker in enumerate((root(), issuing())):
        made = tmp_path / f"{number}.crl"
        made.write_bytes(ca.make_crl(maker, START, NOW + timedelta(days=1)))
        lists += run("openssl", "crl", "-inform", "DER", "-in", made)
    (tmp_path / "crls.pem").write_bytes(lists)

    answer = run(
        "openssl", "verify", "-x509_strict", "-purpose", "smimesign", "-crl_check_all",
        "-CRLfile", tmp_path / "crls.pem", "-CAfile", tmp_path / "root.pem", "-untrusted", tmp_path / "chain.pem",
        tmp_path / "leaf.pem",
    )  # fmt: skip

    assert answer.endswith(b": OK\n")


def test_the_root_travels_with_nobody():
    """`intermediates` is what a message carries."""
    assert leaf().intermediates == (issuing().der,)
    assert root().der not in leaf().chain_pem
