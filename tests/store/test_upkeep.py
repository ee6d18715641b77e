"""A dossier can be destroyed for good, a running store copied, a copy put back, a master key replaced."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.domain.delivery import Outcome
from gateway.store import (
    BerichtIn,
    IllegalMove,
    MasterKey,
    NewIdentity,
    NotThere,
    OpenRefused,
    Outgoing,
    Place,
    Raw,
    Settled,
    Store,
    StoreDown,
    StoreError,
    Unit,
    WrongMasterKey,
    upkeep,
)
from gateway.store.dossiers import Destroyed
from gateway.store.upkeep import backup, destroy, forget_mail, restore, restore_server

from .conftest import NOW, emptied, until_waiting
from .test_outbox import claim, message, put

BSN = "999900006"


def fill(store: Store, dossier: str) -> None:
    """One dossier with something of every kind."""
    place = Place(source="imap", account="a", folder="INBOX", uid=dossier)
    with store.unit(now=NOW, actor="flow") as unit:
        incoming = unit.inbox.add(Raw(place=place, received_at=NOW, data=f"raw mail of {dossier}".encode())).id
        unit.inbox.settle(Settled(incoming, "handled", dossier=dossier))
        unit.identities.register(
            NewIdentity("zorg", f"<{dossier}@z>", dossier.encode(), outcome="handled", inbox_id=incoming)
        )
        unit.outbox.put(
            Outgoing(
                message_id=f"<{dossier}@g>",
                kind="plan",
                partner="zorg",
                channel="smtp",
                sender="a@g.example",
                recipient="b@z.example",
                wire=b"wire",
                content_key=b"key",
                dossier=dossier,
            )
        )
        unit.berichten.add(
            BerichtIn(
                richting="uit",
                soort="WMO301",
                versie="3.2",
                afzender="0957",
                ontvanger="12345678",
                identificatie=dossier,
                dagtekening="2026-03-01",
                xml=b"<Bericht/>",
                dossier=dossier,
            )
        )
        unit.records.add("plan", dossier, {"bsn": BSN}, dossier=dossier, personal={"bsn": BSN})
        unit.records.add_event("plan", dossier, "begonnen", {"a": 1})
        unit.audit.write("made", "plan", subject=unit.dossiers.pseudonym(dossier))


def test_a_destroyed_dossier_leaves_times_and_outcomes_only(store: Store, tmp_path: Path) -> None:
    """SM-147; the neighbour is untouched, and the trail still verifies."""
    fill(store, "d1")
    fill(store, "d2")
    (gone,) = destroy(store, ["d1"], tmp_path / "destroyed.txt", now=NOW, actor="archivaris", ground="term is over")
    assert (gone.records, gone.berichten, gone.outgoing, gone.incoming, gone.values) == (1, 1, 1, 1, 6)
    with store.view(now=NOW) as view:
        assert [r.sleutel for r in view.records.list("plan", dict, personal={"bsn": BSN})] == ["d2"]
        assert [item.dossier for item in view.inbox.list()] == ["d2"]
        sent = view.outbox.by_message_id("<d1@g>")
        assert sent is not None
        assert sent.dossier is None
        with pytest.raises(NotThere):
            view.outbox.wire(sent.id)
        assert view.identities.look_up("zorg", "<d1@z>", b"d1").verdict == "duplicate"
        assert view.audit.verify().broken_at is None
        other = view.outbox.by_message_id("<d2@g>")
        assert other is not None
        assert view.outbox.wire(other.id) == b"wire"
    assert (tmp_path / "destroyed.txt").read_text().startswith("d1 ")


@pytest.mark.postgres
def test_a_dossier_is_not_destroyed_while_another_node_writes_in_it(postgres_url: str, master: MasterKey) -> None:
    """Destruction waits, and takes what was written too; who comes later waits for it, and begins a new key."""
    with Store.open(emptied(postgres_url), master) as store, Store.open(postgres_url, master, node="b") as other:
        fill(store, "d1")
        with ThreadPoolExecutor(2) as pool:
            with store.unit(now=NOW, actor="flow") as unit:
                unit.records.add("verslag", "before", {"a": 1}, dossier="d1")
                gone = pool.submit(_destroy, other, "d1")
                until_waiting(store, 1)
            assert gone.result(timeout=60).records == 2
            fill(store, "d2")
            _add(store, "again")
            with other.unit(now=NOW, actor="archivaris") as unit:
                unit.dossiers.destroy("d1")
                late = pool.submit(_add, store, "after")
                until_waiting(store, 1)
            late.result(timeout=60)
        with store.view(now=NOW) as view:
            keys = view._conn.execute(sa.text("SELECT id FROM keys")).scalars().all()
            used = view._conn.execute(sa.text("SELECT DISTINCT key_id FROM sealed")).scalars().all()
            assert set(used) <= set(keys)
            assert view.records.get("verslag", "before", dict) is None
            found = view.records.get("verslag", "after", dict)
            assert found is not None
            assert found.body == {"a": 1}


@pytest.mark.postgres
def test_a_dossier_is_not_destroyed_while_another_node_begins_it(postgres_url: str, master: MasterKey) -> None:
    """Its key is not there to be locked yet; of what was written nothing may be left under a key that is gone."""
    with Store.open(emptied(postgres_url), master) as store, Store.open(postgres_url, master, node="b") as other:
        with ThreadPoolExecutor(1) as pool:
            with store.unit(now=NOW, actor="flow") as unit:
                unit.records.add("verslag", "first", {"a": 1}, dossier="d1")
                gone = pool.submit(_destroy, other, "d1")
                until_waiting(store, 1)
            assert gone.result(timeout=60).values == 1
        with store.view(now=NOW) as view:
            assert view.records.list("verslag", dict) == []
            assert view.dossiers.known(["d1"]) == []


def test_words_of_a_server_that_come_after_the_dossier_are_not_kept(store: Store) -> None:
    """They may say whose message it was (SM-147); that it was handed over stays known."""
    put(store, message(1, dossier="d1"))
    (under_way,) = claim(store)
    with store.unit(now=NOW, actor="worker") as unit:
        unit.attempts.start_data(under_way)
    _destroy(store, "d1")
    with store.unit(now=NOW, actor="worker") as unit:
        outcome = Outcome(verdict="submitted", phase="data", code=250, text="250 for 999900006")
        assert unit.attempts.record_all([(under_way, outcome)]) == [None]
    with store.view(now=NOW) as view:
        (attempt,) = view.outbox.attempts(1)
        assert (attempt.verdict, attempt.code, attempt.text) == ("submitted", 250, None)


@pytest.mark.postgres
def test_who_holds_a_document_of_a_dossier_and_wants_its_key_is_let_go_first(
    postgres_url: str, master: MasterKey
) -> None:
    """Each would wait for the other: destruction gives way, begins anew, and takes what was written meanwhile."""
    with Store.open(emptied(postgres_url), master) as store, Store.open(postgres_url, master, node="b") as other:
        fill(store, "d1")
        with ThreadPoolExecutor(1) as pool:
            with store.unit(now=NOW, actor="flow") as unit:
                unit.dossiers.keep("d1", NOW + timedelta(days=1))  # as when something happens in it
                gone = pool.submit(_destroyed, other, "d1")
                until_waiting(other, 1)
                unit.records.add_event("plan", "d1", "begonnen", {"b": 2})
                unit.records.add("verslag", "late", {"a": 1}, dossier="d1")
            assert (gone.result(timeout=60).records, gone.result().values) == (2, 8)
        with store.view(now=NOW) as view:
            assert view.dossiers.known(["d1"]) == []
            assert view.audit.verify().broken_at is None


@pytest.mark.postgres
def test_who_holds_one_message_of_a_dossier_and_wants_another_is_let_go_first(
    postgres_url: str, master: MasterKey
) -> None:
    """A worker writes outcomes of many messages in one commit, in an order of its own."""
    with Store.open(emptied(postgres_url), master) as store, Store.open(postgres_url, master, node="b") as other:
        put(store, *(message(number, dossier="d1") for number in (1, 2)))
        first, second = claim(store)
        with ThreadPoolExecutor(1) as pool:
            with store.unit(now=NOW, actor="worker") as unit:
                assert unit.attempts.start_all([second]) == {second.shipment.envelope_id}
                gone = pool.submit(_destroyed, other, "d1")
                until_waiting(other, 1)
                assert unit.attempts.start_all([first]) == {first.shipment.envelope_id}
            assert gone.result(timeout=60).outgoing == 2
        with store.unit(now=NOW, actor="worker") as unit:
            outcome = Outcome(verdict="submitted", phase="data", code=250, text="250 for 999900006")
            unit.attempts.record_all([(first, outcome), (second, outcome)])
        with store.view(now=NOW) as view:
            assert [view.outbox.is_kept(number) for number in (1, 2)] == [False, False]
            assert {each.text for number in (1, 2) for each in view.outbox.attempts(number)} == {None}


@pytest.mark.postgres
def test_a_dossier_in_which_somebody_works_all_the_time_is_left_with_a_sentence(
    postgres_url: str, master: MasterKey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It stays whole and is not listed, for what happens in it begins its term anew; the others go now."""
    monkeypatch.setattr(upkeep, "WAYS_GIVEN", 2)
    monkeypatch.setattr(upkeep, "AFTER_WAY", 0)
    monkeypatch.setattr(Store, "clean", lambda *_, **__: None)  # it would wait for the same, whole tables of it
    ledger = tmp_path / "destroyed.txt"
    with Store.open(emptied(postgres_url), master) as store, Store.open(postgres_url, master, node="b") as other:
        fill(store, "d1")
        fill(store, "d2")
        with store.unit(now=NOW, actor="flow") as unit:
            unit.dossiers.keep("d1", NOW + timedelta(days=1))
            with pytest.raises(StoreDown, match="1 of 2 dossiers"):
                destroy(other, ["d1", "d2"], ledger, now=NOW, actor="archivaris", ground="term is over")
        with store.view(now=NOW) as view:
            assert view.dossiers.known(["d1", "d2"]) == ["d1"]
            assert view.audit.verify().broken_at is None
        assert [line.split()[0] for line in ledger.read_text().splitlines()] == ["d2"]
        assert upkeep.destroy_again(store, ledger, now=NOW) == 0


