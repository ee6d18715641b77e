"""`gateway cert add` and `partner add` as somebody new meets them: an empty folder, and certificates at the edge."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from gateway.anchors import read_terms
from gateway.app import App
from gateway.cli.output import BROKEN, GOOD, NO
from gateway.demo import ca
from gateway.flows.tasks import open_tasks
from tests.cli.conftest import NOW, Answer, tight

Gateway = Callable[..., Answer]
ADDRESS = "wmo@gemeente.example"
DAY = timedelta(days=1)
ROOT = ca.make_root("Proefuitgever", NOW - 30 * DAY)
ISSUING = ca.make_issuing_ca(ROOT, "Tussenuitgever", NOW - 20 * DAY)


@pytest.fixture
def folder(gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gateway that was just made: no keys, no roots."""
    monkeypatch.chdir(tmp_path)
    own = ("--role", "gemeente", "--code", "0957", "--name", "Voorbeeld", "--address", ADDRESS)
    assert gateway("init", *own, "--dir", "home")[0] == GOOD
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    (tmp_path / "root.crl").write_bytes(ca.make_crl(ROOT, NOW - timedelta(hours=1), number=5))
    (tmp_path / "pw").write_bytes(b"hun\n")
    return tmp_path / "home"


def own(name: str, start: int = -1, end: int = 300, issuer: ca.Issued = ROOT, **options: object) -> ca.Issued:
    """A key and certificate of ours, as files beside the folder."""
    wanted = ca.LeafOptions(**{"emails": (ADDRESS,), **options})  # type: ignore[arg-type]
    leaf = ca.make_leaf(issuer, name, NOW + start * DAY, NOW + end * DAY, options=wanted)
    tight(Path(f"{name}.key"), leaf.key_pem(b"hun"))
    Path(f"{name}.pem").write_bytes(leaf.pem)
    return leaf


def add(gateway: Gateway, use: str, *more: object) -> Answer:
    """`cert add` in that folder."""
    return gateway("cert", "add", "--use", use, *more, "--dir", "home")


def test_a_new_gateway_gets_its_first_keys_and_root_by_command(gateway: Gateway, folder: Path) -> None:
    """Each step says what comes next; at the end the gateway opens, its keys locked with a password it made."""
    assert "not complete yet" in add(gateway, "anchor", "--certificate", "root.pem")[2]
    assert add(gateway, "crl", "--certificate", "root.crl")[0] == GOOD
    first = own("teken", use="sign")
    Path("teken.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"n", first.key, first.certificate, None, BestAvailableEncryption(b"hun"))
    )
    assert add(gateway, "sign", "--key", "teken.p12", "--key-password-file", "pw")[0] == GOOD
    own("ontcijfer", use="encrypt")
    mine = ("--key", "ontcijfer.key", "--certificate", "ontcijfer.pem", "--key-password-file", "pw")
    code, _, words = add(gateway, "decrypt", *mine)
    assert (code, "not complete" in words) == (GOOD, False)
    assert [p.name for p in sorted((folder / "keys").glob("*.key"))] == ["decryption.key", "master.key", "signing.key"]
    assert os.stat(folder / "keys" / "signing.key").st_mode & 0o777 == 0o600
    assert gateway("cert", "list", "--dir", "home")[0] == GOOD


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ({"end": 0}, NO, "verlopen"),
        ({"start": 1}, GOOD, "pas vanaf"),
        ({"emails": ()}, GOOD, f"Ons adres {ADDRESS} staat niet in het certificaat"),
        ({"use": "encrypt"}, NO, "niet bedoeld om mee te ondertekenen"),
        ({"extended": ("server",)}, NO, "niet bedoeld voor e-mail"),
        ({"issuer": ISSUING}, GOOD, "zit er niet bij"),
    ],
    ids=["expired", "from tomorrow", "no e-mail", "wrong usage", "server", "chain missing"],
)
def test_a_certificate_at_the_edge_is_answered(
    gateway: Gateway, folder: Path, options: dict[str, object], code: int, said: str
) -> None:
    """SM-34: refused when it can never be used, said when something is still to be mended."""
    own("rand", **options)  # type: ignore[arg-type]
    mine = ("--key", "rand.key", "--certificate", "rand.pem", "--key-password-file", "pw")
    done, _, words = add(gateway, "sign", *mine)
    assert (done, said in words, "→" in words) == (code, True, True)
    assert (folder / "keys" / "signing.key").exists() is (code == GOOD)


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("sign", "--key", "a.pem", "--certificate", "a.pem"), NO, "geen private sleutel"),
        (("sign", "--key", "a.key", "--certificate", "a.key"), BROKEN, "bevat een private sleutel"),
        (("sign", "--key", "a.key", "--certificate", "b.pem"), NO, "hoort niet bij het certificaat"),
        (("sign", "--key", "a.key"), BROKEN, "--certificate FILE"),
        (("sign", "--key", "leeg", "--certificate", "a.pem"), NO, "leeg"),
        (("decrypt", "--key", "a.key", "--certificate", "leeg"), BROKEN, "leeg"),
        (("anchor", "--certificate", "a.pem"), NO, "niet van een uitgever"),
        (("anchor", "--certificate", "leeg"), BROKEN, "leeg"),
        (("anchor",), BROKEN, "wants --certificate"),
        (("anchor", "--certificate", "root.pem", "--partner", "12"), BROKEN, "gemeentecode"),
        (("anchor", "--certificate", "tussen.pem", "--policy", "1.2.3"), BROKEN, "holds no root"),
        (("anchor", "--certificate", "root.pem", "--key", "a.key"), BROKEN, "--key goes with"),
        (("crl", "--certificate", "a.pem"), BROKEN, "no revocation list"),
        (("crl", "--certificate", "root.crl", "--profile", "strict"), BROKEN, "--profile goes with"),
        (("sign", "--key", "a.key", "--certificate", "a.pem", "--partner", "99990001"), BROKEN, "--use anchor"),
        (("decrypt", "--key", "a.key", "--certificate", "a.pem", "--switch", "2027-01-01"), BROKEN, "--switch goes"),
    ],
)
def test_the_wrong_file_or_option_is_a_sentence(
    gateway: Gateway, folder: Path, given: tuple[str, ...], code: int, said: str
) -> None:
    """Nothing is put in place."""
    own("a")
    own("b")
    Path("leeg").touch()
    Path("tussen.pem").write_bytes(ISSUING.pem)
    use, *more = given
    password = ("--key-password-file", "pw") if "--key" in more else ()
    done, out, words = add(gateway, use, *more, *password)
    assert (done, out) == (code, "")
    assert said in " ".join(words.split())
    assert not list((folder / "keys").glob("*.pem"))


