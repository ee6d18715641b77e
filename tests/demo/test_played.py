"""What a person finds after `gateway demo`: looked at with other programs than our own."""

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from lxml import etree

from gateway.demo.cast import AANBIEDER, GEMEENTE

from .conftest import ROOT, Played, play, play_here

STEPS = [
    "inrichten",
    "plan-verzenden",
    "uitstel",
    "aflevering",
    "plan-openen",
    "plan-invullen",
    "plan-retour",
    "plan-vergelijken",
    "beschikking",
    "toewijzing",
    "aansluiting",
    "toewijzing-aanvaard",
    "start",
    "declaratie",
    "antwoord",
    "afrekening",
    "geknoei",
]


def test_every_step_is_one_json_line_in_the_order_of_the_story(played: Played) -> None:
    """docs/commands.md: {"step","actor","what","ok","files":[…],"ms"}, and nothing else on standard output."""
    assert played.code == 0, played.errors
    assert [line["step"] for line in played.lines] == STEPS
    assert all(set(line) == {"step", "actor", "what", "ok", "files", "ms"} for line in played.lines)
    assert all(line["ok"] for line in played.lines)


def test_every_file_that_a_step_names_is_there(played: Played) -> None:
    """A file name in the answer is relative to the demo's folder."""
    named = [name for line in played.lines for name in line["files"]]

    assert len(named) >= 12
    assert [name for name in named if not (played.folder / name).is_file()] == []


def test_the_relay_refused_first_and_the_same_bytes_went_again(played: Played) -> None:
    """One attempt deferred with 451, one submitted; both of one SHA-256."""
    with closing(sqlite3.connect(played.folder / "gemeente" / "gateway.db")) as base, base:
        rows = base.execute(
            "select verdict, code, sha256 from attempts where outbox_id = 1 order by envelope_id"
        ).fetchall()

    assert [(verdict, code) for verdict, code, _ in rows] == [("deferred", 451), ("submitted", 250)]
    assert len({sha for _, _, sha in rows}) == 1


def test_openssl_opens_the_plan_and_verifies_who_signed(played: Played, tmp_path: Path) -> None:
    """The commands of LEESMIJ.txt, as a person would give them."""
    folder, keys = played.folder, played.folder / "aanbieder" / "keys"
    [mail] = sorted((folder / "post").glob("gemeente-*-plan.eml"))
    opened, checked = tmp_path / "plan.smime", tmp_path / "plan.mime"
    _openssl(
        "-decrypt", "-inform", "SMIME", "-in", mail, "-out", opened, "-passin", f"file:{keys / 'keys.password'}",
        "-recip", keys / "decryption.pem", "-inkey", keys / "decryption.key",
    )  # fmt: skip
    _openssl(
        "-verify", "-inform", "SMIME", "-in", opened, "-CAfile", folder / "autoriteit" / "root.pem",
        "-purpose", "smimesign", "-out", checked,
    )  # fmt: skip

    inside = checked.read_text()
    assert 'hp="cipher"' in inside
    assert 'name="ondersteuningsplan.json"' in inside


def test_nothing_of_the_case_stands_outside_an_envelope(played: Played) -> None:
    """SM-58: no BSN, name or product in any header, subject, file name or in clear in any mail or log."""
    secrets = [b"999900006", "Meer-Ünal".encode(), b"Begeleiding", b"02A03"]
    looked_at = [
        *(played.folder / "post").glob("*.eml"),
        played.folder / "demo.log",
        *played.folder.glob("*/gateway.db"),
    ]

    assert len(looked_at) >= 19
    assert [(path.name, secret) for path in looked_at for secret in secrets if secret in path.read_bytes()] == []


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="needs xmllint (Debian: libxml2-utils)")
def test_xmllint_finds_every_message_valid(played: Played) -> None:
    """Six messages: 301, 302, 305, 306, 323, 325; each against its schema."""
    found = sorted((played.folder / "iwmo").glob("*.xml"))

    assert [path.name[:6] for path in found] == ["WMO301", "WMO302", "WMO305", "WMO306", "WMO323", "WMO325"]
    for path in found:
        schema = ROOT / "xsd" / "iwmo" / "3.2" / f"{path.name[:6]}.xsd"
        subprocess.run(["xmllint", "--noout", "--schema", str(schema), str(path)], check=True, capture_output=True)


