"""The record of which model was in use when, as the API may read it: without the code that trains or verifies models."""

from sqlalchemy import Engine, RowMapping, select

from features.database.engine import reading
from features.database.tables import model_publication

COLUMNS = tuple(column for column in model_publication.c if column.name != "id")


def publications(engine: Engine) -> list[RowMapping]:
    """Return every promotion and rollback, the newest first."""
    with reading(engine) as connection:
        return list(connection.execute(select(*COLUMNS).order_by(model_publication.c.id.desc())).mappings())
