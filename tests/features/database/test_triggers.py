"""Triggers that keep tables append-only: one that is gone, or does something else, is noticed."""

import pytest
from sqlalchemy import Engine, text

from features.database.engine import writing
from features.database.triggers import missing_guards

NAME = "audit_refuses_DELETE"


def test_missing_guards_of_a_new_database_are_none(engine: Engine) -> None:
    assert [] == missing_guards(engine)


def drop(engine: Engine) -> None:
    where = "" if engine.dialect.name == "sqlite" else " ON audit"
    with writing(engine) as connection:
        connection.execute(text(f"DROP TRIGGER {NAME}{where}"))


def test_missing_guards_name_a_trigger_that_was_dropped(engine: Engine) -> None:
    drop(engine)

    assert [NAME] == [NAME for name in missing_guards(engine) if name.lower() == NAME.lower()]
    assert 1 == len(missing_guards(engine))


@pytest.mark.dialect("sqlite")
def test_missing_guards_name_a_trigger_of_other_words(engine: Engine) -> None:
    drop(engine)
    with writing(engine) as connection:
        connection.execute(
            text(f"CREATE TRIGGER {NAME} BEFORE DELETE ON audit WHEN 0 BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END")
        )

    assert [NAME] == missing_guards(engine)


@pytest.mark.dialect("postgresql")
def test_missing_guards_name_a_trigger_that_was_switched_off(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text(f"ALTER TABLE audit DISABLE TRIGGER {NAME.lower()}"))

    assert [NAME.lower()] == missing_guards(engine)


def test_missing_guards_further_triggers_are_nobody_s_business(engine: Engine) -> None:
    statement = "CREATE TRIGGER of_somebody AFTER INSERT ON visit BEGIN SELECT 1; END"
    if engine.dialect.name != "sqlite":
        statement = "CREATE TRIGGER of_somebody AFTER INSERT ON visit EXECUTE FUNCTION refuse_change()"
    with writing(engine) as connection:
        connection.execute(text(statement))

    assert [] == missing_guards(engine)
