"""`gateway partner`: cards, proposals, confirmations, agreements; nobody is trusted on first use."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.output import BROKEN, GOOD, NO
from tests.cli.conftest import PARTIES, Answer, add, fingerprint, lines

Gateway = Callable[..., Answer]
BY = ("--by", "J. de Tester", "--channel", "telefoon")


def forget(home: Path, role: str) -> Path:
    """The gateway of one side, without a store: it knows nobody yet."""
    for file in (home / role).glob("gateway.db*"):
        file.unlink()
    return home / role


def card(gateway: Gateway, home: Path, role: str) -> Path:
    """The card of one side."""
    path = home / f"{role}.card"
    assert gateway("partner", "card", "-o", path, "--dir", home / role)[0] == GOOD
    return path


def known(gateway: Gateway, folder: Path) -> dict[str, Any]:
    """What a gateway knows of its one partner."""
    (answer,) = lines(gateway("partner", "list", "--dir", folder, "--json")[1])
    return answer


def test_partners_are_listed_with_who_confirmed_them(gateway: Gateway, pair: Path) -> None:
    """SM-136: a fingerprint is compared over another channel, and that is kept."""
    code, out, _ = gateway("partner", "list", "--dir", pair / "gemeente", "--json")
    (partner,) = lines(out)
    assert (code, partner["code"], partner["role"]) == (GOOD, "99990001", "aanbieder")
    assert partner["certificates"][0]["confirmedBy"] == "J. de Tester"
    assert "99990001\taanbieder\tplan@aanbieder.example" in gateway("partner", "list", "--dir", pair / "gemeente")[1]


def test_adding_a_partner_shows_its_fingerprints(gateway: Gateway, pair: Path) -> None:
    """As text to compare, or as JSON; the same once more changes nothing."""
    again = add(pair, "gemeente", "aanbieder")
    before = known(gateway, pair / "gemeente")
    assert "SHA-256 " in gateway(*again)[1]
    assert lines(gateway(*again, "--json")[1])[0] == before


@pytest.mark.parametrize("wrong", ["code", "certificate", "address", "plain", "by", "name"])
def test_a_partner_that_cannot_be_is_refused(gateway: Gateway, pair: Path, wrong: str) -> None:
    """A code of another length, no certificate, an address of another or none at all, nobody who compared."""
    (pair / "leeg.pem").write_text("niets")
    who = {
        "--code": "12" if wrong == "code" else "99990002",
        "--name": "x",
        "--address": {"address": "plan@aanbieder.example", "plain": "X <x@y.example>"}.get(wrong, "x@y.example"),
        "--certificate": pair / ("leeg.pem" if wrong == "certificate" else "aanbieder.pem"),
        "--confirm": fingerprint(pair / "aanbieder.pem"),
        "--by": "J",
        "--channel": "post",
    }
    who.pop("--by" if wrong == "by" else "--name" if wrong == "name" else "", None)
    arguments = [part for pairs in who.items() for part in pairs]
    assert gateway("partner", "add", *arguments, "--dir", pair / "gemeente")[0] == BROKEN


def test_a_certificate_nobody_confirmed_is_a_proposal_and_not_used(gateway: Gateway, pair: Path) -> None:
    """SM-136: never trusted on first use; what is missing is said, with the command that mends it."""
    folder = forget(pair, "gemeente")
    code, address = PARTIES["aanbieder"]
    facts = ("--code", code, "--name", "x", "--address", address, "--certificate", pair / "aanbieder.pem")
    done, out, words = gateway("partner", "add", *facts, "--dir", folder)
    assert (done, "PROPOSED, not used" in out) == (GOOD, True)
    assert f"--confirm {fingerprint(pair / 'aanbieder.pem')}" in words
    (pair / "a.txt").write_text("hallo")
    sealing = ("mail", "seal", pair / "a.txt", "--to", code, "--dir", folder)
    assert gateway(*sealing)[0] == NO

    confirm = ("partner", "add", "--code", code, "--confirm", fingerprint(pair / "aanbieder.pem"), *BY)
    assert gateway(*confirm, "--dir", folder)[0] == GOOD
    assert gateway(*sealing)[0] == GOOD


def test_a_card_introduces_and_its_fingerprint_confirms_all_that_is_on_it(gateway: Gateway, pair: Path) -> None:
    """SM-136: identity, address, profile and certificates come from the card; between gateways that is `strict`."""
    folder = forget(pair, "gemeente")
    file = card(gateway, pair, "aanbieder")
    done, out, words = gateway("partner", "add", "--card", file, "--dir", folder, "--json")
    (answer,) = lines(out)
    assert (done, answer["code"], answer["profile"], answer["usable"]) == (GOOD, "99990001", "strict", 0)
    spoken = words.splitlines()[1].strip()
    assert spoken.replace(":", "").lower() == fingerprint(pair / "aanbieder.pem")
    done, out, _ = gateway("partner", "add", "--card", file, "--confirm", spoken, *BY, "--dir", folder, "--json")
    (answer,) = lines(out)
    assert (done, answer["usable"]) == (GOOD, len(answer["certificates"]))


def test_a_fingerprint_that_does_not_fit_confirms_nothing(gateway: Gateway, pair: Path) -> None:
    """Exit code 1: the answer is no, and nothing is written."""
    folder = forget(pair, "gemeente")
    file = card(gateway, pair, "aanbieder")
    done, _, words = gateway("partner", "add", "--card", file, "--confirm", "ab" * 32, *BY, "--dir", folder)
    assert (done, "SM-136" in words) == (NO, True)
    assert gateway("partner", "list", "--dir", folder, "--json")[1] == ""


def test_a_card_of_another_cannot_move_a_partner_to_another_address(gateway: Gateway, pair: Path) -> None:
    """A card is a file that anybody can make: a known partner's facts change only by a confirmed signer's card."""
    settings = pair / "gemeente" / "gateway.toml"
    true = settings.read_text()
    for own, false in zip(("gemeente", *PARTIES["gemeente"]), ("aanbieder", "99990001", "vals@x.example"), strict=True):
        assert f'"{own}"' in true
        settings.write_text(settings.read_text().replace(f'= "{own}"', f'= "{false}"'))
    foreign = card(gateway, pair, "gemeente")
    settings.write_text(true)
    before = known(gateway, pair / "gemeente")
    assert gateway("partner", "add", "--card", foreign, "--dir", pair / "gemeente")[0] == GOOD
    after = known(gateway, pair / "gemeente")
    assert (after["address"], after["usable"]) == (before["address"], before["usable"])
    assert [c["state"] for c in after["certificates"]] == ["confirmed", "proposed"]


def test_openssl_reads_the_card(gateway: Gateway, pair: Path) -> None:
    """Signed so that any S/MIME program can check it, under the roots the reader trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("OpenSSL is missing: apt-get install openssl")
    file = card(gateway, pair, "aanbieder")
    anchors = pair / "gemeente" / "keys" / "anchors.pem"
    command = ["openssl", "cms", "-verify", "-in", file, "-CAfile", anchors, "-purpose", "smimesign"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"Content-Type: application/json" in done.stdout


@pytest.mark.parametrize("spoil", ["content", "empty", "plan"])
def test_a_card_that_was_changed_is_refused(gateway: Gateway, pair: Path, spoil: str) -> None:
    """One character is enough; and what is signed but no card is none either."""
    file = card(gateway, pair, "aanbieder")
    if spoil == "plan":
        (pair / "a.json").write_text("{}")
        file = pair / "a.json"
    elif spoil == "empty":
        file.write_bytes(b"")
    else:
        data = file.read_bytes()
        at = data.index(b"base64") + 60
        file.write_bytes(data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :])
    done, _, words = gateway("partner", "add", "--card", file, "--dir", pair / "gemeente")
    assert (done, "SM-136" in words) == (NO, True)


