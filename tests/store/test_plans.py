"""Queries that the worker repeats use an index: their cost does not grow with history."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from gateway.domain.delivery import Outcome
from gateway.store import MasterKey, Outgoing, Place, Raw, Store, Unit

from .conftest import NOW

SMALL = {"channels", "jobs", "CONSTANT", "json_each", "sqlite_sequence"}  # a handful of rows for good
OPEN_WORK = re.compile("ix_outbox_due|ix_outbox_reference|ix_outbox_leased|ix_inbox_due|ix_inbox_places_unmoved")


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
    """A store with a little history and statistics that say so."""
    with Store.open(tmp_path / "gateway.db", MasterKey.generate()) as store:
        for number in range(60):
            with store.unit(now=NOW, actor="test") as unit:
                _life(unit, number)
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'gateway.db'}")
        with engine.begin() as conn:
            conn.execute(sa.text("ANALYZE"))
        engine.dispose()
        yield store


def _life(unit: Unit, number: int) -> None:
    """What happens to one message that goes out and one that comes in."""
    unit.outbox.put(
        Outgoing(
            message_id=f"<{number}@g>",
            kind="iwmo",
            partner=f"p{number % 9}",
            channel="smtp",
            sender="a@g.example",
            recipient="b@z.example",
            wire=b"wire",
            reference=f"t-{number % 5}",
        )
    )
    claims = unit.attempts.claim(node="n", limit=3, per_partner=2, channel_names=["smtp"])
    unit.attempts.start_all(claims)
    unit.attempts.record_all([(claim, Outcome(verdict="submitted", phase="data")) for claim in claims])
    unit.attempts.recover()
    unit.outbox.next_due()
    place = Place(source="imap", account="a", folder="INBOX", uid=str(number))
    unit.inbox.known(place.source, place.account, place.folder, [place.uid])
    unit.inbox.backlog()
    unit.inbox.wanted(place.source, place.account, place.folder)
    added = unit.inbox.add(Raw(place=place, received_at=NOW, data=str(number).encode()))
    unit.inbox.unmoved("imap", "a", "INBOX")
    unit.inbox.moved(place)
    for item in unit.inbox.due():
        unit.inbox.begin(item.id)
    unit.identities.look_up("p", f"<{number}@z>", str(number).encode())
    unit.identities.register("p", f"<{number}@z>", str(number).encode(), outcome="handled")
    unit.records.add("plan", str(number), {}, keys={"partner": "p"}, personal={"bsn": str(number)})
    unit.records.list("plan", dict, personal={"bsn": str(number)})
    unit.audit.write("handled", f"inbox/{added.id}")
    unit.inbox.settle(added.id, "handled")


def test_no_repeated_query_scans_a_table_that_grows(old: Store) -> None:
    """architecture.md, Scale; a query whose plan is a full scan is named here."""
    with explained(old) as scans, old.unit(now=NOW + timedelta(hours=1), actor="test") as unit:
        for number in range(1000, 1005):
            _life(unit, number)
        unit.outbox.unanswered(NOW)
    assert scans == []