def test_a_dossier_in_which_something_happened_after_it_was_chosen_is_kept(store: Store, tmp_path: Path) -> None:
    """Its term began anew; nor does the next start destroy it."""
    ledger = tmp_path / "destroyed.txt"
    for name in ("d1", "d2", "d3"):
        fill(store, name)
    with store.unit(now=NOW - timedelta(days=2), actor="flow") as unit:
        for name in ("d1", "d2"):
            unit.dossiers.keep(name, NOW - timedelta(days=1))
    with store.unit(now=NOW, actor="flow") as unit:
        chosen = unit.dossiers.expired()
        unit.dossiers.touch("d1", NOW + timedelta(days=5000))
    how: dict[str, Any] = {"now": NOW, "actor": "archivaris", "ground": "term is over", "past_term": True}
    assert len(destroy(store, [*chosen, "d3", "d9"], ledger, **how)) == 1
    assert upkeep.destroy_again(store, ledger, now=NOW) == 0
    with store.view(now=NOW) as view:
        assert view.dossiers.known(["d1", "d2", "d3", "d9"]) == ["d1", "d3"]


def test_what_is_listed_and_not_committed_is_destroyed_by_the_next_start(store: Store, tmp_path: Path) -> None:
    """A crash between the two: a copy that is put back must not bring it back (SM-148)."""
    ledger = tmp_path / "destroyed.txt"
    fill(store, "d1")

    def crash(_: object) -> None:
        raise KeyboardInterrupt

    sa.event.listen(store._engine, "commit", crash)
    with pytest.raises(KeyboardInterrupt):
        destroy(store, ["d1"], ledger, now=NOW, actor="archivaris", ground="term is over")
    sa.event.remove(store._engine, "commit", crash)
    with store.view(now=NOW) as view:
        assert view.dossiers.known(["d1"]) == ["d1"]
    assert upkeep.destroy_again(store, ledger, now=NOW) == 1


