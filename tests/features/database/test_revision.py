"""Revision of the tables, asked for without Alembic."""

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text

from features.database.engine import reading, writing
from features.database.revision import MIGRATIONS, current_revision, newest_revision, up_to_date


def test_newest_revision_is_the_head_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision()]


def test_current_revision_of_a_database_without_tables_is_none() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        assert (None, False) == (current_revision(connection), up_to_date(connection))
    engine.dispose()


@pytest.mark.dialect("sqlite")
def test_up_to_date_tells_an_older_revision_from_the_newest(engine: Engine) -> None:
    with reading(engine) as connection:
        assert up_to_date(connection)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert ("0001", False) == (current_revision(connection), up_to_date(connection))