def test_what_a_root_vouches_for_is_said_when_it_is_added_or_later(gateway: Gateway, folder: Path) -> None:
    """SM-33, SM-135: said again, it adds to what was said."""
    first = ("--certificate", "root.pem", "--partner", "99990001", "--policy", "1.2.3")
    assert add(gateway, "anchor", *first)[0] == GOOD
    assert add(gateway, "anchor", "--certificate", "root.pem", "--no-mailbox-validated")[0] == GOOD
    ((_, terms),) = read_terms(folder / "keys" / "anchors.pem").items()
    assert (terms.partners, terms.policies) == (("99990001",), ("1.2.3",))
    assert (terms.mailbox_validated, terms.serial_number_is_oin) == (False, False)
    assert (folder / "keys" / "anchors.pem").read_bytes() == ROOT.pem


def partner(gateway: Gateway, pair: Path, leaf: bytes) -> Answer:
    """A new partner of the municipality, by this file."""
    (pair / "x.pem").write_bytes(leaf)
    facts = ("--code", "99990002", "--name", "x", "--address", "x@y.example", "--certificate", pair / "x.pem")
    return gateway("partner", "add", *facts, "--dir", pair / "gemeente")


@pytest.mark.parametrize("edge", ["expired", "tomorrow", "address", "revoked", "unknown", "between", "none"])
def test_a_partners_certificate_at_the_edge_is_answered(gateway: Gateway, pair: Path, edge: str) -> None:
    """What can never be used is not recorded; what is not yet right is recorded as a proposal, with what to mend."""
    folder = pair / "gemeente"
    (pair / "root.pem").write_bytes(ROOT.pem)
    gateway("cert", "add", "--use", "anchor", "--certificate", pair / "root.pem", "--dir", folder)
    options = ca.LeafOptions(emails=("anders@y.example",) if edge == "address" else ("x@y.example",))
    issuer = {"unknown": ca.make_root("Vreemd", NOW - 9 * DAY), "between": ISSUING}.get(edge, ROOT)
    start, end = NOW - 5 * DAY, NOW + 90 * DAY
    leaf = ca.make_leaf(
        issuer,
        "x",
        NOW + DAY if edge == "tomorrow" else start,
        NOW - DAY if edge == "expired" else end,
        options=options,
    )
    revoked = [leaf.certificate] if edge == "revoked" else []
    (pair / "root.crl").write_bytes(ca.make_crl(ROOT, NOW - timedelta(hours=1), revoked=revoked))
    gateway("cert", "add", "--use", "crl", "--certificate", pair / "root.crl", "--dir", folder)
    code, out, words = partner(gateway, pair, leaf.chain_pem)
    said = {
        "expired": "verlopen",
        "tomorrow": "pas vanaf",
        "address": "anders@y.example",
        "revoked": "ingetrokken",
        "unknown": "Geen uitgever die voor deze partner wordt vertrouwd",
        "between": "De tussenliggende uitgever",
        "none": "Compare it with the partner",
    }[edge]
    assert said in words
    assert (code, "PROPOSED" in out) == ((NO, False) if edge in ("expired", "revoked") else (GOOD, True))


def test_an_older_revocation_list_is_not_taken_and_seen_when_put_back(gateway: Gateway, pair: Path) -> None:
    """SM-137: by the command it is refused; dropped in the folder it is not used."""
    folder = pair / "gemeente"
    (pair / "root.pem").write_bytes(ROOT.pem)
    gateway("cert", "add", "--use", "anchor", "--certificate", pair / "root.pem", "--dir", folder)
    leaf = ca.make_leaf(ROOT, "x", NOW - 5 * DAY, options=ca.LeafOptions(emails=("x@y.example",)))
    (pair / "new.crl").write_bytes(ca.make_crl(ROOT, NOW - timedelta(hours=1), revoked=[leaf.certificate], number=7))
    (pair / "old.crl").write_bytes(ca.make_crl(ROOT, NOW - timedelta(hours=5), number=6))
    put = ("cert", "add", "--use", "crl", "--dir", folder, "--certificate")
    assert gateway(*put, pair / "new.crl")[0] == GOOD
    code, _, words = gateway(*put, pair / "old.crl")
    assert (code, "a newer list of this authority is known" in words) == (NO, True)
    for file in (folder / "keys" / "crl").glob("*.crl"):
        if file.name != "root.crl":  # that of the authority of the pair
            file.write_bytes((pair / "old.crl").read_bytes())
    code, _, words = partner(gateway, pair, leaf.pem)
    assert (code, "ingetrokken" in words) == (NO, True)
    with App.open(folder, os.environ) as app, app.store.view(now=NOW) as view:
        assert [one.body.weight for one in open_tasks(view) if one.sleutel.startswith("crl/")] == ["warning"]
