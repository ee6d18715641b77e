"""Signed files: anybody can check them with OpenSSL, and nothing that was changed or is no signed file is taken."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import securemail as sm
from gateway.demo import ca

from .world import NOW, leaf, root

CONTENT = b'{"card": 1}\n'


def signer(kind: ca.KeyKind) -> sm.SigningKey:
    """A signing key of a kind."""
    issued = leaf("plan@zorg.example", kind)
    made = sm.signing_key(issued.key, issued.der, issued.intermediates)
    assert isinstance(made, sm.SigningKey)
    return made


@pytest.mark.parametrize("kind", ["p256", "rsa-2048", "rsa-3072"])
def test_content_comes_back_with_who_signed_it(kind: ca.KeyKind) -> None:
    """The signer's certificate by its fingerprint: what people compare (SM-136)."""
    own = signer(kind)
    read = sm.read_signed_file(sm.sign_file(CONTENT, "application/json", own, NOW))
    assert isinstance(read, sm.SignedFile)
    assert (read.content, read.type, read.signed_at) == (CONTENT, "application/json", NOW)
    assert read.signer.der == own.certificate
    assert sm.best_profile(own) == ("standard" if kind == "rsa-2048" else "strict")


@pytest.mark.parametrize("kind", ["p256", "rsa-2048", "rsa-3072"])
def test_openssl_verifies_it(kind: ca.KeyKind, tmp_path: Path) -> None:
    """SM-9: not only our own reader."""
    if shutil.which("openssl") is None:
        pytest.skip("OpenSSL is missing: apt-get install openssl")
    (tmp_path / "file").write_bytes(sm.sign_file(CONTENT, "application/json", signer(kind), NOW))
    (tmp_path / "root.pem").write_bytes(root().pem)
    command = ["openssl", "cms", "-verify", "-in", "file", "-CAfile", "root.pem", "-purpose", "smimesign"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr


def test_a_file_written_with_unix_line_ends_still_verifies() -> None:
    """SM-27: saving from a mail program may change CRLF to LF; nothing else may change."""
    made = sm.sign_file(CONTENT, "application/json", signer("p256"), NOW)
    assert isinstance(sm.read_signed_file(made.replace(b"\r\n", b"\n")), sm.SignedFile)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "malformed"),
        (b"Content-Type: application/json\r\n\r\n{}", "not-signed"),
        (b"x" * 1_000_001, "too-large"),
    ],
)
def test_what_is_no_signed_file_is_refused(data: bytes, reason: str) -> None:
    """With a reason, never an exception."""
    read = sm.read_signed_file(data)
    assert isinstance(read, sm.Refused)
    assert read.reason in {reason, "not-signed"}


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_no_changed_byte_of_the_content_survives(where: int, change: int) -> None:
    """SM-20, SM-123: a changed byte gives a refusal, or the same content (where it changes nothing signed)."""
    made = bytearray(sm.sign_file(CONTENT, "application/json", signer("p256"), NOW))
    made[where % len(made)] ^= change
    read = sm.read_signed_file(bytes(made))
    if isinstance(read, sm.SignedFile):
        assert (read.content, read.type) == (CONTENT, "application/json")