def _destroyed(store: Store, dossier: str) -> Destroyed:
    def one(unit: Unit, name: str) -> list[Destroyed]:
        return [upkeep._destroyed(unit, name, "term is over")]

    gone = upkeep._destroy(store, dossier, NOW, "archivaris", one)
    assert gone
    return gone[0]


def _destroy(store: Store, dossier: str) -> Destroyed:
    with store.unit(now=NOW, actor="archivaris") as unit:
        return unit.dossiers.destroy(dossier)


def _add(store: Store, name: str) -> None:
    with store.unit(now=NOW, actor="flow") as unit:
        unit.records.add("verslag", name, {"a": 1}, dossier="d1")


def test_nothing_of_a_destroyed_dossier_is_left_in_the_files(tmp_path: Path, master: MasterKey) -> None:
    """SM-147: overwritten in the file, and the log is cut off: not even the key of its wrapped form."""
    path = tmp_path / "gateway.db"
    with Store.open(path, master) as store:
        fill(store, "d1")
        with store.unit(now=NOW, actor="test") as unit:
            blind = unit._sealer.blind("bsn", BSN).encode()
        assert any(blind in file.read_bytes() for file in tmp_path.iterdir())
        destroy(store, ["d1"], tmp_path / "destroyed.txt", now=NOW, actor="archivaris", ground="term is over")
        assert not any(blind in file.read_bytes() for file in tmp_path.iterdir())


