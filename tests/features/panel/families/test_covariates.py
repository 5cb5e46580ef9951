"""Covariates in the panel: means of what was known by then, and of nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from features.days import to_date
from features.eventlog.covariates import COVARIATE_SCHEMA
from features.facts.facts import place_covariates
from features.settings import DisplayName
from tests.support.trained_worlds import FAST, draw_facts, make_panel, place_rates

ZONE = "Asia/Shanghai"
GRIDS, DAYS = 6, 120


def known_on(day, hour=12):
    """Return a moment on a local day."""
    return datetime.combine(to_date(day), datetime.min.time(), UTC) + timedelta(hours=hour - 8)


def table(*rows):
    """Return a table of covariates from (name, grid_id, day it became known, value)."""
    return pl.DataFrame(
        [(name, grid, to_date(day), known_on(day), value) for name, grid, day, value in rows], COVARIATE_SCHEMA, orient="row"
    )


@pytest.fixture(scope="module")
def facts():
    return draw_facts(place_rates(GRIDS, 1), DAYS, 1)


def with_covariates(facts, rows):
    names, placed = place_covariates(rows, facts.places.grid_ids, ZONE)
    return replace(facts, covariate_names=names, covariates=placed)


def test_mean_is_of_what_became_known_in_the_window(facts):
    known = with_covariates(facts, table(("rain", "g001", 50, 2.0), ("rain", "g001", 56, 4.0), ("rain", "g001", 40, 9.0)))

    panel = make_panel(known, np.array([57, 63], np.int32))

    assert [3.0, 4.0] == panel.column("rain_mean_grid_7d")[:, 1].tolist()
    assert [5.0, 5.0] == panel.column("rain_mean_grid_28d")[:, 1].tolist()
    assert bool(np.isnan(panel.column("rain_mean_grid_7d")[:, 0]).all())


def test_number_known_a_day_late_is_not_used_a_day_early(facts):
    panel = make_panel(with_covariates(facts, table(("rain", "g001", 60, 5.0))), np.array([60, 61], np.int32))

    early, then = panel.column("rain_mean_grid_7d")[:, 1].tolist()
    assert np.isnan(early)
    assert 5.0 == then


def test_number_of_every_grid_counts_in_each(facts):
    panel = make_panel(with_covariates(facts, table(("rain", "", 60, 5.0))), np.array([61], np.int32))

    assert [5.0] * GRIDS == panel.column("rain_mean_grid_7d")[0].tolist()


def test_number_of_a_grid_that_is_gone_is_left_out(facts):
    names, placed = place_covariates(table(("rain", "gone", 60, 5.0)), facts.places.grid_ids, ZONE)

    assert ((), 0) == (names, len(placed.grid))


@pytest.mark.parametrize("late", [0, 1, 9])
def test_numbers_from_an_as_of_on_change_nothing_before_it(facts, late):
    """Scramble the future: what became known on or after the as_of."""
    rng = np.random.default_rng(3)
    rows = [("rain", f"g{grid:03}", day, float(rng.normal())) for grid in range(GRIDS) for day in range(20, 100)]
    as_of = 70
    scrambled = [(name, grid, day, value if day < as_of + late else 1000.0 + value) for name, grid, day, value in rows]

    before, after = (make_panel(with_covariates(facts, table(*given)), np.array([as_of], np.int32)) for given in (rows, scrambled))

    assert np.array_equal(before.values, after.values, equal_nan=True)


def test_scrambling_what_was_known_does_change_it(facts):
    """The test above means something only if numbers are read at all."""
    before, after = (make_panel(with_covariates(facts, table(("rain", "g001", 69, v))), np.array([70], np.int32)) for v in (1.0, 2.0))

    assert not np.array_equal(before.values, after.values, equal_nan=True)


def test_one_as_of_or_many_and_small_blocks_give_the_same_bits(facts):
    rng = np.random.default_rng(4)
    known = with_covariates(
        facts, table(*[("rain", f"g{grid:03}", day, float(rng.normal())) for grid in range(GRIDS) for day in range(9, 99)])
    )
    as_ofs = np.arange(30, 100, 7, dtype=np.int32)
    small = FAST.model_copy(update={"panel": FAST.panel.model_copy(update={"block_cells": 1})})

    whole = make_panel(known, as_ofs)

    assert np.array_equal(whole.values, make_panel(known, as_ofs, small).values, equal_nan=True)
    alone = [make_panel(known, as_ofs[place : place + 1]).column("rain_mean_grid_28d")[0] for place in range(len(as_ofs))]
    assert np.array_equal(whole.column("rain_mean_grid_28d"), np.stack(alone), equal_nan=True)


def test_words_are_those_of_the_settings(facts):
    named = FAST.model_copy(update={"covariates": {"rain": DisplayName(zh="降雨量（毫米）", en="rain in mm")}})

    panel = make_panel(with_covariates(facts, table(("rain", "", 60, 5.0))), np.array([61], np.int32), named)

    feature = next(feature for feature in panel.features if feature.name == "rain_mean_grid_28d")
    assert ("近28天降雨量（毫米）均值{n}", "rain in mm {n} on average in 28 days") == (feature.zh, feature.en)


def test_log_without_covariates_has_no_columns_of_them(facts):
    panel = make_panel(facts, np.array([61], np.int32))

    assert [] == [feature.name for feature in panel.features if feature.family == "covariates"]


def test_known_day_is_the_local_one(facts):
    rows = pl.DataFrame([("rain", "g001", date(1970, 3, 2), datetime(1970, 3, 1, 17, tzinfo=UTC), 1.0)], COVARIATE_SCHEMA, orient="row")

    _, placed = place_covariates(rows, facts.places.grid_ids, ZONE)

    assert date(1970, 3, 2) == to_date(int(placed.known_day[0]))
