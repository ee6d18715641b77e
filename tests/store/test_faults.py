"""What goes wrong around the store: values altered, clocks that jump, leases that cross, a database without room."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.domain.delivery import Outcome
from gateway.store import (
    Damaged,
    MasterKey,
    Place,
    Raw,
    Store,
    StoreDown,
    Unit,
    WrongMasterKey,
)
from gateway.store.tables import inbox, keys, outbox
from gateway.store.unit import sentences
from tests.damage import alter

from .conftest import NOW
from .test_outbox import claim, message, put, state

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SUBMITTED = Outcome(verdict="submitted", phase="data", code=250)


# -- damage -----------------------------------------------------------------------------------------------------------


def test_an_altered_body_goes_to_a_person_and_the_others_go_out(store: Store) -> None:
    """One flipped bit in one row: that message fails, in words; no other message waits for it."""
    put(store, message(1), message(2, reference="t"), message(3, reference="t"))
    alter(store, "outbox.wire", 2)
    assert [each.id for each in claim(store)] == [1]  # 3 is of the same reference: it goes in the next look
    assert [each.id for each in claim(store)] == [3]
    with store.view(now=NOW) as view:
        item = view.outbox.get(2)
        assert (item.state, item.next_at, item.lease_until) == ("failed", None, None)
        assert "altered outside the gateway" in (item.reason or "")
        assert [note.event for note in view.outbox.notes(2)] == ["failed"]


def test_an_altered_key_damages_its_own_values_only(store: Store) -> None:
    """The master key fits; the key of one dossier does not."""
    put(store, message(1, dossier="a"), message(2, dossier="b"))
    with store._engine.begin() as conn:
        wrapped = bytearray(conn.scalar(sa.select(keys.c.wrapped).where(keys.c.name == "a")))
        wrapped[-1] ^= 1
        conn.execute(keys.update().where(keys.c.name == "a").values(wrapped=bytes(wrapped)))
    store.forget_keys()
    assert [each.id for each in claim(store)] == [2]
    assert state(store, 1) == "failed"


def test_keys_wrapped_anew_by_another_process_fail_no_message(store: Store, place: str, master: MasterKey) -> None:
    """A running gateway with the old master key stops; what it cannot read is not damaged."""
    put(store, message(1, dossier="a"))
    with Store.open(place, master, node="other") as other:
        other.rewrap(MasterKey.generate())
    store.forget_keys()
    with pytest.raises(WrongMasterKey):
        claim(store)
    assert state(store, 1) == "new"


def arrive(store: Store, number: int) -> int:
    """A message in the inbox."""
    where = Place(source="maildir", account="a", folder="mail", uid=str(number))
    with store.unit(now=NOW, actor="test") as unit:
        return unit.inbox.add(Raw(place=where, received_at=NOW, data=f"message {number}\r\n".encode())).id


def test_an_altered_incoming_message_goes_to_quarantine(store: Store) -> None:
    """It cannot be handled; it stays, with its reason, and stops nobody."""
    number = arrive(store, 1)
    alter(store, "inbox.raw", number)
    with store.unit(now=NOW, actor="test") as unit:
        assert unit.inbox.begin(number) is None
    with store.view(now=NOW) as view:
        item = view.inbox.get(number)
        assert (item.state, item.reason) == ("quarantined", "damaged")
        assert view.inbox.due() == []
        with pytest.raises(Damaged):
            view.inbox.raw(number)


def test_nothing_is_promised_by_a_file_that_is_gone(tmp_path: Path, master: MasterKey) -> None:
    """Moved away or replaced while it is open: what would be written is lost at the end. Put back, it goes on."""
    path, aside = tmp_path / "gateway.db", tmp_path / "aside.db"
    with Store.open(path, master) as store:
        put(store, message(1))
        path.rename(aside)
        with pytest.raises(StoreDown, match="put it back"):
            put(store, message(2))
        path.write_bytes(aside.read_bytes())
        with pytest.raises(StoreDown, match="another file"):
            put(store, message(2))
        aside.replace(path)
        put(store, message(2))
        assert state(store, 2) == "new"


@pytest.mark.parametrize("said", ["unable to open database file", "attempt to write a readonly database"])
def test_a_folder_that_cannot_be_written_is_named_as_the_reason(said: str) -> None:
    """A disk that became read-only, or another user: SQLite writes beside the file, and says no more than this."""
    with pytest.raises(StoreDown, match="must be writable"), sentences():
        raise sa.exc.OperationalError("SELECT 1", None, sqlite3.OperationalError(said))


# -- leases -----------------------------------------------------------------------------------------------------------


def test_data_begins_the_lease_anew(store: Store) -> None:
    """A worker that stood still for most of its lease is not overtaken in the middle of DATA."""
    put(store, message())
    (first,) = claim(store)
    with store.unit(now=NOW + 59 * timedelta(minutes=1), actor="a") as unit:
        unit.attempts.start_data(first)
    with store.unit(now=NOW + HOUR, actor="b") as unit:
        assert unit.attempts.recover() == 0


def test_a_lease_of_a_clock_that_was_ahead_is_taken_back(store: Store) -> None:
    """The clock was a day ahead, then mended, and the process died meanwhile: nobody waits a day."""
    put(store, message(), now=NOW)
    claim(store, NOW + DAY)
    with store.unit(now=NOW, actor="b") as unit:
        assert unit.attempts.recover() == 1


def test_what_a_clock_that_was_ahead_put_off_is_due_when_it_went_back(store: Store) -> None:
    """A refusal, a pause and a try to handle, all noted a day too late: nobody waits that day."""
    put(store, message(1), message(2))
    number = arrive(store, 1)
    first, second = claim(store, NOW + DAY)
    with store.unit(now=NOW + DAY, actor="a") as unit:
        unit.attempts.record(first, Outcome(verdict="deferred", phase="rcpt", code=450))
        unit.attempts.record(second, Outcome(verdict="channel", phase="connect", reason="refused"))
        unit.inbox.begin(number)
    assert claim(store, NOW) == []
    with store.unit(now=NOW, actor="watch") as unit:
        assert (unit.attempts.from_the_future(), unit.inbox.from_the_future()) == (1, 1)
        assert (unit.attempts.from_the_future(), unit.inbox.from_the_future()) == (0, 0)
    assert [each.id for each in claim(store, NOW)] == [1, 2]
    with store.view(now=NOW) as view:
        assert [item.id for item in view.inbox.due()] == [number]


@pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_what_was_put_by_a_clock_that_was_ahead_and_not_tried_is_due_when_it_went_back(store: Store) -> None:
    """Nor is one tried in vain, since a way out that fails does not count; what is to wait for its time still does."""
    ahead = NOW + DAY
    put(store, message(1), message(2), message(3, not_before=ahead + HOUR), now=ahead)
    (first, _) = claim(store, ahead)
    with store.unit(now=ahead, actor="test") as unit:
        unit.attempts.record(first, Outcome(verdict="channel", phase="connect"))
        unit.attempts.recover(node="node-a")
    with store.unit(now=NOW, actor="watch") as unit:
        assert unit.attempts.from_the_future() == 2
        assert unit.attempts.from_the_future() == 0
    with store.view(now=NOW) as view:
        assert [item.next_at for item in view.outbox.list()] == [NOW, NOW, ahead + HOUR]


def test_an_outcome_and_a_recovery_that_cross_do_not_undo_each_other(store: Store) -> None:
    """Two nodes at the same moment: the zombie's outcome is being written while another takes its lease back."""
    put(store, message())
    (first,) = claim(store)
    with store.unit(now=NOW, actor="a") as unit:
        unit.attempts.start_data(first)
    late = NOW + 2 * HOUR
    with store.unit(now=late, actor="a") as zombie:
        assert zombie.attempts.record(first, SUBMITTED) == "submitted"
        took = in_thread(store, late, lambda unit: unit.attempts.recover())
    assert took() == 0
    assert state(store) == "submitted"


