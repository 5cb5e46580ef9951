"""Columns of a case on its way into the log."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from features.eventlog.cases import CASE_SCHEMA, prepare_cases

REPORTED = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("known", [None, REPORTED + timedelta(days=3)])
def test_prepare_cases_is_known_from_its_report_unless_it_says_otherwise(known: datetime | None, make_cases) -> None:
    assert [known or REPORTED] == prepare_cases(make_cases({"known_at": known}))["known_at"].to_list()


def test_prepare_cases_has_exactly_the_columns_of_a_case_in_their_order(make_cases) -> None:
    shuffled = make_cases({}).select(reversed(CASE_SCHEMA.names())).with_columns(note=pl.lit("x"))

    assert CASE_SCHEMA == prepare_cases(shuffled).schema


def test_prepare_cases_coarser_times_are_read_in_microseconds(make_cases) -> None:
    coarse = make_cases({}).with_columns(pl.col("occurred_at").cast(pl.Datetime("ms", "UTC")))

    assert [datetime(2026, 1, 1, tzinfo=UTC)] == prepare_cases(coarse)["occurred_at"].to_list()
