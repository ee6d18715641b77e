"""A store on every database that is supported, a clock that stands still, and messages to put in.

The whole suite is a contract: the same tests run on SQLite and, where a server can be started, on PostgreSQL.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.store import MasterKey, Place, Store
from gateway.store.database import _migrate
from gateway.store.tables import metadata
from tests import postgres

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def at(uid: str, folder: str = "INBOX") -> Place:
    """A place in a mailbox."""
    return Place(source="imap", account="wmo@gemeente.example", folder=folder, uid=uid)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server for the whole session, with one migrated database that each test finds empty."""
    if (reason := postgres.missing()) is not None:
        pytest.skip(reason)
    with postgres.server() as url:
        engine = sa.create_engine(url)
        _migrate(engine)
        engine.dispose()
        yield url


@pytest.fixture
def master() -> MasterKey:
    """A master key of this test."""
    return MasterKey.generate()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new database may be made: a file or a URL."""
    if request.param == "sqlite":
        return str(tmp_path / "gateway.db")
    return emptied(request.getfixturevalue("postgres_url"))


_LANGUAGES = "SELECT count(*) FROM pg_collation WHERE collprovider = 'i'"


@contextmanager
def speaking(url: str, language: str) -> Iterator[str]:
    """The URL of a database on this server that sorts as a language does, gone afterwards."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as conn:
        version = conn.dialect.server_version_info
        if version is None or version < (15,) or not conn.scalar(sa.text(_LANGUAGES)):
            pytest.skip("this server has no languages")
        how = f"TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE '{language}'"
        conn.execute(sa.text(f"CREATE DATABASE spoken {how}"))
    try:
        yield sa.make_url(url).set(database="spoken").render_as_string(hide_password=False)
    finally:
        with engine.connect() as conn:
            conn.execute(sa.text("DROP DATABASE spoken"))
        engine.dispose()


def emptied(url: str) -> str:
    """The server's database without what an earlier test left in it, or let the server count."""
    engine = sa.create_engine(url)
    with engine.begin() as conn:
        names = ", ".join(table.name for table in metadata.sorted_tables)
        conn.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        conn.execute(sa.text("DELETE FROM pg_statistic WHERE starelid >= 16384"))
    engine.dispose()
    return url


@pytest.fixture
def store(place: str, master: MasterKey) -> Iterator[Store]:
    """An open store on a new database."""
    with Store.open(place, master, node="node-a") as opened:
        yield opened


def until_waiting(store: Store, sessions: int) -> None:
    """Until so many sessions wait for another's lock."""
    waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    for _ in range(2400):
        with store.view(now=NOW) as view:
            if view._conn.scalar(waiting) == sessions:
                return
        time.sleep(0.025)
    raise TimeoutError("nobody waits")
