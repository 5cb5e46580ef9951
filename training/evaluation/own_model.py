"""An analyst's own model: a labelled panel to learn from, and its predictions judged on the folds, rows and metrics of a backtest."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from features.errors import UsageError
from features.facts.facts import Facts
from features.panel.build import Panel
from features.panel.feature import Feature, Use
from features.schema import Col
from training.evaluation.backtest import BacktestResult, judge
from training.evaluation.fold_runner import Stage
from training.evaluation.predictions import EXPECTED, RISK, SURGE, models, reach
from training.learning.calibration import Calibration, calibrate
from training.learning.folds import Fold, Gap, ripe_as_ofs, rolling_folds
from training.learning.labels import count_labels, ripe
from training.settings import BacktestSettings

Floats = npt.NDArray[np.float64]
Said = tuple[Floats, Floats]
"""Expected counts and P(at least one), one value per row of the table of predictions."""

KEYS = (Col.AS_OF, Col.GRID_ID)
LEAST_EXPECTED = 1e-9
"""Expected counts below it are raised to it, so that their logarithm stays finite."""

LABEL, RIPE, FOLD = "label", "ripe", "fold"


class Estimator(Protocol):
    """Anything that learns and predicts as scikit-learn's regressors do."""

    def fit(self, rows: pd.DataFrame, counts: Floats, /) -> object:
        """Learn from rows (N, F) and the escalations that followed (N,)."""

    def predict(self, rows: pd.DataFrame, /) -> object:
        """Return expected escalations (N,)."""


def model_rows(panel: Panel) -> pd.DataFrame:
    """Return the columns that a model may read, float32, one row per as_of and grid, as_of by as_of."""
    readable = [feature.name for feature in panel.features if feature.use in {Use.MODEL, Use.LEVEL_ONLY}]
    return pd.DataFrame({name: panel.column(name).ravel() for name in readable})


def predict_folds(estimator: Estimator, stage: Stage, folds: tuple[Fold, ...]) -> Said:
    """Fit the estimator to the training part of each fold, as it was known by then, and predict the test part.

    Raises:
        UsageError: it predicts something else than one finite number per row.
    """
    per_fold = [_predict_fold(estimator, stage, fold) for fold in folds]
    expected, risk = (np.concatenate(part) for part in zip(*per_fold, strict=True))
    return expected, risk


def backtest_estimator(estimator: Estimator, name: str, stage: Stage, folds: tuple[Fold, ...], result: BacktestResult) -> pl.DataFrame:
    """Return the predictions of a backtest with those of an estimator, fitted on the same folds, beside them."""
    return add_model(result.predictions, name, *predict_folds(estimator, stage, folds))


def read_predictions(file: Path) -> pl.DataFrame:
    """Read a CSV or Parquet file of predictions, grid_id as text.

    Raises:
        UsageError: the file is neither.
    """
    try:
        if file.suffix == ".parquet":
            return pl.read_parquet(file)
        return pl.read_csv(file, schema_overrides={Col.GRID_ID: pl.String}, try_parse_dates=True)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(f"predictions must be a CSV or Parquet file, and {file.name} cannot be read as one.") from error


def match_predictions(predictions: pl.DataFrame, own: pl.DataFrame) -> Said:
    """Return what a table of grid_id, as_of, expected (and risk, where it has one) says of every row of a backtest.

    Without `risk` the count is taken for Poisson: P(at least one) = 1 - exp(-expected).

    Raises:
        UsageError: a column is missing, a row occurs twice, a test row is not covered, or a number is no expected count.
    """
    if missing := [name for name in (*KEYS, "expected") if name not in own.columns]:
        raise UsageError(f"predictions must have the columns grid_id, as_of and expected; {', '.join(missing)} is missing.")
    as_of = pl.col(Col.AS_OF).str.to_date(strict=False) if own.schema[Col.AS_OF] == pl.String else pl.col(Col.AS_OF).cast(pl.Date)
    table = own.with_columns(as_of, pl.col(Col.GRID_ID).cast(pl.String))
    if undated := table[Col.AS_OF].null_count():
        raise UsageError(f"as_of must be a date such as 2026-01-31 in every row of predictions, {undated} are none.")
    if twice := len(table) - table.select(KEYS).n_unique():
        raise UsageError(f"predictions must hold every grid and as_of once, {twice} rows repeat others.")
    joined = predictions.select(KEYS).join(table, on=KEYS, how="left", maintain_order="left")
    expected = _checked(joined["expected"], len(predictions))
    risk = joined["risk"].cast(pl.Float64).to_numpy() if "risk" in joined.columns else -np.expm1(-expected)
    return expected, np.asarray(risk, np.float64)


