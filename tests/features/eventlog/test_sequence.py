"""The counter row that gives sequence numbers."""

from sqlalchemy import Engine

from features.database.engine import reading, writing
from features.eventlog.sequence import advance_grids, advance_sequence, grids_version, last_sequence, lock_sequence


def test_last_sequence_of_an_empty_log_is_nought(engine: Engine) -> None:
    with reading(engine) as connection:
        assert 0 == last_sequence(connection)


def test_advance_sequence_that_is_rolled_back_leaves_no_hole(engine: Engine) -> None:
    with writing(engine) as connection:
        advance_sequence(connection, lock_sequence(connection) + 3)
        connection.rollback()
    with writing(engine) as connection:
        assert 0 == lock_sequence(connection)


def test_advance_grids_changes_its_own_number_only(engine: Engine) -> None:
    with writing(engine) as connection:
        before = grids_version(connection)
        advance_grids(connection)
        advance_grids(connection)

    with reading(engine) as connection:
        assert (before + 2, 0) == (grids_version(connection), last_sequence(connection))
