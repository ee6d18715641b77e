"""Whatever arrives is an answer: no input makes the readers raise, hang or fill the memory (SM-20, SM-126)."""

import os
import subprocess
import sys
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import securemail as sm
from gateway.domain.findings import Finding
from gateway.securemail.material import read_certificates
from gateway.securemail.revocation_check import read_list
from tests.cost import calls
from tests.securemail import fuzz
from tests.securemail.forge import fields, mail
from tests.securemail.world import crls, issuing

#: A damaged serial number may be negative: `cryptography` reads it and warns.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
BOUNDED = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_sm20_a_seeded_slice(target):
    """The first cases of every target; as many as wanted with `python -m tests.securemail.fuzz`."""
    for seed in range(120):
        fuzz.play(target, seed)


@pytest.mark.slow
@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_sm20_new_cases(target):
    """FUZZ_SECONDS of cases that nobody has seen, a minute a target, in a process with bounds of its own."""
    seconds = os.environ.get("FUZZ_SECONDS", "60")
    done = subprocess.run(
        [sys.executable, "-m", "tests.securemail.fuzz", "--seconds", seconds, target], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3_000:]


@pytest.mark.parametrize("target", ["mail", "cms", "signature", "plaintext", "entity", "bounce"])
def test_sm126_damage_costs_no_more_than_a_message(target):
    """Function calls and memory of a damaged message stay within a few times those of a good one."""
    fuzz.play(target, 0)  # what only the first message costs
    for seed in range(1_000, 1_025):
        # A case writes its message as well; twenty good messages are far below both bounds.
        assert calls(lambda seed=seed: fuzz.play(target, seed)) < 60_000
        tracemalloc.start()
        fuzz.play(target, seed)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
        tracemalloc.stop()


@given(st.binary(max_size=600))
@BOUNDED
def test_sm20_any_bytes(raw):
    """Random bytes, and random bytes behind a good header."""
    fuzz.opened(raw)
    fuzz.opened(mail(raw, fields()))


@given(st.binary(max_size=400), st.text(max_size=200))
@BOUNDED
def test_sm20_records_and_keys(data, text):
    """Domain book, NTA record, certificates, keys, revocation data."""
    assert isinstance(sm.parse_domain_book(data), sm.DomainBook | Finding)
    assert isinstance(sm.parse_nta_record([text, f"v=NTA7516-1;{text}"], fuzz.NOW.date()), sm.NtaRecord | Finding)
    assert not isinstance(sm.recipient(data), sm.Recipient)
    assert isinstance(sm.load_key(data, b"x"), Finding)
    assert sm.Revocation([data], [data]).unusable == 2


def test_sm20_versions_that_nobody_knows():
    """`cryptography` has an error of its own for them, beside ValueError (found by damaging lists)."""
    listed = crls()[1].replace(b"\x02\x01\x01", b"\x02\x01\x07", 1)
    certificate = fuzz.SIGNER.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)

    assert sm.Revocation([listed]).unusable == 1
    assert read_list(listed, [issuing().der], fuzz.NOW) == "unreadable"
    assert isinstance(read_certificates(certificate), Finding)


def test_the_samples_are_good():
    """Undamaged they open, so the cases start from something that is read to its end."""
    assert all(isinstance(fuzz.opened(sample), sm.Opened) for sample in fuzz.SAMPLES[:3])
    assert sm.read_bounce(fuzz.bounce(), fuzz.LOOKUP).matched
    assert isinstance(sm.parse_nta_record([fuzz.NTA], fuzz.date(2026, 11, 22)), sm.NtaRecord)
    assert not isinstance(fuzz.read_signed_file(fuzz.FILE), sm.Refused)


def test_a_case_is_made_from_its_number():
    """The same damage every time, another for another number."""
    made = [fuzz.damaged(fuzz.CONTENT, fuzz.random.Random(f"mail {seed}")) for seed in (1, 1, 2)]

    assert made[0] == made[1] != made[2]