def add_model(predictions: pl.DataFrame, name: str, expected: Floats, risk: Floats) -> pl.DataFrame:
    """Return the predictions with one more model.

    Raises:
        UsageError: a model of that name stands there already.
    """
    if name in models(predictions):
        raise UsageError(f"the name of a model must be new, and {name!r} is one of {', '.join(models(predictions))}. Choose another.")
    surge = reach(expected, predictions["threshold"].to_numpy())
    return predictions.with_columns(pl.Series(EXPECTED + name, expected), pl.Series(RISK + name, risk), pl.Series(SURGE + name, surge))


def judged(result: BacktestResult, predictions: pl.DataFrame, backtest: BacktestSettings) -> BacktestResult:
    """Return a backtest scored anew on a table that holds more models."""
    overall, parts = judge(predictions, backtest)
    return replace(result, predictions=predictions, overall=overall, subsets=parts)


def _predict_fold(estimator: Estimator, stage: Stage, fold: Fold) -> Said:
    seen = stage.seen_by(fold)
    rows, counts = model_rows(seen.panel), seen.counts.astype(np.float64)
    estimator.fit(rows, counts.ravel())
    fitted = _predict(estimator, rows)
    expected = _predict(estimator, model_rows(stage.panel.at(fold.test)))
    # an estimator that expects the same everywhere has no slope to fit
    logs = np.log(fitted)
    calibration = calibrate(logs.reshape(counts.shape), counts) if np.ptp(logs) > 0 else Calibration()
    return expected, calibration.risk(np.log(expected))


def _predict(estimator: Estimator, rows: pd.DataFrame) -> Floats:
    expected = np.asarray(estimator.predict(rows), np.float64)
    if expected.shape != (len(rows),) or not np.isfinite(expected).all():
        raise UsageError(f"predict must return one finite number per row, got shape {expected.shape} for {len(rows)} rows.")
    return np.maximum(expected, LEAST_EXPECTED)


def _checked(expected: pl.Series, rows: int) -> Floats:
    values = expected.cast(pl.Float64).to_numpy()
    if absent := int(np.isnan(values).sum()):
        raise UsageError(f"predictions must cover all {rows} test rows of the backtest, {absent} are missing. Its rows are in its report.")
    if (values < 0).any() or not np.isfinite(values).all():
        raise UsageError("expected must be a finite count of 0 or more in every row.")
    return np.asarray(np.maximum(values, LEAST_EXPECTED), np.float64)


def add_labels(frame: pl.DataFrame, facts: Facts, panel: Panel, gap: Gap) -> pl.DataFrame:
    """Add `label`, the escalations in [as_of, as_of + horizon_days), and `ripe`; where it is not ripe the label is null, never 0."""
    final = ripe(panel.as_ofs, gap.horizon_days, gap.delay_allowance_days, facts.known_through_day)
    counts = np.where(final[:, None], count_labels(facts, panel.as_ofs, gap.horizon_days), np.nan)
    flags = np.tile(final, counts.shape[1])
    return frame.with_columns(pl.Series(LABEL, counts.T.ravel()).fill_nan(None), pl.Series(RIPE, flags))


def add_folds(frame: pl.DataFrame, facts: Facts, panel: Panel, gap: Gap, backtest: BacktestSettings) -> pl.DataFrame:
    """Add `fold`, the number of the backtest's test part in which an as_of lies; null before the first and where no label is ripe.

    Raises:
        NotReadyError: the log is too short for a backtest.
    """
    tested = ripe_as_ofs(facts, gap, backtest)
    folds = rolling_folds(tested, gap, backtest.test_share, backtest.folds)
    number = _fold_of(panel.as_ofs, folds, int(tested[-1]))
    numbers = pl.Series(FOLD, np.tile(number, len(panel.grid_ids)), pl.Int64)
    return frame.with_columns(numbers.replace(-1, None))


def describe(features: Sequence[Feature]) -> pl.DataFrame:
    """Return one row per feature: name, family, unit, days, who reads it, and its words in both languages."""
    return pl.DataFrame(
        [
            {
                "name": feature.name,
                "family": feature.family,
                "unit": feature.unit,
                "window_days": feature.window_days,
                "use": str(feature.use),
                "zh": feature.zh,
                "en": feature.en,
            }
            for feature in features
        ],
        infer_schema_length=None,
    )


def _fold_of(as_ofs: npt.NDArray[np.int32], folds: tuple[Fold, ...], last: int) -> npt.NDArray[np.int64]:
    """Return per as_of the position of the last fold that began by then; -1 outside of all test parts."""
    cutoffs = [fold.cutoff for fold in folds]
    number = np.searchsorted(cutoffs, as_ofs, side="right") - 1
    return np.asarray(np.where(as_ofs <= last, number, -1), np.int64)
