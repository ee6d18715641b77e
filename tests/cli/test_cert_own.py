"""The end of a key of our own, what `gateway check` says of keys, and certificates that a person refuses."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.app import App
from gateway.cli.output import BROKEN, GOOD, NO
from gateway.demo import ca
from gateway.securemail import keys as own_keys
from tests.cli.conftest import NOW, PARTIES, Answer, fingerprint, lines, tight
from tests.cli.test_cert import added, listed, seal

Gateway = Callable[..., Answer]
WHY = ("--reason", "laptop gestolen", "--by", "J")


def sha(pair: Path, name: str = "signing") -> str:
    """The fingerprint of a key of the provider."""
    return fingerprint(pair / "aanbieder" / "keys" / f"{name}.pem")


def test_a_lost_key_is_replaced_by_the_next_in_one_command(gateway: Gateway, pair: Path) -> None:
    """SM-141: partners to warn, messages sealed to it, and the next key takes its place at once."""
    folder = pair / "aanbieder"
    added(gateway, pair, "sign")
    code, out, _ = gateway("cert", "lost", sha(pair)[:12], *WHY, "--dir", folder, "--json")
    (told,) = lines(out)
    assert (code, told["partners"], told["messages"]) == (GOOD, ["0957"], [])
    mine = {e["sha256"]: e["state"] for e in listed(gateway, folder) if e["kind"] == "own-sign"}
    assert mine == {sha(pair): "lost", sha(pair, "signing-2"): "active"}
    mail = seal(gateway, pair, "aanbieder")
    (answer,) = lines(gateway("mail", "open", mail, "--dir", pair / "gemeente", "--json")[1])
    assert answer["reasons"][0]["reason"] == "sender"  # signed with the next, which nobody there confirmed yet
    assert "reported lost" in gateway("check", "--dir", folder)[2]


def test_without_a_next_key_nothing_is_signed(gateway: Gateway, pair: Path) -> None:
    """SM-141: one certificate for both uses here: both are lost, and the card is refused until there is another."""
    folder = pair / "aanbieder"
    code, out, _ = gateway("cert", "lost", sha(pair), *WHY, "--dir", folder)
    assert (code, "There is no next key" in out, "0957" in out) == (GOOD, True, True)
    code, _, words = gateway("partner", "card", "-o", pair / "x.card", "--dir", folder)
    assert (code, "als verloren gemeld" in words, (pair / "x.card").exists()) == (NO, True, False)
    assert gateway("check", "--dir", folder)[0] == NO
    assert gateway("cert", "lost", "1234", *WHY, "--dir", folder)[0] == BROKEN
    added(gateway, pair, "sign")
    assert gateway("partner", "card", "-o", pair / "x.card", "--dir", folder)[0] == GOOD


def test_a_running_gateway_follows_the_keys_in_its_folder(gateway: Gateway, pair: Path) -> None:
    """Without a restart: a key beside its own opens and signs in its turn, one that is gone does not; see SM-46."""
    folder = pair / "aanbieder"
    with App.open(folder, os.environ) as running:

        def keys() -> tuple[int, int]:
            running.recheck(NOW)
            return len(running.signers.turns), len(running.us.mailbox.keys)

        assert keys() == (1, 1)
        opening = running.us.mailbox
        assert keys() == (1, 1)
        assert running.us.mailbox is opening  # messages that were opened ahead count as long as it is the same
        added(gateway, pair, "decrypt")
        assert keys() == (1, 2)
        added(gateway, pair, "sign")
        assert keys() == (2, 2)
        following = folder / "keys" / "decryption-2.key"
        whole = following.read_bytes()
        following.write_bytes(whole[:99])
        assert keys() == (2, 2)  # half there: those of before are used
        following.write_bytes(whole)
        assert keys() == (2, 2)
        following.unlink()
        assert keys() == (2, 1)


def test_a_key_that_others_could_read_is_taken_up_when_they_no_longer_can(gateway: Gateway, pair: Path) -> None:
    """It is refused as at the start; a person who then sets its mode right need not touch its content."""
    folder = pair / "aanbieder"
    with App.open(folder, os.environ) as running:
        added(gateway, pair, "decrypt")
        following = folder / "keys" / "decryption-2.key"
        following.chmod(0o644)
        running.recheck(NOW)
        assert len(running.us.mailbox.keys) == 1
        following.chmod(0o600)
        running.recheck(NOW)
        assert len(running.us.mailbox.keys) == 2


def test_a_key_is_destroyed_after_proof_and_the_gateway_goes_on(gateway: Gateway, pair: Path) -> None:
    """SM-47: what is in the way is named; then --yes destroys it, and mail for the next is opened."""
    folder = pair / "aanbieder"
    destroy = ("cert", "destroy", sha(pair, "decryption"), "--reason", "vervangen", "--dir", folder)
    code, out, _ = gateway(*destroy, "--json")
    (answer,) = lines(out)
    assert (code, answer["destroyed"], len(answer["findings"])) == (NO, False, 2)
    certificate = added(gateway, pair, "decrypt")
    code, out, _ = gateway(*destroy)
    assert (code, "Partners kunnen tot" in out) == (NO, True)
    code, out, _ = gateway(*destroy, "--early")
    assert (code, "Do it with --yes" in out) == (NO, True)
    assert (folder / "keys" / "decryption.key").exists()
    assert gateway(*destroy, "--early", "--yes")[0] == GOOD
    assert sorted(p.name for p in (folder / "keys").glob("decryption*")) == ["decryption-2.key", "decryption-2.pem"]
    assert gateway(*destroy, "--early", "--yes")[0] == BROKEN  # there is no such decryption key any more
    confirm = ("--confirm", fingerprint(certificate), "--by", "J", "--channel", "telefoon")
    more = ("--code", PARTIES["aanbieder"][0], "--certificate", certificate, *confirm, "--dir", pair / "gemeente")
    assert gateway("partner", "add", *more)[0] == GOOD
    assert gateway("mail", "open", seal(gateway, pair, "gemeente"), "--dir", folder)[0] == GOOD
    next_ = added(gateway, pair, "decrypt")
    assert next_.exists()
    assert (folder / "keys" / "decryption-3.key").exists()


def test_check_warns_of_one_rsa_key_for_both_profiles(gateway: Gateway, pair: Path) -> None:
    """SM-122: until a key says which profile it serves."""
    folder = pair / "aanbieder"
    assert "one RSA key serves both profiles" in gateway("check", "--dir", folder)[2]
    (folder / "keys" / "decryption.serves").write_text("standard\n")
    assert "serves both" not in gateway("check", "--dir", folder)[2]
    (folder / "keys" / "decryption.serves").write_text("beide\n")
    code, _, words = gateway("check", "--dir", folder)
    assert (code, "holds no profile" in words) == (NO, True)


def test_check_says_when_pkcs1_is_off(gateway: Gateway, pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SM-139: an OpenSSL without implicit rejection."""
    assert "PKCS#1 v1.5" not in gateway("check", "--dir", pair / "aanbieder")[2]
    monkeypatch.setattr(own_keys, "_rejects_implicitly", lambda *_: False)
    assert "RSA PKCS#1 v1.5 is off" in gateway("check", "--dir", pair / "aanbieder")[2]


