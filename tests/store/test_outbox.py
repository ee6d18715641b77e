"""A message exists exactly if its change was committed; every attempt is a record and sends the same bytes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.domain.delivery import Outcome, Verdict
from gateway.store import AlreadyThere, Claim, IllegalMove, MasterKey, Outgoing, RetryPolicy, StaleClaim, Store
from gateway.store.states import OUTBOX_MOVES
from gateway.store.tables import outbox

from .conftest import NOW, emptied, speaking, until_waiting

MINUTE = timedelta(minutes=1)


def message(number: int = 1, **changes: Any) -> Outgoing:
    """A message to be sent."""
    values: dict[str, Any] = {
        "message_id": f"<{number:032x}@gemeente.example>",
        "kind": "iwmo",
        "partner": "zorg",
        "channel": "smtp",
        "sender": "wmo@gemeente.example",
        "recipient": "plan@zorg.example",
        "wire": f"bytes of message {number}\r\n".encode(),
        "wants_receipt": True,
    }
    return Outgoing(**(values | changes))


def put(store: Store, *messages: Outgoing, now: datetime = NOW) -> list[int]:
    """Put messages, each in a unit of its own."""
    numbers = []
    for each in messages:
        with store.unit(now=now, actor="test") as unit:
            numbers.append(unit.outbox.put(each))
    return numbers


def claim(store: Store, now: datetime = NOW, **options: Any) -> list[Claim]:
    """Claim what is due, without jitter."""
    with store.unit(now=now, actor="test") as unit:
        return unit.attempts.claim(node="node-a", jitter=lambda: 0.5, **options)


def envelopes(claims: list[Claim]) -> set[str]:
    """What `start_all` calls them."""
    return {claim.shipment.envelope_id for claim in claims}


def attempt(store: Store, verdict: Verdict, now: datetime = NOW, **outcome: Any) -> str:
    """One whole attempt on the first message due; its state after it."""
    (first, *_) = claim(store, now, limit=1)
    if verdict in ("submitted", "uncertain"):
        with store.unit(now=now, actor="test") as unit:
            unit.attempts.start_data(first)
    with store.unit(now=now, actor="test") as unit:
        values = {"phase": "data", "recipient": first.shipment.recipient} | outcome
        return unit.attempts.record(first, Outcome(verdict=verdict, **values))


def state(store: Store, number: int = 1) -> str:
    """Where a message stands."""
    with store.view(now=NOW) as view:
        return view.outbox.get(number).state


def test_a_message_exists_exactly_if_its_change_was_committed(store: Store) -> None:
    """The unit that rolls back takes the message and its bytes with it."""
    with pytest.raises(ZeroDivisionError), store.unit(now=NOW, actor="test") as unit:
        assert unit.outbox.put(message()) / 0
    with store.view(now=NOW) as view:
        assert view.outbox.list() == []
    (number,) = put(store, message())
    assert state(store, number) == "new"


def test_a_message_id_is_used_once(store: Store) -> None:
    """The same Message-ID again is refused, with the number of the first."""
    put(store, message())
    with pytest.raises(AlreadyThere) as caught:
        put(store, message())
    assert caught.value.existing == 1


def test_every_attempt_sends_the_same_bytes_under_a_new_envelope_id(store: Store) -> None:
    """One SHA-256 over all attempts (habit 5); ENVID is new for each transmission (SM-71)."""
    put(store, message())
    now = NOW
    for _ in range(4):
        assert attempt(store, "deferred", now) == "deferred"
        now += timedelta(hours=1)
    with store.view(now=now) as view:
        attempts = view.outbox.attempts(1)
        assert {a.sha256 for a in attempts} == {view.outbox.get(1).sha256}
        ids = [a.envelope_id for a in attempts]
        assert ids == sorted(set(ids))  # an index in which they stand grows at its end
        assert all(len(bytes.fromhex(one)) == 16 for one in ids)
        found = view.outbox.by_envelope_id(attempts[2].envelope_id)
        assert found is not None
        assert found.id == 1


@pytest.mark.postgres
def test_attempts_stay_in_order_where_a_language_puts_aa_after_z(postgres_url: str, master: MasterKey) -> None:
    """In Danish it does; an envelope id is hexadecimal, and tells the time."""
    first = datetime.fromtimestamp(0x19A0000_00AA / 1000, UTC)
    then = first + timedelta(milliseconds=1)  # …ab
    with speaking(postgres_url, "da-DK") as url, Store.open(url, master) as store:
        put(store, message(1), message(2), now=first)
        with store.unit(now=first, actor="a") as unit:
            unit.outbox.hold(2, "not yet")
        claim(store, first)
        with store.unit(now=then, actor="a") as unit:
            unit.outbox.release(2)
        claim(store, then)
        with store.view(now=then) as view:
            assert view.attempts.last_started() == then


def test_the_next_time_is_written_before_the_attempt(store: Store) -> None:
    """A process that dies in the first second has already arranged the retry (SM-88)."""
    put(store, message())
    claim(store)
    with store.view(now=NOW) as view:
        item = view.outbox.get(1)
    assert (item.state, item.attempts, item.next_at) == ("new", 1, NOW + MINUTE)


def test_a_claimed_message_is_not_claimed_again_before_its_lease_ends(store: Store) -> None:
    """Two workers never have the same message."""
    put(store, message())
    assert len(claim(store)) == 1
    assert claim(store, NOW + 30 * MINUTE) == []
    assert len(claim(store, NOW + 61 * MINUTE)) == 1


def test_deferred_waits_as_the_table_says(store: Store) -> None:
    """10.3: 1, 5, 15, 30 minutes, then every hour."""
    put(store, message())
    now, waits = NOW, []
    for _ in range(6):
        attempt(store, "deferred", now)
        with store.view(now=now) as view:
            following = view.outbox.get(1).next_at
        assert following is not None
        waits.append((following - now) // MINUTE)
        now = following
    assert waits == [1, 5, 15, 30, 60, 60]


def test_a_partner_may_have_its_own_waiting_times_and_hours(store: Store) -> None:
    """Policy per partner: others are not touched by it. It is ten o'clock in the Netherlands."""
    put(store, message(1, partner="traag"), message(2, partner="kantoor"), message(3))
    policies = {
        "traag": RetryPolicy(first=(timedelta(hours=2),)),
        "kantoor": RetryPolicy(window=(time(10, 30), time(11))),
    }
    assert [c.id for c in claim(store, policies=policies)] == [1, 3]
    with store.view(now=NOW) as view:
        assert [view.outbox.get(n).next_at for n in (1, 2, 3)] == [
            NOW + timedelta(hours=2),
            NOW + timedelta(minutes=30),
            NOW + MINUTE,
        ]
        assert view.outbox.get(2).attempts == 0
    assert [c.id for c in claim(store, NOW + timedelta(minutes=30), policies=policies)] == [2]


