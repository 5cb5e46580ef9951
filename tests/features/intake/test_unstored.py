"""Cases of a file as a log of their own."""

from datetime import UTC, date, datetime

import polars as pl
from polars.testing import assert_frame_equal

from features.database.engine import writing
from features.eventlog.append import Moment
from features.eventlog.covariates import COVARIATE_SCHEMA, append_covariates
from features.eventlog.feeds import FeedSpec
from features.intake.unstored import UnstoredCases, snapshot_of_cases
from features.schema import Col

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_snapshot_of_cases_has_the_covariates_of_the_log_and_the_records_of_the_file_alone(engine, make_cases):
    rain = pl.DataFrame([("rain", "", date(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC), 4.0)], COVARIATE_SCHEMA, orient="row")
    with writing(engine) as connection:
        append_covariates(connection, rain)
    paths = pl.DataFrame(schema={Col.GRID_ID: pl.String(), Col.PARENT_PATH: pl.String()})

    snapshot, _ = snapshot_of_cases(engine, UnstoredCases(make_cases({}), paths, "feed", FeedSpec(), Moment(NOW, "UTC")))

    assert_frame_equal(rain, snapshot.covariates)
    assert 1 == len(snapshot.records) == snapshot.sequence