def test_a_key_for_strict_partners_is_added_as_such(gateway: Gateway, pair: Path) -> None:
    """SM-122: and on no card for others."""
    folder = pair / "aanbieder"
    options = ca.LeafOptions(emails=(PARTIES["aanbieder"][1],), use="encrypt")
    leaf = ca.make_leaf(ca.make_root("x", NOW - timedelta(days=2)), "x", NOW - timedelta(days=1), options=options)
    tight(pair / "x.key", leaf.key_pem(b"test"))
    (pair / "x.pem").write_bytes(leaf.pem)
    own = ("--key", pair / "x.key", "--certificate", pair / "x.pem", "--profile", "strict")
    assert gateway("cert", "add", "--use", "decrypt", *own, "--dir", folder)[0] == GOOD
    assert (folder / "keys" / "decryption-2.serves").read_text() == "strict"
    for profile, there in (("strict", True), ("standard", False)):
        gateway("partner", "card", "-o", pair / "x.card", "--profile", profile, "--dir", folder)
        add = ("partner", "add", "--card", pair / "x.card", "--dir", pair / "gemeente", "--json")
        (answer,) = lines(gateway(*add)[1])
        assert any(c["sha256"] == leaf_sha(pair) for c in answer["certificates"]) is there
        for file in (pair / "gemeente").glob("gateway.db*"):
            file.unlink()


