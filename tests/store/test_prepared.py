"""Statements that are written once: what reaches a server of many rows."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from gateway.domain.delivery import Outcome
from gateway.store import MasterKey, Store, StoreError
from gateway.store.prepared import Prepared, bound
from gateway.store.tables import attempts, outbox, outbox_notes, sealed

from .conftest import NOW, emptied
from .test_plans import message

pytestmark = pytest.mark.postgres


@pytest.fixture
def server(postgres_url: str) -> Iterator[Store]:
    """An open store on a server."""
    with Store.open(emptied(postgres_url), MasterKey.generate()) as opened:
        yield opened


@contextmanager
def told(store: Store) -> Iterator[list[str]]:
    """What it is asked and told meanwhile, each row that it is told by itself counted by itself."""
    words: list[str] = []

    def see(conn: sa.Connection, cursor: object, statement: str, values: object, *_: object) -> None:
        words.extend([statement.split()[0]] * (len(values) if isinstance(values, list) else 1))

    event.listen(store._engine, "before_cursor_execute", see)
    yield words
    event.remove(store._engine, "before_cursor_execute", see)


def life(store: Store, first: int, count: int) -> None:
    """Messages from put to submitted, in three units of work."""
    with store.unit(now=NOW, actor="test") as unit:
        unit.outbox.put_all([message(number, f"{number}") for number in range(first, first + count)])
    with store.unit(now=NOW, actor="test") as unit:
        claims = unit.attempts.claim(node="n", limit=count, per_partner=count, channel_names=["smtp"])
        assert len(unit.attempts.start_all(claims)) == count
    with store.unit(now=NOW, actor="test") as unit:
        unit.attempts.record_all([(claim, Outcome(verdict="submitted", phase="data")) for claim in claims])


def test_a_server_is_told_of_many_rows_in_one_go(server: Store) -> None:
    """To tell it of a row costs more than the row: forty messages live by as few statements as one."""
    life(server, 0, 5)  # makes the key of the day
    with told(server) as words:
        life(server, 100, 40)
    assert words.count("INSERT") == 3  # the messages, their bytes, the attempts
    assert words.count("UPDATE") == 5  # leases, starts, attempts, ends; the channel, once
    assert words.count("SELECT") <= 8


def test_a_server_that_counted_nothing_reads_no_table_that_grew(postgres_url: str) -> None:
    """Plans are made once, when the tables are empty: then reading a whole table seems to cost nothing."""
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with Store.open(emptied(postgres_url), MasterKey.generate()) as store:
        life(store, 0, 5)
    read = sa.text(
        "SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname IN ('outbox', 'attempts', 'sealed')"
    )
    with engine.connect() as conn:
        before = conn.scalar(read)
        with store:  # its connections end with the block, and with each what it counted is known
            for first in range(100, 400, 20):
                life(store, first, 20)
        assert conn.scalar(read) == before
    engine.dispose()


def test_rows_told_in_one_go_are_what_they_are_one_by_one(server: Store) -> None:
    """In their order; empty where they are empty; bytes and signs of every kind as they are."""
    names = ("outbox_id", "at", "actor", "event", "state", "detail")
    add = Prepared(outbox_notes.insert().values(bound(names)))
    details = ["plain", None, 'a "quoted", {list} \\ of é€', ""]
    with server.unit(now=NOW, actor="test") as unit:
        number = unit.outbox.put(message(1, "r"))
        row = {"outbox_id": number, "at": NOW, "actor": "a", "event": "e", "state": "new"}
        assert add.many(unit._conn, [row | {"detail": detail} for detail in details]) == 4
        assert add.many(unit._conn, [row | {"detail": None}] * 2) == 2
        notes = unit.outbox.notes(number)
        assert [note.detail for note in notes] == [*details, None, None]
        assert {note.at for note in notes} == {NOW}
        data = [bytes(range(256)), b"", b"\\x00"]
        bytes_ = Prepared(sealed.insert().values(bound(sealed.c.keys())))
        (key,) = unit._conn.scalars(sa.text("SELECT id FROM keys WHERE purpose = 'audit'"))
        bytes_.many(unit._conn, [{"field": "f", "row_id": n, "key_id": key, "data": d} for n, d in enumerate(data)])
        kept = sa.select(sealed.c.data).where(sealed.c.field == "f").order_by(sealed.c.row_id)
        assert list(unit._conn.scalars(kept)) == data


def test_what_is_asked_for_each_of_a_list_is_what_each_of_them_finds(server: Store) -> None:
    """Those that are there; one, many or none."""
    find = Prepared(sa.select(outbox.c.id).where(outbox.c.message_id == sa.bindparam("name")), for_each=True)
    with server.unit(now=NOW, actor="test") as unit:
        numbers = unit.outbox.put_all([message(number, "r") for number in range(3)])
        for names in ([], ["<2@g>"], ["<2@g>", "<9@g>", "<0@g>"], ["<8@g>", "<9@g>"]):
            with told(server) as words:
                found = find.each(unit._conn, [{"name": name} for name in names])
            assert sorted(row.id for row in found) == [numbers[n] for n in range(3) if f"<{n}@g>" in names]
            assert len(words) == (1 if names else 0)


def test_what_is_too_long_for_its_column_is_refused_and_not_cut(server: Store) -> None:
    """A list of text is no list of text of a length."""
    names = ("outbox_id", "due_at", "started_at", "envelope_id", "sha256", "node")
    add = Prepared(attempts.insert().values(bound(names)))
    with pytest.raises(StoreError, match="too long"), server.unit(now=NOW, actor="test") as unit:
        number = unit.outbox.put(message(1, "r"))
        row = {"outbox_id": number, "due_at": NOW, "started_at": NOW, "sha256": "0" * 65, "node": "n"}
        add.many(unit._conn, [row | {"envelope_id": name} for name in "ab"])