def test_after_five_days_it_is_given_up_and_kept(store: Store) -> None:
    """10.3: `expired`, nothing removed."""
    put(store, message())
    attempt(store, "deferred")
    assert attempt(store, "deferred", NOW + timedelta(days=5)) == "deferred"  # the last try falls on the term's end
    assert claim(store, NOW + timedelta(days=5, minutes=1)) == []
    assert state(store) == "expired"
    with store.view(now=NOW) as view:
        assert view.outbox.wire(1) == message().wire


def test_a_channel_failure_leaves_the_message_untouched_and_pauses_the_channel(store: Store) -> None:
    """SM-89: not counted, not aged; 30 s doubling to 15 min."""
    put(store, message())
    now, pauses = NOW, []
    for _ in range(8):
        attempt(store, "channel", now, phase="connect", reason="refused")
        with store.view(now=now) as view:
            item, channel = view.outbox.get(1), view.channels.get("smtp")
        assert (item.state, item.attempts, item.first_try_at, item.next_at) == ("new", 0, None, NOW)
        assert channel.paused_until is not None
        assert claim(store, channel.paused_until - timedelta(seconds=1)) == []
        pauses.append((channel.paused_until - now).total_seconds())
        now = channel.paused_until
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]
    attempt(store, "submitted", now)
    with store.view(now=now) as view:
        assert view.channels.get("smtp").failures == 0


