"""Queries that the worker and the operator's verbs repeat use an index: their cost does not grow with history."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

import gateway.store
from gateway.domain.delivery import Outcome
from gateway.store import (
    MasterKey,
    NewIdentity,
    Outgoing,
    Place,
    Raw,
    Settled,
    Store,
    Unit,
)
from gateway.store.berichten import BerichtIn
from gateway.store.prepared import Prepared
from gateway.store.records import _listed_by
from gateway.store.tables import outbox, records
from gateway.worker import trouble

from .conftest import NOW, emptied

SMALL = {"channels", "jobs", "CONSTANT", "json_each", "sqlite_sequence"}  # a handful of rows for good
OPEN_WORK = re.compile("ix_outbox_(due|reference|leased|unanswered)|ix_inbox_(due|wanted|places_unmoved)")


@contextmanager
def explained(store: Store) -> Iterator[list[str]]:
    """The full scans of big tables among the statements that run meanwhile."""
    scans: list[str] = []

    def explain(conn: sa.Connection, cursor: object, statement: str, values: object, *_: object) -> None:
        many = isinstance(values, list)
        if re.match(r"SELECT|UPDATE|DELETE", statement):
            sample = values[0] if many else values  # type: ignore[index]
            plan = conn.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", sample).fetchall()
            found = [row[3] for row in plan if row[3].startswith("SCAN") and not OPEN_WORK.search(row[3])]
            scans.extend(f"{scan}: {statement}" for scan in found if scan.split()[1] not in SMALL)

    event.listen(store._engine, "before_cursor_execute", explain)
    yield scans
    event.remove(store._engine, "before_cursor_execute", explain)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Store]:
    """A store with a little history and statistics that say so; of a few dozen rows SQLite reads all, and rightly."""
    with Store.open(tmp_path / "gateway.db", MasterKey.generate()) as store:
        for number in range(120):
            with store.unit(now=NOW, actor="test") as unit:
                _life(unit, number)
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'gateway.db'}")
        with engine.begin() as conn:
            conn.execute(sa.text("ANALYZE"))
        engine.dispose()
        yield store


def message(number: int, reference: str) -> Outgoing:
    """For one of a few partners."""
    return Outgoing(
        message_id=f"<{number}@g>",
        kind="iwmo",
        partner=f"p{number % 9}",
        channel="smtp",
        sender="a@g.example",
        recipient="b@z.example",
        wire=b"wire",
        reference=reference,
    )


def _life(unit: Unit, number: int) -> None:
    """What happens to one message that goes out and one that comes in."""
    unit.outbox.put(message(number, f"t-{number % 5}"))
    claims = unit.attempts.claim(node="n", limit=3, per_partner=2, channel_names=["smtp"])
    unit.attempts.start_all(claims)
    unit.attempts.record_all([(claim, Outcome(verdict="submitted", phase="data")) for claim in claims])
    unit.attempts.recover()
    unit.outbox.next_due()
    place = Place(source="imap", account="a", folder="INBOX", uid=str(number))
    unit.places.known(place.source, place.account, place.folder, [place.uid])
    unit.inbox.backlog()
    unit.inbox.wanted(place.source, place.account, place.folder)
    added = unit.inbox.add(Raw(place=place, received_at=NOW, data=str(number).encode()))
    unit.places.unmoved("imap", "a", "INBOX")
    unit.places.moved([place])
    for item in unit.inbox.due():
        unit.inbox.begin(item.id)
    unit.identities.look_up("p", f"<{number}@z>", str(number).encode())
    unit.identities.register(NewIdentity("p", f"<{number}@z>", str(number).encode(), outcome="handled"))
    unit.records.add("plan", str(number), {}, keys={"partner": "p"}, personal={"bsn": str(number)})
    unit.records.list("plan", dict, personal={"bsn": str(number)})
    unit.audit.write("handled", f"inbox/{added.id}")
    unit.inbox.settle(Settled(added.id, "handled"))


def test_no_repeated_query_scans_a_table_that_grows(old: Store) -> None:
    """architecture.md, Scale; a query whose plan is a full scan is named here."""
    with explained(old) as scans, old.unit(now=NOW + timedelta(hours=1), actor="test") as unit:
        for number in range(1000, 1005):
            _life(unit, number)
        unit.outbox.unanswered(NOW)
    assert scans == []


@pytest.mark.postgres
def test_a_server_whose_statistics_know_only_history_looks_each_due_message_up(postgres_url: str) -> None:
    """It would take what is open for next to nothing, and for each due message read all that waits."""
    pages: list[int] = []

    def explain(conn: sa.Connection, cursor: object, statement: str, values: object, *_: object) -> None:
        if "AS earlier" in statement:
            asked = conn.connection.cursor()
            asked.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)  # type: ignore[arg-type]
            pages.append(asked.fetchall()[0][0][0]["Plan"]["Shared Hit Blocks"])

    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn, Store.open(emptied(postgres_url), MasterKey.generate()) as store:
        with store.unit(now=NOW, actor="test") as unit:
            for number in range(300):
                _life(unit, number)
            done = sa.text("UPDATE outbox SET state = 'submitted', next_at = NULL, lease_until = NULL, attempt = NULL")
            unit._conn.execute(done)
        conn.execute(sa.text("VACUUM ANALYZE"))
        with store.unit(now=NOW, actor="test") as unit:
            unit.outbox.put_all([message(number, f"own-{number}") for number in range(1000, 1400)])
        event.listen(store._engine, "before_cursor_execute", explain)
        with store.unit(now=NOW, actor="test") as unit:
            claims = unit.attempts.claim(node="n", limit=10, per_partner=2, channel_names=["smtp"])
    engine.dispose()
    assert len(claims) == 10
    assert pages[0] < 400


# What is new in each copy of a row `n`; the rest is as in the first.
MANY = {
    records: {"id": "id + n", "sleutel": "'n' || n", "soort": "'kind-' || (n & 1)"},
    outbox: {"id": "id + n", "message_id": "'n' || n", "state": "CASE n WHEN 9 THEN 'failed' ELSE 'received' END"},
}


@pytest.mark.postgres
def test_a_server_that_knows_that_a_kind_or_state_is_rare_reads_no_others_for_it(postgres_url: str) -> None:
    """It would walk through all in order of number, since of most kinds there are many: a second in a million."""
    asked: list[str] = []
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn, Store.open(emptied(postgres_url), MasterKey.generate()) as store:
        with store.unit(now=NOW, actor="test") as unit:
            unit.records.add("rare", "1", {})
            unit.records.add("kind-0", "1", {})
            unit.outbox.put(message(1, "t-1"))
            for table, fresh in MANY.items():
                names = [column.name for column in table.columns]
                taken = ", ".join(fresh.get(name, name) for name in names)
                last = f"(SELECT max(id) AS top FROM {table.name}) AS m, {table.name} WHERE id = m.top"
                rows = f"SELECT {taken} FROM generate_series(1, 20000) AS n, {last}"
                unit._conn.exec_driver_sql(f"INSERT INTO {table.name} ({', '.join(names)}) {rows}")
        conn.execute(sa.text("VACUUM ANALYZE"))
        event.listen(store._engine, "before_cursor_execute", lambda conn, cursor, sql, *_: asked.append(sql))
        with store.unit(now=NOW, actor="test") as unit:
            assert len(unit.records.list("rare", dict)) == 1
            assert unit.outbox.list(states=["failed"], partner="nobody") == []
            plans = [str(_plan(unit._conn, sql)) for sql in asked.copy() if "ORDER BY" in sql]
    engine.dispose()
    assert ["pk_" in plan for plan in plans] == [False, False]


@pytest.mark.postgres
def test_a_server_without_statistics_does_not_visit_what_is_dead_again_and_again(postgres_url: str) -> None:
    """Each message leaves dead rows in the indexes of open work; until a VACUUM every claim would read them all."""
    pages: list[int] = []

    def explain(conn: sa.Connection, cursor: object, statement: str, values: object, *_: object) -> None:
        if "AS running" in statement or "AS earlier" in statement:
            asked = conn.connection.cursor()
            asked.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)  # type: ignore[arg-type]
            pages.append(asked.fetchall()[0][0][0]["Plan"]["Shared Hit Blocks"])

    with Store.open(emptied(postgres_url), MasterKey.generate()) as store:
        for first in range(0, 2000, 100):
            with store.unit(now=NOW, actor="test") as unit:
                unit.outbox.put_all([message(number, f"own-{number}") for number in range(first, first + 100)])
            with store.unit(now=NOW, actor="test") as unit:
                claims = unit.attempts.claim(node="n", limit=100)
            with store.unit(now=NOW, actor="test") as unit:
                unit.attempts.start_all(claims)
            with store.unit(now=NOW, actor="test") as unit:
                unit.attempts.record_all([(claim, Outcome(verdict="submitted", phase="data")) for claim in claims])
        for _ in range(2):  # the first one finds them dead, and says so in the index
            with store.unit(now=NOW, actor="test") as unit:
                unit.attempts.claim(node="n", limit=10, per_partner=10)
        event.listen(store._engine, "before_cursor_execute", explain)
        with store.unit(now=NOW, actor="test") as unit:
            assert unit.attempts.claim(node="n", limit=10, per_partner=10) == []
    assert len(pages) == 2
    assert sum(pages) < 100, pages


# What tells a row from others; the rest (kind, state, partner, way in) is shared by many.
NAMES = (
    "sleutel|value|identificatie|uid|message_id|mic|sha256|reference|digest|envelope_id|pseudonym|object"
    "|row_id|record_id|outbox_id|inbox_id|receipt_id|bericht_id|antwoord_op|dossier|key_id"
)
HANDFUL = {"channels", "jobs", "partners", "partner_keys"}  # what a gateway has of them stays small


@pytest.fixture(scope="module")
def said(postgres_url: str) -> set[str]:
    """Every statement that some days with all there is to do say to a server, and each form of those made ready."""
    modules = [
        importlib.import_module(each.name) for each in pkgutil.iter_modules(gateway.store.__path__, "gateway.store.")
    ]
    ready = {each for module in modules for each in vars(module).values() if isinstance(each, Prepared)}
    ready |= {_listed_by(2, True)}
    of, found = Prepared._of, set[str]()

    def made(statement: Prepared, conn: sa.Connection) -> Any:
        ready.add(statement)
        return of(statement, conn)

    def hear(conn: sa.Connection, cursor: object, statement: str, *_: object) -> None:
        found.add(statement)

    with pytest.MonkeyPatch.context() as patch, Store.open(emptied(postgres_url), MasterKey.generate()) as opened:
        patch.setattr(Prepared, "_of", made)
        for engine in (opened._engine, opened._views):
            event.listen(engine, "before_cursor_execute", hear)
        with opened.unit(now=NOW, actor="test") as unit:
            _put_history(unit, 9)
            for number in range(1000, 1009):
                _life(unit, number)
        with opened.unit(now=NOW + timedelta(hours=1), actor="test") as unit:
            for work in (*QUESTIONS.values(), *CHANGES.values(), *RARELY.values()):
                work(unit)
            conn = unit._conn
            assert conn.dialect.name == "postgresql"
            texts = [text for each in ready for text in (of(each, conn).sql, of(each, conn).lists) if text is not None]
    assert len(ready) > 60
    return {
        text
        for text in (*found, *texts)
        if re.match("SELECT|UPDATE|DELETE", text) and not re.search("pg_|sqlite_", text)
    }


@pytest.mark.postgres
@pytest.mark.parametrize("size", [0, 20, 150])
def test_a_server_that_counted_nothing_looks_each_row_up_by_what_names_it(
    postgres_url: str, said: set[str], size: int
) -> None:
    """It would read all of one kind, or all of a partner, and keep that plan for as long as the connection lives."""
    with Store.open(emptied(postgres_url), MasterKey.generate()) as store, store.unit(now=NOW, actor="test") as unit:
        conn = unit._conn
        if size:
            _put_history(unit, size)
        wrong = [fault for sql in said for fault in _faults(conn, sql)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.postgres
@pytest.mark.parametrize("size", [60, 150])
def test_a_list_of_changes_is_looked_up_also_where_the_server_counted_few_rows(
    postgres_url: str, said: set[str], size: int
) -> None:
    """It would go through all of the table for the list, and do so until it counts again."""
    changes = [sql for sql in said if sql.startswith("UPDATE") and "FROM unnest" in sql]
    with Store.open(emptied(postgres_url), MasterKey.generate()) as store, store.unit(now=NOW, actor="test") as unit:
        _put_history(unit, size)
        unit._conn.exec_driver_sql("ANALYZE")
        wrong = [fault for sql in changes for fault in _faults(unit._conn, sql)]
    assert len(changes) > 5
    assert not wrong, "\n".join(wrong)


def _faults(conn: sa.Connection, sql: str) -> list[str]:
    """What is unfit of the plan that a server makes now for a statement, whatever its values."""
    begins = {row[0]: row[1] for row in conn.exec_driver_sql(FIRST_COLUMNS)}
    return [f"{node}: {sql}" for node in _unfit(_plan(conn, sql), begins)]


def _plan(conn: sa.Connection, sql: str) -> dict[str, Any]:
    """How a server would go about a statement, whatever its values."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)[sb]", sql)))
    for place, name in enumerate(names, start=1):
        sql = re.sub(rf"%\({name}\)[sb]", f"${place}", sql)
    conn.exec_driver_sql(f"PREPARE asked AS {sql}")
    values = f"({', '.join(['NULL'] * len(names))})" if names else ""
    (plan,) = conn.exec_driver_sql(f"EXPLAIN (FORMAT JSON) EXECUTE asked{values}").scalar_one()
    conn.exec_driver_sql("DEALLOCATE asked")
    whole: dict[str, Any] = plan["Plan"]
    return whole


