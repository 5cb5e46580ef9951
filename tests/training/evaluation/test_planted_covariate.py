"""A covariate that drives escalations is found by the model; one that does not is not worth anything."""

import json
from dataclasses import replace

import numpy as np
import pytest

from features.facts.facts import Covariates
from tests.support.trained_worlds import FAST, draw_facts, make_panel, place_rates, weekly
from training.evaluation.backtest import backtest
from training.learning.folds import Gap
from training.train import fit_all

GRIDS, DAYS = 40, 500


@pytest.fixture(scope="module")
def facts():
    """Return forty grids in which a number known by the day before triples the rate."""
    rng = np.random.default_rng(7)
    active = np.repeat(rng.random((DAYS // 28 + 1, GRIDS)) < 0.3, 28, axis=0)[:DAYS]
    rates = np.clip(place_rates(GRIDS, 2), 0.01, None) * np.where(active, 4.0, 0.5)
    drawn = draw_facts(rates, DAYS, 5)
    grid, day = np.meshgrid(np.arange(GRIDS, dtype=np.int32), np.arange(DAYS - 1, dtype=np.int32), indexing="ij")
    count = grid.size
    planted = active[day + 1, grid].astype(np.float64).ravel()
    noise = np.round(rng.normal(size=count) * 1024) / 1024
    order = np.argsort(np.tile(grid.ravel(), 2), kind="stable")
    rows = Covariates(
        np.tile(grid.ravel(), 2)[order],
        np.repeat([0, 1], count).astype(np.int16)[order],
        np.tile(day.ravel(), 2)[order],
        np.concatenate([noise, planted])[order],
    )
    return replace(drawn, covariate_names=("noise", "strain"), covariates=rows)


def gain_by_column(fitted):
    columns = json.loads(fitted.files()["features.json"])["new"]["names"]
    new = next(part for part in fitted.parts if part.part == "new")
    return dict(zip(columns, new.trees.feature_importance("gain").tolist(), strict=True))


def test_planted_covariate_is_used_and_makes_the_model_better(facts):
    panel = make_panel(facts, weekly(DAYS))

    gain = gain_by_column(fit_all(facts, panel, Gap(14, 0), FAST.model))
    with_it, without_it = (
        backtest(facts, panel, Gap(14, 0), FAST.backtest, model).overall.models["lightgbm"]["poisson_deviance"]
        for model in (FAST.model, FAST.model.leaving_out(["covariates"]))
    )

    covariates = {name: value for name, value in gain.items() if name.startswith(("strain", "noise"))}
    assert max(covariates, key=covariates.__getitem__).startswith("strain_mean_grid")
    assert sum(value for name, value in covariates.items() if name.startswith("strain")) > sum(gain.values()) / 4
    assert with_it < 0.95 * without_it
