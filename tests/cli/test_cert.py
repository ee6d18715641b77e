"""`gateway cert`: what ends when and what breaks then; keys that overlap, so that nothing does."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.output import BROKEN, GOOD, NO
from gateway.demo import ca
from tests.cli.conftest import NOW, PARTIES, Answer, fingerprint, lines, tight

Gateway = Callable[..., Answer]


def listed(gateway: Gateway, folder: Path, *more: object) -> list[dict[str, Any]]:
    """`cert list`."""
    code, out, words = gateway("cert", "list", "--dir", folder, "--json", *more)
    assert code == GOOD, words
    return lines(out)


def following(pair: Path, role: str, use: ca.Use, days: int = 800) -> tuple[Path, Path]:
    """A new key and certificate for one side, by the authority that both trust."""
    new_root = ca.make_root("Tweede", NOW - timedelta(days=2))
    for side in PARTIES:
        anchors = pair / side / "keys" / "anchors.pem"
        anchors.write_bytes(anchors.read_bytes() + new_root.pem)
        (pair / side / "keys" / "crl" / "tweede.crl").write_bytes(ca.make_crl(new_root, NOW - timedelta(days=1)))
    options = ca.LeafOptions(emails=(PARTIES[role][1],), use=use)
    start = NOW - timedelta(hours=1)
    leaf = ca.make_leaf(new_root, role, start, start + timedelta(days=days), options=options)
    key, certificate = pair / f"{use}.key", pair / f"{use}.pem"
    tight(key, leaf.key_pem(b"other"))
    certificate.write_bytes(leaf.pem)
    (pair / "other.password").write_text("other\n")
    return key, certificate


def added(gateway: Gateway, pair: Path, use: str, *more: object) -> Path:
    """A following key of the provider; its certificate."""
    key, certificate = following(pair, "aanbieder", "sign" if use == "sign" else "encrypt")
    own = ("--key", key, "--certificate", certificate, "--key-password-file", pair / "other.password")
    code, _, words = gateway("cert", "add", "--use", use, *own, "--dir", pair / "aanbieder", *more)
    assert code == GOOD, words
    return certificate


def seal(gateway: Gateway, pair: Path, role: str, *to_whom: object) -> Path:
    """A mail of one side to the other."""
    text, mail = pair / "a.txt", pair / "a.eml"
    text.write_text("hallo")
    to = PARTIES["gemeente" if role == "aanbieder" else "aanbieder"][0]
    code, _, words = gateway("mail", "seal", text, "--to", to, "--dir", pair / role, "-o", mail, *to_whom)
    assert code == GOOD, words
    return mail


def test_everything_that_ends_is_listed_first_to_end_first(gateway: Gateway, pair: Path) -> None:
    """Own keys, partners', roots and revocation lists, each with its days."""
    found = listed(gateway, pair / "gemeente")
    assert [e["notAfter"] for e in found] == sorted(e["notAfter"] for e in found)
    assert {e["kind"] for e in found} == {"own-sign", "own-decrypt", "partner", "anchor", "crl"}
    partner = next(e for e in found if e["kind"] == "partner")
    assert (partner["who"], partner["sha256"]) == ("99990001", fingerprint(pair / "aanbieder.pem"))
    assert "own-sign\t0957" in gateway("cert", "list", "--dir", pair / "gemeente")[1]


def test_the_forecast_says_whose_mail_stops(gateway: Gateway, pair: Path) -> None:
    """Exit code 1 and the partner by code; nothing to say is exit code 0."""
    code, out, _ = gateway("cert", "forecast", "--days", "400", "--dir", pair / "gemeente", "--json")
    ends = {e["kind"]: e for e in lines(out)}
    assert code == NO
    assert ends["partner"]["partners"] == ["99990001"]
    assert "worden vastgehouden" in ends["partner"]["breaks"]
    assert "uitgaande verkeer" in ends["own-sign"]["breaks"]
    assert "anchor" not in ends  # a root of twenty years
    assert "→" in gateway("cert", "forecast", "--days", "400", "--dir", pair / "gemeente")[1]
    assert gateway("cert", "forecast", "--days", "1", "--dir", pair / "gemeente")[:2] == (GOOD, "")


