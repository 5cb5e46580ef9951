"""Run migrations on the connection, and in the transaction, of the caller."""

from alembic import context

from features.database.all_tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True, transactional_ddl=True
)
context.run_migrations()