def test_one_partner_is_shown_whole(gateway: Gateway, pair: Path) -> None:
    """Facts, agreements and certificates; by code or by address; an unknown one is exit code 2."""
    code, out, _ = gateway("partner", "show", "plan@aanbieder.example", "--dir", pair / "gemeente", "--json")
    (answer,) = lines(out)
    assert (code, answer["code"], answer["agreements"]["internetRoute"]) == (GOOD, "99990001", False)
    assert "confirmed by J. de Tester" in gateway("partner", "show", "99990001", "--dir", pair / "gemeente")[1]
    assert gateway("partner", "show", "0363", "--dir", pair / "gemeente")[0] == BROKEN


def test_how_mail_is_offered_is_agreed_and_taken_back(gateway: Gateway, pair: Path) -> None:
    """A window, waits, an age, a number at a time and a rate; nonsense is refused with what would be right."""
    own = ("partner", "agree", "99990001", "--by", "J. de Tester", "--dir", pair / "gemeente", "--json")
    given = ("--window", "07:00-19:00", "--waits", "5,15,60", "--give-up-hours", 24, "--at-once", 1)
    code, out, _ = gateway(*own, *given)
    told = {"window": ["07:00:00", "19:00:00"], "waits": [5, 15, 60], "giveUpHours": 24, "atOnce": 1}
    assert (code, json.loads(out)["sending"]) == (GOOD, told | {"perMinute": None})
    code, out, _ = gateway(*own, "--usual-sending", "--per-minute", 10)
    assert (json.loads(out)["sending"]["window"], json.loads(out)["sending"]["perMinute"]) == (None, 10)
    for wrong in (("--window", "19:00-07:00"), ("--window", "laat"), ("--waits", "0"), ("--at-once", 9)):
        assert gateway(*own, *wrong)[0] == BROKEN