def test_a_draft_that_was_withdrawn_goes_in_the_same_clean_up_as_what_was_sealed(store: Store) -> None:
    """It has no wire bytes: as long as each night something else is past its term too, it would never be its turn."""
    fill(store, "d1")
    with store.unit(now=NOW, actor="test") as unit:
        draft = Outgoing(
            message_id="<draft@g>",
            kind="plan",
            partner="zorg",
            channel="smtp",
            sender="a@g.example",
            recipient="b@z.example",
            draft=b"not sealed yet",
        )
        number = unit.outbox.put(draft)
        for each in (1, number):
            unit.outbox.cancel(each, "done")
    later = NOW + timedelta(days=3)
    with store.view(now=later) as view:
        past = view.outbox.count_done(NOW + timedelta(days=1)) + view.inbox.count_done(NOW + timedelta(days=1))
    assert forget_mail(store, NOW + timedelta(days=1), now=later, actor="test") == past
    with store.view(now=later) as view:
        assert view.outbox.draft(number) is None
        assert not view.outbox.is_kept(1)


def test_bytes_of_mail_that_was_done_long_ago_go_and_the_rest_stays(store: Store) -> None:
    """SM-76: what tells a repeat stays for good; open mail is never touched, and nothing is sent or opened again."""
    fill(store, "d1")
    later = NOW + timedelta(days=3)
    with store.unit(now=NOW, actor="test") as unit:
        unit.outbox.cancel(1, "done")
        place = Place(source="imap", account="a", folder="INBOX", uid="loose")
        loose = unit.inbox.add(Raw(place=place, received_at=NOW, data=b"nobody's mail")).id
        unit.inbox.settle(Settled(loose, "quarantined", reason="signer"))
    fill(store, "d2")  # its message is not sent yet
    assert forget_mail(store, NOW, now=later, actor="test") == 0
    assert forget_mail(store, NOW + timedelta(days=1), now=later, actor="test") == 4
    assert forget_mail(store, NOW + timedelta(days=1), now=later, actor="test") == 0
    with store.unit(now=later, actor="test") as unit:
        assert [unit.outbox.is_kept(n) for n in (1, 2)] == [False, True]
        assert unit.outbox.get(1).sha256 == unit.outbox.get(2).sha256
        assert unit.identities.look_up("zorg", "<d1@z>", b"d1").verdict == "duplicate"
        assert unit.berichten.xml(1) == b"<Bericht/>"  # what the mail carried
        with pytest.raises(IllegalMove, match="past their term"):
            unit.inbox.reopen(loose)
        assert unit.inbox.reopen_all(["signer"]) == 0
        (last,) = unit.audit.list(after=unit.audit.head().nr - 1)
        assert (last.action, last.detail) == ("mail_forgotten", '{"messages":4}')
    with store.connection(write=False) as conn:
        days = conn.exec_driver_sql("SELECT name FROM keys WHERE purpose = 'day'").scalars().all()
    assert days == []  # nothing is kept under it any more