def test_exactly_the_line_beyond_the_allocation_is_rejected(played: Played) -> None:
    """One Prestatie in the 325, with retourcode 9321; granted = submitted − that line, in eurocents (TR342)."""
    [answer] = (played.folder / "iwmo").glob("WMO325-*.xml")
    root = etree.parse(answer).getroot()
    values = {
        name: [e.text for e in root.iter("{*}" + name)] for name in ("TotaalBedrag", "Bedrag", "RetourCode", "Volume")
    }

    assert values["Bedrag"] == ["108000"]
    assert values["TotaalBedrag"] == ["195500", "87500"]
    assert "9321" in values["RetourCode"]
    report = (played.folder / "afrekening.txt").read_text()
    assert "€ 1.955,00" in report
    assert "€ 875,00" in report
    assert "€ 1.080,00" in report


def test_the_tampered_copy_waits_whole_with_its_reason(played: Played) -> None:
    """SM-103: raw bytes and reason kept; the provider's other mail was handled."""
    with closing(sqlite3.connect(played.folder / "aanbieder" / "gateway.db")) as base, base:
        states = dict(base.execute("select state, count(*) from inbox group by state").fetchall())
        [(reason, size)] = base.execute("select reason, size from inbox where state = 'quarantined'").fetchall()

    assert states["quarantined"] == 1
    assert states["handled"] == 8
    assert reason == "decrypt"
    assert size == (played.folder / "post" / "geknoei.eml").stat().st_size


def test_two_sides_share_no_key_and_no_database(played: Played) -> None:
    """Each gateway has its own folder, database, keys and certificates; private files only for their owner."""
    for name in ("signing.key", "decryption.key", "master.key", "keys.password"):
        ours, theirs = (played.folder / party.role / "keys" / name for party in (GEMEENTE, AANBIEDER))
        assert ours.read_bytes() != theirs.read_bytes()
        assert ours.stat().st_mode & 0o077 == 0


def test_signing_and_decrypting_use_keys_of_their_own(played: Played) -> None:
    """SM-49: the key that signs needs no copy elsewhere, the one that decrypts does."""
    for party in (GEMEENTE, AANBIEDER):
        keys = played.folder / party.role / "keys"
        pems = [(keys / name).read_bytes() for name in ("signing.pem", "decryption.pem")]
        signing, decryption = (x509.load_pem_x509_certificate(pem).public_key() for pem in pems)
        assert signing != decryption


def test_played_again_in_the_same_folder_it_makes_nothing_new(played: Played, tmp_path: Path) -> None:
    """Every step finds its act done; the same messages stand in the same files."""
    folder = tmp_path / "again"
    shutil.copytree(played.folder, folder)
    before = _contents(folder)
    again = play(folder)

    assert again.code == 0, again.errors
    assert _contents(folder) == before
    assert [line["files"] for line in again.lines] == [line["files"] for line in played.lines]


@pytest.mark.parametrize("name", ["iwmo/WMO301-301000000001.xml", "post/gemeente-01-plan.eml"])
def test_an_altered_message_stops_the_demo_with_its_name(played: Played, tmp_path: Path, name: str) -> None:
    """What was kept as evidence is compared with the store: exit code 1, a last line that says why."""
    folder = tmp_path / "altered"
    shutil.copytree(played.folder, folder)
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"1", b"2", 1))
    again = play(folder)

    assert again.code == 1
    assert again.lines[-1]["ok"] is False
    assert name in again.lines[-1]["what"]