def test_three_different_recipients_refused_by_policy_pause_the_channel(store: Store) -> None:
    """10.2: 5.7.1 does not say whether the recipient or we are refused; three in a row mean us."""
    put(store, *(message(n, recipient=f"{'aabc'[n - 1]}@zorg.example") for n in (1, 2, 3, 4)), message(5))
    for number in (1, 2, 3):
        attempt(store, "failed", reason="policy", phase="rcpt", code=550, enhanced="5.7.1")
        assert state(store, number) == "failed"
    assert len(claim(store, NOW, limit=1)) == 1  # two of the three were the same address
    with store.unit(now=NOW, actor="test") as unit:
        unit.attempts.recover(node="node-a")
    attempt(store, "failed", NOW + MINUTE, reason="policy", phase="rcpt", code=550, enhanced="5.7.1")
    assert claim(store, NOW + MINUTE) == []


def test_one_recipient_at_which_the_relay_breaks_off_keeps_nobody_waiting(store: Store) -> None:
    """It ages by itself, so that a person is told; at three different ones in a row the relay itself is broken."""
    put(store, *(message(n, recipient=f"{'aab'[n - 1]}@zorg.example") for n in (1, 2, 3)), message(4))
    for number in (1, 2, 3):
        attempt(store, "deferred", reason="lost", phase="rcpt")
        with store.view(now=NOW) as view:
            item, channel = view.outbox.get(number), view.channels.get("smtp")
        assert (item.state, item.attempts, item.first_try_at) == ("deferred", 1, NOW)
        assert channel.paused_until is None
    attempt(store, "deferred", reason="timeout", phase="rcpt")
    assert claim(store, NOW + 10 * timedelta(seconds=1)) == []
    with store.view(now=NOW) as view:
        assert "broke off" in (view.channels.get("smtp").reason or "")


def test_uncertain_is_not_retried_before_ten_minutes(store: Store) -> None:
    """SM-86: it may have been accepted; the same bytes go again, later."""
    put(store, message())
    assert attempt(store, "uncertain") == "uncertain"
    assert claim(store, NOW + 9 * MINUTE) == []
    (again,) = claim(store, NOW + 10 * MINUTE)
    assert again.shipment.wire == message().wire
    assert again.shipment.message_id == message().message_id


def test_a_crash_during_data_leaves_uncertain_and_before_it_leaves_the_message_as_it_was(store: Store) -> None:
    """SM-87, at the restart of the same node."""
    put(store, message(1), message(2))
    first, _ = claim(store)
    with store.unit(now=NOW, actor="test") as unit:
        unit.attempts.start_data(first)
    with store.unit(now=NOW + MINUTE, actor="restart") as unit:
        assert unit.attempts.recover(node="node-a") == 2
    assert [state(store, n) for n in (1, 2)] == ["uncertain", "new"]
    assert [c.id for c in claim(store, NOW + 2 * MINUTE)] == [2]
    assert [c.id for c in claim(store, NOW + 11 * MINUTE)] == [1]


def test_another_node_takes_over_only_when_the_lease_ran_out(store: Store) -> None:
    """A dead node's work is taken over, a living one's is not."""
    put(store, message())
    (old,) = claim(store)
    with store.unit(now=NOW + MINUTE, actor="b") as unit:
        assert unit.attempts.recover() == 0
    with store.unit(now=NOW + 60 * MINUTE, actor="b") as unit:
        assert unit.attempts.recover() == 1
        (taken,) = unit.attempts.claim(node="node-b")
    with pytest.raises(StaleClaim), store.unit(now=NOW, actor="a") as unit:
        unit.attempts.start_data(old)
    with store.unit(now=NOW + 60 * MINUTE, actor="b") as unit:
        unit.attempts.start_data(taken)


