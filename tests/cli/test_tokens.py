"""Our own keys on a token, with SoftHSM: signing, OAEP and ECDH on the token, and nothing else (SM-50, SM-139)."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.cli.output import BROKEN, GOOD, NO
from gateway.demo import ca
from gateway.securemail import DecryptionKey, SigningKey, decryption_key, profiles, signing_key
from gateway.tokens import TokenKey, _session, is_reference
from tests.cli.conftest import NOW, PARTIES, Answer, fingerprint, lines, tight
from tests.cli.test_cert import seal

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so")
MODULE = next((one for one in MODULES if Path(one).exists()), None)
PIN = "123456"
ROOT = ca.make_root("Tokenuitgever", NOW - timedelta(days=2))
Gateway = Callable[..., Answer]

pkcs11 = pytest.importorskip("pkcs11")
pytest.importorskip("pkcs11.util.ec")
pytest.importorskip("pkcs11.util.rsa")
Attribute, MechanismFlag = pkcs11.Attribute, pkcs11.MechanismFlag
pytestmark = pytest.mark.skipif(
    MODULE is None or shutil.which("softhsm2-util") is None, reason="SoftHSM is not installed (Debian: softhsm2)"
)


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, ca.PrivateKey], str]:
    """A token that takes keys; the reference to each. One for the process: its library reads the folder once.

    Not one for the module: who is given tests of it twice, others between them, would log in twice.
    """
    home = tmp_path_factory.mktemp("softhsm")
    (home / "conf").write_text(f"directories.tokendir = {home}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(home / "conf")
    make = ["softhsm2-util", "--init-token", "--free", "--label", "gateway", "--pin", PIN, "--so-pin", "654321"]
    subprocess.run(make, check=True, capture_output=True)
    session = pkcs11.lib(MODULE).get_token(token_label="gateway").open(rw=True, user_pin=PIN)

    def put(label: str, key: ca.PrivateKey) -> str:
        der = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        if isinstance(key, RSAPrivateKey):
            may = MechanismFlag.SIGN | MechanismFlag.DECRYPT
            made = pkcs11.util.rsa.decode_rsa_private_key(der, may)
        else:
            made = pkcs11.util.ec.decode_ec_private_key(der) | {Attribute.SIGN: True, Attribute.DERIVE: True}
        session.create_object(made | {Attribute.LABEL: label, Attribute.TOKEN: True, Attribute.PRIVATE: True})
        return f"pkcs11:token=gateway;object={label}"

    return put


def on_token(label: str) -> TokenKey:
    """The key with this label."""
    return TokenKey(_session(MODULE or "", "gateway", PIN), label)


def leaf(kind: ca.KeyKind, use: ca.Use = "both", address: str = PARTIES["aanbieder"][1]) -> ca.Issued:
    """A certificate of the provider with a key of a kind."""
    options = ca.LeafOptions(emails=(address,), use=use)
    return ca.make_leaf(ROOT, "x", NOW - timedelta(days=1), key=ca.new_key(kind), options=options)


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa-2048"])
def test_a_key_on_a_token_signs_and_is_held_to_its_certificate(
    token: Callable[[str, ca.PrivateKey], str], kind: ca.KeyKind
) -> None:
    """SM-139: signed and verified once on loading; another's certificate does not fit."""
    mine = leaf(kind)
    assert is_reference(token(f"sign-{kind}", mine.key).encode())
    made = signing_key(on_token(f"sign-{kind}"), mine.der)
    assert isinstance(made, SigningKey)
    assert not isinstance(signing_key(on_token(f"sign-{kind}"), leaf(kind).der), SigningKey)
    if kind.startswith("rsa"):
        for scheme in ("pkcs1", "pss"):
            assert len(made.signer.sign(b"x", scheme, profiles.SHA384)) == 256  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="another kind"):
        made.signer.sign(b"x", "pss" if kind.startswith("p") else "ecdsa", profiles.SHA256)


def test_a_key_on_a_token_decrypts_by_agreement_or_oaep_and_never_by_pkcs1(
    token: Callable[[str, ca.PrivateKey], str],
) -> None:
    """SM-50: a token reports padding errors. SoftHSM knows OAEP with SHA-1 only: such a key serves standard."""
    agree, wrap = leaf("p256"), leaf("rsa-2048")
    token("agree", agree.key)
    token("wrap", wrap.key)
    by_agreement = decryption_key(on_token("agree"), agree.der)
    assert isinstance(by_agreement, DecryptionKey)
    assert (by_agreement.pkcs1, by_agreement.profiles) == (False, frozenset({"standard", "strict"}))
    by_oaep = decryption_key(on_token("wrap"), wrap.der)
    assert isinstance(by_oaep, DecryptionKey)
    assert (by_oaep.pkcs1, by_oaep.profiles) == (False, frozenset({"standard"}))
    assert not isinstance(decryption_key(on_token("wrap"), wrap.der, frozenset({"strict"})), DecryptionKey)
    assert not isinstance(decryption_key(on_token("agree"), leaf("p256").der), DecryptionKey)
    for refused in (
        lambda: by_oaep.decrypter.unwrap_pkcs1(b"\0" * 256),
        lambda: by_oaep.decrypter.unwrap_oaep(b"\0" * 256, profiles.SHA1, profiles.SHA1),
        lambda: by_agreement.decrypter.agree(b"\x04" + b"\1" * 64),  # not on the curve
        lambda: by_agreement.decrypter.unwrap_oaep(b"x", profiles.SHA1, profiles.SHA1),
        lambda: by_oaep.decrypter.agree(b"x"),
    ):
        with pytest.raises(ValueError, match=r"."):
            refused()


