"""Other people's S/MIME programs, as judges of what we write and as writers of what we read (16.6).

Each tool works in a directory of its own; nothing of the system's configuration is used.
"""

import shutil
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12

from gateway.demo import ca
from tests import short

PASSWORD = b"proef"


class ToolError(Exception):
    """The tool refused; its words are the message."""


def run(*command: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> bytes:
    done = subprocess.run([str(c) for c in command], input=stdin, capture_output=True, env=env, timeout=60, check=False)
    if done.returncode:
        raise ToolError(done.stderr.decode("utf-8", "replace")[-600:])
    return done.stdout


class OpenSsl:
    """`openssl cms`."""

    def __init__(self, folder: Path, root: ca.Issued) -> None:
        self.folder = folder
        self.root = self.file("root.pem", root.pem)

    def file(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def identity(self, issued: ca.Issued) -> tuple[Path, Path, Path]:
        return (
            self.file("cert.pem", issued.pem),
            self.file("key.pem", issued.key_pem()),
            self.file("chain.pem", issued.chain_pem.removeprefix(issued.pem)),
        )

    def verify(self, signed: bytes) -> bytes:
        """Verify a `multipart/signed` or opaque message against the root; the content."""
        return run(
            "openssl", "cms", "-verify", "-inform", "SMIME", "-CAfile", self.root, "-purpose", "smimesign",
            "-in", self.file("signed.eml", signed),
        )  # fmt: skip

    def decrypt(self, mail: bytes, issued: ca.Issued) -> bytes:
        cert, key, _ = self.identity(issued)
        mail_file = self.file("sealed.eml", mail)
        return run("openssl", "cms", "-decrypt", "-inform", "SMIME", "-in", mail_file, "-recip", cert, "-inkey", key)

    def sign(self, entity: bytes, issued: ca.Issued, *options: str) -> bytes:
        """A whole signed MIME entity (LF framing, as OpenSSL writes it)."""
        cert, key, chain = self.identity(issued)
        entity_file = self.file("entity.txt", entity)
        extra = [] if "-md" in options else ["-md", "sha256"]
        return run(
            "openssl", "cms", "-sign", "-binary", "-in", entity_file, "-outform", "SMIME", "-signer", cert,
            "-inkey", key, "-certfile", chain, *extra, *options,
        )  # fmt: skip

    def encrypt(self, content: bytes, issued: ca.Issued, cipher: str, *options: str) -> bytes:
        """DER or BER CMS."""
        cert = self.file("recipient.pem", issued.pem)
        content_file = self.file("content.txt", content)
        return run(
            "openssl", "cms", "-encrypt", "-binary", "-in", content_file, "-outform", "DER", f"-{cipher}",
            "-recip", cert, *options,
        )  # fmt: skip


def pkcs12_of(issued: ca.Issued, name: str = "proef") -> bytes:
    """Key, certificate and chain, in the old protection that every tool reads."""
    old = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(1000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .build(PASSWORD)
    )
    return pkcs12.serialize_key_and_certificates(name.encode(), issued.key, issued.certificate, list(issued.above), old)  # type: ignore[arg-type]


def _fingerprint(issued: ca.Issued) -> str:
    return issued.certificate.fingerprint(hashes.SHA1()).hex().upper()  # the only name gpgsm has for one certificate


class GpgSm:
    """gpgsm with its own home; RSA keys only (2.2.40 crashes on EC keys in PKCS#12)."""

    def __init__(self, root: ca.Issued) -> None:
        self.home = short.folder("gpgsm-")
        self.home.chmod(0o700)
        (self.home / "trustlist.txt").write_text(f"{_fingerprint(root)} S relax\n")
        (self.home / "gpgsm.conf").write_text("disable-crl-checks\ndisable-policy-checks\nno-secmem-warning\n")
        (self.home / "gpg-agent.conf").write_text("allow-loopback-pinentry\n")
        self.gpgsm("--import", stdin=root.pem)

    def gpgsm(self, *arguments: str | Path, stdin: bytes = b"") -> bytes:
        return run("gpgsm", "--homedir", self.home, "--batch", "--yes", *arguments, stdin=stdin)

    def take(self, issued: ca.Issued) -> None:
        """Import key and chain."""
        self.gpgsm("--import", stdin=b"".join(c.public_bytes(Encoding.PEM) for c in issued.above))
        for last in (False, False, False, True):
            try:
                self.unlocked("--import", self.file(pkcs12_of(issued)))
            except ToolError:  # gpgsm cannot read one PKCS#12 file in thirty; made anew it has another salt
                if last:
                    raise
            else:
                return

    def file(self, data: bytes, name: str = "in") -> Path:
        path = self.home / name
        path.write_bytes(data)
        return path

    def unlocked(self, *arguments: str | Path) -> bytes:
        """A command that uses a private key; the pass phrase comes over standard input."""
        return self.gpgsm("--pinentry-mode", "loopback", "--passphrase-fd", "0", *arguments, stdin=PASSWORD + b"\n")

    def verify(self, signature: bytes, data: bytes) -> None:
        self.gpgsm("--verify", self.file(signature, "signature"), self.file(data))

    def sign(self, data: bytes, signer: ca.Issued) -> bytes:
        return self.unlocked("-u", _fingerprint(signer), "--detach-sign", self.file(data))

    def decrypt(self, cms: bytes) -> bytes:
        return self.unlocked("--decrypt", self.file(cms))

    def encrypt(self, data: bytes, to: ca.Issued) -> bytes:
        return self.gpgsm("-r", _fingerprint(to), "--encrypt", self.file(data))

    def close(self) -> None:
        run("gpgconf", "--homedir", self.home, "--kill", "all")
        shutil.rmtree(self.home, ignore_errors=True)


class Nss:
    """The engine behind Thunderbird, through `cmsutil`."""

    def __init__(self, folder: Path, root: ca.Issued) -> None:
        self.folder = folder
        self.db = f"sql:{folder}"
        run("certutil", "-N", "-d", self.db, "--empty-password")
        self._certificate("root", root, "CT,C,C")

    def _certificate(self, name: str, issued: ca.Issued, trust: str) -> None:
        path = self.folder / f"{name}.pem"
        path.write_bytes(issued.pem)
        run("certutil", "-A", "-d", self.db, "-n", name, "-t", trust, "-a", "-i", path)

    def take(self, issued: ca.Issued, name: str) -> None:
        bundle = self.folder / f"{name}.p12"
        bundle.write_bytes(pkcs12_of(issued, name))
        run("pk12util", "-i", bundle, "-d", self.db, "-W", PASSWORD.decode())

    def verify(self, signature: bytes, data: bytes) -> None:
        s, d = self.folder / "s", self.folder / "d"
        s.write_bytes(signature)
        d.write_bytes(data)
        run("cmsutil", "-D", "-d", self.db, "-i", s, "-c", d, "-n", "-u", "4")

    def sign(self, data: bytes, name: str, *, detached: bool) -> bytes:
        path = self.folder / "in"
        path.write_bytes(data)
        return run(
            "cmsutil", "-S", "-d", self.db, "-N", name, *(["-T"] if detached else []), "-P", "-G", "-H", "SHA256",
            "-u", "4", "-i", path,
        )  # fmt: skip

    def decrypt(self, cms: bytes) -> bytes:
        path = self.folder / "in"
        path.write_bytes(cms)
        return run("cmsutil", "-D", "-d", self.db, "-i", path)

    def encrypt(self, data: bytes, address: str) -> bytes:
        path = self.folder / "in"
        path.write_bytes(data)
        return run("cmsutil", "-E", "-d", self.db, "-r", address, "-i", path)
