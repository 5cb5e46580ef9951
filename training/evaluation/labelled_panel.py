"""A panel with what an analyst needs to learn from it: labels, whether they are final, folds, and a dictionary of its columns."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from features.facts.facts import Facts
from features.panel.build import Panel
from features.panel.feature import Feature
from training.learning.folds import Fold, Gap, ripe_as_ofs, rolling_folds
from training.learning.labels import count_labels, ripe
from training.settings import Settings

LABEL, RIPE, FOLD = "label", "ripe", "fold"


def add_labels(frame: pl.DataFrame, facts: Facts, panel: Panel, horizon_days: int, settings: Settings) -> pl.DataFrame:
    """Add `label`, the escalations in [as_of, as_of + horizon_days), and `ripe`; where it is not ripe the label is null, never 0."""
    final = ripe(panel.as_ofs, horizon_days, settings.delay_allowance_days, facts.known_through_day)
    counts = np.where(final[:, None], count_labels(facts, panel.as_ofs, horizon_days), np.nan)
    flags = np.tile(final, counts.shape[1])
    return frame.with_columns(pl.Series(LABEL, counts.T.ravel()).fill_nan(None), pl.Series(RIPE, flags))


def add_folds(frame: pl.DataFrame, facts: Facts, panel: Panel, horizon_days: int, settings: Settings) -> pl.DataFrame:
    """Add `fold`, the number of the backtest's test part in which an as_of lies; null before the first and where no label is ripe.

    Raises:
        NotReadyError: the log is too short for a backtest.
    """
    gap = Gap(horizon_days, settings.delay_allowance_days)
    tested = ripe_as_ofs(facts, gap, settings.backtest)
    folds = rolling_folds(tested, gap, settings.backtest.test_share, settings.backtest.folds)
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