def test_a_gateway_signs_and_opens_with_keys_on_a_token(
    gateway: Gateway, pair: Path, token: Callable[[str, ca.PrivateKey], str]
) -> None:
    """SM-50: added by command, listed, checked; mail goes and comes, and no private key is in the folder."""
    folder = pair / "aanbieder"
    settings = folder / "gateway.toml"
    text = settings.read_text()
    assert "[keys]\n" in text
    settings.write_text(text.replace("[keys]\n", f'[keys]\npkcs11_module = "{MODULE}"\n', 1))
    tight(folder / "keys" / "token.pin", PIN.encode())
    for number, (use, option) in enumerate((("sign", "sign"), ("encrypt", "decrypt"))):
        mine = leaf("p256", use)  # type: ignore[arg-type]
        reference = token(f"own-{number}", mine.key)
        (pair / "own.pem").write_bytes(mine.chain_pem)
        switch = ("--switch", NOW.date()) if option == "sign" else ()
        add = ("cert", "add", "--use", option, "--key", reference, "--certificate", pair / "own.pem", *switch)
        code, _, words = gateway(*add, "--dir", folder)
        assert code == GOOD, words
        name = "signing-2" if option == "sign" else "decryption-2"
        assert (folder / "keys" / f"{name}.key").read_text() == f"{reference}\n"
        for role in PARTIES:
            (pair / "root.pem").write_bytes(ROOT.pem)
            (pair / "root.crl").write_bytes(ca.make_crl(ROOT, NOW - timedelta(hours=1)))
            for authority, file in (("anchor", "root.pem"), ("crl", "root.crl")):
                gateway("cert", "add", "--use", authority, "--certificate", pair / file, "--dir", pair / role)
        confirm = ("--confirm", fingerprint(pair / "own.pem"), "--by", "J", "--channel", "telefoon")
        more = ("--code", PARTIES["aanbieder"][0], "--certificate", pair / "own.pem", *confirm)
        assert gateway("partner", "add", *more, "--dir", pair / "gemeente")[0] == GOOD
    assert gateway("check", "--dir", folder)[2].count("fits its certificate") == 4
    assert gateway("mail", "open", seal(gateway, pair, "aanbieder"), "--dir", pair / "gemeente")[0] == GOOD
    (folder / "keys" / "decryption.key").unlink()  # what is sealed for both is opened on the token
    (folder / "keys" / "decryption.pem").unlink()
    (answer,) = lines(gateway("mail", "open", seal(gateway, pair, "gemeente"), "--dir", folder, "--json")[1])
    assert answer["verdict"] == "accepted"


@pytest.mark.parametrize(
    ("reference", "change", "code", "said"),
    [
        ("pkcs11:token=gateway;object=niets", "", BROKEN, "no private key with the label niets"),
        ("pkcs11:token=ander;object=wrap", "", BROKEN, "cannot be used"),
        ("pkcs11:object=wrap", "", BROKEN, "is named pkcs11:token=LABEL;object=LABEL"),
        ("pkcs11:token=gateway;object=edge", "module", BROKEN, "cannot be used"),
        ("pkcs11:token=gateway;object=edge", "none", BROKEN, "names no PKCS#11 library"),
        ("pkcs11:token=gateway;object=edge", "pin", BROKEN, "token.pin"),
        ("pkcs11:token=gateway;object=edge", "", NO, "hoort niet bij het certificaat"),
    ],
)
def test_what_is_wrong_with_a_token_is_a_sentence(
    gateway: Gateway,
    pair: Path,
    token: Callable[[str, ca.PrivateKey], str],
    reference: str,
    change: str,
    code: int,
    said: str,
) -> None:
    """No library, no PIN, no such token or key, and another's certificate."""
    if "edge" in reference:
        try:
            on_token("edge")
        except RuntimeError:
            token("edge", ca.new_key("p256"))
    folder = pair / "aanbieder"
    module = {"module": "keys/niets.so", "none": None}.get(change, MODULE)
    settings = folder / "gateway.toml"
    if module is not None:
        settings.write_text(settings.read_text().replace("[keys]\n", f'[keys]\npkcs11_module = "{module}"\n', 1))
    if change != "pin":
        tight(folder / "keys" / "token.pin", PIN.encode())
    add = ("cert", "add", "--use", "sign", "--key", reference, "--certificate", pair / "aanbieder.pem")
    done, _, words = gateway(*add, "--dir", folder)
    assert (done, said in " ".join(words.split())) == (code, True), words
