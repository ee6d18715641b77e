"""`gateway mail`: two gateways on one machine seal for each other and open, on files."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import berichten
from gateway.cli.output import BROKEN, GOOD, NO
from tests.berichten.historie import voorbeelden as v
from tests.cli.conftest import NOW, Answer, lines

Gateway = Callable[..., Answer]


def sealed(gateway: Gateway, pair: Path, *paths: Path, profile: str = "standard") -> Path:
    """A mail of the municipality for the provider."""
    mail = pair / "mail.eml"
    code, _, words = gateway(
        "mail", "seal", *paths, "--to", "99990001", "--profile", profile, "--dir", pair / "gemeente", "-o", mail
    )
    assert code == GOOD, words
    return mail


@pytest.mark.parametrize("profile", ["standard", "strict"])
def test_what_one_seals_the_other_opens(gateway: Gateway, pair: Path, profile: str) -> None:
    """Signer, parts and verdict; the parts come out as they went in."""
    xml = pair / "301.xml"
    xml.write_bytes(berichten.build(v.m301(v.toegewezen())))
    mail = sealed(gateway, pair, xml, profile=profile)
    code, out, _ = gateway("mail", "open", mail, "--dir", pair / "aanbieder", "--to", pair / "parts", "--json")
    (answer,) = lines(out)
    assert (code, answer["verdict"], answer["encrypted"]) == (GOOD, "accepted", True), answer
    assert answer["signer"] == {
        "subject": answer["signer"]["subject"], "address": "wmo@gemeente.example", "valid": True, "reason": None,
    }  # fmt: skip
    assert xml.read_bytes() in [path.read_bytes() for path in (pair / "parts").iterdir()]


def test_openssl_opens_it_too(gateway: Gateway, pair: Path) -> None:
    """Not only our own reader: the standard profile is what every mail program knows."""
    if shutil.which("openssl") is None:
        pytest.skip("OpenSSL is missing: apt-get install openssl")
    text = pair / "plan.json"
    text.write_text("{}")
    mail = sealed(gateway, pair, text)
    keys = pair / "aanbieder" / "keys"
    command = ["openssl", "cms", "-decrypt", "-inform", "SMIME", "-in", str(mail), "-passin", "pass:test"]
    done = subprocess.run(
        [*command, "-recip", str(keys / "decryption.pem"), "-inkey", str(keys / "decryption.key")],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"multipart/signed" in done.stdout


def test_a_changed_mail_is_quarantined_with_its_reason(gateway: Gateway, pair: Path) -> None:
    """SM-105: exit code 1; no part is written, nothing is said to be true."""
    text = pair / "a.txt"
    text.write_text("hallo")
    mail = sealed(gateway, pair, text)
    data = mail.read_text().splitlines(keepends=True)
    data[-5] = data[-5][::-1].strip() + "\r\n"
    mail.write_text("".join(data), newline="")
    code, out, _ = gateway("mail", "open", mail, "--dir", pair / "aanbieder", "--to", pair / "parts", "--json")
    (answer,) = lines(out)
    assert (code, answer["verdict"], answer["parts"]) == (NO, "quarantined", [])
    assert answer["reasons"][0]["reason"]
    assert answer["reasons"][0]["advice"]
    assert not (pair / "parts").exists()


def test_an_old_mail_is_opened_as_of_its_own_date(gateway: Gateway, pair: Path) -> None:
    """A file does not know when it came in; who knows it says so with --at, and then the date is judged."""
    text = pair / "a.txt"
    text.write_text("hallo")
    mail = sealed(gateway, pair, text)
    own = ("mail", "open", mail, "--dir", pair / "aanbieder", "--json")
    before = (NOW - timedelta(hours=1)).isoformat()
    assert lines(gateway(*own)[1])[0]["verdict"] == "accepted"
    assert lines(gateway(*own, "--at", before)[1])[0]["reasons"][0]["reason"] == "date"


@pytest.mark.parametrize(
    "text",
    [
        "geen mail",
        "Date: gisteren\n\nx",
        "Date: Mon, 17 Feb 2025 08:00:00 -0000\n\nx",
        "Date: Mon, 17 Feb 2025 08:00:00 +9999999999999\n\nx",
    ],
)
def test_what_is_no_sealed_mail_is_quarantined(gateway: Gateway, pair: Path, text: str) -> None:
    """Whatever stands in the file; a date without a zone, or in one that cannot be, too."""
    (pair / "x.eml").write_text(text)
    code, out, _ = gateway("mail", "open", pair / "x.eml", "--dir", pair / "aanbieder", "--json")
    assert (code, lines(out)[0]["verdict"]) == (NO, "quarantined")


def test_for_people_it_is_told_in_lines(gateway: Gateway, pair: Path) -> None:
    """Who signed and what is in it; or why it waits for a person."""
    text = pair / "a.txt"
    text.write_text("hallo")
    mail = sealed(gateway, pair, text)
    assert "accepted; signed by" in gateway("mail", "open", mail, "--dir", pair / "aanbieder")[1]
    refused = gateway("mail", "open", mail, "--dir", pair / "gemeente")[1]
    assert "quarantine: " in refused
    assert "→ " in refused, "what to do now"


def test_only_partners_can_be_sealed_for(gateway: Gateway, pair: Path) -> None:
    """Exit code 2 with the partners that there are; so for a sender that is not this gateway."""
    text = pair / "a.txt"
    text.write_text("hallo")
    code, _, words = gateway("mail", "seal", text, "--to", "vreemd@x.example", "--dir", pair / "gemeente")
    assert code == BROKEN
    assert "99990001" in words
    other = ("mail", "seal", text, "--from", "0363", "--to", "99990001", "--dir", pair / "gemeente")
    assert gateway(*other)[0] == BROKEN


def test_a_revoked_or_expired_certificate_is_never_sealed_for(gateway: Gateway, pair: Path) -> None:
    """SM-3: held, not sent weaker. Ten years on nothing is valid any more."""
    text = pair / "a.txt"
    text.write_text("hallo")
    own = ("--to", "99990001", "--dir", pair / "gemeente", "--at", (NOW + timedelta(days=3650)).isoformat())
    code, out, words = gateway("mail", "seal", text, *own)
    assert (code, out) == (NO, "")
    assert words


def test_a_gateway_that_cannot_start_says_why(gateway: Gateway, pair: Path) -> None:
    """Exit code 2; here a key that others can read."""
    (pair / "gemeente/keys/signing.key").chmod(0o644)
    code, _, words = gateway("partner", "list", "--dir", pair / "gemeente")
    assert code == BROKEN
    assert "chmod 600" in words


def test_what_was_sealed_is_told_as_json_beside_the_file(gateway: Gateway, pair: Path) -> None:
    """Message-ID and MIC are those of the mail; without a file there is no place for both."""
    text = pair / "a.txt"
    text.write_text("hallo")
    own = ("mail", "seal", text, "--to", "99990001", "--dir", pair / "gemeente", "--json")
    assert gateway(*own)[0] == BROKEN
    answer = lines(gateway(*own, "-o", pair / "a.eml")[1])[0]
    assert answer["messageId"].encode() in (pair / "a.eml").read_bytes()
    assert answer["bytes"] == (pair / "a.eml").stat().st_size
    assert len(answer["mic"]) == 64
    assert answer["certificates"]
