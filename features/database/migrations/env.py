"""Run migrations on the connection, and in the transaction, of the caller."""

from alembic import context

import features.database.access_tables
import features.database.undertaking_tables  # noqa: F401 - adds its tables to the MetaData
from features.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True, transactional_ddl=True
)
context.run_migrations()