def test_the_lease_of_what_was_started_early_begins_anew_when_it_is_its_turn(store: Store) -> None:
    """A process that slept over most of it would be overtaken in the middle of DATA."""
    put(store, message())
    (early,) = claim(store)
    with store.unit(now=NOW, actor="a") as unit:
        assert unit.attempts.start_early([early]) == {early.shipment.envelope_id}
    with store.unit(now=NOW + 59 * MINUTE, actor="a") as unit:
        unit.attempts.start_data(early)
    with store.unit(now=NOW + 61 * MINUTE, actor="b") as unit:
        assert unit.attempts.recover() == 0


def test_a_clock_that_jumps_makes_a_living_attempt_uncertain_until_its_outcome_comes(store: Store) -> None:
    """The lease seems to have run out; the relay's 250 that comes after all is not thrown away."""
    put(store, message(1), message(2))
    first, second = claim(store)
    with store.unit(now=NOW, actor="test") as unit:
        unit.attempts.start_all([first, second])
    with store.unit(now=NOW + timedelta(hours=2), actor="watch") as unit:
        assert unit.attempts.recover() == 2
    with store.unit(now=NOW + timedelta(hours=2), actor="test") as unit:
        outcomes = [Outcome(verdict=verdict, phase="data") for verdict in ("submitted", "deferred")]
        assert unit.attempts.record_all([(first, outcomes[0]), (second, outcomes[1])]) == ["submitted", None]
    assert [state(store, n) for n in (1, 2)] == ["submitted", "uncertain"]


def test_attempts_of_a_clock_that_was_ahead_are_not_recent_until_that_time_comes(store: Store) -> None:
    """They would use up a partner's rate, and say that its queue moves, for as long as the clock was ahead."""
    put(store, message(1), message(2))
    assert attempt(store, "submitted", NOW + timedelta(days=1)) == "submitted"

    def seen(now: datetime) -> tuple[int, bool, datetime | None]:
        with store.view(now=now) as view:
            begun = view.attempts.begun("zorg", now - MINUTE, "node-a")
            return begun, view.attempts.moves("zorg", "smtp", NOW, now - MINUTE), view.attempts.last_started()

    assert seen(NOW) == (0, False, None)
    assert attempt(store, "submitted", NOW) == "submitted"
    assert seen(NOW) == (1, True, NOW)
    assert seen(NOW - MINUTE) == (1, True, NOW)  # by another node, of which the clock is behind


def test_outcomes_of_one_commit_are_each_their_own_messages(store: Store) -> None:
    """What the relay took, took in other words, refused, and what another has taken over meanwhile."""
    put(store, *(message(number) for number in range(1, 5)))
    claims = claim(store)
    with store.unit(now=NOW, actor="test") as unit:
        unit.outbox.hold(4, "why")
        assert unit.attempts.start_all(claims) == envelopes(claims[:3])
    answers = [
        Outcome(verdict="submitted", phase="data", code=250),
        Outcome(verdict="failed", phase="data", code=554),
        Outcome(verdict="submitted", phase="data", code=251),
        Outcome(verdict="submitted", phase="data", code=250),
    ]
    with store.unit(now=NOW + MINUTE, actor="test") as unit:
        assert unit.attempts.record_all(list(zip(claims, answers, strict=True))) == [
            *("submitted", "failed", "submitted", None)
        ]
    with store.view(now=NOW) as view:
        items = view.outbox.list()
        reasons = ["submitted (250)", "failed (554)", "submitted (251)", "why"]
        assert [item.reason for item in items] == reasons
        assert [item.submitted_at for item in items] == [NOW + MINUTE, None, NOW + MINUTE, None]
        assert [(item.next_at, item.lease_until) for item in items[:3]] == [(None, None)] * 3
        codes = [attempt.code for number in (1, 2, 3, 4) for attempt in view.outbox.attempts(number)]
        assert codes == [250, 554, 251, 250]  # the attempt was made, whatever became of the message


