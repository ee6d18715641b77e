"""A PostgreSQL that goes away and comes back, and a cable between it and a node that is cut or goes dead."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.domain.delivery import Outcome
from gateway.store import AlreadyThere, MasterKey, Store, StoreDown, server
from gateway.store.node_name import NodeName
from tests import postgres
from tests.proxy import Cable, cable

from .conftest import NOW
from .test_outbox import claim, message, put, state

pytestmark = pytest.mark.postgres

LEASE = timedelta(minutes=2)


@pytest.fixture(scope="module")
def running() -> Iterator[postgres.Cluster]:
    """A server of this file, that tests stop and start."""
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.cluster() as made:
        yield made


@pytest.fixture
def master(running: postgres.Cluster) -> MasterKey:
    """The key of an empty database."""
    engine = sa.create_engine(running.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.exec_driver_sql("DROP SCHEMA public CASCADE")
        conn.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return MasterKey.generate()


@pytest.fixture
def wire(running: postgres.Cluster) -> Iterator[Cable]:
    """The cable between the node and the server."""
    with cable(running.socket) as made:
        yield made


@pytest.fixture
def node(wire: Cable, master: MasterKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A node at the end of the cable, less patient than a real one."""
    monkeypatch.setattr(server.Connection, "answer_max", 0.5)
    monkeypatch.setitem(server.CONNECT, "connect_timeout", 2)
    with Store.open(f"postgresql://gateway@127.0.0.1:{wire.port}/postgres", master, node="node-a") as store:
        yield store