def test_dossiers_whose_term_is_over_are_listed(store: Store) -> None:
    """Retention: nothing before its time."""
    with store.unit(now=NOW, actor="flow") as unit:
        unit.dossiers.keep("d1", NOW + timedelta(days=1))
        unit.dossiers.keep("d2", NOW + timedelta(days=3))
        assert (unit.dossiers.expired(), unit.dossiers.count_expired()) == ([], 0)
    with store.view(now=NOW + timedelta(days=3)) as view:
        assert (view.dossiers.expired(limit=1), view.dossiers.count_expired()) == (["d1"], 2)


def test_a_pseudonym_is_random_and_stays(store: Store) -> None:
    """SM-149."""
    with store.unit(now=NOW, actor="flow") as unit:
        first = unit.dossiers.pseudonym("d1")
        assert unit.dossiers.pseudonym("d1") == first
        assert unit.dossiers.pseudonym("d2") != first


@pytest.fixture
def filled(tmp_path: Path, master: MasterKey) -> Path:
    """A folder with a store of two dossiers, its backup, and an empty ledger."""
    with Store.open(tmp_path / "gateway.db", master) as store:
        fill(store, "d1")
        fill(store, "d2")
        with store.unit(now=NOW, actor="other"):  # a writer is busy; the copy does not wait for it
            backup(store, tmp_path / "backup.db")
    (tmp_path / "destroyed.txt").touch()
    return tmp_path


def test_a_backup_of_a_running_store_opens_as_a_store(filled: Path, master: MasterKey) -> None:
    """One file, its owner's alone, never over another."""
    assert (filled / "backup.db").stat().st_mode & 0o077 == 0
    with Store.open(filled / "backup.db", master) as copy, copy.view(now=NOW) as view:
        assert len(view.records.list("plan", dict)) == 2
    with Store.open(filled / "gateway.db", master) as store, pytest.raises(StoreError, match="not overwritten"):
        backup(store, filled / "backup.db")


def test_a_restore_destroys_again_what_was_destroyed_since(filled: Path, master: MasterKey) -> None:
    """SM-148."""
    with Store.open(filled / "gateway.db", master) as store:
        destroy(store, ["d1"], filled / "destroyed.txt", now=NOW, actor="archivaris", ground="term is over")
    target = filled / "restored.db"
    assert restore(filled / "backup.db", target, master, filled / "destroyed.txt", now=NOW) == 1
    with Store.open(target, master) as store, store.view(now=NOW) as view:
        assert [r.sleutel for r in view.records.list("plan", dict)] == ["d2"]
        assert [row.action for row in view.audit.list(after=2)] == ["destroyed", "restored"]