def test_the_outcome_of_a_claim_taken_over_changes_nothing_for_the_one_that_took_it_over(store: Store) -> None:
    """A process that slept over its lease may tell both in one commit, in either order."""
    put(store, message(1), message(2), message(3))
    old = claim(store)
    with store.unit(now=NOW, actor="test") as unit:
        unit.attempts.start_all(old)
    with store.unit(now=NOW + 60 * MINUTE, actor="test") as unit:
        assert unit.attempts.recover() == 3
    new = claim(store, NOW + 120 * MINUTE)
    with store.unit(now=NOW + 120 * MINUTE, actor="test") as unit:
        assert unit.attempts.start_all([*new, *old]) == envelopes(new)  # else both would send
    refused, wait, taken = (
        Outcome(verdict="failed", phase="data", code=554),
        Outcome(verdict="deferred", phase="data", code=451),
        Outcome(verdict="submitted", phase="data", code=250),
    )
    told = [(old[0], refused), (new[0], wait), (new[1], wait), (old[1], taken), (old[2], refused), (new[2], taken)]
    with store.unit(now=NOW + 121 * MINUTE, actor="test") as unit:
        states = unit.attempts.record_all(told)
    assert states == [None, "deferred", "deferred", None, None, "submitted"]
    with store.view(now=NOW) as view:
        items = view.outbox.list()
        assert [item.state for item in items] == ["deferred", "deferred", "submitted"]
        assert [item.next_at is not None for item in items] == [True, True, False]


@pytest.mark.postgres
def test_an_outcome_told_while_its_attempt_is_taken_over_waits_and_still_counts(
    postgres_url: str, master: MasterKey
) -> None:
    """Both write the message first and the attempt after it: in different orders they would lock each other."""
    late = NOW + 60 * MINUTE

    def told(store: Store, mine: Claim) -> Any:
        with store.unit(now=late, actor="a") as unit:
            return unit.attempts.record_all([(mine, Outcome(verdict="submitted", phase="data", code=250))])

    with (
        Store.open(emptied(postgres_url), master, node="a") as one,
        Store.open(postgres_url, master, node="b") as other,
    ):
        put(one, message())
        (mine,) = claim(one)
        with one.unit(now=NOW, actor="a") as unit:
            unit.attempts.start_data(mine)
        with ThreadPoolExecutor(1) as pool:
            with other.unit(now=late, actor="b") as unit:
                unit._conn.execute(sa.select(outbox.c.id).with_for_update())  # as taking over begins
                outcome = pool.submit(told, one, mine)
                until_waiting(other, 1)
                assert unit.attempts.recover() == 1
            assert outcome.result(timeout=60) == ["submitted"]
        assert state(one) == "submitted"


@pytest.mark.postgres
def test_two_nodes_that_see_a_way_out_fail_for_the_first_time_both_keep_their_outcomes(
    postgres_url: str, master: MasterKey
) -> None:
    """A relay that is gone is so for all of them at the same moment."""

    def told(store: Store, mine: list[Claim]) -> Any:
        outcomes = [Outcome(verdict="submitted", phase="data"), Outcome(verdict="channel", phase="connect")]
        with store.unit(now=NOW, actor="a") as unit:
            return unit.attempts.record_all(list(zip(mine, outcomes, strict=True)))

    with (
        Store.open(emptied(postgres_url), master, node="a") as one,
        Store.open(postgres_url, master, node="b") as other,
    ):
        put(one, message(1), message(2))
        mine = claim(one)
        with one.unit(now=NOW, actor="a") as unit:
            unit.attempts.start_all(mine[:1])
        with ThreadPoolExecutor(1) as pool:
            with other.unit(now=NOW, actor="b") as unit:
                unit.channels.fail("smtp", "connect: refused")
                outcome = pool.submit(told, one, mine)
                until_waiting(other, 1)
            assert outcome.result(timeout=60) == ["submitted", "new"]
        with one.view(now=NOW) as view:
            assert view.channels.get("smtp").failures == 2