@pytest.mark.parametrize("place", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_a_claim_and_a_recovery_that_cross_leave_a_message_that_can_be_sent(store: Store) -> None:
    """A lease ran out: one node claims the message anew while another takes it back."""
    put(store, message())
    claim(store)
    late = NOW + 2 * HOUR
    with store.unit(now=late, actor="b") as unit:
        (again,) = unit.attempts.claim(node="b")
        unit.attempts.start_data(again)
        took = in_thread(store, late, lambda unit: unit.attempts.recover())
    assert took() == 0
    with store.unit(now=late, actor="b") as unit:
        assert unit.attempts.record(again, SUBMITTED) == "submitted"


def in_thread(store: Store, now: Any, work: Callable[[Unit], int]) -> Callable[[], int]:
    """Do this in a unit of its own while the caller's is open; what it gave, once it ended."""
    answer: list[int] = []

    def run() -> None:
        with store.unit(now=now, actor="other") as unit:
            answer.append(work(unit))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(0.3)  # it may wait for our lock: then it goes on when we have committed

    def ended() -> int:
        thread.join(30)
        return answer[0]

    return ended


# -- giving up --------------------------------------------------------------------------------------------------------


def test_what_was_due_within_its_term_gets_a_last_try_however_late(store: Store) -> None:
    """The gateway was off for a week, or its clock jumped: nothing is given up without being tried."""
    put(store, message())
    (first,) = claim(store)
    with store.unit(now=NOW, actor="a") as unit:
        unit.attempts.record(first, Outcome(verdict="deferred", phase="rcpt", code=450))
    (last,) = claim(store, NOW + 7 * DAY)
    with store.unit(now=NOW + 7 * DAY, actor="a") as unit:
        assert unit.attempts.record(last, Outcome(verdict="deferred", phase="rcpt", code=450)) == "deferred"
    assert claim(store, NOW + 7 * DAY + HOUR) == []
    assert state(store) == "expired"


# -- no room ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def full(tmp_path: Path, master: MasterKey) -> Any:
    """A SQLite store that can be told how large it may grow."""
    with Store.open(tmp_path / "small.db", master) as store:

        def limit(pages: int) -> None:
            store.close()
            sa.event.listen(
                store._engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count = {pages}").close()
            )

        yield store, limit


def test_a_database_without_room_refuses_in_words_keeps_what_it_has_and_goes_on_when_there_is_room(full: Any) -> None:
    """Nothing half: the message that found no room is not there, the one before it is."""
    store, limit = full
    put(store, message(1))
    with closing(sqlite3.connect(store.path)) as raw:
        pages = raw.execute("PRAGMA page_count").fetchone()[0]
    limit(pages + 2)
    with pytest.raises(StoreDown, match="full"):
        put(store, message(2, wire=b"x" * 1_000_000))
    with store.view(now=NOW) as view:
        assert [item.id for item in view.outbox.list()] == [1]
    limit(1_000_000)
    put(store, message(2, wire=b"x" * 1_000_000))
    assert len(claim(store)) == 2


def test_an_interrupt_while_the_connection_is_let_go_of_fails_no_later_unit(
    tmp_path: Path, master: MasterKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that writes to a file is kept; after an error it is closed, and a new one made."""
    with Store.open(tmp_path / "gateway.db", master) as store:
        put(store, message(1))
        kept = store._writer
        assert kept is not None
        close = kept.close

        def interrupted() -> None:
            close()
            raise KeyboardInterrupt

        monkeypatch.setattr(kept, "close", interrupted)
        with pytest.raises(KeyboardInterrupt), store.unit(now=NOW, actor="test"):
            raise ValueError
        assert put(store, message(2)) == [2]


def test_a_try_that_the_surroundings_spoilt_is_not_counted(store: Store) -> None:
    """Three failures of the disk say nothing of the message: it does not go to quarantine for them."""
    number = arrive(store, 1)
    for hour in range(5):
        with store.unit(now=NOW + hour * HOUR, actor="test") as unit:
            assert unit.inbox.begin(number) is not None
        with store.unit(now=NOW + hour * HOUR, actor="test") as unit:
            unit.inbox.not_tried(number)
    with store._engine.begin() as conn:
        assert conn.scalar(sa.select(inbox.c.tries)) == 0
        assert conn.scalar(sa.select(sa.func.count()).select_from(outbox)) == 0