def database(server: str, name: str) -> str:
    """A new, empty database on the server."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


@pytest.mark.postgres
def test_a_running_state_in_postgresql_is_copied_and_put_back(
    postgres_url: str, master: MasterKey, tmp_path: Path
) -> None:
    """SM-148 on a server: while another writes, into an empty database only, and without what was destroyed since."""
    place, ledger, copy = database(postgres_url, "running"), tmp_path / "destroyed.txt", tmp_path / "copy"
    with Store.open(place, master) as store:
        fill(store, "d1")
        fill(store, "d2")
        with store.unit(now=NOW, actor="other") as unit:
            unit.audit.write("under way", "x")  # not committed: not in the copy
            backup(store, copy)
        assert copy.stat().st_mode & 0o077 == 0
        assert BSN.encode() not in copy.read_bytes()
        with pytest.raises(StoreError, match="not overwritten"):
            backup(store, copy)
        destroy(store, ["d1"], ledger, now=NOW, actor="archivaris", ground="term is over")
    with pytest.raises(OpenRefused, match="tables already"):
        restore_server(copy, place, master, ledger, now=NOW)
    fresh = database(postgres_url, "fresh")
    with pytest.raises(OpenRefused, match="list of destroyed dossiers"):
        restore_server(copy, fresh, master, tmp_path / "gone.txt", now=NOW)
    (tmp_path / "broken").write_bytes(copy.read_bytes()[:5000])
    with pytest.raises(StoreError, match="pg_restore failed"):
        restore_server(tmp_path / "broken", fresh, master, ledger, now=NOW)
    assert restore_server(copy, fresh, master, ledger, now=NOW) == 1
    with Store.open(fresh, master) as store, store.view(now=NOW) as view:
        assert [r.sleutel for r in view.records.list("plan", dict)] == ["d2"]
        assert [row.action for row in view.audit.list()] == ["made", "made", "destroyed", "restored"]
        assert view.audit.verify().broken_at is None
    with Store.open(fresh, master) as store, store.unit(now=NOW, actor="test") as unit:
        unit.audit.write("goes on", "x")
        assert unit.audit.head().nr == 5


@pytest.mark.parametrize("what", ["ledger", "key", "target", "corrupt"])
def test_a_restore_is_refused_before_anything_is_there(filled: Path, master: MasterKey, what: str) -> None:
    """Without the list of destroyed dossiers, with another key, over a state, from a damaged file."""
    target = filled / "restored.db"
    if what == "ledger":
        (filled / "destroyed.txt").unlink()
    if what == "target":
        target.write_text("a state")
    if what == "corrupt":
        (filled / "backup.db").write_bytes(b"\xff" * 5000)
    before = sorted(file.name for file in filled.iterdir())
    with pytest.raises(OpenRefused):
        key = MasterKey.generate() if what == "key" else master
        restore(filled / "backup.db", target, key, filled / "destroyed.txt", now=NOW)
    assert sorted(file.name for file in filled.iterdir()) == before


def test_old_and_new_index_keys_are_valid_while_the_index_is_rewritten(place: str, master: MasterKey) -> None:
    """SM-146: found under both, written under the new one by every node; the old one goes when nothing is left."""
    with Store.open(place, master) as store, Store.open(place, master, node="other") as other:
        fill(store, "d1")
        with other.view(now=NOW) as view:  # the other node has used the old key
            assert len(view.records.list("plan", dict, personal={"bsn": BSN})) == 1
            old = view.records._sealer.blind("bsn", BSN)
        store.begin_index(NOW)
        store.begin_index(NOW)  # broken off and begun again
        fill(other, "d2")
        for each in (store, other):
            with each.view(now=NOW) as view:
                assert [r.sleutel for r in view.records.list("plan", dict, personal={"bsn": BSN})] == ["d1", "d2"]
                assert [dossier for _, dossier in view.records.dossiers("bsn", BSN)] == ["d2", "d1"]
        with pytest.raises(StoreError, match="1 rows of record_keys are still under the old index key"):
            store.end_index()
        with store.unit(now=NOW, actor="test") as unit:
            (first, _) = unit.records.list("plan", dict)
            unit.records.reindex(first.id, {"bsn": BSN})
        assert store.end_index() == 2
        for each in (store, other):
            with each.view(now=NOW) as view:
                assert view.records._sealer.blinds("bsn", BSN) == [view.records._sealer.blind("bsn", BSN)] != [old]
                assert len(view.records.list("plan", dict, personal={"bsn": BSN})) == 2


def test_a_new_master_key_opens_what_the_old_one_sealed(place: str, master: MasterKey) -> None:
    """SM-145: every key is wrapped anew; the old master key opens nothing any more."""
    new = MasterKey.generate()
    with Store.open(place, master) as store:
        fill(store, "d1")
        assert store.rewrap(new) == 4  # index, audit, one day, one dossier
        with store.view(now=NOW) as view:
            assert len(view.records.list("plan", dict, personal={"bsn": BSN})) == 1
    with pytest.raises(WrongMasterKey):
        Store.open(place, master)
    with Store.open(place, new) as store, store.view(now=NOW) as view:
        assert view.inbox.raw(1) == b"raw mail of d1"
