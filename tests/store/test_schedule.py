"""Waiting times are pure functions of attempt, first try and now (SM-88, SM-89)."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store import RetryPolicy
from gateway.store.schedule import channel_pause, next_attempt, next_open

from .conftest import NOW

POLICY = RetryPolicy()


@given(
    attempt=st.integers(1, 200),
    age=st.timedeltas(timedelta(0), timedelta(days=6)),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_the_next_time_lies_ahead_within_the_term_or_there_is_none(attempt: int, age: timedelta, jitter: float) -> None:
    """Bounded below by a minute, above by 72 minutes and the giving-up time."""
    now = NOW + age
    following = next_attempt(POLICY, attempt, NOW, now, jitter)
    end = NOW + POLICY.give_up_after
    if now >= end:
        assert following is None
    else:
        assert following is not None
        assert now < following <= min(end, now + timedelta(minutes=72))
        assert following == end or following - now >= timedelta(minutes=1)


def test_jitter_moves_the_hour_by_a_fifth_to_either_side() -> None:
    """Table 10.3."""
    times = [next_attempt(POLICY, 5, NOW, NOW, jitter) for jitter in (0.0, 0.5, 1.0)]
    assert times == [NOW + timedelta(minutes=m) for m in (48, 60, 72)]


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-02T08:00+01:00", "2026-03-02T08:00+01:00"),
        ("2026-03-02T07:59+01:00", "2026-03-02T08:00+01:00"),
        ("2026-03-02T17:59+01:00", "2026-03-02T17:59+01:00"),
        ("2026-03-02T18:00+01:00", "2026-03-03T08:00+01:00"),
        ("2026-03-28T18:00+01:00", "2026-03-29T08:00+02:00"),  # the night in which summer time begins
        ("2026-10-24T18:00+02:00", "2026-10-25T08:00+01:00"),
    ],
)
def test_a_window_of_sending_is_by_the_dutch_clock(now: str, opens: str) -> None:
    """Also over the change to summer time."""
    policy = RetryPolicy(window=(time(8), time(18)))
    assert next_open(policy, datetime.fromisoformat(now)) == datetime.fromisoformat(opens)


@given(st.integers(1, 10_000))
def test_a_channel_rests_at_most_a_quarter_of_an_hour(failures: int) -> None:
    """SM-89."""
    assert timedelta(seconds=30) <= channel_pause(failures) <= timedelta(minutes=15)
