"""Covariates in the log: a corrected number is one more, never an overwrite."""

from datetime import UTC, date, datetime

import polars as pl
from sqlalchemy import Engine

from features.database.engine import reading, writing
from features.eventlog.covariates import COVARIATE_SCHEMA, EVERY_GRID, append_covariates, no_covariates, read_covariates
from features.eventlog.sequence import last_sequence

EARLY, LATE = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 9, tzinfo=UTC)
RAIN = ("rain", EVERY_GRID, date(2026, 1, 1), EARLY, 4.5)


def append(engine: Engine, *rows: tuple) -> list[str]:
    with writing(engine) as connection:
        return append_covariates(connection, pl.DataFrame(list(rows), schema=COVARIATE_SCHEMA, orient="row")).to_list()


def read(engine: Engine, through: int) -> list[tuple]:
    with reading(engine) as connection:
        return read_covariates(connection, through).rows()


def test_append_covariates_tells_new_numbers_repeated_ones_and_conflicts(engine: Engine) -> None:
    assert ["accepted"] == append(engine, RAIN)
    assert ["duplicate", "accepted"] == append(engine, RAIN, ("rain", "g1", *RAIN[2:]))
    assert ["conflict"] == append(engine, (*RAIN[:4], 5.0))


def test_append_covariates_number_known_later_stands_beside_the_first(engine: Engine) -> None:
    append(engine, RAIN)
    append(engine, (*RAIN[:3], LATE, 5.0))

    assert [RAIN] == read(engine, 1)
    assert [RAIN, (*RAIN[:3], LATE, 5.0)] == read(engine, 2)


def test_append_covariates_one_batch_takes_one_number_and_nothing_new_none(engine: Engine) -> None:
    append(engine, RAIN, ("rain", "g1", *RAIN[2:]))
    append(engine, RAIN)
    with reading(engine) as connection:
        assert 1 == last_sequence(connection)


def test_no_covariates_has_the_columns_of_those_that_are_read(engine: Engine) -> None:
    with reading(engine) as connection:
        assert no_covariates().equals(read_covariates(connection, 10))