FIRST_COLUMNS = """
    SELECT indexrelid::regclass::text, attname FROM pg_index JOIN pg_attribute ON attrelid = indexrelid
    WHERE attnum = 1 AND indexrelid::regclass::text !~ 'pg_'
"""


def _unfit(node: dict[str, Any], begins: dict[str, str], within: str = "") -> Iterator[str]:
    """Parts of a plan that read more than what was asked for; `begins`: the first column of each index."""
    kind, index, table = node["Node Type"], node.get("Index Name"), node.get("Relation Name")
    found_by, kept = node.get("Index Cond", ""), node.get("Filter", "")
    if kind in ("Seq Scan", "Bitmap Heap Scan", "Hash Join", "Merge Join"):
        yield kind
    elif index is not None and table not in HANDFUL:
        named = re.search(rf"\b({NAMES}|id)\)?(::text)? = |\b(id|envelope_id)\)?(::text)? >", found_by)  # or from it on
        whole = not re.search(rf"\b{begins[index]}\b", found_by)
        if not named and re.search(rf"\b({NAMES})\)?(::text)? = ", kept):
            yield f"{index}, {found_by}, then {kept}"
        elif whole and not OPEN_WORK.search(index) and not (within == "Limit" and not kept):
            yield f"all of {index}, {found_by}, then {kept}"  # the first few of all, in order, is what a page asks for
        elif within == "Nested Loop" and not named and not OPEN_WORK.search(index):
            yield f"joined from {index}, {found_by}, then {kept}"
    for part in node.get("Plans", ()):
        yield from _unfit(part, begins, kind)