def test_both_decryption_keys_open_mail(gateway: Gateway, pair: Path) -> None:
    """SM-46, SM-48: partners that seal for the old one and partners that seal for the new one are both read."""
    certificate = added(gateway, pair, "decrypt")
    code, _ = PARTIES["aanbieder"]
    old = seal(gateway, pair, "gemeente").read_bytes()
    confirm = ("--confirm", fingerprint(certificate), "--by", "J", "--channel", "telefoon")
    more = ("partner", "add", "--code", code, "--certificate", certificate, *confirm, "--dir", pair / "gemeente")
    assert gateway(*more)[0] == GOOD
    new = seal(gateway, pair, "gemeente").read_bytes()
    (pair / "old.eml").write_bytes(old)
    (pair / "new.eml").write_bytes(new)
    for name in ("old.eml", "new.eml"):
        assert gateway("mail", "open", pair / name, "--dir", pair / "aanbieder")[0] == GOOD
    if shutil.which("openssl"):
        keys = pair / "aanbieder" / "keys"
        command = ["openssl", "cms", "-decrypt", "-inform", "SMIME", "-in", pair / "new.eml", "-passin", "pass:test"]
        recipient = ["-recip", keys / "decryption-2.pem", "-inkey", keys / "decryption-2.key"]
        assert subprocess.run([*command, *recipient], capture_output=True, check=False).returncode == 0
    kinds = [e["sha256"] for e in listed(gateway, pair / "aanbieder") if e["kind"] == "own-decrypt"]
    assert len(kinds) == 2


@pytest.mark.parametrize("early", [True, False])
def test_signing_switches_on_its_day_and_is_announced_before(gateway: Gateway, pair: Path, early: bool) -> None:
    """SM-46, 6.4: two weeks before the present certificate ends, or on the day that a person chose."""
    switch = ("--switch", (NOW - timedelta(days=1)).date()) if early else ()
    certificate = added(gateway, pair, "sign", *switch)
    mail = seal(gateway, pair, "aanbieder")
    code, out, _ = gateway("mail", "open", mail, "--dir", pair / "gemeente", "--json")
    (answer,) = lines(out)
    # Nobody confirmed the new certificate here (SM-134): until then its mail waits, with that reason.
    assert (code, answer["verdict"]) == ((NO, "quarantined") if early else (GOOD, "accepted"))
    if early:
        assert answer["reasons"][0]["reason"] == "sender"
        confirm = ("--confirm", fingerprint(certificate), "--by", "J", "--channel", "telefoon")
        more = ("--code", "99990001", "--certificate", certificate, *confirm, "--dir", pair / "gemeente")
        assert gateway("partner", "add", *more)[0] == GOOD
        assert gateway("mail", "open", mail, "--dir", pair / "gemeente")[0] == GOOD


def test_a_key_that_does_not_fit_is_refused(gateway: Gateway, pair: Path) -> None:
    """SM-139; nothing is put in place, and the gateway opens as before."""
    key, _ = following(pair, "aanbieder", "sign")
    other = pair / "gemeente.pem"
    own = ("--use", "sign", "--key", key, "--certificate", other, "--key-password-file", pair / "other.password")
    assert gateway("cert", "add", *own, "--dir", pair / "aanbieder")[0] == NO
    wrong = ("--use", "sign", "--key", key, "--certificate", other)  # our own password does not open it
    assert gateway("cert", "add", *wrong, "--dir", pair / "aanbieder")[0] == NO
    missing = ("--use", "sign", "--certificate", other)
    assert gateway("cert", "add", *missing, "--dir", pair / "aanbieder")[0] == BROKEN
    assert not (pair / "aanbieder" / "keys" / "signing-2.key").exists()


def test_authorities_and_their_lists_are_added_with_the_fingerprint_to_compare(gateway: Gateway, pair: Path) -> None:
    """SM-33: no anchor is built in; the same once more changes nothing."""
    root = ca.make_root("Derde", NOW - timedelta(days=1))
    (pair / "root.pem").write_bytes(root.pem)
    (pair / "root.crl").write_bytes(ca.make_crl(root, NOW - timedelta(hours=1)))
    folder = pair / "gemeente"
    for _ in range(2):
        code, _, words = gateway("cert", "add", "--use", "anchor", "--certificate", pair / "root.pem", "--dir", folder)
        assert (code, "SHA-256 " in words) == (GOOD, True)
        assert gateway("cert", "add", "--use", "crl", "--certificate", pair / "root.crl", "--dir", folder)[0] == GOOD
    found = [e["kind"] for e in listed(gateway, folder) if "Derde" in e["subject"]]
    assert sorted(found) == ["anchor", "crl"]
    for use in ("anchor", "crl"):
        (pair / "leeg").write_text("niets")
        assert gateway("cert", "add", "--use", use, "--certificate", pair / "leeg", "--dir", folder)[0] == BROKEN
