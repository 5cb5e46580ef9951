"""Upper bounds from a simulation, measured like models, and how much of the way to them the model goes.

The simulator's truth holds the escalations to expect in each grid on each morning twice: given the true state of that morning (oracle), and
given what the log could tell by then (knowable). It is read here and nowhere else, and only once every prediction is made.
"""

import reprlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from features.errors import UsageError
from features.schema import Col
from features.simulation.truth import ESCALATION_DAYS, KNOWABLE_SUFFIX, STRICT_DAYS
from features.targets import DEFAULT_TARGET
from training.bootstrap import interval
from training.evaluation.backtest import BacktestResult
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import Scorecard, measure, score
from training.evaluation.predictions import EXPECTED, RISK, SUBSETS, outcomes, predicted, weigh
from training.rivals import BOUNDS, KNOWABLE, ORACLE, without_bounds
from training.settings import BacktestSettings

Floats = npt.NDArray[np.float64]

HORIZONS = {DEFAULT_TARGET: ESCALATION_DAYS, "substantive": ESCALATION_DAYS, "strict": STRICT_DAYS}
"""Targets that the truth speaks of, and over how many days."""
GAP_METRICS = {"all": ("auc", "ap", "ap_over_base", "hit@5%"), "onset": ("auc", "hit@5%")}
"""Rows, and metrics of which more is better. With so few onsets the average precision hangs on a handful of lucky rows."""
FLOOR = 1e-9
"""Keeps the logarithm of what is next to impossible finite."""


@dataclass(frozen=True)
class Gap:
    """One metric of the model on one set of rows, between the best baseline and an upper bound."""

    rows: str
    metric: str
    bound: str
    """oracle or knowable."""
    baseline: str
    """The best one by this metric, as seen afterwards."""
    values: tuple[float, float, float]
    """Of that baseline, the model and the bound."""
    share: float | None
    """Share of the gap from baseline to bound that the model closes; None where the bound is not ahead."""
    ci95: list[float] | None


def add_oracle(result: BacktestResult, truth: Path, backtest: BacktestSettings) -> BacktestResult:
    """Return a finished backtest with both upper bounds among its models.

    Args:
        result: with every prediction final.
        truth: folder of that name, written by the simulation whose cases and crosswalk are in the event log.
        backtest: its settings.

    Raises:
        UsageError: the truth is not there, or not that of this log, target and horizon.
    """
    predictions = _with_expectations(result, truth)
    weights = weigh(predictions, backtest.bootstrap_draws, backtest.seed)

    def judged(card: Scorecard, rows: pl.DataFrame) -> Scorecard:
        by_model = predicted(rows)
        own = score(outcomes(rows), {bound: by_model[bound] for bound in BOUNDS}, weights)
        return replace(card, models=card.models | own.models)

    parts = {name: judged(result.subsets[name], predictions.filter(name)) for name in SUBSETS}
    return replace(result, predictions=predictions, overall=judged(result.overall, predictions), subsets=result.subsets | parts)


def gaps(result: BacktestResult, backtest: BacktestSettings) -> list[Gap]:
    """Measure how far the model comes from the best baseline to each upper bound, on all rows and on the onset subset.

    A metric that cannot be estimated is left out.
    """
    weights = weigh(result.predictions, backtest.bootstrap_draws, backtest.seed)
    parts = {"all": (result.overall, result.predictions), "onset": (result.subsets["onset"], result.predictions.filter("onset"))}
    return [gap for name, (card, rows) in parts.items() for gap in _gaps(name, card, rows, weights)]


def _with_expectations(result: BacktestResult, truth: Path) -> pl.DataFrame:
    """Add what the truth expects to the table of predictions; grids that are no more have handed it to those of today."""
    columns = {ORACLE: result.target, KNOWABLE: result.target + KNOWABLE_SUFFIX}
    if HORIZONS.get(result.target) != result.horizon_days:
        known = ", ".join(f"{target} over {days} days" for target, days in HORIZONS.items())
        raise UsageError(f"--truth speaks of {known}, not of {result.target} over {result.horizon_days}. Leave it out.")
    stored = truth / "expected.parquet"
    if not stored.is_file():
        raise UsageError(f"--truth must name the folder truth/ of a simulation, {truth} holds no {stored.name}. Name another.")
    if missing := set(columns.values()) - set(pl.read_parquet_schema(stored)):
        raise UsageError(f"{stored} must hold {', '.join(sorted(missing))}: an older version simulated it. Simulate it again.")
    days = result.predictions[Col.AS_OF].unique()
    wanted = pl.scan_parquet(stored).filter(pl.col(Col.AS_OF).is_in(days.implode()))
    expected = wanted.select(Col.AS_OF, Col.GRID_ID, *columns.values()).collect()
    table = result.predictions.join(expected, on=[Col.AS_OF, Col.GRID_ID], how="left", maintain_order="left")
    unknown = table.filter(pl.col(columns[ORACLE]).is_null())[Col.GRID_ID].unique().sort()
    if len(unknown):
        advice = "Name the truth of the simulation in the event log, and ingest its --grids and --crosswalk."
        raise UsageError(
            f"--truth must know every grid and day that was predicted, {reprlib.repr(unknown.to_list())} are not in it. {advice}"
        )
    counts = {bound: pl.col(column).cast(pl.Float64).clip(lower_bound=FLOOR) for bound, column in columns.items()}
    table = table.with_columns(count.alias(EXPECTED + bound) for bound, count in counts.items())
    return table.with_columns((1 - (-count).exp()).alias(RISK + bound) for bound, count in counts.items()).drop(*columns.values())


def _gaps(name: str, card: Scorecard, rows: pl.DataFrame, weights: Floats) -> Iterator[Gap]:
    by_model, happened = predicted(rows), outcomes(rows)
    measured = cache(lambda model: measure(happened, by_model[model], weights))
    for metric, bound in product(GAP_METRICS[name], BOUNDS):
        known = {model: values[metric] for model, values in card.models.items() if values[metric] is not None}
        baselines = [model for model in without_bounds(known) if model != MODEL]
        if baselines and {MODEL, bound} <= known.keys():
            best = max(sorted(baselines), key=known.__getitem__)
            low, own, high = (measured(model)[metric] for model in (best, MODEL, bound))
            shares = np.divide(own - low, high - low, out=np.full_like(own, np.nan), where=high > low)
            share = float(shares[0]) if np.isfinite(shares[0]) else None
            yield Gap(name, metric, bound, best, (known[best], known[MODEL], known[bound]), share, interval(shares))