def steps(store: Store, work: Callable[[Unit], object], *, write: bool = False) -> int:
    """Instructions of SQLite's machine that `work` takes: what a plan costs, the same on a busy machine."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    now = NOW + timedelta(hours=6)
    with store.unit(now=now, actor="test") if write else store.view(now=now) as unit:
        connection = unit._conn.connection.dbapi_connection
        connection.set_progress_handler(count, 1)  # type: ignore[union-attr]
        try:
            work(unit)
        finally:
            connection.set_progress_handler(None, 1)  # type: ignore[union-attr]
    return counted


def _history(store: Store, size: int) -> None:
    """So many messages that are done with, both ways, and after them the same few of which somebody must know."""
    with store.unit(now=NOW, actor="test") as unit:
        _put_history(unit, size)


def _put_history(unit: Unit, size: int) -> None:
    sent = Outcome(verdict="submitted", phase="data")
    unit.outbox.put_all([_message(number) for number in range(size)])
    claims = unit.attempts.claim(node="n", limit=size)
    unit.attempts.start_all(claims)
    unit.attempts.record_all([(claim, sent) for claim in claims])
    for number in range(1, size + 1, 2):
        unit.outbox.receipt(number, accepted=True)
    for number in range(size):
        place = Place(source="imap", account="a", folder="INBOX", uid=str(number))
        added = unit.inbox.add(Raw(place=place, received_at=NOW, data=str(number).encode()))
        unit.places.moved([place])
        unit.inbox.settle(Settled(added.id, "handled"))
        unit.identities.register(NewIdentity("p1", f"<{number}@z>", str(number).encode(), outcome="handled"))
        unit.records.add("taak", f"old-{number}", {}, keys={"state": "done"})
        unit.audit.write("handled", f"inbox/{added.id}")
    unit.berichten.add_all([(_bericht(number), [f"k-{number}", f"j-{number}"]) for number in range(size)])
    few = unit.outbox.put_all([_message(size + number, wants_receipt=True) for number in range(8)])
    claims = unit.attempts.claim(node="n", limit=4)
    unit.attempts.start_all(claims)
    unit.attempts.record_all([(claim, sent) for claim in claims])
    (claim,) = unit.attempts.claim(node="n", limit=1)
    unit.attempts.record(claim, Outcome(verdict="failed", phase="rcpt"))
    unit.outbox.hold(few[5], "why")
    added = unit.inbox.add(
        Raw(place=Place(source="imap", account="a", folder="I", uid="q"), received_at=NOW, data=b"q")
    )
    unit.inbox.settle(Settled(added.id, "quarantined", reason="signature"))
    unit.records.add("taak", "open", {}, keys={"state": "open"})


def _bericht(number: int) -> BerichtIn:
    names = {"soort": "WMO301", "versie": "3.2", "afzender": "1234", "ontvanger": "5678", "dagtekening": "2026-03-01"}
    return BerichtIn(richting="uit", identificatie=f"{number}", xml=b"<x/>", **names)


def _message(number: int, *, wants_receipt: bool = False) -> Outgoing:
    return Outgoing(
        message_id=f"<{number}@g>",
        kind="iwmo",
        partner=f"p{number % 9}",
        channel="smtp",
        sender="a@g.example",
        recipient="b@z.example",
        wire=b"wire",
        reference=f"t-{number}",
        # Half of history waits for no receipt: our own receipts are such.
        wants_receipt=wants_receipt or number % 2 == 0,
    )


QUESTIONS: dict[str, Callable[[Unit], object]] = {
    "outbox list": lambda unit: unit.outbox.list(limit=5),
    "outbox list --state failed": lambda unit: unit.outbox.list(states=["failed", "held"]),
    "outbox list --state failed --partner": lambda unit: unit.outbox.list(states=["failed"], partner="p1"),
    "outbox list --state new": lambda unit: unit.outbox.list(states=["new", "sending"]),
    "outbox list --state new --partner": lambda unit: unit.outbox.list(states=["deferred"], partner="p1"),
    "outbox list --state submitted": lambda unit: unit.outbox.list(states=["submitted"], limit=5),
    "outbox list --partner": lambda unit: unit.outbox.list(partner="nobody"),
    "outbox list --state received --partner": lambda unit: unit.outbox.list(states=["received"], partner="nobody"),
    "outbox show": lambda unit: (unit.outbox.get(1), unit.outbox.attempts(1), unit.outbox.notes(1)),
    "history of one": lambda unit: unit.audit.list(object="inbox/1"),
    "inbox list": lambda unit: unit.inbox.list(limit=5),
    "inbox list --state quarantined": lambda unit: unit.inbox.list(states=["quarantined"]),
    "inbox list --reason": lambda unit: unit.inbox.list(reason="signature"),
    "by Message-ID": lambda unit: unit.outbox.by_message_id("<1@g>"),
    "by envelope": lambda unit: unit.outbox.by_envelope_id("0" * 32),
    "last": lambda unit: unit.outbox.last(partner="p1", kind="iwmo"),
    "last of none": lambda unit: unit.outbox.last(partner="nobody", kind="canary"),
    "next due": lambda unit: unit.outbox.next_due(),
    "unanswered": lambda unit: unit.outbox.unanswered(NOW + timedelta(hours=1)),
    "late": lambda unit: unit.outbox.late(NOW + timedelta(hours=1)),
    "waiting partners": lambda unit: unit.outbox.waiting_partners(),
    "overdue": lambda unit: unit.attempts.overdue(NOW + timedelta(hours=1)),
    "rate": lambda unit: unit.attempts.begun("p1", NOW + timedelta(days=1), "node"),
    "moves": lambda unit: unit.attempts.moves("p1", "out", NOW, NOW + timedelta(days=1)),
    "last started": lambda unit: unit.attempts.last_started(),
    "health": trouble,
    "metrics: outbox": lambda unit: unit.status.outbox(),
    "metrics: oldest": lambda unit: unit.status.oldest(),
    "metrics: quarantine": lambda unit: unit.status.quarantine(),
    "metrics: receipts": lambda unit: unit.status.receipts(unit.status.last_note()),
    "pickup: known": lambda unit: unit.places.known("imap", "a", "INBOX", ["1", "2"]),
    "pickup: unmoved": lambda unit: unit.places.unmoved("imap", "a", "INBOX"),
    "pickup: load": lambda unit: unit.inbox.unproven(),
    "quarantine alarm": lambda unit: unit.inbox.refused_since(NOW, ["signature"]),
    "handle: due": lambda unit: unit.inbox.due(),
    "identity": lambda unit: unit.identities.look_up("p1", "<1@z>", b"1"),
    "tasks": lambda unit: unit.records.list("taak", dict, keys={"state": "open"}),
    "of a client": lambda unit: unit.records.dossiers("bsn", "1"),
    "of a client, also": lambda unit: unit.records.dossiers("bsn", "1", also=("state", "open")),
    "clients without": lambda unit: unit.records.without_dossier("bsn", ["1", "2"]),
    "audit head": lambda unit: unit.audit.head(),
    "purge": lambda unit: unit.dossiers.expired(),
    "purge: how many": lambda unit: unit.dossiers.count_expired(),
}


def _write_down(unit: Unit) -> None:
    unit.audit.write("seen", "outbox/1")
    unit.audit.flush()


CHANGES: dict[str, Callable[[Unit], object]] = {
    "put": lambda unit: unit.outbox.put(_message(10**6)),
    "claim": lambda unit: unit.attempts.claim(node="n", limit=3, per_partner=2, channel_names=["smtp"]),
    "recover": lambda unit: unit.attempts.recover(node="n"),
    "fetch": lambda unit: unit.inbox.add(
        Raw(place=Place(source="imap", account="a", folder="INBOX", uid="new"), received_at=NOW, data=b"new")
    ),
    "handle": lambda unit: [unit.inbox.begin(item.id) for item in unit.inbox.due()],
    "write down": _write_down,
}


def _destroy(unit: Unit) -> None:
    unit.records.add("traject", "one", {}, dossier="d", personal={"bsn": "1"})
    unit.records.add_event("traject", "one", "begonnen")
    unit.records.save("traject", "one", {}, versie=1, personal={"bsn": "2"})
    unit.records.events("traject", "one")
    unit.dossiers.touch("d", NOW)
    unit.dossiers.destroy("d")


def _forget(unit: Unit) -> None:
    later = NOW + timedelta(days=1)
    unit.outbox.count_done(later)
    unit.outbox.forget_done(later, 5)
    unit.inbox.count_done(later)
    unit.inbox.forget_done(later, 5)


# What is done by a person, or by night.
RARELY: dict[str, Callable[[Unit], object]] = {
    "destroy": _destroy,
    "forget": _forget,
    "reopen": lambda unit: unit.inbox.reopen_all(["signature"]),
    "answers": lambda unit: unit.berichten.answers(1),
    "carried by": lambda unit: unit.berichten.list(outbox_id=1),
    "whole again": lambda unit: unit.places.known("imap", "a", "INBOX", ["1"], let_go_for_good=True),
    "given up": lambda unit: unit.places.given_up(),
    "clock": lambda unit: (unit.attempts.from_the_future(), unit.inbox.from_the_future()),
}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """A store with a short history and one with a history twenty times as long; neither was ever analysed."""
    folder = tmp_path_factory.mktemp("history")
    with (
        Store.open(folder / "short.db", MasterKey.generate()) as short,
        Store.open(folder / "long.db", MasterKey.generate()) as long,
    ):
        _history(short, 30)
        _history(long, 600)
        yield short, long


@pytest.mark.parametrize("name", [*QUESTIONS, *CHANGES])
def test_what_is_repeated_costs_the_same_after_a_long_history(two: tuple[Store, Store], name: str) -> None:
    """Issue 5, Speed: a planner without statistics takes the right index too."""
    write = name in CHANGES
    work = CHANGES[name] if write else QUESTIONS[name]
    few, many = (steps(store, work, write=write) for store in two)
    assert many <= 1.15 * few + 30, f"{few} steps became {many}"


@pytest.mark.postgres
def test_a_server_reads_no_more_rows_after_a_long_history(postgres_url: str) -> None:
    """Its plans are others than SQLite's: without statistics it takes all of a kind, or of a partner, to be few."""
    read: dict[str, list[int]] = {name: [] for name in QUESTIONS}
    for size in (30, 600):
        with Store.open(emptied(postgres_url), MasterKey.generate()) as store:
            _history(store, size)
            for name, question in QUESTIONS.items():
                read[name].append(_rows_read(store, question))
    assert {name: rows for name, rows in read.items() if rows[1] > 1.15 * rows[0] + 30} == {}


