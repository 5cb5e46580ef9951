from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from features.schema import CASE_OPTIONAL, CASE_REQUIRED, DISPUTE_CATEGORIES, GRID_REQUIRED, Col
from serving.cli.sample import Sample, make_sample

LAST = date(2026, 5, 31)
MIDNIGHT_AFTER = datetime.fromisoformat("2026-06-01")


def sample(seed: int = 1) -> Sample:
    return make_sample(LAST, days=200, grids=12, rng=np.random.default_rng(seed))


def test_make_sample_same_seed_gives_the_same_files() -> None:
    assert sample().cases.equals(sample().cases)
    assert sample().grids.equals(sample().grids)
    assert not sample(seed=2).cases.equals(sample().cases)


def test_make_sample_has_the_flat_columns() -> None:
    made = sample()

    assert set(CASE_REQUIRED) <= set(made.cases.columns) <= {*CASE_REQUIRED, *CASE_OPTIONAL}
    assert list(GRID_REQUIRED) == made.grids.columns
    assert set(made.cases[Col.CATEGORY]) <= set(DISPUTE_CATEGORIES)
    assert set(made.cases[Col.GRID_ID]) <= set(made.grids[Col.GRID_ID])
    assert made.cases[Col.EVENT_ID].is_unique().all()


@pytest.mark.parametrize("column", [Col.REPORTED_AT, Col.ESCALATED_AT, Col.RESOLVED_AT])
def test_make_sample_tells_nothing_of_the_days_after(column: str) -> None:
    assert sample().cases[column].max() < MIDNIGHT_AFTER  # type: ignore[operator]


def test_make_sample_escalates_before_it_resolves() -> None:
    escalated = sample().cases.drop_nulls([Col.ESCALATED_AT, Col.RESOLVED_AT])

    assert not escalated.is_empty()
    assert (
        escalated.select((pl.col(Col.REPORTED_AT) < pl.col(Col.ESCALATED_AT)) & (pl.col(Col.ESCALATED_AT) < pl.col(Col.RESOLVED_AT)))
        .to_series()
        .all()
    )
