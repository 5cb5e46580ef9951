"""Upper bounds stand beside the models, measured like them, and only where they are what they claim to be."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.errors import UsageError
from training.evaluation.backtest import BacktestResult, judge
from training.evaluation.metrics import METRICS
from training.evaluation.oracle import add_oracle, gaps
from training.evaluation.predictions import EXPECTED, RISK, SUBSETS, SURGE
from training.rivals import BOUNDS, KNOWABLE, ORACLE
from training.settings import BacktestSettings

GRIDS, AS_OFS = 40, 12
SETTINGS = BacktestSettings(bootstrap_draws=40)
RATES = np.random.default_rng(1).gamma(0.5, 0.2, (AS_OFS, GRIDS))
"""Expected counts: much in few grids."""
TOLD = RATES**0.8 * RATES.mean() ** 0.2
"""The part of it that a log tells."""


def result(seed: int = 2, horizon_days: int = 14) -> BacktestResult:
    """Return a backtest whose model knows half of what can be known and whose baseline knows nothing."""
    rng = np.random.default_rng(seed)
    said = {"lightgbm": np.sqrt(RATES * RATES.mean()), "count_90d": rng.gamma(2.0, 0.05, RATES.shape)}
    columns = {
        "as_of": np.repeat(np.datetime64("2025-01-01") + 7 * np.arange(AS_OFS), GRIDS),
        "grid_id": np.tile([f"g{number:02}" for number in range(GRIDS)], AS_OFS),
        "block": np.repeat(np.arange(AS_OFS), GRIDS),
        "count": rng.poisson(RATES).astype(np.float64).ravel(),
        "usual_count": 0.1,
        "threshold": 2.0,
        "due": False,
        **dict.fromkeys(SUBSETS, False),
        "onset": np.tile(np.arange(GRIDS) < 30, AS_OFS),
    }
    for name, expected in said.items():
        columns |= {EXPECTED + name: expected.ravel(), RISK + name: 1 - np.exp(-expected.ravel()), SURGE + name: expected.ravel() / 10}
    predictions = pl.DataFrame(columns)
    overall, parts = judge(predictions, SETTINGS)
    return BacktestResult("escalation", horizon_days, 20_200, 7, predictions, overall, parts, [], {})


def write_truth(folder: Path, table: pl.DataFrame) -> Path:
    rates = {"escalation": RATES, "escalation_knowable": TOLD}
    columns = [pl.Series(name, values.ravel().astype(np.float32)) for name, values in rates.items()]
    expected = table.select("as_of", "grid_id", *columns, strict=pl.lit(0.0), strict_knowable=pl.lit(0.0))
    expected.sample(fraction=1.0, shuffle=True, seed=1).write_parquet(folder / "expected.parquet")
    return folder


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    return write_truth(tmp_path, result().predictions)


def test_add_oracle_is_measured_like_a_model_that_said_the_truth(truth: Path) -> None:
    plain = result()
    spoken = plain.predictions
    for bound, rates in ((ORACLE, RATES), (KNOWABLE, TOLD)):
        exact = pl.Series(rates.ravel().astype(np.float32).astype(np.float64))
        spoken = spoken.with_columns(exact.alias(EXPECTED + bound), (1 - (-exact).exp()).alias(RISK + bound))
    overall, parts = judge(spoken, SETTINGS)

    judged = add_oracle(plain, truth, SETTINGS)

    assert overall.models == judged.overall.models
    assert parts["onset"].models == judged.subsets["onset"].models
    for bound in BOUNDS:
        assert sorted([*METRICS, "ci95"]) == sorted(judged.to_json()["models"][bound])


def test_add_oracle_leaves_the_gate_alone(truth: Path) -> None:
    """No model has to beat what could be known."""
    assert ["count_90d"] == list(add_oracle(result(), truth, SETTINGS).to_json()["differences"])


@pytest.mark.parametrize("bound", BOUNDS)
def test_gaps_share_is_the_way_from_the_best_baseline_to_the_bound(truth: Path, bound: str) -> None:
    found = {(gap.rows, gap.metric): gap for gap in gaps(add_oracle(result(), truth, SETTINGS), SETTINGS) if gap.bound == bound}

    gap = found["all", "ap"]
    low, own, high = gap.values
    assert "count_90d" == gap.baseline
    assert low < own <= high
    assert pytest.approx((own - low) / (high - low)) == gap.share
    assert gap.ci95 is not None
    assert gap.ci95[0] <= gap.share <= gap.ci95[1]
    assert {("all", "hit@5%"), ("onset", "auc"), ("onset", "hit@5%")} <= found.keys()
    assert ("onset", "ap") not in found


def test_gaps_without_a_lead_of_the_oracle_have_no_share(tmp_path: Path) -> None:
    """A truth of another district, shuffled over the grids, knows nothing."""
    plain = result()
    shuffled = plain.predictions.with_columns(pl.col("grid_id").shuffle(seed=3).over("as_of"))
    judged = add_oracle(plain, write_truth(tmp_path, shuffled), SETTINGS)

    assert {None} == {gap.share for gap in gaps(judged, SETTINGS) if gap.values[2] <= gap.values[0]} != set()


def test_add_oracle_of_an_older_simulation_is_refused(tmp_path: Path) -> None:
    truth = write_truth(tmp_path, result().predictions) / "expected.parquet"
    pl.read_parquet(truth).drop("escalation_knowable").write_parquet(truth)

    with pytest.raises(UsageError, match="must hold escalation_knowable: an older version simulated it"):
        add_oracle(result(), tmp_path, SETTINGS)


def test_add_oracle_of_another_log_is_refused(truth: Path) -> None:
    """Such as one whose crosswalk was not ingested, in which grids that are no more are still predicted."""
    plain = result()
    old = plain.predictions.with_columns(pl.col("grid_id").replace({"g07": "old"}))
    stale = BacktestResult("escalation", 14, 20_200, 7, old, plain.overall, plain.subsets, [], {})

    with pytest.raises(UsageError, match=r"\['old'\] are not in it.*--crosswalk"):
        add_oracle(stale, truth, SETTINGS)


def test_add_oracle_of_another_horizon_or_place_is_refused(truth: Path, tmp_path: Path) -> None:
    spoken_of = "escalation over 14 days, substantive over 14 days, strict over 28 days"
    with pytest.raises(UsageError, match=f"{spoken_of}, not of escalation over 7"):
        add_oracle(result(horizon_days=7), truth, SETTINGS)
    with pytest.raises(UsageError, match="holds no expected"):
        add_oracle(result(), tmp_path / "none", SETTINGS)