def test_a_connection_is_asked_for_a_sign_of_life_only_after_a_rest(
    node: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question costs a round trip for every unit of work."""
    asked: list[object] = []
    execute = server.Connection.execute

    def listened(connection: server.Connection, *arguments: Any, **options: Any) -> Any:
        asked.append(arguments[0])
        return execute(connection, *arguments, **options)

    monkeypatch.setattr(server.Connection, "execute", listened)
    with node.view(now=NOW):
        pass
    asked.clear()
    for _ in range(3):
        with node.view(now=NOW) as view:
            view.outbox.next_due()
    assert asked == []
    monkeypatch.setattr(server, "UNASKED_MAX", 0.0)
    with node.view(now=NOW) as view:
        view.outbox.next_due()
    assert asked == ["SELECT 1"]


def test_a_server_that_was_restarted_is_used_again_at_once(running: postgres.Cluster, node: Store, wire: Cable) -> None:
    """Stopped as by a crash: a sentence meanwhile, and after it no connection of before is handed out."""
    put(node, message(1))
    running.stop()
    with pytest.raises(StoreDown):
        put(node, message(2))
    running.start()
    put(node, message(3))
    with node.view(now=NOW) as view:
        assert [item.message_id for item in view.outbox.list()] == [message(1).message_id, message(3).message_id]


def test_a_connection_that_the_server_ends_costs_one_unit(running: postgres.Cluster, node: Store) -> None:
    """pg_terminate_backend in the middle: nothing of that unit is there, the next one works."""
    engine = sa.create_engine(running.url, isolation_level="AUTOCOMMIT")
    with pytest.raises(StoreDown), node.unit(now=NOW, actor="test") as unit:
        unit.outbox.put(message(1))
        with engine.connect() as conn:
            end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            conn.execute(sa.text(f"{end} AND backend_type = 'client backend'"))
        unit.outbox.put(message(2))
    engine.dispose()
    put(node, message(3))
    with node.view(now=NOW) as view:
        assert [item.message_id for item in view.outbox.list()] == [message(3).message_id]


def test_what_the_keeper_of_the_server_set_for_others_makes_no_promise_weaker(
    running: postgres.Cluster, master: MasterKey
) -> None:
    """A commit is on the disk, and each statement sees what others committed; a connection string may say otherwise."""
    asked = "SELECT current_setting('synchronous_commit') || ', ' || current_setting('transaction_isolation')"
    engine = sa.create_engine(running.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        for setting in ("synchronous_commit = off", "default_transaction_isolation = serializable"):
            conn.exec_driver_sql(f"ALTER ROLE gateway SET {setting}")
        try:
            for said, found in (("", "on"), ("&options=-c%20synchronous_commit=off", "off")):
                with Store.open(running.url + said, master) as store, store.unit(now=NOW, actor="test") as unit:
                    assert unit._conn.exec_driver_sql(asked).scalar() == f"{found}, read committed"
        finally:
            conn.exec_driver_sql("ALTER ROLE gateway RESET ALL")
    engine.dispose()


@pytest.mark.parametrize("becomes", ["SET TRANSACTION READ ONLY", "SET LOCAL ROLE pg_monitor"], ids=["read", "rights"])
def test_a_server_that_only_reads_or_took_a_right_away_is_down(node: Store, becomes: str) -> None:
    """Around a failover, or by a mistake of its keeper: the message is not to blame, and an outcome stays owed."""
    with pytest.raises(StoreDown), node.unit(now=NOW, actor="test") as unit:
        unit._conn.exec_driver_sql(becomes)
        unit.outbox.put(message(1))
    put(node, message(1))
    assert state(node, 1) == "new"


def test_a_look_that_the_server_ends_after_all_was_read_is_as_good(running: postgres.Cluster, node: Store) -> None:
    """It ends a transaction that is silent for a minute, while much that was read is compared."""
    put(node, message())
    with node.view(now=NOW) as view:
        found = view.outbox.counts()
        ended = sa.create_engine(running.url)
        with ended.connect() as conn:
            ends = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            assert conn.scalar(sa.text(ends)) == 1
        ended.dispose()
    assert found == {"new": 1}
    with node.view(now=NOW) as view:
        assert view.outbox.counts() == found


def test_a_cable_that_goes_dead_hangs_nobody(node: Store, wire: Cable) -> None:
    """No reset, no answer: the unit ends with a sentence, also for those that try to connect anew; then it goes on."""
    put(node, message(1))
    wire.dead()
    for _ in range(2):
        with pytest.raises(StoreDown, match="cannot be used now"):
            put(node, message(2))
    wire.mend()
    put(node, message(3))
    assert len(claim(node)) == 2


def test_a_commit_whose_answer_is_lost_happened_once(node: Store, wire: Cable) -> None:
    """COMMIT arrives, its answer does not: told as a failure, and the same again is seen to be there."""
    lost: list[str] = []

    def once(step: str) -> None:
        if step == "before commit" and not lost:
            lost.append(step)
            wire.deaf()

    node.on_step(once)
    with pytest.raises(StoreDown):
        put(node, message(1))
    wire.mend()
    with pytest.raises(AlreadyThere):
        put(node, message(1))
    with node.view(now=NOW) as view:
        assert [item.state for item in view.outbox.list()] == ["new"]


@pytest.fixture
def other(running: postgres.Cluster, node: Store, master: MasterKey) -> Iterator[Store]:
    """A second node, whose cable is good."""
    with Store.open(running.url, master, node="node-b") as store:
        yield store


def test_a_node_that_is_cut_off_in_a_transaction_blocks_the_others_for_a_minute_at_most(
    node: Store, other: Store, wire: Cable
) -> None:
    """The server ends what went silent: its locks are free, its work is undone."""
    with other.unit(now=NOW, actor="b") as unit:
        unit.jobs.acquire("pickup", "node-b", LEASE)

    settings: dict[str, Any] = {}
    with node._engine.connect() as conn:
        for name in server.SESSION:
            settings[name] = conn.scalar(sa.text(f"SHOW {name}"))
        conn.exec_driver_sql("SET idle_in_transaction_session_timeout = '300ms'")
        conn.exec_driver_sql("SELECT * FROM jobs FOR UPDATE")
        wire.dead()
        with other.unit(now=NOW, actor="b") as unit:
            assert unit.jobs.acquire("pickup", "node-b", LEASE) == 2
        wire.mend()
        conn.invalidate()
    assert settings["idle_in_transaction_session_timeout"] == "1min"
    assert settings["lock_timeout"] == "20s"
    assert settings["statement_timeout"] == "30s"


def test_two_nodes_of_which_one_is_cut_off(node: Store, other: Store, wire: Cable) -> None:
    """The other takes over after the lease; the first is stopped before DATA, and its late outcome undoes nothing."""
    put(node, message(1), message(2))
    first, second = claim(node)
    with node.unit(now=NOW, actor="a") as unit:
        unit.attempts.start_data(first)  # in DATA when the cable goes dead; the second not yet
    wire.dead()
    late = NOW + timedelta(hours=2)
    with other.unit(now=late, actor="b") as unit:
        assert unit.attempts.recover() == 2
    (taken,) = claim(other, late)
    assert taken.id == second.id
    wire.mend()
    with node.unit(now=late, actor="a") as unit:
        assert unit.attempts.start_all([second]) == set()
        assert unit.attempts.record_all([(first, Outcome(verdict="submitted", phase="data"))]) == ["submitted"]
    with other.unit(now=late, actor="b") as unit:
        unit.attempts.start_data(taken)
        unit.attempts.record(taken, Outcome(verdict="submitted", phase="data"))
    assert [state(other, number) for number in (1, 2)] == ["submitted", "submitted"]


def test_a_name_of_a_node_is_held_by_one_process(
    node: Store, other: Store, running: postgres.Cluster, master: MasterKey
) -> None:
    """Two under one name would each take the other's attempts for its own of before a crash."""
    with Store.open(running.url, master, node="node-a") as same:
        with node.node_name() as first, same.node_name() as second, other.node_name() as third:
            assert [name.keep() for name in (first, second, third, first)] == [True, False, True, True]
        with same.node_name() as again:
            assert again.keep()


def test_a_name_that_was_lost_with_the_server_is_let_go_without_a_word(running: postgres.Cluster, node: Store) -> None:
    """The server was restarted while the process served: it still stops in good order."""
    with node.node_name() as name:
        assert name.keep()
        running.stop()
        running.start()


def test_a_name_that_was_lost_with_the_server_is_taken_again(
    running: postgres.Cluster, node: Store, master: MasterKey
) -> None:
    """Else a second process could begin under it; and one that did so meanwhile is seen."""
    same = Store.open(running.url, master, node="node-a")
    with same, node.node_name() as ours, same.node_name() as theirs:
        assert ours.keep()
        running.stop()
        with pytest.raises(StoreDown):
            ours.keep()
        running.start()
        assert [kept(name) for name in (ours, theirs)] == [True, False]
        running.stop()
        running.start()
        assert [kept(name) for name in (theirs, ours)] == [True, False]
        theirs.let_go()
        assert ours.keep()


def kept(name: NodeName) -> bool:
    """The first answer: a connection from before is found to be dead once."""
    for _ in range(3):
        with suppress(StoreDown):
            return name.keep()
    raise AssertionError("the server does not come back")
