"""The migrations lead to the schema that the code describes, and nothing else."""

import re
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gateway.store import MasterKey, Store
from gateway.store.database import REVISIONS
from gateway.store.tables import metadata


def _schema(path: Path) -> dict[str, list[str]]:
    """Every table and index, its parts sorted: the order in which constraints are written down does not count."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as conn:
        rows = conn.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        found = {row.name: sorted(re.split(r"[(),]", "".join(row.sql.split()).replace('"', ""))) for row in rows}
    engine.dispose()
    return found


def test_all_migrations_together_make_the_fresh_schema(tmp_path: Path, master: MasterKey) -> None:
    """Habit 19: a migrated database and one made from the tables have the same columns, constraints and indexes."""
    Store.open(tmp_path / "migrated.db", master).close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    metadata.create_all(engine)
    engine.dispose()
    migrated, fresh = _schema(tmp_path / "migrated.db"), _schema(tmp_path / "fresh.db")
    del migrated["alembic_version"]
    assert migrated == fresh


def test_alembic_sees_no_difference_either(store: Store, place: str) -> None:
    """The comparison that writes the next migration has nothing to write."""
    engine = sa.create_engine(place if "://" in place else f"sqlite:///{place}")
    with engine.connect() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
    engine.dispose()


def test_the_program_knows_every_migration_of_its_folder() -> None:
    """`REVISIONS` decides what is newer than the program without reading the folder at each start."""
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    script = ScriptDirectory.from_config(config)
    assert [revision.revision for revision in script.walk_revisions()][::-1] == list(REVISIONS)