def test_what_was_agreed_is_recorded_and_shown(gateway: Gateway, pair: Path) -> None:
    """13.4, SM-64, SM-115: by a person, with a name; what was not given stays as it was."""
    folder = pair / "gemeente"
    own = ("partner", "agree", "99990001", "--by", "J. de Tester", "--dir", folder)
    assert gateway(*own, "--internet-route", "--no-receipts", "--max-file-mb", "5")[0] == GOOD
    code, out, _ = gateway(*own, "--profile", "standard", "--profile-until", "2099-12-31", "--json")
    (answer,) = lines(out)
    terms = answer["agreements"]
    assert (code, terms["internetRoute"], terms["receiptsExpected"], terms["maxFile"]) == (GOOD, True, False, 5_000_000)
    assert (answer["profile"], answer["profileUntil"]) == ("standard", "2099-12-31")
    strict = lines(gateway(*own, "--profile", "strict", "--json")[1])[0]
    assert (strict["profile"], strict["profileUntil"]) == ("strict", None)
    exception = ("--transport-only-until", "2099-01-01", "--transport-only-reason", "overgang")
    code, _, words = gateway(*own, *exception)
    assert (code, "SM-115" in words) == (NO, True)
    assert gateway(*own, "--no-transport-only")[0] == GOOD


def test_the_check_says_what_stands_in_the_way(gateway: Gateway, pair: Path) -> None:
    """Exit code 1 while mail would be held; 0 when it would go, with a canary on its way."""
    own = ("partner", "check", "99990001", "--dir", pair / "gemeente")
    code, out, _ = gateway(*own, "--canary", "--json")
    (answer,) = lines(out)
    assert (code, answer["ok"], answer["canary"]["state"]) == (NO, False, "held")
    assert {f["code"] for f in answer["findings"] if f["severity"] == "error"} == {"SM-114"}
    agreed = ("partner", "agree", "99990001", "--by", "J", "--internet-route", "--dir", pair / "gemeente")
    code, _, words = gateway(*agreed)
    assert (code, "1 held messages for 99990001 may go now" in words) == (GOOD, True)
    code, out, _ = gateway(*own)
    assert (code, "mail can be exchanged" in out) == (GOOD, True)


def test_software_of_which_nothing_is_known_need_not_protect_headers_a_gateway_must(
    gateway: Gateway, pair: Path
) -> None:
    """SM-57: a partner known by facts may write without; the first card of it makes header protection required."""
    facts = ("--code", "99990044", "--name", "Zorg", "--address", "zorg@ander.example", "--dir", pair / "gemeente")
    answer = lines(gateway("partner", "add", *facts, "--json")[1])[0]
    assert answer["agreements"]["headerProtection"] == "if present"
    card = pair / "kaart.eml"
    gateway("partner", "card", "-o", card, "--dir", pair / "aanbieder")
    known = ("partner", "add", "--code", "99990001", "--name", "Zorg", "--dir", pair / "gemeente", "--json")
    gateway(*known)
    shown = lines(gateway("partner", "add", "--card", card, "--dir", pair / "gemeente", "--json")[1])[0]
    assert shown["agreements"]["headerProtection"] == "required"


def test_a_card_made_for_a_machine_says_its_fingerprint_as_json(gateway: Gateway, pair: Path) -> None:
    """With --json the card goes to a file, and the fingerprint that partners compare is the answer."""
    own = ("partner", "card", "--dir", pair / "aanbieder", "--json")
    assert gateway(*own)[0] == 2
    answer = lines(gateway(*own, "-o", pair / "kaart.eml")[1])[0]
    assert len(answer["sha256"]) == 64
    assert answer["code"] == "99990001"