def test_every_state_is_listed_and_counted(store: Store) -> None:
    """Whichever index a state is looked for in: pages in order of their number, of one partner or of all."""
    states: dict[str, list[int]] = {}
    for number, name in enumerate([*OUTBOX_MOVES, *OUTBOX_MOVES], start=1):
        put(store, message(number, partner="zorg" if number <= len(OUTBOX_MOVES) else "elders"))
        states.setdefault(name, []).append(number)
        with store.unit(now=NOW, actor="test") as unit:
            unit._conn.execute(outbox.update().where(outbox.c.id == number).values(state=name))
    with store.view(now=NOW) as view:
        assert view.outbox.counts() == dict.fromkeys(states, 2)
        for name, numbers in states.items():
            wanted: Any = [name]
            assert [item.id for item in view.outbox.list(states=wanted)] == numbers, name
            assert [item.id for item in view.outbox.list(states=wanted, after=numbers[0])] == numbers[1:], name
            assert [item.id for item in view.outbox.list(states=wanted, limit=1)] == numbers[:1], name
            assert [item.id for item in view.outbox.list(states=wanted, partner="elders")] == numbers[1:], name
        every: Any = list(states)
        assert [item.id for item in view.outbox.list(states=every)] == list(range(1, 25))
        assert [item.id for item in view.outbox.list(partner="elders")] == list(range(13, 25))


def test_messages_of_one_reference_go_in_order_and_others_go_on(store: Store) -> None:
    """SM-90: a deferred message blocks later ones of its plan or toewijzing, nobody else's."""
    put(store, message(1, reference="t-1"), message(2, reference="t-1"), message(3, reference="t-2"), message(4))
    assert [c.id for c in claim(store)] == [1, 3, 4]
    with store.unit(now=NOW, actor="test") as unit:
        unit.attempts.recover(node="node-a")
    assert attempt(store, "deferred", NOW + MINUTE) == "deferred"
    assert [c.id for c in claim(store, NOW + 2 * MINUTE)] == [3, 4]
    now = NOW + 10 * MINUTE
    assert attempt(store, "submitted", now) == "submitted"
    assert [c.id for c in claim(store, now)] == [2]


def test_a_held_message_keeps_its_place_and_goes_when_released(store: Store) -> None:
    """SM-116."""
    put(store, message(1, hold="no secure route", reference="t-1"), message(2, reference="t-1"))
    assert claim(store) == []
    with store.unit(now=NOW, actor="jansen") as unit:
        assert unit.outbox.release(1) == "deferred"
    assert [c.id for c in claim(store)] == [1]
    with store.view(now=NOW) as view:
        assert [(n.actor, n.event) for n in view.outbox.notes(1)] == [("jansen", "release")]


def test_cancelling_wins_as_long_as_data_has_not_begun(store: Store) -> None:
    """A person withdraws while a connection is being made: DATA is not given."""
    put(store, message())
    (running,) = claim(store)
    with store.unit(now=NOW, actor="jansen") as unit:
        assert unit.outbox.cancel(1, "wrong partner") == "cancelled"
    with pytest.raises(StaleClaim), store.unit(now=NOW, actor="test") as unit:
        unit.attempts.start_data(running)
    assert state(store) == "cancelled"


def test_what_is_being_sent_cannot_be_cancelled(store: Store) -> None:
    """The error names message, state and event."""
    put(store, message())
    (running,) = claim(store)
    with store.unit(now=NOW, actor="test") as unit:
        unit.attempts.start_data(running)
    expected = "'cancel' is not possible in state 'sending'"
    with pytest.raises(IllegalMove, match=expected), store.unit(now=NOW, actor="jansen") as unit:
        unit.outbox.cancel(1, "too late")


def test_a_receipt_that_overtakes_the_outcome_wins(store: Store) -> None:
    """The partner answers before the relay's reply is recorded: `received` stays."""
    put(store, message())
    (running,) = claim(store)
    with store.unit(now=NOW, actor="test") as unit:
        unit.attempts.start_data(running)
    with store.unit(now=NOW, actor="test") as unit:
        assert unit.outbox.receipt(1, accepted=True) == "received"
    with store.unit(now=NOW, actor="test") as unit:
        assert unit.attempts.record(running, Outcome(verdict="uncertain", phase="data")) == "received"
    assert claim(store, NOW + timedelta(days=1)) == []


