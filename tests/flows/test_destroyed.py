"""SM-147: of a destroyed dossier nothing is left in the files of the database but what names nobody.

A whole case is played, from the plan over sealed mail to the answer on the declaration; then both sides destroy it.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.app import App
from gateway.demo import story
from gateway.flows.history import places
from gateway.store import Store
from gateway.store.moving import move_state
from gateway.store.tables import dossiers, inbox, keys, sealed
from gateway.store.upkeep import destroy

from .conftest import Pair

ROLES = ("gemeente", "aanbieder")


@pytest.fixture
def played(ordered: Pair) -> Pair:
    """An order that was delivered, declared and answered."""
    ordered.run(story.start, story.declare, story.answer_declaration)
    ordered.settle_now()
    return ordered


def client(pair: Pair) -> list[bytes]:
    """What would name the client or tell of him."""
    traject = pair.traject()
    assert traject is not None
    assert traject.client.bsn
    said = [traject.client.bsn, traject.client.achternaam, traject.client.straatnaam, "<Bericht", "BEGIN:", "Client"]
    return [each.encode() for each in said if each]


def traces(store: Store, now: datetime) -> list[bytes]:
    """Bytes that lie in the files because of these dossiers: keys, values, index values."""
    with store.connection(write=False) as conn:
        found = [row[6:38] for row in conn.scalars(sa.select(keys.c.wrapped).where(keys.c.purpose == "dossier"))]
        raw = (
            sealed.c.field == "inbox.raw",
            sealed.c.row_id.in_(sa.select(inbox.c.id).where(inbox.c.dossier.is_not(None))),
        )
        for query in (
            sa.select(sealed.c.data).where(*raw),
            sa.select(sealed.c.data).join(keys, keys.c.id == sealed.c.key_id).where(keys.c.purpose == "dossier"),
        ):
            for data in conn.scalars(query):
                found += [data[20:52], data[-40:-8]]
    with store.view(now=now) as view:
        from gateway import berichten

        for row in view.berichten.list():
            bericht = berichten.parse(view.berichten.xml(row.id))
            found += [view.berichten._sealer.blind("bericht", key).encode() for key in places(bericht)]
    return list({each for each in found if len(each) >= 16})


def names(store: Store) -> list[str]:
    """Every dossier."""
    with store.connection(write=False) as conn:
        return list(conn.scalars(sa.select(dossiers.c.id)))


def readable(store: Store, now: datetime) -> list[tuple[str, bytes]]:
    """Every value that still opens, with its field."""
    with store.connection(write=False) as conn:
        rows = [(row.field, row.row_id) for row in conn.execute(sa.select(sealed.c.field, sealed.c.row_id))]
    with store.view(now=now) as view:
        return [(field, view.berichten._sealer.get(field, row)) for field, row in rows]


def found_in(needles: list[bytes], files: list[bytes]) -> int:
    """How many of these stand in one of the files."""
    return sum(any(needle in file for file in files) for needle in needles)


def prove(store: Store, files: Callable[[], list[bytes]], pair: Pair, ledger: Path) -> None:
    """The files before and after the destruction of everything that belongs to a client."""
    now, personal, bytes_of = pair.clock(), client(pair), traces(store, pair.clock())
    before = files()
    assert len(bytes_of) > 50
    assert found_in(bytes_of, before) == len(bytes_of)  # the search finds what is there
    assert found_in(personal, before) == 0  # SM-145: nothing lies open in the first place
    gone = destroy(store, names(store), ledger, now=now, actor="person:archivaris", ground="term is over")
    assert sum(each.incoming for each in gone) > 3
    after = files()
    assert found_in(bytes_of, after) == 0
    assert found_in(personal, after) == 0
    left = readable(store, now)
    assert [field for field, value in left if any(word in value for word in personal)] == []
    assert {field for field, _ in left} & {"inbox.raw", "outbox.wire", "outbox.content_key", "berichten.xml"} == set()
    with store.view(now=now) as view:
        assert view.audit.verify().broken_at is None
        assert all(item.message_id and item.submitted_at for item in view.outbox.list(limit=1000))
        assert {row.dossier for row in view.berichten.list()} == {None}


@pytest.mark.parametrize("role", ROLES)
def test_sqlite_files_hold_nothing_of_a_destroyed_case(played: Pair, tmp_path: Path, role: str) -> None:
    """The file and its log; overwritten in place, the log cut off."""
    app: App = played.apps[role]
    folder = app.store.path
    assert folder is not None

    def files() -> list[bytes]:
        return [file.read_bytes() for file in folder.parent.glob(f"{folder.name}*")]

    prove(app.store, files, played, tmp_path / "destroyed.txt")
    with closing(sqlite3.connect(folder)) as base, base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.postgres
def test_postgresql_table_files_hold_nothing_of_a_destroyed_case(played: Pair, server: str, tmp_path: Path) -> None:
    """VACUUM gives room back and leaves the bytes; the tables are written anew without them."""
    app = played.apps["gemeente"]
    folder = Path(sa.engine.make_url(server).query["host"]) / "data" / "base"  # type: ignore[arg-type]
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")

    def files() -> list[bytes]:
        with engine.connect() as conn:
            conn.exec_driver_sql("CHECKPOINT")
            conn.exec_driver_sql("CHECKPOINT")  # files of tables that were written anew go with the next one
        return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]

    from gateway.store import MasterKey

    master = MasterKey.from_file(app.folder / app.settings.keys.master)
    with Store.open(server, master) as store:
        move_state(app.store, store)
        prove(store, files, played, tmp_path / "destroyed.txt")
    engine.dispose()


def test_a_repeat_of_a_destroyed_message_brings_nothing_back(played: Pair, tmp_path: Path) -> None:
    """SM-76 outlives the dossier: still a duplicate, and its bytes are not kept again; no receipt can go once more."""
    store, raw = played.aanbieder.store, played.wire("gemeente", "WMO325")
    destroy(store, names(store), tmp_path / "destroyed.txt", now=played.clock(), actor="test", ground="term")
    sent = len(played.sent("aanbieder", "receipt"))
    item = played.take_in("aanbieder", raw)
    assert (item.state, item.dossier) == ("duplicate", None)
    assert [field for field, _ in readable(store, played.clock()) if field == "inbox.raw"] == []
    assert len(played.sent("aanbieder", "receipt")) == sent
    with store.view(now=played.clock()) as view:
        assert not view.outbox.list(states=["new", "deferred", "sending", "uncertain"])


def test_everything_of_a_case_is_in_its_dossier_and_has_a_term(played: Pair) -> None:
    """Mail that came in, its receipts, what was registered: nothing that names a client is under the key of a day."""
    for role, app in played.apps.items():
        now = played.clock()
        with app.store.view(now=now) as view:
            assert [i.id for i in view.inbox.list(limit=1000) if i.dossier is None] == [], role
            assert [o.kind for o in view.outbox.list(limit=1000) if o.dossier is None] == [], role
            assert [b.soort for b in view.berichten.list() if b.dossier is None] == [], role
            declarations = {b.dossier for b in view.berichten.list() if b.soort in ("WMO323", "WMO325")}
            assert len(declarations) == 1  # of many clients: a dossier of its own
        with app.store.view(now=now + timedelta(days=366 * 7 + 31)) as view:
            assert set(view.dossiers.expired()) == declarations
        with app.store.view(now=now + timedelta(days=366 * 15 + 31)) as view:
            assert set(view.dossiers.expired()) == set(names(app.store))