@pytest.mark.parametrize("part", ["new", "cur"])
def test_a_mail_altered_at_the_relay_stops_the_demo_before_its_first_step(
    played: Played, tmp_path: Path, part: str
) -> None:
    """Fetched already (cur) or not yet (new): what no gateway sent is named, with exit code 1, and left."""
    folder = tmp_path / "altered"
    shutil.copytree(played.folder, folder)
    box = folder / "relay" / "plan_at_aanbieder.example"
    mail = min((box / ".Verwerkt" / "cur").iterdir())
    altered = box / "new" / mail.name if part == "new" else mail
    altered.write_bytes(mail.read_bytes().replace(b"To: plan@", b"To: plam@"))

    again = play(folder)

    assert again.code == 1
    assert [(line["step"], line["ok"]) for line in again.lines] == [("inrichten", False)]
    assert str(altered.relative_to(folder)) in again.lines[0]["what"]
    assert altered.is_file()


@pytest.mark.parametrize("name", ["relay/tls.key", "gemeente/keys/relay.password", "aanbieder/gateway.db"])
def test_a_part_that_is_gone_is_named_with_what_to_do(played: Played, tmp_path: Path, name: str) -> None:
    """Exit code 1 and a Dutch sentence; a lost database is not made anew, for it would make every message twice."""
    folder = tmp_path / "gone"
    shutil.copytree(played.folder, folder)
    (folder / name).unlink()
    again = play(folder)

    assert again.code == 1
    assert "Traceback" not in again.errors
    assert Path(name).name in again.lines[-1]["what"]
    assert "een andere map" in again.lines[-1]["what"]


def test_a_folder_with_other_work_in_it_is_left_alone(tmp_path: Path) -> None:
    """A gateway's own keys may stand in a folder that the demo would use: exit code 2, nothing removed or added."""
    precious = tmp_path / "gemeente" / "keys" / "signing.key"
    precious.parent.mkdir(parents=True)
    precious.write_text("precious")
    done = play(tmp_path)

    assert done.code == 2
    assert "nothing was touched" in done.errors
    assert [p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()] == [precious.relative_to(tmp_path)]
    assert precious.read_text() == "precious"


def test_a_folder_that_cannot_be_made_is_a_sentence_and_exit_code_2(tmp_path: Path) -> None:
    """The surroundings do not work: what, and nothing on standard output."""
    (tmp_path / "file").write_text("in the way")
    done = play(tmp_path / "file" / "demo")

    assert done.code == 2
    assert done.lines == []
    assert "Traceback" not in done.errors
    assert "file" in done.errors


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", "cms", *map(str, arguments)], check=True, capture_output=True)


def _contents(folder: Path) -> dict[str, bytes]:
    """Everything a person reads, and how many messages each side has."""
    kept = {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and p.parent.name in ("post", "iwmo", "documenten")
    }
    for party in (GEMEENTE, AANBIEDER):
        with closing(sqlite3.connect(folder / party.role / "gateway.db")) as base, base:
            counts = {
                t: base.execute(f"select count(*) from {t}").fetchone()[0] for t in ("outbox", "inbox", "berichten")
            }
        kept[f"{party.role} counts"] = json.dumps(counts).encode()
    return kept


def test_in_the_default_folder_a_played_demo_makes_room_unless_it_was_altered(played: Played, tmp_path: Path) -> None:
    """Without --dir the demo plays anew in outbox/demo; evidence that someone changed is never thrown away unseen."""
    folder = tmp_path / "outbox" / "demo"
    shutil.copytree(played.folder, folder)
    mail = folder / "post" / "gemeente-01-plan.eml"
    whole = mail.read_bytes()
    mail.write_bytes(whole.replace(b"A", b"B", 1))
    stopped = play_here(tmp_path)
    mail.write_bytes(whole)
    again = play_here(tmp_path)

    assert stopped.code == 1
    assert "post/gemeente-01-plan.eml" in stopped.lines[-1]["what"]
    assert again.code == 0
    assert mail.read_bytes() != whole