def test_a_receipt_that_comes_before_data_stops_its_attempt_and_no_other(store: Store) -> None:
    """An earlier attempt did arrive: what is known to be there is not sent again, and its neighbours go on."""
    put(store, message())
    attempt(store, "uncertain")
    put(store, message(2))
    claims = claim(store, NOW + timedelta(minutes=11))
    assert {each.id for each in claims} == {1, 2}
    with store.unit(now=NOW, actor="test") as unit:
        assert unit.outbox.receipt(1, accepted=True) == "received"
    with store.unit(now=NOW, actor="test") as unit:
        assert unit.attempts.start_all(claims) == envelopes([each for each in claims if each.id == 2])
    assert [state(store, number) for number in (1, 2)] == ["received", "sending"]


def test_a_receipt_overrules_a_bounce_in_either_order(store: Store) -> None:
    """SM-74."""
    put(store, message(1), message(2))
    for _ in (1, 2):
        attempt(store, "submitted")
    with store.unit(now=NOW, actor="test") as unit:
        assert unit.outbox.bounce(1) == "bounced"
        assert unit.outbox.receipt(1, accepted=True) == "received"
        assert unit.outbox.receipt(2, accepted=True) == "received"
        assert unit.outbox.bounce(2) == "received"


def test_a_person_can_retry_what_was_given_up_with_a_new_term(store: Store) -> None:
    """SM-88; it travels as a possible duplicate, the same bytes."""
    put(store, message())
    assert attempt(store, "failed", reason="address", phase="rcpt") == "failed"
    with store.unit(now=NOW + timedelta(days=9), actor="jansen") as unit:
        unit.outbox.retry(1, "address mended")
    (again,) = claim(store, NOW + timedelta(days=9))
    assert again.shipment.wire == message().wire


def test_a_new_envelope_around_the_same_signed_entity_is_recorded(store: Store) -> None:
    """SM-15: Message-ID and MIC stay, the bytes that were replaced are named."""
    put(store, message(1, content_key=b"key", mic=bytes(32)))
    with store.view(now=NOW) as view:
        before = view.outbox.get(1)
    with store.unit(now=NOW, actor="test") as unit:
        unit.outbox.reseal(1, b"another envelope", b"another key", bytes(32), "certificate expired")
    with store.view(now=NOW) as view:
        after = view.outbox.get(1)
        assert (after.message_id, after.mic) == (before.message_id, before.mic)
        assert before.sha256 in (view.outbox.notes(1)[0].detail or "")
        assert view.outbox.wire(1) == b"another envelope"
        assert view.outbox.content_key(1) == b"another key"


def test_submitted_without_a_receipt_is_found(store: Store) -> None:
    """Table 9.3: a missing receipt is a warning only where one was asked for."""
    put(store, message(1), message(2, wants_receipt=False))
    for _ in (1, 2):
        attempt(store, "submitted")
    with store.view(now=NOW + timedelta(hours=5)) as view:
        assert [i.id for i in view.outbox.unanswered(NOW + timedelta(hours=1))] == [1]


@pytest.mark.postgres
def test_two_nodes_that_claim_at_the_same_moment_both_have_work(postgres_url: str, master: MasterKey) -> None:
    """What the other is taking is not waited for: the next ones in line are taken, and no message by both."""
    url, options = emptied(postgres_url), dict[str, Any](limit=4, per_partner=10)
    with Store.open(url, master, node="a") as one, Store.open(url, master, node="b") as other:
        numbers = put(one, *(message(number) for number in range(10)))
        with one.unit(now=NOW, actor="test") as unit:
            first = unit.attempts.claim(node="a", **options)
            second = claim(other, **options)
        assert [claim.id for claim in first + second] == numbers[:8]
        assert [claim.id for claim in claim(one, **options)] == numbers[8:]