def leaf_sha(pair: Path) -> str:
    """The certificate that was just added."""
    return fingerprint(pair / "x.pem")


def test_rsa_below_3072_is_counted(gateway: Gateway, pair: Path) -> None:
    """SM-121: on the overview, in the forecast and by `gateway check`."""
    folder = pair / "gemeente"
    assert not any(e["phaseOut"] for e in listed(gateway, folder))
    old = ca.make_leaf(
        ca.make_root("x", NOW - timedelta(days=2)),
        "x",
        NOW - timedelta(days=1),
        key=ca.new_key("rsa-2048"),
        options=ca.LeafOptions(emails=(PARTIES["aanbieder"][1],)),
    )
    (pair / "old.pem").write_bytes(old.pem)
    confirm = ("--confirm", fingerprint(pair / "old.pem"), "--by", "J", "--channel", "telefoon")
    more = ("--code", PARTIES["aanbieder"][0], "--certificate", pair / "old.pem", *confirm, "--dir", folder)
    assert gateway("partner", "add", *more)[0] == GOOD
    assert sum(e["phaseOut"] for e in listed(gateway, folder)) == 1
    for command in ("list", "forecast"):
        assert "1 with RSA below 3072 bits" in gateway("cert", command, "--dir", folder)[2]
    assert "1 partners with RSA below 3072 bits" in gateway("check", "--dir", folder)[2]


def test_the_forecast_names_messages_partners_and_roles(gateway: Gateway, pair: Path) -> None:
    """What stops when: kinds of messages both ways, and the day on which an agreement ends."""
    folder, code = pair / "gemeente", PARTIES["aanbieder"][0]
    until = (NOW + timedelta(days=20)).date()
    agree = ("partner", "agree", code, "--by", "J", "--profile", "standard", "--profile-until", until)
    assert gateway(*agree, "--dir", folder)[0] == GOOD
    ends = {e["kind"]: e for e in lines(gateway("cert", "forecast", "--days", 400, "--dir", folder, "--json")[1])}
    assert ends["own-sign"]["roles"] == ["sign"]
    assert {"plan", "WMO301", "WMO306"} <= set(ends["own-sign"]["messages"])
    assert "WMO305" not in ends["own-sign"]["messages"]
    assert {"WMO302", "WMO305", "WMO323"} <= set(ends["own-decrypt"]["messages"])
    assert ends["own-decrypt"]["partners"] == [code]
    assert (ends["agreement"]["subject"], ends["agreement"]["partners"]) == ("profiel standard", [code])
    soon = lines(gateway("cert", "forecast", "--days", 30, "--dir", folder, "--json")[1])
    assert [e["kind"] for e in soon if e["kind"] != "crl"] == ["agreement"]
    assert f"standard until {until}" in gateway("partner", "list", "--dir", folder)[1]
    assert "older algorithms" in gateway("partner", "show", code, "--dir", folder)[1]


def test_a_person_refuses_a_certificate_and_it_is_used_no_more(gateway: Gateway, pair: Path) -> None:
    """The other side of SM-141: a partner that lost its key is not believed and not sealed for, from now on."""
    folder, (code, _) = pair / "gemeente", PARTIES["aanbieder"]
    mail = seal(gateway, pair, "aanbieder")
    refuse = ("partner", "refuse", code, fingerprint(pair / "aanbieder.pem"), "--by", "J", "--reason", "sleutel kwijt")
    (answer,) = lines(gateway(*refuse, "--dir", folder, "--json")[1])
    assert (answer["usable"], answer["certificates"][0]["state"]) == (0, "refused")
    assert gateway("mail", "open", mail, "--dir", folder)[0] == NO
    (pair / "a.txt").write_text("hallo")
    assert gateway("mail", "seal", pair / "a.txt", "--to", code, "--dir", folder)[0] == NO
    assert "REFUSED by J: sleutel kwijt" in gateway("partner", "show", code, "--dir", folder)[1]
    wrong = ("partner", "refuse", code, "ab" * 32, "--by", "J", "--reason", "x", "--dir", folder)
    assert gateway(*wrong)[0] == NO
