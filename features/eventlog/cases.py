"""Columns of a case on its way into the log."""

import polars as pl

from features.schema import TRANSITION_COLUMNS, Col

MOMENT = pl.Datetime("us", "UTC")

EVENT_SCHEMA = pl.Schema(
    {
        Col.EVENT_ID: pl.String(),
        Col.GRID_ID: pl.String(),
        Col.EVENT_TYPE: pl.String(),
        Col.CATEGORY: pl.String(),
        Col.OCCURRED_AT: MOMENT,
        Col.REPORTED_AT: MOMENT,
        Col.KNOWN_AT: MOMENT,
        Col.DEADLINE_AT: MOMENT,
        Col.SOURCE: pl.String(),
        Col.SELF_FOUND: pl.Boolean(),
        Col.PEOPLE_BUCKET: pl.String(),
        Col.LEVEL: pl.String(),
    }
)
"""The attributes of a case, as they are stored."""

CASE_SCHEMA = pl.Schema(
    {
        **EVENT_SCHEMA,
        **dict.fromkeys(TRANSITION_COLUMNS, MOMENT),
        Col.ROW_NUMBER: pl.Int64(),
        Col.ROW_HASH: pl.String(),
    }
)
"""Columns of `Batch.cases`: the attributes, when each transition happened, and the row of the file with its keyed hash,
which may be null where `Batch.hash_rows` makes it."""

IDENTITY = (Col.EVENT_TYPE, Col.OCCURRED_AT, Col.REPORTED_AT)
"""Fields of a case that cannot change: another value under the same id is a conflict, unless it is only more or less precise."""

CORRECTABLE = (Col.GRID_ID, Col.CATEGORY)
"""Fields of a case that may change: another value is a correction, known from the moment it came."""

CORE = (*CORRECTABLE, *IDENTITY)


def prepare_cases(cases: pl.DataFrame) -> pl.DataFrame:
    """Return cases with exactly the columns of `CASE_SCHEMA`; a case is known from its report on unless it says otherwise."""
    typed = cases.select(pl.col(name).cast(dtype) for name, dtype in CASE_SCHEMA.items())
    return typed.with_columns(pl.col(Col.KNOWN_AT).fill_null(pl.col(Col.REPORTED_AT)))
