"""Covariates in the log: numbers about grids and days, each with the moment from which it was known; never overwritten."""

import polars as pl
from sqlalchemy import Connection, select

from features.database.bulk import among, insert_rows, plain, read_frame
from features.database.tables import covariate
from features.eventlog.sequence import advance_sequence, lock_sequence
from features.schema import Col

EVERY_GRID = ""
"""Stands for all grids."""
KEYS = ("name", "grid_id", "day", "known_at")
COVARIATE_SCHEMA = pl.Schema(
    {"name": pl.String(), Col.GRID_ID: pl.String(), "day": pl.Date(), Col.KNOWN_AT: pl.Datetime("us", "UTC"), "value": pl.Float64()}
)


def no_covariates() -> pl.DataFrame:
    """Return an empty table of covariates."""
    return COVARIATE_SCHEMA.to_frame()


def append_covariates(connection: Connection, rows: pl.DataFrame) -> pl.Series:
    """Store numbers and return for each row "accepted", "duplicate", or "conflict" where another number is stored for that key.

    Args:
        connection: a writing transaction.
        rows: columns of `COVARIATE_SCHEMA`; each key once.
    """
    last = lock_sequence(connection)
    query = select(*plain(covariate.c[tuple(COVARIATE_SCHEMA)])).where(among(connection, covariate.c.grid_id, rows[Col.GRID_ID].unique()))
    known = read_frame(connection, query, COVARIATE_SCHEMA).rename({"value": "stored"})
    stored = rows.join(known, on=KEYS, how="left", maintain_order="left")["stored"]
    outcome = pl.when(stored.is_null()).then(pl.lit("accepted")).when(stored == rows["value"]).then(pl.lit("duplicate"))
    outcomes = pl.select(outcome.otherwise(pl.lit("conflict"))).to_series()
    new = rows.filter(outcomes == "accepted")
    if not new.is_empty():
        insert_rows(connection, covariate, new.with_columns(seq=pl.lit(last + 1)))
        advance_sequence(connection, last + 1)
    return outcomes


def read_covariates(connection: Connection, through: int) -> pl.DataFrame:
    """Return the numbers stored up to sequence number `through`, columns of `COVARIATE_SCHEMA`, ordered by key."""
    query = select(*plain(covariate.c[tuple(COVARIATE_SCHEMA)])).where(covariate.c.seq <= through)
    return read_frame(connection, query, COVARIATE_SCHEMA).sort(KEYS)
