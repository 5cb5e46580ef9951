"""Peers learn from the rows of a fold alone, read what any model may read, and a missing package is told in one line."""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from features.panel.feature import Use
from tests.support.trained_worlds import FAST, GAP, draw_facts, make_panel, place_rates, weekly
from training.evaluation import peers
from training.evaluation.backtest import backtest, set_stage
from training.evaluation.fold_runner import by_peer
from training.evaluation.peers import LEARNERS, fit_negative_binomial, installed, readable_columns
from training.rivals import PEERS

DAYS = 400
ALL = FAST.model_copy(update={"backtest": FAST.backtest.model_copy(update={"peers": PEERS})})
PRESENT = [name for name in PEERS if LEARNERS[name].package is None or find_spec(LEARNERS[name].package)]


@pytest.fixture(scope="module")
def facts():
    return draw_facts(place_rates(40, seed=1), DAYS, seed=2)


@pytest.fixture(scope="module")
def result(facts):
    return backtest(facts, make_panel(facts, weekly(DAYS)), GAP, ALL.backtest, ALL.model)


def test_learners_are_the_named_peers():
    assert list(PEERS) == list(LEARNERS)


@pytest.mark.parametrize("name", PRESENT)
def test_peer_is_judged_on_the_rows_of_the_model(result, name):
    report = json.loads(json.dumps(result.to_json(), allow_nan=False))

    assert report["models"].keys() >= {"lightgbm", name}
    assert report["models"][name]["auc"] > 0.55
    assert abs(result.predictions[f"expected_{name}"].mean() / result.predictions["count"].mean() - 1) < 0.3
    assert report["differences"][name]["poisson_deviance"]["ci95"] is not None


@pytest.mark.parametrize("name", PRESENT)
def test_peer_again_gives_the_same_expectations(facts, name):
    rows = np.random.default_rng(3).normal(size=(500, 4)).astype(np.float32)
    counts = np.random.default_rng(4).poisson(np.exp(rows[:, 0] / 2 - 1)).astype(np.float64)
    first, again = (LEARNERS[name].fit(rows, counts, 2)(rows) for _ in range(2))

    assert np.array_equal(first, again)
    assert np.corrcoef(first, rows[:, 0])[0, 1] > 0.5


@pytest.mark.filterwarnings("error")
def test_peer_that_finds_no_split_expects_the_mean_everywhere():
    facts = draw_facts(np.full(3, 1 / 10), 300, seed=8)
    stage, (fold, *_) = set_stage(facts, make_panel(facts, weekly(300)), GAP, FAST.backtest, FAST.model)

    said = by_peer("plain_lightgbm", stage.seen_by(fold), stage.panel.at(fold.test), FAST.model)

    assert len(np.unique(said.expected)) == 1
    assert np.isfinite(said.risk).all()


def test_backtest_by_default_shows_plain_lightgbm_alone(facts):
    report = backtest(facts, make_panel(facts, weekly(DAYS)), GAP, FAST.backtest, FAST.model).to_json()

    assert [name for name in PEERS if name in report["models"]] == ["plain_lightgbm"]


def test_installed_missing_package_is_one_line(monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda package: None if package == "xgboost" else object())

    assert installed(PEERS) == (
        ("plain_lightgbm", "catboost", "glm", "negative_binomial"),
        ["peer xgboost is left out: package xgboost is not installed. `pip install 'yujing[peers]'` brings it."],
    )


def test_readable_columns_hold_no_column_that_no_model_may_read(facts):
    panel = make_panel(facts, weekly(DAYS))
    columns = set(readable_columns(panel, FAST.model))

    assert not columns & {feature.name for feature in panel.features if feature.use in (Use.SHOWN_ONLY, Use.NEVER)}
    assert columns < set(panel.names)
    assert columns - set(readable_columns(panel, FAST.model.leaving_out(["trends"]))) == {
        feature.name for feature in panel.features if feature.family == "trends"
    }


def test_regressions_are_not_led_astray_by_values_never_seen():
    rows = np.random.default_rng(5).normal(size=(400, 2)).astype(np.float32)
    counts = np.random.default_rng(6).poisson(np.exp(rows[:, 0] - 1)).astype(np.float64)
    beyond = np.array([[1e6, np.nan]], np.float32)

    for name in ("glm", "negative_binomial"):
        rate = LEARNERS[name].fit(rows, counts, 1)
        assert rate(beyond)[0] <= rate(rows).max() * 2


def test_negative_binomial_finds_rate_and_spread_of_what_was_drawn():
    generator = np.random.default_rng(7)
    rows = generator.normal(size=(20_000, 2))
    mean = np.exp(0.5 * rows[:, 0] - 1)
    counts = generator.poisson(mean * generator.gamma(0.8, 1 / 0.8, len(mean))).astype(np.float64)

    fitted = fit_negative_binomial(rows, counts, penalty=0.0)

    assert np.abs(fitted.coefficients - [0.5, 0.0]).max() < 0.05
    assert abs(fitted.intercept + 1) < 0.05
    assert abs(fitted.dispersion - 0.8) < 0.1
