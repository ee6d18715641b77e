"""Trusted roots: shared or for one partner, and what each vouches for (SM-33, SM-135)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import securemail as sm
from gateway.anchors import Terms, read_terms, read_trust, terms_file, write_terms
from gateway.config.settings import Keys
from gateway.demo import ca
from gateway.ways import CannotStart, Files

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
FIRST = ca.make_root("Eerste", NOW - timedelta(days=9))
SECOND = ca.make_root("Tweede", NOW - timedelta(days=9))
BETWEEN = ca.make_issuing_ca(FIRST, "Tussen", NOW - timedelta(days=8))


def sha(root: ca.Issued) -> str:
    """The name of a root in the file."""
    return sm.Anchor(certificate=root.der).fingerprint.hex()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two roots and an authority below the first."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "anchors.pem").write_bytes(FIRST.pem + BETWEEN.pem + SECOND.pem)
    return tmp_path


def say(folder: Path, terms: dict[str, Terms]) -> None:
    """What the roots vouch for."""
    terms_file(folder / "keys" / "anchors.pem").write_bytes(write_terms(terms))


def trust(folder: Path) -> sm.Trust:
    """As the gateway reads it."""
    return read_trust(Keys(), Files(folder, {}))


def test_without_terms_every_root_is_shared_and_read_most_strictly(folder: Path) -> None:
    """No policy asked, no OIN, and it may issue to whoever reads a mailbox."""
    found = trust(folder)
    assert found.anchors == (sm.Anchor(certificate=FIRST.der), sm.Anchor(certificate=SECOND.der))
    assert (found.intermediates, found.own) == ((BETWEEN.der,), {})
    assert found.anchors_of("99990001") == found.anchors


def test_a_root_for_one_partner_is_his_only_one_and_nobody_elses(folder: Path) -> None:
    """SM-33: a private authority of one partner vouches for no other."""
    say(folder, {sha(SECOND): Terms(partners=("99990001",))})
    found = trust(folder)
    assert [a.certificate for a in found.anchors_of("99990001")] == [SECOND.der]
    assert [a.certificate for a in found.anchors_of("99990002")] == [FIRST.der]
    assert {a.certificate for a in found.every} == {FIRST.der, SECOND.der}


def test_a_certificate_counts_by_the_roots_of_its_partner_only(folder: Path) -> None:
    """The same certificate, trusted for one partner and not for the other."""
    say(folder, {sha(SECOND): Terms(partners=("99990001",))})
    leaf = ca.make_leaf(SECOND, "Zorg", NOW - timedelta(days=1), options=ca.LeafOptions(emails=("a@z.example",)))
    crl = sm.Revocation([ca.make_crl(SECOND, NOW)])
    for code, trusted in (("99990001", True), ("99990002", False)):
        one = sm.Partner(id=code, addresses=("a@z.example",))
        question = sm.Question(partner=one, trust=trust(folder), revocation=crl, at=NOW, now=NOW)
        assert sm.check_certificate(leaf.der, "sign", question).valid is trusted


def test_what_a_root_vouches_for_reaches_the_mail_room(folder: Path) -> None:
    """SM-135: policies, OIN, and no mailbox-validated certificates; written and read back."""
    said = Terms(policies=("2.16.528.1.1003.1.2.5.4",), serial_number_is_oin=True, mailbox_validated=False)
    say(folder, {sha(FIRST): said})
    assert read_terms(folder / "keys" / "anchors.pem") == {sha(FIRST): said}
    first = trust(folder).anchors[0]
    assert (first.policies, first.serial_number_is_oin, first.mailbox_validated) == (said.policies, True, False)


@pytest.mark.parametrize("wanted", [True, False])
def test_policies_are_asked_of_every_certificate_below_the_root(folder: Path, wanted: bool) -> None:
    """SM-135: a certificate of another policy of the same authority is not trusted."""
    say(folder, {sha(SECOND): Terms(policies=("2.16.528.1.1003.1.2.5.4" if wanted else "1.2.3",))})
    options = ca.LeafOptions(emails=("a@z.example",), policies=("2.16.528.1.1003.1.2.5.4",))
    leaf = ca.make_leaf(SECOND, "Zorg", NOW - timedelta(days=1), options=options)
    question = sm.Question(
        partner=sm.Partner(id="99990001", addresses=("a@z.example",)),
        trust=trust(folder),
        revocation=sm.Revocation([ca.make_crl(SECOND, NOW)]),
        at=NOW,
        now=NOW,
    )
    assert sm.check_certificate(leaf.der, "sign", question).valid is wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["abc"]\n', "64 hex digits"),
        (f'["{"0" * 64}"]\n', "no root in it"),
        ('["FIRST"]\npartners = ["12"]\n', "no gemeentecode or AGB code"),
        ('["FIRST"]\npolicies = ["emailbeleid"]\n', "no policy"),
        ('["FIRST"]\npartner = ["99990001"]\n', "unknown field"),
        ('["FIRST"]\nmailbox_validated = "no"\n', "Expected `bool`"),
        ("[[[", "Invalid"),
    ],
)
def test_a_mistake_in_the_terms_starts_nothing(folder: Path, text: str, said: str) -> None:
    """A typing error must not make anybody more trusted than was meant."""
    terms_file(folder / "keys" / "anchors.pem").write_text(text.replace("FIRST", sha(FIRST)))
    with pytest.raises(CannotStart) as refused:
        trust(folder)
    assert said in str(refused.value)
    assert refused.value.findings[0].path == "keys.anchors"