def _rows_read(store: Store, question: Callable[[Unit], object]) -> int:
    """How many rows the statements of a question touch, those that are then put aside too."""
    plans: list[dict[str, Any]] = []

    def explain(conn: sa.Connection, cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.startswith("SELECT"):
            raw: Any = conn.connection.dbapi_connection
            ((plan,),) = raw.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).fetchone()
            plans.append(plan["Plan"])

    with store.view(now=NOW + timedelta(hours=6)) as unit:
        event.listen(store._engine, "before_cursor_execute", explain)
        question(unit)
        event.remove(store._engine, "before_cursor_execute", explain)
    return sum(map(_rows_of, plans))


def _rows_of(node: dict[str, Any]) -> int:
    each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return int(each * node["Actual Loops"]) + sum(map(_rows_of, node.get("Plans", ())))


def test_what_was_forgotten_is_not_looked_through_every_night(tmp_path: Path) -> None:
    """Of a mail nothing is kept but its row, for years."""

    def forget(unit: Unit) -> None:
        later = NOW + timedelta(days=1)
        unit.outbox.forget_done(later, 1000)
        unit.inbox.forget_done(later, 1000)
        assert unit.outbox.count_done(later) + unit.inbox.count_done(later) == 0

    cost = []
    for size in (30, 600):
        with Store.open(tmp_path / f"{size}.db", MasterKey.generate()) as store:
            _history(store, size)
            with store.unit(now=NOW, actor="test") as unit:
                forget(unit)
            cost.append(steps(store, forget, write=True))
    assert cost[1] <= 1.15 * cost[0] + 30


def test_a_batch_to_forget_costs_the_same_however_much_is_to_be_forgotten(tmp_path: Path) -> None:
    """The first purge after years has hundreds of thousands of messages before it."""

    def forget(unit: Unit) -> None:
        assert unit.outbox.forget_done(NOW + timedelta(days=1), 5) == 5
        assert unit.inbox.forget_done(NOW + timedelta(days=1), 5) == 5

    cost = []
    for size in (60, 600):
        with Store.open(tmp_path / f"{size}.db", MasterKey.generate()) as store:
            _history(store, size)
            cost.append(steps(store, forget, write=True))
    assert cost[1] <= 1.2 * cost[0] + 50
