"""Runs migrations on the connection it is handed; there is no offline mode and no configuration file."""

from alembic import context

from gateway.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # true for SQLite too: we say BEGIN ourselves
)
context.run_migrations()
