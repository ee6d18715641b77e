"""What a sender concludes from evidence, and what people read about a refusal."""

from typing import get_args

import pytest

from gateway import securemail as sm
from gateway.securemail.conclusions import Evidence
from gateway.securemail.refusal import Reason


def test_every_evidence_and_every_reason_has_a_row():
    """The tables of 9.3 and 12 are complete."""
    assert set(sm.CONCLUSIONS) == set(get_args(Evidence))
    assert set(sm.QUARANTINE) == set(get_args(Reason))


@pytest.mark.parametrize("evidence", get_args(Evidence))
@pytest.mark.parametrize("final", ["received", "refused"])
def test_sm74_no_bounce_and_no_silence_overrules_a_signed_receipt(final, evidence):
    """Only another receipt may."""
    after = sm.conclude(final, evidence)

    assert after == final or evidence in ("receipt-processed", "receipt-error")


@pytest.mark.parametrize(
    ("before", "evidence", "after"),
    [
        ("submitted", "dsn-relayed", "submitted"),
        ("submitted", "dsn-delivered", "submitted"),
        ("submitted", "dsn-delayed", "submitted"),
        ("submitted", "dsn-failed", "bounced"),
        ("submitted", "receipt-processed", "received"),
        ("submitted", "receipt-error", "refused"),
        ("submitted", "receipt-invalid", "submitted"),
        ("submitted", "silence-task", "submitted"),
        ("submitted", "silence-expired", "expired"),
        ("bounced", "receipt-processed", "received"),
        ("bounced", "dsn-relayed", "bounced"),
        ("expired", "receipt-processed", "received"),
    ],
)
def test_sm74_evidence_moves_the_state(before, evidence, after):
    """A receipt wins from a bounce in either order; a relay's note undoes nothing."""
    assert sm.conclude(before, evidence) == after


def test_sm106_every_reason_has_a_sentence_and_an_advice():
    """A person reads what is wrong and what to do, whatever the reason."""
    assert set(sm.QUARANTINE) == set(get_args(Reason))
    assert all(one.what.endswith(".") and one.advice.endswith(".") for one in sm.QUARANTINE.values())


def test_sm124_decrypt_and_signature_have_the_same_advice():
    """Nobody may learn from our reaction which of the two it was."""
    assert sm.QUARANTINE["decrypt"].advice == sm.QUARANTINE["signature"].advice
